"""What the cards at the side of the Data page share: marks, buttons whose words wrap, and rows that unfold."""

from __future__ import annotations

import re

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

from workbench.gui.theme import CONTROL_HEIGHT, MEDIUM, RADIUS_SMALL, SMALL, TINY, current, theme
from workbench.gui.widgets import Label, explain_widget, restyle, show_if

#: The tone of each mark; the shapes differ as well, for those who do not tell the colours apart.
TONES = {"error": "bad", "warning": "warning", "hint": "accent", "good": "good"}
_LONG = re.compile(r"\S{24,}")
_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


def figure(value: int) -> str:
    """The number with narrow gaps between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def breakable(text: str) -> str:
    """The text with places to break in long words, such as addresses, so that a narrow label can wrap it."""
    return _LONG.sub(
        lambda word: "\u200b".join(word[0][i : i + 12] for i in range(0, len(word[0]), 12)), text
    )


def bring_to_sight(widget: QWidget) -> None:
    """Scroll the area that the widget lies in, if there is one, until the widget shows."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    if isinstance(parent, QScrollArea):
        parent.ensureWidgetVisible(widget, 0, MEDIUM)


class Mark(QWidget):
    """How bad something is: a filled octagon, a triangle, or a ring; a tick where all is well."""

    SIZE = 16

    def __init__(self, kind: str = "hint") -> None:
        super().__init__()
        self._kind = kind
        self.setFixedSize(self.SIZE, self.SIZE)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme().changed.connect(self.update)

    def show_kind(self, kind: str) -> None:
        """Draw another one: error, warning, hint or good."""
        self._kind = kind
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the shape, and the sign in it."""
        palette, painter = current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = palette.colour(TONES[self._kind])
        sign = QPen(palette.colour("surface"), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if self._kind == "error":
            painter.drawPolygon(
                points((5, 1), (11, 1), (15, 5), (15, 11), (11, 15), (5, 15), (1, 11), (1, 5))
            )
            painter.setPen(sign)
            painter.drawLine(QPointF(5.6, 5.6), QPointF(10.4, 10.4))
            painter.drawLine(QPointF(10.4, 5.6), QPointF(5.6, 10.4))
        elif self._kind == "warning":
            painter.setPen(QPen(colour, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, ROUND))
            painter.drawPolygon(points((8, 2.2), (14.4, 13.6), (1.6, 13.6)))
            painter.setPen(sign)
            painter.drawLine(QPointF(8, 6.4), QPointF(8, 9.4))
            painter.drawPoint(QPointF(8, 12))
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, ROUND))
            painter.drawEllipse(QPointF(8, 8), 6.4, 6.4)
            if self._kind == "good":
                painter.drawPolyline(points((5, 8.3), (7.2, 10.4), (11, 6)))
            else:
                painter.drawLine(QPointF(8, 7.6), QPointF(8, 11))
                painter.drawPoint(QPointF(8, 5))


#: How lines meet and end.
ROUND, CAP = Qt.PenJoinStyle.RoundJoin, Qt.PenCapStyle.RoundCap


def points(*places: tuple[float, float]) -> QPolygonF:
    """These places as a line or an outline."""
    return QPolygonF([QPointF(x, y) for x, y in places])


class WrapButton(QPushButton):
    """A button whose words wrap where it is narrow; `primary` for the one thing to do."""

    def __init__(self, text: str, *, help: str = "", primary: bool = False) -> None:
        super().__init__(text)
        self._primary = primary
        if primary:
            self.setProperty("role", "primary")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setSizePolicy(policy)
        explain_widget(self, help, text)

    def sizeHint(self) -> QSize:
        """As narrow as it has to be; the height follows from the width."""
        return QSize(120, self._height(max(120, self.width())))

    def minimumSizeHint(self) -> QSize:
        """As in `sizeHint`."""
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow button needs more lines."""
        super().resizeEvent(event)
        self.setMinimumHeight(self._height(self.width()))

    def _words(self, width: int) -> QRect:
        room = QRect(0, 0, width - 2 * MEDIUM, 10_000)
        return self.fontMetrics().boundingRect(room, int(_CENTRED), self.text())

    def _height(self, width: int) -> int:
        return max(CONTROL_HEIGHT, self._words(width).height() + 3 * TINY)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The style draws the button, and the words come on top, in lines."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""
        painter = QPainter(self)
        self.style().drawControl(QStyle.ControlElement.CE_PushButton, option, painter, self)
        palette = current()
        colour = palette.accent_text if self._primary else palette.text
        painter.setPen(palette.colour("muted") if not self.isEnabled() else colour)
        painter.drawText(self.rect().adjusted(MEDIUM, 0, -MEDIUM, 0), int(_CENTRED), self.text())


_CENTRED = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap


class Quote(Label):
    """A text of the data, with a line at its left; wraps, also within words."""

    def __init__(self, text: str) -> None:
        super().__init__(breakable(text), "muted", wrap=True)
        self.setContentsMargins(SMALL + 2, 0, 0, 0)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line, then the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(current().colour("line"))
        painter.drawRoundedRect(QRectF(0, 1, 3, self.height() - 2), 1.5, 1.5)
        painter.end()
        super().paintEvent(event)


class SmallNote(QWidget):
    """A mark and a wrapped sentence; hidden while there is nothing to say."""

    def __init__(self, kind: str = "hint") -> None:
        super().__init__()
        self.mark = Mark(kind)
        self.words = Label("", wrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.words, 1)
        self.hide()

    def say(self, text: str, kind: str = "") -> None:
        """Say something else; an empty text hides it."""
        if kind:
            self.mark.show_kind(kind)
        self.words.setText(breakable(text))
        show_if(self, bool(text))

    def text(self) -> str:
        """What it says."""
        return self.words.text().replace("\u200b", "")


class RowButton(QAbstractButton):
    """A whole row to be clicked: put widgets into `line`. Arrow keys ask for the row above or below."""

    stepped = Signal(int)  # -1 up, 1 down

    def __init__(self, name: str, help: str = "") -> None:
        super().__init__()
        self.setText(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._by_keyboard = False
        self.line = QHBoxLayout(self)
        self.line.setContentsMargins(SMALL, 6, SMALL, 6)
        self.line.setSpacing(SMALL)
        explain_widget(self, help, name)
        theme().changed.connect(self.update)

    def put(self, widget: QWidget, stretch: int = 0) -> None:
        """Add a widget at the right; the row takes its clicks."""
        widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.line.addWidget(
            widget, stretch, Qt.AlignmentFlag.AlignTop if not stretch else Qt.AlignmentFlag(0)
        )

    def step_here(self) -> None:
        """Take the focus as the arrow keys give it, and come into sight."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        bring_to_sight(self)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Only the keyboard needs a ring to see where it is."""
        self._by_keyboard = event.reason() in _KEYBOARD
        super().focusInEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down walk; Enter does what Space does."""
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not event.modifiers():
            self.stepped.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground under the mouse and the ring of the focus."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self.hasFocus() and self._by_keyboard
        painter.setPen(QPen(palette.colour("accent"), 1.2) if ring else Qt.PenStyle.NoPen)
        hovered = self.isEnabled() and (self.underMouse() or self.isDown())
        painter.setBrush(palette.colour("raised") if hovered else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_SMALL, RADIUS_SMALL)


def set_words(label: Label, role: str) -> None:
    """Give a wrapped label another look; its height follows."""
    restyle(label, role=role)
    label.setText(label.text())


def empty(layout: QLayout) -> None:
    """Take all widgets out of a layout and do away with them."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
