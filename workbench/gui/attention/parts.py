"""Which attention of an encoder-decoder is looked at: its encoder's, its decoder's, or that from one to the other."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from workbench.gui.theme import SMALL
from workbench.gui.widgets import ElidedLabel, Segmented, show_if


class PartChoice(QWidget):
    """A switch that is there for encoder-decoders only.

    Signals:
        chosen: The kind of attention that is wanted now.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._model = ""
        self.switch = Segmented(
            (
                ("encoder", self.tr("Encoder"), "", self.tr("How the words of the text look at each other.")),
                (
                    "decoder",
                    self.tr("Decoder"),
                    "",
                    self.tr("How the words of the answer look at each other."),
                ),
                ("cross", self.tr("Decoder to encoder"), "", self.tr("How the answer looks at the text.")),
            ),
            self.tr("Part of the model"),
        )
        self.words = ElidedLabel("", "muted")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SMALL)
        line.addWidget(self.switch)
        line.addWidget(self.words, 1)
        self.switch.chosen.connect(self.chosen)
        self.hide()

    def of(self, model: str) -> str:
        """What to ask of a model: the kind that is on, where this model is known to have several."""
        return self.switch.current() if model == self._model else ""

    def show_kinds(self, model: str, kinds: tuple[str, ...], kind: str) -> None:
        """Offer the kinds of a model; hidden where it has one only."""
        self._model = model if len(kinds) > 1 else ""
        if self._model:
            self.switch.choose(kind)
        self.words.setText("" if kind == "encoder" else self.tr("The answer is written by the model."))
        show_if(self, bool(self._model))
