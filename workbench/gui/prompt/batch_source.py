"""Which column of a file of prompts is asked, or the text into which its columns are put."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from workbench.gui.theme import SMALL
from workbench.gui.widgets import Label, explain_widget, show_if
from workbench.run.problem import WorkbenchError
from workbench.session.batch import PromptTable, check_template

_TEMPLATE = "\0template"


class BatchSource(QWidget):
    """A list of columns whose last entry is a template; `changed` says that other prompts are asked."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.column = QComboBox()
        self.column.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.column.setMinimumContentsLength(10)
        explain_widget(
            self.column,
            self.tr("Which column is asked; or a prompt of your own into which each row's columns are put."),
            self.tr("Prompt column"),
        )
        self.template = QLineEdit()
        self.template.setPlaceholderText(self.tr("A prompt with columns in braces"))
        explain_widget(
            self.template,
            self.tr("The text that is asked; a column's name in braces stands for what the row has there."),
            self.tr("Template"),
        )
        caption = Label(self.tr("Prompt"), "caption")
        caption.setBuddy(self.column)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(caption)
        layout.addWidget(self.column, 1)
        layout.addWidget(self.template, 3)
        self.column.activated.connect(lambda _: self._changed())
        self.template.textEdited.connect(lambda _: self._changed())

    def show_table(self, table: PromptTable) -> None:
        """Offer the columns of a table, and choose the one that most likely holds the prompts."""
        self.column.clear()
        for name in table.columns:
            self.column.addItem(name, name)
        self.column.insertSeparator(self.column.count())
        self.column.addItem(self.tr("Template…"), _TEMPLATE)
        self.column.setCurrentIndex(max(0, self.column.findData(table.column)))
        self.template.setText(" ".join(f"{{{name}}}" for name in table.columns[:2]))
        self._changed()

    def template_text(self) -> str:
        """The template; empty where a column is asked as it is."""
        return self.template.text() if self.column.currentData() == _TEMPLATE else ""

    def prompts(self, table: PromptTable) -> list[str]:
        """What each row asks."""
        return table.prompts(str(self.column.currentData()), self.template_text())

    def complaint(self, table: PromptTable) -> str:
        """Why the template cannot be asked, as a sentence; empty where it can."""
        if self.column.currentData() != _TEMPLATE:
            return ""
        try:
            check_template(table, self.template.text())
        except WorkbenchError as error:
            return f"{error.problem.title} {error.problem.remedy}".strip()
        return ""

    def _changed(self) -> None:
        show_if(self.template, self.column.currentData() == _TEMPLATE)
        self.changed.emit()
