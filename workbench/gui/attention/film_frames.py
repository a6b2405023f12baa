"""The frames of a film as maps to draw: colours that mean the same in all of them, and what each head does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.gui.attention.atlas import Head
from workbench.gui.attention.shown import Shown, Special, show
from workbench.run.inside.census import Census, census
from workbench.run.inside.film import Reel, weights_of
from workbench.run.results import AttentionMaps


@dataclass(frozen=True, slots=True, eq=False)
class SteadyShown(Shown):
    """A frame whose strongest colours are those of the whole film, so that frames can be compared."""

    ceiling: NDArray[np.float32]

    def row_tops(self) -> NDArray[np.float32]:
        """The largest weight of each head in any frame."""
        return self.ceiling


class FilmFrames:
    """The frames of one film."""

    def __init__(self, reel: Reel, run: str) -> None:
        self.reel = reel
        self._run = run
        self._ceilings: dict[Special, NDArray[np.float32]] = {}
        self._censuses: dict[int, Census] = {}

    def maps(self, index: int, weights: NDArray[np.float32] | None = None) -> AttentionMaps:
        """The attention of a frame, or other weights in its place."""
        reel = self.reel
        return AttentionMaps(
            weights=reel.weights(index) if weights is None else weights,
            tokens=reel.tokens(),
            special=reel.special(),
            model=self._run,
            causal=reel.pinned.causal,
            step=reel.frames[index].step,
            prediction=reel.said(index).prediction,
        )

    def shown(self, index: int, special: Special) -> SteadyShown:
        """A frame as it is drawn."""
        if special not in self._ceilings:
            brightest = weights_of(self.reel.levels.max(axis=0), float(self.reel.tops.max()))
            self._ceilings[special] = show(self.maps(index, brightest), special).row_tops()
        plain = show(self.maps(index), special)
        return SteadyShown(
            plain.maps, special, plain.weights, plain.visible, plain.possible, plain.hidden,
            self._ceilings[special],
        )  # fmt: skip

    def census(self, index: int) -> Census | None:
        """What each head does in a frame; None where cells are blocks of tokens."""
        if len(self.reel.tokens()) != len(self.reel.pinned.tokens):
            return None
        if index not in self._censuses:
            self._censuses[index] = census(self.maps(index))
        return self._censuses[index]

    def kind_words(self, index: int, head: Head) -> str:
        """What a head is in a frame, and what it was in the first one where that differs."""
        taken, before = self.census(index), self.census(0)
        if taken is None or before is None:
            return ""
        now, first = taken.kind(*head), before.kind(*head)
        if first == now:
            return now.title
        return f"{now.title} (at step {self.reel.frames[0].step}: {first.title})"
