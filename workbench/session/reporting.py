"""The report of a run on demand: its model and its rows are looked at once more, as far as they are still there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.margins import FILE as MARGINS
from workbench.run.problem import WorkbenchError
from workbench.run.target_rows import TARGETS
from workbench.run.task_kinds import MODEL_KIND, has_classes, writes
from workbench.session.cards import write_card
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe
from workbench.session.report import Looks, scores_of, write_report
from workbench.session.report_data import look_at_data
from workbench.session.report_looks import LISTED
from workbench.session.report_run import samples_of
from workbench.session.scoring.answers import answer_losses
from workbench.session.scoring.measuring import RowsRequest, evaluate_rows
from workbench.session.scoring.targets import evaluate_targets
from workbench.session.suspects import SuspectsRequest, suspects

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written, and what it does without, in sentences."""

    path: Path
    missing: tuple[str, ...] = ()


def write_anew(home: Home, run: RunFolder, desk: Desk, path: Path | None = None) -> Written:
    """Write a run's report as it can be written now, and its model card where there is a model.

    What belongs to another kind of model is left out in silence; what should be there and is not any more is told.

    Args:
        home: Where models and data are looked up.
        run: The run.
        desk: Where the work is done.
        path: Where to; None for the run's own `report.html`.

    Raises:
        WorkbenchError: When the file cannot be written.
    """
    look = _Look(home, run, desk)
    recipe = look.tried("The recipe", lambda: own_recipe(run))
    if recipe is not None:
        look.at_data()
        if recipe.task.kind == "text-classification":
            look.at_rows()
        elif recipe.task.kind in TARGETS:
            look.at_targets()
        elif writes(recipe.task.kind):
            look.at_answers()
        look.inside()
    desk.report("Writing the report…")
    written = write_report(run, look.found, path)
    if recipe is not None and look.has_model:
        look.tried("The model card", lambda: write_card(run, look.found.numbers))
    return Written(written, tuple(look.missing))


class _Look:
    """Looks at a run, one thing after the other; what cannot be looked at is remembered."""

    def __init__(self, home: Home, run: RunFolder, desk: Desk) -> None:
        self.home, self.run, self.desk = home, run, desk
        self.found, self.missing = Looks(), list[str]()
        self.has_model = (run.model / "config.json").is_file()

    def tried(self, what: str, look: Callable[[], T]) -> T | None:
        """What a look gives; None where it is refused."""
        self.desk.check()
        try:
            return look()
        except WorkbenchError as error:
            self.missing.append(f"{what}: {error.problem.title} {error.problem.cause}".strip())
            return None

    def at_data(self) -> None:
        """Classes, steps and findings."""
        self.desk.report("Reading the data…")
        data = self.tried("The data", lambda: look_at_data(self.home, self.run, self.desk))
        self.found = replace(self.found, data=data)

    def at_rows(self) -> None:
        """What the model says of the held-out rows, and which labels may be wrong."""
        started = self.run.history().started
        if self.has_model and (started is None or started.validation_rows):
            request = RowsRequest(str(self.run.path))
            rows = self.tried("The held-out rows", lambda: evaluate_rows(self.home, request, self.desk))
            self.found = replace(self.found, rows=rows, scores=scores_of(rows))
        if (self.run.path / MARGINS).is_file():
            asked = SuspectsRequest(str(self.run.path), most=LISTED)
            doubted = self.tried("Labels that may be wrong", lambda: suspects(self.home, asked, self.desk))
            self.found = replace(self.found, suspects=doubted)

    def at_targets(self) -> None:
        """What a model with labels, numbers or marks says of the held-out rows."""
        if self.has_model:
            name = str(self.run.path)
            targets = self.tried("The held-out rows", lambda: evaluate_targets(self.home, name, self.desk))
            self.found = replace(self.found, targets=targets)

    def at_answers(self) -> None:
        """How probable the expected answers of the held-out rows are to a model that writes."""
        if self.has_model:
            self.desk.report("Reading the held-out rows…")
            answers = self.tried("The held-out rows", lambda: answer_losses(self.home, self.run, self.desk))
            self.found = replace(self.found, answers=answers)

    def inside(self) -> None:
        """The model's attention on one text, and what follows from it."""
        sample = self._sample()
        if not sample or not self.has_model:
            return
        from workbench.engine.attention import attention_maps
        from workbench.engine.inside.attributions import explain
        from workbench.engine.inside.lens import layer_lens

        model = self.tried("The model", lambda: the_model(self.home, str(self.run.path), self.desk))
        if model is None:
            return
        self.desk.report("Looking into the model…")
        maps = self.tried("Attention", lambda: attention_maps(model, sample, max_tokens=24))
        self.found = replace(self.found, attention=maps)
        kind = self.run.recipe().task.kind
        # Other heads cannot be read after each layer.
        if has_classes(kind) or MODEL_KIND.get(kind) == "causal-lm":
            lens = self.tried("After each layer", lambda: layer_lens(model, sample, 24))
            self.found = replace(self.found, lens=lens)
        if has_classes(kind):
            said = self.tried("What made the prediction", lambda: explain(model, sample, max_tokens=32))
            self.found = replace(self.found, explanation=said)

    def _sample(self) -> str:
        """A text of middle length among the held-out ones, or among the run's samples."""
        rows = self.found.rows or self.found.targets
        texts = list(rows.texts) if rows is not None else []
        texts = texts or [str(row.get("text") or row.get("prompt") or "") for row in samples_of(self.run)]
        known = sorted(filter(str.strip, texts), key=len)
        return known[len(known) // 2] if known else ""
