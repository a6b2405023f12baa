"""A recipe field whose values are a list that grows: models, data sets, tasks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from workbench.gui.recipe_form import BACK_SIZE
from workbench.gui.widgets import Label, explain_widget, restyle
from workbench.run.recipe_files import recipe_fields
from workbench.run.sources import title_of

OTHER = "\0other"  # the last entry of a list, which opens a dialog
SCRATCH = "\0scratch"  # the one before it, where something new can be made


class Choice(QWidget):
    """A caption with a list below it, whose last entry opens a dialog."""

    chosen = Signal(str)
    other = Signal()
    scratch = Signal()

    def __init__(self, path: str, other: str = "") -> None:
        super().__init__()
        self.path = path
        self._field = recipe_fields()[path]
        self._other = other
        self.combo = QComboBox()
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(8)
        caption = Label(self._field.title, "caption")
        caption.setBuddy(self.combo)
        caption.setMinimumHeight(BACK_SIZE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(caption)
        layout.addWidget(self.combo)
        self.combo.activated.connect(self._activated)
        self.complain("")
        self._value = ""

    def show_choices(self, choices: Sequence[tuple[str, str, str]], value: str, scratch: str = "") -> None:
        """Offer (value, title, help) and show the one in force, which is added when it is not among them; `scratch` is
        what making something new is called, where that can be done."""
        self._value = value
        entries = list(choices)
        if value not in [entry[0] for entry in entries]:
            entries.append((value, title_of(value), value))
        combo = self.combo
        combo.clear()
        for key, title, help in entries:
            combo.addItem(title, key)
            combo.setItemData(combo.count() - 1, help, Qt.ItemDataRole.ToolTipRole)
        if self._other or scratch:
            combo.insertSeparator(combo.count())
        for title, key in ((scratch, SCRATCH), (self._other, OTHER)):
            if title:
                combo.addItem(title, key)
        combo.setCurrentIndex(combo.findData(value))
        # The list may be wider than the field that opens it.
        wide = max(combo.fontMetrics().horizontalAdvance(entry[1]) for entry in entries) + 48
        combo.view().setMinimumWidth(min(420, wide))

    def complain(self, text: str) -> None:
        """Mark the field with what is wrong."""
        restyle(self.combo, invalid="true" if text else "false")
        explain_widget(self.combo, f"{text} {self._field.help}".strip(), self._field.title)

    def _activated(self, index: int) -> None:
        key = str(self.combo.itemData(index))
        if key in (OTHER, SCRATCH):
            self.combo.setCurrentIndex(self.combo.findData(self._value))
            (self.other if key == OTHER else self.scratch).emit()
        elif key != self._value:
            self.chosen.emit(key)
