"""The search: which fields vary and for how long, the history of scores, what mattered, and the best recipe."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QGridLayout, QWidget

from workbench.gui.compare.columns import duration, plain
from workbench.gui.recipe_form import FieldEdit
from workbench.gui.runs_list import metric_text, metric_title
from workbench.gui.search.page import SeriesPage, SmallTable
from workbench.gui.search.ranges import RangeList
from workbench.gui.search.share_list import ShareList
from workbench.gui.search.work import Found
from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import IntBox, Label, Muted, PrimaryButton, explain_widget, row, show_if
from workbench.gui.workspace import Workspace
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import fields_of, recipe_fields
from workbench.run.search import Search, SearchSettings, Trial
from workbench.run.search_plan import SearchPlan
from workbench.run.search_ranges import usual_ranges

_STATES = {"running": "in work", "finished": "finished", "pruned": "given up early", "failed": "failed"}


class SearchPage(SeriesPage):
    """A search with Optuna, whose trials are real runs."""

    kind = "search"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Search", "New search")
        self._ranges_of: Recipe | None = None
        self.settings = SearchSettings()
        self.empty.say(
            self.tr("Let it find better settings"),
            self.tr(
                "Each trial is a run of the recipe in hand with other values. The first one is the recipe as it is, so "
                "that the others have to beat it; runs that are clearly worse are given up early. You can close this "
                "window meanwhile: it goes on."
            ),
            "search",
        )
        self.ranges = RangeList()
        self.ranges.edited.connect(self._edited)
        self.edits = {path: FieldEdit(field) for path, field in fields_of(SearchSettings).items()}
        for path, edit in self.edits.items():
            edit.show_value(getattr(self.settings, path))
            edit.edited.connect(self._set)
        self._build_setup()
        self._build_results()
        self._follow_recipe()
        workspace.recipe_changed.connect(self._follow_recipe)
        self._fill_names()
        self.refresh()

    def _build_setup(self) -> None:
        self.lines.addWidget(Label(self.tr("What may vary"), "section"))
        self.lines.addWidget(self.ranges)
        self.lines.addSpacing(SMALL)
        self.lines.addWidget(Label(self.tr("How long, and how"), "section"))
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SMALL)
        for number, path in enumerate(
            ("trials", "minutes", "method", "pruning", "weights", "seed", "metric")
        ):
            grid.addWidget(self.edits[path], number // 2, number % 2, 1, 2 if path == "metric" else 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        held = QWidget()
        held.setLayout(grid)
        self.lines.addWidget(held)
        self.complaint = Label("", "complaint", wrap=True)
        self.lines.addWidget(self.complaint)
        self.lines.addStretch(1)

    def _build_results(self) -> None:
        self.history = SmallPlot(self.tr("Score of each trial, and the best so far"))
        self.history.setMinimumHeight(130)
        self.importance = ShareList(self.tr("How much each field mattered"))
        self.few = Muted("")
        self.trials = SmallTable(self.tr("Trials"))
        self.trials.opened.connect(self.show_run)
        self.more = IntBox(1, 10_000, self.tr("more runs"))
        self.more.setValue(10)
        explain_widget(
            self.more, self.tr("How many runs it may do beyond those that are done."), self.tr("More runs")
        )
        self.buttons.insertWidget(1, self.more)
        self.use = PrimaryButton(
            self.tr("Use the best recipe"), "check",
            help=self.tr("Take the recipe with the best trial's values in hand."), on_click=self.use_best,
        )  # fmt: skip
        self.use.setAutoDefault(False)
        self.buttons.addWidget(self.use)
        lines = self.found_lines
        lines.addWidget(self.words)
        key = self.tr(
            "A dot for each trial, a pale one where it was given up early; the line is the best so far."
        )
        lines.addWidget(Label(key, "caption"))
        lines.addWidget(self.history, 3)
        lines.addWidget(Label(self.tr("How much each field mattered"), "caption"))
        lines.addWidget(self.importance)
        lines.addWidget(self.few)
        lines.addWidget(row(Label(self.tr("Trials"), "caption"), None, spacing=MEDIUM))
        lines.addWidget(self.trials, 4)

    # ---- what is asked for

    def _follow_recipe(self) -> None:
        """The usual ranges lie around the recipe in hand; those that a person has set stay."""
        recipe = self.workspace.recipe
        if self._ranges_of is None or self._untouched():
            self._ranges_of = recipe
            self.ranges.show_ranges(recipe, usual_ranges(recipe))
        self.ranges.recipe = recipe

    def _untouched(self) -> bool:
        return self._ranges_of is not None and self.ranges.ranges() == usual_ranges(self._ranges_of)

    def _set(self, path: str, value: object) -> None:
        self.settings = self.settings.model_copy(update={path: value})
        self._edited()

    def plan(self) -> SearchPlan | None:
        """What is set; None while something is wrong."""
        ranges = self.ranges.ranges()
        return None if ranges is None else SearchPlan(self.workspace.recipe, ranges, self.settings)

    def allowed(self) -> bool:
        """Whether the plan has no complaints."""
        plan = self.plan()
        problems = plan.complaints() if plan else []
        self.complaint.setText("\n".join(f"{p.title} {p.cause} {p.remedy}".strip() for p in problems))
        show_if(self.complaint, bool(problems))
        return plan is not None and not problems

    def _edited(self) -> None:
        if hasattr(self, "complaint"):
            self.start.setEnabled(not self.work.obstacle and self.allowed())

    def begin(self) -> None:
        """Begin the search that is set."""
        plan = self.plan()
        if plan is not None and self.allowed():
            self.work.search(plan)

    def resume(self) -> None:
        """Go on with more runs."""
        found = self.found
        if isinstance(found, Search):
            done = len(found.trials)
            planned = found.settings.trials
            more = done + self.more.value() if planned and done >= planned else None
            spent = found.settings.minutes and found.seconds >= 60 * found.settings.minutes
            self.work.go_on(self.kind, found.name, trials=more, minutes=0.0 if spent and planned else None)

    def plan_in_words(self, found: Found) -> str:
        """The ranges and the budget too."""
        said = super().plan_in_words(found)
        if not isinstance(found, Search):
            return said
        rows = recipe_fields()
        ranges = [str(one).replace(one.path, rows[one.path].title) for one in found.ranges]
        budget = self.tr("{0} runs").format(found.settings.trials) if found.settings.trials else ""
        minutes = self.tr("{0:g} minutes").format(found.settings.minutes) if found.settings.minutes else ""
        lasts = ", ".join(part for part in (budget, minutes) if part)
        how = self.tr("method: {0}; given up early: {1}").format(
            found.settings.method, found.settings.pruning
        )
        return "\n".join([said, "", *ranges, "", lasts, how])

    def can_go_on(self, found: Found) -> bool:
        """A search can always do more runs, unless everything was tried."""
        return "Everything" not in found.over

    # ---- what was found

    def refresh(self) -> None:
        """Show how it stands, and what can be done with it."""
        super().refresh()
        found = self.found
        if not hasattr(self, "use"):
            return
        mine = self.work.kind == self.kind
        over = (
            isinstance(found, Search)
            and bool(found.settings.trials)
            and len(found.trials) >= found.settings.trials
        )
        show_if(self.more, not mine and over)
        show_if(self.use, found is not None)
        self.use.setEnabled(isinstance(found, Search) and found.best is not None)

    def show_found(self, found: Found) -> None:
        """The trials as dots, the best so far as a line, what mattered, and the table."""
        if not isinstance(found, Search):
            return
        self._draw(found)
        titles = {one.path: recipe_fields()[one.path].title for one in found.ranges}
        self.importance.show_shares([(titles[path], share) for path, share in found.importance])
        few = not found.importance
        self.few.setText(self.tr("This can be told after a few finished trials.") if few else "")
        show_if(self.few, few)
        best = found.trials.index(found.best) if found.best else -1
        heads = [
            self.tr("No."),
            metric_title(found.metric),
            self.tr("State"),
            *titles.values(),
            self.tr("Time"),
            self.tr("Run"),
        ]
        rows = [self._cells(found, trial) for trial in found.trials]
        self.trials.show_rows(heads, rows, [trial.run for trial in found.trials], best)

    def _cells(self, found: Search, trial: Trial) -> list[str]:
        score = metric_text(found.metric, trial.score) if trial.score is not None else "–"
        values = [plain(trial.values.get(one.path, "")) for one in found.ranges]
        state = f"failed: {trial.problem}" if trial.problem else _STATES[trial.state]
        if trial.state == "running" and self.work.kind != self.kind:
            state = self.tr("not finished")
        return [str(trial.number), score, state, *values, duration(trial.seconds), trial.run]

    def _draw(self, found: Search) -> None:
        done = [(t.number, t.score) for t in found.trials if t.score is not None and t.state != "failed"]
        if not done:
            self.history.show_curves((), (0, 1, 0, 1), words=self.tr("The first trial is in work."))
            return
        x, y = np.array([n for n, _ in done], float), np.array([s for _, s in done], float)
        whole = np.array([number in {one for one, _ in found.record} for number, _ in done])
        curves = [
            Drawn(x[~whole], y[~whole], dots=True),
            Drawn(x[whole], y[whole], dots=True, strong=len(x) < 100),
        ]
        if found.record:
            at, best = (np.array(values, float) for values in zip(*found.record, strict=True))
            # Steps: nothing is known between two trials.
            curves.insert(0, Drawn(np.repeat(at, 2)[1:], np.repeat(best, 2)[:-1], 1))
        room = 0.08 * (float(y.max() - y.min()) or abs(float(y.max())) or 1.0)
        planned = max(found.settings.trials, len(found.trials), 2)
        bounds = (0.5, planned + 0.5, float(y.min()) - room, float(y.max()) + room)

        def reads(at: float) -> str:
            number, score = min(done, key=lambda one: abs(one[0] - at))
            return self.tr("trial {0}: {1}").format(number, metric_text(found.metric, score))

        self.history.show_curves(curves, bounds, self.tr("trial"), reads=reads)
        self.history.setAccessibleDescription(found.words)

    def use_best(self) -> None:
        """Take the best trial's recipe in hand."""
        found = self.found
        if isinstance(found, Search) and found.best is not None:
            self.workspace.set_recipe(found.best_recipe())
            self.state.setText(self.tr("The recipe has the values of trial {0}.").format(found.best.number))
