"""A text with what a model has marked in it, each kind on a ground of its own."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy

from workbench.gui.theme import SMALL, current, mixed, theme
from workbench.gui.widgets import explain_widget
from workbench.run.results import Mark

#: How strong the grounds are.
_GROUND = 0.3
#: Longer texts scroll.
_LINES = 10


class MarkedText(QPlainTextEdit):
    """Words on coloured grounds, with their kind in small letters behind each."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setProperty("role", "plain")
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._text = ""
        self._marks: tuple[Mark, ...] = ()
        explain_widget(
            self, self.tr("The text with what the model marks in it."), self.tr("Text with its marks")
        )
        theme().changed.connect(self._draw)
        self.document().setDocumentMargin(0)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def show_marks(self, text: str, marks: Sequence[Mark]) -> None:
        """Show another text."""
        self._text, self._marks = text, tuple(marks)
        self._draw()
        told = "; ".join(f"{text[mark.start : mark.end]}: {mark.kind}" for mark in marks)
        self.setAccessibleDescription(told or self.tr("Nothing is marked."))

    def _draw(self) -> None:
        palette, kinds = current(), sorted({mark.kind for mark in self._marks})
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        plain, after = QTextCharFormat(), 0
        plain.setForeground(QColor(palette.text))
        for mark in self._marks:
            colour = palette.series[kinds.index(mark.kind) % len(palette.series)]
            look = QTextCharFormat(plain)
            look.setBackground(QColor(mixed(colour, palette.surface, _GROUND)))
            small = QTextCharFormat(look)
            small.setFontPointSize(max(6.0, self.font().pointSizeF() * 0.75))
            cursor.insertText(self._text[after : mark.start], plain)
            cursor.insertText(self._text[mark.start : mark.end], look)
            cursor.insertText(f" {mark.kind}", small)
            after = mark.end
        cursor.insertText(self._text[after:], plain)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may need more lines, or fewer."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as the lines are, up to ten."""
        lines = min(_LINES, max(1, int(self.document().size().height())))  # of a plain text, counted in lines
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 2 * SMALL)
