"""Edit and see: the sentence and an edited one, their predictions and their heads side by side, while one types."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.attention.atlas_view import AtlasView
from workbench.gui.attention.change_bars import ChangeBars
from workbench.gui.attention.colours import DIFFERENCES
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.head_view import HeadView
from workbench.gui.attention.labels import head_name, link_text
from workbench.gui.attention.options import ColourBar
from workbench.gui.attention.question import Question
from workbench.gui.attention.scales import Scale, tops
from workbench.gui.attention.shown import Shown, Special, show
from workbench.gui.attention.view import Ask, View
from workbench.gui.attention.word_strip import WordStrip
from workbench.gui.model_choice import Choice
from workbench.gui.theme import MEDIUM, SMALL, current, theme
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    GhostButton,
    Muted,
    Segmented,
    column,
    explain_widget,
    scrolled,
)
from workbench.gui.workspace import Workspace
from workbench.run.inside.edit import Edited
from workbench.session.inside.edit import EditRequest, compare_texts

TYPING_MS = 300
LONGEST, LONGEST_LIVE = 128, 64
_HINT = "Blue looks less in the edited text, orange more. Click a head to enlarge it."


class EditView(View):
    """A second line with the edited sentence above; the change of the prediction and of the heads below."""

    invitation = "Or pick an example. You can then change it word by word and see what the model makes of it."

    def __init__(self, workspace: Workspace, question: Question) -> None:
        super().__init__(workspace, question)
        self.found: Edited | None = None
        self._original, self._mask = question.text(), ""
        self._maps: dict[str, Shown] = {}
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._chosen = False  # whether the person chose a head: until then the most changed one is enlarged
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
        self.atlases = {key: AtlasView() for key in ("difference", "first", "second")}
        self.heads = {key: HeadView() for key in self.atlases}
        self.bar = ColourBar()
        self.hint = ElidedLabel(self.tr(_HINT), "muted")
        self.cells = {key: ElidedLabel("", "muted") for key in self.heads}
        self.change = ElidedLabel("", "caption")
        self._lay_out()
        self._connect()
        self._show_words()

    # ---- shape

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        for widget, stretch in ((self.line, 1), (self.reset, 0), (self.plain, 0), (self.which, 0)):
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
        self.maps = QStackedWidget()
        self.maps.addWidget(self._difference())
        self.maps.addWidget(self._both())
        halves = _splitter(prediction, self.maps)
        halves.setSizes([1000, 2100])
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(halves)

    def _difference(self) -> QSplitter:
        self.atlas_card, self.head_card = (
            Card(self.tr("What changed in each head")),
            Card(self.tr("One head")),
        )
        for widget in (self.atlases["difference"], self.hint, self.bar):
            self.atlas_card.add(widget, 1 if widget is self.atlases["difference"] else 0)
        self.head_card.add(self.change)
        self.head_card.add(self.heads["difference"], 1)
        self.head_card.add(self.cells["difference"])
        return _splitter(self.atlas_card, self.head_card)

    def _both(self) -> QSplitter:
        cards = []
        for key, title in (("first", self.tr("Original")), ("second", self.tr("Edited"))):
            card = Card(title)
            card.add(self.atlases[key], 1)
            card.add(self.heads[key], 1)
            card.add(self.cells[key])
            cards.append(card)
        return _splitter(*cards)

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
        for key, atlas in self.atlases.items():
            atlas.chosen.connect(self._clicked)
            atlas.hovered.connect(lambda head, key=key: self._hovered(key, head))
            self.heads[key].setMinimumSize(120, 100)
            self.heads[key].pointed.connect(self.cells[key].setText)
            atlas.setMinimumSize(120, 80)

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
        self.found, self._maps = answer, {}
        if answer.mask != self._mask:
            self._mask = answer.mask
            self._show_words()
        self._tell_change(answer)
        self._redraw()
        if answer.comparison and not self._chosen:
            self._choose(*answer.comparison.ranked()[0])

    def forget(self) -> None:
        """There is nothing to show."""
        self.found, self._maps = None, {}

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

    def _look(self, key: str) -> Look:
        if key == "difference":
            return Look(current(), DIFFERENCES, Scale("signed", False), self.font())
        return Look(current(), "ink", Scale("sqrt", False), self.font())

    def _shown(self, key: str) -> Shown:
        """The maps of a key, as they are drawn now."""
        assert self.found is not None
        special: Special = "hidden" if self.plain.isChecked() else "shown"
        known = self._maps.get(key)
        if known is None or known.special != special:
            where = self.found.comparison if key == "difference" else self.found
            known = self._maps[key] = show(getattr(where, key), special)
        return known

    def _keys(self) -> tuple[str, ...]:
        """Which maps are on the screen."""
        return ("difference",) if self.maps.currentIndex() == 0 else ("first", "second")

    def _redraw(self) -> None:
        if self.found is None:
            return
        can = self.found.comparison is not None
        self.which.button("difference").setEnabled(can)
        self.maps.setCurrentIndex(0 if can and self.which.current() == "difference" else 1)
        for key in self._keys():
            self.atlases[key].show_maps(self._shown(key), self._look(key))
        self._show_head()

    def _clicked(self, layer: int, head: int) -> None:
        self._chosen = True
        self._choose(layer, head)

    def _choose(self, layer: int, head: int) -> None:
        """Enlarge a head, in all maps."""
        for key, atlas in self.atlases.items():
            atlas.selection = layer, head
            if key in self._keys():
                with QSignalBlocker(atlas):
                    atlas.choose(layer, head)
        self._show_head()

    def _show_head(self) -> None:
        if self.found is None:
            return
        where = self.atlases[self._keys()[0]].selection
        for key in self._keys():
            shown, look = self._shown(key), self._look(key)
            top = float(tops(shown, look.scale)[where])
            self.heads[key].show_head(shown, where, top, look)
            if key == "difference":
                self.bar.show_scale(top, look)
        comparison = self.found.comparison
        if comparison is None:
            return
        self.head_card.title.setText(head_name(*where))
        self.change.setText(
            self.tr("Changed by {0:.3f} bit, number {1} of {2}").format(
                comparison.divergence[where], comparison.ranked().index(where) + 1, comparison.divergence.size
            )
        )

    def _hovered(self, key: str, head: tuple[int, int] | None) -> None:
        if head is None or self.found is None:
            words = self.tr(_HINT) if key == "difference" else ""
        else:
            shown = self._shown(key)
            words = f"{head_name(*head)}: {link_text(shown, shown.strongest(*head))}"
        (self.hint if key == "difference" else self.cells[key]).setText(words)


def _splitter(*parts: QWidget) -> QSplitter:
    found = QSplitter(Qt.Orientation.Horizontal)
    found.setHandleWidth(MEDIUM)
    found.setChildrenCollapsible(False)
    for part in parts:
        found.addWidget(part)
    found.setSizes([1000] * len(parts))
    return found
