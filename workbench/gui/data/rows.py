"""The rows of a data set: a table of any length to search, sort and change by hand, and the chosen row as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import QSplitter

from workbench.data.frame import Frame
from workbench.data.row_order import Arranged, Wish
from workbench.gui.data.edits import Edits
from workbench.gui.data.row_filter import RowFilter
from workbench.gui.data.row_table import RowTable
from workbench.gui.data.row_view import RowPanel
from workbench.gui.data.undo import undo_actions
from workbench.gui.table_model import TableModel
from workbench.gui.theme import TINY
from workbench.gui.widgets import Card, EmptyState, Rule

if TYPE_CHECKING:
    from workbench.data.row_order import Indices, Rows
    from workbench.run.problem import Problem


class RowsView(QSplitter):
    """The table above, the reading panel below.

    Searching, sorting and filtering are wished for with `order_wanted`; `show_arranged` takes the answer.
    """

    order_wanted = Signal(object)  # Wish
    sort_wanted = Signal(str, bool)  # column ("" for the order of the file), descending
    search_wanted = Signal(str, bool)  # text, regular expression
    finding_closed = Signal()  # all rows are to be shown again
    tokens_wanted = Signal(str)  # the text of the chosen row
    row_chosen = Signal(int)  # its number in the table, from 0; -1 for none
    edited = Signal(object)  # Edit: key, column, old, new

    def __init__(self, edits: Edits | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.edits = edits or Edits(self)
        self.model = TableModel(self)
        self.filter = RowFilter()
        self.view = RowTable(self.model)
        self.nothing = EmptyState("search", self.tr("No row fits"), "-")
        self.panel = RowPanel(self.model)
        self.number, self.label = self.panel.number, self.panel.label
        self.length, self.reading = self.panel.length, self.panel.reading
        self.wish = self._met = Wish()
        self._text = ""
        self._hits: Indices | None = None
        self._source = -1
        card = Card()
        frame = card.layout()
        assert frame is not None
        frame.setContentsMargins(1, 1, 1, 1)
        card.body.setSpacing(0)
        for widget in (self.filter, Rule()):
            card.add(widget)
        card.add(self.view, 1)
        card.add(self.nothing, 1)
        self.nothing.hide()
        self.addWidget(card)
        self.addWidget(self.panel)
        self.setSizes([420, 150])
        self.setStretchFactor(0, 4)
        self.setStretchFactor(1, 1)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(TINY * 2)
        self.undo, self.redo = undo_actions(self.edits.stack, self)
        self._connect()

    def _connect(self) -> None:
        self.filter.keep_keys(self)
        self.filter.search_wanted.connect(self._search)
        self.filter.all_wanted.connect(self._close_finding)
        self.filter.step_wanted.connect(self._step)
        self.filter.left.connect(self.view.setFocus)
        self.view.sort_wanted.connect(self._sort)
        self.view.text_edit_wanted.connect(lambda _: self.panel.begin())
        self.view.note_wanted.connect(self.panel.begin_note)
        self.panel.tokens_wanted.connect(self.tokens_wanted)
        self.view.selectionModel().currentChanged.connect(self._read)
        self.model.dataChanged.connect(lambda *_: self.panel.refresh())
        self.edits.edited.connect(self.edited)
        self.view.refused.connect(self.filter.show_refusal)
        self.view.chosen_changed.connect(self.panel.show_chosen)
        for action in (self.undo, self.redo):
            action.triggered.connect(self._show_last)

    # ---- showing

    def show_table(
        self,
        table: Rows,
        text: str,
        label: str,
        classes: Sequence[str] = (),
        *,
        editable: bool = True,
    ) -> None:
        """Show rows and say which columns are used; the place in the same table is kept.

        Args:
            table: A `Table`, which can be read and sorted, or a `Frame`, whose rows can be changed by hand as well.
            text: The column that is read; empty for none.
            label: The column of labels; empty for none.
            classes: The known labels, in the order in which they are offered.
            editable: Whether a frame's rows are those of the untouched file, to which edits belong.
        """
        fresh = table is not self.model.table
        self.panel.commit()
        self._text = text
        if fresh:
            self.wish = self._met = Wish()
            self._hits, self._source = None, -1
            self.filter.clear()
        self.model.show_table(table)
        self.model.show_edits(self.edits, label, editable=editable)
        self.model.mark_columns({text: self.tr("text"), label: self.tr("label")} if text or label else {})
        self.view.show_columns(text, classes, fit=fresh)
        if fresh:
            self.view.show_sorted("", False)
            self._show_empty(False)
            self.view.scrollToTop()
        if fresh and table.rows:
            self.view.setCurrentIndex(self.model.index(0, self.view.text_column()))
        else:
            self._read(self.view.currentIndex())

    def show_arranged(self, arranged: Arranged) -> None:
        """Show the rows that were wished for; the answer to an older wish is passed over."""
        if arranged.wish is not self.wish:
            return
        self.panel.commit()
        self._met = self.wish
        source = self._source
        marked = None if self.wish.only_hits else arranged.hits
        self.model.show_order(arranged.order, marked)
        self._hits = arranged.hits
        self.filter.show_count(None if arranged.hits is None else len(arranged.hits), arranged.of)
        self.view.show_sorted(self.wish.sort, self.wish.descending)
        self.panel.show_sought(self.wish.search, self.wish.regex)
        self._show_empty(self.model.rowCount() == 0)
        row = self.model.view_row(source) if source >= 0 else -1
        if row < 0 or (self.wish.search and self._hit_at(row) is None):
            row = int(self._hits[0]) if self._hits is not None and len(self._hits) else 0
        if self.model.rowCount():
            self.view.go_to(row)
        else:
            self._read(QModelIndex())

    def show_problem(self, problem: Problem, wish: Wish | None = None) -> None:
        """Say why a wish cannot be met, such as a regular expression that is none; rows stay as they are."""
        if wish is None or wish is self.wish:
            self.wish = self._met
            self.filter.show_problem(problem)
            self.view.show_sorted(self.wish.sort, self.wish.descending)

    def show_finding(self, title: str, rows: Indices) -> None:
        """Show only the rows of a finding (ascending numbers), and say which; wishes for the order."""
        self.filter.show_finding(title)
        self._wish(replace(self.wish, rows=rows))

    def show_row(self, source: int) -> None:
        """Go to a row of the table by its number from 0, where it is shown."""
        row = self.model.view_row(source)
        if row >= 0:
            self.view.go_to(row)

    def find_row(self, source: int) -> None:
        """Go to a row of the table by its number from 0; what hides it is taken away first."""
        if self.model.view_row(source) >= 0:
            self.show_row(source)
        else:
            self.filter.clear()
            self._source = source
            self._wish(Wish())

    def show_tokens(self, tokens: Sequence[str], cut_at: int | None = None) -> None:
        """Show the tokens of the chosen row; those from `cut_at` on are cut off, None for none."""
        self.panel.show_tokens(tokens, cut_at)

    def _show_empty(self, empty: bool) -> None:
        if empty:
            sentence = (
                self.tr("“{0}” stands in none of the rows searched.").format(self.wish.search[:80])
                if self.wish.search
                else self.tr("Every row of this finding is gone.")
            )
            self.nothing.say(self.tr("No row fits"), sentence)
        self.nothing.setVisible(empty)
        self.view.setVisible(not empty)

    def _show_last(self) -> None:
        """Go to the row that was just changed back: whoever undoes something wants to see what."""
        table = self.model.table
        if isinstance(table, Frame) and self.edits.last is not None:
            found = np.flatnonzero(table.keys == np.uint64(self.edits.last))
            if len(found):
                self.show_row(int(found[0]))

    # ---- wishes

    def _wish(self, wish: Wish) -> None:
        self.wish = wish
        self.filter.show_busy()
        self.order_wanted.emit(wish)

    def _search(self, text: str, regex: bool, only_hits: bool) -> None:
        self._wish(replace(self.wish, search=text, regex=regex, only_hits=only_hits))
        self.search_wanted.emit(text, regex)

    def _sort(self, column: str, descending: bool) -> None:
        self._wish(replace(self.wish, sort=column, descending=descending))
        self.sort_wanted.emit(column, descending)

    def _close_finding(self) -> None:
        self._wish(replace(self.wish, rows=None))
        self.finding_closed.emit()

    # ---- hits

    def _hit_at(self, row: int) -> int | None:
        """Which of the hits stands at this place; None where there is none."""
        if self._hits is None:
            return None
        at = int(np.searchsorted(self._hits, row))
        return at if at < len(self._hits) and int(self._hits[at]) == row else None

    def _step(self, by: int) -> None:
        """To the next hit, or the one before; after the last comes the first."""
        if self._hits is None or not len(self._hits):
            return
        row = self.view.currentIndex().row()
        at = int(np.searchsorted(self._hits, row, side="right" if by > 0 else "left")) - (by < 0)
        self.view.go_to(int(self._hits[at % len(self._hits)]))

    def _read(self, index: QModelIndex) -> None:
        table = self.model.table
        if table is None or not index.isValid():
            self._source = -1
            self.panel.show_row(-1)
        else:
            self._source = self.model.source_row(index.row())
            named = self._text in table.columns
            self.panel.show_row(index.row(), table.columns.index(self._text) if named else index.column())
            self.filter.show_at(self._hit_at(index.row()))
        self.row_chosen.emit(self._source)
