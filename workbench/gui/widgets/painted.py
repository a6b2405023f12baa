"""Small pictures that paint themselves: a sparkline, and counts as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme import SMALL, current, theme


def draw_sparkline(painter: QPainter, area: QRectF, values: Sequence[float], colour: QColor) -> None:
    """Draw the values as a line that fills the area; values that are not finite are left out."""
    finite = [(i, v) for i, v in enumerate(values) if math.isfinite(v)]
    if len(finite) < 2:
        return
    low, high = min(v for _, v in finite), max(v for _, v in finite)
    height = (high - low) or 1.0
    across = max(1, len(values) - 1)
    points = [
        QPointF(area.left() + area.width() * i / across, area.bottom() - area.height() * (v - low) / height)
        for i, v in finite
    ]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.2))
    painter.drawPolyline(QPolygonF(points))
    painter.restore()


class Sparkline(QWidget):
    """A tiny curve without axes."""

    def __init__(self, values: Sequence[float] = (), *, role: str = "accent") -> None:
        super().__init__()
        self._values = tuple(values)
        self._role = role
        self.setMinimumSize(48, 18)
        theme().changed.connect(self.update)

    def show_values(self, values: Sequence[float]) -> None:
        """Draw other values."""
        self._values = tuple(values)
        self.update()

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(72, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the curve."""
        painter = QPainter(self)
        draw_sparkline(
            painter, QRectF(self.rect()).adjusted(1, 2, -1, -2), self._values, current().colour(self._role)
        )


class BarList(QWidget):
    """Counts by name as horizontal bars, in the given order, with the count and its share at the right."""

    ROW = 24

    def __init__(
        self,
        rows: Sequence[tuple[str, float]] = (),
        name: str = "",
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__()
        self._rows: tuple[tuple[str, float], ...] = ()
        self._elide = elide
        self._name = name
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)
        self.show_rows(rows)

    def show_rows(self, rows: Sequence[tuple[str, float]]) -> None:
        """Show other counts."""
        self._rows = tuple(rows)
        self.setFixedHeight(max(1, self.ROW * len(self._rows)))
        spoken = ", ".join(f"{label} {value:g}" for label, value in self._rows[:20])
        self.setAccessibleName(self._name or "Counts")
        self.setAccessibleDescription(spoken)
        self.update()

    def rows(self) -> tuple[tuple[str, float], ...]:
        """What is shown."""
        return self._rows

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(220, self.ROW * len(self._rows))

    def _share(self, value: float) -> str:
        total = sum(value for _, value in self._rows) or 1.0
        return f"{100 * value / total:.0f} %"

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw label, bar, count and share of each row that is in sight."""
        if not self._rows:
            return
        palette, painter = current(), QPainter(self)
        metrics = self.fontMetrics()
        figures = [f"{value:,.0f}".replace(",", "\u202f") for _, value in self._rows]
        counts = max(metrics.horizontalAdvance(text) for text in figures)
        shares = metrics.horizontalAdvance("100 %")
        widest = max(metrics.horizontalAdvance(label) for label, _ in self._rows)
        names = min(widest + 2, int(self.width() * 0.42))  # a whole name needs fractions of a pixel more
        left = names + SMALL
        room = max(8, self.width() - left - counts - shares - 3 * SMALL)
        top = max(value for _, value in self._rows) or 1.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        first = max(0, event.rect().top() // self.ROW)
        last = min(len(self._rows), event.rect().bottom() // self.ROW + 1)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for i in range(first, last):
            label, value = self._rows[i]
            y = i * self.ROW
            painter.setPen(palette.colour("text"))
            painter.drawText(
                QRectF(0, y, names, self.ROW),
                Qt.AlignmentFlag.AlignVCenter,
                metrics.elidedText(label, self._elide, names),
            )
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.colour("raised"))
            painter.drawRoundedRect(QRectF(left, y + self.ROW / 2 - 4, room, 8), 4, 4)
            painter.setBrush(QColor(palette.series[0]))
            painter.drawRoundedRect(QRectF(left, y + self.ROW / 2 - 4, max(3.0, room * value / top), 8), 4, 4)
            painter.setPen(palette.colour("text"))
            painter.drawText(QRectF(left + room + SMALL, y, counts, self.ROW), right, figures[i])
            painter.setPen(palette.colour("muted"))
            painter.drawText(
                QRectF(left + room + counts + 2 * SMALL, y, shares, self.ROW), right, self._share(value)
            )

    def event(self, event: QEvent) -> bool:
        """The tooltip has the whole name."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            i = int(event.pos().y() // self.ROW)
            if 0 <= i < len(self._rows):
                label, value = self._rows[i]
                QToolTip.showText(event.globalPos(), f"{label}: {value:,.0f} ({self._share(value)})", self)
                return True
        return super().event(event)
