"""What the three pages of series share: what is asked for at the left, what was found at the right, and the buttons."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.icons import keep_icon
from workbench.gui.search.work import Found
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    GhostButton,
    Label,
    Muted,
    PrimaryButton,
    explain_widget,
    scrolled,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.series import SeriesKind
from workbench.run.sources import title_of

SETUP_WIDTH = 404
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_NUMBER = re.compile(r"-?[\d.]+(e-?\d+)?( ?(%|s|min|h))?|–")


class SeriesPage(QWidget):
    """One kind of series. A subclass builds `setup` and `results`, begins it, and shows what it has found."""

    kind: SeriesKind

    def __init__(self, workspace: Workspace, what: str, new: str) -> None:
        super().__init__()
        self.workspace = workspace
        self.work = workspace.series
        tr = self.tr
        self.chooser = QComboBox()
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.chooser.setMinimumContentsLength(20)
        self.chooser.activated.connect(self._choose)
        explain_widget(self.chooser, tr("A new one, or one that was begun before."), tr(what))
        self._new = tr(new)
        self.setup = QWidget()
        self.lines = QVBoxLayout(self.setup)
        self.lines.setContentsMargins(0, 0, SMALL, 0)
        self.lines.setSpacing(SMALL)
        self.results = QWidget()
        self.found_lines = QVBoxLayout(self.results)
        self.found_lines.setContentsMargins(0, 0, 0, 0)
        self.found_lines.setSpacing(SMALL)
        self.empty = EmptyState("search", " ", " ")
        self.about = Muted("")
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.about.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.words = Label("", "", wrap=True)
        self.state = ElidedLabel("", "caption")
        self.start = PrimaryButton(
            tr("Start"), "play", help=tr("Begin with the recipe in hand."), on_click=self.begin
        )
        self.go_on = GhostButton(
            tr("Go on"),
            "play",
            help=tr("Go on where it was stopped; nothing is done twice."),
            on_click=self.resume,
        )
        self.pause = GhostButton(
            tr("Pause"),
            "pause",
            help=tr("Wait after the present step, or go on."),
            on_click=workspace.toggle_pause,
        )
        self.stop = GhostButton(
            tr("Stop"),
            "stop",
            help=tr("Save the run in work and end; it can go on later."),
            on_click=workspace.stop,
        )
        for button in (self.start, self.go_on, self.pause, self.stop):
            button.setAutoDefault(False)  # Enter in a field begins nothing that takes an hour
        self.buttons = QHBoxLayout()
        self._lay_out()
        self.work.changed.connect(self.refresh)
        self.work.names_changed.connect(self._fill_names)
        workspace.active_changed.connect(self.refresh)
        workspace.recipe_changed.connect(self.refresh)

    def _lay_out(self) -> None:
        left = Card()
        left.add(self.chooser)
        self.asked = scrolled(self.setup)
        left.add(self.asked, 1)
        left.add(self.about, 1)
        left.setFixedWidth(SETUP_WIDTH)
        right = Card()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.results)
        right.add(self.pages, 1)
        halves = QHBoxLayout()
        halves.setSpacing(MEDIUM)
        halves.addWidget(left)
        halves.addWidget(right, 1)
        self.buttons.setSpacing(SMALL)
        self.buttons.addWidget(self.state, 1)
        for button in (self.pause, self.stop, self.go_on, self.start):
            self.buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addLayout(halves, 1)
        layout.addLayout(self.buttons)

    # ---- what a subclass does

    def begin(self) -> None:
        """Begin a new one."""
        raise NotImplementedError

    def resume(self) -> None:
        """Go on with the one that is shown."""
        if self.found is not None:
            self.work.go_on(self.kind, self.found.name)

    def show_found(self, found: Found) -> None:
        """Show what was found so far."""
        raise NotImplementedError

    def can_go_on(self, found: Found) -> bool:
        """Whether there is more to do."""
        raise NotImplementedError

    def plan_in_words(self, found: Found) -> str:
        """What the one that is shown does."""
        recipe = found.recipe
        return self.tr("{0}, {1}, {2}").format(
            recipe.model.source, title_of(recipe.data.train), recipe.task.kind.replace("-", " ")
        )

    def allowed(self) -> bool:
        """Whether what is set can be begun."""
        return True

    # ---- showing

    @property
    def found(self) -> Found | None:
        """The one that is shown."""
        return self.work.found.get(self.kind)

    def refresh(self) -> None:
        """Show how it stands."""
        found, mine = self.found, self.work.kind == self.kind
        self.setup.setEnabled(not mine and found is None)
        show_if(self.asked, found is None)
        show_if(self.about, found is not None)
        self.about.setText(self.plan_in_words(found) if found is not None else "")
        self.chooser.setEnabled(not mine)
        problem = self.work.problems.get(self.kind)
        if found is not None:
            self.show_found(found)
            self.words.setText(" ".join(part for part in (found.words, found.over) if part))
        elif problem is not None:
            self.empty.say(problem.title, f"{problem.cause} {problem.remedy}".strip(), "alert")
        self.pages.setCurrentIndex(0 if found is None else 1)
        self._show_buttons(mine)
        self._name(found.name if found else "")

    def _show_buttons(self, mine: bool) -> None:
        found, why = self.found, self.work.obstacle
        active = self.workspace.active
        show_if(self.pause, mine)
        show_if(self.stop, mine)
        show_if(self.start, not mine and found is None)
        show_if(self.go_on, not mine and found is not None and self.can_go_on(found))
        self.start.setEnabled(not why and self.allowed())
        self.go_on.setEnabled(not why)
        if active is not None and mine:
            self.pause.setEnabled(not active.stopping)
            self.stop.setEnabled(not active.stopping)
            self.pause.setText(self.tr("Go on") if active.paused else self.tr("Pause"))
            keep_icon(self.pause, "play" if active.paused else "pause")
            stopping, paused = self.tr("Saving, then stopping…"), self.tr("Paused.")
            self.state.setText(stopping if active.stopping else paused if active.paused else self.work.words)
        else:
            self.state.setText(why)

    def _fill_names(self) -> None:
        self.chooser.clear()
        self.chooser.addItem(self._new, "")
        for name in self.work.names[self.kind]:
            self.chooser.addItem(name, name)
        self._name(self.found.name if self.found else "")

    def _name(self, name: str) -> None:
        """Show in the list which one is shown."""
        if not self.chooser.count():
            self.chooser.addItem(self._new, "")
        if self.chooser.findData(name) < 0:
            self.chooser.addItem(name, name)
        self.chooser.setCurrentIndex(self.chooser.findData(name))

    def show_run(self, name: str) -> None:
        """Show one of its runs on the Train page."""
        self.workspace.select(name)
        self.workspace.page_wanted.emit("train")

    def _choose(self, index: int) -> None:
        self.work.show(self.kind, str(self.chooser.itemData(index) or ""))


class SmallTable(QTableWidget):
    """A few rows of words, each about a run; Enter and a double click tell its name."""

    opened = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._runs: tuple[str, ...] = ()
        explain_widget(self, self.tr("Enter or a double click shows the run."), name)
        self.cellDoubleClicked.connect(lambda line, _: self._open(line))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        self.horizontalHeader().setHighlightSections(False)
        self.setMinimumHeight(90)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentRow())
        else:
            super().keyPressEvent(event)

    def _open(self, line: int) -> None:
        if 0 <= line < len(self._runs) and self._runs[line]:
            self.opened.emit(self._runs[line])

    def show_rows(
        self, titles: Sequence[str], rows: Sequence[Sequence[str]], runs: Sequence[str], strong: int = -1
    ) -> None:
        """Show these rows with the names of their runs, one of them in bold; numbers are at the right."""
        at, self._runs = self.currentRow(), tuple(runs)
        self.setColumnCount(len(titles))
        heads = [QTableWidgetItem(title) for title in titles]
        for column, head in enumerate(heads):
            head.setTextAlignment(_LEFT)
            self.setHorizontalHeaderItem(column, head)
        self.setRowCount(len(rows))
        for number, cells in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if _NUMBER.fullmatch(text):
                    item.setTextAlignment(_RIGHT)
                    heads[column].setTextAlignment(_RIGHT)
                font = item.font()
                font.setBold(number == strong)
                item.setFont(font)
                self.setItem(number, column, item)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        if 0 <= at < len(rows):
            self.setCurrentCell(at, 0)
