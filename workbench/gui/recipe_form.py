"""Editors for recipe fields, derived from the field's own row: title, help, unit, range and choices."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from workbench.gui.recipe_groups import QUICK_FIELDS, group_fields
from workbench.gui.theme import CONTROL_HEIGHT
from workbench.gui.widgets import (
    FloatBox,
    IconButton,
    IntBox,
    Label,
    explain_widget,
    restyle,
    row,
)
from workbench.gui.workspace import Workspace
from workbench.run.field_needs import why_not
from workbench.run.film_fields import BETWEEN
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import FieldRow, recipe_fields
from workbench.run.resources import resources_folder

_TASK_TITLES = {
    "text-classification": "Classify texts",
    "multi-label": "Several labels",
    "regression": "Predict a number",
    "token-classification": "Mark words",
    "causal-lm": "Continue texts",
    "masked-lm": "Fill in masked words",
    "chat": "Answer in a chat",
    "preference": "Better answers",
    "seq2seq": "Translate, sum up",
}
_INT_LIMIT = 2**31 - 1
BACK_SIZE = 16  # pixels: no higher than the caption's line


def task_choices() -> tuple[tuple[str, str], ...]:
    """The tasks as (kind, title). Read from the file names: importing them would import torch."""
    folder = resources_folder().parent / "workbench" / "tasks"
    kinds = sorted(p.stem.replace("_", "-") for p in folder.glob("*.py") if not p.stem.startswith("_"))
    return tuple((kind, _TASK_TITLES.get(kind, kind.replace("-", " ").capitalize())) for kind in kinds)


def bar_fields() -> list[FieldRow]:
    """The rows of the quick fields."""
    rows = recipe_fields()
    return [rows[path] for path in QUICK_FIELDS]


def more_fields() -> list[FieldRow]:
    """The rows that unfold: everything that the bar and the Data page do not show."""
    return [field for fields in group_fields().values() for field in fields]


class FieldEdit(QWidget):
    """A caption with the editor of one recipe field below it; complaints mark it and stand in its tooltip,
    and below it where there is room (`roomy`). With `resettable`, a value other than the default is marked
    and can be set back."""

    edited = Signal(str, object)  # path, value

    def __init__(self, field: FieldRow, *, roomy: bool = False, resettable: bool = False) -> None:
        super().__init__()
        self.field = field
        self._roomy = roomy
        self._idle = ""  # why the field does not count at present
        self.editor = self._make_editor()
        self.caption = Label(field.title, "caption")
        self.caption.setBuddy(self.editor)
        self.back: IconButton | None = self._make_back() if resettable else None
        self.complaint = Label("", "complaint", wrap=True)
        self.complaint.setParent(self)
        self.complaint.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(self._head())
        layout.addWidget(self._with_button())
        if roomy:
            layout.addWidget(self.complaint)
            layout.addStretch(1)
        self.complain("")

    # ---- showing

    def show_value(self, value: object) -> None:
        """Show a value without telling that it was edited; what is being typed is left alone."""
        editor = self.editor
        editor.blockSignals(True)
        if isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
            editor.setText(self._on_or_off(bool(value)))
        elif isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findData(value))
        elif isinstance(editor, IntBox):
            editor.setValue(int(str(value)))
        elif isinstance(editor, FloatBox):
            editor.setValue(float(str(value)))
        elif isinstance(editor, QLineEdit) and not (editor.hasFocus() and editor.isModified()):
            editor.setText(_in_a_line(value))
        editor.blockSignals(False)
        self.mark_changed(value != self.field.default)

    def mark_changed(self, on: bool) -> None:
        """Mark a value that differs from the default."""
        if self.back is not None:
            self.back.setVisible(on)
            restyle(self.caption, changed="true" if on else "false")

    def set_idle(self, why: str) -> None:
        """Say why the field does not count at present; it cannot be edited then. Empty: it counts."""
        if why == self._idle:
            return
        self._idle = why
        self.editor.setEnabled(not why)
        self.complain("")

    def complain(self, text: str) -> None:
        """Mark the field with what is wrong; an empty text takes the mark away."""
        restyle(self.editor, invalid="true" if text else "false")
        below = text or self._idle
        restyle(self.complaint, role="complaint" if text else "caption")
        # The field is known here: "training.epochs (Epochs): -1 is not allowed: it should be …" is too long.
        short = below.removeprefix(f"{self.field.path} ({self.field.title}): ")
        if "is not allowed: " in short:
            short = short.partition("is not allowed: ")[2].partition(". It is counted")[0].rstrip(".") + "."
        self.complaint.setText(short[:1].upper() + short[1:])
        self.complaint.setVisible(self._roomy and bool(below))
        unit = f" ({self.field.unit})" if self.field.unit else ""
        help = f"{self.field.title}{unit}. {self.field.help}{self._range()}"
        explain_widget(
            self.editor, f"{below} {help}".strip(), self.field.title, f"{text} {self.field.help}".strip()
        )
        explain_widget(self.caption, help)

    # ---- making

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.caption)
        self.caption.setMinimumHeight(BACK_SIZE)  # fields stand in line with and without the button
        if self.back is not None:
            head.addWidget(self.back)
        head.addStretch(1)
        return head

    def _make_back(self) -> IconButton:
        default = self.field.default
        told = self._on_or_off(default) if isinstance(default, bool) else f"{default}".replace("-", " ")
        if isinstance(default, float | tuple):
            told = _in_a_line(default)
        back = IconButton(
            "undo",
            self.tr("{0}: set back to {1}").format(self.field.title, told or self.tr("empty")),
            on_click=lambda: self._tell(self.field.default),
            size=BACK_SIZE,
        )
        back.setIconSize(QSize(12, 12))
        back.hide()
        return back

    def _on_or_off(self, on: bool) -> str:
        return self.tr("on") if on else self.tr("off")

    def _make_editor(self) -> QWidget:
        field = self.field
        if typing.get_origin(field.annotation) is typing.Literal:
            combo = QComboBox()
            for choice in typing.get_args(field.annotation):
                combo.addItem(str(choice).replace("-", " "), choice)
            combo.activated.connect(lambda index: self._tell(combo.itemData(index)))
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(7)
            return combo
        if field.annotation is bool:
            box = QCheckBox()
            box.setFixedHeight(CONTROL_HEIGHT)
            box.toggled.connect(self._tell)
            return box
        unit = field.unit if len(field.unit) < (16 if self._roomy else 8) else ""
        low, high = field.minimum, field.maximum
        if field.annotation is int:
            number = IntBox(
                int(low or 0), min(_INT_LIMIT, int(high if high is not None else _INT_LIMIT)), unit
            )
            number.valueChanged.connect(self._tell)
            return number
        if field.annotation is float:
            by_size = field.path == "training.learning_rate"
            step = 0.01 if high is not None and high <= 1 else 1.0
            decimal = FloatBox(
                low or 0.0, high if high is not None else 1e12, unit, step=step, by_size=by_size
            )
            decimal.valueChanged.connect(self._tell)
            return decimal
        line = QLineEdit()
        # The help says what an empty field means: "Empty: guessed."
        said = field.help.partition("Empty: ")[2].partition(".")[0]
        line.setPlaceholderText(said if field.default in ("", ()) else "")
        line.editingFinished.connect(lambda: self._line_done(line))
        return line

    def _with_button(self) -> QWidget:
        if not self._holds_file():
            return self.editor
        button = IconButton("folder", f"{self.field.title}: choose a file", on_click=self._browse)
        return row(self.editor, button, spacing=2)

    def _holds_file(self) -> bool:
        return isinstance(self.editor, QLineEdit) and isinstance(self.field.default, float)

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.field.title)
        if path:
            self.show_value(path)
            self._tell(path)

    def _line_done(self, line: QLineEdit) -> None:
        if not line.isModified():
            return
        line.setModified(False)
        text: object = line.text().strip()
        if self._holds_file():
            try:
                text = float(str(text).replace(",", ".") or 0.0)
            except ValueError:
                text = str(Path(str(text)).expanduser())
        self._tell(text)

    def _tell(self, value: object) -> None:
        self.edited.emit(self.field.path, value)

    def _range(self) -> str:
        low, high = self.field.minimum, self.field.maximum
        if low is None or high is None or high >= 1e6:
            return ""
        return f" Between {low:g} and {high:g}."


def _in_a_line(value: object) -> str:
    if isinstance(value, tuple):
        return f" {BETWEEN} ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


class FieldSet:
    """Keeps a group of field editors in step with the workspace's recipe and its complaints."""

    def __init__(self, workspace: Workspace, edits: Sequence[FieldEdit]) -> None:
        self._workspace = workspace
        self.edits: dict[str, FieldEdit] = {}
        self.add(edits)

    def add(self, edits: Sequence[FieldEdit]) -> None:
        """Take more editors in."""
        for edit in edits:
            self.edits[edit.field.path] = edit
            edit.edited.connect(self._workspace.set_field)

    def refresh(self) -> None:
        """Show the recipe in hand."""
        recipe: Recipe = self._workspace.recipe
        complaints = {problem.field: problem.title for problem in self._workspace.marks}
        for path, edit in self.edits.items():
            if path not in complaints:
                edit.show_value(recipe.value(path))
            else:
                edit.mark_changed(True)  # what is typed differs, and may be set back as well
            edit.set_idle("" if path in complaints else why_not(recipe, path))
            edit.complain(complaints.get(path, ""))

    def set_enabled(self, on: bool) -> None:
        """Let the fields be edited, or not."""
        for edit in self.edits.values():
            edit.setEnabled(on)
