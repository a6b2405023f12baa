"""Unpacks archives with care: no more than the caps allow, and never outside a folder of its own."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from workbench.data.format import Opening
from workbench.data.suggest import did_you_mean, listed
from workbench.run.problem import WorkbenchError, bad_input

GZIP, BZIP2, XZ, ZIP = b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
SUFFIXES = (".gz", ".gzip", ".bz2", ".xz", ".zip")
#: Archives inside archives are opened this deep.
DEEPEST = 2
#: Where a person allows more.
ALLOW_MORE = (
    "allow more in the settings (“Unpacking”), on the command line with --unpack-times and --unpack-gigabytes"
)
_PORTION = 1024**2
#: What is smaller than this when unpacked does no harm, however well it was packed.
_HARMLESS = 1024**2
_DAMAGE = (
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


@contextlib.contextmanager
def folder_for(opening: Opening) -> Iterator[Path]:
    """A folder for what is unpacked, beside what is kept; gone afterwards."""
    if opening.cache:
        opening.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=opening.cache, prefix=".unpacked-", ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def inner_name(path: Path) -> str:
    """The name of the file that a compressed file holds: "reviews.csv" of "reviews.csv.gz"."""
    return path.stem if path.suffix.lower() in SUFFIXES else path.name


def unpack_stream(path: Path, head: bytes, target: Path, opening: Opening, most: int | None = None) -> bool:
    """Unpack a compressed file, or its first `most` bytes; whether that is all of it.

    Raises:
        WorkbenchError: When it is damaged, or grows beyond the caps.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as raw, _opened(raw, head) as packed:
            return _copy(packed, target, path, size, opening, most, raw)
    except _DAMAGE as error:
        raise _damaged(path, error, opening.field) from error


def data_members(archive: zipfile.ZipFile, path: Path, opening: Opening) -> list[zipfile.ZipInfo]:
    """The files in an archive that may hold data, or the one that is asked for.

    Raises:
        WorkbenchError: When a path in it leaves its folder, or it holds nothing to open.
    """
    files = []
    for member in archive.infolist():
        if _leaves(member):
            raise bad_input(
                f"The archive {path.name} is not opened.",
                f"It holds “{member.filename[:200]}”, a path that leads out of the folder in which it is unpacked.",
                "Do not trust where it came from. If you know what it holds, unpack it by hand and open the file.",
                field=opening.field,
            )
        if not member.is_dir():
            files.append(member)
    if opening.records:
        names = [member.filename for member in files]
        if opening.records not in names:
            raise bad_input(
                f"There is no file “{opening.records}” in {path.name}.",
                f"It holds {listed(names, 12)}.",
                f"{did_you_mean(opening.records, names)} Choose one of these.".strip(),
                field=opening.field,
            )
        return [member for member in files if member.filename == opening.records]
    return [
        member for member in files if not is_by_the_way(PurePosixPath(member.filename)) and member.file_size
    ]


def unpack_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, target: Path, opening: Opening
) -> None:
    """Unpack one file of an archive.

    Raises:
        WorkbenchError: When it is locked or damaged, or grows beyond the caps.
    """
    if member.flag_bits & 1:
        raise bad_input(
            f"{path.name} is locked.",
            f"“{member.filename}” in it can only be unpacked with a password.",
            "Unpack it by hand, and open the file.",
            field=opening.field,
        )
    require_modest(path, member.file_size, member.compress_size, opening)
    try:
        with archive.open(member) as packed:
            _copy(packed, target, path, member.compress_size, opening)
    except _DAMAGE as error:
        raise _damaged(path, error, opening.field) from error


def require_modest(path: Path, unpacked: int, packed: int, opening: Opening) -> None:
    """Refuse what grows beyond the caps.

    Raises:
        WorkbenchError: With the sizes, and what to do where the file is known to be good.
    """
    if unpacked > max(_HARMLESS, opening.most_times * packed):
        raise bad_input(
            f"{path.name} is not unpacked.",
            f"Its {_size(packed)} would become more than {opening.most_times} times as much ({_size(unpacked)} so "
            "far); texts grow to ten times at most, so this may be a file made to fill the disk.",
            f"If you know what it holds, unpack it by hand and open the file, or {ALLOW_MORE}.",
            field=opening.field,
        )
    if unpacked > opening.most_bytes:
        raise bad_input(
            f"{path.name} is too large to be unpacked here.",
            f"It would become more than {_size(opening.most_bytes)}.",
            f"Unpack it by hand and open the file, or {ALLOW_MORE}.",
            field=opening.field,
        )


def is_by_the_way(name: PurePosixPath | Path) -> bool:
    """Whether a file among others is about the data rather than data: a licence, a notice, a system's own."""
    if any(part.startswith((".", "__MACOSX", "_SUCCESS")) for part in name.parts):
        return True
    return name.stem.lower() in _BESIDE or name.suffix.lower() in _BESIDE_SUFFIXES


_BESIDE = (
    "readme", "license", "licence", "changelog", "manifest", "notice", "citation", "desktop", "thumbs",
    "dataset_info", "dataset_infos", "config",
)  # fmt: skip
_BESIDE_SUFFIXES = (
    ".md", ".rst", ".pdf", ".html", ".htm", ".py", ".sh", ".ipynb", ".toml", ".yml", ".yaml", ".ini", ".lock",
    ".crc", ".md5", ".sha256", ".log", ".bib",
)  # fmt: skip


def _opened(raw: IO[bytes], head: bytes) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    if head.startswith(GZIP):
        return gzip.GzipFile(fileobj=raw)
    return bz2.BZ2File(raw) if head.startswith(BZIP2) else lzma.LZMAFile(raw)


def _copy(
    packed: IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile,
    target: Path,
    path: Path,
    size: int,
    opening: Opening,
    most: int | None = None,
    raw: IO[bytes] | None = None,
) -> bool:
    done = 0
    with target.open("wb") as file:
        while portion := packed.read(_PORTION):
            opening.check()
            done += len(portion)
            require_modest(path, done, size, opening)
            file.write(portion)
            if raw:
                opening.progress(raw.tell() / max(1, size) / 2)
            if most is not None and done >= most:
                return not packed.read(1)
    return True


def _leaves(member: zipfile.ZipInfo) -> bool:
    """Whether a member's path is absolute, goes up, or is a link, by which others would."""
    name = member.filename
    windows = PureWindowsPath(name)
    parts = (*PurePosixPath(name).parts, *windows.parts)
    linked = stat.S_ISLNK(member.external_attr >> 16)
    return linked or name.startswith(("/", "\\")) or bool(windows.drive) or ".." in parts


def _damaged(path: Path, error: BaseException, field: str) -> WorkbenchError:
    if isinstance(error, OSError) and error.errno == 28:
        return bad_input(
            f"There is no room to unpack {path.name}.",
            "The disk is full.",
            "Free some space and open the file again.",
            field=field,
        )
    return bad_input(
        f"{path.name} cannot be unpacked.",
        f"The archive is damaged or cut short: {str(error) or type(error).__name__}.",
        "Copy or download it again.",
        field=field,
    )


def _size(number: int) -> str:
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}"
        number //= 1000
    return f"{number} GB"
