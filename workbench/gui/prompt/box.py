"""Where a prompt is written."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
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

    def event(self, event: QEvent) -> bool:
        """Ctrl+Enter is the window's shortcut for a training; here it belongs to the prompt."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _sends(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter begins a new line, with Ctrl it sends."""
        if _sends(event):
            self.sent.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


def _sends(event: QKeyEvent) -> bool:
    enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return enter and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
