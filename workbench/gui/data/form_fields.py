"""Editors for what a step needs and a recipe's form has not: columns to tick, names to give, long texts."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.data.card_parts import breakable
from workbench.gui.data.columns import quiet_combo
from workbench.gui.data.form_lists import NameGrid, TickList
from workbench.gui.recipe_form import FieldEdit
from workbench.gui.widgets import Label, explain_widget, restyle, show_if
from workbench.run.recipe_files import FieldRow

_FOR = re.compile(r"For ([a-z-]+(?:(?:, | and | or )[a-z-]+)*): ")


@dataclass(frozen=True, slots=True)
class Choices:
    """What the data offers where a step is set up: its columns, which of them are text and label, the labels."""

    columns: tuple[str, ...] = ()
    text: str = ""
    label: str = ""
    labels: tuple[str, ...] = ()


def kind_of(field: FieldRow) -> str:
    """Which editor a field gets: columns, column, picks, pairs, lines, paragraph, switch, or plain."""
    name, annotation = field.path, field.annotation
    origin = typing.get_origin(annotation)
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return "pairs"
    if origin in (tuple, list, frozenset, set):
        if picks_of(field):
            return "picks"
        return "columns" if "column" in name else "lines"
    if annotation is bool:
        return "switch"
    if annotation is str and (name == "column" or name.endswith("_column")):
        return "column"
    if annotation is str and (
        name == "template" or (isinstance(field.default, str) and "\n" in field.default)
    ):
        return "paragraph"
    return "plain"


def needed(field: FieldRow) -> tuple[frozenset[str], str]:
    """The choices with which alone a field counts, and the help without them: the help says "For cap: …"."""
    found = _FOR.match(field.help)
    if found is None:
        return frozenset(), field.help
    rest = field.help[found.end() :]
    choices = re.split(r", | and | or ", found[1])
    return frozenset(choices), rest[:1].upper() + rest[1:]


def picks_of(field: FieldRow) -> tuple[str, ...]:
    """The choices of a field that takes several of them: its type names them, or its help ("Any of a, b.")."""
    inner = _bare(typing.get_args(field.annotation)[0])
    if typing.get_origin(inner) is typing.Literal:
        return tuple(map(str, typing.get_args(inner)))
    named = field.help.partition(".")[0]
    return tuple(named.removeprefix("Any of ").split(", ")) if named.startswith("Any of ") else ()


def _bare(annotation: Any) -> Any:
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def number_or_none(field: FieldRow, value: object) -> object:
    """What was typed for a number that may be left out, as a number; empty is None."""
    parts = [_bare(part) for part in typing.get_args(field.annotation)]
    optional = typing.get_origin(field.annotation) in (typing.Union, UnionType)
    if not optional or not isinstance(value, str) or str in parts:
        return value
    try:
        return int(value) if int in parts else float(value.replace(",", "."))
    except ValueError:
        return value or None


class FormField(QWidget):
    """A caption, an editor, what it means, and what is wrong with it."""

    edited = Signal(str, object)  # the field's name, its value

    def __init__(self, field: FieldRow, choices: Choices, names: Sequence[str]) -> None:
        super().__init__()
        self.field = field
        self._write: Callable[[Any], None] = lambda value: None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.editor = self._make(choices, names)
        if isinstance(self.editor, FieldEdit | QCheckBox):  # they have their caption
            layout.addWidget(self.editor)
        else:
            caption = Label(field.title, "caption")
            caption.setBuddy(self.editor)
            layout.addWidget(caption)
            layout.addWidget(self.editor)
        # The choices stand in the list already.
        help = field.help.partition(". ")[2] if field.help.startswith("Any of ") else field.help
        help = help.partition(" Empty: ")[0] if kind_of(field) == "column" else help
        self.help = Label(breakable(help), "caption", wrap=True)
        self.complaint = Label("", "complaint", wrap=True)
        layout.addWidget(self.help)
        layout.addWidget(self.complaint)
        show_if(self.help, bool(help))
        self.complaint.hide()

    def show_value(self, value: object) -> None:
        """Show a value without telling that it was edited."""
        self.blockSignals(True)
        self._write(value)
        self.blockSignals(False)

    def complain(self, text: str) -> None:
        """Say what is wrong; an empty text takes it back."""
        self.complaint.setText(text)
        show_if(self.complaint, bool(text))
        inner = self.editor.editor if isinstance(self.editor, FieldEdit) else self.editor
        restyle(inner, invalid="true" if text else "false")
        said = f"{text} {self.field.help}".strip()
        explain_widget(inner, said, self.field.title)

    # ---- making

    def _make(self, choices: Choices, names: Sequence[str]) -> QWidget:
        kind = kind_of(self.field)
        if kind in ("columns", "picks"):
            return self._make_list(choices.columns if kind == "columns" else picks_of(self.field))
        if kind == "column":
            return self._make_column(choices.columns)
        if kind == "pairs":
            return self._make_pairs(names)
        if kind == "switch":
            box = QCheckBox(self.field.title)
            box.toggled.connect(self._tell)
            self._write = lambda value: box.setChecked(bool(value))
            return box
        if kind in ("lines", "paragraph"):
            return self._make_lines(kind == "lines")
        edit = FieldEdit(self.field, roomy=False)
        self._write = edit.show_value
        edit.edited.connect(lambda _, value: self._tell(number_or_none(self.field, value)))
        return edit

    def _tell(self, value: object) -> None:
        self.edited.emit(self.field.path, value)

    def _make_list(self, offered: Sequence[str]) -> QWidget:
        box = TickList(self.field.title)
        box.offer(offered)
        box.changed.connect(lambda: self._tell(box.ticked()))
        self._write = box.tick
        return box

    def _make_column(self, columns: Sequence[str]) -> QWidget:
        combo = quiet_combo(self.field.title)
        meant = self.field.help.partition("Empty: ")[2].partition(".")[0]  # "Empty: the text."
        if meant:
            combo.addItem(meant[:1].upper() + meant[1:], "")
        for name in columns:
            combo.addItem(name, name)

        def write(value: object) -> None:
            if combo.findData(value) < 0:
                combo.addItem(str(value) or self.tr("Choose a column"), value)
            combo.setCurrentIndex(combo.findData(value))

        combo.activated.connect(lambda _: self._tell(combo.currentData()))
        self._write = write
        return combo

    def _make_pairs(self, names: Sequence[str]) -> QWidget:
        grid = NameGrid(self.field.title, names)
        grid.changed.connect(lambda: self._tell(grid.names()))
        self._write = grid.show_names
        return grid

    def _make_lines(self, several: bool) -> QWidget:
        edit = QPlainTextEdit()
        edit.setTabChangesFocus(True)
        edit.setFixedHeight(84 if several else 64)
        edit.setPlaceholderText(self.tr("One on each line") if several else "")

        def read() -> object:
            text = edit.toPlainText()
            return [line.strip() for line in text.splitlines() if line.strip()] if several else text

        def write(value: Any) -> None:
            edit.setPlainText("\n".join(map(str, value)) if several else str(value))

        edit.textChanged.connect(lambda: self._tell(read()))
        self._write = write
        return edit
