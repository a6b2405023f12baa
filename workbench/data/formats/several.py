"""A folder of files with the same columns, opened as one table."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from workbench.data.format import Format, Opening, all_formats
from workbench.data.several import together
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, open_table, peek
from workbench.data.unpacking import is_by_the_way
from workbench.run.problem import bad_input

#: More files than this are hardly one data set.
MOST_FILES = 10_000


class Several(Format):
    """A folder of data files, with those in folders within it."""

    title = "a folder of these"
    order = 500

    def claims(self, path: Path, head: bytes) -> bool:
        return not head and path.is_dir()

    def read(self, path: Path, opening: Opening) -> Table:
        files, notes = data_files(path, opening)
        table = open_several(files, opening, path)
        return replace(table, notes=(*notes, *table.notes))

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        files, _ = data_files(path, opening)
        return peek(files[0], opening, rows)


def open_several(files: Sequence[Path], opening: Opening, within: Path | None = None) -> Table:
    """Several files as one table; their names are told relative to `within`, or to the folder that they share.

    Raises:
        WorkbenchError: When one cannot be read, or their columns are not the same.
    """
    base = within or Path(os.path.commonpath([file.absolute().parent for file in files]))
    tables = []
    for number, file in enumerate(files):

        def told(share: float, before: int = number) -> object:
            return opening.progress((before + share) / len(files))

        name = file.absolute().relative_to(base.absolute()).as_posix()
        tables.append((name, open_table(file, replace(opening, progress=told))))
    return together(within or base, tables, opening)


def data_files(folder: Path, opening: Opening) -> tuple[list[Path], list[str]]:
    """The data files in a folder in natural order, and what was left out.

    Raises:
        WorkbenchError: When there are none, or too many.
    """
    known = {suffix for kind in all_formats() for suffix in kind.suffixes}
    found, others, loops = [], [], []
    seen = {folder.resolve()}
    # Links to folders are followed, but never back to one that was visited.
    for base, folders, names in os.walk(folder, followlinks=True):
        opening.check()
        for name in sorted(folders):
            real = (Path(base) / name).resolve()
            if name.startswith(".") or real in seen:
                folders.remove(name)
                if not name.startswith("."):
                    loops.append((Path(base) / name).relative_to(folder).as_posix())
            seen.add(real)
        for name in names:
            file = Path(base) / name
            shown = file.relative_to(folder)
            if not file.exists():
                loops.append(shown.as_posix())
            elif is_by_the_way(shown) or not known.intersection(s.lower() for s in file.suffixes):
                others.append(shown.as_posix())
            elif file.stat().st_size:
                found.append(file)
        if len(found) > MOST_FILES:
            break
    notes = []
    if loops:
        notes.append(f"Not followed, since they lead in a circle or nowhere: {listed(sorted(loops))}.")
    if others:
        notes.append(f"{counted(len(others), 'file')} left out, as no data: {listed(sorted(others), 4)}.")
    if not found or len(found) > MOST_FILES:
        raise bad_input(
            f"{folder.name or folder} is a folder {'without' if not found else 'with too many'} data files.",
            " ".join(notes) or (f"It holds more than {MOST_FILES} files." if found else "It is empty."),
            "Choose a file, or a folder with files such as CSV, JSON Lines, Parquet or text.",
            field=opening.field,
        )
    return sorted(found, key=_natural), notes


def _natural(path: Path) -> list[tuple[int, str]]:
    """So that "part 2" comes before "part 10"."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.as_posix())]
