"""What a person writes about a run: a note, tags and a star, in a small file of the run folder."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.run.files import write_whole
from workbench.run.folder import RunFolder
from workbench.run.problem import bad_input


@dataclass(frozen=True, slots=True)
class RunNotes:
    """A person's words about a run.

    Attributes:
        note: Free text.
        tags: Short words to find runs by, each once, in alphabetical order.
        star: Whether the run is one to keep.
    """

    note: str = ""
    tags: tuple[str, ...] = ()
    star: bool = False

    def tagged(self, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The tags with some more and some fewer."""
        kept = {" ".join(tag.split()) for tag in (*self.tags, *add)} - {
            " ".join(tag.split()) for tag in remove
        }
        return tuple(sorted((tag for tag in kept if tag), key=str.casefold))


def notes_of(folder: RunFolder) -> RunNotes:
    """What was written about a run; nothing where the file is missing or damaged."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        plain = json.loads(_file(folder).read_text(encoding="utf-8"))
        tags = tuple(str(tag) for tag in plain.get("tags", ()))
        return RunNotes(str(plain.get("note", "")), tags, plain.get("star") is True)
    return RunNotes()


def write_notes(folder: RunFolder, notes: RunNotes) -> None:
    """Keep what a person wrote about a run; nothing at all takes the file away.

    Raises:
        WorkbenchError: When it cannot be written.
    """
    file = _file(folder)
    try:
        if notes == RunNotes():
            file.unlink(missing_ok=True)
            return
        plain = {"note": notes.note, "tags": list(notes.tags), "star": notes.star}
        write_whole(file, json.dumps(plain, indent=2, ensure_ascii=False))
    except OSError as error:
        raise bad_input(
            f"The note cannot be written into {folder.path}.", f"The system says: {error.strerror or error}."
        ) from error


def _file(folder: RunFolder) -> Path:
    return folder.path / "notes.json"
