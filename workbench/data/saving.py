"""Saves rows as CSV, TSV, JSON Lines or Parquet, whole or not at all."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from workbench.data.frame import Frame
from workbench.data.tables import PORTION, as_text
from workbench.run.files import writing
from workbench.run.problem import bad_input

if TYPE_CHECKING:
    import pyarrow as pa  # imported where rows are in work, so that the window need not wait for it

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

# What a spreadsheet takes for a formula; tab and carriage return are skipped by some before they look.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# A signed number is only itself, and a label of -1 must stay one.
_NUMBER = re.compile(r"[-+][0-9]+(?:[.,][0-9]+)?")


def save(
    frame: Frame, path: Path, *, harmless: bool = True, check: Callable[[], object] = lambda: None
) -> int:
    """Write all rows and columns to a file; its ending says how.

    Args:
        frame: The rows.
        path: A file that ends in one of `SUFFIXES`. What is there is replaced once everything is written.
        harmless: For CSV and TSV, whether cells (and column names) that a spreadsheet would carry out as a formula
            get an apostrophe in front. Numbers with a sign do not.
        check: Called between portions; raises when nobody waits for the file any more.

    Returns:
        How many cells got an apostrophe.

    Raises:
        WorkbenchError: When the ending is another one or the file cannot be written.
    """
    require_suffix(path)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        _parquet(frame, path, check)
        return 0
    if suffix in (".csv", ".tsv"):
        with writing(path, newline="") as file:
            return _delimited(frame, file, "," if suffix == ".csv" else "\t", harmless, check)
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with writing(path, newline="\n") as file:
        for columns in _portions(frame.data, check):
            plain = [
                values if _is_plain(values) else [_plain(value) for value in values] for values in columns
            ]
            rows = zip(*plain, strict=True)
            file.writelines(encode(dict(zip(frame.columns, row, strict=True))) + "\n" for row in rows)
    return 0


def require_suffix(path: Path) -> None:
    """Refuse a name that does not say how rows are written.

    Raises:
        WorkbenchError: Naming the endings that do.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise bad_input(
            f"Rows cannot be saved as {path.name}.",
            f"The ending says how they are written: {', '.join(SUFFIXES)}.",
            "Choose a name with one of these endings.",
        )


def made_harmless(cell: str) -> str:
    """The cell, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def _delimited(
    frame: Frame, file: IO[Any], delimiter: str, harmless: bool, check: Callable[[], object]
) -> int:
    # RFC 4180's end of a row; with "\n" a carriage return inside a cell would go out without quotes.
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
    names = [made_harmless(name) for name in frame.columns] if harmless else list(frame.columns)
    writer.writerow(names)
    changed = sum(name not in frame.columns for name in names)
    for columns in _portions(frame.data, check):
        texts = [[v if isinstance(v, str) else as_text(v) or "" for v in values] for values in columns]
        if harmless:
            for values in texts:
                risky = [row for row, text in enumerate(values) if text.startswith(_FORMULA)]
                for row in risky:
                    safe = made_harmless(values[row])
                    changed += safe != values[row]
                    values[row] = safe
        writer.writerows(zip(*texts, strict=True))
    return changed


def _portions(data: pa.Table, check: Callable[[], object]) -> Iterator[list[list[Any]]]:
    """The columns' values, a few thousand rows at a time."""
    for start in range(0, data.num_rows, PORTION):
        check()
        yield [column.slice(start, PORTION).to_pylist() for column in data.columns]


def _parquet(frame: Frame, path: Path, check: Callable[[], object]) -> None:
    import pyarrow.parquet as pq

    # What other programs noted about the columns of the source (classes by number) is no longer true.
    data = frame.data.replace_schema_metadata(None)
    with writing(path, "wb") as file, pq.ParquetWriter(file, data.schema) as writer:
        for start in range(0, max(1, data.num_rows), 100 * PORTION):
            check()
            writer.write_table(data.slice(start, 100 * PORTION))


def _is_plain(values: list[Any]) -> bool:
    """Whether JSON can say these values as they are."""
    return {type(value) for value in values} <= {str, int, bool, type(None)}


def _plain(value: Any) -> Any:
    """A value as JSON can say it: numbers that it lacks become null, other kinds text."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return as_text(value)
