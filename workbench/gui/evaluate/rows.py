"""The rows behind the numbers: chips of the filters that are on, the table, and the chosen row in full."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.data.suggest import counted
from workbench.gui.data.undo import undo_actions
from workbench.gui.evaluate.board import Board
from workbench.gui.evaluate.correcting import Correcting
from workbench.gui.evaluate.rows_model import RowsModel
from workbench.gui.icons import icon, keep_icon
from workbench.gui.probabilities import ProbabilityBars
from workbench.gui.table_model import one_line
from workbench.gui.theme import MEDIUM, SMALL, TINY, theme
from workbench.gui.widgets import (
    Card,
    EmptyState,
    GhostButton,
    Label,
    Rule,
    column,
    explain_widget,
    scrolled,
    show_if,
)

Index = QModelIndex | QPersistentModelIndex
#: The chosen row stands beside the table in at least so many pixels.
_WIDE = 900
_OFFERED = 30  # classes in the menu


class RowsTable(QTableView):
    """The table; a click on a heading sorts, Enter opens, a number key gives a class."""

    open_wanted = Signal()
    class_wanted = Signal(int)
    drop_wanted = Signal()
    menu_wanted = Signal(object)  # where, as a global point

    def __init__(self, model: RowsModel) -> None:
        super().__init__()
        self.rows = model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        numbers, names = self.verticalHeader(), self.horizontalHeader()
        numbers.hide()
        numbers.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        numbers.setDefaultSectionSize(26)
        names.setHighlightSections(False)
        names.setSectionsClickable(True)
        names.setSortIndicatorShown(True)
        names.setMinimumSectionSize(44)
        names.sectionClicked.connect(self._sort)
        self.setMinimumHeight(90)
        self.doubleClicked.connect(lambda _: self.open_wanted.emit())
        explain_widget(
            self, self.tr("Enter opens a row on the Attention page."), self.tr("Rows of the evaluation")
        )

    def fit(self) -> None:
        """Give columns the room that they need; the text gets what is left."""
        names, metrics = self.horizontalHeader(), self.fontMetrics()
        for number, one in enumerate(self.rows.columns):
            if one.key == "text":
                names.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
                continue
            names.setSectionResizeMode(number, QHeaderView.ResizeMode.Interactive)
            sampled = range(min(40, self.rows.rowCount()))
            texts = [f"{one.title}      ", *(self.rows.text(one.key, self.rows.place(i)) for i in sampled)]
            mark = 22 if one.key in ("predicted", "other") else 0
            self.setColumnWidth(number, min(150, max(map(metrics.horizontalAdvance, texts)) + 20 + mark))
        self._show_sorted()

    def _show_sorted(self) -> None:
        key, falling = self.rows.sorted_by
        number = next((i for i, one in enumerate(self.rows.columns) if one.key == key), -1)
        order = Qt.SortOrder.DescendingOrder if falling else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(number, order)

    def _sort(self, section: int) -> None:
        one = self.rows.columns[section]
        key, falling = self.rows.sorted_by
        # What one looks for first: large losses and distances, small row numbers and letters.
        first = one.key in ("loss", "apart", "probability")
        self.rows.order_by(one.key, not falling if key == one.key else first)
        self._show_sorted()
        self.scrollToTop()

    def chosen(self) -> list[int]:
        """The chosen rows' places in the evaluation, as they are shown."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.rows.place(row) for row in rows]

    def current(self) -> int:
        """The place of the row that has the keyboard; -1 for none."""
        index = self.currentIndex()
        return self.rows.place(index.row()) if index.isValid() and index.row() < self.rows.rowCount() else -1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the row, a number key gives its class, Delete leaves it out."""
        digit = event.key() - int(Qt.Key.Key_1)
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current() >= 0:
            self.open_wanted.emit()
        elif plain and 0 <= digit < 9:
            self.class_wanted.emit(digit)
        elif event.key() == Qt.Key.Key_Delete:
            self.drop_wanted.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the row."""
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        if index.isValid():
            if not self.selectionModel().isRowSelected(index.row()):
                self.setCurrentIndex(index)
            at = self.visualRect(index).center() if keyboard else event.pos()
            self.menu_wanted.emit(self.viewport().mapToGlobal(at))


class Chips(QWidget):
    """One button for each filter that is on; a click takes it away."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self.chips: list[QToolButton] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(TINY)
        self._line.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(26)
        board.filters_changed.connect(self._fill)

    def _fill(self) -> None:
        for chip in self.chips:
            self._line.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = []
        for one in self._board.filters:
            chip = QToolButton(self)
            chip.setProperty("role", "kind")
            chip.setText(one.words if len(one.words) <= 44 else f"{one.words[:43]}…")
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            keep_icon(chip, "close")
            explain_widget(
                chip,
                self.tr("Only these rows are shown: {0}. A click takes the filter away.").format(one.words),
                self.tr("Filter: {0}").format(one.words),
            )
            chip.clicked.connect(partial(self._board.clear, one.source))
            self._line.insertWidget(len(self.chips), chip)
            self.chips.append(chip)


class Detail(QWidget):
    """The chosen row in full: its text and the probability of each class."""

    def __init__(self) -> None:
        super().__init__()
        self.title = Label("", "section", wrap=True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(48)
        explain_widget(self.text, "", self.tr("The chosen row's text"))
        self.bars = ProbabilityBars(limit=5)
        self.other = Label("", "caption", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SMALL, SMALL, SMALL, SMALL)
        layout.setSpacing(SMALL)
        layout.addWidget(self.title)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.bars)
        layout.addWidget(self.other)
        self.setMinimumWidth(220)

    def show_row(self, board: Board, place: int) -> None:
        """Show a row of the evaluation; -1 for none."""
        found = board.evaluated
        if found is None or place < 0:
            self.title.setText(self.tr("Choose a row to read it whole."))
            self.text.clear()
            self.bars.show_rows(())
            self.other.clear()
            return
        scores = found.rows
        names, said = scores.names, scores.probabilities[place]
        order = (-said).argsort()
        if scores.true is None:
            self.title.setText(self.tr("Taken for “{0}”").format(names[scores.predicted[place]]))
        elif scores.predicted[place] == scores.true[place]:
            self.title.setText(self.tr("Rightly “{0}”").format(names[scores.true[place]]))
        else:
            self.title.setText(
                self.tr("“{0}” taken for “{1}”").format(
                    names[scores.true[place]], names[scores.predicted[place]]
                )
            )
        self.text.setPlainText(scores.texts[place])
        self.bars.show_rows([(names[i], float(said[i])) for i in order])
        more = [f"{name}: {values[place]}" for name, values in scores.metadata.items() if values[place]]
        if found.against is not None:
            other = int(found.against.predicted[place])
            name = names[other] if other >= 0 else self.tr("a class of its own")
            more.insert(
                0,
                self.tr("{0}: “{1}”, {2:.0f} %").format(
                    found.against.model, name, 100 * found.against.sureness[place]
                ),
            )
        self.other.setText("\n".join(one_line(part)[:160] for part in more[:6]))


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
        self.aside.setMinimumWidth(200)
        self.setMinimumSize(320, 150)  # no row that is read beside the table makes a window larger
        self.nothing = EmptyState(
            "search", self.tr("No row fits"), self.tr("The filters together leave none. Take one away.")
        )
        self._always = False
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
        line = QHBoxLayout()
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
        show_if(self.aside, self._always or self.width() >= _WIDE)

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
