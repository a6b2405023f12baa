"""Carries out a search: asks the study what to try, does it as a run, and tells the study how it came out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.run.events import Evaluated, Event
from workbench.run.files import write_whole
from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.run_notes import notes_of
from workbench.run.search import Search
from workbench.run.search_plan import SearchPlan, load_plan, plan_toml
from workbench.run.series import PartOf, new_name, series_folder, with_values
from workbench.run.sources import stem_of
from workbench.session.controls import Control
from workbench.session.lanes import Desk
from workbench.session.search import study as studies
from workbench.session.series import Came, Series, working_on

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from workbench.engine.train import Control as EngineControl

_PLAN, _STUDY = "search.toml", "study.db"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Begin a search, or go on with one.

    Attributes:
        plan: What a new one is to do; None goes on with the one of this name.
        name: What it is called; empty for a name made from the recipe.
        trials: Another number of runs than planned, for one that goes on; None for the planned one.
        minutes: Other minutes than planned, likewise.
        apart: Whether each run trains in a process of its own, whose crash leaves the search alive.
    """

    plan: SearchPlan | None = None
    name: str = ""
    trials: int | None = None
    minutes: float | None = None
    apart: bool = False


def search(home: Home, request: SearchRequest, desk: Desk, control: EngineControl | None = None) -> Search:
    """Do a search to its end, or until it is stopped; then it can go on.

    Reports a `Search` whenever a trial has begun or ended, and a `SeriesEvent` for each event of a trial's run.

    Args:
        home: Where runs lie.
        request: What to do.
        desk: Whoever asked; when it hurries, the run in work is saved and the search ends.
        control: What the person does meanwhile: stopping, pausing, asking the model in training.

    Raises:
        WorkbenchError: With every complaint about the plan, or when another process works on this search.
    """
    name, plan = _planned(home, request)
    desk.report("looking at the recipe")
    metric, highest = _settled(home, plan)
    with working_on(home, name):
        folder = series_folder(home, name)
        write_whole(folder / _PLAN, plan_toml(plan))
        with studies.opened(folder / _STUDY, plan.settings, highest) as study:
            series = Series(home, name, desk, control or Control(), request.apart, plan.settings.trials)
            return _Searching(series, plan, study, metric).run()


def read_search(home: Home, name: str) -> Search:
    """A search as it stands, also while another process works on it.

    Raises:
        WorkbenchError: When there is no such search.
    """
    folder = series_folder(home, name)
    plan = _plan_of(folder, name)
    metric, highest = _measured_by(plan)
    with studies.opened(folder / _STUDY, plan.settings, highest) as study:
        return studies.read(study, name, plan, metric)


def searches(home: Home) -> tuple[str, ...]:
    """The names of all searches, the newest first."""
    found = [path.parent for path in (home.root / "series").glob(f"*/{_PLAN}")]
    return tuple(folder.name for folder in sorted(found, key=lambda f: -(f / _PLAN).stat().st_mtime))


def forget_search(home: Home, name: str) -> None:
    """Delete a search's plan and study; its runs stay.

    Raises:
        WorkbenchError: When there is no such search, or a living process works on it.
    """
    folder = series_folder(home, name)
    _plan_of(folder, name)
    with working_on(home, name):
        for file in (_PLAN, _STUDY):
            (folder / file).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


