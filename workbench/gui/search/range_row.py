"""One range of a search, set by click: from, to, by factors; or choices."""

from __future__ import annotations

import tomllib
import typing
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.search.searchable import MOST
from workbench.gui.theme import SMALL, TINY
from workbench.gui.widgets import (
    ElidedLabel,
    FloatBox,
    IconButton,
    Label,
    explain_widget,
    restyle,
    row,
    show_if,
)
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.recipe_files import recipe_fields
from workbench.run.search_ranges import Range, parse_range


class RangeRow(QWidget):
    """One field: its name, its ends or choices, and a button that leaves it out."""

    edited = Signal()
    removed = Signal()

    def __init__(self, given: Range) -> None:
        super().__init__()
        self.path = given.path
        self.field = recipe_fields()[given.path]
        name = self.field.title
        self.options: tuple[Any, ...] = (
            typing.get_args(self.field.annotation)
            if typing.get_origin(self.field.annotation) is typing.Literal
            else (True, False)
            if self.field.annotation is bool
            else ()
        )
        self.low, self.high = (self._box(word) for word in (self.tr("from"), self.tr("to")))
        self.log = QCheckBox(self.tr("by factors"))
        explain_widget(
            self.log,
            self.tr("1, 10, 100 rather than 1, 2, 3: for what may be small or large."),
            f"{name}: {self.log.text()}",
        )
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("8, 16, 32"))
        explain_widget(
            self.line, self.tr("The values to choose from, with commas between them."), f"{name}: choices"
        )
        self.menu = QToolButton()
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.menu.setMinimumHeight(28)
        explain_widget(self.menu, self.tr("The values to choose from."), f"{name}: choices")
        self.ticks: list[QAction] = []
        entries = QMenu(self.menu)
        for option in self.options:
            action = entries.addAction(_word(option))
            action.setCheckable(True)
            action.setData(option)
            action.toggled.connect(self._ticked)
            self.ticks.append(action)
        self.menu.setMenu(entries)
        self.switch = IconButton(
            "sliders",
            self.tr("{0}: a range or choices").format(name),
            self.tr("Say from where to where, or name the values."),
            on_click=self._switch,
            size=24,
        )
        self.out = IconButton(
            "close", self.tr("Leave out {0}").format(name), on_click=self.removed.emit, size=24
        )
        self.complaint = Label("", "complaint", wrap=True)
        self.complaint.setParent(self)
        self._lay_out()
        self.choices = bool(given.choices)
        self.show_range(given)
        self.log.toggled.connect(lambda _: self.edited.emit())
        self.line.textChanged.connect(lambda _: self.edited.emit())

    def _box(self, word: str) -> FloatBox:
        field = self.field
        least = field.minimum if field.minimum is not None else 0.0
        most = field.maximum if field.maximum is not None else MOST
        box = FloatBox(least, most, by_size=field.annotation is float, step=1.0)
        box.setMinimumWidth(76)
        explain_widget(box, field.help, f"{field.title} {word}")
        box.valueChanged.connect(lambda _: self.edited.emit())
        return box

    def _lay_out(self) -> None:
        unit = f" ({self.field.unit})" if self.field.unit else ""
        title = ElidedLabel(f"{self.field.title}{unit}", "section")
        explain_widget(title, f"{self.field.path}. {self.field.help}")
        head = QHBoxLayout()
        head.setSpacing(TINY)
        head.addWidget(title, 1)
        head.addWidget(self.switch)
        head.addWidget(self.out)
        self.between = row(self.low, Label("–", "muted"), self.high, self.log, None)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, SMALL)
        layout.setSpacing(2)
        layout.addLayout(head)
        for widget in (self.between, self.line, self.menu, self.complaint):
            layout.addWidget(widget)

    def show_range(self, given: Range) -> None:
        """Show a range."""
        if given.choices and self.options:
            for action in self.ticks:
                action.setChecked(action.data() in given.choices)
        elif given.choices:
            self.line.setText(", ".join(_word(one) for one in given.choices))
        if given.low is not None and given.high is not None:
            self.low.setValue(given.low)
            self.high.setValue(given.high)
            self.log.setChecked(given.log)
        self._ticked()
        self._show()

    def _show(self) -> None:
        able = self.field.annotation in (int, float)
        show_if(self.switch, able)
        show_if(self.between, not self.choices)
        show_if(self.line, self.choices and not self.options)
        show_if(self.menu, self.choices and bool(self.options))
        show_if(self.complaint, bool(self.complaint.text()))

    def _switch(self) -> None:
        """A range becomes choices, and the reverse; the values stay as far as they can."""
        try:
            before: Range | None = self.range()
        except WorkbenchError:
            before = None
        self.choices = not self.choices
        whole = self.field.annotation is int
        if before and self.choices and before.low is not None and before.high is not None:
            middle = (before.low * before.high) ** 0.5 if before.log else (before.low + before.high) / 2
            values = dict.fromkeys(
                round(v) if whole else float(f"{v:.3g}") for v in (before.low, middle, before.high)
            )
            self.line.setText(", ".join(map(_word, values)))
        elif before and before.choices:
            self.low.setValue(min(before.choices))
            self.high.setValue(max(before.choices))
            self.log.setChecked(min(before.choices) > 0 and max(before.choices) / min(before.choices) >= 10)
        self._show()
        self.edited.emit()

    def _ticked(self) -> None:
        on = [action.text() for action in self.ticks if action.isChecked()]
        self.menu.setText(", ".join(on) or self.tr("Choose…"))
        self.edited.emit()

    def range(self) -> Range:
        """What is set.

        Raises:
            WorkbenchError: When that is no range.
        """
        if self.choices and self.options:
            return parse_range(self.path, [action.data() for action in self.ticks if action.isChecked()])
        if self.choices:
            return parse_range(
                self.path, [_value(part) for part in self.line.text().split(",") if part.strip()]
            )
        return parse_range(
            self.path, {"low": self.low.value(), "high": self.high.value(), "log": self.log.isChecked()}
        )

    def complain(self, problem: Problem | None) -> None:
        """Say what is wrong with it."""
        words = ""
        if problem is not None:
            title = problem.title.removeprefix(f"{self.path} ({self.field.title})").lstrip(": ")
            words = " ".join(part for part in (f"{title[:1].upper()}{title[1:]}", problem.cause) if part)
        self.complaint.setText(words)
        restyle(self.line, invalid="true" if words else "false")
        self._show()


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(text: str) -> Any:
    text = text.strip()
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
