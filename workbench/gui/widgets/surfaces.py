"""Surfaces: cards, empty states, foldable sections, and rows and columns of widgets."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.icons import keep_icon, pixmap
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY, current, theme
from workbench.gui.widgets.controls import PrimaryButton
from workbench.gui.widgets.labels import Muted, Title

Item = QWidget | int | None
READABLE = 420


def _fill(layout: QBoxLayout, items: tuple[Item, ...], spacing: int) -> None:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        else:
            layout.addWidget(item)


def row(*items: Item, spacing: int = SMALL) -> QWidget:
    """Widgets side by side; an int is a gap in pixels, None takes the room that is left."""
    widget = QWidget()
    _fill(QHBoxLayout(widget), items, spacing)
    return widget


def column(*items: Item, spacing: int = SMALL) -> QWidget:
    """Widgets below each other; an int is a gap in pixels, None takes the room that is left."""
    widget = QWidget()
    _fill(QVBoxLayout(widget), items, spacing)
    return widget


def scrolled(content: QWidget) -> QScrollArea:
    """The content in a scroll area that has no frame and grows with the window."""
    return _framed(QScrollArea(), content)


def tall(content: QWidget) -> QScrollArea:
    """The same, never narrower than its content: what is too high for it scrolls, and makes no window higher."""
    return _framed(_Tall(), content)


class _Tall(QScrollArea):
    def minimumSizeHint(self) -> QSize:
        """Wide enough for the content and the bar."""
        content, bar = self.widget(), self.verticalScrollBar().sizeHint().width()
        return QSize((content.minimumSizeHint().width() if content else 0) + bar, 160)


def _framed(area: QScrollArea, content: QWidget) -> QScrollArea:
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    content.setProperty("role", "scrolled")
    area.setWidget(content)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


class Rule(QFrame):
    """A thin line."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "rule")


class Card(QFrame):
    """A surface with an optional title; add widgets with `add` or to `body`, small actions to `header`."""

    def __init__(self, title: str = "", sentence: str = "") -> None:
        super().__init__()
        self.setProperty("role", "card")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(MEDIUM + TINY, MEDIUM, MEDIUM + TINY, MEDIUM)
        outer.setSpacing(SMALL)
        self.header = QHBoxLayout()
        self.header.setSpacing(SMALL)
        self.title = Title(title)
        self.sentence = Muted(sentence)
        for label in (self.title, self.sentence):
            label.setParent(self)
            label.setVisible(bool(label.text()))
        if title:
            self.header.addWidget(self.title)
            self.header.addStretch(1)
            outer.addLayout(self.header)
            self.setAccessibleName(title)
        if sentence:
            outer.addWidget(self.sentence)
        # A widget rather than a layout: it takes all the room that is left, and the title stays at the top.
        room = QWidget()
        self.body = QVBoxLayout(room)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(SMALL)
        outer.addWidget(room, 1)

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Put a widget below the others."""
        self.body.addWidget(widget, stretch)

    def add_action(self, widget: QWidget) -> None:
        """Put a small control at the right of the title."""
        self.header.addWidget(widget)


class EmptyState(QWidget):
    """What stands where nothing is yet: an icon, a title, a sentence, and perhaps what to do."""

    def __init__(
        self,
        icon: str,
        title: str,
        sentence: str = "",
        action: str = "",
        on_action: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, LARGE)
        layout.setSpacing(SMALL)
        self._icon = icon
        self._picture = QLabel()
        self.title = Title(title)
        self.sentence = Muted(sentence)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        centre = Qt.AlignmentFlag.AlignHCenter
        self.title.setWordWrap(True)
        self.title.setAlignment(centre)
        self.sentence.setAlignment(centre)
        layout.addStretch(1)
        layout.addWidget(self._picture, 0, centre)
        layout.addWidget(self.title)
        layout.addWidget(self.sentence)
        self.action = PrimaryButton(action or "-", on_click=on_action)
        if action:
            layout.addSpacing(SMALL)
            layout.addWidget(self.action, 0, centre)
        else:
            self.action.setParent(self)
            self.action.hide()
        layout.addStretch(2)
        theme().changed.connect(self._redraw)
        self._redraw()

    def say(self, title: str, sentence: str = "", icon: str = "") -> None:
        """Change the words, and the icon where one is given."""
        self.title.setText(title)
        self.sentence.setText(sentence)
        self._icon = icon or self._icon
        self._redraw()

    def minimumSizeHint(self) -> QSize:
        """The room at its sides, which grows with the window, is not needed: a window can be made narrow again."""
        return QSize(
            min(READABLE // 2, super().minimumSizeHint().width()), super().minimumSizeHint().height()
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines longer than this are tiring to read."""
        super().resizeEvent(event)
        side = max(MEDIUM, (self.width() - READABLE) // 2)
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(side, LARGE, side, LARGE)

    def _redraw(self) -> None:
        colour = current().blend("muted", 0.65, "background")
        self._picture.setPixmap(pixmap(self._icon, colour, 36, self.devicePixelRatioF()))


class FoldSection(QWidget):
    """A section that unfolds, closed at first; add widgets to `body`."""

    toggled = Signal(bool)

    def __init__(self, title: str, *, open: bool = False) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        self.switch = QToolButton()
        self.switch.setText(title)
        self.switch.setProperty("role", "fold")
        self.switch.setCheckable(True)
        self.switch.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.switch.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.switch.setAccessibleName(title)
        self.content = QWidget()
        self.body = QVBoxLayout(self.content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(SMALL)
        layout.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.content)
        self.switch.toggled.connect(self._fold)
        self.switch.setChecked(open)
        self._fold(open)

    def add(self, widget: QWidget) -> None:
        """Put a widget below the others."""
        self.body.addWidget(widget)

    def is_open(self) -> bool:
        """Whether the content shows."""
        return self.switch.isChecked()

    def set_open(self, open: bool) -> None:
        """Fold or unfold."""
        self.switch.setChecked(open)

    def _fold(self, open: bool) -> None:
        self.content.setVisible(open)
        keep_icon(self.switch, "chevron-down" if open else "chevron-right", "muted")
        self.toggled.emit(open)
