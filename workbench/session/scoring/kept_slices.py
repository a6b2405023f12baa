"""Groups of rows that a person asked for, kept by the data file."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.run.files import write_whole
from workbench.run.home import Home
from workbench.run.problem import bad_input


def kept_questions(home: Home, file: str) -> tuple[str, ...]:
    """The questions that are kept for a data file, in the order in which they were."""
    return tuple(_read(home).get(file, ()))


def keep_question(home: Home, file: str, question: str) -> tuple[str, ...]:
    """Keep a question; returns all of that file.

    Raises:
        WorkbenchError: When it cannot be written.
    """
    kept = _read(home)
    kept[file] = [*(one for one in kept.get(file, []) if one != question), question]
    return _write(home, kept, file)


def forget_question(home: Home, file: str, question: str) -> tuple[str, ...]:
    """Keep a question no longer; returns what is left of that file.

    Raises:
        WorkbenchError: When it cannot be written.
    """
    kept = _read(home)
    kept[file] = [one for one in kept.get(file, []) if one != question]
    return _write(home, kept, file)


def _file(home: Home) -> Path:
    return home.root / "slices.json"


def _read(home: Home) -> dict[str, list[str]]:
    """What is kept; nothing where the file is not there or damaged."""
    try:
        found = json.loads(_file(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): [str(one) for one in asked] for name, asked in found.items() if isinstance(asked, list)
    }


def _write(home: Home, kept: dict[str, list[str]], file: str) -> tuple[str, ...]:
    home.make(home.root)
    path = _file(home)
    try:
        write_whole(
            path,
            json.dumps({name: asked for name, asked in kept.items() if asked}, ensure_ascii=False, indent=1),
        )
    except OSError as error:
        raise bad_input(
            f"The question cannot be kept in {path}.",
            f"The system says: {error.strerror or error}.",
            "Free some space; the question itself still works.",
        ) from error
    return tuple(kept.get(file, ()))
