"""Rows of attention that are collected while a model writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.inside.capture import unreadable
from workbench.engine.inside.reading import side_of
from workbench.engine.live import LiveModel
from workbench.engine.loading import LoadedModel
from workbench.run.inside.generation import WrittenRows
from workbench.run.problem import bad_input

#: Of each layer, the look of one token: (heads, keys).
Rows = Sequence[torch.Tensor]

#: Rows that would take more bytes than the first are kept in half precision, than the second not at all.
_LARGE, _MOST = 64 << 20, 1 << 30


@dataclass(slots=True)
class Growing:
    """Rows that are being collected, in arrays that have room for all steps.

    Attributes:
        loaded: The model that writes.
        ids: The tokens that it has before it writes, and then those that it writes too.
        room: How many steps there can be.
        source: How many of the tokens an encoder has read.
        note: Something the person should know.
    """

    loaded: LoadedModel | LiveModel
    ids: list[int]
    room: int
    source: int = 0
    note: str = ""
    prompt: int = 0
    names: list[str] = field(default_factory=list)
    special: list[bool] = field(default_factory=list)
    weights: NDArray[Any] | None = None
    first: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    probabilities: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prompt, ids, self.ids = len(self.ids), self.ids, []
        self._take(ids)

    @property
    def full(self) -> bool:
        """Whether there is no room for another step."""
        return len(self.probabilities) == self.room

    def add(self, rows: Rows, token: int, probability: float, crossed: Rows | None = None) -> None:
        """Take the rows of a step and the token that it wrote.

        Args:
            rows: Of each layer (heads, k): the look at the newest k of the tokens that were written or continued.
            token: What was written.
            probability: How likely it was.
            crossed: Of each layer (heads, source): the look at what an encoder has read.

        Raises:
            WorkbenchError: When the rows do not fit the tokens, or are too large.
        """
        if self.weights is None:
            self._make_room([*rows, *(crossed or ())], len(rows))
        assert self.weights is not None
        step, total = len(self.probabilities), len(self.ids)
        for layer, row in enumerate(rows):
            # A sliding window keeps the newest keys only; what is before them was not seen.
            start = total - row.shape[1]
            if start < self.source:
                raise unreadable(self.loaded.model, tuple(row.shape))
            self.weights[step, layer, :, start:total] = row.float().cpu().numpy()
            self.first[step, layer] = start
        for layer, row in enumerate(crossed or ()):
            if row.shape[1] != self.source:
                raise unreadable(self.loaded.model, tuple(row.shape))
            self.weights[step, layer, :, : self.source] = row.float().cpu().numpy()
        self._take([token])
        self.probabilities.append(probability)

    def _take(self, ids: list[int]) -> None:
        side = side_of(self.loaded.tokenizer, ids)
        self.ids += ids
        self.names += side.tokens
        self.special += side.special.tolist()

    def _make_room(self, rows: Rows, layers: int) -> None:
        if any(len(row) != len(rows[0]) for row in rows):
            raise unreadable(self.loaded.model)
        shape = (self.room, layers, len(rows[0]), self.prompt + self.room - 1)
        size = 4 * int(np.prod(shape))
        if size > _MOST:
            raise bad_input(
                "This text is too long for a row of every head in every step.",
                f"They would take {size / 2**30:.1f} GiB.",
                "Shorten the text, or have fewer tokens written.",
            )
        self.weights = np.zeros(shape, np.float16 if size > _LARGE else np.float32)
        self.first = np.zeros(shape[:2], np.int64)

    def so_far(self, stopped_by: str = "") -> WrittenRows:
        """What there is. The arrays are parts of the growing ones: what they show does not change any more."""
        assert self.weights is not None
        steps = len(self.probabilities)
        probabilities, special = np.array(self.probabilities), np.array(self.special)
        weights, first = self.weights[:steps], self.first[:steps]
        for array in (weights, first, probabilities, special):
            array.flags.writeable = False
        return WrittenRows(
            model=self.loaded.name,
            tokens=tuple(self.names),
            special=special,
            prompt=self.prompt,
            weights=weights,
            first=first,
            probabilities=probabilities,
            stopped_by=stopped_by,
            template=bool(self.loaded.tokenizer.chat_template),
            step=self.loaded.step,
            note=self.note,
            source=self.source,
        )
