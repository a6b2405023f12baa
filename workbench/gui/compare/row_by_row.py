"""Two runs row by row: what the second one mended, what it broke, and on which rows both are wrong."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.compare.board import Board
from workbench.gui.compare.exporting import agreement_table
from workbench.gui.compare.row_model import RowModel
from workbench.gui.compare.view import View
from workbench.gui.theme import SMALL
from workbench.gui.widgets import (
    Card,
    EmptyState,
    FoldingSwitch,
    GhostButton,
    Label,
    explain_widget,
    row,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.comparison import Agreement
from workbench.run.evaluation import Progress
from workbench.run.problem import Problem
from workbench.session.lanes import Ticket
from workbench.session.row_agreement import AgreementRequest, agreement

Pair = tuple[str, str]


class _Rows(QTableView):
    """The rows; Enter opens one on the Attention page."""

    opened = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens."""
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.opened.emit(index.row())
        else:
            super().keyPressEvent(event)


class RowByRowView(View):
    """Which two, what changed in words, and the rows."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.first, self.second = self._box(self.tr("Before")), self._box(self.tr("After"))
        self.measure = GhostButton(
            self.tr("Measure"), "measure", help=self.tr("Ask both models about every held-out row."),
            on_click=self.begin,
        )  # fmt: skip
        self.state = Label("", "caption")
        self.words = Label("", "", wrap=True)
        self.kind = FoldingSwitch(
            [
                ("fixed", self.tr("Fixed"), "", self.tr("Rows that only the second run gets right.")),
                ("broken", self.tr("Newly broken"), "", self.tr("Rows that only the first run gets right.")),
                ("both", self.tr("Both wrong"), "", self.tr("Rows that neither gets right.")),
            ],
            self.tr("Rows"),
        )
        self.kind.chosen.connect(lambda _: self._show_rows())
        self.model = RowModel()
        self.table = self._make_table()
        self.empty = EmptyState("layers", " ", " ", self.tr("Measure both"), self.begin)
        self._known: dict[Pair, Agreement] = {}
        self._ticket: Ticket | None = None
        self._asked: Pair = ("", "")
        self._measuring = False
        self.found: Agreement | None = None
        self._lay_out()

    def _box(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(14)
        box.activated.connect(lambda _: self._ask())
        explain_widget(box, self.tr("One of the ticked runs."), name)
        return box

    def _make_table(self) -> _Rows:
        table = _Rows()
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(26)
        table.setMinimumHeight(80)
        names = table.horizontalHeader()
        names.setHighlightSections(False)
        table.doubleClicked.connect(lambda index: self._open(index.row()))
        table.opened.connect(self._open)
        explain_widget(table, self.tr("Enter opens a row on the Attention page."), self.tr("Rows"))
        return table

    def _lay_out(self) -> None:
        self.export = ExportButton(
            self.tr("Row by row"), lambda: " ".join(self._titles()), self.parts, self.workspace
        )
        card = Card()
        card.add(self.words)
        card.add(row(self.kind, None, self.export))
        card.add(self.table, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(card)
        self.pages.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        arrow = Label("→", "muted")
        line: QWidget = row(self.first, arrow, self.second, self.measure, self.state, None)
        layout.addWidget(line)
        layout.addWidget(self.pages, 1)

    # ---- asking

    def show_runs(self) -> None:
        """Offer the ticked runs: at first the two newest, the older one before."""
        runs = self.board.table.runs
        names = [run.name for run in runs]
        newest = sorted(runs, key=lambda run: -run.created)[:2]
        before = (self.first.currentData(), self.second.currentData())
        for box, kept, number in ((self.first, before[0], -1), (self.second, before[1], 0)):
            box.clear()
            for run in runs:
                box.addItem(run.title, run.name)
                box.setItemData(box.count() - 1, run.name, Qt.ItemDataRole.ToolTipRole)
            wanted = (
                kept if kept in names and before[0] != before[1] else newest[number].name if newest else ""
            )
            box.setCurrentIndex(box.findData(wanted))
        if (
            not self._measuring or self.pair() != self._asked
        ):  # a run that goes on elsewhere stops no measuring
            self._ask()

    def pair(self) -> Pair:
        """The names of the two runs."""
        return str(self.first.currentData() or ""), str(self.second.currentData() or "")

    def _ask(self) -> None:
        """Show what is known of the two, without loading a model."""
        self._drop()
        pair = self._asked = self.pair()
        if not all(pair) or pair[0] == pair[1]:
            self._say_nothing(
                self.tr("Two runs, row by row"),
                self.tr("Tick two runs below, and choose which one came first: you see which rows the second "
                        "one gets right that the first got wrong, and which ones it broke."),
                action=False,
            )  # fmt: skip
            return
        if pair in self._known:
            self._arrived(self._known[pair])
            return
        session = self.workspace.session
        request = self._request(pair, measure=False)
        self._ticket = session.files.submit(
            lambda desk: agreement(session.home, request, desk), done=self._arrived, failed=self._unknown
        )

    def begin(self) -> None:
        """Measure both runs where that was not done yet."""
        pair = self._asked = self.pair()
        if not all(pair) or pair[0] == pair[1]:
            return
        self._drop()
        self.state.setText(
            self.tr("It begins when the run in work is over.")
            if self.workspace.active
            else self.tr("Waiting…")
        )
        self._ticket = self.workspace.session.look_inside(
            agreement,
            self._request(pair, measure=True),
            self._arrived,
            self._failed,
            self._heard,
            between_steps=False,
        )
        self._measuring = True
        self._busy()

    def _request(self, pair: Pair, *, measure: bool) -> AgreementRequest:
        runs = [self.board.run(name) for name in pair]
        first, second = (str(run.folder) if run else name for run, name in zip(runs, pair, strict=True))
        return AgreementRequest(first, second, measure=measure)

    def _drop(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket, self._measuring = None, False
        self.state.setText("")

    def _busy(self) -> None:
        on = self._ticket is not None
        self.measure.setEnabled(not on)
        self.empty.action.setEnabled(not on)

    def _heard(self, news: object) -> None:
        if self._ticket is None:
            return
        if isinstance(news, Progress):
            self.state.setText(self.tr("{0}: {1} of {2}").format(news.words, news.done, news.of))
        elif isinstance(news, str):
            self.state.setText(news)

    # ---- answers

    def _unknown(self, problem: Problem) -> None:
        self._ticket = None
        titles = self._titles()
        self._say_nothing(
            self.tr("{0} and {1} are not compared yet").format(*titles),
            self.tr("Both models are asked about every held-out row. The answers are kept. {0}").format(
                problem.cause
            ),
            action=True,
        )

    def _failed(self, problem: Problem) -> None:
        self._ticket, self._measuring = None, False
        self.state.setText("")
        self._say_nothing(
            problem.title, f"{problem.cause} {problem.remedy}".strip(), action=False, icon="alert"
        )

    def _say_nothing(self, title: str, sentence: str, *, action: bool, icon: str = "layers") -> None:
        self.found = None
        self.empty.say(title, sentence, icon)
        show_if(self.empty.action, action)
        show_if(self.measure, False)
        self.pages.setCurrentWidget(self.empty)
        self._busy()

    def _titles(self) -> tuple[str, str]:
        runs = [self.board.run(name) for name in self._asked]
        first, second = (run.title if run else "" for run in runs)
        return (first, second) if first != second else (self._asked[0], self._asked[1])

    def _arrived(self, found: Agreement) -> None:
        self._ticket, self._measuring, self.found = None, False, found
        self._known[self._asked] = found
        self.state.setText("")
        first, second = self._titles()
        self.words.setText(
            found.words.replace(found.second, f"“{second}”").replace(found.first, f"“{first}”")
        )
        counts = {"fixed": len(found.fixed), "broken": len(found.broken), "both": len(found.both_wrong)}
        titles = {"fixed": self.tr("Fixed"), "broken": self.tr("Newly broken"), "both": self.tr("Both wrong")}
        for key, title in titles.items():
            self.kind.button(key).setText(f"{title} ({counts[key]})")
        self.kind.updateGeometry()
        if not counts[self.kind.current()]:
            self.kind.choose(next((key for key in counts if counts[key]), "fixed"))
        self.pages.setCurrentIndex(0)
        show_if(self.measure, False)
        self._show_rows()
        self._busy()

    def _show_rows(self) -> None:
        found = self.found
        if found is None:
            return
        rows = {"fixed": found.fixed, "broken": found.broken, "both": found.both_wrong}[self.kind.current()]
        self.model.show_rows(found, np.asarray(rows), self._titles())
        names = self.table.horizontalHeader()
        names.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        names.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for section in (1, 2, 3):
            names.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
            wide = max(names.sectionSizeHint(section), self.table.sizeHintForColumn(section))
            self.table.setColumnWidth(section, max(80, min(160, wide + 8)))
        if len(rows):
            self.table.setCurrentIndex(self.model.index(0, 0))

    def parts(self) -> list[Part]:
        """All rows, and what became of each."""
        found = self.found
        return [Part(self.tr("All rows"), "rows", table=lambda: agreement_table(found))] if found else []

    def _open(self, line: int) -> None:
        """Look into a row with the run that is wrong on it; where both are, with the second."""
        found = self.found
        if found is None or not 0 <= line < len(self.model.rows):
            return
        place = int(self.model.rows[line])
        model = self.pair()[0 if self.kind.current() == "fixed" else 1]
        self.workspace.look_wish = (model, found.texts[place])
        self.workspace.page_wanted.emit("attention")
