"""A folder of pictures, or a zip of one, sorted into a subfolder for each class: a row for each, with path and class.

Only names and sizes are read here; no picture is decoded, and none is unpacked.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from workbench.data.aside import Aside
from workbench.data.format import Format, Opening
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, text_table
from workbench.run.problem import bad_input

PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_SPLITS = frozenset(("train", "training", "valid", "validation", "val", "dev", "test", "testing", "eval"))
_CLUTTER = frozenset(("thumbs.db", "desktop.ini", "__macosx"))
_LOOKED_AT = 2000
_DEEPEST = 16
_PORTION = 1000


class ImageFolder(Format):
    """One folder with a subfolder of pictures for each class."""

    title = "folder of pictures"
    order = 40

    def claims(self, path: Path, head: bytes) -> bool:
        if head or not path.is_dir():
            return False
        return are_pictures(_walk(path, Aside()))

    def read(self, path: Path, opening: Opening) -> Table:
        aside = Aside()
        return pictures_table(path, _walk(path, aside), aside, opening)


def are_pictures(files: Iterable[File]) -> bool:
    """Whether most of the first files are pictures."""
    looked = [found.is_picture for found in itertools.islice(files, _LOOKED_AT)]
    return sum(looked) * 2 > len(looked)


def is_split(name: str) -> bool:
    """Whether a folder's name is that of rows to learn from or of others, and no class."""
    return name.lower() in _SPLITS


def pictures_table(path: Path, found: Iterable[File], aside: Aside, opening: Opening) -> Table:
    """A row for each picture among the files.

    Args:
        path: The folder or the archive.
        found: The files in it.
        aside: What was set aside so far; what is no picture joins it.
        opening: Who is asked now and then whether anybody still waits.

    Raises:
        WorkbenchError: When no picture lies in the folder of a class.
    """
    files: list[File] = []
    clutter = 0
    for number, file in enumerate(found, 1):
        if number % _PORTION == 0:
            opening.check()
        if file.is_clutter:
            clutter += 1
        elif not file.is_picture:
            ending = file.parts[-1].rpartition(".")[1:]
            why = f"its ending “{''.join(ending)}” is none of a picture" if ending[0] else "it has no ending"
            aside.add(number, "without a picture", why, file.name)
        elif not file.size:
            aside.add(number, "without content", "it holds 0 bytes", file.name)
        else:
            files.append(file)
    return _table(path, files, aside, clutter, opening)


@dataclass(frozen=True, slots=True)
class File:
    """A file below the folder: the names on the way to it, and its size in bytes."""

    parts: tuple[str, ...]
    size: int

    @property
    def name(self) -> str:
        return "/".join(self.parts)

    @property
    def is_hidden(self) -> bool:
        """Whether it lies in a folder that is a system's own."""
        return any(part.startswith(".") or part.lower() in _CLUTTER for part in self.parts[:-1])

    @property
    def is_picture(self) -> bool:
        return not self.is_clutter and self.parts[-1].lower().endswith(PICTURES)

    @property
    def is_clutter(self) -> bool:
        return self.parts[-1].startswith(".") or self.parts[-1].lower() in _CLUTTER


@dataclass(slots=True)
class _Visited:
    """The folders that were walked through, so that a link back to one is not followed for ever."""

    seen: set[tuple[int, int]] = field(default_factory=set)

    def enter(self, path: str) -> bool:
        """Whether the folder is a new one."""
        status = os.stat(path)  # noqa: PTH116  (the link's target, by the plain call for the sake of a million files)
        identity = (status.st_dev, status.st_ino)
        if identity in self.seen:
            return False
        self.seen.add(identity)
        return True


def _walk(root: Path, aside: Aside) -> Iterator[File]:
    """Every file below the folder, by name; a link that leads in a circle or nowhere is set aside."""
    visited = _Visited()
    visited.enter(str(root))
    yield from _below(str(root), (), visited, aside)


def _below(folder: str, parts: tuple[str, ...], visited: _Visited, aside: Aside) -> Iterator[File]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        aside.add(
            0, "in folders that could not be read", f"the system says: {error.strerror}", "/".join(parts)
        )
        return
    for entry in found:
        inner = (*parts, entry.name)
        try:
            if not entry.is_dir():
                yield File(inner, entry.stat().st_size)
            elif entry.name.startswith(".") or entry.name.lower() in _CLUTTER:
                continue
            elif len(inner) > _DEEPEST or not visited.enter(entry.path):
                why = "the link leads back to a folder that was read already"
                aside.add(0, "behind links that lead in a circle", why, "/".join(inner))
            else:
                yield from _below(entry.path, inner, visited, aside)
        except OSError as error:
            why = f"the link leads nowhere, or in a circle ({error.strerror})"
            aside.add(0, "behind links that lead nowhere", why, "/".join(inner))


def _table(path: Path, files: list[File], aside: Aside, clutter: int, opening: Opening) -> Table:
    """The rows of the pictures that lie in a class."""
    split = bool(files) and all(len(f.parts) > 2 and is_split(f.parts[0]) for f in files)
    depth = 1 if split else 0
    sorted_files = [f for f in files if len(f.parts) > depth + 1]
    if not sorted_files:
        raise bad_input(
            f"The pictures in {path.name} are not sorted into classes.",
            f"{counted(len(files), 'picture')} {'lies' if len(files) == 1 else 'lie'} in the folder itself, and none "
            "in a subfolder."
            if files
            else "It holds no picture that could be read.",
            "Make a subfolder for each class, named after it, and move the pictures there.",
            field=opening.field,
        )
    for found in files:
        if len(found.parts) <= depth + 1:
            aside.add(0, "outside the class folders", "it lies in no folder of a class", found.name)
    columns: dict[str, list[str | None]] = {
        "path": [f.name for f in sorted_files],
        "label": [f.parts[depth] for f in sorted_files],
    }
    classes = Counter(columns["label"])
    notes = [f"Each folder is a class: {listed([f'{name} ({n})' for name, n in classes.items()], 12)}."]
    if split:
        columns["split"] = [f.parts[0] for f in sorted_files]
        notes.append(f"“split” is the outer folder: {listed(sorted({f.parts[0] for f in sorted_files}))}.")
    if clutter:
        notes.append(f"{counted(clutter, 'hidden file')} {'was' if clutter == 1 else 'were'} passed over.")
    # The pictures themselves are not read: a data set of them may be a hundred gigabytes.
    listing = "\n".join(f"{f.name}\0{f.size}" for f in sorted_files)
    fingerprint = hashlib.sha256(listing.encode("utf-8", "surrogatepass")).hexdigest()
    return text_table(path, columns, [*notes, *_said(aside)], fingerprint, aside.rows)


def _said(aside: Aside) -> list[str]:
    return [
        f"{counted(count, 'file')} {kind} {'was' if count == 1 else 'were'} set aside."
        for kind, count in aside.kinds.items()
    ]
