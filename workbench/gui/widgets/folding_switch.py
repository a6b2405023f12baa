"""A switch between many choices; those that do not fit fold into a menu at its end."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton

from workbench.gui.widgets.controls import Segmented
from workbench.gui.widgets.labels import explain_widget


class FoldingSwitch(Segmented):
    """As wide as its choices, or narrower: then the last ones are in a menu, which tells when one of them is on."""

    def __init__(self, choices: Sequence[tuple[str, ...]], name: str = "") -> None:
        super().__init__(choices, name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.more = QToolButton()
        self.more.setProperty("role", "segment")
        self.more.setCheckable(True)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        explain_widget(self.more, self.tr("What does not fit into this window."), self.tr("More"))
        menu = QMenu(self.more)
        self.more.setMenu(menu)
        self._actions: dict[str, QAction] = {}
        for key, text, *rest in choices:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setToolTip(rest[1] if len(rest) > 1 else "")
            action.triggered.connect(self.button(key).click)
            self._actions[key] = action
        menu.setToolTipsVisible(True)
        layout = self.layout()
        assert isinstance(layout, QHBoxLayout)
        layout.addWidget(self.more)
        layout.addStretch(1)
        self.chosen.connect(lambda key: self._fold())
        self._fold()

    def folded(self) -> list[str]:
        """The choices that are in the menu."""
        return [key for key in self._actions if self.button(key).isHidden()]

    def choose(self, key: str) -> None:
        """Switch without the signal; an unknown key is ignored."""
        super().choose(key)
        self._fold()

    def sizeHint(self) -> QSize:
        """Wide enough for all."""
        return QSize(self._width(list(self._actions)), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Wide enough for the first and the menu."""
        return QSize(self._width(list(self._actions)[:1]) + 160, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, other choices in the menu."""
        super().resizeEvent(event)
        self._fold()

    def showEvent(self, event: QShowEvent) -> None:
        """Its style, and with it the width of each choice, is known from now on."""
        super().showEvent(event)
        for button in (*map(self.button, self._actions), self.more):
            button.ensurePolished()
        self.updateGeometry()
        self._fold()

    def _width(self, keys: Sequence[str]) -> int:
        layout = self.layout()
        assert layout is not None
        edges = layout.contentsMargins()
        widths = [self.button(key).sizeHint().width() + layout.spacing() for key in keys]
        return edges.left() + edges.right() + sum(widths)

    def _fold(self) -> None:
        keys, room = list(self._actions), self.width()
        count = len(keys)
        if self._width(keys) > room:
            self.more.setText(self._title(keys))
            while count > 1 and self._width(keys[:count]) + self._menu_width(keys[count:]) > room:
                count -= 1
        for number, key in enumerate(keys):
            self.button(key).setHidden(number >= count)
            self._actions[key].setVisible(number >= count)
            self._actions[key].setChecked(key == self.current())
        self.more.setText(self._title(keys[count:]))
        self.more.setChecked(self.current() in keys[count:])
        self.more.setHidden(count == len(keys))

    def _menu_width(self, keys: Sequence[str]) -> int:
        """How wide the menu's button is with these in it."""
        self.more.setText(self._title(keys))
        return self.more.sizeHint().width()

    def _title(self, keys: Sequence[str]) -> str:
        title = self._actions[self.current()].text() if self.current() in keys else self.tr("More")
        return f"{title} ▾"
