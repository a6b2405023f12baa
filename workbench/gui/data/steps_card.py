"""The recipe's steps in their order: what each does and did, on or off, up and down, changed, removed, added."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.data.step import all_steps
from workbench.data.suggest import counted
from workbench.gui.data.card_parts import SmallNote, empty, figure
from workbench.gui.data.form_fields import Choices
from workbench.gui.data.step_chooser import StepChooser
from workbench.gui.data.step_form import StepForm
from workbench.gui.data.step_row import Record, StepOutcome, StepRow
from workbench.gui.theme import MEDIUM, SMALL, TINY
from workbench.gui.widgets import Card, EmptyState, GhostButton, Label, column, row

if TYPE_CHECKING:
    from workbench.data.pipeline import StepReport
    from workbench.run.problem import Problem

_STEP = re.compile(r"Step (\d+)\. ")


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
        self._editing = -1  # the place of the step in the form; -1 for a new one
        self._available = True
        self.rows: list[StepRow] = []
        self.form: StepForm | None = None
        self.chooser: StepChooser | None = None  # while it shows
        self._all_steps: StepChooser | None = None
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
        self.trouble = SmallNote("error")
        foot = column(self.trouble, self.total, row(self.add_button, None))
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
        """Show the recipe's steps; a form that is open stays, unless its step is not there any more."""
        shown = tuple(dict(record) for record in records)
        if self._available and _told(shown) == _told(self._records):
            return
        kept = self._editing < 0 or (
            self._editing < len(shown)
            and _told((shown[self._editing],)) == _told((self._records[self._editing],))
        )
        self._records, self._outcomes = shown, ()
        self._offer_first()
        if not kept:
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

    def show_reports(self, reports: Sequence[StepReport], rows_before: int = -1) -> None:
        """What the pipeline says that the steps did; those that are off have no report."""
        outcomes: list[StepOutcome | None] = [None] * len(self.rows)
        for each in reports:
            if each.place < len(outcomes):
                outcomes[each.place] = StepOutcome(each.changed, each.removed, each.added, each.notes)
        self.show_outcomes(outcomes, rows_before, reports[-1].rows if reports else rows_before)

    def show_problem(self, problem: Problem | None) -> None:
        """What stands against the steps, at the step that its title names ("Step 2. …"); None takes it back."""
        place = _STEP.match(problem.title) if problem else None
        for number, each in enumerate(self.rows, start=1):
            if problem and place and int(place[1]) == number:
                title = problem.title[place.end() :]
                words = " ".join(part for part in (title, problem.cause, problem.remedy) if part)
                each.show_outcome(StepOutcome(problem=words))
        self.trouble.say(str(problem) if problem and not place else "")

    def show_outcome(self, text: str, kind: str = "hint") -> None:
        """What the step in the open form would do; nothing where no form is open."""
        if self.form is not None:
            self.form.show_outcome(text, kind)

    def show_unavailable(self, why: str) -> None:
        """Steps are not for this data, such as a plain text."""
        self._records = ()
        self._available = False
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
        if self._all_steps is None:  # made once: it takes a tenth of a second
            self._all_steps = StepChooser()
            self._all_steps.chosen.connect(lambda kind: self.open_form(kind))
            self._all_steps.left.connect(self._leave)
            self._place_layout.addWidget(self._all_steps)
        self.chooser = self._all_steps
        self.chooser.show()
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

    def _landing(self, place: int, height: int) -> int:
        """Where a dragged step would stand: below all others whose middle the mouse has passed."""
        tops = [each.mapToGlobal(each.rect().center()).y() for each in self.rows]
        return sum(middle < height for other, middle in enumerate(tops) if other != place)

    def _drag(self, place: int, height: int) -> None:
        to = self._landing(place, height)
        for other, each in enumerate(self.rows):
            here = other == to and to != place
            each.show_landing(("above" if to < place else "below") if here else "")

    def _drop(self, place: int, height: int) -> None:
        to = self._landing(place, height)
        for each in self.rows:
            each.show_landing("")
        if to != place:
            self._move(place, to - place)

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
        self.trouble.say("")
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
        self._available = True
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
        if self.form is not None:
            self._place_layout.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
        if self._all_steps is not None:
            self._all_steps.hide()
        self.form = self.chooser = None
        self._editing = -1

    def _show_only(self, part: QWidget) -> None:
        for each in (self.empty, self._whole, self._place):
            each.setVisible(each is part)

    def _show_list(self) -> None:
        """The list, or what stands for it, unless a form or all steps show."""
        if self.form is not None or self.chooser is not None:
            self._show_only(self._place)
        else:
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
            made.dragged.connect(partial(self._drag, place))
            made.dropped.connect(partial(self._drop, place))
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


def _told(records: Sequence[Record]) -> str:
    """The records as text: a recipe may hold tuples where a form makes lists."""
    return json.dumps([dict(record) for record in records], sort_keys=True, default=str)
