"""Reads a file's bytes, and refuses in plain words what cannot be text or a table."""

from __future__ import annotations

import codecs
from pathlib import Path

from workbench.data.format import HEAD
from workbench.data.suggest import did_you_mean
from workbench.run.problem import WorkbenchError, bad_input

# How known binary files begin, and what a person calls them.
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "Unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document", "Save it as CSV or as plain text"),
    (b"\x89PNG", "a PNG picture", "Choose a text file"),
    (b"\xff\xd8\xff", "a JPEG picture", "Choose a text file"),
    (b"GIF8", "a GIF picture", "Choose a text file"),
    (b"%PDF", "a PDF document", "Save its text as plain text"),
    (b"\x1f\x8b", "a gzip-compressed file", "Unpack it"),
    (b"BZh", "a bzip2-compressed file", "Unpack it"),
    (b"\xfd7zXZ", "an xz-compressed file", "Unpack it"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard-compressed file", "Unpack it"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it"),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV"),
    (b"ARROW1", "an Arrow file", "Save it as Parquet"),
    (b"\x7fELF", "a program", "Choose a text file"),
    (b"GGUF", "a GGUF model", "Choose a text file"),
)
PARQUET_MAGIC = b"PAR1"
_WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def require_path(path: Path, *, field: str = "data.train") -> None:
    """Check that something is there, and that a file is not empty.

    Raises:
        WorkbenchError: When it is missing, empty, or not readable by this person.
    """
    try:
        if not path.exists():
            if path.is_symlink():
                raise bad_input(
                    f"{path.name} is a link that leads nowhere.",
                    f"It points to {path.readlink()}, which is missing or leads back to the link itself.",
                    "Choose the file itself.",
                    field=field,
                )
            raise bad_input(
                f"There is no file {path.name}.",
                f"Nothing is found at {path}.",
                " ".join(part for part in (_nearest_sibling(path), "Check the name and the folder.") if part),
                field=field,
            )
        empty = path.is_file() and path.stat().st_size == 0
    except OSError as error:
        raise unreadable(path, error, field) from error
    if empty:
        raise bad_input(
            f"The file {path.name} is empty.",
            "It holds 0 bytes.",
            "Choose a file that holds text.",
            field=field,
        )


def require_file(path: Path, *, field: str = "data.train") -> None:
    """Check that the path is a file with something in it.

    Raises:
        WorkbenchError: When it is missing, a folder, empty, or not readable by this person.
    """
    require_path(path, field=field)
    if path.is_dir():
        raise bad_input(
            f"{path.name or path} is a folder, not a file.",
            f"The path {path} leads to a folder.",
            "Choose one of the files in it.",
            field=field,
        )


def head_of(path: Path, *, field: str = "data.train") -> bytes:
    """A file's first bytes; none for a folder.

    Raises:
        WorkbenchError: When it may not be read.
    """
    if path.is_dir():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise unreadable(path, error, field) from error


def read_bytes(path: Path, *, field: str = "data.train") -> bytes:
    """The whole content of a file that may hold text or a table.

    Raises:
        WorkbenchError: As `require_file`, and when the content is a known binary kind.
    """
    require_file(path, field=field)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error, field) from error
    refuse_known_binary(data, path, field=field)
    return data


def refuse_known_binary(data: bytes, path: Path, *, field: str = "data.train") -> None:
    """Refuse content that begins like a known binary kind of file.

    Raises:
        WorkbenchError: Naming the kind, and what to do.
    """
    for magic, name, remedy in _KINDS:
        if data.startswith(magic):
            raise bad_input(
                f"{path.name} is not a text file.",
                f"Its first bytes are those of {name}.",
                f"{remedy}, and choose that file.",
                field=field,
            )


def refuse_binary(data: bytes, path: Path, *, field: str = "data.train") -> None:
    """Refuse bytes that hold NUL, which no text in a one-byte or UTF-8 encoding does.

    Raises:
        WorkbenchError: Naming the first such byte.
    """
    if data.startswith(_WIDE_MARKS):
        return
    first = data.find(b"\0")
    if first < 0:
        return
    raise bad_input(
        f"{path.name} is not a text file.",
        f"It holds NUL bytes (the first is byte {first + 1}), which text does not.",
        "Choose a CSV, TSV, JSON Lines, Parquet or plain text file.",
        field=field,
    )


def _nearest_sibling(path: Path) -> str:
    try:
        return did_you_mean(path.name, (p.name for p in path.parent.iterdir()))
    except OSError:
        return ""


def unreadable(path: Path, error: OSError, field: str) -> WorkbenchError:
    """The problem of a file that the system does not give."""
    if isinstance(error, PermissionError):
        return bad_input(
            f"The file {path.name} may not be read.",
            f"The system refused access to {path}.",
            "Change its permissions, or copy it to a folder of your own.",
            field=field,
        )
    return bad_input(
        f"The file {path.name} cannot be read.",
        f"The system says: {error.strerror or error}.",
        "Check the disk or the network drive, and try again.",
        field=field,
    )
