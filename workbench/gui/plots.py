"""Plots: curves with a legend that shows values, linked in x, thinned to the screen, in the theme's colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QGraphicsView, QMenu

from workbench.gui.canvas import Canvas, Line
from workbench.gui.curve_maths import thinned, value_at
from workbench.gui.series import Legend, Mark, Series
from workbench.gui.theme import FONT_SMALL, SMALL, TINY, current, theme
from workbench.gui.widgets import Card, IconButton, Label, explain_widget, row
from workbench.run.history import Floats

EXPORTS = (("png", "PNG picture…"), ("svg", "SVG drawing…"), ("csv", "CSV table…"))


class CurvePlot(Card):
    """A card with one plot. Its x range and pointer are those of its group."""

    zoomed = Signal(float, float)
    whole_wanted = Signal()
    hovered = Signal(object)
    export_wanted = Signal(str)  # "png", "svg" or "csv"

    def __init__(self, title: str, help: str, *, log: bool = False) -> None:
        super().__init__()
        self.name = title
        self.series: tuple[Series, ...] = ()
        self.marks: tuple[Mark, ...] = ()
        self._mark_lines: list[pg.InfiniteLine] = []
        self.live = False
        #: Where the pointer is, in words.
        self.place_words = self.tr("at step {0:.0f}")
        self._range = (0.0, 1.0)
        self._hover: float | None = None
        self._log = log
        self._lines: dict[str, Line] = {}
        heading = self._heading = Label(title, "section")
        explain_widget(heading, help)
        explain_widget(self, "", title, help)
        self.legend = Legend()
        self.more = IconButton("more", self.tr("{0}: more").format(title), size=22)
        self.more.clicked.connect(
            lambda: self.menu().popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))
        )
        line = self.layout()
        self.header.addWidget(heading)
        self.header.addSpacing(SMALL)
        self._beside = row(self.legend, spacing=0)
        self._below = False
        self.header.addWidget(self._beside, 1)
        self.header.addWidget(self.more)
        line.insertLayout(0, self.header)  # type: ignore[union-attr]
        line.setContentsMargins(SMALL + TINY, SMALL, SMALL, TINY)  # type: ignore[union-attr]
        line.setSpacing(TINY)  # type: ignore[union-attr]
        self.canvas = self._make_canvas()
        self.add(self.canvas, 1)
        self._pointer = pg.InfiniteLine(angle=90, movable=False)
        self._pointer.hide()
        self.canvas.addItem(self._pointer, ignoreBounds=True)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.redraw)
        theme().changed.connect(self._recolour)
        self._recolour()

    def _make_canvas(self) -> Canvas:
        canvas = Canvas(enableMenu=False)
        canvas.setMinimumSize(80, 40)
        # pyqtgraph makes this menu, which is never shown, without a parent: it would outlive the plot.
        canvas.getPlotItem().ctrlMenu.setParent(canvas, Qt.WindowType.Popup)
        canvas.hideButtons()
        canvas.setMouseEnabled(x=True, y=False)
        canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        canvas.showGrid(x=False, y=True, alpha=0.25)
        view = canvas.getViewBox()
        view.disableAutoRange()  # it would paint every plot twice; `redraw` knows the heights
        view.sigRangeChangedManually.connect(self._moved)
        for side in ("left", "bottom"):
            axis = canvas.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickLength=0, tickTextOffset=6, maxTickLevel=0)
            font = self.font()
            font.setPixelSize(FONT_SMALL)
            axis.setTickFont(font)
        canvas.getAxis("left").setWidth(50)  # the same everywhere, so that plots line up
        canvas.getAxis("bottom").setHeight(20)
        canvas.getAxis("left").setLogMode(False, self._log)
        canvas.hovered.connect(self.hovered)
        canvas.reset.connect(self.whole_wanted)
        return canvas

    # ---- what it shows

    def show_series(
        self, series: Sequence[Series], marks: Sequence[Mark] = (), *, live: bool = False
    ) -> None:
        """Take other curves, and the places where something was changed; nothing is drawn before `redraw`."""
        self.series = tuple(series)
        self.marks = tuple(marks)
        self.live = live

    def set_range(self, low: float, high: float) -> None:
        """Show x from low to high."""
        if (low, high) != self._range:
            self._range = (low, high)
            self._later.start(0)
        self.canvas.getViewBox().setXRange(low, high, padding=0)

    def rename(self, title: str) -> None:
        """Call it otherwise, also in names of files."""
        self.name = title
        self._heading.setText(title)
        self.setAccessibleName(title)

    def redraw(self) -> None:
        """Draw: one setData for each curve, thinned to the width in pixels."""
        self._later.stop()
        palette = current()
        for key in set(self._lines) - {line.key for line in self.series}:
            self._lines.pop(key).remove()
        pixels = max(50, int(self.canvas.width()))
        heights = []
        for order, line in enumerate(self.series):
            if line.key not in self._lines:
                self._lines[line.key] = Line(self.canvas)
            x, y = thinned(line.x, line.y, *self._range, pixels, line.levels)
            colour = palette.curve(line.colour)
            if line.style == "raw":
                colour.setAlphaF(0.35)
            # Wide or smooth pens cost seconds on live curves; a finished run is drawn once, and may be smooth.
            smooth = not self.live and line.style != "raw"
            pen = QPen(colour, 1.5 if smooth and len(x) < 1500 else 1)
            pen.setCosmetic(True)
            marked = line.style == "points" and len(x) <= 200
            heights.append(
                self._lines[line.key].show(x, y, pen, order, marked=marked, smooth=smooth, log=self._log)
            )
        self._draw_marks()
        self._fit(np.concatenate(heights) if heights else np.empty(0))
        self.canvas.getViewBox().prepareForPaint()  # or it would be done while painting, and painted again
        self._show_legend()

    def _draw_marks(self) -> None:
        while len(self._mark_lines) > len(self.marks):
            self.canvas.removeItem(self._mark_lines.pop())
        pen = pg.mkPen(current().muted, width=1, style=Qt.PenStyle.DotLine)
        for place, mark in enumerate(self.marks):
            if place == len(self._mark_lines):
                self._mark_lines.append(pg.InfiniteLine(angle=90, movable=False))
                self.canvas.addItem(self._mark_lines[place], ignoreBounds=True)
            self._mark_lines[place].setValue(mark.x)
            self._mark_lines[place].setPen(pen)

    def _fit(self, heights: Floats) -> None:
        """Let the y axis hold what is drawn, with a little room."""
        if not len(heights):
            return
        low, high = float(heights.min()), float(heights.max())
        room = 0.06 * (high - low) or 0.05 * abs(low) or 1.0
        if math.isfinite(high - low):
            self.canvas.getViewBox().setYRange(low - room, high + room, padding=0)

    def take_cost(self) -> float:
        """Processor seconds that painting took since it was last asked."""
        taken, self.canvas.spent = self.canvas.spent, 0.0
        return taken

    def show_hover(self, x: float | None) -> None:
        """Show the values at x, or the last ones."""
        self._hover = x
        self._pointer.setVisible(x is not None)
        if x is not None:
            self._pointer.setValue(x)
        self._show_legend()

    def set_log(self, on: bool) -> None:
        """Use a logarithmic y axis, or not."""
        self._log = on
        self.canvas.getAxis("left").setLogMode(False, on)
        self.redraw()

    @contextmanager
    def uncached(self) -> Iterator[None]:
        """Draw marks and ground anew instead of from pixmaps, so that a vector drawing holds no pictures."""
        mode = self.canvas.cacheMode()
        marks = [line.marks for line in self._lines.values() if line.marks is not None]
        self.canvas.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        for item in marks:
            item.opts["useCache"] = False
        try:
            yield
        finally:
            self.canvas.setCacheMode(mode)
            for item in marks:
                item.opts["useCache"] = True

    def drawn(self, key: str) -> tuple[Floats, Floats]:
        """The points that are on the screen for a curve."""
        return self._lines[key].x, self._lines[key].y

    def _show_legend(self) -> None:
        palette, entries = current(), []
        for line in sorted(self.series, key=lambda line: line.rank):
            if line.style == "raw" or len(line.x) == 0:
                continue
            last = float(line.y[-1])
            value = last if self._hover is None else value_at(line.x, line.y, self._hover)
            entries.append((palette.curve(line.colour).name(), line.label, line.words(value)))
        place = ""
        if self._hover is not None:
            near = 4 * self.canvas.getViewBox().viewPixelSize()[0]
            marks = [mark.words for mark in self.marks if abs(mark.x - self._hover) <= near]
            place = "; ".join([self.place_words.format(max(0.0, self._hover)), *marks])
        before = self.legend.entries()
        self.legend.show_entries(place, entries)
        if self.legend.entries() != before:
            self._place_legend()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where the title's line is too short for the legend, it has lines of its own."""
        super().resizeEvent(event)
        self._place_legend()

    def _place_legend(self) -> None:
        room = self.width() - self._heading.sizeHint().width() - self.more.width() - 5 * SMALL
        below = self.legend.entries() > 1 and self.legend.needed() > room
        if below == self._below:
            return
        self._below = below
        if below:
            self.body.insertWidget(0, self.legend)
        else:
            self._beside.layout().addWidget(self.legend)  # type: ignore[union-attr]
        self.legend.wrap(below)

    # ---- the menu, the mouse, the theme

    def menu(self) -> QMenu:
        """What can be done with the plot."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Show the whole run"), self.whole_wanted.emit)
        log = QAction(self.tr("Logarithmic"), menu, checkable=True, checked=self._log)
        log.toggled.connect(self.set_log)
        menu.addAction(log)
        menu.addSeparator()
        for kind, text in EXPORTS:
            menu.addAction(self.tr(text), self._exporter(kind))
        return menu

    def _exporter(self, kind: str) -> Callable[[], None]:
        return lambda: self.export_wanted.emit(kind)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The same menu on a right click."""
        self.menu().popup(event.globalPos())

    def _moved(self) -> None:
        (low, high), _ = self.canvas.getViewBox().viewRange()
        self.zoomed.emit(low, high)

    def _recolour(self) -> None:
        palette = current()
        self.canvas.setBackground(palette.surface)
        for side in ("left", "bottom"):
            axis = self.canvas.getAxis(side)
            axis.setPen(pg.mkPen(palette.line))
            axis.setTextPen(pg.mkPen(palette.muted))
        self._pointer.setPen(pg.mkPen(palette.muted, width=1, style=Qt.PenStyle.DashLine))
        self.redraw()


