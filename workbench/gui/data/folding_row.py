"""A row of a list that unfolds: what findings and steps have in common."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.data.card_parts import CAP, ROUND, RowButton, points
from workbench.gui.theme import RADIUS_SMALL, current, theme
from workbench.gui.widgets import show_if


class FoldingRow(QWidget):
    """A row whose head unfolds what belongs to it, which is made when it is first wanted."""

    opened = Signal(bool)

    def __init__(self, head: RowButton) -> None:
        super().__init__()
        self.head = head
        self.head.setCheckable(True)
        self.head.toggled.connect(self._fold)
        self.chevron = Chevron()
        self.content: QWidget | None = None
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        theme().changed.connect(self.update)

    def make_content(self) -> QWidget:
        """What unfolds."""
        raise NotImplementedError

    def show_folded(self, on: bool) -> None:
        """Whether it is open now, so that the head can look different."""

    def is_open(self) -> bool:
        """Whether the content shows."""
        return self.head.isChecked()

    def _fold(self, on: bool) -> None:
        if on and self.content is None:
            self.content = self.make_content()
            self.body.addWidget(self.content)
        if self.content is not None:
            show_if(self.content, on)
        self.chevron.show_open(on)
        self.show_folded(on)
        self.update()
        self.opened.emit(on)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The one that is unfolded stands out."""
        if self.is_open():
            painter, palette = QPainter(self), current()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(palette.colour("line"))
            painter.setBrush(palette.colour("background"))
            area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(area, RADIUS_SMALL, RADIUS_SMALL)


class Chevron(QWidget):
    """Says that a row unfolds."""

    def __init__(self) -> None:
        super().__init__()
        self._open = False
        self.setFixedSize(14, 16)
        theme().changed.connect(self.update)

    def show_open(self, on: bool) -> None:
        """Point down, or to the right."""
        self._open = on
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the angle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(current().colour("muted"), 1.3, Qt.PenStyle.SolidLine, CAP, ROUND))
        places = ((4, 6.5), (8, 10.5), (12, 6.5)) if self._open else ((6.5, 4.5), (10.5, 8.5), (6.5, 12.5))
        painter.drawPolyline(points(*places))
