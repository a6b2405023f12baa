"""Reads a plain text file for language modelling, with the same care as a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.data.encodings import Characters, characters, decoded
from workbench.data.format import Opening
from workbench.data.raw import PARQUET_MAGIC, read_bytes
from workbench.run.problem import WorkbenchError, bad_input


def read_text(path: str | Path, encoding: str | None = None, *, field: str = "data.train") -> str:
    """The file's text, with every line end as a single newline character; see `read_running`."""
    return read_running(path, encoding, field=field).text


def read_running(path: str | Path, encoding: str | None = None, *, field: str = "data.train") -> Characters:
    """The file's text, with every line end as a single newline character, and what was assumed of its encoding.

    Args:
        path: The file.
        encoding: How its characters are stored; None or "" detects it.
        field: The recipe field that named the file.

    Raises:
        WorkbenchError: When the file is missing, a folder, empty, blank, binary, or in another encoding.
    """
    path = Path(path)
    data = read_bytes(path, field=field)
    if data.startswith(PARQUET_MAGIC):
        raise bad_input(
            f"{path.name} is a Parquet table, not a text file.",
            "Its first bytes say so.",
            "Choose a text file.",
            field=field,
        )
    found = decoded(data, path, encoding, field=field)
    if not found.text.strip():
        raise bad_input(
            f"The file {path.name} holds no text.",
            "It holds nothing but blanks.",
            "Choose a file that holds text.",
            field=field,
        )
    return replace(found, text=found.text.replace("\r\n", "\n").replace("\r", "\n"))


def read_decoded(path: Path, opening: Opening) -> tuple[bytes, Characters]:
    """A file's bytes and its text, with line ends as they are; rows of it may be damaged.

    Raises:
        WorkbenchError: When the file is missing, a folder, empty, blank, binary, or not in the named encoding.
    """
    data = read_bytes(path, field=opening.field)
    found = characters(data, path, opening.encoding, field=opening.field)
    if found.text.isspace() or not found.text:
        raise blank(path, opening.field)
    return data, found


def blank(path: Path, field: str) -> WorkbenchError:
    """The problem of a file that holds nothing to read."""
    return bad_input(
        f"The file {path.name} holds no rows.",
        "It holds nothing but blank lines.",
        "Choose a file that holds text.",
        field=field,
    )
