"""One token of an answer: what else the model could have written, and taking that instead."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from workbench.gui.attention.labels import token_name
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.probabilities import percent
from workbench.gui.theme import SMALL, current
from workbench.gui.widgets import Card, GhostButton, Label
from workbench.run.choices import Choices
from workbench.run.problem import Problem


class Inspector(Card):
    """The ten likeliest tokens at one place, before and after the rules of drawing.

    `stepped` asks for the token before (-1) or after (1) the shown one, `taken` tells the id and the words of a token
    that is to be taken instead, `closed` that the person has seen enough.
    """

    stepped = Signal(int)
    taken = Signal(int, str)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__(self.tr("One token"))
        self.found: Choices | None = None
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
            self.tr("Earlier"), help=self.tr("The token before."), on_click=lambda: self.stepped.emit(-1)
        )
        self.after = GhostButton(
            self.tr("Later"), help=self.tr("The token after."), on_click=lambda: self.stepped.emit(1)
        )
        self.close_button = GhostButton(
            self.tr("Settings"), help=self.tr("Close this and show the settings."), on_click=self.closed.emit
        )
        self.header.addWidget(self.close_button)
        self.add(self.facts)
        self.add(self.table, 1)
        self.add(self.take)
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.before)
        line.addWidget(self.after)
        self.body.addLayout(line)
        self.table.opened.connect(self._choose)
        self.wait()

    def wait(self) -> None:
        """The alternatives are being looked up."""
        self.found = None
        self.table.show_rows(())
        self._choose(None)
        self.facts.setText(self.tr("Reading the answer again …"))

    def complain(self, problem: Problem) -> None:
        """They cannot be had."""
        self.facts.setText(f"{problem.title} {problem.remedy}".strip())

    def show_choices(self, found: Choices) -> None:
        """Show the first of the tokens."""
        self.found = found
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
        if self._picked is not None:
            self.taken.emit(*self._picked)
