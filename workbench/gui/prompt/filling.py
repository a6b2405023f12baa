"""Trying a masked language model: leave gaps in a text, and see what it would write there."""

from __future__ import annotations

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from workbench.gui.examples import SENTENCES, ExamplesButton
from workbench.gui.probabilities import ProbabilityBars
from workbench.gui.prompt.asking import Asking
from workbench.gui.prompt.box import PromptBox
from workbench.gui.theme import LARGE, MEDIUM, SMALL
from workbench.gui.widgets import EmptyState, GhostButton, Label, Title, scrolled
from workbench.gui.workspace import Workspace
from workbench.run.results import GAP, FilledText
from workbench.session.lanes import Ticket
from workbench.session.requests import FillRequest

WRITTEN = "__"
#: Gaps that stand beside each other.
BESIDE = 3


class Filling(Asking):
    """A text box, and for each gap the likeliest words, while typing."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(
            workspace,
            PromptBox(self.tr("Type a text with a gap: The harbour was __ in the morning."), self.tr("Text")),
            EmptyState(
                "prompt",
                self.tr("Leave a gap"),
                self.tr(
                    "Write __ in place of a word, or put the pointer into a word and press Hide the word. The model "
                    "tells what it would write there."
                ),
            ),
        )
        self.examples = ExamplesButton(workspace, SENTENCES, self.take)
        self.hide_word = GhostButton(
            self.tr("Hide the word"),
            help=self.tr("Make a gap of the word at the cursor, or of what is selected."),
            on_click=self._hide,
        )
        self.filled = Title("")
        self.filled.setWordWrap(True)
        self.bars: list[ProbabilityBars] = []
        inside = QWidget()
        around = QVBoxLayout(inside)
        around.setContentsMargins(0, 0, MEDIUM, 0)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(LARGE)
        self._grid.setVerticalSpacing(SMALL)
        around.addLayout(self._grid)
        around.addStretch(1)
        found = QWidget()
        shown = QVBoxLayout(found)
        shown.setContentsMargins(0, 0, 0, 0)
        shown.setSpacing(MEDIUM)
        shown.addWidget(self.filled)
        shown.addWidget(scrolled(inside), 1)
        self._lay_out(found, self.hide_word, self.examples)

    def take(self, text: str) -> None:
        """Ask about a text with its longest word hidden."""
        words = text.split(" ")
        longest = max(range(len(words)), key=lambda i: len(words[i].strip(".,!?;:")))
        word = words[longest]
        words[longest] = word.replace(word.strip(".,!?;:"), WRITTEN, 1)
        self.box.setPlainText(" ".join(words))

    def _hide(self) -> None:
        cursor = self.box.textCursor()
        if not cursor.hasSelection():
            cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        if cursor.selectedText().strip():
            cursor.insertText(WRITTEN)
            self.box.setTextCursor(cursor)
        self.box.setFocus()

    def _missing(self, text: str) -> str | None:
        if not text:
            return ""
        if not GAP.search(text):
            return self.tr("No gap yet: write __ in place of a word.")
        return None

    def _put(self, text: str) -> Ticket:
        return self._workspace.session.fill(FillRequest(self._model, text), self._arrived, self._failed)

    def _show(self, answer: FilledText) -> str:
        self.filled.setText(answer.text)
        while self._grid.count():
            item = self._grid.takeAt(0)
            assert item is not None
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.bars = []
        for number, words in enumerate(answer.gaps):
            bars = ProbabilityBars(limit=10)
            bars.setAccessibleName(self.tr("Words for gap {0}").format(number + 1))
            bars.show_rows(words)
            self.bars.append(bars)
            place, line = number % BESIDE, number // BESIDE * 2
            self._grid.addWidget(Label(self.tr("Gap {0}").format(number + 1), "caption"), line, place)
            self._grid.addWidget(bars, line + 1, place)
        return answer.note
