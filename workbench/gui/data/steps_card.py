"""The recipe's steps in their order: what each does and did, on or off, up and down, changed, removed, added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from workbench.data.step import Step, all_steps, parse_step
from workbench.data.suggest import counted
from workbench.gui.data.card_parts import Chevron, RowButton, SmallNote, breakable, empty, figure, set_words
from workbench.gui.data.form_fields import Choices
from workbench.gui.data.step_chooser import StepChooser
from workbench.gui.data.step_form import StepForm
from workbench.gui.theme import MEDIUM, RADIUS_SMALL, SMALL, TINY, current, theme
from workbench.gui.widgets import (
    Card,
    EmptyState,
    GhostButton,
    IconButton,
    Label,
    Muted,
    column,
    explain_widget,
    row,
)
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


class StepsCard(Card):
    """The steps of the recipe in hand. It shows what it is given and tells what the person wants instead."""

    steps_changed = Signal(object)  # all records, a tuple of plain dictionaries
    outcome_wanted = Signal(int, object)  # the place in the list, the record that is being set up
    counted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Steps"))
        self._records: tuple[Record, ...] = ()
        self._outcomes: tuple[StepOutcome | None, ...] = ()
        self._choices = Choices()
        self._editing = -1
        self._problems: dict[int, str] = {}
        self.rows: list[StepRow] = []
        self.form: StepForm | None = None
        self.chooser: StepChooser | None = None
        self.empty = EmptyState("layers", "-", "-", self.tr("Add a step"), self.add_step)
        self.total = Label("", "caption", wrap=True)
        self.total.hide()
        self.add_button = GhostButton(
            self.tr("Add a step"),
            "plus",
            help=self.tr("Choose what else is to be done to the rows."),
            on_click=self.add_step,
        )
        listed = QWidget()
        self._list = QVBoxLayout(listed)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(TINY)
        foot = column(self.total, row(self.add_button, None))
        foot.setContentsMargins(SMALL, 0, SMALL, 0)
        self._whole = column(listed, foot)
        self._place = QWidget()  # of the form and the chooser
        self._place_layout = QVBoxLayout(self._place)
        self._place_layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.empty, self._whole, self._place):
            self.add(part)
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(SMALL, MEDIUM, SMALL, MEDIUM)
        self._offer_first()
        self._rebuild()

    # ---- slots

    def show_data(self, choices: Choices) -> None:
        """What the forms offer: columns and labels."""
        self._choices = choices

    def show_steps(self, records: Sequence[Record]) -> None:
        """Show the recipe's steps; a form that is open stays, unless the steps are others."""
        if tuple(records) == self._records and self.empty.action.isVisibleTo(self.empty):
            return
        self._records, self._outcomes = tuple(records), ()
        self._offer_first()
        self._close()
        self._rebuild()

    def show_outcomes(
        self, outcomes: Sequence[StepOutcome | None], rows_before: int = -1, rows_after: int = -1
    ) -> None:
        """What each step did, in their order (None: not known), and how many rows went in and came out."""
        self._outcomes = tuple(outcomes)
        for each, outcome in zip(self.rows, self._outcomes, strict=False):
            if outcome is not None:
                each.show_outcome(outcome)
        known = rows_before >= 0 <= rows_after
        if known:
            self.total.setText(
                self.tr("{0} in the file, {1} after all steps").format(
                    counted(rows_before, "row"), figure(rows_after)
                )
            )
        self.total.setVisible(known)

    def show_outcome(self, text: str, kind: str = "hint") -> None:
        """What the step in the open form would do; nothing where no form is open."""
        if self.form is not None:
            self.form.show_outcome(text, kind)

    def show_unavailable(self, why: str) -> None:
        """Steps are not for this data, such as a plain text."""
        self._records = ()
        self._close()
        self._rebuild()
        self.empty.say(self.tr("No steps here"), why, "info")
        self.empty.action.hide()
        self.counted.emit(0)

    def records(self) -> tuple[Record, ...]:
        """What is shown."""
        return self._records

    # ---- what the person does

    def add_step(self) -> None:
        """Offer all kinds of steps."""
        self._close()
        self.chooser = StepChooser()
        self.chooser.chosen.connect(lambda kind: self.open_form(kind))
        self.chooser.left.connect(self._leave)
        self._place_layout.addWidget(self.chooser)
        self._show_only(self._place)
        self.chooser.start()

    def open_form(self, kind: str, place: int = -1) -> None:
        """Set up a new step of a kind, or the one at a place in the list."""
        self._close()
        self._editing = place
        record = self._records[place] if place >= 0 else None
        form = self.form = StepForm(all_steps()[kind], self._choices, record)
        form.accepted.connect(self._accepted)
        form.cancelled.connect(self._leave)
        at = place if place >= 0 else len(self._records)
        form.changed.connect(lambda changed: self.outcome_wanted.emit(at, changed))
        self._place_layout.addWidget(form)
        self._show_only(self._place)
        first = next(iter(form.fields.values()), None)
        (first.editor if first else form.accept).setFocus(Qt.FocusReason.OtherFocusReason)
        form.ask()

    def _accepted(self, record: dict[str, Any]) -> None:
        records = list(self._records)
        place = self._editing if self._editing >= 0 else len(records)
        records[place : place + 1] = [record]
        self._close()
        self._change(records, place)

    def _leave(self) -> None:
        place = self._editing
        self._close()
        self._show_list()
        if 0 <= place < len(self.rows):
            self.rows[place].head.step_here()
        else:
            self.add_button.setFocus()

    def _switch(self, place: int, on: bool) -> None:
        records = list(self._records)
        record = {key: value for key, value in records[place].items() if key != "on"}
        records[place] = record if on else {"kind": record.pop("kind", ""), "on": False, **record}
        self._change(records, focus=-1)
        self.rows[place].switch.setFocus()

    def _move(self, place: int, by: int) -> None:
        to = place + by
        if 0 <= to < len(self._records):
            records = list(self._records)
            records.insert(to, records.pop(place))
            was_open = [each.is_open() for each in self.rows]
            self._change(records, to)
            self.rows[to].head.setChecked(was_open[place])

    def _remove(self, place: int) -> None:
        records = list(self._records)
        del records[place]
        self._change(records, min(place, len(records) - 1))

    def _change(self, records: list[Record], focus: int) -> None:
        """Show it at once and tell; what the steps did is not known any more."""
        opened = next((place for place, each in enumerate(self.rows) if each.is_open()), -1)
        same = len(records) == len(self._records)
        self._records, self._outcomes = tuple(records), ()
        self.total.hide()
        self._rebuild()
        if same and opened >= 0:
            self.rows[opened].head.setChecked(True)
        if 0 <= focus < len(self.rows):
            self.rows[focus].head.step_here()
        elif not self.rows:
            self.empty.action.setFocus()
        self.steps_changed.emit(tuple(dict(record) for record in self._records))

    # ---- inside

    def _offer_first(self) -> None:
        self.empty.say(
            self.tr("No steps yet"),
            self.tr(
                "Steps mend and shape the rows before training: remove, rename, tidy, balance. They stand in the "
                "recipe and are done again with every run; the file stays as it is."
            ),
            "layers",
        )
        self.empty.action.show()

    def _close(self) -> None:
        empty(self._place_layout)
        self.form = self.chooser = None
        self._editing = -1

    def _show_only(self, part: QWidget) -> None:
        for each in (self.empty, self._whole, self._place):
            each.setVisible(each is part)

    def _show_list(self) -> None:
        self._show_only(self._whole if self._records else self.empty)

    def _rebuild(self) -> None:
        empty(self._list)
        self.rows = []
        for place, record in enumerate(self._records):
            made = StepRow(place + 1, len(self._records), record)
            made.opened.connect(partial(self._opened, made))
            made.head.stepped.connect(partial(self._walk, place))
            made.switched.connect(partial(self._switch, place))
            made.moved.connect(partial(self._move, place))
            made.removed.connect(partial(self._remove, place))
            made.edited.connect(partial(self.open_form, str(record.get("kind", "")), place))
            self._list.addWidget(made)
            self.rows.append(made)
        self.show_outcomes(self._outcomes)
        self._show_list()
        self.counted.emit(len(self._records))

    def _opened(self, row: StepRow, on: bool) -> None:
        for other in self.rows:
            if on and other is not row:
                other.head.setChecked(False)

    def _walk(self, place: int, by: int) -> None:
        if 0 <= place + by < len(self.rows):
            self.rows[place + by].head.step_here()


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
