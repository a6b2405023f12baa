"""The words of a sentence as chips, with a menu of what can be done to each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QMenu

from workbench.gui.attention.token_strip import TokenStrip
from workbench.run.inside.edit import changed, pieces, replaced, swapped, without

_OPEN = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Menu)


class WordStrip(TokenStrip):
    """The words of the edited text; those that are new stand on a coloured ground.

    Signals:
        rewritten: The text after an edit of one word.
        typed: The (start, end) of the word that is to be replaced by typing.
        resized: How high the view on the words should be: as they are, but not more than three lines.
    """

    rewritten = Signal(str)
    typed = Signal(int, int)
    resized = Signal(int)

    def __init__(self) -> None:
        super().__init__("Words")
        self.setAccessibleName(self.tr("Words of the edited sentence"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.text, self.masked = "", ""
        self._new: tuple[bool, ...] = ()
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.pointed.connect(self.mark)

    def show_text(self, original: str, text: str, mask: str) -> None:
        """Show the words of a text.

        Args:
            original: The text as it was.
            text: The text as it is now.
            mask: The model's mask token; empty where it has none.
        """
        self.text, self.masked = text, mask
        self._new = changed(original, text, mask)
        words = tuple(text[a:b] for a, b in pieces(text, mask))
        # Nothing is scored where nothing is new: zeros alone would have no strongest one.
        self.show_tokens(words, np.zeros(len(words), bool), np.array(self._new, dtype=np.float64) * 0.35)

    def share(self, number: int) -> float:
        """How strong the ground of a word is."""
        return 0.35 if number < len(self._new) and self._new[number] else 0.0

    def words(self, number: int) -> str:
        """What a word says when it is pointed at."""
        state = self.tr(" (new)") if number < len(self._new) and self._new[number] else ""
        return self.tr("‘{0}’{1}: click to mask, leave out, swap or replace").format(
            self.tokens[number], state
        )

    def open_menu(self, number: int) -> None:
        """Offer what can be done to a word."""
        if 0 <= number < len(self.tokens):
            self.mark(number)
            self.fill_menu(number)
            self.menu.popup(self.mapToGlobal(self.place(number).bottomLeft().toPoint() + QPoint(0, 2)))

    def fill_menu(self, number: int) -> None:
        """List what can be done to a word."""
        spans = pieces(self.text, self.masked)
        word, here = self.tokens[number], spans[number]
        self.menu.clear()
        masked = self._add(
            self.tr("Mask ‘{0}’").format(word),
            lambda: self.rewritten.emit(replaced(self.text, here, self.masked)),
        )
        if not self.masked:
            masked.setEnabled(False)
            masked.setText(self.tr("Mask ‘{0}’ (this model has no mask token)").format(word))
        elif word == self.masked:
            masked.setEnabled(False)
        gone = self._add(
            self.tr("Leave ‘{0}’ out").format(word), lambda: self.rewritten.emit(without(self.text, here))
        )
        gone.setEnabled(len(spans) > 1)
        if number + 1 < len(spans):
            after = spans[number + 1]
            self._add(
                self.tr("Swap ‘{0}’ with ‘{1}’").format(word, self.tokens[number + 1]),
                lambda: self.rewritten.emit(swapped(self.text, here, after)),
            )
        self._add(self.tr("Replace ‘{0}’ by typing").format(word), lambda: self.typed.emit(*here))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, other lines."""
        super().resizeEvent(event)
        self.resized.emit(min(self.height(), 3 * (self.fontMetrics().height() + 9) + 4))

    def _add(self, words: str, act: Callable[[], object]) -> QAction:
        action = self.menu.addAction(words.replace("&", "&&"))
        action.triggered.connect(lambda _=False: act())
        return action

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Click for the menu."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.open_menu(self.at(event.position().x(), event.position().y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, space or down opens the menu of the marked word."""
        if Qt.Key(event.key()) in _OPEN and self.marked >= 0:
            self.open_menu(self.marked)
        else:
            super().keyPressEvent(event)
