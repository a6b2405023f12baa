"""The command palette: type a few letters of what you want, press Return."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.commands import COMMANDS, Command
from workbench.gui.theme import SMALL, current


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
        self._place = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SMALL, SMALL, SMALL, SMALL)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("What would you like to do?"))
        self.field.setAccessibleName(self.tr("Command"))
        self.field.setClearButtonEnabled(True)
        self.list = QTreeWidget()
        self.list.setProperty("role", "plain")
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setIconSize(QSize(16, 16))
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
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
                self._choose(self._place + step)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._do(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _fill(self, query: str) -> None:
        self.list.clear()
        for command in matching(query):
            action = self._actions[command.id]
            item = QTreeWidgetItem([command.title.replace("&", ""), action.shortcut().toString()])
            item.setIcon(0, action.icon())
            item.setToolTip(0, command.help)
            item.setData(0, Qt.ItemDataRole.UserRole, command.id)
            item.setForeground(1, current().colour("muted"))
            item.setDisabled(not action.isEnabled())
            self.list.addTopLevelItem(item)
        self._choose(0)

    def _choose(self, place: int) -> None:
        self._place = max(0, min(self.list.topLevelItemCount() - 1, place))
        item = self.list.topLevelItem(self._place)
        if item is not None:
            self.list.setCurrentItem(item)

    def _do(self, item: QTreeWidgetItem | None) -> None:
        if item is None or item.isDisabled():
            return
        action = self._actions[str(item.data(0, Qt.ItemDataRole.UserRole))]
        self.close()
        action.trigger()
