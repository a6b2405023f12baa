"""Measures a data set: how many rows each class has, and how long the texts are."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from workbench.data.labelled import natural_key
from workbench.data.suggest import counted
from workbench.data.tables import Table, as_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_LENGTHS = (32, 64, 128, 256, 512)
_MOST_ROWS = 20_000
_CHUNK = 500  # small enough that a cancelled profile ends at once and the window keeps its turn
_BINS = 40
_COVERED = 0.98

# Thai to Burmese, Khmer, Chinese and Japanese: scripts with no blanks between words.
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

Unit = Literal["tokens", "words", "characters"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a data set looks like.

    Attributes:
        rows: All rows of the table.
        class_counts: Each class with its number of rows, in the classes' order; empty without a label.
        unlabelled: Rows without a label.
        blank: Rows without a text.
        unit: What lengths are counted in; tokens where a tokenizer was given, special tokens included.
        bin_edges: The histogram's edges, one more than there are bins.
        bin_counts: The number of sampled texts in each bin.
        sampled: How many texts were measured.
        shortest, median, longest: Lengths.
        max_length: The length that was asked about, in tokens.
        over_share: The share of texts longer than `max_length`; None unless counted in tokens.
        suggested_max_length: The smallest of 32, 64, 128, 256 and 512 that holds 98 % of the texts (512 where
            none does); None unless counted in tokens.
        notes: What was assumed, in plain words.
        lengths: The sampled lengths, int64, read-only, shape (sampled,).
    """

    rows: int
    class_counts: tuple[tuple[str, int], ...]
    unlabelled: int
    blank: int
    unit: Unit
    bin_edges: tuple[float, ...]
    bin_counts: tuple[int, ...]
    sampled: int
    shortest: int
    median: float
    longest: int
    max_length: int
    over_share: float | None
    suggested_max_length: int | None
    notes: tuple[str, ...]
    lengths: npt.NDArray[np.int64] = field(compare=False, repr=False)

    def for_max_length(self, max_length: int) -> Profile:
        """The same measurement asked about another length, in tokens, without measuring again."""
        over = None if self.over_share is None else self.share_longer(max_length)
        return replace(self, max_length=max_length, over_share=over)

    def share_longer(self, length: int) -> float:
        """The share of the sampled texts that are longer than `length`, in this profile's unit."""
        return float((self.lengths > length).mean()) if self.sampled else 0.0


def profile(
    table: Table,
    text: str,
    label: str,
    tokenizer_file: Path | None,
    max_length: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> Profile | None:
    """Measure the classes of all rows, and the lengths of at most 20 000 texts.

    Args:
        table: The data.
        text: The text column.
        label: The label column; empty for none.
        tokenizer_file: The model's `tokenizer.json`; None counts words (characters where nothing is spaced).
        max_length: The length in tokens to compare with.
        cancelled: Asked every 500 texts; when it says yes, the result is None.

    Raises:
        WorkbenchError: When a column does not exist.
    """
    counts: Counter[str] = Counter()
    for start in range(0, table.rows if label else 0, 20 * _CHUNK):
        if cancelled():
            return None
        counts.update((v or "").strip() for v in table.column(label, start, start + 20 * _CHUNK))
    unlabelled = counts.pop("", 0)
    filled = np.zeros(
        table.rows, dtype=bool
    )  # not the texts themselves: they may be more than fit into memory
    for start in range(0, table.rows, 20 * _CHUNK):
        if cancelled():
            return None
        part = table.column(text, start, start + 20 * _CHUNK)
        filled[start : start + len(part)] = [bool(v and v.strip()) for v in part]
    rows = np.flatnonzero(filled)
    blank = table.rows - len(rows)
    notes = []
    if len(rows) > _MOST_ROWS:
        notes.append(f"Lengths are those of {counted(_MOST_ROWS, 'text')}, taken evenly from all.")
        rows = rows[np.linspace(0, len(rows) - 1, _MOST_ROWS).astype(int)]
    texts = _texts_at(table, text, rows)
    unit, measure = _ruler(texts, tokenizer_file)
    lengths: list[int] = []
    for start in range(0, len(texts), _CHUNK):
        if cancelled():
            return None
        lengths += measure(texts[start : start + _CHUNK])
    return _summary(table.rows, counts, unlabelled, blank, unit, np.array(lengths), max_length, notes)


def _texts_at(table: Table, column: str, rows: npt.NDArray[np.int64]) -> list[str]:
    """The texts of some rows, ascending; a part of the table at a time, since Arrow may copy what it takes from."""
    values, found, step = table.data.column(table.columns.index(column)), [], 20 * _CHUNK
    for start in range(0, table.rows, step):
        first, last = np.searchsorted(rows, (start, start + step))
        if last > first:
            taken = values.slice(start, step).take(rows[first:last] - start)
            found += [as_text(value) or "" for value in taken.to_pylist()]
    return found


@lru_cache(maxsize=2)  # reading the file stops every thread for some 30 ms
def whole_tokenizer(file: Path, mtime_ns: int) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`, which neither cuts nor pads."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.fspath(file))
    # A file may ask to cut or pad to a fixed length, which would hide the true one.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _ruler(
    texts: list[str], tokenizer_file: Path | None
) -> tuple[Unit, Callable[[list[str]], Iterable[int]]]:
    if tokenizer_file is None:
        sample = "".join(text[:200] for text in texts[:200])
        if 3 * len(UNSPACED.findall(sample)) > len(sample):
            return "characters", lambda chunk: map(len, chunk)
        return "words", lambda chunk: (len(t.split()) for t in chunk)
    tokenizer = whole_tokenizer(tokenizer_file, tokenizer_file.stat().st_mtime_ns)
    return "tokens", lambda chunk: (len(e) for e in tokenizer.encode_batch_fast(chunk))


def _summary(
    rows: int,
    counts: Counter[str],
    unlabelled: int,
    blank: int,
    unit: Unit,
    lengths: np.ndarray,
    max_length: int,
    notes: list[str],
) -> Profile:
    lengths = lengths.astype(np.int64)
    lengths.flags.writeable = False
    found = len(lengths) > 0
    in_tokens = found and unit == "tokens"
    # A single very long text must not squeeze all others into the first bin: the last bin takes the tail.
    top = max(_BINS, float(np.quantile(lengths, 0.99)) * 1.1) if found else float(_BINS)
    width = max(1, math.ceil(top / _BINS))
    edges = np.arange(0, width * _BINS + 1, width, dtype=float)
    bins, _ = np.histogram(np.minimum(lengths, edges[-1] - 0.5), edges)
    fitting = (n for n in MAX_LENGTHS if (lengths <= n).mean() >= _COVERED)
    return Profile(
        rows=rows,
        class_counts=tuple((name, counts[name]) for name in sorted(counts, key=natural_key)),
        unlabelled=unlabelled,
        blank=blank,
        unit=unit,
        bin_edges=tuple(edges.tolist()),
        bin_counts=tuple(bins.tolist()),
        sampled=len(lengths),
        shortest=int(lengths.min()) if found else 0,
        median=float(np.median(lengths)) if found else 0.0,
        longest=int(lengths.max()) if found else 0,
        max_length=max_length,
        over_share=float((lengths > max_length).mean()) if in_tokens else None,
        suggested_max_length=next(fitting, MAX_LENGTHS[-1]) if in_tokens else None,
        notes=tuple(notes),
        lengths=lengths,
    )
