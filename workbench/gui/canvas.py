"""Where a plot's curves are drawn: the canvas, and one curve on it."""

from __future__ import annotations

import time

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Signal
from PySide6.QtGui import QMouseEvent, QPaintEvent, QPen

from workbench.run.history import Floats

pg.setConfigOptions(imageAxisOrder="row-major", antialias=False)


class Canvas(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """The plot's drawing area: reports where the pointer is, resets on a double click, counts what painting costs."""

    hovered = Signal(object)  # x, or None
    reset = Signal()
    spent = 0.0  # processor seconds of all paintings so far

    def paintEvent(self, event: QPaintEvent) -> None:
        begun = time.thread_time()
        super().paintEvent(event)
        self.spent += time.thread_time() - begun

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        view = self.getViewBox()
        place = view.mapSceneToView(self.mapToScene(event.position().toPoint()))
        inside = view.sceneBoundingRect().contains(QPointF(event.position()))
        self.hovered.emit(float(place.x()) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset.emit()


class Line:
    """A curve on the canvas; its marks are made when they are first wanted.

    pyqtgraph's own `PlotDataItem` does the same at twice the price.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self.curve = pg.PlotCurveItem(connect="finite")
        self.marks: pg.ScatterPlotItem | None = None
        self.x: Floats = np.empty(0)
        self.y: Floats = np.empty(0)
        canvas.addItem(self.curve)

    def show(
        self, x: Floats, y: Floats, pen: QPen, order: int, *, marked: bool, smooth: bool, log: bool
    ) -> Floats:
        """Draw the points; returns the finite heights on the canvas: exponents of ten on a logarithmic axis."""
        self.x, self.y = x, y
        heights = np.log10(y, where=y > 0, out=np.full(len(y), np.nan)) if log else y
        self.curve.setZValue(order)
        self.curve.setData(x, heights, pen=pen, antialias=smooth)
        if marked and self.marks is None:
            self.marks = pg.ScatterPlotItem(size=5, pen=None)
            self._canvas.addItem(self.marks)
        if self.marks is not None:
            good = np.isfinite(heights) & marked
            self.marks.setZValue(order)
            self.marks.setData(x[good], heights[good], brush=pen.color())
        return heights[np.isfinite(heights)]

    def remove(self) -> None:
        """Take it off the canvas."""
        self._canvas.removeItem(self.curve)
        if self.marks is not None:
            self._canvas.removeItem(self.marks)
