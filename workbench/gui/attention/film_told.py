"""What the model made of a pinned sentence while it trained: bars of now, and curves over the steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy

from workbench.gui.probabilities import ProbabilityBars
from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, ElidedLabel, column, show_if
from workbench.run.inside.film import Reel

#: At most so many classes are shown as bars.
MOST = 4


class FilmTold(Card):
    """Prediction and loss of the sentence in a frame.

    Signals:
        picked: The step of a click into a curve.
    """

    picked = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._reel: Reel | None = None
        self._name, self._writes = "", False
        self._steps = self._values = self._losses = np.empty(0)
        self.head = ElidedLabel("", "")
        self.bars = ProbabilityBars(limit=MOST)
        self.probability = SmallPlot(self.tr("Probability over the steps"), pickable=True)
        self.loss = SmallPlot(self.tr("Loss over the steps"), pickable=True)
        self.probability_words = ElidedLabel("", "caption")
        self.loss_words = ElidedLabel("", "caption")
        for plot in (self.probability, self.loss):
            plot.setMinimumSize(120, 96)
            plot.setMaximumHeight(120)
            plot.picked.connect(self.picked)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        line = QHBoxLayout()
        line.setSpacing(MEDIUM)
        self.likely = column(self.probability_words, self.probability, spacing=2)
        self.lossy = column(self.loss_words, self.loss, spacing=2)
        bars = column(self.head, self.bars, spacing=4)
        line.addWidget(bars, 1, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.likely, 1)
        line.addWidget(self.lossy, 1)
        self.body.addLayout(line)

    def show_reel(self, reel: Reel) -> None:
        """Take a film."""
        self._reel, last = reel, reel.said(len(reel.frames) - 1)
        said = [frame.said[reel.probe] for frame in reel.frames]
        # The next tokens of a language model are others in each frame: no curve can follow them.
        self._writes = len({frozenset(dict(one.prediction)) for one in said}) > 1 or (
            reel.pinned.causal and not reel.pinned.label
        )
        self._name = reel.pinned.label or (last.prediction[0][0] if last.prediction else "")
        self._steps = np.array([frame.step for frame in reel.frames], dtype=np.float64)
        self._values = np.array([dict(one.prediction).get(self._name, np.nan) for one in said])
        self._losses = np.array([one.loss for one in said])
        show_if(self.likely, bool(self._name) and not self._writes)
        show_if(self.lossy, bool(np.isfinite(self._losses).any()))

    def show_frame(self, index: int) -> None:
        """Show a frame's bars, and mark its step in the curves."""
        if self._reel is None:
            return
        said, label = self._reel.said(index), self._reel.pinned.label
        self.bars.show_rows(said.prediction[:MOST] if self._writes else said.prediction)
        if self._writes:
            self.head.setText(self.tr("Likely next tokens"))
        elif label and said.prediction:
            right = said.prediction[0][0] == label
            told = (
                self.tr("Prediction: right") if right else self.tr("Prediction: should be {0}").format(label)
            )
            self.head.setText(told)
        else:
            self.head.setText(self.tr("Prediction"))
        self.probability_words.setText(self.tr("Probability of {0}").format(self._name))
        self._draw(self.probability, self._values, index, 1.0, 0)
        self.loss_words.setText(self.tr("Loss of this sentence"))
        highest = float(np.nanmax(self._losses)) if np.isfinite(self._losses).any() else 1.0
        self._draw(self.loss, self._losses, index, 1.05 * highest or 1.0, 1)

    def _draw(
        self, plot: SmallPlot, values: NDArray[np.float64], index: int, top: float, colour: int
    ) -> None:
        known = np.isfinite(values)
        curves = [Drawn(self._steps[known], values[known], colour)] if known.any() else []
        marker = (float(self._steps[index]), f"{values[index]:.3g}") if known[index] else None
        plot.show_curves(curves, (0.0, max(1.0, float(self._steps[-1])), 0.0, top), marker=marker)
