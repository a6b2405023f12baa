"""The held-out metric as more and more heads go: a small curve with its intervals."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, theme
from workbench.run.inside.ablation import Measured, figure

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class PruneCurve(QWidget):
    """Points at the numbers of heads that were measured, with 95 % intervals; a line marks the present number."""

    def __init__(self) -> None:
        super().__init__()
        self._points: dict[int, Measured] = {}
        self._total = 1
        self._now: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(64)
        self.setAccessibleName(self.tr("Metric by number of heads taken away"))
        theme().changed.connect(self.update)

    def show_points(self, points: Mapping[int, Measured], total: int, now: int | None) -> None:
        """Draw these.

        Args:
            points: What was measured, by number of heads taken away.
            total: All heads of the model.
            now: How many of the least important are taken away now; None when it is others.
        """
        self._points, self._total, self._now = dict(sorted(points.items())), max(1, total), now
        spoken = "; ".join(f"{count}: {figure(found.after)}" for count, found in self._points.items())
        self.setAccessibleDescription(spoken)
        self.update()

    def sizeHint(self) -> QSize:
        """A small picture."""
        return QSize(260, 68)  # a scroll area gives what is wished; the rest comes by stretching

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, intervals, points and the mark."""
        if not self._points:
            return
        painter, palette = QPainter(self), current()
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        spans = {n: (m.before + m.low, m.before + m.high) for n, m in self._points.items()}
        low = min(min(m.after, spans[n][0]) for n, m in self._points.items())
        high = max(max(m.after, spans[n][1]) for n, m in self._points.items())
        room = (high - low) or abs(high) or 1.0
        low, high = low - 0.05 * room, high + 0.05 * room
        left = max(metrics.horizontalAdvance(figure(v)) for v in (low, high)) + SMALL
        area = QRectF(
            left, metrics.height() / 2, self.width() - left - SMALL, self.height() - 2 * metrics.height()
        )

        def at(count: float, value: float) -> QPointF:
            x = area.left() + area.width() * count / self._total
            return QPointF(x, area.bottom() - area.height() * (value - low) / (high - low))

        painter.setPen(QPen(palette.colour("line"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.bottomLeft(), area.topLeft())
        painter.setPen(palette.colour("muted"))
        for value, y in ((high, area.top()), (low, area.bottom())):
            painter.drawText(QRectF(0, y - 8, left - TINY, 16), _RIGHT, figure(value))
        for count, where in ((0, Qt.AlignmentFlag.AlignLeft), (self._total, Qt.AlignmentFlag.AlignRight)):
            box = QRectF(area.left(), area.bottom() + 2, area.width(), metrics.height())
            painter.drawText(box, where, self.tr("{0} gone").format(count))
        if self._now is not None:
            painter.setPen(QPen(palette.colour("accent"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(at(self._now, low), at(self._now, high))
        self._draw_curve(painter, at, spans)

    def _draw_curve(self, painter: QPainter, at: object, spans: Mapping[int, tuple[float, float]]) -> None:
        assert callable(at)
        palette = current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(palette.colour("muted"), 1))
        for count, (bottom, top) in spans.items():
            painter.drawLine(at(count, bottom), at(count, top))
        painter.setPen(QPen(palette.colour("accent"), 1.4))
        dots = [at(count, found.after) for count, found in self._points.items()]
        painter.drawPolyline(QPolygonF(dots))
        painter.setBrush(palette.colour("accent"))
        painter.setPen(Qt.PenStyle.NoPen)
        for dot in dots:
            painter.drawEllipse(dot, 3, 3)
