"""The network: used where a person asked for it, and nowhere else; forbidden altogether with `HF_HUB_OFFLINE=1`."""

from __future__ import annotations

import os

_FORBIDDEN = "HF_HUB_OFFLINE"
#: Says that it was this program that keeps libraries from the network, and not the person.
_OURS = "WORKBENCH_KEEPS_OFFLINE"


def keep_libraries_offline() -> None:
    """Let no library of this process, or of one that it starts, use the network on its own account."""
    if _FORBIDDEN not in os.environ:
        os.environ[_FORBIDDEN] = os.environ[_OURS] = "1"


def forbidden() -> bool:
    """Whether the person has forbidden the network."""
    said = os.environ.get(_FORBIDDEN, "").strip().lower() in ("1", "true", "yes", "on")
    return said and os.environ.get(_OURS) != "1"


def asked_environment() -> dict[str, str]:
    """The environment of a process that uses the network because the person asked for it."""
    environment = {name: value for name, value in os.environ.items() if name != _OURS}
    if _OURS in os.environ:
        del environment[_FORBIDDEN]
    return environment
