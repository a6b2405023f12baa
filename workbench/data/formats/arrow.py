"""Arrow: single IPC, stream and Feather files, and the folders that the datasets library saves; memory-mapped."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.data.arrow_tables import (
    FILE_MAGIC,
    OLD_FEATHER_MAGIC,
    STREAM_START,
    fingerprint_of,
    open_arrow,
    plain_columns,
    require_rows,
)
from workbench.data.format import Format, Opening
from workbench.data.suggest import counted, did_you_mean, listed
from workbench.data.tables import Table
from workbench.run.problem import Problem, WorkbenchError, bad_input

if TYPE_CHECKING:
    import pyarrow as pa

_DICT, _STATE, _INFO = "dataset_dict.json", "state.json", "dataset_info.json"
#: A file of the library's own cache: "glue-train.arrow", "glue-train-00000-of-00002.arrow".
_CACHED = re.compile(r"[-_](\w+?)(?:-\d+-of-\d+)?\.arrow$")
SPLIT = "split"


class ArrowFile(Format):
    """One Arrow or Feather file."""

    title = "Arrow or Feather"
    suffixes = (".arrow", ".feather", ".ipc")
    order = 25

    def claims(self, path: Path, head: bytes) -> bool:
        if head.startswith((FILE_MAGIC, OLD_FEATHER_MAGIC)):
            return True
        # What has the ending and nothing of the content is damaged, and told of as such.
        return path.suffix.lower() in self.suffixes and (head.startswith(STREAM_START) or b"\0" in head)

    def read(self, path: Path, opening: Opening) -> Table:
        data, notes = open_arrow(path, opening.field)
        require_rows(data, path, opening.field)
        data, more = plain_columns(data)
        fingerprint = fingerprint_of([path], opening.check)
        return Table(path, tuple(map(str, data.column_names)), data, (*notes, *more), fingerprint)


class SavedDataset(Format):
    """One folder of the datasets library: a data set, or several splits side by side."""

    title = "saved data set folder"
    order = 10

    def claims(self, path: Path, head: bytes) -> bool:
        if head or not path.is_dir():
            return False
        if (path / _DICT).is_file() or (path / _STATE).is_file():
            return True
        return (path / _INFO).is_file() and any(path.glob("*.arrow"))

    def read(self, path: Path, opening: Opening) -> Table:
        parts = _parts(path, opening.field)
        names = list(parts)
        if opening.records:
            if opening.records not in parts:
                raise bad_input(
                    f"There is no split “{opening.records}” in {path.name}.",
                    f"Its splits are {listed(names)}." if names != [""] else "It has no splits.",
                    f"{did_you_mean(opening.records, names)} Name one of these, or leave it empty.".strip(),
                    field=opening.field,
                )
            parts = {opening.records: parts[opening.records]}
        tables, notes = [], []
        for done, (name, part) in enumerate(parts.items()):
            opening.check()
            opening.progress(done / len(parts))
            data, more = part.open(opening.field)
            notes += [note for note in more if note not in notes]
            tables.append(_with_split(data, name) if len(parts) > 1 else data)
        data = _one(tables, path, opening.field)
        require_rows(data, path, opening.field)
        if len(parts) > 1:
            sizes = [f"{name} ({table.num_rows})" for name, table in zip(parts, tables, strict=True)]
            notes.append(
                f"The splits {listed(sizes)} were put one below the other; “{data.column_names[-1]}” says which."
            )
        elif opening.records:
            notes.append(f"The split “{opening.records}” was read; there are {listed(names)}.")
        files = [file for part in parts.values() for file in part.files]
        fingerprint = fingerprint_of(files, opening.check)
        return Table(path, tuple(map(str, data.column_names)), data, tuple(notes), fingerprint)


@dataclass(frozen=True, slots=True)
class _Part:
    """The Arrow files of one split; `order` names the rows in order, where the data set is a view of them."""

    files: list[Path]
    order: list[Path]

    def open(self, field: str) -> tuple[pa.Table, list[str]]:
        """Its rows, with plain columns."""
        import pyarrow as pa

        data, notes = _joined(self.files, field)
        if self.order:
            indices, _ = _joined(self.order, field)
            data = data.take(indices.column(0).cast(pa.int64()))
        data, more = plain_columns(data)
        return data, [*notes, *more]


def _joined(files: list[Path], field: str) -> tuple[pa.Table, list[str]]:
    opened = [open_arrow(file, field) for file in files]
    return _one([data for data, _ in opened], files[0].parent, field), [
        n for _, notes in opened for n in notes
    ]


def _one(tables: list[pa.Table], path: Path, field: str) -> pa.Table:
    """The tables one below the other; a column that some lack is missing there."""
    import pyarrow as pa

    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise WorkbenchError(
            Problem(
                f"The parts of {path.name} do not fit together.",
                "A column is of one kind in one part and of another kind in another.",
                "Name one split to open it alone.",
                f"{type(error).__name__}: {error}",
                field,
            )
        ) from error


def _with_split(data: pa.Table, name: str) -> pa.Table:
    import pyarrow as pa

    column = SPLIT if SPLIT not in data.column_names else f"{SPLIT} (2)"
    return data.append_column(column, pa.repeat(pa.scalar(name, pa.large_string()), data.num_rows))


def _parts(path: Path, field: str) -> dict[str, _Part]:
    """The splits by name; a folder of one data set has a single one without a name."""
    if (path / _DICT).is_file():
        names = _described(path / _DICT, field).get("splits")
        found = {str(name): path / str(name) for name in names} if isinstance(names, list) else {}
        parts = {name: _saved(folder, field) for name, folder in found.items() if folder.parent == path}
        if not parts:
            raise _damaged(path, f"{_DICT} names no splits.", field)
        return parts
    if (path / _STATE).is_file():
        return {"": _saved(path, field)}
    parts = {}
    for file in sorted(path.glob("*.arrow")):
        match = None if file.name.startswith("cache-") else _CACHED.search(file.name)
        if match:
            parts.setdefault(match[1], _Part([], [])).files.append(file)
    if not parts:
        raise _damaged(path, "Its files are not named after splits.", field)
    return dict(sorted(parts.items(), key=lambda part: (_place(part[0]), part[0])))


def _place(split: str) -> int:
    """What is learned from comes first, and what is measured last stands last."""
    return next((i for i, name in enumerate(("train", "val", "dev", "test")) if split.startswith(name)), 4)


def _saved(folder: Path, field: str) -> _Part:
    state = _described(folder / _STATE, field)
    part = _Part(_listed_files(state, "_data_files"), _listed_files(state, "_indices_data_files"))
    # A name is looked up in this folder alone, whatever path the file gives.
    part = _Part([folder / file.name for file in part.files], [folder / file.name for file in part.order])
    missing = [file.name for file in (*part.files, *part.order) if not file.is_file()]
    if missing or not part.files:
        what = (
            f"{counted(len(missing), 'file')} that {_STATE} names: {listed(missing)}"
            if missing
            else "Its files"
        )
        raise _damaged(folder, f"{what} {'is' if len(missing) == 1 else 'are'} not in it.", field)
    return part


def _listed_files(state: dict[str, Any], key: str) -> list[Path]:
    entries = state.get(key) or []
    return [Path(str(e["filename"])) for e in entries if isinstance(e, dict) and e.get("filename")]


def _described(path: Path, field: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path.parent, f"{path.name} is missing or not whole ({error}).", field) from error
    return found if isinstance(found, dict) else {}


def _damaged(folder: Path, cause: str, field: str) -> WorkbenchError:
    return bad_input(
        f"The saved data set {folder.name} is not whole.",
        cause,
        "Copy the whole folder again, or save the data set again.",
        field=field,
    )
