"""The series of runs in work, as the window sees it: a search, a cross-validation or a learning curve.

It belongs to the workspace, so that the dialog can be closed and opened again while it goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from workbench.run.cross_validation import CrossValidation
from workbench.run.evaluation import Progress
from workbench.run.events import Ended
from workbench.run.home import Home
from workbench.run.learning_curve import LearningCurve
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.run.search import Search
from workbench.run.search_plan import SearchPlan
from workbench.run.series import SeriesEvent, SeriesKind, series_names
from workbench.session.cross_validating import CrossValidationRequest, cross_validate, read_cross_validation
from workbench.session.lanes import Desk
from workbench.session.learning_curves import LearningCurveRequest, learning_curve, read_learning_curve
from workbench.session.search.searching import SearchRequest, read_search, search, searches

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace

Found = Search | CrossValidation | LearningCurve
KINDS: tuple[SeriesKind, ...] = ("search", "cross-validation", "learning-curve")
_READ: dict[SeriesKind, Callable[[Home, str], Found]] = {
    "search": read_search,
    "cross-validation": read_cross_validation,
    "learning-curve": read_learning_curve,
}


class SeriesWork(QObject):
    """Starts a series, keeps what it has found, and lets the window follow its runs."""

    changed = Signal()  # .kind, .words, .found, .problems
    names_changed = Signal()  # .names

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        #: The kind of the series in work; empty for none.
        self.kind: SeriesKind | None = None
        #: What is being done, in words.
        self.words = ""
        #: What is shown of each kind: the series in work, or one that was read.
        self.found: dict[SeriesKind, Found] = {}
        #: Why the last one could not begin, by kind.
        self.problems: dict[SeriesKind, Problem] = {}
        #: The names of all series, the newest first.
        self.names: dict[SeriesKind, tuple[str, ...]] = dict.fromkeys(KINDS, ())
        self._run = ""  # the run in work

    @property
    def busy(self) -> bool:
        """Whether a series is in work."""
        return self.kind is not None

    @property
    def obstacle(self) -> str:
        """Why none can begin now; empty when one can."""
        if self.busy or self._workspace.session.active is not None or self._workspace.active is not None:
            return self.tr("It has to wait until the run in work is over.")
        if self._workspace.complaints:
            return self.tr("First mend what is marked in the recipe.")
        return ""

    # ---- beginning and going on

    def search(self, plan: SearchPlan) -> None:
        """Begin a search."""
        self._start("search", search, SearchRequest(plan, apart=self._apart()))

    def cross_validate(self, recipe: Recipe, folds: int, group: str) -> None:
        """Begin a cross-validation."""
        request = CrossValidationRequest(recipe, folds=folds, group=group, apart=self._apart())
        self._start("cross-validation", cross_validate, request)

    def learning_curve(self, recipe: Recipe, same_steps: bool) -> None:
        """Begin a learning curve."""
        request = LearningCurveRequest(recipe, same_steps=same_steps, apart=self._apart())
        self._start("learning-curve", learning_curve, request)

    def go_on(
        self, kind: SeriesKind, name: str, *, trials: int | None = None, minutes: float | None = None
    ) -> None:
        """Go on with one that was stopped; a search perhaps with more runs or minutes."""
        if kind == "search":
            self._start(kind, search, SearchRequest(None, name, trials, minutes, apart=self._apart()))
        elif kind == "cross-validation":
            self._start(kind, cross_validate, CrossValidationRequest(None, name, apart=self._apart()))
        else:
            self._start(kind, learning_curve, LearningCurveRequest(None, name, apart=self._apart()))

    def _apart(self) -> bool:
        return bool(self._workspace.settings.value("train/apart"))

    def _start(self, kind: SeriesKind, work: Any, request: Any) -> None:
        if self.obstacle:
            return
        if request is not None and getattr(request, "name", "") == "":
            self.found.pop(kind, None)
        self.problems.pop(kind, None)
        self.kind, self.words, self._run = kind, self._workspace.waiting_words, ""
        self._workspace.active = self._workspace.session.start_series(
            work, request, self._done, self._failed, self._heard
        )
        self._workspace.active_changed.emit()
        self.changed.emit()

    # ---- what comes in

    def _heard(self, news: object) -> None:
        if self.kind is None:
            return
        if isinstance(news, SeriesEvent):
            self._follow(news)
        elif isinstance(news, Search | CrossValidation | LearningCurve):
            self.found[self.kind] = news
            self.changed.emit()
        elif isinstance(news, Progress):
            self._say(self.tr("{0}: {1} of {2}").format(news.words, news.done, news.of))
        elif isinstance(news, str):
            self._say(f"{news[:1].upper()}{news[1:]}…")

    def _follow(self, news: SeriesEvent) -> None:
        if news.run != self._run:
            self._run = news.run
            self._workspace.series_run_begun(news.run)
            of = self.tr(" of {0}").format(news.of) if news.of else ""
            self._say(self.tr("Run {0}{1} is in work.").format(news.number, of))
        self._workspace.run_event(news.event)
        if isinstance(news.event, Ended):
            self._run = ""

    def _say(self, words: str) -> None:
        if words != self.words:
            self.words = words
            self.changed.emit()

    def _done(self, found: Found) -> None:
        kind = self.kind
        if kind is not None:
            self.found[kind] = found
        self._over()

    def _failed(self, problem: Problem) -> None:
        if self.kind is not None:
            self.problems[self.kind] = problem
        self._over()

    def _over(self) -> None:
        self.kind, self.words, self._run = None, "", ""
        self._workspace.series_over()
        self.changed.emit()
        self.list()

    # ---- the ones there are

    def list(self) -> None:
        """Read the names of all series."""
        home = self._workspace.session.home

        def work(desk: Desk) -> dict[SeriesKind, tuple[str, ...]]:
            return {kind: searches(home) if kind == "search" else series_names(home, kind) for kind in KINDS}

        def arrived(names: dict[SeriesKind, tuple[str, ...]]) -> None:
            self.names = names
            self.names_changed.emit()

        self._workspace.session.files.submit(work, done=arrived, failed=self._workspace.problem_raised.emit)

    def show(self, kind: SeriesKind, name: str) -> None:
        """Read one as it stands; an empty name shows none."""
        if self.kind == kind:
            return  # what is in work shows itself
        self.problems.pop(kind, None)
        if not name:
            self.found.pop(kind, None)
            self.changed.emit()
            return
        home = self._workspace.session.home

        def arrived(found: Found) -> None:
            if self.kind != kind:
                self.found[kind] = found
                self.changed.emit()

        def failed(problem: Problem) -> None:
            self.problems[kind] = problem
            self.changed.emit()

        self._workspace.session.files.submit(
            lambda desk: _READ[kind](home, name), done=arrived, failed=failed
        )
