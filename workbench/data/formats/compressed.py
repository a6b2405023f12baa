"""Compressed files and archives of everything else: gzip, bzip2, xz and zip."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from workbench.data.aside import Aside
from workbench.data.cache import identity_of, kept
from workbench.data.format import Format, Opening
from workbench.data.formats.image_folder import File, are_pictures, is_split, pictures_table
from workbench.data.several import together
from workbench.data.suggest import listed
from workbench.data.tables import Table, open_table, peek
from workbench.data.unpacking import (
    BZIP2,
    DEEPEST,
    EMPTY_ZIP,
    GZIP,
    XZ,
    ZIP,
    data_members,
    folder_for,
    inner_name,
    require_modest,
    unpack_member,
    unpack_stream,
)
from workbench.run.problem import bad_input

#: Bytes that are unpacked to show the first rows of a file of text.
_FIRST = 2 * 1024**2
_CUT_ANYWHERE = (".csv", ".tsv", ".tab", ".psv", ".jsonl", ".ndjson", ".txt")


class Compressed(Format):
    """One compressed file, opened by the name inside."""

    title = "gzip, bzip2 or xz of these"
    suffixes = (".gz", ".bz2", ".xz")
    order = 30

    def claims(self, path: Path, head: bytes) -> bool:
        return head.startswith((GZIP, BZIP2, XZ))

    def read(self, path: Path, opening: Opening) -> Table:
        inner = _inner(path, inner_name(path), opening)
        table = kept(path, inner)
        if table is None:
            with folder_for(opening) as folder:
                target = folder / inner_name(path)
                unpack_stream(path, _head(path), target, opening)
                _require_file(target, path, opening)
                # Unpacking was the first half.
                table = open_table(target, replace(inner, progress=lambda x: opening.progress(0.5 + x / 2)))
        return _from(path, table)

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        name = inner_name(path)
        most = _FIRST if Path(name).suffix.lower() in _CUT_ANYWHERE else None
        with folder_for(opening) as folder:
            target = folder / name
            if not unpack_stream(path, _head(path), target, opening, most):
                data = target.read_bytes()  # the last row is cut
                target.write_bytes(data[: data.rfind(b"\n") + 1 or len(data)])
            _require_file(target, path, opening)
            return replace(peek(target, _inner(path, name, replace(opening, cache=None)), rows), path=path)


class Zip(Format):
    """One zip archive: its only file, the one that is asked for, or all of them as one table."""

    title = "zip of these"
    suffixes = (".zip",)
    order = 60

    def claims(self, path: Path, head: bytes) -> bool:
        return head.startswith((ZIP, EMPTY_ZIP))

    def read(self, path: Path, opening: Opening) -> Table:
        return self._open(path, opening, open_table)

    def peek(self, path: Path, opening: Opening, rows: int) -> Table:
        table = self._open(path, replace(opening, cache=None), lambda inner, how: peek(inner, how, rows))
        return replace(table, data=table.data.slice(0, rows))

    def _open(self, path: Path, opening: Opening, read: Callable[[Path, Opening], Table]) -> Table:
        try:
            archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise bad_input(
                f"{path.name} cannot be unpacked.",
                "Its end, where the table of contents lies, is missing or damaged; the file may be cut short.",
                "Copy or download it again.",
                field=opening.field,
            ) from error
        with archive, folder_for(opening) as folder:
            members = data_members(archive, path, opening)
            if not members:
                raise bad_input(
                    f"{path.name} holds no data.",
                    f"In it there is {listed(archive.namelist(), 8) or 'nothing'}.",
                    "Choose an archive with a file of rows in it.",
                    field=opening.field,
                )
            require_modest(path, sum(member.file_size for member in members), path.stat().st_size, opening)
            pictures = _as_pictures(archive)
            if not opening.records and are_pictures(pictures):
                return _from(path, pictures_table(path, pictures, Aside(), opening))
            tables = []
            for number, member in enumerate(members):
                inner = _inner(path, member.filename, opening)
                found = kept(path, inner)
                if found is None:
                    target = folder / str(number) / PurePosixPath(member.filename).name
                    target.parent.mkdir()
                    unpack_member(archive, member, path, target, opening)
                    found = read(target, inner)
                tables.append((member.filename, found))
        return _from(path, together(path, tables, opening))


def _as_pictures(archive: zipfile.ZipFile) -> list[File]:
    """The files in an archive as those of a folder; an outer folder that holds all classes is no class."""
    sizes = {member.filename: member.file_size for member in archive.infolist() if not member.is_dir()}
    files = [
        File(PurePosixPath(name).parts, size) for name, size in sizes.items() if PurePosixPath(name).parts
    ]
    files = sorted((file for file in files if not file.is_hidden), key=lambda file: file.parts)
    seen = [file for file in files if not file.is_clutter]
    outer = {file.parts[0] for file in seen}
    if len(outer) == 1 and not is_split(*outer) and all(len(file.parts) > 2 for file in seen):
        return [File(file.parts[1:], file.size) for file in seen]
    return files


def _inner(path: Path, name: str, opening: Opening) -> Opening:
    """How the file inside is opened; what is kept of it belongs to the archive, since it is gone afterwards."""
    outer = opening.identity or identity_of(path)
    if outer.count("!") >= DEEPEST:
        raise bad_input(
            f"{path.name} is an archive in an archive in an archive.",
            f"More than {DEEPEST} of them inside each other are not opened.",
            "Unpack it by hand, and open the file.",
            field=opening.field,
        )
    return replace(opening, records="", identity=f"{outer}!{name.replace('!', '_')}")


def _from(path: Path, table: Table) -> Table:
    with path.open("rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    return replace(table, path=path, fingerprint=fingerprint)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


def _require_file(target: Path, path: Path, opening: Opening) -> None:
    if target.stat().st_size == 0:
        raise bad_input(
            f"{path.name} is empty.", "Unpacked, it has 0 bytes.", "Choose another file.", field=opening.field
        )
    with target.open("rb") as file:
        file.seek(257)
        is_tar = file.read(5) == b"ustar"
    if is_tar:
        raise bad_input(
            f"{path.name} is a tar archive.",
            "It holds several files in a form that is not opened here.",
            "Unpack it, and open the files or their folder.",
            field=opening.field,
        )
