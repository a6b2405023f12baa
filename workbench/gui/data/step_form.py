"""The form of one step, made from the fields of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticUndefined
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from workbench.data.step import Step, parse_step
from workbench.data.suggest import listed
from workbench.gui.data.card_parts import SmallNote, breakable
from workbench.gui.data.form_fields import Choices, FormField, kind_of, needed
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    FoldSection,
    GhostButton,
    IconButton,
    Label,
    Muted,
    PrimaryButton,
    column,
    explain_widget,
    row,
    show_if,
)
from workbench.run.problem import WorkbenchError
from workbench.run.recipe_files import FieldRow, fields_of

#: What belongs to a record and not to its step.
KEPT = ("kind", "name", "on")
_EMPTY: dict[str, Any] = {"columns": [], "picks": [], "lines": [], "pairs": {}, "column": "", "paragraph": ""}


class StepForm(QWidget):
    """Sets up one step; what it makes has been through `parse_step`.

    Args:
        step: The kind of step.
        choices: The data's columns and labels.
        record: The step as it stands in the recipe, to change it; None for a new one.
    """

    accepted = Signal(object)  # the record, a plain dictionary
    cancelled = Signal()
    changed = Signal(object)  # the record whenever it changes and is right, to ask what it would do

    def __init__(self, step: type[Step], choices: Choices, record: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self._step, self._choices = step, choices
        self._record = dict(record or {})
        self._tried = False
        self._touched: set[str] = set()
        self.fields: dict[str, FormField] = {}
        self._values: dict[str, Any] = {}
        names = choices.columns if step.group == "columns" else choices.labels
        for name, field in fields_of(step).items():
            shown = replace(field, help=needed(field)[1])
            made = self.fields[name] = FormField(shown, choices, names)
            self._values[name] = self._record.get(name, self._first(field))
            if self._values[name] is not None:
                made.show_value(self._values[name])
            made.edited.connect(self._edited)
        self.name = QLineEdit(str(self._record.get("name", "")))
        self.name.setMaxLength(80)  # as in the recipe
        self.name.setPlaceholderText(self.tr("None needed"))
        help = self.tr("What the step is called in the list; without a name it says what it does.")
        explain_widget(self.name, help, self.tr("Your name for the step"))
        self.trouble = SmallNote("error")
        self.doubt = SmallNote("warning")
        self.outcome = SmallNote("hint")
        self._lay_out(new=record is None)
        self._show_needed()

    def _lay_out(self, *, new: bool) -> None:
        back = IconButton("chevron-left", self.tr("Back"), self.tr("Leave the step as it was."))
        back.clicked.connect(self.cancelled)
        title = Label(self._step.title, "title", wrap=True)
        self.accept = PrimaryButton(
            self.tr("Add step") if new else self.tr("Change step"), on_click=self._accept
        )
        self.cancel = GhostButton(self.tr("Cancel"), on_click=self.cancelled.emit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SMALL, 0, SMALL, 0)
        layout.setSpacing(MEDIUM)
        head = row(back, title)
        inner = head.layout()
        if inner is not None:
            inner.setAlignment(back, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(head)
        layout.addWidget(Muted(breakable(self._step.help)))
        more = self._more = FoldSection(self.tr("More"))
        for field in self.fields.values():
            if field.field.advanced:
                more.add(field)
            else:
                layout.addWidget(field)
        layout.addWidget(more)
        show_if(more, bool(more.body.count()))
        caption = Label(self.tr("Your name for the step"), "caption")
        caption.setBuddy(self.name)
        layout.addWidget(column(caption, self.name, spacing=3))
        for note in (self.trouble, self.doubt, self.outcome):
            layout.addWidget(note)
        layout.addWidget(row(self.accept, self.cancel, None))
        layout.addSpacing(SMALL)

    def _first(self, field: FieldRow) -> Any:
        """What a new step begins with: the default, or what suits the data at hand."""
        kind = kind_of(field)
        default = None if field.default is PydanticUndefined else field.default
        if kind == "column" and default is None:
            return self._choices.label if self._step.group == "labels" else self._choices.text
        if default is None:
            return _EMPTY.get(kind, self._least(field))
        return default

    @staticmethod
    def _least(field: FieldRow) -> Any:
        """What an editor shows that was given nothing: its smallest number, its first choice, an empty line."""
        if field.annotation is int:
            return int(field.minimum or 0)
        if field.annotation is float:
            return float(field.minimum or 0)
        if field.annotation is bool:
            return False
        choices = getattr(field.annotation, "__args__", ())
        if choices and all(isinstance(choice, str) for choice in choices):
            return choices[0]
        return "" if field.annotation is str else None

    # ---- showing

    def show_outcome(self, text: str, kind: str = "hint") -> None:
        """Say what the step would do; `kind` is hint, warning, error or good, an empty text hides it."""
        self.outcome.say(text, kind)

    def record(self) -> dict[str, Any]:
        """The step as a recipe holds it; every field stands there, so that later defaults change nothing."""
        record: dict[str, Any] = {"kind": self._step.kind}
        name = self.name.text().strip()
        if name:
            record["name"] = name
        if "on" in self._record:
            record["on"] = self._record["on"]
        values = {key: _plain(value) for key, value in self._values.items()}
        return record | {key: value for key, value in values.items() if value is not None}

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves the form."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    # ---- inside

    def _edited(self, name: str, value: object) -> None:
        self._values[name] = value
        self._touched.add(name)
        self._show_needed()
        self.outcome.say("")
        if self._validate():
            self.changed.emit(self.record())

    def _accept(self) -> None:
        self._tried = True
        if self._validate():
            self.accepted.emit(self.record())
            return
        wrong = next((f for f in self.fields.values() if not f.complaint.isHidden()), None)
        if wrong is not None:
            self._more.set_open(self._more.is_open() or wrong.field.advanced)
            wrong.editor.setFocus()

    def ask(self) -> None:
        """Ask what the step would do as it stands, if it is right."""
        if self._validate():
            self.changed.emit(self.record())

    def _show_needed(self) -> None:
        """A field that counts for one choice of another field shows only with that choice."""
        chosen = {str(value) for value in self._values.values() if isinstance(value, str)}
        for name, field in fields_of(self._step).items():
            choices = needed(field)[0]
            show_if(self.fields[name], not choices or bool(choices & chosen))

    def _validate(self) -> bool:
        """Whether it is right; complains where something was touched, and everywhere once it was tried."""
        said: dict[str, str] = {}
        general: list[str] = []
        doubts: list[str] = []
        try:
            step = parse_step(self.record())
            unknown = [name for name in step.needs() if name and name not in self._choices.columns]
            if unknown and self._choices.columns:
                doubts.append(self.tr("There is no column {0} here.").format(listed(unknown, 4)))
        except WorkbenchError as error:
            cause = error.__cause__
            if isinstance(cause, ValidationError):
                for detail in cause.errors(include_url=False):
                    name = str(detail["loc"][0]) if detail["loc"] else ""
                    if name in self.fields:
                        said.setdefault(name, self._words(detail, kind_of(self.fields[name].field)))
                    else:
                        general.append(self._words(detail))
            else:
                general += [str(problem) for problem in error.problems]
        for name, field in self.fields.items():
            shown = self._tried or name in self._touched
            field.complain(said.get(name, "") if shown else "")
        self.trouble.say(" ".join(general) if self._tried or self._touched else "")
        self.doubt.say(" ".join(doubts))
        return not said and not general

    def _words(self, error: ErrorDetails, editor: str = "") -> str:
        """A complaint in plain words."""
        kind, message = error["type"], error["msg"]
        if kind in ("missing", "string_too_short"):
            return self.tr("Fill this in.")
        if kind in ("too_short", "tuple_too_short"):
            return self.tr("Give at least one new name." if editor == "pairs" else "Choose at least one.")
        message = message.removeprefix("Value error, ").replace("Input should", self.tr("It should"))
        return message.rstrip(".") + "."


def _plain(value: Any) -> Any:
    """The value as TOML and JSON hold it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(item) for item in value]
    return value
