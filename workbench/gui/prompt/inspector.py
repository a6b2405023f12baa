"""One token of an answer: what else the model could have written, and taking that instead."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QCheckBox

from workbench.gui.attention.labels import token_name
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.probabilities import percent
from workbench.gui.prompt.conversation import Conversation, Look
from workbench.gui.prompt.step_attention import StepAttention
from workbench.gui.theme import current
from workbench.gui.widgets import Card, GhostButton, IconButton, Label, Rule, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.choices import ALTERNATIVES, Choices
from workbench.run.problem import Problem
from workbench.session.lanes import Ticket
from workbench.session.prompting import ChoicesRequest, look_at_attention, look_at_choices
from workbench.session.requests import LIVE


class Inspector(Card):
    """The ten likeliest tokens at one place of an answer, before and after the rules of drawing.

    It shows what is picked in the conversations that it follows.

    Signals:
        opened: There is a token to show.
        closed: There is none any more.
    """

    opened = Signal()
    closed = Signal()
    #: How wide it wants to be, in pixels.
    WIDTH = 320

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(self.tr("One token"))
        self._workspace = workspace
        self.found: Choices | None = None
        self.look: Look | None = None
        self._ticket: Ticket | None = None
        self._row_ticket: Ticket | None = None
        self._picked: tuple[int, str] | None = None
        self.facts = Label("", "caption", wrap=True)
        self.table = RowsTable(
            (
                Heading(
                    self.tr("Token"),
                    self.tr("The likeliest tokens here; the written one is marked."),
                    wide=True,
                ),
                Heading(self.tr("Model"), self.tr("What the model itself says."), number=True),
                Heading(
                    self.tr("Drawn"),
                    self.tr("What was drawn from: after penalty, temperature, top-k, top-p and min-p."),
                    number=True,
                ),
            ),
            self.tr("Alternatives"),
            self.tr("Choose one, then press Take this instead: the answer is written anew from there."),
        )
        self.take = GhostButton(
            self.tr("Take this instead"),
            help=self.tr(
                "Write another answer that is the same up to here and goes on from the chosen token."
            ),
            on_click=self._take,
        )
        self.before = IconButton(
            "chevron-left", self.tr("Earlier token"), on_click=lambda: self.step(-1), size=24
        )
        self.after = IconButton(
            "chevron-right", self.tr("Later token"), on_click=lambda: self.step(1), size=24
        )
        self.close_button = IconButton(
            "close", self.tr("Close"), self.tr("Escape"), on_click=self.close_look, size=24
        )
        self.attention = StepAttention()
        self.attend = QCheckBox(self.tr("What this step looked at"))
        explain_widget(
            self.attend,
            self.tr("Reads the attention of this one step; the next tokens you go to show theirs too."),
            self.attend.text(),
        )
        self.attend.toggled.connect(self._attend)
        for button in (self.before, self.after, self.close_button):
            self.add_action(button)
        self.add(self.facts)
        self.table.setSortingEnabled(False)  # the likeliest first; and the headings are narrower
        # Both lists can be low, so that the window can; neither is higher than its rows.
        head = self.table.horizontalHeader().sizeHint().height() + 4
        self.table.setMinimumHeight(26 * 4 + head)
        self.table.setMaximumHeight(26 * (ALTERNATIVES + 1) + head)
        self.add(self.table, 3)
        self.add(self.take)
        self.add(Rule())
        self.add(self.attend)
        self.add(self.attention, 2)
        self.body.addStretch(0)
        self.attention.hide()
        self.table.opened.connect(self._choose)
        self._wait()

    def follow(self, conversation: Conversation) -> None:
        """Show what is picked there."""
        conversation.picked.connect(
            lambda look: self._take_over(look) if look is not None else self._leave(conversation)
        )

    def _take_over(self, look: Look) -> None:
        self.cancel()
        self._unmark()
        self.look = look
        text = look.turn.answers[look.answer].text
        text.mark(look.index)
        written = tuple(token.id for token in text.written())
        self.before.setEnabled(look.index > 0)
        self.after.setEnabled(look.index + 1 < len(written))
        self._wait()
        self._ticket = self._workspace.session.look_inside(
            look_at_choices,
            ChoicesRequest(look.turn.version.asked, written[: look.index + 1], look.index),
            self.show_choices,
            self._complain,
        )
        self._attend()
        self.opened.emit()

    def _attend(self) -> None:
        """Read the attention of the step, if it is asked for."""
        if self._row_ticket is not None:
            self._row_ticket.cancel()
            self._row_ticket = None
        look = self.look
        self.attention.setVisible(self.attend.isChecked())
        if look is None or not self.attend.isChecked():
            return
        self.attention.wait()
        written = tuple(token.id for token in look.turn.answers[look.answer].text.written())
        self._row_ticket = self._workspace.session.look_inside(
            look_at_attention,
            ChoicesRequest(look.turn.version.asked, written[: look.index + 1], look.index),
            self.attention.show_rows,
            lambda problem: self.attention.complain(f"{problem.title} {problem.remedy}".strip()),
        )

    def _leave(self, conversation: Conversation) -> None:
        if self.look is not None and self.look.conversation is conversation:
            self.close_look()

    def close_look(self) -> None:
        """Look at no token any more."""
        self.cancel()
        self._unmark()
        was, self.look = self.look, None
        if was is None:
            return
        focused = self.focusWidget()
        if focused is not None and focused.hasFocus():
            was.turn.answers[was.answer].text.setFocus()
        self.closed.emit()

    def cancel(self) -> None:
        """Wait for no answer any more."""
        for ticket in (self._ticket, self._row_ticket):
            if ticket is not None:
                ticket.cancel()
        self._ticket = self._row_ticket = None

    def _unmark(self) -> None:
        if self.look is not None:
            self.look.turn.answers[self.look.answer].text.mark(None)

    def step(self, by: int) -> None:
        """Look at the token before (-1) or after (1)."""
        look = self.look
        if look is not None and 0 <= look.index + by < look.turn.answers[look.answer].text.tokens:
            self._take_over(replace(look, index=look.index + by))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes it."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_look()
        else:
            super().keyPressEvent(event)

    def _wait(self) -> None:
        self.found = None
        self.table.show_rows(())
        self._choose(None)
        busy = self.look is not None and self.look.conversation.busy
        self.facts.setText(
            self.tr("Waits until the answer is written…") if busy else self.tr("Reading the answer again…")
        )

    def _complain(self, problem: Problem) -> None:
        self._ticket = None
        self.facts.setText(f"{problem.title} {problem.remedy}".strip())

    def show_choices(self, found: Choices) -> None:
        """Show the first of the tokens."""
        self._ticket, self.found = None, found
        written = int(found.tokens[0])
        self.facts.setText(
            self.tr("‘{0}’, token {1}: {2} for the model, number {3} of all; drawn with {4}. Undecided by {5:.1f} bits,"
                    " {6:.1f} when drawn.").format(
                token_name(found.words[0]), found.first + 1, percent(float(found.before[0])), int(found.rank[0]),
                percent(float(found.after[0])), float(found.entropy_before[0]), float(found.entropy_after[0]),
            )
        )  # fmt: skip
        if self.look is not None and self.look.turn.version.asked.model == LIVE:
            self.facts.setText(
                self.facts.text()
                + " "
                + self.tr("The model has learned on: this is what it would choose now.")
            )
        others = zip(
            found.other[0].tolist(),
            found.other_words[0],
            found.other_before[0],
            found.other_after[0],
            strict=True,
        )
        rows = [self._row(token, words, before, after) for token, words, before, after in others]
        if written not in found.other[0]:
            rows.append(self._row(written, found.words[0], found.before[0], found.after[0]))
        self.table.show_rows(rows)
        self._choose(None)

    def _row(self, token: int, words: str, before: float, after: float) -> Row:
        written = self.found is not None and token == self.found.tokens[0]
        cells = (
            Cell(token_name(words), colour=current().colour("accent") if written else QColor(0, 0, 0, 0)),
            Cell(percent(float(before)), float(before)),
            Cell(percent(float(after)) if after else "–", float(after)),
        )
        return Row(cells, (token, words))

    def _choose(self, value: object) -> None:
        written = None if self.found is None else int(self.found.tokens[0])
        self._picked = value if isinstance(value, tuple) and value[0] != written else None
        self.take.setEnabled(self._picked is not None)

    def _take(self) -> None:
        look, found = self.look, self.found
        if self._picked is None or look is None or found is None:
            return
        token, words = self._picked
        chance = float(found.other_after[0][found.other[0].tolist().index(token)])
        look.conversation.branch(look, token, words, chance)
