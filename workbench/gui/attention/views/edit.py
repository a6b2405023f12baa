"""Edit and see: the sentence and an edited one, their predictions and their heads side by side, while one types."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout

from workbench.gui.attention.change_bars import ChangeBars
from workbench.gui.attention.edit_maps import EditMaps, splitter
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.attention.plate import Plate, plate
from workbench.gui.attention.question import Question
from workbench.gui.attention.shown import Special
from workbench.gui.attention.view import Ask, View
from workbench.gui.attention.word_strip import WordStrip
from workbench.gui.model_choice import Choice
from workbench.gui.theme import MEDIUM, SMALL, theme
from workbench.gui.widgets import Card, GhostButton, Muted, Segmented, column, explain_widget, scrolled
from workbench.gui.workspace import Workspace
from workbench.run.inside.edit import Edited
from workbench.run.inside.tables import change_table
from workbench.session.inside.edit import EditRequest, compare_texts

TYPING_MS = 300
LONGEST, LONGEST_LIVE = 128, 64


class EditView(View):
    """A second line with the edited sentence above; the change of the prediction and of the heads below."""

    invitation = "Or pick an example. You can then change it word by word and see what the model makes of it."

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.found: Edited | None = None
        self._original, self._mask = question.text(), ""
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self.plain = QCheckBox(self.tr("Hide special tokens"))
        explain_widget(self.plain, self.tr("Grey out rows and columns of tokens that the model adds itself."))
        self.line = QLineEdit(self._original)
        self.line.setPlaceholderText(self.tr("Type the edited sentence"))
        explain_widget(
            self.line,
            self.tr(
                "The edited sentence. It begins as the one above; the answers follow as you change either of them."
            ),
            self.tr("Edited sentence"),
        )
        self.reset = GhostButton(
            self.tr("Reset"), help=self.tr("Make it the sentence above again."), on_click=self.start_again
        )
        self.words = WordStrip()
        self.which = Segmented(
            [
                ("difference", self.tr("Difference"), "", self.tr("The edited text less the original.")),
                (
                    "both",
                    self.tr("Side by side"),
                    "",
                    self.tr("The original at the left, the edited at the right."),
                ),
            ],
            self.tr("Maps"),
        )
        self.bars = ChangeBars()
        self.verdict = Muted("")
        self.note = Muted("")
        self.maps = EditMaps()
        self.atlases, self.heads = self.maps.atlases, self.maps.heads
        self.export = ExportButton(
            self.tr("Edit"), lambda: self.found.first.model if self.found else "", self.parts, workspace
        )
        self._lay_out()
        self._connect()
        self._show_words()

    # ---- shape

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        for widget, stretch in (
            (self.line, 1),
            (self.reset, 0),
            (self.plain, 0),
            (self.which, 0),
            (self.export, 0),
        ):
            line.addWidget(widget, stretch)
        sentence = Card()
        sentence.body.addLayout(line)
        self.chips = scrolled(self.words)
        self.chips.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        sentence.add(self.chips)
        outer = self.layout()
        assert isinstance(outer, QVBoxLayout)
        outer.setSpacing(MEDIUM)
        outer.insertWidget(0, sentence)
        prediction = Card(self.tr("Prediction"))
        prediction.add(self.verdict)
        prediction.add(scrolled(column(self.bars, None)), 1)
        prediction.add(self.note)
        halves = splitter(prediction, self.maps)
        halves.setSizes([1000, 2100])
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(halves)

    def _connect(self) -> None:
        theme().changed.connect(self._redraw)
        self.line.textChanged.connect(lambda _: self._show_words())
        self.line.textEdited.connect(lambda _: self._typing.start())
        self.line.returnPressed.connect(self.ask)
        self._typing.timeout.connect(self.ask)
        self.words.rewritten.connect(self._take)
        self.words.typed.connect(self._type_over)
        self.words.resized.connect(self.chips.setFixedHeight)
        self.which.chosen.connect(lambda _: self._redraw())
        self.plain.toggled.connect(lambda _: self._redraw())

    # ---- the edited sentence

    def edited(self) -> str:
        """The edited sentence without white space around it."""
        return self.line.text().strip()

    def start_again(self) -> None:
        """Make the edited sentence the original again."""
        self._take(self.question.text())

    def _take(self, text: str) -> None:
        self.line.setText(text)
        self.line.setCursorPosition(0)
        self.ask()

    def _type_over(self, start: int, end: int) -> None:
        self.line.setFocus()
        self.line.setSelection(start, end - start)

    def _show_words(self) -> None:
        self.words.show_text(self.question.text(), self.line.text(), self._mask)
        self.reset.setEnabled(self.edited() != self.question.text())

    def _follow(self, text: str) -> None:
        """The original is another one: an untouched line goes with it, and so does the edit of quite another text."""
        if text != self._original:
            before, now = set(self.edited().split()), set(text.split())
            if self.edited() in ("", self._original) or 2 * len(before & now) < len(now):
                self.line.setText(text)
            self._original = text
        self._show_words()

    # ---- asking

    def ask(self) -> None:
        """Ask about both sentences; an older question is dropped."""
        self._typing.stop()
        self._follow(self.question.text())
        super().ask()

    def wanted(self, choice: Choice, text: str) -> Ask | None:
        """Both texts; None where nothing is left of the edited one."""
        if not self.edited():
            return None
        longest = LONGEST_LIVE if self.question.is_live() else LONGEST
        return Ask(compare_texts, EditRequest(choice.model, text, self.edited(), longest))

    def say_empty(self) -> None:
        """Explain what one would see, or that the edited line is empty."""
        super().say_empty()
        if self.question.text() and self.question.chooser.choice() and hasattr(self, "line"):
            self.empty.say(
                self.tr("The edited sentence is empty"),
                self.tr("Type something into the second line, or press Reset."),
                "attention",
            )

    def show_answer(self, answer: Edited) -> None:
        """Show what the edit changes."""
        self.found = answer
        if answer.mask != self._mask:
            self._mask = answer.mask
            self._show_words()
        self._tell_change(answer)
        self._redraw()

    def forget(self) -> None:
        """There is nothing to show."""
        self.found = None

    # ---- drawing

    def _tell_change(self, found: Edited) -> None:
        self.bars.show_changes(found.changes)
        if not found.changes:
            said = self.tr("This model has no classes and writes no text: only its heads are compared.")
        else:
            first = max(found.changes, key=lambda change: change.before).name.strip()
            second = max(found.changes, key=lambda change: change.after).name.strip()
            what = self.tr("next token") if found.language else self.tr("class")
            if found.first.tokens == found.second.tokens:
                said = self.tr("Both lines are the same: click a word, or type.")
            elif first == second:
                said = self.tr("The likeliest {0} stays ‘{1}’.").format(what, first)
            else:
                said = self.tr("The likeliest {0} turns from ‘{1}’ to ‘{2}’.").format(what, first, second)
        self.verdict.setText(said)
        self.note.setText(found.note)

    def _redraw(self) -> None:
        if self.found is None:
            return
        self.which.button("difference").setEnabled(self.found.comparison is not None)
        special: Special = "hidden" if self.plain.isChecked() else "shown"
        self.maps.show_found(self.found, special, self.which.current() == "difference")

    # ---- handing out

    def parts(self) -> list[Part]:
        """What can be exported: the prediction's change, and the maps that are on."""
        if self.found is None:
            return []
        changes = Part(
            self.tr("Prediction"), "edit-prediction", self._prediction, partial(change_table, self.found)
        )
        return [*([changes] if self.found.changes else []), *self.maps.parts()]

    def _prediction(self) -> Plate:
        assert self.found is not None
        title = self.tr("What an edit changes: {0}").format(self.found.first.model)
        told = self.tr("Original: {0}\nEdited: {1}").format(self.question.text(), self.edited())
        return plate(title, told, self.verdict.text(), self.bars, font=self.font())
