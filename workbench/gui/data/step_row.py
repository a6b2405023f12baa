"""A step of the recipe as a row: what it does and did, its switch, and what unfolds below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from workbench.data.step import Step, all_steps, parse_step
from workbench.data.suggest import counted
from workbench.gui.data.card_parts import Chevron, RowButton, SmallNote, breakable, figure, set_words
from workbench.gui.theme import RADIUS_SMALL, SMALL, current, theme
from workbench.gui.widgets import GhostButton, IconButton, Label, Muted, column, explain_widget, row
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


class StepRow(QWidget):
    """One step: its head, its switch, and what unfolds below."""

    opened = Signal(bool)
    switched = Signal(bool)
    moved = Signal(int)
    removed = Signal()
    edited = Signal()

    def __init__(self, number: int, of: int, record: Record) -> None:
        super().__init__()
        self.record = record
        on = record.get("on", True) is not False
        summary, trouble = _summary(record)
        name = str(record.get("name", ""))
        self.head = _StepHead(self.tr("Step {0}: {1}").format(number, name or summary))
        self.head.setCheckable(True)
        self.head.moved.connect(self.moved)
        self.head.removed.connect(self.removed)
        help = self.tr("Alt+Up and Alt+Down move it, Delete removes it.")
        explain_widget(self.head, help, self.head.text())
        self.number = Muted(str(number), wrap=False)
        self.title = Label(breakable(name or summary), "" if on else "muted", wrap=True)
        self.outcome = Label("", "caption", wrap=True)
        said = [self.title]
        if name:
            said.append(Label(breakable(summary), "caption", wrap=True))
        self._on = on
        self._chevron = Chevron()
        self.head.put(self.number)
        self.head.put(column(*said, self.outcome, spacing=2), 1)
        self.head.put(self._chevron)
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
        self.problem = SmallNote("error")
        self.content = self._make_content(number, of)
        self.content.hide()
        self.switch.setFixedHeight(28)
        line = QHBoxLayout()
        line.setContentsMargins(SMALL, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.head, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        self.problem.setContentsMargins(SMALL, 0, SMALL, SMALL)
        layout.addWidget(self.problem)
        layout.addWidget(self.content)
        self.head.toggled.connect(self._fold)
        self.show_outcome(StepOutcome(problem=trouble) if trouble else None)
        self._trouble = trouble
        theme().changed.connect(self.update)

    def _make_content(self, number: int, of: int) -> QWidget:
        tr = self.tr
        self.edit = GhostButton(
            tr("Edit"), "pencil", help=tr("Change what the step does."), on_click=self.edited.emit
        )
        self.edit.setEnabled(str(self.record.get("kind", "")) in all_steps())
        self.up = IconButton("chevron-up", tr("Move up"), "Alt+Up.", on_click=lambda: self.moved.emit(-1))
        self.down = IconButton(
            "chevron-down", tr("Move down"), "Alt+Down.", on_click=lambda: self.moved.emit(1)
        )
        self.up.setEnabled(number > 1)
        self.down.setEnabled(number < of)
        self.remove = IconButton(
            "trash", tr("Remove"), tr("Take the step out. It can be undone."), on_click=self.removed.emit
        )
        self.notes = Label("", "caption", wrap=True)
        self.notes.hide()
        buttons = row(self.edit, None, self.up, self.down, self.remove, spacing=2)
        content = column(self.notes, buttons)
        content.setContentsMargins(SMALL, 0, SMALL, SMALL)
        return content

    def is_open(self) -> bool:
        """Whether the buttons show."""
        return self.head.isChecked()

    def show_outcome(self, outcome: StepOutcome | None) -> None:
        """What it did; None where that is not known."""
        if outcome is None:
            self.outcome.setText("" if self._on else self.tr("off"))
            self.outcome.setVisible(not self._on)
            return
        words = outcome.words() if not outcome.problem and self._on else ("" if self._on else self.tr("off"))
        self.outcome.setText(words)
        self.outcome.setVisible(bool(words))
        self.problem.say(outcome.problem, "error")
        self.notes.setText(breakable("\n".join(outcome.notes)))
        self.notes.setVisible(bool(outcome.notes))
        spoken = f"{words} {outcome.problem}".strip()
        self.head.setAccessibleDescription(f"{spoken} {self.head.toolTip()}".strip())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The one that is unfolded stands out."""
        if self.is_open():
            painter, palette = QPainter(self), current()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(palette.colour("line"))
            painter.setBrush(palette.colour("background"))
            area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(area, RADIUS_SMALL, RADIUS_SMALL)

    def _fold(self, on: bool) -> None:
        self.content.setVisible(on)
        self._chevron.show_open(on)
        set_words(self.title, "section" if on else ("" if self._on else "muted"))
        self.update()
        self.opened.emit(on)


class _StepHead(RowButton):
    moved = Signal(int)
    removed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt with an arrow moves the step, Delete removes it."""
        key = event.key()
        if event.modifiers() == Qt.KeyboardModifier.AltModifier and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.moved.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)


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
