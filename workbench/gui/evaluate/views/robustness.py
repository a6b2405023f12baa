"""Robustness: small changes of the texts, the share of predictions that each set of them flips, and every flip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
)

from workbench.data.perturbations import PERTURBATIONS
from workbench.data.suggest import counted
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.evaluate.board import Board, Filter
from workbench.gui.evaluate.flip_bars import FlipBars
from workbench.gui.evaluate.flip_pair import FlipPair
from workbench.gui.evaluate.view import View
from workbench.gui.table_model import one_line
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    Card,
    EmptyState,
    GhostButton,
    Label,
    PrimaryButton,
    explain_widget,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated
from workbench.run.inside.tables import Table
from workbench.run.problem import Problem
from workbench.run.robustness import Flip, Robustness, SetOutcome
from workbench.run.row_scores import RowScores
from workbench.session.lanes import Ticket
from workbench.session.scoring.flipping import FlipRequest, flips_of

FLIPS = "flips"
_COUNTS = ((200, "200 rows"), (500, "500 rows"), (2000, "2000 rows"), (0, "All rows"))


class RobustnessView(View):
    """The sets and their bars at the left, the flips of the chosen one and a pair of texts at the right."""

    needs_labels = False

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.outcomes: tuple[SetOutcome, ...] = ()
        self._rows: RowScores | None = None
        self._kept: dict[tuple[RowScores, str], tuple[SetOutcome, ...]] = {}
        self._ticket: Ticket | None = None
        self.sets: dict[str, QCheckBox] = {}
        for one in PERTURBATIONS:
            box = self.sets[one.name] = QCheckBox(self.tr(one.title))
            box.setChecked(True)
            more = "" if one.meaning == "same" else self.tr(" A flip may be right.")
            explain_widget(box, self.tr(one.help) + more, self.tr(one.title))
            box.toggled.connect(lambda _: self._say_ready())
        self.most = QComboBox()
        for count, words in _COUNTS:
            self.most.addItem(self.tr(words), count)
        self.most.setCurrentIndex(1)
        explain_widget(
            self.most, self.tr("How many rows are tried, evenly from all; more make the intervals narrower."),
            self.tr("Rows to try"),
        )  # fmt: skip
        self.start = PrimaryButton(
            self.tr("Try"),
            "play",
            help=self.tr("Change the texts and ask the model again."),
            on_click=self.run,
        )
        self.cancel = GhostButton(
            self.tr("Cancel"), "close", help=self.tr("Stop trying."), on_click=self.stop
        )
        self.told = Label("", "caption", wrap=True)
        self.bars = FlipBars()
        self.list = RowsTable(
            (
                Heading(self.tr("Text"), wide=True),
                Heading(self.tr("Before")),
                Heading(
                    self.tr("Sure"), self.tr("The probability of the class before the change."), number=True
                ),
                Heading(self.tr("After")),
                Heading(self.tr("Label")),
            ),
            self.tr("Flipped predictions"),
            self.tr("Go to a flip to see both texts side by side."),
        )
        self.list.setMinimumHeight(90)
        self.pair = FlipPair()
        self.only = GhostButton(
            self.tr("Their rows"),
            "search",
            help=self.tr("Show only the rows of these flips in the table below."),
            on_click=self._show_rows,
        )
        self.nothing = EmptyState(
            "measure",
            self.tr("Nothing tried yet"),
            self.tr(
                "Choose sets at the left and press Try. Each changes the texts a little; you see how many predictions "
                "become other ones, and every text with which that happens."
            ),
        )
        self.right = QStackedWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        left = Card()
        boxes = QGridLayout()
        boxes.setHorizontalSpacing(MEDIUM)
        boxes.setVerticalSpacing(SMALL // 2)
        for number, box in enumerate(self.sets.values()):
            boxes.addWidget(box, number // 2, number % 2)
        left.body.addLayout(boxes)
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.most, 1)
        line.addWidget(self.start)
        line.addWidget(self.cancel)
        left.body.addLayout(line)
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
        self.right.addWidget(self.nothing)
        self.right.addWidget(halves)
        layout = QHBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(left, 2)
        layout.addWidget(self.right, 5)
        self.cancel.hide()

    def _connect(self) -> None:
        self.bars.picked.connect(self._show_set)
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
        rows, sets = self._rows, tuple(name for name, box in self.sets.items() if box.isChecked())
        if rows is None or not sets:
            return
        self._drop()
        self._show(())
        request = FlipRequest(self.board.model, rows, sets, int(self.most.currentData()))
        self._ticket = self.workspace.session.look_inside(
            flips_of, request, self._arrived, self._failed, self._heard, between_steps=False
        )
        self.nothing.say(
            self.tr("Trying"),
            self.tr("The model is asked about every changed text; sets appear as they come."),
            "clock",
        )
        waiting = self.workspace.active is not None
        self._say_busy(
            self.tr("This begins when the run in work is over.")
            if waiting
            else self.tr("Waiting for the engine …")
        )

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
        show_if(self.cancel, self._ticket is not None)
        self._say_ready()
        self.busy_changed.emit(words)

    def _say_ready(self) -> None:
        able = any(box.isChecked() for box in self.sets.values())
        self.start.setEnabled(self._ticket is None and able)
        self.start.setToolTip(
            self.tr("Choose a set first.") if not able else self.start.accessibleDescription()
        )

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
            self.tr("{0}{1}. The line in a bar is the 95 % interval.").format(counted(tried, "row"), of_all)
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
        chosen = self.bars.chosen
        if chosen not in names:  # at first the set that flips most, of those that leave the meaning
            worst = max(self.outcomes, key=lambda o: (o.meaning == "same", o.flipped.hits), default=None)
            chosen = worst.name if worst else ""
        self.bars.show_sets(self.outcomes, chosen)
        self.right.setCurrentIndex(1 if self.outcomes else 0)
        self._show_set(chosen)

    def outcome(self) -> SetOutcome | None:
        """The chosen set's."""
        return next((one for one in self.outcomes if one.name == self.bars.chosen), None)

    def _show_set(self, name: str) -> None:
        one = next((one for one in self.outcomes if one.name == name), None)
        self.only.setEnabled(one is not None and bool(one.flips))
        self.list.show_rows([_row(flip) for flip in one.flips] if one else [])
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
        at = self.list.currentIndex().row()
        self.pair.show_flip(self.list.rows.row(at).value if at >= 0 else None)

    def _show_rows(self) -> None:
        one = self.outcome()
        if one is not None:
            rows = np.unique(np.array([flip.row for flip in one.flips], dtype=np.int64))
            self.board.toggle(Filter(FLIPS, self.tr("flipped by: {0}").format(one.title), rows, one.name))

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
            Part(self.tr("Robustness"), "robustness", table=lambda: _shares(outcomes)),
            Part(self.tr("Flips"), "flips", table=lambda: _flips(outcomes)),
        )


