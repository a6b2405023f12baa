"""One row of a batch in full: the prompt and each model's answer side by side."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from workbench.gui.prompt.batch_model import BatchModel
from workbench.gui.theme import MEDIUM, TINY
from workbench.gui.widgets import ElidedLabel


class _Text(QWidget):
    """A heading and a text that can be read and copied."""

    def __init__(self) -> None:
        super().__init__()
        self.head = ElidedLabel("", "caption")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMinimumSize(60, 60)  # five of them stand side by side in a narrow window
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TINY)
        layout.addWidget(self.head)
        layout.addWidget(self.text, 1)


class BatchDetails(QSplitter):
    """A text for each column of the model."""

    def __init__(self, model: BatchModel) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._model = model
        self.texts: list[_Text] = []
        self.setChildrenCollapsible(False)
        self.setHandleWidth(MEDIUM)

    def show_columns(self) -> None:
        """As many texts as the model has columns."""
        wanted = self._model.columnCount()
        while len(self.texts) > wanted:
            spare = self.texts.pop()
            spare.hide()
            spare.deleteLater()
        while len(self.texts) < wanted:
            self.texts.append(_Text())
            self.addWidget(self.texts[-1])
        for column, text in enumerate(self.texts):
            text.head.setText(self._model.headerData(column, Qt.Orientation.Horizontal))
            text.text.setAccessibleName(text.head.text())

    def show_row(self, row: int) -> None:
        """The texts of a row; none where there is no such row."""
        there = 0 <= row < self._model.rowCount()
        for column, text in enumerate(self.texts):
            words = self._model.text(row, column) if there else ""
            if words != text.text.toPlainText():
                text.text.setPlainText(words)
