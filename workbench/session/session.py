"""The session: what an open workbench can do, for a window or a script. Every method returns at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.run.folder import RunFolder, RunSummary, run_folders, summarise
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.preflight import Preflight
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.rates import RateCurve, RatePoint
from workbench.run.recipe import Recipe
from workbench.run.results import FilledText, Generated, Prediction
from workbench.session import apart, care, inspection, training, trials
from workbench.session.active_run import ActiveRun, RunListener
from workbench.session.following import Following, News
from workbench.session.hub import HubQuestions
from workbench.session.lanes import Callback, Desk, Lane, Mailbox, Ticket
from workbench.session.questions import RowQuestions
from workbench.session.requests import (
    LIVE,
    DataRequest,
    DeviceInfo,
    FillRequest,
    GenerationRequest,
    PredictionRequest,
)

if TYPE_CHECKING:
    from workbench.session.data import DataPreview
    from workbench.session.reading import Reading
    from workbench.session.reporting import Written
    from workbench.shelf.datasets import ShippedDataset
    from workbench.shelf.models import ModelEntry

Failed = Callable[[Problem], object]
R = TypeVar("R")
T = TypeVar("T")


class Session:
    """One open workbench on one home.

    The owner runs `engine.run()`, `files.run()` and `network.run()` on a thread each, empties `mailbox` regularly, and
    at the end calls `close()` and joins the threads.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.mailbox = Mailbox()
        self.engine = Lane(self.mailbox)
        self.files = Lane(self.mailbox)
        #: For what may wait for an answer of the Hub: nobody else should have to wait for it.
        self.network = Lane(self.mailbox)
        #: What can be asked about rows.
        self.rows = RowQuestions(home, self.files)
        #: What can be asked of the Hub.
        self.hub = HubQuestions(home, self.network)
        #: Whether runs train in a process of their own, whose crash leaves this one alive.
        self.apart = False
        #: The run in work, or None. Read on the thread that empties the mailbox.
        self.active: ActiveRun | None = None
        self._followed: list[Following] = []

    def close(self) -> None:
        """Stop the run in work, if any, and let both lanes end after their present job."""
        if self.active:
            self.active.stop()
        for following in self._followed:
            following.stop()
            following.join(1.0)  # it sleeps, or waits for a network folder that may never answer
        self.engine.close()
        self.files.close()
        self.network.close()

    # ---- training

    def start(self, recipe: Recipe, listener: RunListener) -> ActiveRun:
        """Begin a new run. Complaints come to `run_refused`; otherwise the events follow."""
        return self._train(lambda desk, run: training.begin(self.home, recipe), listener)

    def resume(self, folder: RunFolder, listener: RunListener) -> ActiveRun:
        """Go on with a run that was stopped or interrupted, from its newest checkpoint."""
        return self._train(lambda desk, run: training.reopen(folder, self.home), listener)

    def train_again(self, folder: RunFolder, edits: str, listener: RunListener) -> ActiveRun:
        """Go on from a run's model on its corrected data, with the same rows held out.

        Args:
            folder: The run.
            edits: The file of edits by hand; empty for the newest one of the run's data.
            listener: Who follows the new run.
        """

        def prepare(desk: Desk, run: ActiveRun) -> training.Prepared:
            from workbench.session.again import recipe_again

            return training.begin(self.home, recipe_again(self.home, folder, edits, desk).recipe)

        return self._train(prepare, listener)

    def _train(
        self, prepare: Callable[[Desk, ActiveRun], training.Prepared], listener: RunListener
    ) -> ActiveRun:
        if self.active is not None:
            raise RuntimeError("a run is in work; the window offers Start only when there is none")
        active = self.active = ActiveRun(self.engine)

        def work(desk: Desk) -> None:
            try:
                prepared = prepare(desk, active)
            except WorkbenchError as error:
                self.mailbox.put(listener.run_refused, error.problems)
                return
            past = prepared.folder.history()
            self.mailbox.put(lambda folder: listener.run_begun(folder, past), prepared.folder)
            carry_out = apart.carry_out if self.apart else training.carry_out
            for event in carry_out(prepared, active):
                self.mailbox.put(listener.run_event, event)

        def done(_: object) -> None:
            self.active = None

        def failed(problem: Problem) -> None:
            self.active = None
            listener.run_refused((problem,))

        self.engine.submit(work, done=done, failed=failed)
        return active

    def start_series(
        self,
        work: Callable[[Home, R, Desk, ActiveRun], T],
        request: R,
        done: Callable[[T], object],
        failed: Failed,
        progress: Callback | None = None,
    ) -> ActiveRun:
        """Begin a series of runs: `search`, `cross_validate`, `learning_curve`. One run or series is in work at a time.

        Args:
            work: The function; the handle that is returned drives its runs.
            request: What determines what it does.
            done: Receives how the series stands at its end, or when it was stopped.
            failed: Receives the problem when it could not begin.
            progress: Receives texts, a `SeriesEvent` for each event of a run, and the series as it stands after each.
        """
        if self.active is not None:
            raise RuntimeError("a run is in work; the window offers Start only when there is none")
        active = self.active = ActiveRun(self.engine)

        def ended(callback: Callable[[Any], object], answer: object) -> None:
            self.active = None
            callback(answer)

        self.engine.submit(
            lambda desk: work(self.home, request, desk, active),
            done=lambda found: ended(done, found),
            failed=lambda problem: ended(failed, problem),
            progress=progress,
        )
        return active

    def preflight(
        self,
        recipe: Recipe,
        done: Callable[[Preflight], object],
        failed: Callable[[Problem], object],
        *,
        watts: float = 0.0,
        price: float = 0.0,
        progress: Callable[[str], object] | None = None,
    ) -> Ticket:
        """Whether a run would fit and how long it would take, from one real step; nothing is written.

        A refusal comes to `failed` with the first complaint, the others in its details.
        """

        def work(desk: Desk) -> Preflight:
            from workbench.session import preflight

            return preflight.check(self.home, recipe, desk, watts=watts, price=price)

        return self.engine.submit(work, done=done, failed=failed, progress=progress)

    def find_rate(
        self,
        recipe: Recipe,
        done: Callable[[RateCurve], object],
        failed: Failed,
        progress: Callable[[str | RatePoint], object] | None = None,
    ) -> Ticket:
        """Try rising learning rates on a model that is thrown away; each `RatePoint` is reported as it comes."""

        def work(desk: Desk) -> RateCurve:
            return trials.find_rate(self.home, recipe, desk)

        return self.engine.submit(work, done=done, failed=failed, progress=progress)

    # ---- asking the engine; `done` gets the answer, `failed` a problem

    def warm_up(self, done: Callable[[DeviceInfo], object], failed: Failed) -> Ticket:
        """Import torch on the engine thread and say what computes; then import what the first start will need."""
        ticket = self.engine.submit(inspection.describe_device, done=done, failed=failed)
        self.engine.submit(inspection.import_training, done=lambda _: None, failed=failed)
        self.rows.warm_up(failed)
        return ticket

    def look_inside(
        self,
        work: Callable[[Home, R, Desk], T],
        request: R,
        done: Callable[[T], object],
        failed: Failed,
        progress: Callback | None = None,
        *,
        between_steps: bool = True,
        in_slices: bool = False,
    ) -> Ticket:
        """Have one of the functions of `inspection` or `session.inside` answer a request on the engine's thread.

        Args:
            work: The function.
            request: What determines its answer.
            done: Receives the answer.
            failed: Receives the problem when there is none.
            progress: Receives what the function reports on the way: words, or parts of the answer.
            between_steps: Whether a training may be held up by it.
            in_slices: Whether the training goes on between its parts, where the function calls `Desk.check`. It then
                looks at a copy of the model in training as it was at first.
        """
        return self.engine.submit(
            lambda desk: work(self.home, request, desk),
            done=done, failed=failed, progress=progress, between_steps=between_steps,
            still=_still(request) if in_slices else None,
        )  # fmt: skip

    def generate(
        self,
        request: GenerationRequest,
        token: Callback,
        done: Callable[[tuple[Generated, ...]], object],
        failed: Failed,
    ) -> Ticket:
        """Answers to a prompt; `token` gets each `GeneratedToken` as it comes (or a str: progress of loading)."""

        def work(desk: Desk) -> tuple[Generated, ...]:
            return inspection.generate(self.home, request, desk)

        return self.engine.submit(work, done=done, failed=failed, progress=token, between_steps=True)

    def predict(
        self, request: PredictionRequest, done: Callable[[tuple[Prediction, ...]], object], failed: Failed
    ) -> Ticket:
        """Classes and probabilities of texts."""

        def work(desk: Desk) -> tuple[Prediction, ...]:
            return inspection.predict(self.home, request, desk)

        return self.engine.submit(work, done=done, failed=failed, between_steps=True)

    def fill(self, request: FillRequest, done: Callable[[FilledText], object], failed: Failed) -> Ticket:
        """What a masked language model would write into the gaps of a text."""

        def work(desk: Desk) -> FilledText:
            return inspection.fill(self.home, request, desk)

        return self.engine.submit(work, done=done, failed=failed, between_steps=True)

    def prepare_model(
        self, name: str, progress: Callable[[str], object], done: Callable[[Path], object], failed: Failed
    ) -> Ticket:
        """Fetch and convert an embedded model (minilm, smollm2); the person asked for it."""

        def work(desk: Desk) -> Path:
            def say(text: str) -> None:
                desk.check()  # a window that closes does not wait for a download
                desk.report(text)

            return inspection.prepare_model(self.home, name, say)

        return self.engine.submit(work, done=done, failed=failed, progress=progress)

    # ---- asking the files lane

    def look_at_data(
        self,
        request: DataRequest,
        done: Callable[[DataPreview], object],
        failed: Failed,
        progress: Callable[[Reading], object] | None = None,
    ) -> Ticket:
        """Table, guesses and profile of a data set; of a large file, `progress` hears of its first rows meanwhile."""

        def work(desk: Desk) -> DataPreview:
            from workbench.session import data

            return data.look(self.home, request, desk)

        def arrived(preview: DataPreview) -> None:
            done(preview)
            if preview.untouched is not None:
                self.rows.make_keys(preview.untouched, failed)

        return self.files.submit(work, done=arrived, failed=failed, progress=progress)

    def list_runs(self, done: Callable[[tuple[RunSummary, ...]], object], failed: Failed) -> Ticket:
        """All runs, newest first."""
        return self.files.submit(
            lambda desk: tuple(summarise(folder) for folder in run_folders(self.home)),
            done=done,
            failed=failed,
        )

    def read_history(self, folder: RunFolder, done: Callable[[History], object], failed: Failed) -> Ticket:
        """The history of a recorded run."""
        return self.files.submit(lambda desk: folder.history(), done=done, failed=failed)

    def read_recipe(self, folder: RunFolder, done: Callable[[Recipe], object], failed: Failed) -> Ticket:
        """The recipe of a recorded run."""
        return self.files.submit(lambda desk: folder.recipe(), done=done, failed=failed)

    def follow(self, where: RunFolder | str, heard: Callable[[News], object], failed: Failed) -> Following:
        """Tell what is new of a run that another process works on, beginning with all that happened so far.

        Args:
            where: A run folder, also in a mounted folder, or `host:/path/run` over SSH.
            heard: Receives `News` at least twice a second while there is any; the last one says `over`.
            failed: Receives the problem when the run cannot be followed.
        """
        following = Following(
            where,
            lambda news: self.mailbox.put(heard, news),
            lambda problem: self.mailbox.put(failed, problem),
        )
        self._followed = [other for other in self._followed if not other.stopped] + [following]
        return following

    def rename_run(
        self, folder: RunFolder, name: str, done: Callable[[RunFolder], object], failed: Failed
    ) -> Ticket:
        """Give a run another title; its folder keeps its name, so that nothing that points to it breaks."""
        return self.files.submit(lambda desk: care.rename(folder, name), done=done, failed=failed)

    def count_corrections(
        self, folder: RunFolder, edits: Path, done: Callable[[int], object], failed: Failed
    ) -> Ticket:
        """How many rows are corrected by hand otherwise than when a run began."""

        def work(desk: Desk) -> int:
            from workbench.session.again import corrected_rows

            return corrected_rows(folder, edits)

        return self.files.submit(work, done=done, failed=failed)

    def write_report(
        self, folder: RunFolder, done: Callable[[Written], object], failed: Failed, progress: Callback
    ) -> Ticket:
        """Write a run's report anew; its model is looked at once more."""

        def work(desk: Desk) -> Written:
            from workbench.session.reporting import write_anew

            return write_anew(self.home, folder, desk)

        return self.engine.submit(work, done=done, failed=failed, progress=progress, between_steps=True)

    def trash_run(self, folder: RunFolder, done: Callable[[object], object], failed: Failed) -> Ticket:
        """Move a run to the system's trash; refused while it is in work."""
        return self.files.submit(lambda desk: care.trash(folder), done=done, failed=failed)

    def list_models(self, done: Callable[[tuple[ModelEntry, ...]], object], failed: Failed) -> Ticket:
        """The models on this machine."""

        def work(desk: Desk) -> tuple[ModelEntry, ...]:
            from workbench.shelf.models import models

            return models(self.home)

        return self.files.submit(work, done=done, failed=failed)

    def list_datasets(self, done: Callable[[tuple[ShippedDataset, ...]], object], failed: Failed) -> Ticket:
        """The shipped data sets."""

        def work(desk: Desk) -> tuple[ShippedDataset, ...]:
            from workbench.shelf.datasets import shipped

            return shipped()

        return self.files.submit(work, done=done, failed=failed)


def _still(request: object) -> Callable[[object], object | None]:
    """What makes the model in training one that stays as it is, where a request is about it."""

    def copied(live: Any) -> object | None:
        from workbench.engine.live import still

        return still(live)

    return copied if getattr(request, "model", "") == LIVE else lambda live: live
