"""For each set of changes a bar: the share of predictions that it flips, with its interval; a click chooses one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme import FONT_SMALL, MEDIUM, SMALL, TINY, current, theme
from workbench.run.robustness import SetOutcome

_ROW = 40
#: What the bars' length means stands below them.
_SCALE = 16
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def percent(share: float) -> str:
    """A share with one digit; a dash for none."""
    return f"{100 * share:.1f} %" if math.isfinite(share) else "–"


class FlipBars(QWidget):
    """A line for each set; `picked` tells the name of the one whose flips are wanted."""

    picked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.sets: tuple[SetOutcome, ...] = ()
        self.chosen = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Share of predictions that each set flips"))
        self.setMouseTracking(True)
        theme().changed.connect(self.update)
        self.show_sets(())

    def show_sets(self, sets: Sequence[SetOutcome], chosen: str = "") -> None:
        """Show these outcomes, and which one is chosen."""
        self.sets, self.chosen = tuple(sets), chosen
        self.setFixedHeight(self._height())
        self.setAccessibleDescription(". ".join(map(self.words, self.sets)))
        self.update()

    def words(self, one: SetOutcome) -> str:
        """An outcome as a sentence."""
        low, high = one.flipped.interval
        told = self.tr("{0}: {1} of {2} flipped, {3} (95 %: {4} to {5})").format(
            one.title,
            one.flipped.hits,
            one.flipped.of,
            percent(one.flipped.value),
            percent(low),
            percent(high),
        )
        if one.accuracy is not None:
            told += self.tr("; right before {0}, after {1}").format(*map(percent, one.accuracy))
        return told

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(300, self._height())

    def _height(self) -> int:
        return _ROW * len(self.sets) + _SCALE if self.sets else 1

    def paintEvent(self, event: QPaintEvent) -> None:
        """A title, figures, and the bar with its interval for each set."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = QFont(self.font())
        small.setPixelSize(FONT_SMALL)
        top = self._top()
        for number, one in enumerate(self.sets):
            y, room = number * _ROW, self.width()
            if one.name == self.chosen:
                painter.setPen(QPen(palette.colour("accent"), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
                painter.setBrush(palette.colour("selection"))
                painter.drawRoundedRect(QRectF(0.5, y + 1.5, room - 1, _ROW - 3), 6, 6)
            painter.setFont(self.font())
            painter.setPen(palette.colour("text"))
            figures = self.tr("{0} · {1} of {2}").format(
                percent(one.flipped.value), one.flipped.hits, one.flipped.of
            )
            if not one.flipped.of:
                figures = self.tr("nothing to change")
                painter.setPen(palette.colour("muted"))
            wide = painter.fontMetrics().horizontalAdvance(figures)
            painter.drawText(QRectF(SMALL, y + TINY, room - 2 * SMALL, 20), _RIGHT, figures)
            left = room - wide - 2 * SMALL - MEDIUM
            title = painter.fontMetrics().elidedText(one.title, Qt.TextElideMode.ElideRight, int(left))
            painter.drawText(QRectF(SMALL, y + TINY, left, 20), _LEFT, title)
            self._draw_bar(painter, one, QRectF(SMALL, y + 26, room - 2 * SMALL, 8), top)
        self._draw_scale(painter, small, top)

    def _draw_scale(self, painter: QPainter, font: QFont, top: float) -> None:
        """How much the ends of the bars are."""
        if not self.sets:
            return
        painter.setFont(font)
        painter.setPen(current().colour("muted"))
        line = QRectF(SMALL, _ROW * len(self.sets), self.width() - 2 * SMALL, _SCALE)
        painter.drawText(line, _LEFT, "0 %")
        painter.drawText(line, _RIGHT, f"{100 * top:.0f} %")

    def _draw_bar(self, painter: QPainter, one: SetOutcome, bar: QRectF, top: float) -> None:
        palette = current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.colour("raised"))
        painter.drawRoundedRect(bar, 4, 4)
        if not one.flipped.of:
            return
        # A flip by a change that leaves the meaning is a fault; after a negation it may be right.
        painter.setBrush(palette.colour("bad" if one.meaning == "same" else "accent"))
        painter.drawRoundedRect(
            QRectF(bar.left(), bar.top(), bar.width() * one.flipped.value / top, bar.height()), 4, 4
        )
        low, high = (bar.left() + bar.width() * end / top for end in one.flipped.interval)
        painter.setPen(QPen(palette.colour("text"), 1.4))
        middle = bar.center().y()
        painter.drawLine(QPointF(low, middle), QPointF(high, middle))
        for x in (low, high):
            painter.drawLine(QPointF(x, middle - 4), QPointF(x, middle + 4))

    def _top(self) -> float:
        """The share at which a bar is full: a round one above all intervals."""
        highest = max((one.flipped.interval[1] for one in self.sets if one.flipped.of), default=1.0)
        return next(top for top in (0.05, 0.1, 0.2, 0.5, 1.0) if top >= min(highest, 1.0))

    # ---- choosing

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell about the set that is pointed at."""
        number = int(event.position().y() // _ROW)
        if 0 <= number < len(self.sets):
            one = self.sets[number]
            more = "" if one.meaning == "same" else self.tr(" The meaning changes too: a flip may be right.")
            unchanged = self.tr(" In {0} texts there was nothing to change.").format(one.unchanged)
            words = f"{self.words(one)}. {one.help}{more}{unchanged if one.unchanged else ''}"
            self.setToolTip(f"<qt>{words}</qt>")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a set."""
        number = int(event.position().y() // _ROW)
        if 0 <= number < len(self.sets):
            self._choose(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down go from set to set."""
        names = [one.name for one in self.sets]
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if not names or not step:
            super().keyPressEvent(event)
            return
        at = names.index(self.chosen) if self.chosen in names else -1
        self._choose(max(0, min(len(names) - 1, at + step)))

    def _choose(self, number: int) -> None:
        self.chosen = self.sets[number].name
        self.update()
        self.picked.emit(self.chosen)
