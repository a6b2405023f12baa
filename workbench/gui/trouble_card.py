"""The card of a run that waits: for an answer to a problem, because it was paused, or since it was interrupted."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout

from workbench.gui.icons import pixmap
from workbench.gui.offer_list import OfferList
from workbench.gui.theme import MEDIUM, current, mono_font, theme
from workbench.gui.widgets import (
    FoldSection,
    GhostButton,
    Label,
    Muted,
    PrimaryButton,
    column,
    explain_widget,
    restyle,
    row,
)
from workbench.gui.workspace import Workspace
from workbench.run.events import Paused
from workbench.run.folder import RunSummary
from workbench.run.history import History
from workbench.run.offers import RETRY, STOP, Answer, Offer


class TroubleCard(QFrame):
    """What the selected run waits for, and what can be done; hidden while it does not wait."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._shown: Paused | None = None
        self._picture, self._icon = QLabel(), "alert"
        self.title = Label("", "section", wrap=True)
        self.cause, self.remedy = Label(wrap=True), Muted()
        for label in (self.title, self.cause, self.remedy):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.offers = OfferList()
        self.offers.taken.connect(self._take)
        self._make_buttons()
        self.details = FoldSection(self.tr("Details"))
        self.details_text = QPlainTextEdit()
        self.details_text.setReadOnly(True)
        self.details_text.setFont(mono_font(11))
        self.details_text.setFixedHeight(110)
        self.details_text.setAccessibleName(self.tr("Technical details"))
        self.details.add(self.details_text)
        words = column(
            self.title, self.cause, self.remedy, self.offers, self._actions, self.details, spacing=4
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MEDIUM, MEDIUM, MEDIUM, MEDIUM)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(words, 1)
        self._side = QVBoxLayout()
        self._side.addWidget(self._quiet, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addLayout(self._side)
        theme().changed.connect(self._redraw)
        self.hide()

    def _make_buttons(self) -> None:
        tr = self.tr
        self.again = GhostButton(
            tr("Try again"), "refresh", help=tr("Do the same once more, after you have mended the cause."),
            on_click=lambda: self._workspace.answer(RETRY),
        )  # fmt: skip
        self.end = GhostButton(
            tr("End the run"), "stop", help=tr("End the run here; its last checkpoint is kept."),
            on_click=lambda: self._workspace.answer(STOP),
        )  # fmt: skip
        self.said = Label("", "caption")
        self._actions = row(self.again, self.end, self.said, None)
        self.go_on = PrimaryButton(
            tr("Go on"), "play", help=tr("Go on where it stands (Ctrl+P)."),
            on_click=self._workspace.toggle_pause,
        )  # fmt: skip
        self.resume = PrimaryButton(
            tr("Resume"), "resume", help=tr("Go on from the newest checkpoint (Ctrl+R)."),
            on_click=lambda: self._workspace.resume(self._workspace.selected or ""),
        )  # fmt: skip
        self._quiet = row(self.go_on, self.resume)

    # ---- what shows

    def refresh(self, history: History | None) -> None:
        """Show what the selected run waits for, if it does."""
        workspace = self._workspace
        name = workspace.selected
        waiting = workspace.waits(name)
        summary = workspace.summary(name or "")
        if waiting and waiting.problem:
            self._show_problem(waiting, ours=name == workspace.active_name)
        elif waiting:
            self._show_pause(waiting, ours=name == workspace.active_name)
        elif summary and history and self._is_cut_off(summary) and not self._is_checked():
            self._show_interrupted(summary, history)
        else:
            self._shown = None
            self.hide()

    def _is_checked(self) -> bool:
        checking = self._workspace.checking
        return checking.busy or checking.found is not None  # its card has the room

    def _is_cut_off(self, run: RunSummary) -> bool:
        in_work = (self._workspace.active_name, self._workspace.elsewhere.name)
        return run.status == "interrupted" and run.resumable and run.name not in in_work

    def _show_problem(self, waiting: Paused, *, ours: bool) -> None:
        problem = waiting.problem
        assert problem is not None
        self._dress("banner", "warning", "alert")
        self._say(self.tr("The run is waiting: {0}").format(problem.title), problem.cause, problem.remedy)
        if waiting is not self._shown:
            self._shown = waiting
            self.details.set_open(False)
            self.details_text.setPlainText(problem.details)
        self.details.setVisible(bool(problem.details))
        self.offers.show_offers(waiting.offers if ours else ())
        self._actions.setVisible(True)
        decided = waiting is self._workspace.answered
        self.again.setVisible(ours and all(offer.changes for offer in waiting.offers))
        self.end.setVisible(ours)
        self.said.setText(
            (self.tr("Taken in hand…") if decided else "")
            if ours
            else self.tr("It can be answered where it was started.")
        )
        for widget in (self.offers, self.again, self.end):
            widget.setEnabled(not decided)
        self._quiet.hide()
        self.show()

    def _show_pause(self, waiting: Paused, *, ours: bool) -> None:
        active = self._workspace.active
        released = ours and active is not None and active.releases
        self._dress("card", "neutral", "pause")
        self._say(
            self.tr("Paused after step {0}").format(waiting.step),
            "",
            self.tr("The device memory was given back; going on takes a moment.")
            if released
            else self.tr(
                "The device memory is kept, so it goes on at once. The prompt and attention pages work meanwhile."
            ),
        )
        self._only(self.go_on if ours else None)

    def _show_interrupted(self, run: RunSummary, history: History) -> None:
        saved = max((checkpoint.step for checkpoint in history.checkpoints), default=0)
        self._dress("card", "neutral", "resume")
        text = (
            self.tr("It can be resumed from the checkpoint of step {0}, and comes to the same result.")
            if saved
            else self.tr("It can be resumed; nothing had been saved yet, so it begins again.")
        )
        self._say(
            self.tr("Interrupted at step {0} of {1}").format(run.steps, run.total_steps),
            "",
            text.format(saved),
        )
        self._only(self.resume if self._workspace.active is None else None)

    def _only(self, button: PrimaryButton | None) -> None:
        """A quiet card: no offers, at most one button."""
        self._shown = None
        self.offers.show_offers(())
        self._actions.hide()
        self.details.hide()
        self._quiet.setVisible(button is not None)
        for each in (self.go_on, self.resume):
            each.setVisible(each is button)
        self.show()

    def _say(self, title: str, cause: str, remedy: str) -> None:
        for label, text in ((self.title, title), (self.cause, cause), (self.remedy, remedy)):
            label.setText(text)
            label.setVisible(bool(text))
        explain_widget(self, "", title, f"{cause} {remedy}".strip())

    def _dress(self, role: str, tone: str, icon: str) -> None:
        restyle(self, role=role, tone=tone)
        self._icon = icon
        self._redraw()

    def _redraw(self) -> None:
        colour = current().warning if self._icon == "alert" else current().muted
        self._picture.setPixmap(pixmap(self._icon, colour, 20, self.devicePixelRatioF()))

    def _take(self, offer: Offer) -> None:
        self._workspace.answer(Answer("retry", offer.changes))
