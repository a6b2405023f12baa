"""Probabilities of classes as bars, the most probable first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import SMALL, current, theme

ROW = 26


class ProbabilityBars(QWidget):
    """Class names with bars from 0 to 100 %; the winner in the accent colour."""

    def __init__(self, limit: int = 8) -> None:
        super().__init__()
        self._limit = limit
        self._rows: tuple[tuple[str, float], ...] = ()
        self._chosen: frozenset[str] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Probabilities of the classes"))
        theme().changed.connect(self.update)
        self.show_rows(())

    def show_rows(self, rows: Sequence[tuple[str, float]], chosen: Sequence[str] | None = None) -> None:
        """Show (class name, probability) pairs, best first; `chosen` are those in the accent colour, by default the
        first alone."""
        self._rows = tuple(rows)
        self._chosen = None if chosen is None else frozenset(chosen)
        self.setFixedHeight(max(1, self.sizeHint().height()))
        self.setAccessibleDescription(", ".join(f"{name} {percent(value)}" for name, value in self._rows))
        self.setToolTip("\n".join(f"{name}: {100 * value:.2f} %" for name, value in self._rows))
        self.update()

    def rows(self) -> tuple[tuple[str, float], ...]:
        """What is shown."""
        return self._rows

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        shown = min(self._limit, len(self._rows))
        more = 1 if len(self._rows) > self._limit else 0
        return QSize(240, ROW * (shown + more))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw name, bar and percentage of each row."""
        palette, painter, metrics = current(), QPainter(self), self.fontMetrics()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rows = self._rows[: self._limit]
        widest = max((metrics.horizontalAdvance(name) for name, _ in rows), default=0)
        names, figures = min(widest + 4, self.width() * 2 // 5), metrics.horizontalAdvance("< 0.1 %")
        left, room = names + SMALL, self.width() - names - figures - 2 * SMALL
        for i, (name, value) in enumerate(rows):
            y, first = i * ROW, i == 0 if self._chosen is None else name in self._chosen
            painter.setPen(palette.colour("text"))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, names)
            painter.drawText(QRectF(0, y, names, ROW), Qt.AlignmentFlag.AlignVCenter, text)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.colour("raised"))
            painter.drawRoundedRect(QRectF(left, y + ROW / 2 - 4, room, 8), 4, 4)
            painter.setBrush(palette.colour("accent" if first else "muted"))
            if value * room >= 1:
                painter.drawRoundedRect(QRectF(left, y + ROW / 2 - 4, max(4.0, value * room), 8), 4, 4)
            painter.setPen(palette.colour("text" if first else "muted"))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(self.width() - figures, y, figures, ROW), right, percent(value))
        if len(self._rows) > self._limit:
            rest = sum(value for _, value in self._rows[self._limit :])
            painter.setPen(palette.colour("muted"))
            words = f"and {len(self._rows) - self._limit} more"
            if self._chosen is None:  # only then the probabilities are parts of one whole
                words += f", together {percent(rest)}"
            painter.drawText(
                QRectF(0, len(rows) * ROW, self.width(), ROW), Qt.AlignmentFlag.AlignVCenter, words
            )


def percent(value: float) -> str:
    """A probability in words: 42 %, 3.1 %, < 0.1 %."""
    if 0 < value < 0.001:
        return "< 0.1 %"
    return f"{100 * value:.1f} %" if value < 0.0995 or value > 0.9905 else f"{100 * value:.0f} %"
