"""Where a prompt is written."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit

from workbench.gui.widgets import explain_widget


class PromptBox(QPlainTextEdit):
    """A few lines of text; Ctrl+Enter sends, Escape gives up."""

    sent = Signal()
    left = Signal()

    def __init__(self, placeholder: str, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        explain_widget(self, "", name, placeholder)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 3 + 20)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter begins a new line, with Ctrl it sends."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.sent.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
