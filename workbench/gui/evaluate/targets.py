"""Labels, numbers and marks on the Evaluate page: their numbers, weak groups of rows, and the rows behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget

from workbench.data.suggest import counted
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.plate import plate
from workbench.gui.evaluate.board import Board
from workbench.gui.evaluate.target_panel import TargetRowsPanel
from workbench.gui.evaluate.target_parts import TargetParts
from workbench.gui.evaluate.target_words import Chosen, number_table, row_table
from workbench.gui.evaluate.views.slices import SlicesView
from workbench.gui.theme import SMALL
from workbench.gui.widgets import tall
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated
from workbench.run.target_rows import TargetRows, TargetsAgainst
from workbench.session.scoring.measuring import RowsRequest
from workbench.session.scoring.target_slices import right_and_wrong

#: The views: key, title, and what there is to see.
TARGET_VIEWS = (
    ("numbers", "Scores", "How good the model is, and on what it is wrong."),
    (
        "slices",
        "Slices",
        "Groups of rows on which more is wrong than elsewhere, found by themselves or by a question.",
    ),
)


class TargetsPage(QSplitter):
    """The numbers or the groups above, the rows below; a line, a point and a group choose their rows."""

    attention_wanted = Signal(str)
    data_wanted = Signal(int)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._workspace = workspace
        self.found: TargetRows | None = None
        self.against: TargetsAgainst | None = None
        self._chosen: Chosen | None = None
        self.board = Board(self)  # of the groups
        self.slices: SlicesView | None = None
        self.above, self.below = TargetParts(), TargetRowsPanel()
        self.upper = QStackedWidget()
        self.upper.addWidget(tall(self.above))
        self.addWidget(self.upper)
        self.addWidget(self.below)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(SMALL)
        self.setSizes([600, 400])
        self.board.filters_changed.connect(self._group_chosen)
        self.above.chosen.connect(self.choose)
        self.below.chosen.connect(self.choose)
        self.below.attention_wanted.connect(self.attention_wanted)
        self.below.data_wanted.connect(self.data_wanted)

    def show_view(self, key: str) -> None:
        """Show the numbers, or groups of rows; an unknown key is ignored."""
        if key == "slices" and self.slices is None:
            self.slices = SlicesView(self._workspace, self.board)
            self.slices.needs_labels = False
            self.upper.addWidget(tall(self.slices))
        if key in (name for name, *_ in TARGET_VIEWS):
            self.upper.setCurrentIndex(int(key == "slices"))

    def show_found(
        self,
        found: TargetRows | None,
        against: TargetsAgainst | None = None,
        request: RowsRequest | None = None,
    ) -> None:
        """Show another evaluation, or none; of the same answers what was chosen stays. `request` is what was asked."""
        before, self.found, self.against = self.found, found, against
        if found is None:
            self._chosen = None
            self.board.show(None)
            return
        if before is None or before.fingerprint != found.fingerprint or before.said != found.said:
            self._chosen = None
        self.board.answers = (found.task, *found.names)
        model = request.model if request else found.model
        self.board.show(Evaluated(right_and_wrong(found), None, {}, {}, ()), model, request)
        self.above.show_found(found, against)
        self.below.show_found(found, against, self._chosen)

    def choose(self, chosen: Chosen | None) -> None:
        """Show some rows only; the same ones again, or None: all."""
        same = chosen is not None and self._chosen is not None and chosen.words == self._chosen.words
        if self.board.filters:
            self.board.clear()
        self._chosen = None if same else chosen
        self.below.show_chosen(self._chosen)

    def _group_chosen(self) -> None:
        filters = self.board.filters
        if self.found is None or (not filters and self._chosen is None):
            return
        rows = np.zeros(len(self.found), dtype=np.bool_)
        rows[self.board.rows()] = True
        self._chosen = Chosen(filters[0].words, rows) if filters else None
        self.below.show_chosen(self._chosen)

    def shown(self) -> Sequence[int]:
        """The places of the rows that are shown."""
        return self.below.shown()

    def export(self) -> list[Part]:
        """Numbers, rows, groups and charts."""
        found = self.found
        if found is None:
            return []
        told = f"{counted(len(found), 'row')}, {found.told}."
        charts = [
            Part(
                chart.name,
                chart.name.lower().replace(" ", "-"),
                drawing=lambda chart=chart: plate(  # type: ignore[misc]
                    f"{chart.name}: {found.model}", told, "", chart, font=self.font()
                ),
            )
            for chart in self.above.shown_charts
        ]
        return [
            *(self.slices.parts() if self.slices is not None else ()),
            Part(self.tr("Numbers"), "numbers", table=lambda: number_table(found)),
            Part(self.tr("Rows"), "rows", table=lambda: row_table(found, self.against)),
            *charts,
        ]
