"""Finds texts that are longer than the model's input is to be, so that their end would never be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from workbench.data.check import Check, Finding, Fix
from workbench.data.examples import MOST, quoted, row_number, value_at
from workbench.data.frame import Frame, Indices
from workbench.data.profile import MAX_LENGTHS, whole_tokenizer
from workbench.data.step import Context
from workbench.data.strings import coded, column_strings
from workbench.data.suggest import counted

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes of texts that are turned into tokens; beyond that, texts are taken evenly from all that may be too long.
MOST_BYTES = 30_000_000
_ADDED = 8  # tokens that a tokenizer may add to a text, such as [CLS] and [SEP]
_PORTION = 200_000  # bytes
_COVERED = 0.98
_MUCH = 0.02


class LongTexts(Check):
    """Texts of more tokens than `max_length`, by the tokenizer of the chosen model; nothing without one."""

    kind: ClassVar[str] = "long-texts"
    title: ClassVar[str] = "Texts that will be cut"
    order: ClassVar[int] = 40

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        if context.tokenizer_file is None or frame.text not in frame.columns:
            return []
        codes, texts = coded(column_strings(frame, frame.text))
        lengths, measured = token_lengths(texts, context)
        of_rows = np.append(lengths, 0)[codes]  # missing texts have no tokens
        rows = np.flatnonzero(of_rows > context.max_length)
        if not len(rows):
            return []
        share = len(rows) / frame.rows
        sampled = "" if measured else " among those that were measured (a sample of the longer ones)"
        return [
            Finding(
                kind=self.kind,
                title=f"{counted(len(rows), 'text is', 'texts are')} longer than {context.max_length} tokens and will "
                f"be cut ({_percent(share)} of the rows{sampled})",
                why=f"What comes after the first {context.max_length} tokens is never read; the longest text has "
                f"{counted(int(of_rows.max()), 'token')}. {_suggestion(of_rows, context.max_length)}",
                severity="warning" if share >= _MUCH else "hint",
                rows=rows,
                count=len(rows),
                fixes=_fixes(frame.text, context.max_length),
                examples=tuple(
                    f"row {row_number(frame, row)}, {counted(int(of_rows[row]), 'token')}: "
                    f"{quoted(value_at(frame, row, frame.text))}"
                    for row in rows[:MOST].tolist()
                ),
                column=frame.text,
            )
        ]


def token_lengths(texts: pa.Array, context: Context) -> tuple[Indices, bool]:
    """The tokens of texts that may be longer than `max_length`; the others are not measured.

    A token takes at least a byte of text in all usual tokenizers, so that most short texts need not be looked at.

    Args:
        texts: Distinct texts, none missing, shape (texts,).
        context: The tokenizer and the length; its `check` is called every few hundred texts.

    Returns:
        The number of tokens, special ones included, 0 for a text that was not measured, int64, shape (texts,); and
        whether all that may be too long were measured.
    """
    import pyarrow.compute as pc

    file = context.tokenizer_file
    assert file is not None
    tokenizer = whole_tokenizer(file, file.stat().st_mtime_ns)
    lengths = np.zeros(len(texts), dtype=np.int64)
    sizes = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    suspects = np.flatnonzero(sizes + _ADDED > context.max_length)
    total = int(sizes[suspects].sum())
    if total > MOST_BYTES:
        step = -(-total // MOST_BYTES)
        chosen = suspects[::step]
    else:
        chosen = suspects
    ends = np.cumsum(sizes[chosen])
    start = 0
    while start < len(chosen):
        context.check()
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _PORTION)))
        part = chosen[start:stop]
        lengths[part] = [len(one) for one in tokenizer.encode_batch_fast(texts.take(part).to_pylist())]
        start = stop
    return lengths, len(chosen) == len(suspects)


def _suggestion(lengths: Indices, max_length: int) -> str:
    fitting = (n for n in MAX_LENGTHS if n > max_length and (lengths <= n).mean() >= _COVERED)
    enough = next(fitting, None)
    if enough is None:
        return "Split them into several rows, if each part can stand for the whole."
    return (
        f"A maximum length of {enough} would hold {_percent(float((lengths <= enough).mean()))} of the texts."
    )


def _percent(share: float) -> str:
    return f"{share:.1%}" if 0.001 <= share <= 0.999 else "less than 0.1%" if share < 0.5 else "nearly all"


def _fixes(column: str, tokens: int) -> tuple[Fix, ...]:
    split = {"kind": "split-texts", "column": column, "tokens": tokens, "stride": tokens // 8}
    cut = {"kind": "truncate-texts", "column": column, "tokens": tokens}
    return Fix("Split them into several rows", (split,)), Fix("Cut them, so that it is seen", (cut,))
