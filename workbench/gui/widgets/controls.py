"""Controls: the primary button, icon buttons and the segmented switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QSizePolicy, QToolButton

from workbench.gui.icons import keep_icon
from workbench.gui.widgets.labels import explain_widget


class PrimaryButton(QPushButton):
    """The one thing to do here."""

    role = "primary"
    icon_role = "accent_text"

    def __init__(
        self, text: str, icon: str = "", *, help: str = "", on_click: Callable[[], object] | None = None
    ) -> None:
        super().__init__(text)
        if self.role:
            self.setProperty("role", self.role)
        if icon:
            keep_icon(self, icon, self.icon_role)
        explain_widget(self, help, text.replace("&", ""))
        if on_click:
            self.clicked.connect(lambda: on_click())


class GhostButton(PrimaryButton):
    """A button for what is not the main thing."""

    role = ""
    icon_role = "text"


class IconButton(QToolButton):
    """A square button that shows only an icon; `name` is for screen readers and opens the tooltip."""

    def __init__(
        self,
        icon: str,
        name: str,
        help: str = "",
        *,
        checkable: bool = False,
        on_click: Callable[[], object] | None = None,
        size: int = 28,
    ) -> None:
        super().__init__()
        self.setProperty("role", "icon")
        self.setFixedSize(size, size)
        self.setIconSize(QSize(16, 16))
        self.setCheckable(checkable)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        keep_icon(self, icon)
        explain_widget(self, f"{name}. {help}" if help else name, name)
        if on_click:
            self.clicked.connect(lambda: on_click())

    def show_icon(self, icon: str, role: str = "text") -> None:
        """Change the drawing."""
        keep_icon(self, icon, role)


class Segmented(QFrame):
    """An exclusive switch between a few choices, given as (key, text) or (key, text, icon, help).

    `chosen` tells the key when the person switches; `choose` switches without telling.
    """

    chosen = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, ...]], name: str = "") -> None:
        super().__init__()
        self.setProperty("role", "segmented")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        for key, text, *rest in choices:
            button = QToolButton()
            button.setText(text)
            button.setCheckable(True)
            button.setProperty("role", "segment")
            button.setProperty("key", key)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            if rest and rest[0]:
                keep_icon(button, rest[0])
                button.setIconSize(QSize(16, 16))
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            explain_widget(button, rest[1] if len(rest) > 1 else "", f"{name}: {text}" if name else text)
            self._group.addButton(button)
            self._buttons[key] = button
            layout.addWidget(button)
        next(iter(self._buttons.values())).setChecked(True)
        # toggled rather than clicked: the arrow keys of an exclusive group check without a click
        self._quiet = False
        self._group.buttonToggled.connect(self._toggled)

    def current(self) -> str:
        """The key of the choice that is on."""
        button = self._group.checkedButton()
        return str(button.property("key")) if button else ""

    def choose(self, key: str) -> None:
        """Switch without the signal; an unknown key is ignored."""
        if key in self._buttons:
            self._quiet = True
            self._buttons[key].setChecked(True)
            self._quiet = False

    def button(self, key: str) -> QToolButton:
        """The button of a choice."""
        return self._buttons[key]

    def _toggled(self, button: QToolButton, on: bool) -> None:
        if on and not self._quiet:
            self.chosen.emit(str(button.property("key")))
