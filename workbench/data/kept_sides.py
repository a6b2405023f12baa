"""Sides that are kept row by row: a small file names the rows that an earlier run held out, so that a later one can."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.data.frame import Indices, Keys
from workbench.data.suggest import counted
from workbench.run.files import write_whole
from workbench.run.problem import bad_input

VERSION = 1
FIELD = "data.sides"
_NAMES = {"validation": "held-out", "test": "test"}


@dataclass(frozen=True, slots=True)
class KeptSides:
    """The keys of the rows that are not learned from (`Frame.keys`)."""

    validation: frozenset[int] = frozenset()
    test: frozenset[int] = frozenset()


def write_sides(path: Path, kept: KeptSides) -> None:
    """Write which rows are on which side, in the place of what is there.

    Raises:
        WorkbenchError: When it cannot be written; what was there is kept.
    """
    lines = [{"workbench": "sides", "version": VERSION}]
    for side in _NAMES:
        lines += [{"row": f"{key:016x}", "side": side} for key in sorted(getattr(kept, side))]
    try:
        write_whole(path, "".join(json.dumps(line) + "\n" for line in lines))
    except OSError as error:
        raise bad_input(
            f"Which rows are held out cannot be written to {path}.",
            f"The system says: {error.strerror or error}.",
            "Free some space, or mend the folder's permissions.",
            field=FIELD,
        ) from error


def read_sides(path: Path) -> KeptSides:
    """What `write_sides` has written.

    Raises:
        WorkbenchError: When the file is missing, or says something else.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        if lines[0] != {"workbench": "sides", "version": VERSION}:
            raise ValueError(f"its first line is not that of a file of sides of version {VERSION}")
        found: dict[str, set[int]] = {side: set() for side in _NAMES}
        for line in lines[1:]:
            found[line["side"]].add(int(line["row"], 16))
    except FileNotFoundError:
        raise bad_input(
            f"The kept sides {path} do not exist.",
            "The recipe names this file, which says which rows are held out.",
            "Put the file back, or leave the field empty to divide the rows anew.",
            field=FIELD,
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise bad_input(
            f"The file {path} does not say which rows are held out.",
            f"{type(error).__name__}: {error}.",
            "Choose the right file, or leave the field empty to divide the rows anew.",
            field=FIELD,
        ) from error
    return KeptSides(frozenset(found["validation"]), frozenset(found["test"]))


def kept_rows(keys: Keys, path: Path) -> tuple[Indices, Indices, Indices, tuple[str, ...]]:
    """The rows to learn from, the held-out and the test rows of a frame with these keys, and what there is to say.

    A row that the file does not name is learned from.

    Raises:
        WorkbenchError: When the file cannot be read, or none of a side's rows is there any more, or none is left to
            learn from.
    """
    kept = read_sides(path)
    sides: dict[str, Indices] = {}
    notes = []
    for side, name in _NAMES.items():
        wanted = np.fromiter(getattr(kept, side), dtype=np.uint64, count=len(getattr(kept, side)))
        sides[side] = np.flatnonzero(np.isin(keys, wanted))
        gone = len(wanted) - len(np.intersect1d(wanted, keys))
        if len(wanted) and not len(sides[side]):
            raise bad_input(
                f"None of the {counted(len(wanted), f'{name} row')} is in the data any more.",
                f"They are named in {path}; the file has other rows, or they were all left out.",
                "Put the data back as it was and mend it with edits by hand, or leave the field empty.",
                field=FIELD,
            )
        if gone:
            notes.append(f"{counted(gone, f'{name} row')} of before {'is' if gone == 1 else 'are'} left out.")
    named = np.concatenate([sides["validation"], sides["test"]])
    train = np.setdiff1d(np.arange(len(keys), dtype=np.int64), named)
    if not len(train):
        raise bad_input("Every row is held out.", f"{path} names all of them.", "", field=FIELD)
    told = f"{counted(len(sides['validation']), 'row')} held out as before, by a list of rows."
    return train, sides["validation"], sides["test"], (told, *notes)


def sides_fingerprint(path: str) -> list[str]:
    """The SHA-256 of a file of sides, in hexadecimal; an empty list where none is named or it cannot be read."""
    with contextlib.suppress(OSError):
        return [hashlib.sha256(Path(path).expanduser().read_bytes()).hexdigest()] if path else []
    return []
