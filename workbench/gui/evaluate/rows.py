"""The rows behind the numbers: chips of the filters that are on, the table, and the chosen row in full."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from workbench.data.suggest import counted
from workbench.gui.data.undo import undo_actions
from workbench.gui.evaluate.board import Board
from workbench.gui.evaluate.chips import Chips
from workbench.gui.evaluate.correcting import Correcting
from workbench.gui.evaluate.row_detail import Detail
from workbench.gui.evaluate.rows_model import RowsModel
from workbench.gui.evaluate.rows_table import RowsTable
from workbench.gui.icons import icon
from workbench.gui.table_model import one_line
from workbench.gui.theme import MEDIUM, SMALL, TINY, theme
from workbench.gui.widgets import (
    Card,
    EmptyState,
    GhostButton,
    Label,
    Rule,
    column,
    scrolled,
    show_if,
)

Index = QModelIndex | QPersistentModelIndex
#: The chosen row stands beside the table in at least so many pixels.
_WIDE = 900
_OFFERED = 30  # classes in the menu


class RowsPanel(Card):
    """All rows that the filters choose, with what can be done about them.

    Signals:
        attention_wanted: The text of a row, to be looked into on the Attention page.
        data_wanted: The number of a row in its file, to be seen on the Data page.
        fetch_wanted: What is to be done once the rows' data is in hand.
    """

    attention_wanted = Signal(str)
    data_wanted = Signal(int)
    fetch_wanted = Signal(object)

    def __init__(self, board: Board, correcting: Correcting) -> None:
        super().__init__()
        self._board, self._correcting = board, correcting
        self.model = RowsModel(correcting.by_hand, self)
        self.table = RowsTable(self.model)
        self.chips = Chips(board)
        self.count = Label("", "section")
        self.detail = Detail()
        self.aside = scrolled(self.detail)
        self.aside.setMinimumSize(236, 90)
        self.setMinimumSize(320, 150)  # no row that is read beside the table makes a window larger
        self.nothing = EmptyState(
            "search", self.tr("No row fits"), self.tr("The filters together leave none. Take one away.")
        )
        self._always = self._fitted = False
        self._make_actions()
        self._lay_out()
        self.undo, self.redo = undo_actions(correcting.edits.stack, self)
        board.evaluated_changed.connect(self._show_evaluated)
        board.filters_changed.connect(self._show_rows)
        correcting.changed.connect(self._hand_changed)
        theme().changed.connect(self.model.redraw)
        self._show_evaluated()

    def _make_actions(self) -> None:
        self.changed = Label("", "caption")
        self.attention = GhostButton(
            self.tr("Attention"),
            "attention",
            help=self.tr("Open this text with this model on the Attention page (Enter)."),
            on_click=self.open_attention,
        )
        self.data = GhostButton(
            self.tr("Data"),
            "data",
            help=self.tr("Go to this row on the Data page."),
            on_click=self.open_data,
        )
        self.label = GhostButton(
            self.tr("Label"),
            "pencil",
            help=self.tr(
                "Correct the label of the chosen rows, or leave them out. It is kept as on the Data page, and can be "
                "undone (Ctrl+Z). The number keys give the first nine classes."
            ),
        )
        self.menu = QMenu(self.label)
        self.menu.aboutToShow.connect(lambda: self._fill_menu(self.menu))
        self.label.setMenu(self.menu)
        self.table.open_wanted.connect(self.open_attention)
        self.table.class_wanted.connect(self._give_number)
        self.table.drop_wanted.connect(self.drop)
        self.table.menu_wanted.connect(self._pop_up)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._chosen_changed())
        self.table.selectionModel().currentChanged.connect(lambda *_: self._chosen_changed())
        for button in (self.attention, self.data, self.label):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def _lay_out(self) -> None:
        outer = self.layout()
        assert outer is not None
        outer.setContentsMargins(1, SMALL, 1, 1)
        line = self._line = QHBoxLayout()
        line.setContentsMargins(MEDIUM, 0, MEDIUM, 0)
        line.setSpacing(SMALL)
        line.addWidget(self.count)
        line.addWidget(self.chips, 1)
        line.addWidget(self.changed)
        for button in (self.attention, self.data, self.label):
            line.addWidget(button)
        self.body.addLayout(line)
        self.body.addWidget(Rule())
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self.nothing)
        self.halves = QSplitter(Qt.Orientation.Horizontal)
        self.halves.addWidget(column(self.pages, spacing=0))
        self.halves.addWidget(self.aside)
        self.halves.setStretchFactor(0, 3)
        self.halves.setStretchFactor(1, 1)
        self.halves.setHandleWidth(TINY)
        self.halves.setChildrenCollapsible(False)
        self.body.addWidget(self.halves, 1)

    def add_action(self, widget: QWidget) -> None:
        """Put a control before what is done with the chosen rows."""
        self._line.insertWidget(self._line.indexOf(self.attention), widget)

    # ---- showing

    def show_whole(self, always: bool) -> None:
        """Whether the chosen row stands beside the table however narrow the window is."""
        self._always = always
        self._fit_detail()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the table takes all."""
        super().resizeEvent(event)
        self._fit_detail()

    def _fit_detail(self) -> None:
        wide = self.width() >= _WIDE
        across = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if across != self.halves.orientation() or not self._fitted:
            self._fitted = True
            self.halves.setOrientation(across)
            self.halves.setSizes([740, 260] if wide else [600, 400])  # shares, not pixels
        show_if(self.aside, self._always or wide)

    def _show_evaluated(self) -> None:
        self.model.show_evaluated(self._board.evaluated, self._board.rows())
        self.table.fit()
        self._show_count()

    def _show_rows(self) -> None:
        self.model.show_rows(self._board.rows())
        self._show_count()

    def _show_count(self) -> None:
        found, shown = self._board.evaluated, self.model.rowCount()
        total = len(found.rows) if found else 0
        if shown == total:
            self.count.setText(counted(total, "row"))
        else:
            self.count.setText(self.tr("{0} of {1}").format(shown, counted(total, "row")))
        self.pages.setCurrentWidget(self.table if shown or not total else self.nothing)
        self.table.scrollToTop()
        if shown:
            self.table.setCurrentIndex(self.model.index(0, 1))
        self._chosen_changed()

    def _chosen_changed(self) -> None:
        place = self.table.current()
        self.detail.show_row(self._board, place)
        for button in (self.attention, self.data, self.label):
            button.setEnabled(place >= 0)
        found = self._board.evaluated
        if found is None or found.rows.true is None:
            self.label.setEnabled(False)

    def _hand_changed(self) -> None:
        self.model.redraw()
        changed = self._correcting.count
        if changed:
            self.table.make_room("true")  # for the label before and the one now
        self.changed.setText(self.tr("{0} changed").format(changed) if changed else "")
        self.changed.setToolTip(
            self.tr("Changed by hand since this was measured. Train again to see the gain.")
        )

    # ---- doing

    def open_attention(self) -> None:
        """Look into the row that has the keyboard."""
        found, place = self._board.evaluated, self.table.current()
        if found is not None and place >= 0:
            self.attention_wanted.emit(found.rows.texts[place])

    def open_data(self) -> None:
        """See the row among the others of its file."""
        place = self.table.current()
        if place >= 0:
            self.data_wanted.emit(self._correcting.number(place))

    def give(self, name: str) -> None:
        """Give the chosen rows another class."""
        self._change(partial(self._correcting.give, self._chosen(), name))

    def drop(self) -> None:
        """Leave the chosen rows out, or take them in again where all are left out."""
        chosen = self._chosen()
        again = bool(chosen) and all(self._correcting.by_hand(place).dropped for place in chosen)
        self._change(partial(self._correcting.drop, chosen, not again))

    def _chosen(self) -> list[int]:
        return self.table.chosen() or [place for place in (self.table.current(),) if place >= 0]

    def _change(self, change: partial[None]) -> None:
        found = self._board.evaluated
        if found is None or found.rows.true is None or not self._chosen():
            return
        if self._correcting.frame is not None:
            change()
        else:
            self.fetch_wanted.emit(change)

    def _give_number(self, number: int) -> None:
        found = self._board.evaluated
        if found is not None and number < len(found.rows.names):
            self.give(found.rows.names[number])

    def _pop_up(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("attention"), self.tr("Open in Attention"), self.open_attention)
        menu.addAction(icon("data"), self.tr("Show in Data"), self.open_data)
        menu.addSeparator()
        self._fill_menu(menu, fresh=False)
        menu.popup(at)

    def _fill_menu(self, menu: QMenu, *, fresh: bool = True) -> None:
        found, chosen = self._board.evaluated, self._chosen()
        if fresh:
            menu.clear()
        if found is None or found.rows.true is None or not chosen:
            return
        names = found.rows.names
        now = {self._correcting.by_hand(i).label or names[found.rows.true[i]] for i in chosen}
        for number, name in enumerate(names[:_OFFERED]):
            action = menu.addAction(one_line(name)[:60].replace("&", "&&"), partial(self.give, name))
            action.setCheckable(True)
            action.setChecked(now == {name})
            if number < 9:
                action.setText(f"{action.text()}\t{number + 1}")
        menu.addSeparator()
        left_out = all(self._correcting.by_hand(i).dropped for i in chosen)
        of = self.tr("the row") if len(chosen) == 1 else counted(len(chosen), "row")
        words = self.tr("Take {0} in again") if left_out else self.tr("Drop {0}")
        menu.addAction(icon("undo" if left_out else "trash"), words.format(of), self.drop)
        menu.addSeparator()
        menu.addAction(self.undo)
        menu.addAction(self.redo)

    def shown(self) -> Sequence[int]:
        """The places of all rows that are shown, in their order."""
        return [self.model.place(row) for row in range(self.model.rowCount())]
