"""How rows are put aside for measuring: the way, the column it goes by, the shares, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from workbench.gui.data.card_parts import SmallNote, breakable
from workbench.gui.data.columns import quiet_combo
from workbench.gui.data.share_bars import ShareBars
from workbench.gui.theme import MEDIUM, SMALL, TINY
from workbench.gui.widgets import (
    Card,
    EmptyState,
    FloatBox,
    IconButton,
    Label,
    Muted,
    column,
    explain_widget,
    restyle,
    row,
)

_LEFT = 24  # pixels by which an explanation stands below its choice
_BY_COLUMN = ("grouped", "by-time", "by-column")


@dataclass(frozen=True, slots=True)
class SplitValues:
    """What the recipe says of the split; the names are those of its fields."""

    split: str = "stratified"
    split_column: str = ""
    validation: float | str = 0.1
    test: float | str = 0.0


class ShareRow(QWidget):
    """One side that is put aside: a share of the rows, or a file of its own."""

    changed = Signal(object)  # a share, 0 to 0.9
    file_wanted = Signal()

    def __init__(self, title: str, help: str, default: float) -> None:
        super().__init__()
        self._default = default
        self.box = FloatBox(0.0, 90.0, "%", step=5.0)
        self.box.setFixedWidth(88)
        caption = Label(title)
        caption.setBuddy(self.box)
        explain_widget(self.box, help, title)
        explain_widget(caption, help)
        self.box.valueChanged.connect(lambda value: self.changed.emit(round(value / 100, 6)))
        self.choose = IconButton(
            "folder", self.tr("{0}: choose a file").format(title),
            self.tr("Take these rows from a file of their own."), on_click=self.file_wanted.emit,
        )  # fmt: skip
        self.file = Muted()
        self.drop = IconButton(
            "close", self.tr("{0}: a share instead of the file").format(title),
            on_click=lambda: self.changed.emit(self._default),
        )  # fmt: skip
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(row(caption, None, self.box, self.choose, self.drop, spacing=2))
        layout.addWidget(self.file)

    def show_value(self, value: float | str) -> None:
        """A share, or the path of a file."""
        named = isinstance(value, str)
        for widget, on in (
            (self.box, not named), (self.choose, not named), (self.drop, named), (self.file, named),
        ):  # fmt: skip
            widget.setVisible(on)
        if isinstance(value, str):
            name = value.replace("\\", "/").rpartition("/")[2]
            self.file.setText(self.tr("from {0}").format(breakable(name)))
            self.file.setToolTip(value)
        else:
            self.box.blockSignals(True)
            self.box.setValue(round(100 * value, 4))
            self.box.blockSignals(False)

    def show_wrong(self, wrong: bool) -> None:
        """Mark it."""
        restyle(self.box, invalid="true" if wrong else "false")


class SplitCard(Card):
    """Shows the split of the recipe in hand and tells which field is to change."""

    field_changed = Signal(str, object)  # the recipe field's path, its value
    file_wanted = Signal(str)  # the recipe field that is to name a file

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Split"))
        self._values = SplitValues()
        self.empty = EmptyState("info", "-", "-")
        self.ways: dict[str, QRadioButton] = {}
        self._why: dict[str, Label] = {}
        self._group = QButtonGroup(self)
        self.bars = ShareBars()
        self.column = quiet_combo(self.tr("Column to divide by"))
        self.column.activated.connect(
            lambda _: self.field_changed.emit("data.split_column", str(self.column.currentData()))
        )
        caption = Label("", "caption")
        caption.setBuddy(self.column)
        self._column_caption = caption
        self._column_part = column(caption, self.column, spacing=3)
        self._column_part.setContentsMargins(_LEFT, 0, 0, SMALL)
        self._column_part.setParent(self)  # it waits here until the split goes by a column
        self._column_part.hide()
        self._make_shares()
        self.problem = SmallNote("error")
        self._whole = QWidget()
        layout = QVBoxLayout(self._whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(Muted(self.tr("Rows put aside show what the model makes of texts it has not seen.")))
        layout.addWidget(self.bars)
        layout.addWidget(self.problem)
        layout.addWidget(self._shares)
        layout.addWidget(Label(self.tr("How they are chosen"), "section"))
        self._ways_layout = QVBoxLayout()
        self._ways_layout.setSpacing(TINY)
        self._make_ways()
        layout.addLayout(self._ways_layout)
        self.notes = SmallNote("hint")
        layout.addWidget(self.notes)
        self.add(self.empty)
        self.add(self._whole)
        self.empty.hide()
        self.show_split(self._values)

    def _make_shares(self) -> None:
        tr = self.tr
        self.validation = ShareRow(
            tr("Held out"), tr("The model is measured on these rows during the run, and never learns from them."),
            0.1,
        )  # fmt: skip
        self.test = ShareRow(
            tr("Test"), tr("Put aside for one last measurement after the run. 0 means none."), 0.0
        )
        self._shares = column(self.validation, self.test, spacing=TINY)
        for part, field in ((self.validation, "data.validation"), (self.test, "data.test")):
            part.changed.connect(lambda value, field=field: self.field_changed.emit(field, value))
            part.file_wanted.connect(lambda field=field: self.file_wanted.emit(field))

    def _make_ways(self) -> None:
        tr = self.tr
        for key, title, why in (
            ("stratified", tr("At random, classes alike"), tr("Every side has the classes in the same proportion.")),
            ("by-hash", tr("By content"), tr("A row stays on its side when others are added later.")),
            ("grouped", tr("Groups stay together"), tr("All rows of one patient, author or case stand on one side.")),
            ("by-time", tr("By time"), tr("The newest rows are put aside, as in real use.")),
            ("by-column", tr("A column says it"), tr("A column has train, validation or test in every row.")),
        ):  # fmt: skip
            button = self.ways[key] = QRadioButton(title)
            explain_widget(button, why, title)
            label = self._why[key] = Label(why, "caption", wrap=True)
            label.setContentsMargins(_LEFT, 0, 0, TINY)
            self._group.addButton(button)
            self._ways_layout.addWidget(button)
            self._ways_layout.addWidget(label)
        # toggled: the arrow keys of a group check without a click
        self._group.buttonToggled.connect(self._toggled)

    # ---- slots

    def show_split(self, values: SplitValues, columns: Sequence[str] = ()) -> None:
        """Show what the recipe says, and offer the columns of the data."""
        self._values = values
        self._group.blockSignals(True)
        if values.split in self.ways:
            self.ways[values.split].setChecked(True)
        self._group.blockSignals(False)
        self.validation.show_value(values.validation)
        self.test.show_value(values.test)
        self._fill(columns)
        by_column = values.split in _BY_COLUMN
        self._column_part.setVisible(by_column)
        if by_column:
            at = self._ways_layout.indexOf(self._why[values.split]) + 1
            if self._ways_layout.indexOf(self._column_part) not in (at, at - 1):
                self._ways_layout.removeWidget(self._column_part)
                at = self._ways_layout.indexOf(self._why[values.split]) + 1
                self._ways_layout.insertWidget(at, self._column_part)
        self.empty.hide()
        self._whole.show()

    def show_counts(self, train: int, validation: int, test: int, notes: Sequence[str] = ()) -> None:
        """How many rows each side has; a negative number of rows to learn from: not known."""
        sides = (
            (self.tr("To learn from"), train),
            (self.tr("Held out"), validation),
            (self.tr("Test"), test),
        )
        self.bars.show_sides([side for side in sides if train >= 0 and (side[1] or side[0] != sides[2][0])])
        self.notes.say(" ".join(notes), "hint")

    def show_problem(self, text: str, field: str = "") -> None:
        """What stands against this split, and at which field; an empty text takes it back."""
        self.problem.say(text, "error")
        self.validation.show_wrong(bool(text) and field == "data.validation")
        self.test.show_wrong(bool(text) and field == "data.test")
        restyle(self.column, invalid="true" if text and field == "data.split_column" else "false")

    def show_unavailable(self, why: str) -> None:
        """There are no rows to be divided."""
        self.empty.say(self.tr("No rows to divide"), why, "info")
        self._whole.hide()
        self.empty.show()

    # ---- inside

    def _fill(self, columns: Sequence[str]) -> None:
        caption = {
            "grouped": self.tr("Rows belong together by"),
            "by-time": self.tr("The time stands in"),
            "by-column": self.tr("The side stands in"),
        }
        self._column_caption.setText(caption.get(self._values.split, ""))
        wanted = self._values.split_column
        names = [*columns, *([wanted] if wanted and wanted not in columns else [])]
        self.column.blockSignals(True)
        self.column.clear()
        if not wanted:
            self.column.addItem(self.tr("Choose a column"), "")
        for name in names:
            self.column.addItem(name, name)
        self.column.setCurrentIndex(self.column.findData(wanted))
        self.column.blockSignals(False)

    def _toggled(self, button: QRadioButton, on: bool) -> None:
        if on:
            key = next(key for key, each in self.ways.items() if each is button)
            self.field_changed.emit("data.split", key)
