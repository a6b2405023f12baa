"""Headline numbers side by side, each with its 95 % interval drawn below it; as many in a line as fit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from workbench.gui.theme import FONT_HEADLINE, FONT_SMALL, RADIUS_SMALL, SMALL, TINY, current, theme
from workbench.gui.widgets import explain_widget
from workbench.run.scores import Number

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
#: Names, titles, and what the numbers mean; in the order of importance.
HEADLINES = (
    ("accuracy", "Accuracy", "The share of rows that the model gets right."),
    (
        "balanced_accuracy",
        "Balanced accuracy",
        "The mean share that is right of each class: rare classes count as much as frequent ones.",
    ),
    (
        "f1_macro",
        "Macro F1",
        "The mean over the classes of F1, which falls with false alarms and with misses.",
    ),
    (
        "matthews",
        "Matthews",
        "The correlation of what is said and what is right: 1 is perfect, 0 is chance, also where classes are uneven.",
    ),
    (
        "log_loss",
        "Log loss",
        "How surprised the model is by the right classes, in nats; 0 is perfect, and smaller is better.",
    ),
    (
        "auc",
        "AUC",
        "How often a row of a class gets more probability of it than a row of another class does.",
    ),
)
#: The rest, which is told in the table of all numbers only.
OTHERS = (
    ("average_precision", "Average precision"),
    ("calibration_error", "Calibration error"),
    ("f1_micro", "Micro F1"),
    ("f1_weighted", "Weighted F1"),
    ("precision_macro", "Macro precision"),
    ("precision_weighted", "Weighted precision"),
    ("recall_macro", "Macro recall"),
    ("recall_weighted", "Weighted recall"),
    ("top_2", "Top 2"),
    ("top_3", "Top 3"),
    ("top_5", "Top 5"),
)
TITLES = {name: title for name, title, *_ in (*HEADLINES, *OTHERS)}


def figure(value: float) -> str:
    """A number as a tile has it: three digits behind the point, fewer of large ones."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1 if size < 10_000 else 0}f}"


def interval(number: Number) -> str:
    """Its 95 % interval; empty where there is none."""
    if number.low is None or number.high is None:
        return ""
    return f"{figure(number.low)} – {figure(number.high)}"


class NumberTile(QWidget):
    """One number, its name, and where it lies with its interval between 0 and 1."""

    HEIGHT = 78

    def __init__(self, number: Number, title: str, help: str) -> None:
        super().__init__()
        self.number, self._title = number, title
        self.setFixedHeight(self.HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        told = f"{title}: {figure(number.value)}"
        if spread := interval(number):
            told += self.tr(", 95 % interval {0}").format(spread)
            help += self.tr(" With other rows of this kind it would lie between {0} 95 times in 100.").format(
                spread.replace("–", self.tr("and"))
            )
        explain_widget(self, help, told)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Wide enough for its interval."""
        return QSize(132, self.HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, number, the line with the interval."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS_SMALL, RADIUS_SMALL)
        inner = QRectF(self.rect()).adjusted(SMALL + 2, TINY + 2, -SMALL, -TINY)
        small, large = QFont(self.font()), QFont(self.font())
        small.setPixelSize(FONT_SMALL)
        large.setPixelSize(FONT_HEADLINE)
        large.setWeight(QFont.Weight.DemiBold)
        painter.setFont(small)
        painter.setPen(palette.colour("muted"))
        name = painter.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), 14), LEFT, name)
        painter.setFont(large)
        painter.setPen(palette.colour("text"))
        painter.drawText(
            QRectF(inner.left(), inner.top() + 15, inner.width(), 25), LEFT, figure(self.number.value)
        )
        painter.setFont(small)
        painter.setPen(palette.colour("muted"))
        painter.drawText(
            QRectF(inner.left(), inner.top() + 39, inner.width(), 14), LEFT, interval(self.number)
        )
        self._draw_line(painter, inner)

    def _draw_line(self, painter: QPainter, inner: QRectF) -> None:
        number, palette = self.number, current()
        if not math.isfinite(number.value):
            return
        low = min(0.0, number.value if number.low is None else number.low)
        high = max(1.0, number.value if number.high is None else number.high)
        y = inner.top() + 60

        def at(value: float) -> float:
            return inner.left() + inner.width() * (value - low) / (high - low)

        painter.setPen(QPen(palette.colour("line"), 2))
        painter.drawLine(QPointF(inner.left(), y), QPointF(inner.right(), y))
        if number.low is not None and number.high is not None:
            painter.setPen(QPen(palette.colour("accent"), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(at(number.low), y), QPointF(at(number.high), y))
        painter.setPen(QPen(palette.colour("raised"), 1.5))
        painter.setBrush(palette.colour("accent"))
        painter.drawEllipse(QPointF(at(number.value), y), 4.5, 4.5)


class Reflow(QWidget):
    """Widgets of equal width in as many columns as fit."""

    def __init__(self, least: int, spacing: int = SMALL) -> None:
        super().__init__()
        self._least = least
        self._widgets: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(spacing)
        self.setMinimumWidth(least)

    def show_widgets(self, widgets: Sequence[QWidget]) -> None:
        """Show others; the ones before are deleted where they are not among them."""
        for widget in self._widgets:
            self._grid.removeWidget(widget)
            if widget not in widgets:
                widget.hide()
                widget.deleteLater()
        self._widgets = list(widgets)
        self._columns = 0
        self._arrange()

    def arrange(self, widgets: Sequence[QWidget]) -> None:
        """Show some of these, or others, without deleting any."""
        for widget in self._widgets:
            self._grid.removeWidget(widget)
        self._widgets, self._columns = list(widgets), 0
        self._arrange()

    def widgets(self) -> list[QWidget]:
        """What is shown."""
        return list(self._widgets)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, another number of columns."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        count = len(self._widgets)
        if not count:
            return
        columns = max(
            1, min(count, (self.width() + self._grid.spacing()) // (self._least + self._grid.spacing()))
        )
        lines = -(-count // columns)
        columns = -(-count // lines)  # lines of equal length
        if columns == self._columns:
            return
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        self._columns = columns
        for place, widget in enumerate(self._widgets):
            self._grid.addWidget(widget, place // columns, place % columns)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)


class NumberTiles(Reflow):
    """The headline numbers of an evaluation."""

    def __init__(self) -> None:
        super().__init__(118)
        self.setAccessibleName(self.tr("Headline numbers"))

    def show_numbers(
        self, numbers: dict[str, Number], rows: Sequence[tuple[str, str, str]] = HEADLINES
    ) -> None:
        """Show other numbers; `rows` are names, titles and what they mean."""
        self.show_widgets(
            [
                NumberTile(numbers[name], self.tr(title), self.tr(help))
                for name, title, help in rows
                if name in numbers
            ]
        )