class PlotGroup:
    """Plots that share their x range and their pointer."""

    def __init__(self, plots: Sequence[CurvePlot]) -> None:
        self.plots = tuple(plots)
        self._whole = (0.0, 1.0)
        self._chosen: tuple[float, float] | None = None
        for plot in self.plots:
            plot.zoomed.connect(self.zoom)
            plot.whole_wanted.connect(self.show_whole)
            plot.hovered.connect(self._hover)

    def set_end(self, last: float) -> None:
        """The last step of all curves; the whole is shown unless the person zoomed in. A plot follows when it is
        next drawn: to move all of them would paint them all at once."""
        end = max(1.0, last)
        self._whole = (-0.01 * end, 1.01 * end)  # the marks at both ends have a width

    def redraw(self, plot: CurvePlot) -> None:
        """Draw one of the plots in the group's range."""
        plot.set_range(*(self._chosen or self._whole))
        plot.redraw()

    def zoom(self, low: float, high: float) -> None:
        """Show a part, in every plot."""
        self._chosen = (low, high)
        self._apply(self._chosen)

    def show_whole(self) -> None:
        """Show everything again."""
        self._chosen = None
        self._apply(self._whole)

    def _apply(self, span: tuple[float, float]) -> None:
        for plot in self.plots:
            plot.set_range(*span)

    def _hover(self, x: object) -> None:
        for plot in self.plots:
            plot.show_hover(float(x) if isinstance(x, (int, float)) else None)
