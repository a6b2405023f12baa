"""Slices: groups of rows on which the model is worse than elsewhere, and those that a person asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QStackedWidget

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.evaluate.board import Board, Filter, alike
from workbench.gui.evaluate.halves import Halves
from workbench.gui.evaluate.slice_runs import SliceRuns, share_cell
from workbench.gui.evaluate.view import View
from workbench.gui.theme import SMALL, current
from workbench.gui.widgets import Card, EmptyState, GhostButton, IconButton, Label, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated
from workbench.run.inside.tables import Table
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.row_slices import Slice, SliceSearch
from workbench.session.lanes import Desk, Ticket

if TYPE_CHECKING:
    from workbench.run.home import Home
    from workbench.run.row_scores import RowScores
    from workbench.session.scoring.row_query import RowTable

SLICE = "slice"


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What a search found, what was kept for this file, and the table that further questions are asked of."""

    search: SliceSearch
    kept: tuple[Slice, ...]
    table: RowTable


class SlicesView(View):
    """A box for a question above, the list of groups below; a click chooses a group's rows."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self._rows: RowScores | None = None  # that the list is about
        self._found: _Found | None = None
        self._own: dict[str, Slice] = {}  # by their questions
        self._ticket: Ticket | None = None
        self._asking: Ticket | None = None
        self._make_question()
        self.told = Label("", "muted", wrap=True)
        self._make_list()
        self.nothing = EmptyState(
            "check",
            self.tr("No weak group was found"),
            self.tr(
                "On no group of rows is the model surely worse than on the others. Ask about one of your own above."
            ),
        )
        self.pages = QStackedWidget()
        self.runs = SliceRuns(workspace, board)
        self.runs.against_wanted.connect(board.against_wanted)
        self._lay_out()

    def _make_question(self) -> None:
        self.query = QLineEdit()
        self.query.setClearButtonEnabled(True)
        self.query.setPlaceholderText(self.tr('A group of your own: words > 30 and text contains "not"'))
        explain_widget(
            self.query,
            self.tr(
                "Ask about text, true, predicted, probability, loss, words, length, language or a column of the file, "
                "with = != < <= > >= contains, matches, has-word; join with and, or, not. For example: wrong and "
                "probability > 0.9"
            ),
            self.tr("A group of your own"),
        )
        self.query.returnPressed.connect(self.ask_own)
        self.ask_button = GhostButton(
            self.tr("Add"),
            "plus",
            help=self.tr("Show these rows, and keep the group for other runs on this file."),
            on_click=self.ask_own,
        )
        self.forget = IconButton(
            "trash",
            self.tr("Remove this group"),
            self.tr("Only groups of your own can be removed."),
            on_click=self._forget_own,
        )
        self.answer = Label("", "caption", wrap=True)

    def _make_list(self) -> None:
        self.list = RowsTable(
            (
                Heading(self.tr("Group of rows"), wide=True),
                Heading(self.tr("Rows"), number=True),
                Heading(
                    self.tr("Right (interval)"),
                    self.tr(
                        "The share of its rows that is right, and between which it would lie with other rows of this "
                        "kind 95 times in 100."
                    ),
                    number=True,
                ),
                Heading(
                    self.tr("Difference"),
                    self.tr("How much less, or more, is right than on all other rows."),
                    number=True,
                ),
                Heading(
                    self.tr("By chance"),
                    self.tr(
                        "How likely such a weakness is to be chance, with regard to how many were looked at. For "
                        "a group of your own: with regard to itself alone."
                    ),
                    number=True,
                ),
            ),
            self.tr("Groups of rows"),
            self.tr("Click a group to see its rows."),
        )
        self.list.setMinimumHeight(140)
        self.list.narrow((60, 128, 98, 100))
        self.list.opened.connect(self._picked)

    def _lay_out(self) -> None:
        card = Card()
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.query, 1)
        line.addWidget(self.ask_button)
        line.addWidget(self.forget)
        card.body.addLayout(line)
        card.add(self.answer)
        card.add(self.told)
        for page in (self.list, self.nothing):
            self.pages.addWidget(page)
        card.add(self.pages, 1)
        self.answer.hide()
        layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Halves(card, self.runs, 980, shares=(5, 4)))

    # ---- looking

    def draw(self, found: Evaluated) -> None:
        """Look for groups in other rows; the same rows stay as they are."""
        if self._rows is not None and alike(found.rows, self._rows):
            self._rows = found.rows
            return
        for ticket in (self._ticket, self._asking):
            if ticket:
                ticket.cancel()
        self._rows, self._found, self._own = found.rows, None, {}
        self.list.show_rows([])
        self.runs.show_group(None)
        self.told.setText(self.tr("Looking for groups of rows on which the model is worse…"))
        self.pages.setCurrentWidget(self.list)
        self.answer.hide()
        rows, home = found.rows, self.workspace.session.home
        self.busy_changed.emit(self.tr("Looking for weak groups…"))
        self._ticket = self.workspace.session.files.submit(
            lambda desk: _search(home, rows, desk), done=self._arrived, failed=self._failed
        )
        self.forget.setEnabled(False)

    def _arrived(self, found: _Found) -> None:
        self._ticket, self._found = None, found
        self.busy_changed.emit("")
        self._own = {one.query: one for one in found.kept}
        self._fill()

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self.busy_changed.emit("")
        self.told.setText(f"{problem.title} {problem.cause}".strip())

    def ask_own(self) -> None:
        """Ask about the group in the box; its rows are shown, and it is kept."""
        question, found, rows = self.query.text().strip(), self._found, self._rows
        if not question or found is None or rows is None:
            return
        if self._asking:
            self._asking.cancel()
        home = self.workspace.session.home

        def work(desk: Desk) -> Slice:
            from workbench.session.scoring.kept_slices import keep_question
            from workbench.session.scoring.slices import slice_of

            asked = slice_of(rows, question, found.table)
            keep_question(home, rows.row_ids.file, question)
            return asked

        self._asking = self.workspace.session.files.submit(work, done=self._answered, failed=self._not_asked)

    def _answered(self, asked: Slice) -> None:
        self._asking = None
        self._own[asked.query] = asked
        self.answer.setText("" if asked.size else self.tr("No row is in this group."))
        self.answer.setVisible(not asked.size)
        self._fill()
        if asked.size and self.board.mark(SLICE) != asked.query:
            self._picked(asked)

    def _not_asked(self, problem: Problem) -> None:
        self._asking = None
        self.answer.setText(f"{problem.cause} {problem.remedy}".strip())
        self.answer.show()

    def _forget_own(self) -> None:
        mark, rows = self.board.mark(SLICE), self._rows
        if not isinstance(mark, str) or mark not in self._own or rows is None:
            return
        home, file = self.workspace.session.home, rows.row_ids.file
        del self._own[mark]
        self.board.clear(SLICE)
        self._fill()

        def work(desk: Desk) -> None:
            from workbench.session.scoring.kept_slices import forget_question

            forget_question(home, file, mark)

        self.workspace.session.files.submit(
            work, done=lambda _: None, failed=self.workspace.problem_raised.emit
        )

    # ---- the list

    def slices(self) -> list[Slice]:
        """What is listed: one's own groups, then those that were found."""
        found = self._found
        return [*reversed(self._own.values()), *(found.search.slices if found else ())]

    def _fill(self) -> None:
        found, listed = self._found, self.slices()
        self.list.show_rows([self._row(one) for one in listed])
        self.pages.setCurrentWidget(self.list if listed or found is None else self.nothing)
        if found is not None:
            search = found.search
            words = self.tr(
                "{0} of {1} groups are surely worse than the rest; {2:.1f} % of all rows are right."
            ).format(len(search.slices), search.looked, 100 * search.score)
            self.told.setText(" ".join((words, *search.notes)))
        self.frame()

    def _row(self, one: Slice) -> Row:
        own = one.kind == "query"
        apart = one.score - one.rest
        chance = one.p_value if own else one.q_value
        colour = current().colour("accent") if own else None
        return Row(
            (
                Cell(one.name, None, colour),
                Cell(str(one.size), one.size),
                share_cell(one),
                Cell(f"{100 * apart:+.1f}".replace("-", "−") if np.isfinite(apart) else "–", apart),
                Cell("< 0.001" if chance < 0.001 else f"{chance:.3f}", chance),
            ),
            one,
        )

    def _picked(self, one: Slice) -> None:
        self.board.toggle(Filter(SLICE, one.name, one.rows, one.query or one.name))

    def frame(self) -> None:
        """Choose the line of the group whose rows are shown."""
        mark = self.board.mark(SLICE)
        self.forget.setEnabled(isinstance(mark, str) and mark in self._own)
        for row in range(self.list.rows.rowCount()):
            one: Slice = self.list.rows.row(row).value
            if (one.query or one.name) == mark:
                self.list.selectRow(row)
                self.runs.show_group(one)
                self.told.setToolTip(
                    self.tr("It also explains: {0}").format(", ".join(one.also)) if one.also else ""
                )
                return
        self.list.clearSelection()
        self.runs.show_group(None)

    def parts(self) -> Sequence[Part]:
        """The list as a table."""
        listed = self.slices()
        parts = [Part(self.tr("Groups of rows"), "groups", table=lambda: _table(listed))] if listed else []
        if self.runs.found:
            parts.append(Part(self.tr("The group in each run"), "runs", table=self.runs.table))
        return parts


def _search(home: Home, rows: RowScores, desk: Desk) -> _Found:
    """The weak groups of rows, and how the model does on the groups that are kept for their file."""
    from workbench.session.scoring.kept_slices import kept_questions
    from workbench.session.scoring.row_query import RowTable
    from workbench.session.scoring.slices import find_slices, slice_of

    table = RowTable(rows, desk.check)
    search = find_slices(rows, check=desk.check)
    kept = []
    for question in kept_questions(home, rows.row_ids.file):
        try:
            kept.append(slice_of(rows, question, table))
        except WorkbenchError:  # about a column that these rows do not have
            continue
    return _Found(search, tuple(kept), RowTable(rows))


def _table(listed: Sequence[Slice]) -> Table:
    lines = [["group", "question", "rows", "right", "share", "low", "high", "rest", "p", "q"]]
    for one in listed:
        figures = (one.score, one.low, one.high, one.rest, one.p_value, one.q_value)
        lines.append([one.name, one.query, str(one.size), str(one.right), *(f"{x:.6f}" for x in figures)])
    return lines
