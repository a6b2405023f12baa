"""Probabilities before and after an edit as pairs of bars, with the change in percentage points."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.attention.labels import token_name
from workbench.gui.attention.token_strip import signed
from workbench.gui.probabilities import percent
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, theme
from workbench.run.inside.edit import Change

_ROW, _HEAD = 34, 20
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
#: A change below this many points is written in a quiet colour.
_SMALL = 0.05


def points(change: Change) -> str:
    """A change in words: +12.5, −0.3, 0.0."""
    text = f"{change.points:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else signed(text.lstrip("+"))


class ChangeBars(QWidget):
    """A row for each class or token: its name, two bars, and the change."""

    def __init__(self, limit: int = 9) -> None:
        super().__init__()
        self._limit = limit
        self._rows: tuple[Change, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Probabilities of the original and of the edited text"))
        theme().changed.connect(self.update)
        self.show_changes(())

    def show_changes(self, rows: Sequence[Change]) -> None:
        """Show these; where there are too many, those that are likely on either side."""
        likely = sorted(rows, key=lambda row: -max(row.before, row.after))[: self._limit]
        self._rows = tuple(row for row in rows if row in likely)
        self.setFixedHeight(self.sizeHint().height())
        told = [f"{r.name} {percent(r.before)} → {percent(r.after)} ({points(r)})" for r in rows]
        self.setAccessibleDescription(", ".join(told))
        self.setToolTip("\n".join(told))
        self.update()

    def rows(self) -> tuple[Change, ...]:
        """What is shown."""
        return self._rows

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(260, _HEAD + _ROW * len(self._rows) if self._rows else 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw headings and rows."""
        if not self._rows:
            return
        palette, painter, metrics = current(), QPainter(self), self.fontMetrics()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = QFont(self.font())
        small.setPixelSize(FONT_SMALL)
        figure = QFontMetrics(small).horizontalAdvance("< 0.1 %") + SMALL
        change = metrics.horizontalAdvance("−100.0") + TINY
        widest = max(metrics.horizontalAdvance(token_name(row.name)) for row in self._rows)
        names = min(widest + 2, self.width() // 3)
        room = QRectF(names + SMALL, 0, max(8, self.width() - names - SMALL - figure - change), _ROW)
        self._draw_head(painter, small)
        for i, row in enumerate(self._rows):
            y = _HEAD + i * _ROW
            painter.setFont(self.font())
            painter.setPen(palette.colour("text"))
            name = metrics.elidedText(token_name(row.name), Qt.TextElideMode.ElideRight, names)
            painter.drawText(QRectF(0, y, names, _ROW), _LEFT, name)
            painter.setPen(palette.colour("text" if abs(row.points) >= _SMALL else "muted"))
            painter.drawText(QRectF(0, y, self.width(), _ROW), _RIGHT, points(row))
            painter.setFont(small)
            for value, top, colour in ((row.before, y + 4, "muted"), (row.after, y + 17, "accent")):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(palette.colour("raised"))
                painter.drawRoundedRect(QRectF(room.left(), top + 3, room.width(), 6), 3, 3)
                painter.setBrush(palette.colour(colour))
                if value * room.width() >= 1:
                    filled = max(3.0, value * room.width())
                    painter.drawRoundedRect(QRectF(room.left(), top + 3, filled, 6), 3, 3)
                painter.setPen(palette.colour("muted" if colour == "muted" else "text"))
                painter.drawText(QRectF(room.right(), top, figure - TINY, 12), _RIGHT, percent(value))

    def _draw_head(self, painter: QPainter, small: QFont) -> None:
        palette, left = current(), 0.0
        painter.setFont(small)
        for words, colour in ((self.tr("Original"), "muted"), (self.tr("Edited"), "accent")):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.colour(colour))
            painter.drawRoundedRect(QRectF(left, _HEAD / 2 - 4, 8, 8), 2, 2)
            painter.setPen(palette.colour("muted"))
            painter.drawText(QRectF(left + 12, 0, 200, _HEAD), _LEFT, words)
            left += 12 + painter.fontMetrics().horizontalAdvance(words) + SMALL
        painter.drawText(QRectF(0, 0, self.width(), _HEAD), _RIGHT, self.tr("Points"))
