"""Shares by name as painted bars."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import SMALL, current, theme
from workbench.gui.widgets import show_if

_ROW = 22
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ShareList(QWidget):
    """A bar for each share of a whole, with its name and per cent."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.shares: tuple[tuple[str, float], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        theme().changed.connect(self.update)

    def show_shares(self, shares: Sequence[tuple[str, float]]) -> None:
        """Show others; none hides it."""
        self.shares = tuple(shares)
        self.setFixedHeight(max(1, _ROW * len(self.shares)))
        self.setAccessibleDescription(", ".join(f"{name} {share:.0%}" for name, share in self.shares))
        show_if(self, bool(self.shares))
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(240, _ROW * len(self.shares))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, bar and per cent of each."""
        painter, palette, metrics = QPainter(self), current(), self.fontMetrics()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        widest = max((metrics.horizontalAdvance(name) for name, _ in self.shares), default=0) + 2
        names = min(widest, int(self.width() * 0.4))
        figures = metrics.horizontalAdvance("100 %")
        room = max(8, self.width() - names - figures - 2 * SMALL)
        for number, (name, share) in enumerate(self.shares):
            top = number * _ROW
            painter.setPen(palette.colour("text"))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, names)
            painter.drawText(QRectF(0, top, names, _ROW), Qt.AlignmentFlag.AlignVCenter, shown)
            painter.drawText(
                QRectF(self.width() - figures, top, figures, _ROW), _RIGHT, f"{100 * share:.0f} %"
            )
            painter.setPen(Qt.PenStyle.NoPen)
            bar = QRectF(names + SMALL, top + _ROW / 2 - 4, room, 8)
            painter.setBrush(palette.colour("raised"))
            painter.drawRoundedRect(bar, 4, 4)
            bar.setWidth(max(3.0, room * share))
            painter.setBrush(QColor(palette.series[0]))
            painter.drawRoundedRect(bar, 4, 4)
