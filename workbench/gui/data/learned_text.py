"""A conversation as the model reads it, with the tokens that are learned in colour."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.theme import SMALL, current, theme
from workbench.gui.widgets import EmptyState, Label, explain_widget

if TYPE_CHECKING:
    from workbench.run.problem import Problem
    from workbench.session.chat_preview import ChatPreview, ReadToken

#: Tokens that are coloured: more take longer than anyone reads.
MOST = 4000
#: How strong the grounds of two tokens beside each other are, so that each is seen.
_GROUNDS = (0.24, 0.36)


class LearnedText(QWidget):
    """One row's conversation through the chat template. Which row it is, is asked for with `wanted`."""

    wanted = Signal(int)  # the row, as the table that shows has it
    changed = Signal()  # .summary

    def __init__(self) -> None:
        super().__init__()
        self.summary = ""
        self._row = -1
        self._preview: ChatPreview | None = None
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setProperty("role", "plain")
        self.text.setTabChangesFocus(True)
        self.text.document().setDocumentMargin(0)
        self.text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        explain_widget(
            self.text,
            self.tr("The chosen conversation as the model reads it, special tokens and all."),
            self.tr("Conversation as the model reads it"),
        )
        self.legend = Label("", "caption")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.note = Label("", "caption", wrap=True)
        self.message = EmptyState(
            "prompt", self.tr("No conversation is chosen"), self.tr("Choose a row above.")
        )
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(SMALL)
        inside.addWidget(self.text, 1)
        inside.addWidget(self.legend)
        inside.addWidget(self.note)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.message)
        self.stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)
        theme().changed.connect(self._draw)

    def show_row(self, row: int) -> None:
        """Show a row of the table, or go on showing it."""
        if row == self._row:
            return
        self._row, self._preview = row, None
        if row < 0:
            self._say(self.tr("No conversation is chosen"), self.tr("Choose a row above."), "prompt")
            return
        if self.stack.currentIndex() == 0:  # else the conversation before stays until this one is there
            self._say(
                self.tr("Reading the conversation"), self.tr("It goes through the chat template."), "clock"
            )
        self.wanted.emit(row)

    def forget(self) -> None:
        """What is shown is no longer so: the next `show_row` asks anew."""
        self._row = -1

    def show_preview(self, preview: ChatPreview) -> None:
        """Show the conversation that was asked for."""
        self._preview = preview
        cut = len(preview.tokens) - preview.limit
        self.summary = self.tr("{0}, {1} learned").format(
            counted(min(len(preview.tokens), preview.limit), "token"), preview.learned
        )
        if cut > 0:
            self.summary += self.tr(", {0} cut off").format(cut)
        more = len(preview.tokens) - MOST
        notes = (preview.note, self.tr("The first {0} tokens are shown.").format(MOST) if more > 0 else "")
        self.note.setText(" ".join(note for note in notes if note))
        self.note.setVisible(bool(self.note.text()))
        self.stack.setCurrentIndex(1)
        self._draw()
        self.text.setAccessibleDescription(self.summary)
        self.changed.emit()

    def show_problem(self, problem: Problem) -> None:
        """Say why the conversation cannot be shown."""
        self._say(problem.title, f"{problem.cause} {problem.remedy}".strip(), "alert")

    def say_dropped(self) -> None:
        """Say that the row is not learned from."""
        self._say(
            self.tr("This row is taken out"), self.tr("The steps or an edit by hand leave it out."), "data"
        )

    def _say(self, title: str, sentence: str, icon: str) -> None:
        self.summary = ""
        self.message.say(title, sentence, icon)
        self.stack.setCurrentIndex(0)
        self.changed.emit()

    def _draw(self) -> None:
        preview, palette = self._preview, current()
        if preview is None:
            return
        self.text.clear()
        cursor = QTextCursor(self.text.document())
        cursor.beginEditBlock()
        for place, token in enumerate(preview.tokens[:MOST]):
            look = QTextCharFormat()
            lost = place >= preview.limit
            learned = token.learned and not lost
            look.setForeground(QColor(palette.text if learned else palette.muted))
            look.setFontStrikeOut(lost)
            if learned:
                look.setBackground(QColor(palette.blend("accent", _GROUNDS[place % 2])))
            cursor.insertText(token.text, look)
        cursor.endEditBlock()
        self._show_first(preview)
        self._explain(len(preview.tokens) > preview.limit)

    def _show_first(self, preview: ChatPreview) -> None:
        """Scroll from the beginning no further than until the first learned token is seen."""
        cursor = QTextCursor(self.text.document())
        self.text.setTextCursor(cursor)
        before = takewhile(lambda token: not token.learned, preview.tokens[:MOST])
        cursor.setPosition(min(sum(map(_width, before)), self.text.document().characterCount() - 1))
        self.text.setTextCursor(cursor)
        self.text.ensureCursorVisible()

    def _explain(self, cut: bool) -> None:
        palette = current()
        ground = palette.blend("accent", _GROUNDS[1])
        parts = (
            f'<span style="background-color:{ground}; color:{palette.text}">&nbsp;{self.tr("learned")}&nbsp;</span>',
            f'<span style="color:{palette.muted}">{self.tr("read only")}</span>',
            f'<s style="color:{palette.muted}">{self.tr("cut off by the maximum length")}</s>' if cut else "",
        )
        self.legend.setText("&nbsp;&nbsp;&nbsp;".join(part for part in parts if part))


def _width(token: ReadToken) -> int:
    """The places that a token's text takes in a document, which counts in UTF-16."""
    return len(token.text.encode("utf-16-le")) // 2
