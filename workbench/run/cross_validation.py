"""What a cross-validation found: a run for each fold, the spread of their scores, and all held-out rows together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.run.metric_titles import shown, words_of_metric
from workbench.run.recipe import Recipe
from workbench.run.scores import Number


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold, held out from one run.

    Attributes:
        number: From 1.
        run: The name of the run folder; empty where there is none.
        metrics: The held-out metrics of the weights that were kept; empty while there are none.
        rows: How many rows were held out.
        problem: Why the run failed, in words.
    """

    number: int
    run: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    rows: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over folds: its mean and its standard deviation, with one degree of freedom less than folds."""

    name: str
    mean: float
    deviation: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """A cross-validation as it stands.

    Attributes:
        name: What it is called.
        recipe: The recipe that was cross-validated.
        folds: How many there are.
        group: The column whose values stay whole; empty where classes keep their proportion instead.
        done: The folds whose runs have ended.
        metric: The metric that decides.
        pooled: The metrics of all held-out rows together, each row judged by the run that had not seen it, with 95 %
            intervals; by name, empty for tasks without classes.
        over: Why it ended before its time, in words.
    """

    name: str
    recipe: Recipe
    folds: int
    group: str
    done: tuple[Fold, ...]
    metric: str
    pooled: Mapping[str, Number] = field(default_factory=dict)
    over: str = ""

    @property
    def spreads(self) -> dict[str, Spread]:
        """Each metric over the folds that have it."""
        found: dict[str, list[float]] = {}
        for fold in self.done:
            for name, value in fold.metrics.items():
                found.setdefault(name, []).append(value)
        return {name: _spread(name, values) for name, values in found.items()}

    @property
    def words(self) -> str:
        """What came out, in a few sentences."""
        failed = [fold for fold in self.done if fold.problem]
        spread = self.spreads.get(self.metric)
        said = [f"{len(self.done) - len(failed)} of {self.folds} folds are done."]
        if failed:
            said.append(f"{len(failed)} failed: {failed[0].problem}")
        if spread and len(spread.values) > 1:
            said.append(
                f"{words_of_metric(self.metric).title} {shown(self.metric, spread.mean)} ± "
                f"{shown(self.metric, spread.deviation)} (mean and standard deviation over {len(spread.values)} folds)."
            )
        whole = self.pooled.get(self.metric)
        if whole and whole.low is not None and whole.high is not None:
            said.append(
                f"Over all held-out rows together: {shown(self.metric, whole.value)} "
                f"(95 %: {shown(self.metric, whole.low)} to {shown(self.metric, whole.high)})."
            )
        return " ".join(said)


def _spread(name: str, values: list[float]) -> Spread:
    mean = math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    deviation = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else math.nan
    return Spread(name, mean, deviation, tuple(values))