def _row(flip: Flip) -> Row:
    return Row(
        (
            Cell(one_line(flip.changed)),
            Cell(one_line(flip.before[0])),
            Cell(f"{100 * flip.before[1]:.0f} %", flip.before[1]),
            Cell(one_line(flip.after[0])),
            Cell(one_line(flip.label) or "–"),
        ),
        flip,
    )


def _shares(outcomes: Sequence[SetOutcome]) -> Table:
    lines = [
        ["set", "flipped", "of", "share", "low", "high", "accuracy_before", "accuracy_after", "unchanged"]
    ]
    for one in outcomes:
        low, high = one.flipped.interval
        accuracy = ["", ""] if one.accuracy is None else [f"{value:.6f}" for value in one.accuracy]
        figures = [f"{value:.6f}" for value in (one.flipped.value, low, high)]
        lines.append(
            [one.name, str(one.flipped.hits), str(one.flipped.of), *figures, *accuracy, str(one.unchanged)]
        )
    return lines


def _flips(outcomes: Sequence[SetOutcome]) -> Table:
    lines = [["set", "text", "changed", "before", "p_before", "after", "p_after", "label"]]
    for one in outcomes:
        for flip in one.flips:
            before, after = (name_and for name_and in (flip.before, flip.after))
            lines.append(
                [
                    one.name,
                    flip.text,
                    flip.changed,
                    before[0],
                    f"{before[1]:.6f}",
                    after[0],
                    f"{after[1]:.6f}",
                    flip.label,
                ]
            )
    return lines