class _Searching:
    """The state of one search in work."""

    def __init__(self, series: Series, plan: SearchPlan, study: Study, metric: str) -> None:
        self.series, self.plan, self.study, self.metric = series, plan, study, metric
        self.control = series.control
        self.importance: tuple[tuple[str, float], ...] = ()

    def run(self) -> Search:
        """Finish what was cut off, then try until it is over."""
        for trial in studies.real_trials(self.study):
            if not trial.state.is_finished() and not self._take_up(trial):
                return self._now("It was stopped, and can go on.")
        while not (over := self._over()):
            next_one = studies.asked(self.study, self.plan)
            if next_one is None:
                over = "Everything in the ranges was tried."
                break
            if not self._begin(next_one):
                over = "It was stopped, and can go on."
                break
        return self._now(over)

    def _now(self, over: str = "") -> Search:
        found = studies.read(self.study, self.series.name, self.plan, self.metric, importance=bool(over))
        return replace(found, over=over)

    def _tell(self, *, ended: bool = False) -> None:
        if ended:  # what matters changes only then
            self.importance = studies.importances(self.study, self.plan.ranges)
        found = studies.read(self.study, self.series.name, self.plan, self.metric, importance=False)
        self.series.desk.report(replace(found, importance=self.importance))

    def _over(self) -> str:
        settings, trials = self.plan.settings, studies.real_trials(self.study)
        if settings.trials and len(trials) >= settings.trials:
            return f"All {settings.trials} runs were done."
        if settings.minutes and self._spent() >= 60 * settings.minutes:
            return f"The {settings.minutes:g} minutes are over."
        if self.control.stopping or self.series.desk.hurried:
            return "It was stopped, and can go on."
        return ""

    def _spent(self) -> float:
        trials = studies.real_trials(self.study)
        return sum(float(trial.user_attrs.get(studies.SECONDS, 0.0)) for trial in trials)

    # ---- one trial

    def _begin(self, trial: FrozenTrial) -> bool:
        """Do a new trial; returns whether the search goes on."""
        number = [one.number for one in studies.real_trials(self.study)].index(trial.number) + 1
        named = {"name": f"{self.series.name[:70]} · {number}"}
        try:
            recipe = with_values(_trials_recipe(self.plan), {**trial.params, **named})
        except WorkbenchError as error:  # fields that do not go together
            return self._ended(trial, Came(None, History(), error.problem))
        part = PartOf("search", self.series.name, number, dict(trial.params))

        def begun(folder: RunFolder) -> None:
            studies.noted(self.study, trial, studies.RUN, folder.name)
            self._tell()

        return self._do(trial, lambda hears: self.series.begin(recipe, part, hears, begun))

    def _take_up(self, trial: FrozenTrial) -> bool:
        """Go on with a trial that was cut off; one that never had a run is told as failed."""
        number = [one.number for one in studies.real_trials(self.study)].index(trial.number) + 1
        folder = RunFolder(self.series.home.runs / str(trial.user_attrs.get(studies.RUN, "")))
        if studies.GIVEN_UP in trial.user_attrs:
            return self._ended(trial, Came(folder, folder.history()))
        if studies.RUN not in trial.user_attrs or not folder.recipe_file.is_file():
            studies.noted(self.study, trial, studies.PROBLEM, "It was cut off before its run began.")
            return self._ended(trial, Came(None, History()))
        part = PartOf("search", self.series.name, number, dict(trial.params))
        return self._do(trial, lambda hears: self.series.go_on(folder, part, hears))

    def _do(self, trial: FrozenTrial, work: Callable[[Callable[[Event, History], bool]], Came]) -> bool:
        began = time.monotonic()
        before = float(trial.user_attrs.get(studies.SECONDS, 0.0))
        spent, minutes = self._spent(), self.plan.settings.minutes

        def clock() -> float:
            return time.monotonic() - began

        def hears(event: Event, history: History) -> bool:
            if (
                isinstance(event, Evaluated)
                and event.split == "validation"
                and event.step
                and history.started
            ):
                studies.noted(self.study, trial, studies.SECONDS, before + clock())
                share = event.step / history.started.total_steps
                score = event.metrics.get(self.metric, float("nan"))
                if studies.reported(self.study, trial, share, score):
                    studies.noted(
                        self.study, trial, studies.GIVEN_UP, "Others were better at the same point."
                    )
                    return True
            if minutes and spent + clock() >= 60 * minutes:
                studies.noted(self.study, trial, studies.GIVEN_UP, "The minutes of the search were over.")
                return True
            return False

        came = work(hears)
        studies.noted(self.study, trial, studies.SECONDS, before + clock())
        return self._ended(trial, came)

    def _ended(self, trial: FrozenTrial, came: Came) -> bool:
        """Tell the study how a trial came out; returns whether the search goes on."""
        from optuna.trial import TrialState as State

        if came.stopped:
            return False
        notes = self.study.get_trials(deepcopy=False)[trial.number].user_attrs
        score = came.history.score
        finished = came.history.ended is not None and came.history.ended.status == "finished"
        if finished and score is not None:
            self.study.tell(trial.number, score[1])
        elif studies.GIVEN_UP in notes and came.problem is None:
            self.study.tell(trial.number, state=State.PRUNED)
        else:
            if came.problem:
                studies.noted(
                    self.study, trial, studies.PROBLEM, f"{came.problem.title} {came.problem.cause}".strip()
                )
            elif finished:
                studies.noted(self.study, trial, studies.PROBLEM, "It has no held-out score.")
            self.study.tell(trial.number, state=State.FAIL)
        self._let_go()
        self._tell(ended=True)
        return True

    def _let_go(self) -> None:
        """Delete the weights of runs that are neither the best one nor have a star."""
        if self.plan.settings.weights == "all":
            return
        found = studies.read(self.study, self.series.name, self.plan, self.metric, importance=False)
        best = found.best.run if found.best else ""
        for trial in found.trials:
            folder = RunFolder(self.series.home.runs / trial.run)
            if not trial.run or trial.run == best or trial.state == "running" or notes_of(folder).star:
                continue
            for weights in (folder.checkpoints, folder.model):
                if weights.is_dir() and not folder.is_alive():
                    shutil.rmtree(weights, ignore_errors=True)


