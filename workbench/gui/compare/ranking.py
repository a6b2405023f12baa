"""The leaderboards: one for each data set and set of held-out rows, and why some runs are not on them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QComboBox, QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.compare.board import Board
from workbench.gui.compare.columns import with_interval
from workbench.gui.compare.view import View
from workbench.gui.runs_list import metric_title
from workbench.gui.theme import MEDIUM, SMALL, current, theme
from workbench.gui.widgets import Card, ElidedLabel, EmptyState, Label, Muted, explain_widget, row, tall
from workbench.gui.workspace import Workspace
from workbench.run.comparison import ComparedRun, Leaderboard, leaderboards
from workbench.run.scores import Number

#: So many runs that are not ranked are named.
_NAMED = 4


class Whisker(QWidget):
    """A score as a dot on a line, its 95 % interval, all of one board on the same scale; a click shows the run."""

    picked = Signal()

    def __init__(self, number: Number, low: float, high: float) -> None:
        super().__init__()
        self._number, self._low, self._high = number, low, high
        self.setMinimumSize(80, 20)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        help = self.tr("{0}. A click shows the run.").format(with_interval(number))
        explain_widget(self, help, metric_title(number.name))
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """A line."""
        return QSize(160, 20)

    def _x(self, value: float) -> float:
        share = (value - self._low) / ((self._high - self._low) or 1.0)
        return 6 + (self.width() - 12) * share

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show the run."""
        self.picked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and the space bar show the run too."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.picked.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The ground, the interval, the dot."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.colour("raised"))
        painter.drawRoundedRect(QRectF(0, middle - 4, self.width(), 8), 4, 4)
        colour = palette.colour("accent")
        if self._number.low is not None and self._number.high is not None:
            painter.setPen(QPen(colour, 2))
            ends = QPointF(self._x(self._number.low), middle), QPointF(self._x(self._number.high), middle)
            painter.drawLine(*ends)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(self._x(self._number.value), middle), 4.5, 4.5)


class RankingView(View):
    """By which score, and a card for each board."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.by = QComboBox()
        self.by.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.by.activated.connect(lambda _: self._draw())
        explain_widget(self.by, self.tr("What decides the places."), self.tr("Ranked by"))
        self.boards: tuple[Leaderboard, ...] = ()
        self._content = QWidget()
        self._cards = QVBoxLayout(self._content)
        self._cards.setContentsMargins(0, 0, 0, 0)
        self._cards.setSpacing(SMALL)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(row(Label(self.tr("Ranked by"), "caption"), self.by, None))
        layout.addWidget(tall(self._content), 1)

    def show_runs(self) -> None:
        """Offer the scores that the ticked runs have."""
        before = self.by.currentData()
        self.by.clear()
        self.by.addItem(self.tr("what decides in each"), "")
        for name in self.board.table.metrics:
            self.by.addItem(metric_title(name), name)
        self.by.setCurrentIndex(max(0, self.by.findData(before or "")))
        self._draw()

    def _draw(self) -> None:
        while item := self._cards.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        self.boards = leaderboards(self.board.table.runs, str(self.by.currentData() or ""))
        for found in self.boards:
            self._cards.addWidget(self._card(found))
        if not self.boards:
            self._cards.addWidget(
                EmptyState("measure", self.tr("Nothing to rank yet"), self.tr("Tick two or more runs below."))
            )
        self._cards.addStretch(1)

    def _card(self, found: Leaderboard) -> Card:
        titles = {one.name: one.title for one in self.workspace.datasets}
        card = Card(titles.get(found.data, found.data), self._sentence(found))
        grid = QGridLayout()
        grid.setHorizontalSpacing(MEDIUM)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(3, 4)
        low, high = _span([ranked.score for ranked in found.ranked])
        for line, ranked in enumerate(found.ranked):
            place = Label(f"{ranked.place}.", "section" if ranked.place == 1 else "muted")
            name = ElidedLabel(ranked.run.title, "section" if ranked.place == 1 else "")
            words = self.tr("may be as good as the first") if ranked.near else ""
            why = self.tr(
                "Its interval overlaps that of the first: on other rows of the same kind the order may be another."
            )
            near = Label(words, "caption")
            explain_widget(near, why if words else "", words)
            whisker = Whisker(ranked.score, low, high)
            whisker.picked.connect(lambda name=ranked.run.name: self.workspace.select(name))
            for column, widget in enumerate((place, name, Label(with_interval(ranked.score)), whisker, near)):
                grid.addWidget(widget, line, column)
        held = QWidget()
        held.setLayout(grid)
        if found.ranked:
            card.add(held)
        for why, runs in found.reasons:
            card.add(Muted(self.tr("Not ranked: {0}. {1}").format(_named(runs), why)))
        return card

    def _sentence(self, found: Leaderboard) -> str:
        if not found.ranked:
            return self.tr("Nobody can be ranked here.")
        order = self.tr("larger is better") if found.highest_is_best else self.tr("smaller is better")
        return self.tr("{0} on the same {1} held-out rows; {2}.").format(
            metric_title(found.metric), found.rows, order
        )


def _named(runs: Sequence[ComparedRun]) -> str:
    names = [run.title for run in runs[:_NAMED]]
    more = len(runs) - len(names)
    return f"{', '.join(names)} and {more} more" if more else ", ".join(names)


def _span(scores: Sequence[Number]) -> tuple[float, float]:
    """The ends of the scale that holds all intervals."""
    ends = [end for one in scores for end in (one.low, one.value, one.high) if end is not None]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)
