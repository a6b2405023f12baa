"""A conversation as a file or a command: JSON Lines that the Data page opens, Markdown, and `workbench generate`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.run.files import writing
from workbench.run.generation import GenerationSettings
from workbench.run.problem import bad_input
from workbench.session.conversation import Talk
from workbench.session.requests import GenerationRequest

_ROLES = {"system": "System", "user": "You", "assistant": "Model"}


@dataclass(frozen=True, slots=True)
class Told:
    """One model's side of what is exported: its title, and the conversation as it is shown."""

    title: str
    talk: Talk
    system: str = ""


def as_jsonl(told: Sequence[Told]) -> str:
    """A line for each model: its messages, as chat tuning reads them, and what else determined them."""
    lines = []
    for one in told:
        path = one.talk.path()
        if not path:
            continue
        messages = [{"role": role, "content": text} for role, text in one.talk.messages(system=one.system)]
        last = path[-1].version.asked
        settings = [place.version.asked.settings.model_dump() for place in path]
        line = {"messages": messages, "title": one.title, "model": last.model, "settings": settings}
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)


def as_markdown(told: Sequence[Told]) -> str:
    """A chapter for each model: who said what, and with which settings."""
    parts = []
    for one in told:
        path = one.talk.path()
        if not path:
            continue
        parts.append(f"# {_one_line(one.title)}\n")
        for role, text in one.talk.messages(system=one.system):
            parts.append(f"**{_ROLES.get(role, role)}**\n\n{text.strip()}\n")
        parts.append(f"```\n{command_line(path[-1].version.asked)}\n```\n")
    return "\n".join(parts)


def write_talk(told: Sequence[Told], path: Path) -> None:
    """Write a conversation; the file's ending says how.

    Raises:
        WorkbenchError: When it is neither .jsonl nor .md, or the file cannot be written.
    """
    kinds = {".jsonl": as_jsonl, ".ndjson": as_jsonl, ".md": as_markdown}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise bad_input(
            f"A conversation cannot be saved as {path.name}.",
            "The ending says how it is written.",
            "Choose a name that ends in .jsonl or .md.",
        )
    with writing(path, newline="\n") as file:
        file.write(kind(told))


def command_line(asked: GenerationRequest, beside: Sequence[str] = ()) -> str:
    """The command that gives the same answer: every setting that is not as it is by default, and earlier turns."""
    plain = GenerationSettings()
    words = ["workbench", "generate", asked.model, asked.prompt]
    for model in beside:
        words += ["--beside", model]
    for name, value in asked.settings.model_dump().items():
        if value != getattr(plain, name):
            words += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    for role, text in asked.earlier:
        words += ["--turn", role, text]
    return shlex.join(words)


def _one_line(text: str) -> str:
    return " ".join(text.split())
