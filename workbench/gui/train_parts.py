"""Parts of the Train page: the headline numbers and the log of notices."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLayout,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.icons import icon
from workbench.gui.runs_list import metric_text, metric_title
from workbench.gui.series import figure
from workbench.gui.status import duration
from workbench.gui.theme import LARGE
from workbench.gui.widgets import Card, Label, explain_widget
from workbench.run.events import Changed, Notice
from workbench.run.history import History
from workbench.run.recipe_files import recipe_fields


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the large numbers: caption, value, and a small word below the caption. A `further` one is left out first
    where there is no room."""

    caption: str
    value: str
    note: str = ""
    further: bool = False


def headlines(history: History) -> list[Headline]:
    """The large numbers of a run: its best score, losses, progress, time and speed."""
    found: list[Headline] = []
    best, last, started = history.best_evaluation, history.last_step, history.started
    score = history.score
    if best and score:
        found.append(
            Headline(f"Best {metric_title(score[0]).lower()}", metric_text(*score), f"at step {best.step}")
        )
        for name, value in best.metrics.items():
            if name not in (score[0], "loss"):
                at = f"at step {best.step}"
                found.append(Headline(metric_title(name), metric_text(name, value), at, further=True))
    if history.last_evaluation and "loss" in history.last_evaluation.metrics:
        value = history.last_evaluation.metrics["loss"]
        found.append(Headline("Held-out loss", figure(value), f"at step {history.last_evaluation.step}"))
    if last:
        total = f"of {started.total_steps}" if started else ""
        found.append(Headline("Step", f"{last.step}", f"{total}, epoch {last.epoch:.1f}".lstrip(", ")))
    # Since it was last started: the days before it was resumed are no training.
    so_far = (history.last_time or 0) - (history.started_time or 0) if started else 0
    seconds = history.ended.seconds if history.ended else so_far
    if seconds:
        found.append(Headline("Time", duration(seconds), "training" if history.ended else "so far"))
    if last and len(history.curve("samples_per_second")):
        speed = float(history.curve("samples_per_second").y[-100:].mean())
        found.append(Headline("Speed", figure(round(speed, 1)), "rows a second"))
    return found


def changed_words(change: Changed) -> str:
    """What a person changed while the run was in work: the field, and its value from then on."""
    row = recipe_fields().get(change.path)
    value = f"{change.value:g}" if isinstance(change.value, float) else str(change.value)
    return f"{row.title if row else change.path} is {value}"


def told(history: History) -> list[Notice]:
    """The notices of a run, and what a person ordered of it as notices too, in the order of time."""
    found = list(history.notices)
    for change in history.changes:
        text = f"{changed_words(change)} from step {change.step + 1} on."
        found.append(Notice(index=change.index, time=change.time, text=text))
    for saved in history.checkpoints:
        if saved.mark:
            text = f"Checkpoint of step {saved.step} saved by hand; it stays."
            found.append(Notice(index=saved.index, time=saved.time, text=text))
    return sorted(found, key=lambda notice: notice.index)


class HeadlineTile(QWidget):
    """A large number with its caption."""

    def __init__(self) -> None:
        super().__init__()
        self.caption = Label("", "caption")
        self.value = Label("", "headline")
        self.note = Label("", "caption")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, LARGE, 0)
        layout.setSpacing(0)
        layout.addWidget(self.caption)
        layout.addWidget(self.value)
        layout.addWidget(self.note)

    def show_headline(self, headline: Headline) -> None:
        """Show other words."""
        self.caption.setText(headline.caption)
        self.value.setText(headline.value)
        self.note.setText(headline.note)
        explain_widget(self, "", f"{headline.caption}: {headline.value} {headline.note}")


class HeadlineRow(QWidget):
    """The large numbers side by side, as many as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self.tiles: list[HeadlineTile] = []
        self._shown: list[Headline] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(0)
        self._line.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._line.addStretch(1)

    def show_headlines(self, found: list[Headline]) -> None:
        """Show other numbers."""
        self._shown = found
        while len(self.tiles) < len(found):
            self.tiles.append(HeadlineTile())
            self._line.insertWidget(self._line.count() - 1, self.tiles[-1])
        for tile, headline in zip(self.tiles, found, strict=False):
            tile.show_headline(headline)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """The page is not held open by what may be left out."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has room for more, or for fewer."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        places = range(len(self._shown))
        widths = [self.tiles[place].sizeHint().width() for place in places]
        left_out: set[int] = set()
        # The last of the further ones goes first, then the last of the others; the first number stays.
        for place in sorted(places, key=lambda place: (not self._shown[place].further, -place))[:-1]:
            if sum(widths) - sum(widths[gone] for gone in left_out) <= self.width():
                break
            left_out.add(place)
        for place, tile in enumerate(self.tiles):
            tile.setVisible(place < len(self._shown) and place not in left_out)


class NoticeLog(Card):
    """What the run had to say, with the time of day."""

    def __init__(self) -> None:
        super().__init__()
        explain_widget(self, "", self.tr("Notices"))
        self.body.addWidget(Label(self.tr("Notices"), "section"))
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.list.setAccessibleName(self.tr("Notices of the run"))
        self.add(self.list, 1)
        self._shown: list[tuple[float, str]] = []

    def show_notices(self, history: History | None) -> None:
        """Add what is new; another run's notices replace all."""
        notices = told(history) if history else []
        known = [(notice.time, notice.text) for notice in notices]
        if known[: len(self._shown)] != self._shown:
            self.list.clear()
            self._shown = []
        for notice in notices[len(self._shown) :]:
            when = time.strftime("%H:%M:%S", time.localtime(notice.time))
            item = QListWidgetItem(f"{when}   {notice.text}")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            if notice.level == "warning":
                item.setIcon(icon("alert", "warning"))
            self.list.addItem(item)
        if known != self._shown:
            self.list.scrollToBottom()
        self._shown = known
