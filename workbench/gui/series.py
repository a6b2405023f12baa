"""A curve of a plot as a value, and the legend that names the curves and reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.curve_maths import Levels
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, theme
from workbench.run.history import Floats

Style = Literal["raw", "line", "points"]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One curve of a plot. `colour` counts in the palette's series; `raw` is thin and pale, behind the
    others, and has no entry in the legend; `points` marks each point. `exported` says whether
    the table has it (a smoothed curve is not measured); a `share` reads as per cent;
    the legend names lower ranks first; `levels` is what is known of y already, where it may be long."""

    key: str
    label: str
    x: Floats
    y: Floats
    colour: int = 0
    style: Style = "line"
    exported: bool = True
    share: bool = False
    rank: int = 0
    levels: Levels | None = None

    def words(self, value: float | None) -> str:
        """A value of this curve as a person reads it."""
        if value is None or not self.share:
            return figure(value)
        return f"{100 * value:.1f} %"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in x where something was changed, and the words for it."""

    x: float
    words: str


def figure(value: float | None) -> str:
    """A number as short as it is useful."""
    if value is None:
        return ""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.2e}" if 0 < size < 1e-3 else f"{value:.4g}"


class Legend(QWidget):
    """The curves' colours, names and values in one line; the values follow the pointer."""

    def __init__(self) -> None:
        super().__init__()
        self._place = ""
        self._entries: tuple[tuple[str, str, str], ...] = ()
        self.setFixedHeight(16)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def show_entries(self, place: str, entries: Sequence[tuple[str, str, str]]) -> None:
        """Show (colour, label, value) entries, and where the values are from."""
        if (place, tuple(entries)) != (self._place, self._entries):
            self._place, self._entries = place, tuple(entries)
            self.setAccessibleName(self.text())
            self.update()

    def text(self) -> str:
        """What stands there."""
        return "  ".join([self._place, *(f"{label} {value}" for _, label, value in self._entries)]).strip()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(120, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the entries as far as they fit."""
        painter, palette = QPainter(self), current()
        font = self.font()
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        metrics, left, height = painter.fontMetrics(), 0.0, self.height()
        vertical = Qt.AlignmentFlag.AlignVCenter

        def write(text: str, colour: str) -> None:
            nonlocal left
            painter.setPen(QColor(colour))
            painter.drawText(QRectF(left, 0, self.width() - left, height), vertical, text)
            left += metrics.horizontalAdvance(text)

        for colour, label, value in self._entries:
            room = 10 + TINY + metrics.horizontalAdvance(f"{label} {value}")
            if left + room > self.width():
                write("…", palette.muted)
                return
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawRect(QRectF(left, height / 2 - 1, 10, 2))
            left += 10 + TINY
            if label:
                write(label, palette.muted)
                left += TINY
            write(value, palette.text)
            left += SMALL + TINY
        if self._place:
            room = max(0, int(self.width() - left))
            write(metrics.elidedText(self._place, Qt.TextElideMode.ElideRight, room), palette.muted)
