"""What a learning curve found: the score for more and more rows to learn from, and what twice as many would bring."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.run.power_law import PowerLaw, Predicted, fit
from workbench.run.recipe import Recipe

#: How metrics begin that are shares of right rows or the like.
_SHARES = (
    "accuracy",
    "precision",
    "recall",
    "f1",
    "matthews",
    "r2",
    "spearman",
    "auc",
    "exact",
    "rouge",
    "chrf",
)
#: Gains of less than this share of the error are small; of more than the second one large.
_SMALL, _LARGE = 0.03, 0.1


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One run of a learning curve.

    Attributes:
        share: The share of the training rows that it learned from.
        rows: How many those are.
        run: The name of the run folder; empty where there is none.
        metrics: The held-out metrics of the weights that were kept; empty while there are none.
        held_out: How many rows it was measured on.
        problem: Why the run failed, in words.
    """

    share: float
    rows: int = 0
    run: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    held_out: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What more rows would bring: the score at the rows there are and at more, each with a 95 % interval."""

    now: Predicted
    then: Predicted
    gain: Predicted


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """A learning curve as it stands.

    Attributes:
        name: What it is called.
        recipe: The recipe that was followed.
        shares: The shares of the training rows that are tried.
        same_steps: Whether every run has as many steps as the one with all rows.
        points: The runs that have ended, the smallest share first.
        metric: The metric that decides.
        highest_is_best: Whether larger is better.
        over: Why it ended before its time, in words.
    """

    name: str
    recipe: Recipe
    shares: tuple[float, ...]
    same_steps: bool
    points: tuple[CurvePoint, ...]
    metric: str
    highest_is_best: bool
    over: str = ""

    def law(self, metric: str = "") -> PowerLaw | None:
        """Curves through the errors of a metric; None where there are too few points."""
        name = metric or self.metric
        done = [point for point in self.points if name in point.metrics]
        errors = [self._error(name, point.metrics[name]) for point in done]
        noise = [_noise(name, error, point.held_out) for error, point in zip(errors, done, strict=True)]
        return fit([point.rows for point in done], errors, noise)

    def outlook(self, times: float = 2.0, law: PowerLaw | None = None) -> Outlook | None:
        """What so many times as many rows would bring; None where there are too few points."""
        law = law or self.law()
        if law is None:
            return None
        rows = law.rows * times
        now, then = self._score(law.predicted(law.rows)), self._score(law.predicted(rows))
        return Outlook(now, then, law.gain(rows))

    @property
    def words(self) -> str:
        """What came out, and whether more rows are worth it, in a few sentences."""
        failed = [point for point in self.points if point.problem]
        done = [point for point in self.points if point.metrics]
        said = [f"{len(done)} of {len(self.shares)} runs are done."]
        if failed:
            said.append(f"{len(failed)} failed: {failed[0].problem}")
        outlook = self.outlook()
        if outlook is None:
            said.append("With three or more of them it can be told what more rows would bring.")
            return " ".join(said)
        now, then = outlook.now, outlook.then
        metric = self.metric.replace("_", " ")
        said.append(
            f"With {then.rows:.0f} rows to learn from instead of {now.rows:.0f}, {metric} would go from about "
            f"{now.value:.3g} to {then.value:.3g} (95 %: {then.low:.3g} to {then.high:.3g})."
        )
        said.append(self._advice(outlook))
        return " ".join(said)

    def _advice(self, outlook: Outlook) -> str:
        error = self._error(self.metric, outlook.now.value)
        shares = [
            gain / error if error > 0 else 0.0
            for gain in (outlook.gain.low, outlook.gain.value, outlook.gain.high)
        ]
        if shares[2] < _LARGE and shares[1] < _SMALL:
            return "The curve is flat: other settings, cleaner labels or a larger model promise more than more rows."
        if shares[0] >= _SMALL:
            return f"More rows of the same kind help: about {shares[1]:.0%} of what is still missing."
        if shares[1] >= _LARGE:
            return "More rows of the same kind probably help, but these runs leave it open how much."
        return "More rows of the same kind may help a little; these runs leave it open how much."

    def _error(self, metric: str, value: float) -> float:
        """What is missing to the best value: 0 of a loss, and 1, or 100, of what is best when high."""
        return self._top - value if self._is_high(metric) else value

    def _is_high(self, metric: str) -> bool:
        return self.highest_is_best if metric == self.metric else metric.startswith(_SHARES)

    @property
    def _top(self) -> float:
        values = [point.metrics.get(self.metric, 0.0) for point in self.points]
        return 100.0 if self.highest_is_best and max(values, default=0.0) > 1 else 1.0

    def _score(self, error: Predicted) -> Predicted:
        if not self.highest_is_best:
            return error
        top = self._top
        return Predicted(error.rows, top - error.value, top - error.high, top - error.low)


def _noise(metric: str, error: float, rows: int) -> float:
    """The standard deviation of a share that was measured on so many rows; 0 where it is not known."""
    if not metric.startswith(_SHARES) or rows <= 0:
        return 0.0
    # Half a row more on either side, so that no error on few rows is not taken for certain.
    wrong = (min(max(error, 0.0), 1.0) * rows + 0.5) / (rows + 1)
    return math.sqrt(wrong * (1 - wrong) / rows)
