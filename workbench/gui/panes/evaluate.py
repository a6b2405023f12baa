"""The Evaluate page: how good a model is on rows with known classes, and the rows behind every number."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.again_button import AgainButton
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.export_menu import ExportButton
from workbench.gui.data.choosing import dropped_data
from workbench.gui.evaluate.board import Board
from workbench.gui.evaluate.correcting import Correcting
from workbench.gui.evaluate.exporting import save_json
from workbench.gui.evaluate.invitation import Invitation
from workbench.gui.evaluate.rows import RowsPanel
from workbench.gui.evaluate.rows_model import table_of
from workbench.gui.evaluate.subject import Subject, TargetsFound, TargetsWish, measure_targets, stored_targets
from workbench.gui.evaluate.targets import TARGET_VIEWS, TargetsPage
from workbench.gui.evaluate.view import View
from workbench.gui.evaluate.views import ROWS, VIEWS
from workbench.gui.model_setup import ModelSetup
from workbench.gui.questions import ask_for_data
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import (
    ElidedLabel,
    FoldingSwitch,
    GhostButton,
    Segmented,
    explain_widget,
    show_if,
    tall,
)
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated
from workbench.run.evaluation import Progress
from workbench.run.problem import Problem
from workbench.session.lanes import Ticket
from workbench.session.scoring.evaluated import EvaluationWish, measured_evaluation, stored_evaluation
from workbench.session.scoring.measuring import RowsRequest


class EvaluatePane(QWidget):
    """Model and rows above, one of several views, and below it the rows that its numbers come from."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.workspace = workspace
        self.board = Board(self)
        self.correcting = Correcting(workspace, self.board, self)
        self.subject = Subject(workspace)
        self.views: dict[str, View] = {}
        self.switcher = FoldingSwitch([(row.key, row.title, "", row.help) for row in VIEWS], self.tr("View"))
        self.switcher.setProperty("dense", True)
        self.stack = QStackedWidget()
        self.rows = RowsPanel(self.board, self.correcting)
        self.again = AgainButton(workspace, self._run)
        self.rows.add_action(self.again)
        self.empty = Invitation(self._act)
        self.setup = ModelSetup(workspace)
        self.targets = TargetsPage(workspace)
        self.target_switcher = Segmented(
            [(key, self.tr(title), "", self.tr(help)) for key, title, help in TARGET_VIEWS], self.tr("View")
        )
        self.target_switcher.setProperty("dense", True)
        self.target_switcher.chosen.connect(self.targets.show_view)
        self.told = ElidedLabel("", "caption")
        self.told.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(120)
        explain_widget(self.bar, "", self.tr("Progress"))
        self.cancel = GhostButton(
            self.tr("Cancel"), "close", help=self.tr("Stop measuring."), on_click=self.stop
        )
        self.export = ExportButton(
            self.tr("Evaluation"),
            lambda: self.board.model,
            self._parts,
            workspace,
            ((self.tr("Numbers as JSON…"), lambda: save_json(self, workspace, self.board.evaluated)),),
        )
        self._ticket: Ticket | None = None
        self._stale = True
        self._wanting = False  # another model of labels, numbers or marks that is not measured yet
        self._wish: EvaluationWish | None = None
        self._asked: RowsRequest | None = None  # what the board shows
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._lay_out()
        self._connect()
        self.show_view("scores")
        self._busy(False)

    def _lay_out(self) -> None:
        switch = QHBoxLayout()
        switch.setSpacing(MEDIUM)
        switch.addWidget(self.switcher)
        switch.addWidget(self.target_switcher)
        switch.addWidget(self.told, 1)
        switch.addWidget(self.bar)
        switch.addWidget(self.cancel)
        switch.addWidget(self.export)
        self.halves = QSplitter(Qt.Orientation.Vertical)
        self.halves.addWidget(self.stack)
        self.halves.addWidget(self.rows)
        self.halves.setChildrenCollapsible(False)
        self.halves.setHandleWidth(SMALL)
        self.halves.setStretchFactor(0, 3)
        self.halves.setStretchFactor(1, 2)
        self.halves.setSizes([660, 340])  # shares, not pixels
        self.pages = QStackedWidget()
        for page in (self.halves, self.empty, self.setup, self.targets):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.subject)
        layout.addLayout(switch)
        layout.addWidget(self.pages, 1)

    def _connect(self) -> None:
        self.switcher.chosen.connect(self.show_view)
        self.subject.changed.connect(self.again.refresh)
        self.subject.changed.connect(self._soon.start)  # several things may change at once
        self._soon.timeout.connect(self.ask)
        self.subject.measure_wanted.connect(self.measure)
        for board in (self.board, self.targets.board):
            board.against_wanted.connect(self.subject.against.pick)
        self.setup.ready.connect(lambda _: self.ask())
        self.rows.attention_wanted.connect(self._open_attention)
        self.targets.attention_wanted.connect(self._open_attention)
        self.targets.data_wanted.connect(self._open_data)
        self.rows.data_wanted.connect(self._open_data)
        self.rows.fetch_wanted.connect(self._fetch)

    def _run(self) -> str:
        """The run behind the model that is evaluated; empty for a base model."""
        choice = self.subject.choice()
        return choice.run if choice else ""

    # ---- views

    @property
    def view(self) -> View | None:
        """The view that is on; None while only the rows are shown."""
        return self.views.get(self.switcher.current())

    def show_view(self, key: str) -> None:
        """Go to a view; an unknown key is ignored."""
        row = next((row for row in VIEWS if row.key == key), None)
        if row is None:
            return
        if key != ROWS and key not in self.views:
            made = self.views[key] = row.build(self.workspace, self.board)
            made.busy_changed.connect(partial(self._tell_of, made))
            made.rows_wanted.connect(partial(self.show_view, ROWS))
            self.stack.addWidget(tall(made))
        self.switcher.choose(key)
        show_if(self.stack, key != ROWS)
        show_if(self.rows, key == ROWS or not self.views[key].own_rows)
        self.rows.show_whole(key == ROWS)
        if key != ROWS:
            self.stack.setCurrentIndex(list(self.views).index(key))

    def _tell_of(self, view: View, words: str) -> None:
        if view is self.view and self._ticket is None:
            self.told.setText(words or self._summary())

    # ---- asking

    def showEvent(self, event: QShowEvent) -> None:
        """Look whether there is something, once it is seen."""
        super().showEvent(event)
        wish, self.workspace.evaluate_wish = self.workspace.evaluate_wish, None
        if wish is not None:
            self.subject.model.pick(wish)
        if self._stale:
            self.ask()

    def ask(self) -> None:
        """Show what was measured before of the model and the rows that are chosen, if anything was."""
        self._soon.stop()
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        self._drop()
        choice, wish = self.subject.choice(), self.subject.wish()
        self._wish = wish
        self.correcting.run = self.subject.rows_run()
        if choice is not None and not choice.ready:
            self.setup.explain(choice.model)
            self.pages.setCurrentWidget(self.setup)
        elif wish is None:
            self._ask_targets()
        else:
            self._ticket = self.workspace.session.files.submit(
                lambda desk: stored_evaluation(self.workspace.session.home, wish, desk),
                done=self._looked_up, failed=self._failed,
            )  # fmt: skip
        self._busy(False)

    def _ask_targets(self) -> None:
        """Show what was measured of labels, numbers or marks."""
        targets = self.subject.targets_wish()
        if targets is None:
            self._say_unfit()
            return
        self.board.show(None)
        self._ticket = self.workspace.session.files.submit(
            lambda desk: stored_targets(self.workspace.session.home, targets, desk),
            done=partial(self._show_targets, targets), failed=self._failed,
        )  # fmt: skip

    def _show_targets(self, wish: TargetsWish, found: TargetsFound | None) -> None:
        self._ticket = None
        self.targets.show_found(
            found.rows if found else None, found.against if found else None, wish.rows if found else None
        )
        self.board.model = wish.rows.model
        self.correcting.given = found.rows.file if found else ""
        self._wanting = found is not None and found.missing
        if found is None:
            self._say_unmeasured()
            self._busy(False)
            self.told.setText("")
            return
        self.pages.setCurrentWidget(self.targets)
        self._busy(False)
        problem = f"{found.problem.title} {found.problem.cause}" if found.problem else ""
        self.told.setText(problem or (self._missing() if found.missing else found.rows.told))

    def _missing(self) -> str:
        return self.tr("The other model is not measured on these rows yet: press Measure.")

    def measure(self) -> None:
        """Ask the model about every row, whatever is stored where the numbers are there already."""
        wish, targets = self.subject.wish(), self.subject.targets_wish()
        if wish is None and targets is None:
            return
        self._drop()
        if wish is None:
            assert targets is not None
            if self.pages.currentWidget() is self.targets and not self._wanting:
                targets = replace(targets, rows=replace(targets.rows, again=True))
            self._ticket = self.workspace.session.look_inside(
                measure_targets, targets, partial(self._show_targets, targets), self._failed, self._heard,
                between_steps=False,
            )  # fmt: skip
            self._say_measuring()
            return
        if self.board.evaluated is not None and wish == self._wish and not self.board.evaluated.missing:
            wish = again(wish)
        self._wish = self.subject.wish()
        self._ticket = self.workspace.session.look_inside(
            measured_evaluation, wish, self._measured, self._failed, self._heard, between_steps=False
        )
        self._say_measuring()

    def _say_measuring(self) -> None:
        self.told.setText(self.workspace.waiting_words)
        self._busy(True)
        if self.pages.currentWidget() not in (self.halves, self.targets):
            self.empty.say_measuring()
            self.pages.setCurrentWidget(self.empty)

    def stop(self) -> None:
        """Stop measuring; what was shown stays."""
        self._drop()
        self._busy(False)
        if self.board.evaluated is None:
            self._say_unmeasured()
        self.told.setText(self.tr("Stopped."))

    def _drop(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket = None

    def _busy(self, on: bool) -> None:
        for widget in (self.bar, self.cancel):
            show_if(widget, on)
        # Labels, numbers and marks have views of their own.
        targets = self.subject.targets_wish() is not None
        show_if(self.switcher, not targets)
        show_if(self.target_switcher, targets)
        if on:
            self.bar.setRange(0, 0)
        found = self.board.evaluated
        measured = found is not None and not found.missing
        labelled = self.pages.currentWidget() is self.targets and not self._wanting
        self.subject.show_busy(on, measured or labelled)

    def _heard(self, news: object) -> None:
        if self._ticket is None:
            return  # a word that was on its way when it was cancelled
        if isinstance(news, Progress):
            self.bar.setRange(0, max(1, news.of))
            self.bar.setValue(news.done)
            self.told.setText(self.tr("{0}: {1} of {2}").format(news.words, news.done, news.of))
        elif isinstance(news, str):
            self.bar.setRange(0, 0)
            self.told.setText(news)

    # ---- answers

    def _looked_up(self, found: Evaluated | None) -> None:
        self._ticket = None
        if found is None:
            self._show(None)
            self._say_unmeasured()
        else:
            self._show(found)

    def _measured(self, found: Evaluated) -> None:
        self._ticket = None
        self._show(found)

    def _show(self, found: Evaluated | None) -> None:
        wish = self._wish
        self._asked = wish.rows if wish and found is not None else None
        self.board.show(found, wish.rows.model if wish else "", self._asked)
        if found is not None:
            self.pages.setCurrentWidget(self.halves)
        self._busy(False)
        self.told.setText(self._summary())

    def _summary(self) -> str:
        found = self.board.evaluated
        if found is None:
            return ""
        if found.missing:
            return self._missing()
        return found.rows.told

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        shown, wish = self.board.evaluated, self._wish
        if shown is not None and wish is not None and self._asked == wish.rows:
            # What cannot be had is the other model: the numbers of this one stay.
            self._busy(False)
            self.told.setText(problem.title)
            self.workspace.problem_raised.emit(problem)
            return
        self.board.show(None)
        self._busy(False)
        self.told.setText("")
        self.empty.say_problem(problem)
        self.pages.setCurrentWidget(self.empty)

    # ---- where nothing is

    def _say_unmeasured(self) -> None:
        self.empty.say_unmeasured(self.subject.choice())
        self.pages.setCurrentWidget(self.empty)

    def _say_unfit(self) -> None:
        self.board.show(None)
        self.told.setText("")
        self.empty.say_unfit(self.subject.choice(), self.subject.writes())
        self.pages.setCurrentWidget(self.empty)

    def _act(self) -> None:
        """What the empty page offers."""
        if self.subject.writes():
            from workbench.gui.evaluation.dialog import open_evaluation  # few ask for it

            choice = self.subject.choice()
            open_evaluation(self.workspace, choice.model if choice else "", self)
        else:
            self.measure()

    # ---- other pages

    def _open_attention(self, text: str) -> None:
        self.workspace.look_wish = (self.board.model, text)
        self.workspace.page_wanted.emit("attention")

    def _open_data(self, number: int) -> None:
        self._fetch(partial(self._go_to_row, number))

    def _go_to_row(self, number: int) -> None:
        self.workspace.row_wish = number
        self.workspace.page_wanted.emit("data")

    def _fetch(self, then: partial[None]) -> None:
        """Do something with the data of these rows; where other data is in hand, the person is asked first."""
        if self.correcting.in_hand:
            self.correcting.fetch(then)
        else:
            ask_for_data(self, self.correcting.file, self.correcting.run, lambda: self.correcting.fetch(then))

    # ---- files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file of rows may be dropped."""
        if dropped_data(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Measure the rows of a file."""
        source = dropped_data(event)
        if source:
            event.acceptProposedAction()
            self.subject.show_file(source)
        else:
            event.ignore()  # a recipe is for the window

    def _parts(self) -> list[Part]:
        found = self.board.evaluated
        if found is None:
            return self.targets.export() if self.pages.currentWidget() is self.targets else []
        shown = self.rows.shown()
        view = self.view
        rows = Part(self.tr("Rows"), "rows", table=lambda: table_of(self.rows.model, shown))
        return [*(view.parts() if view else ()), rows]


def again(wish: EvaluationWish) -> EvaluationWish:
    """The same, measured anew whatever is stored."""
    return replace(wish, rows=replace(wish.rows, again=True))


if __name__ == "__main__":
    from workbench.gui.preview import preview

    preview(EvaluatePane)
