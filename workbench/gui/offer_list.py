"""Offers as a person takes them: one button each, with what it costs and gains beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from workbench.gui.theme import MEDIUM, TINY
from workbench.gui.widgets import GhostButton, Muted, PrimaryButton
from workbench.run.offers import Offer


class OfferList(QWidget):
    """The offers below each other; the first one, which is the best, stands out."""

    taken = Signal(object)  # the Offer

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[QPushButton] = []
        self._offers: tuple[Offer, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, TINY, 0, 0)
        self._grid.setHorizontalSpacing(MEDIUM)
        self._grid.setVerticalSpacing(TINY)
        self._grid.setColumnStretch(1, 1)
        self.hide()

    def show_offers(self, offers: Sequence[Offer]) -> None:
        """Show other offers; none hides the list."""
        if tuple(offers) == self._offers:
            return
        self._offers = tuple(offers)
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.buttons = []
        for place, offer in enumerate(offers):
            kind = GhostButton if place else PrimaryButton
            button = kind(offer.title, help=offer.help, on_click=partial(self.taken.emit, offer))
            help = Muted(offer.help)
            self._grid.addWidget(button, place, 0)
            self._grid.addWidget(help, place, 1, Qt.AlignmentFlag.AlignVCenter)
            self.buttons.append(button)
        self.setVisible(bool(offers))
