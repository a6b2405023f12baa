"""Suspects: the rows of a run whose label is most likely wrong, as a queue in which a person decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout

from workbench.gui.again_button import AgainButton
from workbench.gui.attention.export_files import Part
from workbench.gui.data.undo import undo_actions
from workbench.gui.evaluate.board import Board
from workbench.gui.evaluate.deciding import Deciding
from workbench.gui.evaluate.suspect_card import SuspectCard
from workbench.gui.evaluate.suspect_queue import SuspectQueue
from workbench.gui.evaluate.view import View
from workbench.gui.questions import ask_for_data
from workbench.gui.theme import MEDIUM, SMALL, theme
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    GhostButton,
    IconButton,
    Label,
    Segmented,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated
from workbench.run.problem import Problem, bad_input
from workbench.run.suspects import By, Suspect, Suspects
from workbench.session.lanes import Desk, Ticket

if TYPE_CHECKING:
    from workbench.run.home import Home

#: How long the queue is: nobody decides about more in one go.
MOST = 1000


class SuspectsView(View):
    """The queue at the left, the chosen row with the decisions at the right."""

    needs_labels = False
    own_rows = True

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.deciding = Deciding(workspace, self)
        self._asked = ("", "")  # the model and the order that are shown
        self._ticket: Ticket | None = None
        self.by = Segmented(
            (
                (
                    "margin",
                    self.tr("Margin"),
                    "",
                    self.tr("How sure the model was of each label while it trained."),
                ),
                (
                    "cleanlab",
                    self.tr("cleanlab"),
                    "",
                    self.tr("What models say that never saw the row. Reads every row once the first time."),
                ),
                ("both", self.tr("Both"), "", self.tr("The mean of the places in both orders.")),
            ),
            self.tr("What the order goes by"),
        )
        self.by.setProperty("dense", True)
        self.by.chosen.connect(lambda _: self._ask())
        self.told = ElidedLabel("", "muted")
        self.count = Label("", "section")
        self.keys = ElidedLabel(self.tr("Keys: K keep, F fix, D drop"), "caption")
        self.keys.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.cancel = GhostButton(
            self.tr("Cancel"), "close", help=self.tr("Stop looking."), on_click=self.stop
        )
        self.back = IconButton(
            "undo", self.tr("Undo"), self.tr("Take the last decision back (Ctrl+Z)."), on_click=self._undo
        )
        self.again = AgainButton(workspace, lambda: self.deciding.found.run if self.deciding.found else "")
        self.table = SuspectQueue()
        self.card = SuspectCard()
        self.nothing = EmptyState(
            "check", self.tr("No suspects yet"), " ", self.tr("Go by cleanlab"), self._by_cleanlab
        )
        self.pages = QStackedWidget()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(SMALL)
        top.addWidget(self.by)
        top.addWidget(self.told, 1)
        for widget in (self.cancel, self.back, self.again):
            top.addWidget(widget)
        left = Card()
        left.add(self.table, 1)
        below = QHBoxLayout()
        below.setSpacing(SMALL)
        below.addWidget(self.count)
        below.addWidget(self.keys, 1)
        left.body.addLayout(below)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(left)
        halves.addWidget(self.card)
        halves.setStretchFactor(0, 1)
        halves.setStretchFactor(1, 0)
        halves.setHandleWidth(MEDIUM)
        halves.setChildrenCollapsible(False)
        halves.setSizes([720, 280])
        self.pages.addWidget(halves)
        self.pages.addWidget(self.nothing)
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addLayout(top)
        layout.addWidget(self.pages, 1)
        self.cancel.hide()

    def _connect(self) -> None:
        self.undo, self.redo = undo_actions(self.deciding.edits.stack, self)
        self.undo.changed.connect(lambda: self.back.setEnabled(self.undo.isEnabled()))
        self.back.setEnabled(self.undo.isEnabled())
        self.table.decided.connect(lambda decision: self.decide(decision))
        self.card.decided.connect(self.decide)
        self.table.selectionModel().currentChanged.connect(lambda *_: self._show_chosen())
        self.deciding.changed.connect(self._redraw)
        theme().changed.connect(self._redraw)

    # ---- looking

    def draw(self, found: Evaluated) -> None:
        """Look for the suspects of another model's run; those of the same stay as they are."""
        if self._asked != (self.board.model, self.by.current()):
            self._ask()

    def _ask(self) -> None:
        self._drop()
        model, by = self.board.model, cast("By", self.by.current())
        self._asked = model, by
        self.deciding.found = None
        self.again.refresh()
        self._fill()
        self._say_busy(self.tr("Looking for suspicious labels…"))
        self.pages.setCurrentIndex(0)
        session = self.workspace.session
        if by == "margin":  # needs no model: it is done while others train
            self._ticket = session.files.submit(
                lambda desk: _suspects(session.home, (model, by), desk),
                done=self._arrived, failed=self._failed, progress=self._heard,
            )  # fmt: skip
        else:
            self._ticket = session.look_inside(
                _suspects, (model, by), self._arrived, self._failed, self._heard, between_steps=False
            )
            self._say_busy(self.workspace.waiting_words)

    def stop(self) -> None:
        """Stop looking."""
        self._drop()
        self._say_nothing(self.tr("Stopped"), self.tr("Choose an order above to look again."), offer=False)
        self._asked = ("", "")

    def _drop(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket = None

    def _heard(self, news: object) -> None:
        if self._ticket is not None and isinstance(news, str):
            self._say_busy(news)

    def _say_busy(self, words: str) -> None:
        self.told.setText(words)
        show_if(self.cancel, bool(self._ticket) or bool(words))
        self.busy_changed.emit(words)

    def _arrived(self, found: Suspects) -> None:
        self._ticket, self.deciding.found = None, found
        self.again.refresh()
        self._say_busy("")
        if not found.queue:
            self._say_nothing(
                self.tr("No row to doubt"), " ".join(found.notes), offer=found.by == "margin", icon="check"
            )
            return
        self._fill()
        self.table.selectRow(0)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self._say_nothing(
            problem.title, f"{problem.cause} {problem.remedy}".strip(), offer=self.by.current() == "margin"
        )

    def _say_nothing(self, title: str, sentence: str, *, offer: bool, icon: str = "alert") -> None:
        self._say_busy("")
        self.nothing.say(title, sentence, icon)
        show_if(self.nothing.action, offer)
        self.pages.setCurrentWidget(self.nothing)

    def _by_cleanlab(self) -> None:
        self.by.choose("cleanlab")
        self._ask()

    # ---- the queue

    def _fill(self) -> None:
        found = self.deciding.found
        self.table.show_suspects(found, self.deciding.decision)
        self._say_count()
        self._show_chosen()

    def _redraw(self) -> None:
        """What is decided is something else now; the chosen rows stay chosen."""
        if self.deciding.found is None:
            return
        chosen, at = self.table.chosen(), self.table.currentIndex().row()
        keys = {one.key for one in chosen}
        self._fill()
        if keys and at >= 0:
            self.table.selectRow(at)
        self._show_chosen()

    def _say_count(self) -> None:
        found = self.deciding.found
        if found is None:
            self.count.setText("")
            return
        counts = Counter(self.deciding.decision(one)[0] for one in found.queue)
        decided = len(found.queue) - counts[""]
        self.count.setText(
            self.tr("{0} kept, {1} fixed, {2} dropped").format(counts["keep"], counts["fix"], counts["drop"])
            if decided
            else ""
        )
        self.told.setText(
            " ".join(
                (self.tr("{0} of {1} labels are in doubt.").format(found.flagged, found.of), *found.notes)
            )
        )
        self.told.setToolTip(f"<qt>{found.verdict} {found.told}</qt>")

    def _show_chosen(self) -> None:
        found = self.deciding.found
        suspect = self.table.current() if found else None
        words = self.table.words(*self.deciding.decision(suspect)) if suspect else ""
        told = words.replace("→", self.tr("now"))
        self.card.show_suspect(suspect, found.names if found else (), told)

    # ---- deciding

    def decide(self, decision: str, label: str = "") -> None:
        """Decide about the chosen rows; where other data is in hand, the person is asked first.

        Args:
            decision: "keep", "fix", "drop", or "" to take back what was decided.
            label: For "fix": the class; empty for the likely one of each row.
        """
        found, chosen = self.deciding.found, self.table.chosen()
        if found is None or not chosen:
            return
        change = partial(self._decide, chosen, decision, label)
        if self.deciding.in_hand:
            self.deciding.fetch(change) if self.workspace.data is None else change()
        else:
            ask_for_data(self, found.file, found.run, lambda: self.deciding.fetch(change))

    def _decide(self, chosen: Sequence[Suspect], decision: str, label: str) -> None:
        if decision == "fix":
            chosen = [one for one in chosen if (label or one.likely) != one.label]
            if not chosen:  # nothing is likelier: which label it is has to be said
                self.card.other.setFocus()
                return
        self.deciding.decide(chosen, decision, label)
        if decision and self.deciding.in_hand:
            self._go_on()

    def _go_on(self) -> None:
        """To the next row of which nothing is decided."""
        at, count = self.table.currentIndex().row(), self.table.rows.rowCount()
        for row in range(at + 1, count):
            if not self.deciding.decision(self.table.rows.row(row).value)[0]:
                self.table.selectRow(row)
                return

    def _undo(self) -> None:
        self.undo.trigger()

    # ---- export

    def parts(self) -> Sequence[Part]:
        """The queue as a table."""
        found = self.deciding.found
        if found is None:
            return ()
        lines = [["row", "text", "label", "likely", "margin", "quality", "decision", "decided"]]
        for one in found.queue:
            figures = ["" if value is None else f"{value:.6f}" for value in (one.margin, one.quality)]
            lines.append(
                [str(one.row + 1), one.text, one.label, one.likely, *figures, *self.deciding.decision(one)]
            )
        return (Part(self.tr("Suspects"), "suspects", table=lambda: lines),)


def _suspects(home: Home, asked: tuple[str, By], desk: Desk) -> Suspects:
    """The queue of the run behind a model."""
    from workbench.session.evaluating import run_behind
    from workbench.session.suspects import SuspectsRequest, suspects

    model, by = asked
    run = run_behind(home, model)
    if run is None:
        raise bad_input(
            "Suspects are found among the rows of a run.",
            "This model is none that was trained here, so nothing is known of the rows it learned from.",
            "Choose a run above.",
        )
    return suspects(home, SuspectsRequest(run.name, by, MOST), desk)
