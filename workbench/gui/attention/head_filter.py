"""Above the atlas: in which order heads stand, and which kinds of them are meant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.attention.arrangement import ORDERS, RATED, Head, by, of_kinds, ordered
from workbench.gui.attention.kinds import KindChips
from workbench.gui.attention.options import Choices
from workbench.gui.theme import SMALL, TINY
from workbench.gui.widgets import explain_widget, show_if
from workbench.run.inside.census import Census


class HeadFilter(QWidget):
    """Order, kinds, and whether heads of other kinds fade or are left out.

    Signals:
        arranged: Other heads are shown, or in another order.
        pointed_out: Only which heads fade has changed.
    """

    arranged = Signal()
    pointed_out = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._census: Census | None = None
        self._model = ""
        self._ratings: dict[tuple[str, str], NDArray[np.float64]] = {}
        self.order_choice = Choices(
            self.tr("Order of the heads"), self.tr("How the heads stand."), ORDERS, "layer"
        )
        self.order_choice.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.order_choice.setMinimumContentsLength(14)
        self.only = QCheckBox(self.tr("Leave out the others"))
        explain_widget(
            self.only,
            self.tr("Show only heads of the chosen kinds, larger; otherwise the others fade."),
            self.tr("Leave out the others"),
        )
        self.chips = KindChips()
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.order_choice)
        line.addWidget(self.only)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TINY)
        layout.addLayout(line)
        layout.addWidget(self.chips)
        self.order_choice.chosen.connect(self.arranged)
        self.only.toggled.connect(lambda _: self.arranged.emit())
        self.chips.changed.connect(self._chips_changed)
        show_if(self.only, False)
        self._offer()

    def show_census(self, census: Census | None, model: str = "") -> None:
        """Offer the kinds that occur in it; without one, nothing can be ordered."""
        self._census, self._model = census, model
        self._offer()
        self.chips.show_census(census)
        self.setVisible(census is not None)

    def rate(self, key: str, model: str, values: NDArray[np.float64]) -> None:
        """Take the numbers of one of `RATED`, of shape (layers, heads), by which a model's heads can be ordered."""
        self._ratings[key, model] = values
        self._offer()
        if self.order_choice.current() == key and model == self._model:
            self.arranged.emit()

    def _offer(self) -> None:
        """Only orders whose numbers are known can be chosen."""
        for key in RATED:
            known = (key, self._model) in self._ratings
            self.order_choice.enable(key, known)
            if not known and self.order_choice.current() == key:
                self.order_choice.choose("layer")

    def order(self) -> tuple[Head, ...]:
        """The heads to show, in their order; empty for all as the model has them."""
        if self._census is None:
            return ()
        key = self.order_choice.current()
        rating = self._ratings.get((key, self._model))
        order = ordered(self._census, key) if rating is None else by(-rating)
        meant = self._meant()
        if meant is None or not self.only.isChecked():
            return order
        return tuple(h for h in order or ordered(self._census, "model") if h in meant)

    def bright(self) -> frozenset[Head] | None:
        """The heads that do not fade; None when none does."""
        return None if self.only.isChecked() else self._meant()

    def _meant(self) -> frozenset[Head] | None:
        chosen = self.chips.chosen()
        return of_kinds(self._census, chosen) if self._census and chosen else None

    def _chips_changed(self) -> None:
        show_if(self.only, bool(self.chips.chosen()))
        (self.arranged if self.only.isChecked() else self.pointed_out).emit()
