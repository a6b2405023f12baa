"""One answer of a language model: text that grows token by token, shaded by probability when wanted."""

from __future__ import annotations

import time
from bisect import bisect_right

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QTextEdit, QToolTip, QVBoxLayout, QWidget

from workbench.gui.theme import TINY, current, theme
from workbench.gui.widgets import ElidedLabel, IconButton
from workbench.run.results import Generated, GeneratedToken

#: How strongly a token is shaded that had no probability at all; a certain one is not shaded.
_STRONGEST = 0.5
_ENDINGS = {
    "end": "ended by itself",
    "length": "cut at the token limit",
    "person": "stopped by you",
    "stop": "ended at a stop text",
}


class AnswerText(QTextEdit):
    """Read-only text as high as it needs to be; pointing at a token tells its probability.

    `picked` tells the number of a token that was clicked, or on which Enter was pressed.
    """

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName(self.tr("Answer"))
        self._starts: list[int] = []
        self._tokens: list[GeneratedToken] = []
        self._shaded = False
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
        if index is None or not 0 <= index < len(self._starts):
            self.setExtraSelections([])
            return
        chosen = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._starts[index])
        if index + 1 < len(self._starts):
            cursor.setPosition(self._starts[index + 1], QTextCursor.MoveMode.KeepAnchor)
        else:
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        chosen.cursor = cursor
        chosen.format.setBackground(current().colour("accent"))
        chosen.format.setForeground(current().colour("accent_text"))
        self.setExtraSelections([chosen])

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click, unless text was selected, picks a token."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self._pick(self.cursorForPosition(event.position().toPoint()).position() - 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter picks the token at the cursor."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pick(self.textCursor().position())
        else:
            super().keyPressEvent(event)

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
        cursor = QTextCursor(self.document())
        for index, token in enumerate(self._tokens):
            last = index + 1 == len(self._tokens)
            cursor.setPosition(self._starts[index])
            if last:
                cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            else:
                cursor.setPosition(self._starts[index + 1], QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(self._format(token))

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
            at = self.viewport().mapFrom(self, event.pos())
            token = self.token_at(max(0, self.cursorForPosition(at).position() - 1))
            if token:
                QToolTip.showText(
                    event.globalPos(),
                    f"“{token.text}”: probability {token.probability:.3f}. Click to see what else it could be.",
                    self,
                )
                return True
        return super().event(event)


class Answer(QWidget):
    """An answer with its count, its speed, and a copy button."""

    def __init__(self, name: str, shaded: bool) -> None:
        super().__init__()
        self.text = AnswerText()
        self.text.shade(shaded)
        self.facts = ElidedLabel(name, "caption")
        self._name = name
        self._began: float | None = None
        copy = IconButton("copy", self.tr("Copy this answer"), on_click=self.copy, size=24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TINY)
        layout.addWidget(self.text)
        foot = QHBoxLayout()
        foot.addWidget(self.facts, 1)
        foot.addWidget(copy)
        layout.addLayout(foot)

    def add(self, token: GeneratedToken) -> None:
        """Append a token and count it."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self.text.add(token)
        # The first token's time goes into reading the prompt, so speed is that of the others.
        elapsed = now - self._began
        speed = (self.text.tokens - 1) / elapsed if elapsed > 0.3 else 0.0
        self._say(speed, "writing")

    def finish(self, whole: Generated | None) -> None:
        """The answer is complete, or was stopped with what it has (None)."""
        if whole is None:
            self._say(0.0, _ENDINGS["person"])
            return
        self.text.complete(whole.text)
        count = len(whole.tokens)
        speed = count / whole.seconds if whole.seconds > 0 else 0.0
        self._say(speed, _ENDINGS.get(whole.stopped_by, whole.stopped_by), count)

    def copy(self) -> None:
        """Put the text on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _say(self, speed: float, state: str, count: int | None = None) -> None:
        count = self.text.tokens if count is None else count
        parts = [self._name, f"{count} token{'' if count == 1 else 's'}"]
        if speed:
            parts.append(f"{speed:.1f} a second")
        self.facts.setText(" · ".join(part for part in (*parts, state) if part))
