"""A group of rows in all runs that were measured: which of them does better on it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal

from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.evaluate.board import Board
from workbench.gui.theme import current
from workbench.gui.widgets import Card, Label, show_if
from workbench.gui.workspace import Workspace
from workbench.run.inside.tables import Table
from workbench.run.problem import Problem
from workbench.run.row_slices import Slice
from workbench.session.lanes import Desk, Ticket
from workbench.session.scoring.tracking import Tracked, through_runs


class SliceRuns(Card):
    """A line for each run, once a group is chosen.

    Signals:
        against_wanted: A run was clicked, which is to be set against the one that is shown.
    """

    against_wanted = Signal(str)

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(" ")
        self.title.setText(self.tr("This group in other runs"))
        self._workspace, self._board = workspace, board
        self._group: Slice | None = None
        self._found: tuple[Tracked, ...] = ()
        self._ticket: Ticket | None = None
        self.told = Label("", "muted", wrap=True)
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.list = RowsTable(
            (
                Heading(self.tr("Run"), self.tr("The oldest first."), wide=True),
                Heading(
                    self.tr("Right (interval)"),
                    self.tr("The share of the group that it gets right, with its 95 % interval."),
                    number=True,
                ),
                Heading(
                    self.tr("All rows"), self.tr("The share of all rows that it gets right."), number=True
                ),
                Heading(
                    self.tr("Change"),
                    self.tr(
                        "How many rows of the group it gets right that the run that is shown gets wrong (+), and the "
                        "reverse (−)."
                    ),
                    number=True,
                ),
            ),
            self.tr("The group in each run"),
            self.tr("Click a run to set it against this one: the rows below say what it makes of them."),
        )
        self.list.setMinimumHeight(110)
        self.list.narrow((128, 80, 92))
        self.list.opened.connect(self._picked)
        self.add(self.told)
        self.add(self.list, 1)
        self.show_group(None)

    @property
    def found(self) -> tuple[Tracked, ...]:
        """What is listed."""
        return self._found

    def show_group(self, group: Slice | None) -> None:
        """Look at another group, or at none."""
        if group is not None and group is self._group:
            return
        self._group, self._found = group, ()
        if self._ticket:
            self._ticket.cancel()
            self._ticket = None
        rows, request = (
            (self._board.evaluated.rows if self._board.evaluated else None),
            self._board.request,
        )
        show_if(self.list, False)
        if group is None or rows is None or request is None:
            self.told.setText(self.tr("Choose a group to see how other runs do on it."))
            return
        home, answers = self._workspace.session.home, self._board.answers

        def work(desk: Desk) -> tuple[Tracked, ...]:
            return through_runs(home, request, rows, group, desk.check, answers=answers)

        self.told.setText(group.name)
        self._ticket = self._workspace.session.files.submit(work, done=self._arrived, failed=self._failed)

    def _arrived(self, found: tuple[Tracked, ...]) -> None:
        self._ticket, self._found = None, found
        others = [one for one in found if one.run != self._board.model]
        group = self._group
        assert group is not None
        if not others:
            self.told.setText(
                self.tr(
                    "No other run was measured on these rows. Choose one under “Against” and press Measure."
                )
            )
            return
        elsewhere = sum(not one.same for one in others)
        told = self.tr("{0}.").format(group.name[:1].upper() + group.name[1:])
        if elsewhere:
            told += " " + self.tr("Of runs with other rows of their own, those count that fit.")
        self.told.setText(told)
        self.list.show_rows([self._row(one) for one in found])
        show_if(self.list, True)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self.told.setText(f"{problem.title} {problem.cause}".strip())

    def _row(self, one: Tracked) -> Row:
        found, shown = one.found, one.run == self._board.model
        if shown:
            change = Cell(self.tr("shown"), 0)
        elif one.same:
            change = Cell(f"+{one.fixed} −{one.broken}", one.fixed - one.broken)
        else:
            change = Cell(self.tr("other rows"), float("nan"))
        return Row(
            (
                Cell(self._name(one.run), None, current().colour("accent") if shown else None),
                share_cell(found) if found else Cell("–", float("nan")),
                Cell(f"{100 * one.accuracy:.1f} %", one.accuracy),
                change,
            ),
            one,
        )

    def _name(self, run: str) -> str:
        summary = self._workspace.summary(run)
        return f"{summary.title} · {run.rpartition('-')[2]}" if summary else run

    def _picked(self, one: Tracked) -> None:
        if one.run != self._board.model:
            self.against_wanted.emit(one.run)

    def table(self) -> Table:
        """The same for a file."""
        lines = [
            [
                "group",
                "question",
                "run",
                "rows",
                "right",
                "low",
                "high",
                "all",
                "same_rows",
                "fixed",
                "broken",
            ]
        ]
        group = self._group
        for one in self._found if group else ():
            assert group is not None
            found = one.found
            figures = (
                [str(found.size), *(f"{x:.6f}" for x in (found.score, found.low, found.high))]
                if found
                else [""] * 4
            )
            same = "yes" if one.same else "no"
            lines.append(
                [
                    group.name,
                    group.query,
                    one.run,
                    *figures,
                    f"{one.accuracy:.6f}",
                    same,
                    str(one.fixed),
                    str(one.broken),
                ]
            )
        return lines


def share_cell(one: Slice) -> Cell:
    """The share of a group that is right, and its 95 % interval."""
    if not one.size:
        return Cell("–", float("nan"))
    return Cell(f"{100 * one.score:.1f} % ({100 * one.low:.0f}–{100 * one.high:.0f})", one.score)
