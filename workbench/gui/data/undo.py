"""The way back through what was done by hand, and forth again.

Qt has such a stack, but between Python and Qt nobody owns its commands for certain: when both sides lie in a cycle, the
collector may free a command first and the stack then frees it again, which ends the program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from workbench.gui.icons import keep_icon


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done, in words that go on after “Undo”, and how it is done and taken back."""

    words: str
    redo: Callable[[], None]
    undo: Callable[[], None]


class UndoStack(QObject):
    """What was done and can be taken back, and what was taken back and can be done again."""

    moved = Signal()  # what would be undone or done again is something else now

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.done: list[Change] = []
        self.undone: list[Change] = []

    @property
    def undo_words(self) -> str:
        """What would be taken back; empty for nothing."""
        return self.done[-1].words if self.done else ""

    @property
    def redo_words(self) -> str:
        """What would be done again; empty for nothing."""
        return self.undone[-1].words if self.undone else ""

    def do(self, change: Change) -> None:
        """Do this; what was taken back before cannot be done again any more."""
        self.undone.clear()
        self.done.append(change)
        change.redo()
        self.moved.emit()

    def undo(self) -> None:
        """Take the last change back, if there is one."""
        if self.done:
            change = self.done.pop()
            self.undone.append(change)
            change.undo()
            self.moved.emit()

    def redo(self) -> None:
        """Do again what was taken back last, if there is something."""
        if self.undone:
            change = self.undone.pop()
            self.done.append(change)
            change.redo()
            self.moved.emit()

    def clear(self) -> None:
        """Forget everything; nothing is taken back."""
        if self.done or self.undone:
            self.done.clear()
            self.undone.clear()
            self.moved.emit()


class _Way(QAction):
    """Undo or redo as an action whose text names what it would do."""

    def __init__(self, stack: UndoStack, back: bool, owner: QWidget) -> None:
        super().__init__(owner)
        self._stack, self._back = stack, back
        if back:
            self.setShortcut(QKeySequence("Ctrl+Z"))
        else:
            self.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        self.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.triggered.connect(stack.undo if back else stack.redo)
        stack.moved.connect(self._tell)
        self._tell()

    def _tell(self) -> None:
        words = self._stack.undo_words if self._back else self._stack.redo_words
        name = self.tr("Undo") if self._back else self.tr("Redo")
        self.setText(f"{name} {words}".rstrip())
        self.setEnabled(bool(words))


def undo_actions(stack: UndoStack, owner: QWidget) -> tuple[QAction, QAction]:
    """Undo and redo for a widget and all that is in it; their texts name what would be undone.

    A field in which a person types keeps its own way back for as long as it has the keyboard.
    """
    undo, redo = _Way(stack, True, owner), _Way(stack, False, owner)
    for action in (undo, redo):
        owner.addAction(action)
    keep_icon(undo, "undo")
    return undo, redo
