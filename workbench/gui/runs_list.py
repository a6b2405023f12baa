"""The runs shelf's rows: a list model over the workspace, and the delegate that paints a run."""

from __future__ import annotations

import time

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workbench.gui.theme import FONT_SMALL, MEDIUM, RADIUS_SMALL, SMALL, Palette, current
from workbench.gui.widgets.painted import draw_sparkline
from workbench.gui.workspace import Workspace
from workbench.run.folder import RunSummary, sparkline

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 62
RUN = Qt.ItemDataRole.UserRole
OVERLAY = Qt.ItemDataRole.UserRole + 1

#: Status → (word, tone).
STATUS = {
    "running": ("running", "accent"),
    "waiting": ("waiting for you", "warning"),
    "paused": ("paused", "warning"),
    "finished": ("finished", "good"),
    "stopped": ("stopped", "warning"),
    "interrupted": ("interrupted", "warning"),
    "failed": ("failed", "bad"),
    "new": ("new", "muted"),
}


def status_words(status: str, *, resumable: bool = False) -> tuple[str, str]:
    """A run's status as a person reads it, and its tone."""
    word, tone = STATUS.get(status, (status, "muted"))
    return (f"{word}, can be resumed" if status == "interrupted" and resumable else word), tone


#: Metrics that read better as per cent.
SHARES = ("accuracy", "f1", "precision", "recall")
#: Metrics whose names as they are would not be read.
_TITLES = {
    "f1_macro": "F1",
    "f1_micro": "Micro F1",
    "f1_samples": "F1 by row",
    "hamming": "Wrong answers",
    "r2": "R²",
    "mae": "Mean error",
    "rmse": "RMSE",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "chrf": "chrF",
    "bleu": "BLEU",
}


def metric_title(name: str) -> str:
    """A metric's name as a person reads it: "f1_macro" is "F1"."""
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def is_share(name: str) -> bool:
    """Whether a metric reads better as per cent."""
    return name.startswith(SHARES)


def metric_text(name: str, value: float) -> str:
    """A metric's value as a person reads it: "91.3 %", "12.4"."""
    if is_share(name):
        return f"{100 * value:.1f} %"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def ago(then: float, now: float | None = None) -> str:
    """A time in seconds since 1970 as a person says it: "just now", "12 min ago", "3 Nov"."""
    passed = (time.time() if now is None else now) - then
    if passed < 90:
        return "just now"
    if passed < 5400:
        return f"{passed / 60:.0f} min ago"
    if passed < 86400:
        return f"{passed / 3600:.0f} h ago"
    day = time.localtime(then)
    return f"{day.tm_mday} {time.strftime('%b', day)}"


class RunsModel(QAbstractListModel):
    """The workspace's runs; the one in work shows its live values."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._runs: tuple[RunSummary, ...] = ()

    def refresh(self) -> None:
        """Take over the workspace's runs; rows that stay keep their place and selection."""
        if [run.name for run in self._runs] == [run.name for run in self._workspace.runs]:
            self._runs = self._workspace.runs
            self.all_changed()
            return
        self.beginResetModel()
        self._runs = self._workspace.runs
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many runs there are."""
        return 0 if parent.isValid() else len(self._runs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The run and its colour among the overlays; in words for screen readers and tooltips."""
        run = self.run_at(index)
        if run is None:
            return None
        if role == RUN:
            return run
        if role == OVERLAY:
            overlays = self._workspace.overlays
            return overlays.index(run.name) if run.name in overlays else -1
        if role == Qt.ItemDataRole.DisplayRole:
            return run.title
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._words(run)
        return None

    def run_at(self, index: Index) -> RunSummary | None:
        """The run of a row."""
        return self._runs[index.row()] if 0 <= index.row() < len(self._runs) else None

    def index_of(self, name: str | None) -> QModelIndex:
        """The row of a run; an invalid index when it is not there."""
        for place, run in enumerate(self._runs):
            if run.name == name:
                return self.index(place)
        return QModelIndex()

    def run_changed(self, name: str) -> None:
        """New events of a run came in."""
        if name in (self._workspace.active_name, self._workspace.elsewhere.name):
            index = self.index_of(name)
            if index.isValid():
                self.dataChanged.emit(index, index)

    def all_changed(self) -> None:
        """Something changed that shows in every row."""
        if self._runs:
            self.dataChanged.emit(self.index(0), self.index(len(self._runs) - 1))

    def shown(self, run: RunSummary) -> tuple[str, str, str, tuple[float, ...]]:
        """What the row says: status, score, time, and the points of its curve."""
        history = self._workspace.histories.get(run.name)
        live = run.name in (self._workspace.active_name, self._workspace.elsewhere.name)
        score = history.score if live and history else run.score
        spark = run.spark
        if live and history:
            spark = sparkline(history)
        figure = metric_text(*score) if score else ""
        return self._status(run, live), figure, ago(run.created), spark

    def _status(self, run: RunSummary, live: bool) -> str:
        waiting = self._workspace.waits(run.name)
        if waiting:
            return "waiting" if waiting.problem else "paused"
        return "running" if live else run.status

    def _words(self, run: RunSummary) -> str:
        status, score, when, _ = self.shown(run)
        word, _ = status_words(status, resumable=run.resumable)
        parts = [run.title, word, run.model, run.data, f"step {run.steps} of {run.total_steps}"]
        if run.score:
            parts.append(f"{metric_title(run.score[0])} {score}")
        if run.problem:
            parts.append(run.problem.title)
        return "\n".join([*parts, when, run.name])


