"""Texts into token ids, in portions between which others have their turn; long work is kept for the next time."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Texts in one call of the tokenizer. Its answer becomes Python lists in one go, which no other thread may interrupt:
#: 50 000 texts at once stop the window for 200 ms, and take more memory than their ids do.
PORTION = 500
#: Fewer texts than this are cut anew each time.
WORTH_KEEPING = 2000
#: Kept files beyond this many bytes make room, those that were not used for longest first.
MOST_KEPT = 4 * 1024**3
#: Raised when what is kept is laid out in another way.
_VERSION = 1

Ids = list[NDArray[np.int32]]
_folder: ContextVar[Path | None] = ContextVar("kept_tokens", default=None)


@contextmanager
def keeping_tokens(folder: Path | None) -> Iterator[None]:
    """While this is entered, the ids of many texts are kept in a folder, and taken from it where they are there."""
    before = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(before)


def token_ids(tokenizer: Any, texts: Sequence[str], **options: Any) -> Ids:
    """The ids of each text, int32, shape (tokens,).

    Args:
        tokenizer: A transformers tokenizer.
        texts: What to encode.
        **options: What else the tokenizer is told: truncation, max_length, add_special_tokens.
    """
    folder = _folder.get()
    if folder is None or len(texts) < WORTH_KEEPING or not getattr(tokenizer, "is_fast", False):
        return _cut(tokenizer, texts, options)
    file = folder / f"{_digest(tokenizer, texts, options)}.npy"
    found = _load(file, len(texts))
    if found is None:
        found = _cut(tokenizer, texts, options)
        with suppress(OSError):  # without room on the disk they are cut anew the next time
            _keep(file, found)
    return found


def _cut(tokenizer: Any, texts: Sequence[str], options: dict[str, Any]) -> Ids:
    found: Ids = []
    for start in range(0, len(texts), PORTION):
        portion = list(texts[start : start + PORTION])
        rows = tokenizer(portion, return_attention_mask=False, verbose=False, **options)["input_ids"]
        found += [np.asarray(row, dtype=np.int32) for row in rows]
    return found


def _digest(tokenizer: Any, texts: Sequence[str], options: dict[str, Any]) -> str:
    """What decides the ids: the tokenizer's own description, what it is told, and every text."""
    from tokenizers import Tokenizer

    # What it was told last about cutting and padding stands in its description, and is told anew below.
    plain = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    plain.no_truncation()
    plain.no_padding()
    said = (_VERSION, type(tokenizer).__name__, tokenizer.truncation_side, sorted(options.items()))
    found = hashlib.sha256(f"{said}{plain.to_str()}".encode())
    for start in range(0, len(texts), PORTION):
        parts = [text.encode("utf-8", "surrogatepass") for text in texts[start : start + PORTION]]
        found.update(struct.pack(f"<{len(parts)}I", *map(len, parts)))
        found.update(b"".join(parts))
    return found.hexdigest()


def _load(file: Path, texts: int) -> Ids | None:
    """The kept ids, mapped into memory; None where there are none, or the file is not whole."""
    try:
        kept = np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
        os.utime(file)
    except (OSError, ValueError, EOFError):
        return None
    if kept.dtype != np.int32 or kept.ndim != 1 or len(kept) < texts:
        return None
    ends = np.cumsum(kept[:texts], dtype=np.int64)
    ids = kept[texts:]
    if (kept[:texts] < 0).any() or len(ids) != (ends[-1] if texts else 0):
        return None
    found: Ids = []
    start = 0
    for end in ends.tolist():
        found.append(ids[start:end])
        start = end
    return found


def _keep(file: Path, found: Ids) -> None:
    """Write lengths and ids as one array, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lengths = np.fromiter(map(len, found), dtype=np.int32, count=len(found))
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out:
            np.save(out, np.concatenate([lengths, *found]), allow_pickle=False)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _make_room(file)


def _make_room(but: Path) -> None:
    files = sorted(but.parent.glob("*.npy"), key=lambda file: file.stat().st_mtime)
    total = sum(file.stat().st_size for file in files)
    for file in files:
        if total <= MOST_KEPT:
            return
        if file != but:
            total -= file.stat().st_size
            file.unlink(missing_ok=True)
