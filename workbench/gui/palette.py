"""The command palette: type a few letters of what you want, press Return."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.gui.commands import COMMANDS, Command
from workbench.gui.theme import SMALL


def matching(query: str, commands: tuple[Command, ...] = COMMANDS) -> list[Command]:
    """The commands that have every word of the query in title or help; those with it in the title first."""
    words = query.lower().split()

    def title(command: Command) -> str:
        return command.title.replace("&", "").lower()

    def whole(command: Command) -> str:
        return f"{title(command)} {command.help.lower()} {command.menu.replace('&', '').lower()}"

    found = [command for command in commands if all(word in whole(command) for word in words)]
    return sorted(found, key=lambda command: not all(word in title(command) for word in words))


class Palette(QDialog):
    """A field and the list of what matches; Escape closes it."""

    def __init__(self, actions: dict[str, QAction], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = actions
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SMALL, SMALL, SMALL, SMALL)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("What would you like to do?"))
        self.field.setAccessibleName(self.tr("Command"))
        self.field.setClearButtonEnabled(True)
        self.list = QListWidget()
        self.list.setProperty("role", "plain")
        self.list.setAccessibleName(self.tr("Matching commands"))
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.resize(480, 360)
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list.itemActivated.connect(self._do)
        self._fill("")
        corner = parent.mapToGlobal(parent.rect().topLeft())
        self.move(corner.x() + (parent.width() - self.width()) // 2, corner.y() + 96)
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrow keys move in the list while the field has the keyboard; Return does the chosen."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._do(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _fill(self, query: str) -> None:
        self.list.clear()
        for command in matching(query):
            action = self._actions[command.id]
            keys = action.shortcut().toString()
            item = QListWidgetItem(
                action.icon(), command.title.replace("&", "") + (f"    {keys}" if keys else "")
            )
            item.setToolTip(command.help)
            item.setData(Qt.ItemDataRole.UserRole, command.id)
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def _do(self, item: QListWidgetItem | None) -> None:
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        action = self._actions[str(item.data(Qt.ItemDataRole.UserRole))]
        self.close()
        action.trigger()
