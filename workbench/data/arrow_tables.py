"""Opens Arrow files as memory maps, and makes their columns such as every other format gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.class_labels import with_class_names
from workbench.data.delimited import unique_names
from workbench.data.nested import DEEPEST
from workbench.data.suggest import counted
from workbench.run.problem import Problem, WorkbenchError, bad_input

if TYPE_CHECKING:
    import pyarrow as pa

FILE_MAGIC, OLD_FEATHER_MAGIC = b"ARROW1", b"FEA1"
#: How a stream of record batches begins and, where it was closed, ends.
STREAM_START, _STREAM_END = b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\x00\x00\x00\x00"
_CHUNK = 16 * 1024**2


def open_arrow(path: Path, field: str) -> tuple[pa.Table, list[str]]:
    """The table in an Arrow file, stream or Feather file, mapped into memory, and notes.

    Raises:
        WorkbenchError: When it is damaged or cut short.
    """
    import pyarrow as pa

    notes = []
    try:
        with path.open("rb") as file:
            begins = file.read(6)
            file.seek(-min(8, path.stat().st_size), 2)
            ends = file.read()
        if begins.startswith(OLD_FEATHER_MAGIC):
            from pyarrow import feather

            return feather.read_table(path, memory_map=True), []
        source = pa.memory_map(str(path))
        if begins == FILE_MAGIC:
            data = pa.ipc.open_file(source).read_all()
        else:
            data = pa.ipc.open_stream(source).read_all()
            if ends != _STREAM_END:
                notes.append(
                    f"{path.name} has no end mark; the rows behind those that were read may be lost."
                )
        # In full, since Arrow ends the whole program at a damaged offset that it meets later on; it costs one reading
        # of the file, as the fingerprint does.
        data.validate(full=True)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise WorkbenchError(
            Problem(
                f"The Arrow file {path.name} cannot be read.",
                "A part of it, or its end, is missing or damaged; the file may be cut short.",
                "Copy or download it again, or save the data set again.",
                f"{type(error).__name__}: {error}",
                field,
            )
        ) from error
    return data, notes


def plain_columns(data: pa.Table) -> tuple[pa.Table, list[str]]:
    """The same rows with fields inside fields as columns of their own, and class names for class numbers.

    Pictures and sounds that are stored in the table are left out, and a note says so; their paths stay.
    """
    import pyarrow as pa

    data, notes = with_class_names(data)
    left_out: list[str] = []
    for _ in range(DEEPEST):
        data = _without_media(data, left_out)
        if not any(pa.types.is_struct(f.type) for f in data.schema):
            break
        data = data.flatten()
    for index, f in enumerate(data.schema):
        if pa.types.is_dictionary(f.type):
            data = data.set_column(index, f.name, data.column(index).cast(f.type.value_type))
        elif pa.types.is_binary(f.type) or pa.types.is_large_binary(f.type):
            notes.append(f"“{f.name}” holds bytes; they are shown as far as they are text.")
    notes += [f"Of “{name}”, the path was kept and the content left out." for name in left_out]
    return data.rename_columns(list(unique_names(data.column_names))), notes


def _without_media(data: pa.Table, left_out: list[str]) -> pa.Table:
    """The table with the paths of pictures and sounds in place of their content; adds their columns' names."""
    import pyarrow.compute as pc

    for index, f in enumerate(data.schema):
        if _is_media(f.type):
            data = data.set_column(index, f.name, pc.struct_field(data.column(index), "path"))
            left_out.append(f.name)
    return data


def _is_media(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind)) and {kind.field(i).name for i in range(kind.num_fields)} == {
        "bytes",
        "path",
    }


def fingerprint_of(paths: Sequence[Path], check: Callable[[], object]) -> str:
    """The SHA-256 of the files' bytes, one after another, in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                check()
                digest.update(chunk)
    return digest.hexdigest()


def require_rows(data: pa.Table, path: Path, field: str) -> None:
    """Refuse a table without rows or columns.

    Raises:
        WorkbenchError: When it has none.
    """
    if data.num_rows and data.num_columns:
        return
    raise bad_input(
        f"{path.name} holds no rows.",
        f"The Arrow table has {counted(data.num_columns, 'column')} and {counted(data.num_rows, 'row')}.",
        "Choose a file with rows.",
        field=field,
    )