def _planned(home: Home, request: SearchRequest) -> tuple[str, SearchPlan]:
    if request.plan is None:
        plan, name = _plan_of(series_folder(home, request.name), request.name), request.name
    else:
        recipe = request.plan.recipe
        name = request.name or new_name(home, recipe.name or stem_of(recipe.data.train), "search")
        plan = request.plan
        if (series_folder(home, name) / _PLAN).exists():
            raise bad_input(
                f"There is a search called {name} already.",
                "Its trials belong to its own plan.",
                "Choose another name, or go on with that one.",
                field="name",
            )
    more = {"trials": request.trials, "minutes": request.minutes}
    given = {key: value for key, value in more.items() if value is not None}
    return name, replace(plan, settings=plan.settings.model_copy(update=given))


def _plan_of(folder: Path, name: str) -> SearchPlan:
    if not (folder / _PLAN).is_file():
        raise bad_input(
            f"There is no search {name!r}.",
            f"Searches are kept in {folder.parent}.",
            "List them with: workbench search --list",
        )
    return load_plan(folder / _PLAN)


def _trials_recipe(plan: SearchPlan) -> Recipe:
    """The recipe of all trials, with the metric that the search asks for."""
    metric = plan.settings.metric
    return with_values(plan.recipe, {"training.best_metric": metric}) if metric else plan.recipe


def _measured_by(plan: SearchPlan) -> tuple[str, bool]:
    """The held-out metric that decides, and whether larger is better."""
    from workbench.tasks import task_named

    task = task_named(plan.recipe.task.kind)
    metric = plan.settings.metric or plan.recipe.training.best_metric or task.best_metric
    return metric, metric not in task.lower_is_better


def _settled(home: Home, plan: SearchPlan) -> tuple[str, bool]:
    """The metric and its direction, once nothing is wrong with the plan and its recipe.

    Raises:
        WorkbenchError: With every complaint.
    """
    from workbench.session import training

    problems = plan.complaints()
    try:
        prepared = training.begin(home, _trials_recipe(plan), make_folder=False)
        if plan.recipe.data.validation == 0 and not prepared.rows.validation_rows:
            problems.append(
                Problem(
                    "data.validation (Held-out): a search needs held-out rows.",
                    "Its trials are compared by their score on rows that none of them learned from.",
                    "Hold out a share such as 0.1, or give a file.",
                    field="data.validation",
                )
            )
    except WorkbenchError as error:
        problems += error.problems
    if problems:
        raise WorkbenchError(*problems)
    return _measured_by(plan)
