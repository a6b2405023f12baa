"""Keeps what was read of a large file as Arrow in a folder, mapped into memory instead of held there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from workbench.data.format import Opening
from workbench.data.tables import SetAside, Table
from workbench.run.problem import bad_input

if TYPE_CHECKING:
    import pyarrow as pa

#: Raised when what is kept is laid out in another way, or means something else.
_VERSION = 1
_ABOUT = "table.json"
#: Bytes of rows that are written in one piece.
_PIECE = 8 * 1024**2
#: Kept files beyond this many bytes make room, those that were not opened for longest first.
MOST_KEPT = 50 * 1024**3
_DAY = 24 * 3600


def identity_of(path: Path) -> str:
    """What names a file and its content without reading it: path, time of change and size."""
    about = path.stat()
    return f"{path.resolve()}|{about.st_mtime_ns}|{about.st_size}"


def kept(path: Path, opening: Opening) -> Table | None:
    """The table that was kept of this file, opened in the same way; None where there is none."""
    if opening.cache is None:
        return None
    return _load(_entry(path, opening, opening.cache), path)


def _entry(path: Path, opening: Opening, cache: Path) -> Path:
    said = (
        _VERSION,
        opening.identity or identity_of(path),
        opening.header,
        opening.encoding,
        opening.delimiter,
        opening.quoting,
        opening.records,
        opening.lines,
    )
    return cache / hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def _load(entry: Path, path: Path) -> Table | None:
    import pyarrow as pa

    try:
        about: dict[str, Any] = json.loads((entry / _ABOUT).read_text(encoding="utf-8"))
        parts = [pa.ipc.open_file(pa.memory_map(str(entry / name))).read_all() for name in about["parts"]]
        data = pa.concat_tables(parts, promote_options="default").select(about["columns"])
        if data.num_rows != about["rows"]:
            return None
        aside = tuple(SetAside(**row) for row in about["set_aside"])
        os.utime(entry / _ABOUT)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None  # absent, of another version or damaged: it is made anew
    return Table(path, tuple(about["columns"]), data, tuple(about["notes"]), about["fingerprint"], aside)


class Keeper:
    """Takes the rows of one file, piece by piece, to a folder of its own or, without a cache, to memory.

    What it has written becomes visible by one renaming at the end; left without `finish`, nothing stays behind.
    """

    def __init__(self, path: Path, opening: Opening) -> None:
        self._path = path
        self._entry = _entry(path, opening, opening.cache) if opening.cache else None
        self._folder: Path | None = None
        self._parts: list[str] = []
        self._waiting: list[pa.Table] = []
        self._pieces: list[pa.Table] = []
        self._writer: Any = None
        self._file: Any = None
        self._schema: pa.Schema | None = None
        self.rows = 0
        if self._entry:
            self._prepare(self._entry, opening)

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, rows: pa.Table) -> None:
        """Take rows; later ones may have more columns than earlier ones."""
        if self._waiting and self._waiting[0].schema != rows.schema:
            self._flush()
        self._waiting.append(rows)
        self.rows += rows.num_rows
        if sum(table.nbytes for table in self._waiting) >= _PIECE:
            self._flush()

    def finish(
        self, columns: Sequence[str], notes: Sequence[str], fingerprint: str, aside: Sequence[SetAside] = ()
    ) -> Table:
        """The table of all rows."""
        import pyarrow as pa

        self._flush()
        self._close()
        if self._entry is None or self._folder is None:
            data = pa.concat_tables(self._pieces, promote_options="default").select(list(columns))
            return Table(self._path, tuple(columns), data, tuple(notes), fingerprint, tuple(aside))
        about = {
            "columns": list(columns),
            "rows": self.rows,
            "parts": self._parts,
            "notes": list(notes),
            "fingerprint": fingerprint,
            "set_aside": [asdict(row) for row in aside],
        }
        (self._folder / _ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
        shutil.rmtree(self._entry, ignore_errors=True)  # one that could not be loaded
        try:
            self._folder.rename(self._entry)
        except OSError:
            if not (self._entry / _ABOUT).exists():  # else another process was first
                raise
        _make_room(self._entry.parent, self._entry)
        table = _load(self._entry, self._path)
        if table is None:
            raise OSError(f"{self._entry} was written and cannot be read")
        return table

    def _prepare(self, entry: Path, opening: Opening) -> None:
        entry.parent.mkdir(parents=True, exist_ok=True)
        size = self._path.stat().st_size
        free = shutil.disk_usage(entry.parent).free
        if free < size * 5 // 4:
            raise bad_input(
                f"There is no room to keep {self._path.name} open.",
                f"The file has {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free where large files are laid out.",
                "Free some space on that disk, and open the file again.",
                field=opening.field,
            )
        for left in entry.parent.glob(".*"):  # of a process that was killed
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left, ignore_errors=True)
        self._folder = entry.parent / f".{entry.name}-{uuid.uuid4().hex[:8]}"
        self._folder.mkdir()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._waiting:
            return
        piece = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting.clear()
        if self._folder is None:
            self._pieces.append(piece)
            return
        if self._writer is None or self._schema != piece.schema:
            self._close()
            name = f"part-{len(self._parts)}.arrow"
            self._parts.append(name)
            self._schema = piece.schema
            self._file = pa.OSFile(str(self._folder / name), "wb")
            self._writer = pa.ipc.new_file(self._file, piece.schema)
        self._writer.write_table(piece)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._file.close()
            self._writer = None


def _make_room(cache: Path, but: Path) -> None:
    """Forget the files that were not opened for longest, until the rest is small enough."""
    found = []
    for about in cache.glob(f"*/{_ABOUT}"):
        try:
            size = sum(file.stat().st_size for file in about.parent.iterdir())
            found.append((about.stat().st_mtime, size, about))
        except OSError:
            continue  # another process was faster
    total = sum(size for _, size, _ in found)
    for _, size, about in sorted(found, key=lambda one: one[0]):
        if total <= MOST_KEPT:
            return
        if about.parent != but:
            about.unlink(missing_ok=True)  # first, so that a half that cannot be deleted is never opened
            shutil.rmtree(about.parent, ignore_errors=True)
            total -= size
