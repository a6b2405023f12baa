"""A curve of a plot as a value, and the legend that names the curves and reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.curve_maths import Levels
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, theme
from workbench.run.history import Floats

Style = Literal["raw", "line", "points"]
_LINE = 16  # pixels of height


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
    """The curves' colours, names and values; the values follow the pointer.

    It is one line high, or, where it is `wrapped`, as high as its entries need.
    """

    def __init__(self) -> None:
        super().__init__()
        self._place = ""
        self._entries: tuple[tuple[str, str, str], ...] = ()
        self._wrapped = False
        self.setFixedHeight(_LINE)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def show_entries(self, place: str, entries: Sequence[tuple[str, str, str]]) -> None:
        """Show (colour, label, value) entries, and where the values are from."""
        if (place, tuple(entries)) != (self._place, self._entries):
            self._place, self._entries = place, tuple(entries)
            self.setAccessibleName(self.text())
            self._fit()
            self.update()

    def wrap(self, on: bool) -> None:
        """Take as many lines as are needed, or one."""
        self._wrapped = on
        self._fit()

    def text(self) -> str:
        """What stands there."""
        return "  ".join([self._place, *(f"{label} {value}" for _, label, value in self._entries)]).strip()

    def entries(self) -> int:
        """How many curves are named."""
        return len(self._entries)

    def needed(self) -> int:
        """The width of all entries side by side, in pixels."""
        return round(sum(self._width(entry) for entry in self._entries))

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(120, _LINE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has other lines."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        lines = max((line for line, _ in self._places()), default=0) + 1 if self._wrapped else 1
        self.setFixedHeight(_LINE * lines)

    def _font(self) -> QFont:
        font = self.font()
        font.setPixelSize(FONT_SMALL)
        return font

    def _width(self, entry: tuple[str, str, str]) -> float:
        _, label, value = entry
        named = QFontMetricsF(self._font()).horizontalAdvance(f"{label} {value}")
        return 10 + 2 * TINY + named + SMALL + TINY

    def _places(self) -> list[tuple[int, float]]:
        """The line and the left edge of each entry; all on one line where it does not wrap."""
        places, line, left = [], 0, 0.0
        for entry in self._entries:
            width = self._width(entry)
            if self._wrapped and left and left + width - SMALL > self.width():
                line, left = line + 1, 0.0
            places.append((line, left))
            left += width
        return places

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the entries as far as they fit."""
        painter, palette = QPainter(self), current()
        painter.setFont(self._font())
        metrics, top, left = QFontMetricsF(self._font()), 0, 0.0
        vertical = Qt.AlignmentFlag.AlignVCenter

        def write(text: str, colour: str) -> None:
            nonlocal left
            painter.setPen(QColor(colour))
            painter.drawText(QRectF(left, top, self.width() - left, _LINE), vertical, text)
            left += metrics.horizontalAdvance(text)

        for entry, (line, begins) in zip(self._entries, self._places(), strict=True):
            colour, label, value = entry
            top, left = line * _LINE, begins
            if left + self._width(entry) - SMALL - TINY > self.width() and begins:
                write("…", palette.muted)
                return
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawRect(QRectF(left, top + _LINE / 2 - 1, 10, 2))
            left += 10 + TINY
            if label:
                write(label, palette.muted)
                left += TINY
            write(value, palette.text)
            left += SMALL + TINY
        if self._place:
            room = max(0, int(self.width() - left))
            write(metrics.elidedText(self._place, Qt.TextElideMode.ElideRight, room), palette.muted)