class RunsDelegate(QStyledItemDelegate):
    """Paints a run: name and score, then status, curve and time."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Every row is equally high."""
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        model, run = index.model(), index.data(RUN)
        if not isinstance(model, RunsModel) or not isinstance(run, RunSummary):
            return
        palette = current()
        frame = QRectF(option.rect).adjusted(6, 2, -6, -2)
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            self._ground(painter, frame, palette.selection)
            if state & QStyle.StateFlag.State_HasFocus:
                painter.setPen(QColor(palette.accent))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_SMALL, RADIUS_SMALL)
        elif state & QStyle.StateFlag.State_MouseOver:
            self._ground(painter, frame, palette.raised)
        self._content(painter, frame.adjusted(MEDIUM - 4, 7, 4 - MEDIUM, -7), model, run, index, palette)
        painter.restore()

    @staticmethod
    def _ground(painter: QPainter, frame: QRectF, colour: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(frame, RADIUS_SMALL, RADIUS_SMALL)

    @staticmethod
    def _content(
        painter: QPainter, area: QRectF, model: RunsModel, run: RunSummary, index: Index, palette: Palette
    ) -> None:
        status, score, when, spark = model.shown(run)
        font = QFont(painter.font())
        strong, small = QFont(font), QFont(font)
        strong.setWeight(QFont.Weight.DemiBold)
        small.setPixelSize(FONT_SMALL)
        half = area.height() / 2
        top = QRectF(area.left(), area.top(), area.width(), half)
        foot = QRectF(area.left(), area.top() + half, area.width(), half)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        overlay = index.data(OVERLAY)
        if isinstance(overlay, int) and overlay >= 0:
            colour = palette.curve(2 + overlay)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(QRectF(top.left(), top.center().y() - 4, 8, 8))
            top.setLeft(top.left() + 14)

        painter.setFont(strong)
        painter.setPen(QColor(palette.text))
        width = painter.fontMetrics().horizontalAdvance(score)
        painter.drawText(top, right, score)
        room = top.width() - width - SMALL
        title = painter.fontMetrics().elidedText(run.title, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(QRectF(top.left(), top.top(), room, top.height()), left, title)

        painter.setFont(small)
        word, tone = status_words(status, resumable=run.resumable)
        metrics = painter.fontMetrics()
        if metrics.horizontalAdvance(word) + metrics.horizontalAdvance(when) + SMALL > foot.width():
            when = ""  # the tooltip has it
        word = metrics.elidedText(word, Qt.TextElideMode.ElideRight, int(foot.width()))
        painter.setPen(QColor(getattr(palette, tone)))
        painter.drawText(foot, left, word)
        painter.setPen(QColor(palette.muted))
        painter.drawText(foot, right, when)
        from_ = painter.fontMetrics().horizontalAdvance(word) + MEDIUM
        till = painter.fontMetrics().horizontalAdvance(when) + MEDIUM
        curve = QRectF(foot.left() + from_, foot.top() + 4, foot.width() - from_ - till, foot.height() - 6)
        if curve.width() > 24:
            curve.setLeft(max(curve.left(), curve.right() - 72))
            draw_sparkline(
                painter, curve, spark, QColor(palette.accent if tone == "accent" else palette.muted)
            )
