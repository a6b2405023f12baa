"""One token of an answer: what else the model could have written, and taking that instead."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout

from workbench.gui.attention.labels import token_name
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.probabilities import percent
from workbench.gui.prompt.conversation import Conversation, Look
from workbench.gui.theme import SMALL, current
from workbench.gui.widgets import Card, GhostButton, IconButton, Label
from workbench.gui.workspace import Workspace
from workbench.run.choices import Choices
from workbench.run.problem import Problem
from workbench.session.lanes import Ticket
from workbench.session.prompting import ChoicesRequest, look_at_choices


class Inspector(Card):
    """The ten likeliest tokens at one place of an answer, before and after the rules of drawing.

    It shows what is picked in the conversations that it follows.

    Signals:
        opened: There is a token to show.
        closed: There is none any more.
    """

    opened = Signal()
    closed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(self.tr("One token"))
        self._workspace = workspace
        self.found: Choices | None = None
        self.look: Look | None = None
        self._ticket: Ticket | None = None
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
        self.before = GhostButton(
            self.tr("Earlier"), help=self.tr("The token before."), on_click=lambda: self.step(-1)
        )
        self.after = GhostButton(
            self.tr("Later"), help=self.tr("The token after."), on_click=lambda: self.step(1)
        )
        self.close_button = IconButton("close", self.tr("Close"), self.tr("Escape"), on_click=self.close_look)
        self.add_action(self.close_button)
        self.add(self.facts)
        self.add(self.table, 1)
        self.add(self.take)
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.before)
        line.addWidget(self.after)
        self.body.addLayout(line)
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
        self.opened.emit()

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
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket = None

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
        self.facts.setText(self.tr("Reading the answer again …"))

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
        rows = []
        for place, token in enumerate(found.other[0].tolist()):
            before, after = float(found.other_before[0, place]), float(found.other_after[0, place])
            name = token_name(found.other_words[0][place])
            cells = (
                Cell(name, colour=current().colour("accent") if token == written else None),
                Cell(percent(before), before),
                Cell(percent(after) if after else "–", after),
            )
            rows.append(Row(cells, (token, found.other_words[0][place])))
        self.table.show_rows(rows)
        self._choose(None)

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
