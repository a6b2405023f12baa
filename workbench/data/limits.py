"""How far archives may unpack on this machine: safe by itself, and allowed more only by the person in front of it.

No recipe can say it: a file made to fill the disk would come with one that allows it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from workbench.data.format import MOST_BYTES, MOST_TIMES
from workbench.run.problem import bad_input

GIGABYTE = 1024**3
#: The rows of the settings, which are lines of the settings file, and the variables that overrule them.
TIMES, GIGABYTES = "data/unpack_times", "data/unpack_gigabytes"
VARIABLES = {TIMES: "WORKBENCH_UNPACK_TIMES", GIGABYTES: "WORKBENCH_UNPACK_GIGABYTES"}
#: What any of them may be, from and to.
BOUNDS = {TIMES: (2, 100_000), GIGABYTES: (1, 10_000)}
USUAL = {TIMES: MOST_TIMES, GIGABYTES: MOST_BYTES // GIGABYTE}


@dataclass(frozen=True, slots=True)
class Limits:
    """An archive may unpack to so many times its size, and to so many bytes."""

    times: int = MOST_TIMES
    most_bytes: int = MOST_BYTES


SAFE = Limits()


def limits_of(settings: Path | None, asked: Mapping[str, str] = MappingProxyType({})) -> Limits:
    """What is asked for, else what the environment says, else the settings file, else what is safe.

    Args:
        settings: The settings file, which need not be there; None: there is none.
        asked: What the person says now, by the settings' rows.

    Raises:
        WorkbenchError: When what is asked for or a variable is no such number. The file's mistakes are passed over.
    """
    said = _in_file(settings)
    found = {}
    for key, variable in VARIABLES.items():
        text = os.environ.get(variable, "").strip()
        if key in asked:
            found[key] = _number(asked[key], key, "What you ask for")
        else:
            found[key] = _number(text, key, f"The variable {variable}") if text else said.get(key, USUAL[key])
    return Limits(found[TIMES], found[GIGABYTES] * GIGABYTE)


def _number(text: str, key: str, what: str) -> int:
    low, high = BOUNDS[key]
    if not text.isdecimal() or not low <= int(text) <= high:
        raise bad_input(
            f"{what} is {text!r}, and no number for how far archives may unpack.",
            "",
            f"Give a whole number from {low} to {high}.",
        )
    return int(text)


def _in_file(settings: Path | None) -> Mapping[str, int]:
    if settings is None or not settings.is_file():
        return {}
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(settings, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return {}
    found = {}
    for key, (low, high) in BOUNDS.items():
        text = parser.get(*key.split("/"), fallback="").strip()
        if text.isdecimal():
            found[key] = min(high, max(low, int(text)))
    return found
