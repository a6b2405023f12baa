"""A step of the recipe as a row: what it does and did, its switch, and what unfolds below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QHBoxLayout, QWidget

from workbench.data.step import Step, all_steps, parse_step
from workbench.data.suggest import counted
from workbench.gui.data.card_parts import RowButton, SmallNote, breakable, figure, set_words
from workbench.gui.data.folding_row import FoldingRow
from workbench.gui.theme import SMALL, current
from workbench.gui.widgets import GhostButton, IconButton, Label, Muted, column, explain_widget, row, show_if
from workbench.run.problem import WorkbenchError

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What a step did to the rows, or what stood against it."""

    changed: int = 0
    removed: int = 0
    added: int = 0
    notes: tuple[str, ...] = ()
    problem: str = ""

    def words(self) -> str:
        """The counts: "12 rows removed, 3 changed"."""
        parts = [(self.removed, "removed"), (self.changed, "changed"), (self.added, "added")]
        there = [(count, done) for count, done in parts if count]
        if not there:
            return "changes nothing"
        (first, done), *rest = there
        return ", ".join((f"{counted(first, 'row')} {done}", *(f"{figure(n)} {d}" for n, d in rest)))


class StepRow(FoldingRow):
    """One step: its head, its switch, and what unfolds below."""

    switched = Signal(bool)
    moved = Signal(int)
    removed = Signal()
    edited = Signal()
    dragged = Signal(int)  # the mouse's height on the screen
    dropped = Signal(int)

    def __init__(self, number: int, of: int, record: Record) -> None:
        summary, trouble = _summary(record)
        name = str(record.get("name", ""))
        head = _StepHead(f"{number}: {name or summary}")
        super().__init__(head)
        self.record = record
        self._landing = ""
        on = record.get("on", True) is not False
        for signal, own in (
            (head.moved, self.moved),
            (head.removed, self.removed),
            (head.dragged, self.dragged),
            (head.dropped, self.dropped),
        ):
            signal.connect(own)
        head.setText(self.tr("Step {0}: {1}").format(number, name or summary))
        self._help = self.tr("Alt+Up, Alt+Down or the mouse move it, Delete removes it.")
        explain_widget(head, self._help, head.text())
        self.number = Muted(str(number), wrap=False)
        self.title = Label(breakable(name or summary), "" if on else "muted", wrap=True)
        self.outcome = Label("", "caption", wrap=True)
        said = [self.title]
        if name:
            said.append(Label(breakable(summary), "caption", wrap=True))
        self._on = on
        self.head.put(self.number)
        self.head.put(column(*said, self.outcome, spacing=2), 1)
        self.head.put(self.chevron)
        self.switch = QCheckBox()
        self.switch.setChecked(on)
        explain_widget(
            self.switch,
            self.tr("On. Take the tick away to leave the step out and keep it for later.")
            if on
            else self.tr("Off. The step is left out."),
            self.tr("Step {0} is on").format(number),
        )
        self.switch.toggled.connect(self.switched)
        self._number, self._of = number, of
        self._trouble = trouble
        self._outcome: StepOutcome | None = None
        self.problem: SmallNote | None = None  # made when there is one, as most rows have none
        self.switch.setFixedHeight(28)
        line = QHBoxLayout()
        line.setContentsMargins(SMALL, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.head, 1)
        self.body.addLayout(line)
        self.show_outcome(None)

    def make_content(self) -> QWidget:
        """What is to be said of it, and what can be done with it."""
        tr = self.tr
        self.edit = GhostButton(
            tr("Edit"), "pencil", help=tr("Change what the step does."), on_click=self.edited.emit
        )
        self.edit.setEnabled(str(self.record.get("kind", "")) in all_steps())
        self.up = IconButton("chevron-up", tr("Move up"), "Alt+Up.", on_click=lambda: self.moved.emit(-1))
        self.down = IconButton(
            "chevron-down", tr("Move down"), "Alt+Down.", on_click=lambda: self.moved.emit(1)
        )
        self.up.setEnabled(self._number > 1)
        self.down.setEnabled(self._number < self._of)
        self.remove = IconButton(
            "trash", tr("Remove"), tr("Take the step out. It can be undone."), on_click=self.removed.emit
        )
        self.notes = Label("", "caption", wrap=True)
        self._show_notes()
        buttons = row(self.edit, None, self.up, self.down, self.remove, spacing=2)
        content = column(self.notes, buttons)
        content.setContentsMargins(SMALL, 0, SMALL, SMALL)
        return content

    def show_folded(self, on: bool) -> None:
        """The title of the one that is open is set in bold."""
        set_words(self.title, "section" if on else ("" if self._on else "muted"))

    def show_outcome(self, outcome: StepOutcome | None) -> None:
        """What it did; None where that is not known."""
        self._outcome = outcome
        problem = (outcome.problem if outcome else "") or self._trouble
        words = outcome.words() if outcome and not problem else ""
        words = words if self._on else self.tr("off")
        self.outcome.setText(words)
        show_if(self.outcome, bool(words))
        if problem and self.problem is None:
            self.problem = SmallNote("error")
            self.problem.setContentsMargins(SMALL, 0, SMALL, SMALL)
            self.body.insertWidget(1, self.problem)
        if self.problem is not None:
            self.problem.say(problem)
        if self.content is not None:
            self._show_notes()
        spoken = ". ".join(part for part in (words, problem) if part)
        self.head.setAccessibleDescription(f"{spoken} {self._help}".strip())

    def _show_notes(self) -> None:
        notes = self._outcome.notes if self._outcome else ()
        self.notes.setText(breakable("\n".join(notes)))
        show_if(self.notes, bool(notes))

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line shows where a dragged step would come."""
        super().paintEvent(event)
        if self._landing:
            y = 0 if self._landing == "above" else self.height() - 2
            QPainter(self).fillRect(QRectF(0, y, self.width(), 2), current().colour("accent"))

    def show_landing(self, where: str) -> None:
        """Show that a dragged step would come "above" or "below"; an empty text takes the line away."""
        if where != self._landing:
            self._landing = where
            self.update()


class _StepHead(RowButton):
    """The head of a step: keys and the mouse move it, Delete removes it."""

    moved = Signal(int)
    removed = Signal()
    dragged = Signal(int)  # the mouse's height on the screen
    dropped = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._pressed = 0.0
        self._dragging = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt with an arrow moves the step, Delete removes it."""
        key = event.key()
        if event.modifiers() == Qt.KeyboardModifier.AltModifier and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.moved.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A drag may begin here."""
        self._pressed, self._dragging = event.position().y(), False
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Further than a trembling hand moves it is a drag, and no click any more."""
        held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if held and abs(event.position().y() - self._pressed) >= QApplication.startDragDistance():
            self._dragging = True
            self.setDown(False)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            self.dragged.emit(round(event.globalPosition().y()))
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let it go where the mouse is."""
        if not self._dragging:
            super().mouseReleaseEvent(event)
            return
        self._dragging = False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.dropped.emit(round(event.globalPosition().y()))


def _summary(record: Record) -> tuple[str, str]:
    """What a record does in words, and what is wrong with it."""
    kind = str(record.get("kind", ""))
    try:
        step: Step = parse_step(record)
    except WorkbenchError as error:
        known = all_steps().get(kind)
        problem = error.problems[0]
        return (
            known.title if known else kind,
            f"{problem.title} {problem.remedy if known is None else problem.cause}",
        )
    return step.summary(), ""
