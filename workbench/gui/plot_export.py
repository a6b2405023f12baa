"""Plots as files: PNG at twice the size of the screen, SVG, and CSV with every point."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from workbench.gui.plots import CurvePlot
from workbench.gui.series import Series
from workbench.run.problem import bad_input

SCALE = 2

#: Makes the bytes of a file, on any thread.
Content = Callable[[], bytes]


def file_name(plot: CurvePlot, kind: str) -> str:
    """A file name for a plot: "gradient-norm.png"."""
    return re.sub(r"[^a-z0-9]+", "-", plot.name.lower()).strip("-") + f".{kind}"


def export(plot: CurvePlot, path: Path) -> Path:
    """Write a plot here and now; raises as `prepared`."""
    return prepared(plot, path)()


def prepared(plot: CurvePlot, path: Path) -> Callable[[], Path]:
    """What writes the plot as it is now, on whichever thread calls it; the file's ending says how (png, svg or csv).

    Only what a widget has to draw itself is done before this returns: the encoding and the disk wait for the call,
    which raises a WorkbenchError when the file cannot be written.

    Raises:
        WorkbenchError: When the ending is another.
    """
    make = _MAKERS.get(path.suffix.lower())
    if make is None:
        raise bad_input(
            f"A plot cannot be written as {path.name}.",
            "The ending says the kind of file, and it is not one that is known.",
            "Use .png, .svg or .csv.",
        )
    content = make(plot)

    def write() -> Path:
        try:
            path.write_bytes(content())
        except OSError as error:
            raise bad_input(
                f"The file {path} cannot be written.",
                f"The system says: {error.strerror}.",
                "Choose another folder.",
            ) from error
        return path

    return write


def all_prepared(plots: Sequence[CurvePlot], folder: Path) -> Callable[[], list[Path]]:
    """What writes every plot that has curves in every kind; as `prepared`."""
    with_curves = [plot for plot in plots if plot.series]
    files = [
        prepared(plot, folder / file_name(plot, kind))
        for plot in with_curves
        for kind in ("png", "svg", "csv")
    ]
    return lambda: [write() for write in files]


def table(series: Sequence[Series]) -> str:
    """The measured points as CSV: one line a step, one column a curve, empty where a curve has no point."""
    lines = [line for line in series if line.exported]
    steps = np.unique(np.concatenate([line.x for line in lines])) if lines else np.empty(0)
    columns = []
    for line in lines:
        cells = [""] * len(steps)
        for place, value in zip(np.searchsorted(steps, line.x), line.y, strict=True):
            cells[int(place)] = repr(float(value))
        columns.append(cells)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["step", *(line.label for line in lines)])
    writer.writerows(zip([f"{step:.0f}" for step in steps], *columns, strict=True))
    return out.getvalue()


def _csv(plot: CurvePlot) -> Content:
    series = plot.series
    return lambda: table(series).encode()


def _png(plot: CurvePlot) -> Content:
    image = QImage(plot.size() * SCALE, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(SCALE)
    image.fill(0)
    _paint(plot, image)

    def encoded() -> bytes:
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes for the format
        return bytes(data.data())

    return encoded


def _svg(plot: CurvePlot) -> Content:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    drawing = QSvgGenerator()
    drawing.setOutputDevice(buffer)
    drawing.setSize(plot.size())
    drawing.setViewBox(QRect(QPoint(0, 0), plot.size()))
    drawing.setTitle(plot.name)
    _paint(plot, drawing)
    drawn = bytes(data.data())
    return lambda: drawn


def _paint(plot: CurvePlot, device: QImage | QSvgGenerator) -> None:
    plot.more.hide()
    painter = QPainter(device)
    try:
        with plot.uncached():
            plot.render(painter, QPoint(0, 0))
    finally:
        painter.end()
        plot.more.show()


_MAKERS: dict[str, Callable[[CurvePlot], Content]] = {".csv": _csv, ".png": _png, ".svg": _svg}
