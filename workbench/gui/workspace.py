"""What the window shows, as one model: the recipe in hand, the runs, the histories, the data preview.

Panes read it and listen to its signals; none reaches into another pane. Everything here happens on the
window's thread: answers arrive when the timer empties the session's mailbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.gui.checking import Checking
from workbench.gui.elsewhere import Elsewhere
from workbench.gui.mending import Mending
from workbench.gui.recipe_in_hand import RecipeInHand
from workbench.gui.search.work import SeriesWork
from workbench.gui.settings import Settings
from workbench.run.events import Ended, Event, Paused
from workbench.run.folder import RunFolder, RunSummary
from workbench.run.history import History
from workbench.run.offers import Answer
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.session.active_run import ActiveRun
from workbench.session.requests import DeviceInfo
from workbench.session.session import Session

if TYPE_CHECKING:
    pass

DRAIN_MS = 33


class Workspace(RecipeInHand):
    """The state behind the window.

    Signals carry no data: a listener reads the attribute of the same name.
    """

    runs_changed = Signal()  # .runs
    selection_changed = Signal()  # .selected, .overlays
    history_changed = Signal(str)  # the run's name; .histories[name]
    active_changed = Signal()  # .active, .active_name: started, waiting, paused, going on, ended
    device_changed = Signal()  # .device
    page_wanted = Signal(str)  # the key of a page (`pages.PAGES`)
    run_ended = Signal(object)  # an Ended event, once a run

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self.runs: tuple[RunSummary, ...] = ()
        self.selected: str | None = None
        self.overlays: tuple[str, ...] = ()
        self.histories: dict[str, History] = {}
        self.active: ActiveRun | None = None
        self.active_name: str | None = None
        self.device: DeviceInfo | None = None
        #: What the Attention page is to show of a model's writing once it is seen: model, text, whether as a chat.
        self.attention_wish: tuple[str, str, bool] | None = None
        #: The model and the text that the Attention page is to look into once it is seen.
        self.look_wish: tuple[str, str] | None = None
        #: The run that the Evaluate page is to show once it is seen.
        self.evaluate_wish: str | None = None
        #: The number in the untouched file, from 0, of the row that the Data page is to go to once it is seen.
        self.row_wish: int | None = None
        #: The runs that the Compare page is to compare once it is seen, and whether row by row.
        self.compare_wish: tuple[str, ...] = ()
        self.compare_rows = False
        self._series_run: str | None = None  # the last run of the series in work
        self._pending: list[Event] = []
        self._listed: dict[str, tuple[int, str]] = {}  # steps and status of each run when last listed
        self.active_recipe: Recipe | None = None  # of the run in work, as its folder has it
        self.answered: Paused | None = None  # the wait that the person has decided about
        self.settings = Settings(session.home.settings, self)
        self.elsewhere = Elsewhere(self)
        self.checking = Checking(self)
        self.mending = Mending(self)
        self.series = SeriesWork(self)
        self._timer = QTimer(self)
        self._timer.setInterval(DRAIN_MS)
        self._timer.timeout.connect(self.drain)
        self._timer.start()

    # ---- the one door by which everything arrives

    def drain(self) -> None:
        """Empty the mailbox once and fold what came in for the run in work."""
        self.session.mailbox.deliver()
        self._fold()

    def _fold(self) -> None:
        if self._pending and self.active_name:
            events, self._pending = self._pending, []
            name = self.active_name
            history = self.histories[name]
            before = history.paused, history.started
            history.fold(events)
            if before != (history.paused, history.started):
                self.active_changed.emit()
            self.history_changed.emit(name)
            ended = next((event for event in events if isinstance(event, Ended)), None)
            if ended:
                self._ended(ended)

    def shut_down(self) -> None:
        """Stop listening; the owner closes the session and joins its threads."""
        self._timer.stop()
        self.elsewhere.watch(False)
        self.elsewhere.stop()

    def edits_of(self, source: str) -> str:
        """The edits by hand that belong to a data set."""
        return self.mending.kept(source)

    # ---- runs

    def refresh_runs(self) -> None:
        """Read the runs shelf again."""

        def arrived(runs: tuple[RunSummary, ...]) -> None:
            self.runs = (*runs, *self.elsewhere.guests.values())
            self._renew_histories()
            self.runs_changed.emit()

        self.session.list_runs(arrived, self.problem_raised.emit)

    def warm_up(self) -> None:
        """Let the engine import torch and say what computes."""

        def arrived(device: DeviceInfo) -> None:
            self.device = device
            self.device_changed.emit()

        self.session.warm_up(arrived, self.problem_raised.emit)

    @property
    def waiting_words(self) -> str:
        """What work that needs the engine says before it begins."""
        if self.active is not None:
            return self.tr("This begins when the run in work is over.")
        return self.tr("Waiting for the engine…")

    def summary(self, name: str) -> RunSummary | None:
        """The shelf's line of a run."""
        return next((run for run in self.runs if run.name == name), None)

    def select(self, name: str | None) -> None:
        """Show a run; its history is read when it is not known yet."""
        self.selected = name
        self.overlays = tuple(other for other in self.overlays if other != name)
        self.selection_changed.emit()
        if name:
            self._need_history(name)

    def set_overlays(self, names: Sequence[str]) -> None:
        """Show other runs' curves behind the selected one's."""
        self.overlays = tuple(name for name in names if name != self.selected)
        self.selection_changed.emit()
        for name in self.overlays:
            self._need_history(name)

    def _renew_histories(self) -> None:
        """Let go of histories that went on elsewhere: on the command line, or in another window."""
        for run in self.runs:
            now = (run.steps, run.status)
            changed, self._listed[run.name] = self._listed.get(run.name) != now, now
            if run.name in self._told or not changed or not self._is_behind(run):
                continue
            if run.name == self.selected or run.name in self.overlays:
                self._read_history(run.name)  # what is shown stays until the new one is there
            else:
                del self.histories[run.name]

    @property
    def _told(self) -> tuple[str | None, str | None]:
        """The runs that tell their own history: the one in work, and the one that is followed."""
        return self.active_name, self.elsewhere.name

    def _is_behind(self, run: RunSummary) -> bool:
        history = self.histories.get(run.name)
        if history is None:
            return False
        ended = run.status if run.status in ("finished", "stopped", "failed") else None
        return history.step != run.steps or (history.ended.status if history.ended else None) != ended

    def _need_history(self, name: str) -> None:
        if name in self.histories:
            self.history_changed.emit(name)
        elif name not in self._told:
            self._read_history(name)

    def _read_history(self, name: str) -> None:
        def arrived(history: History) -> None:
            if name not in self._told:
                self.histories[name] = history
                self.history_changed.emit(name)

        folder = RunFolder(self.session.home.runs / name)
        self.session.read_history(folder, arrived, self.problem_raised.emit)

    # ---- training

    @property
    def worth_saving(self) -> bool:
        """Whether the run in work has done a step; one that still loads loses nothing when it is left."""
        history = self.histories.get(self.active_name or "")
        return self.active is not None and history is not None and history.step > 0

    def start(self) -> None:
        """Start a run of the recipe in hand, unless one is in work or the recipe has complaints."""
        if self.active is None and self.session.active is None and not self.complaints:
            if self.refusals:
                self.set_refusals(())
            self.session.apart = bool(self.settings.value("train/apart"))
            self.active = self.session.start(self.recipe, self)
            self.active_changed.emit()

    def resume(self, name: str) -> None:
        """Go on with a stopped or interrupted run."""
        if self.active is None and self.session.active is None:
            self.session.apart = bool(self.settings.value("train/apart"))
            self.active = self.session.resume(RunFolder(self.session.home.runs / name), self)
            self.active_changed.emit()

    def train_again(self, name: str, edits: str) -> None:
        """Go on from a run's model with these edits by hand of its data, and hold out the same rows."""
        if self.active is None and self.session.active is None:
            self.session.apart = bool(self.settings.value("train/apart"))
            self.active = self.session.train_again(RunFolder(self.session.home.runs / name), edits, self)
            self.active_changed.emit()

    def waits(self, name: str | None) -> Paused | None:
        """Why a run in work waits, here or elsewhere; None when it does not. One that was killed while it waited
        does not wait any more."""
        history = self.histories.get(name or "")
        return history.paused if history and name in self._told else None

    def answer(self, answer: Answer) -> None:
        """Decide about the problem for which the run in work waits."""
        waiting = self.waits(self.active_name)
        if self.active and waiting and waiting is not self.answered:
            self.answered = waiting
            self.active.answer(answer)
            self.active_changed.emit()

    @property
    def peak_rate(self) -> float:
        """The peak learning rate that the run in work uses now."""
        history = self.histories.get(self.active_name or "")
        for change in reversed(history.changes if history else []):
            if change.path == "training.learning_rate":
                return float(change.value)
        return (self.active_recipe or self.recipe).training.learning_rate

    def save_now(self) -> None:
        """Let the run in work write a checkpoint that stays."""
        if self.active:
            self.active.save_now()

    def measure_now(self) -> None:
        """Let the run in work measure the held-out rows."""
        if self.active:
            self.active.measure_now()

    def pause(self, *, release: bool = False) -> None:
        """Pause the run in work; `release` gives a GPU's memory back meanwhile."""
        if self.active:
            self.active.pause(release=release)
            self.active_changed.emit()

    def stop_after_epoch(self, on: bool) -> None:
        """Let the run in work end with the present epoch, or take that back."""
        if self.active:
            self.active.stop_after_epoch(on)
            self.active_changed.emit()

    def toggle_pause(self) -> None:
        """Pause the run in work, or let it go on; one that waits for an answer needs that."""
        waiting = self.waits(self.active_name)
        if waiting and waiting.problem:
            return
        if self.active:
            self.active.go_on() if self.active.paused else self.active.pause()
            self.active_changed.emit()

    def stop(self) -> None:
        """Stop the run in work within one step; it saves first."""
        if self.active:
            self.answered = self.waits(self.active_name)
            self.active.stop()
            self.active_changed.emit()

    def run_begun(self, folder: RunFolder, past: History) -> None:
        """The session made or opened the run folder; `past` is what a resumed run did before."""
        self.active_name = folder.name
        self.histories[folder.name] = past
        self.active_recipe, self.answered = None, None

        def arrived(recipe: Recipe) -> None:
            if self.active_name == folder.name:
                self.active_recipe = recipe

        self.session.read_recipe(folder, arrived, self.problem_raised.emit)
        self.refresh_runs()
        self.select(folder.name)
        self.active_changed.emit()

    def series_run_begun(self, name: str) -> None:
        """A run of the series in work begins or goes on; it is shown where the last one was."""
        self._fold()  # the end of the run before
        followed = self._series_run in (None, self.selected) or self.selected is None
        self._series_run = self.active_name = name
        self.histories[name] = History()
        self.active_recipe, self.answered = None, None
        self.refresh_runs()
        if followed:
            self.select(name)
        self.active_changed.emit()

    def series_over(self) -> None:
        """The series in work has ended, or could not begin."""
        self._fold()
        self.active = self.active_name = self._series_run = None
        self._pending.clear()
        self.active_changed.emit()
        self.refresh_runs()

    def run_event(self, event: Event) -> None:
        """The next event of the run in work; folded with the others of this drain."""
        self._pending.append(event)

    def run_refused(self, problems: Sequence[Problem]) -> None:
        """Nothing was started."""
        self.active = self.active_name = None
        self._pending.clear()
        self.set_refusals(problems)
        self.active_changed.emit()
        for problem in problems:
            self.problem_raised.emit(problem)

    def _ended(self, ended: Ended) -> None:
        if self.series.busy:  # the next run of the series follows, and tells what became of this one
            name, self.active_name = self.active_name, None
            if name:
                self._read_history(name)  # of one that went on, what it did before was not heard
            self.active_changed.emit()
            self.refresh_runs()
            return
        self.active = self.active_name = None
        known = self.answered.problem if self.answered else None
        if ended.problem and ended.problem != known:  # whoever ended the run for it need not be told again
            self.problem_raised.emit(ended.problem)
        self.active_changed.emit()
        self.run_ended.emit(ended)
        self.refresh_runs()
