"""The text of an answer: it grows token by token, is shaded by probability when wanted, and lets a token be picked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QSizePolicy, QTextEdit, QToolTip

from workbench.gui.attention.labels import token_name
from workbench.gui.probabilities import percent
from workbench.gui.theme import current, theme
from workbench.run.results import GeneratedToken

#: How strongly a token is shaded that had no probability at all; a certain one is not shaded.
_STRONGEST = 0.5
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class AnswerText(QTextEdit):
    """Read-only text as high as it needs to be; pointing at a token tells its probability.

    Signals:
        picked: The number of a token that was clicked, or gone to with the arrow keys or Enter.
        left: Escape was pressed while one is marked.
    """

    picked = Signal(int)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setAccessibleName(self.tr("Answer"))
        self.setAccessibleDescription(
            self.tr("Left and right go from token to token and tell what else each could have been.")
        )
        self._starts: list[int] = []
        self._tokens: list[GeneratedToken] = []
        self._shaded = False
        self.marked: int | None = None
        self.document().documentLayout().documentSizeChanged.connect(lambda _: self._fit())
        theme().changed.connect(self._recolour)

    def add(self, token: GeneratedToken) -> None:
        """Append a token."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        self._starts.append(cursor.position())
        self._tokens.append(token)
        cursor.insertText(token.text, self._format(token))

    def complete(self, whole: str) -> None:
        """Add what was held back because it might have become another character, or a stop text."""
        shown = self.toPlainText()
        if whole.startswith(shown) and len(whole) > len(shown):
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(whole[len(shown) :])

    def start_again(self, tokens: Sequence[GeneratedToken]) -> None:
        """Only these tokens: what more was shown is written anew."""
        self.clear()
        self._starts.clear()
        self._tokens.clear()
        for token in tokens:
            self.add(token)

    def shade(self, on: bool) -> None:
        """Shade tokens by their probability, or not."""
        if on != self._shaded:
            self._shaded = on
            self._recolour()

    def token_at(self, position: int) -> GeneratedToken | None:
        """The token that wrote the character at a position of the text."""
        index = bisect_right(self._starts, position) - 1
        return self._tokens[index] if index >= 0 else None

    def written(self) -> list[GeneratedToken]:
        """All tokens."""
        return list(self._tokens)

    def mark(self, index: int | None) -> None:
        """Frame one token, or none."""
        self.marked = index if index is not None and 0 <= index < len(self._starts) else None
        if self.marked is None:
            self.setExtraSelections([])
            return
        chosen = QTextEdit.ExtraSelection()
        chosen.cursor = self._span(self.marked)
        chosen.format.setBackground(current().colour("accent"))
        chosen.format.setForeground(current().colour("accent_text"))
        self.setExtraSelections([chosen])
        place = QTextCursor(chosen.cursor)
        place.clearSelection()
        self.setTextCursor(place)  # the page scrolls so that it stays in sight

    def _span(self, index: int) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._starts[index])
        if index + 1 < len(self._starts):
            cursor.setPosition(self._starts[index + 1], QTextCursor.MoveMode.KeepAnchor)
        else:
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click, unless text was selected, picks a token."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self._pick(self._character_at(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go from token to token, Enter picks the one at the cursor, Escape leaves."""
        key = Qt.Key(event.key())
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pick(self.textCursor().position())
        elif key in _STEPS and plain and self._tokens:
            last = len(self._tokens) - 1
            begin = 0 if _STEPS[key] > 0 else last
            self.picked.emit(begin if self.marked is None else max(0, min(last, self.marked + _STEPS[key])))
        elif key == Qt.Key.Key_Escape and self.marked is not None:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _character_at(self, point: QPoint) -> int:
        """The position of the character under a point; `cursorForPosition` gives the nearer gap between two."""
        cursor = self.cursorForPosition(point)
        before = self.cursorRect(cursor).left() > point.x()
        return max(0, cursor.position() - (1 if before else 0))

    def _pick(self, position: int) -> None:
        index = bisect_right(self._starts, max(0, position)) - 1
        if index >= 0:
            self.picked.emit(index)

    @property
    def tokens(self) -> int:
        """How many tokens there are."""
        return len(self._tokens)

    def _format(self, token: GeneratedToken) -> QTextCharFormat:
        form = QTextCharFormat()
        form.setForeground(current().colour("text"))
        if self._shaded:
            colour = QColor(current().accent)
            colour.setAlphaF(_STRONGEST * (1 - token.probability))
            form.setBackground(colour)
        return form

    def _recolour(self) -> None:
        whole = QTextCursor(self.document())
        whole.beginEditBlock()  # laid out once, not once for each token
        for index, token in enumerate(self._tokens):
            self._span(index).setCharFormat(self._format(token))
        whole.endEditBlock()
        self.mark(self.marked)

    def _fit(self) -> None:
        frame = self.height() - self.viewport().height()
        self.setFixedHeight(int(self.document().size().height()) + max(frame, 2))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrapping changes with the width, and the height with it."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Narrow."""
        return QSize(120, 32)

    def event(self, event: QEvent) -> bool:
        """The tooltip is the probability of the token under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            token = self.token_at(self._character_at(self.viewport().mapFrom(self, event.pos())))
            if token:
                words = self.tr("‘{0}’: probability {1}. Click to see what else it could have been.")
                QToolTip.showText(
                    event.globalPos(), words.format(token_name(token.text), percent(token.probability)), self
                )
                return True
        return super().event(event)
