"""Robustness: small changes of the texts, the share of predictions that each set of them flips, and every flip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
)

from workbench.data.suggest import counted
from workbench.gui.attention.export_files import Part
from workbench.gui.evaluate.board import Board, Filter
from workbench.gui.evaluate.flip_bars import FlipBars
from workbench.gui.evaluate.flip_list import FlipList, flips_table, shares_table
from workbench.gui.evaluate.flip_pair import FlipPair
from workbench.gui.evaluate.flip_sets import FlipSets
from workbench.gui.evaluate.view import View
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    Card,
    EmptyState,
    GhostButton,
    Label,
)
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated
from workbench.run.problem import Problem
from workbench.run.robustness import Robustness, SetOutcome
from workbench.run.row_scores import RowScores
from workbench.session.lanes import Ticket
from workbench.session.scoring.flipping import FlipRequest, flips_of

FLIPS = "flips"


class RobustnessView(View):
    """The sets and their bars at the left, the flips of the chosen one and a pair of texts at the right."""

    needs_labels = False
    own_rows = True

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.outcomes: tuple[SetOutcome, ...] = ()
        self._rows: RowScores | None = None
        self._kept: dict[tuple[RowScores, str], tuple[SetOutcome, ...]] = {}
        self._ticket: Ticket | None = None
        self._chosen = ""  # the set that a person chose
        self.sets = FlipSets(self.run, self.stop)
        self.told = Label("", "caption", wrap=True)
        self.bars = FlipBars()
        self.list = FlipList()
        self.pair = FlipPair()
        self.only = GhostButton(
            self.tr("Their rows"),
            "search",
            help=self.tr("Show the rows of these flips, each with what the model says of it."),
            on_click=self._show_rows,
        )
        self.nothing = EmptyState("measure", self.tr("Nothing tried yet"), " ")
        self.right = QStackedWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        left = Card()
        left.add(self.sets)
        left.add(self.told)
        left.add(self.bars)
        left.body.addStretch(1)
        left.setMinimumWidth(280)
        flips = Card(self.tr("Flips"))
        flips.add_action(self.only)
        flips.add(self.list, 1)
        self.flips = flips
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.addWidget(flips)
        halves.addWidget(self.pair)
        halves.setHandleWidth(SMALL)
        halves.setChildrenCollapsible(False)
        halves.setSizes([500, 500])  # shares, not pixels
        self.right.addWidget(self.nothing)
        self.right.addWidget(halves)
        layout = QHBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(left, 2)
        layout.addWidget(self.right, 5)

    def _connect(self) -> None:
        self.bars.picked.connect(self._picked)
        self.list.selectionModel().currentChanged.connect(lambda *_: self._show_pair())
        self.pair.attention_wanted.connect(self._open_attention)

    # ---- trying

    def draw(self, found: Evaluated) -> None:
        """Other rows: what was tried with them before, or nothing yet."""
        if found.rows is self._rows:
            return
        self._drop()
        self._rows = found.rows
        self._show(self._kept.get((found.rows, self.board.model), ()))
        self._say_busy("")
        self.told.setText("")
        if not self.outcomes:
            self._say_nothing_tried()

    def run(self) -> None:
        """Change the texts of the chosen sets, and ask the model."""
        rows, sets = self._rows, self.sets.chosen()
        if rows is None or not sets:
            return
        self._drop()
        self._show(())
        request = FlipRequest(self.board.model, rows, sets, self.sets.rows())
        self._ticket = self.workspace.session.look_inside(
            flips_of, request, self._arrived, self._failed, self._heard, between_steps=False
        )
        self.nothing.say(
            self.tr("Trying"),
            self.tr("The model is asked about every changed text; sets appear as they come."),
            "clock",
        )
        self._say_busy(self.workspace.waiting_words)

    def stop(self) -> None:
        """Stop trying; the sets that are done stay."""
        self._drop()
        self._say_busy("")
        self.told.setText(self.tr("Stopped."))
        if not self.outcomes:
            self._say_nothing_tried()

    def _say_nothing_tried(self) -> None:
        self.nothing.say(
            self.tr("Nothing tried yet"),
            self.tr(
                "Choose sets at the left and press Try. Each changes the texts a little; you see how many predictions "
                "become other ones, and every text with which that happens."
            ),
            "measure",
        )

    def _drop(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket = None

    def _say_busy(self, words: str) -> None:
        self.told.setText(words)
        self.sets.show_busy(self._ticket is not None)
        self.busy_changed.emit(words)

    def _heard(self, news: object) -> None:
        if self._ticket is None:
            return
        if isinstance(news, SetOutcome):
            self._show((*self.outcomes, news))
        elif isinstance(news, str):
            self._say_busy(news)

    def _arrived(self, found: Robustness) -> None:
        self._ticket = None
        self._say_busy("")
        if self._rows is not None:
            self._kept = dict([*self._kept.items(), ((self._rows, self.board.model), found.sets)][-8:])
        self._show(found.sets)
        tried, of = found.rows
        of_all = "" if tried == of else self.tr(" of {0}, evenly from all").format(of)
        self.told.setText(
            self.tr("{0}{1}; the thin lines are 95 % intervals.").format(counted(tried, "row"), of_all)
        )

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self._say_busy("")
        self.told.setText("")
        self.nothing.say(problem.title, f"{problem.cause} {problem.remedy}".strip(), "alert")
        self.right.setCurrentWidget(self.nothing)

    # ---- showing

    def _show(self, outcomes: Sequence[SetOutcome]) -> None:
        self.outcomes = tuple(outcomes)
        names = [one.name for one in self.outcomes]
        chosen = self._chosen
        if (
            chosen not in names
        ):  # where nobody chose: the set that flips most, of those that leave the meaning
            worst = max(self.outcomes, key=lambda o: (o.meaning == "same", o.flipped.hits), default=None)
            chosen = worst.name if worst else ""
        self.bars.show_sets(self.outcomes, chosen)
        self.right.setCurrentIndex(1 if self.outcomes else 0)
        self._show_set(chosen)

    def outcome(self) -> SetOutcome | None:
        """The chosen set's."""
        return next((one for one in self.outcomes if one.name == self.bars.chosen), None)

    def _picked(self, name: str) -> None:
        self._chosen = name
        self._show_set(name)

    def _show_set(self, name: str) -> None:
        one = next((one for one in self.outcomes if one.name == name), None)
        self.only.setEnabled(one is not None and bool(one.flips))
        self.list.show_flips(one.flips if one else ())
        if one is None:
            self.pair.show_flip(None)
            return
        title = self.tr("{0}: {1}").format(one.title, counted(len(one.flips), "flip"))
        self.flips.title.setText(
            title if one.flips else self.tr("{0}: no prediction flipped").format(one.title)
        )
        if one.flips:
            self.list.selectRow(0)
        self._show_pair()

    def _show_pair(self) -> None:
        self.pair.show_flip(self.list.current())

    def _show_rows(self) -> None:
        one = self.outcome()
        if one is not None:
            rows = np.unique(np.array([flip.row for flip in one.flips], dtype=np.int64))
            words = self.tr("flipped by: {0}").format(one.title)
            self.board.clear(FLIPS)
            self.board.toggle(Filter(FLIPS, words, rows, one.name))
            self.rows_wanted.emit()

    def _open_attention(self, text: str) -> None:
        self.workspace.look_wish = (self.board.model, text)
        self.workspace.page_wanted.emit("attention")

    # ---- export

    def parts(self) -> Sequence[Part]:
        """The shares, and every flip, as tables."""
        if not self.outcomes:
            return ()
        outcomes = self.outcomes
        return (
            Part(self.tr("Robustness"), "robustness", table=lambda: shares_table(outcomes)),
            Part(self.tr("Flips"), "flips", table=lambda: flips_table(outcomes)),
        )
