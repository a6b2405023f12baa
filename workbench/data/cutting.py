"""Cuts texts to a number of tokens of the chosen model, at the edges of words; in words where there is no tokenizer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workbench.data.frame import Frame
from workbench.data.profile import UNSPACED, whole_tokenizer
from workbench.data.step import Context

_WORD = re.compile(r"\S+")
_PORTION = 200  # texts cut into tokens in one go: some 20 ms, and their offsets take memory


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text in tokens: where each begins, in characters, and which word it belongs to."""

    starts: tuple[int, ...]
    words: tuple[int | None, ...]

    def __len__(self) -> int:
        return len(self.starts)

    def word_edge(self, token: int, after: int) -> int:
        """The last place up to `token` where a word begins; `token` itself where none begins behind `after`."""
        for place in range(token, after, -1):
            if self.words[place] is None or self.words[place] != self.words[place - 1]:
                return place
        return token


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts texts into pieces.

    Attributes:
        limit: How many pieces a text may have; at least 1.
        unit: What the pieces are, in the plural.
        note: What there is to say about the unit; empty for tokens.
        pieces: The pieces of each text.
    """

    limit: int
    unit: str
    note: str
    pieces: Callable[[list[str]], Iterator[Pieces]]

    def too_long(self, texts: list[str | None], check: Callable[[], object]) -> Iterator[tuple[int, Pieces]]:
        """The places of texts with more pieces than are allowed, with their pieces."""
        # No tokenizer makes more tokens than there are bytes, but for the blank that some put before.
        long = [
            i for i, text in enumerate(texts) if text and len(text.encode("utf-8", "replace")) >= self.limit
        ]
        for start in range(0, len(long), _PORTION):
            check()
            places = long[start : start + _PORTION]
            found = self.pieces([text for i in places if (text := texts[i])])
            yield from (
                (i, pieces) for i, pieces in zip(places, found, strict=True) if len(pieces) > self.limit
            )


def cutter(frame: Frame, column: str, tokens: int, context: Context) -> Cutter:
    """What cuts a column's texts.

    Args:
        frame: The rows.
        column: The column.
        tokens: The most tokens of a text with the marks that the model puts around it; 0: the recipe's `max_length`.
        context: Where the tokenizer is.
    """
    tokens = tokens or context.max_length
    file = context.tokenizer_file
    if file is not None and file.is_file():
        tokenizer = whole_tokenizer(file, file.stat().st_mtime_ns)
        limit = max(1, tokens - tokenizer.num_special_tokens_to_add(False))
        return Cutter(limit, "tokens", "", lambda texts: _token_pieces(tokenizer, texts))
    sample = "".join((text or "")[:200] for text in frame.column(column, 0, 200))
    unspaced = 3 * len(UNSPACED.findall(sample)) > len(sample)
    unit, cut = ("characters", _characters) if unspaced else ("words", _words)
    note = f"counted in {unit}, since the model's tokenizer is not on this machine"
    return Cutter(tokens, unit, note, lambda texts: map(cut, texts))


def truncated(text: str, pieces: Pieces, limit: int) -> str:
    """The beginning of a text that has more than `limit` pieces."""
    end = pieces.starts[pieces.word_edge(limit, 0)] or pieces.starts[limit] or 1
    return text[:end].rstrip() or text[:end]


def parts_of(text: str, pieces: Pieces, limit: int, stride: int) -> list[str]:
    """A text in parts of at most `limit` pieces, each of which repeats about `stride` pieces of the one before."""
    parts, begin = [], 0
    while True:
        whole = begin + limit >= len(pieces)
        end = len(pieces) if whole else pieces.word_edge(begin + limit, begin)
        part = text[pieces.starts[begin] : None if whole else pieces.starts[end]].strip()
        parts += [part] if part else []
        if whole:
            return parts
        begin = max(begin + 1, pieces.word_edge(max(begin + 1, end - stride), begin))


def _token_pieces(tokenizer: Any, texts: list[str]) -> Iterator[Pieces]:
    for encoding in tokenizer.encode_batch(texts, add_special_tokens=False):
        yield Pieces(tuple(start for start, _ in encoding.offsets), tuple(encoding.word_ids))


def _words(text: str) -> Pieces:
    starts = tuple(match.start() for match in _WORD.finditer(text))
    return Pieces(starts, tuple(range(len(starts))))


def _characters(text: str) -> Pieces:
    return Pieces(tuple(range(len(text))), tuple(range(len(text))))
