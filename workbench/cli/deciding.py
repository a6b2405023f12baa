"""What `workbench evaluate` adds for a classifier: the threshold that costs least, curves, and groups in other runs."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workbench.cli.tables import table
from workbench.run.metric_titles import shown

if TYPE_CHECKING:
    from workbench.run.row_scores import RowScores
    from workbench.run.row_slices import Slice
    from workbench.run.scores import AtThreshold, ClassificationScores, TwoAxes
    from workbench.session.scoring.tracking import Tracked

#: A curve has so many points at most.
_POINTS = 200


@dataclass(frozen=True, slots=True)
class Decision:
    """From which probability of a class on acting is cheapest, beside one half."""

    name: str
    false_alarm: float
    miss: float
    best: AtThreshold
    plain: AtThreshold

    @property
    def words(self) -> str:
        """The answer in a sentence or two."""
        best, costs = self.best, (self.false_alarm, self.miss)
        numbers = best.numbers
        return (
            f"Cheapest: “{self.name}” from a probability of {best.threshold:.3f} on. {best.alarms} false alarms and "
            f"{best.misses} missed cost {best.cost(*costs):.4g} a row (at 0.5: {self.plain.cost(*costs):.4g}); "
            f"precision {100 * numbers['precision']:.1f} %, recall {100 * numbers['recall']:.1f} %."
        )

    def as_plain(self) -> dict[str, Any]:
        """The same as JSON has it."""
        costs = self.false_alarm, self.miss
        return {
            "class": self.name,
            "costs": {"false_alarm": self.false_alarm, "miss": self.miss},
            **asdict(self.best),
            **self.best.numbers,
            "cost": self.best.cost(*costs),
            "cost_at_half": self.plain.cost(*costs),
        }


def decide(rows: RowScores, costs: list[float], positive: str) -> Decision:
    """Where mistakes about a class cost least on these rows.

    Raises:
        WorkbenchError: When the rows have no labels, a cost is negative, or the class is not named or not known.
    """
    from workbench.run.problem import bad_input
    from workbench.session.scoring.classification import at_threshold, best_threshold

    if rows.true is None or not len(rows):
        raise bad_input("Nothing is known to be a mistake.", "The rows have no labels.", "Leave --costs out.")
    if min(costs) < 0 or not all(map(math.isfinite, costs)):
        raise bad_input("--costs takes two numbers from 0 on.", f"It has {costs[0]:g} and {costs[1]:g}.", "")
    if not positive and len(rows.names) == 2:
        positive = rows.names[1]
    if positive not in rows.names:
        raise bad_input(
            f"There is no class “{positive}”." if positive else "Of several classes one has to be named.",
            f"The model knows {', '.join(rows.names[:8])}.",
            "Name one with --positive.",
        )
    number = rows.names.index(positive)
    true, said = rows.true == number, rows.probabilities[:, number]
    best = best_threshold(true, said, *costs)
    return Decision(
        positive, costs[0], costs[1], at_threshold(true, said, best), at_threshold(true, said, 0.5)
    )


def curves_as_plain(rows: RowScores, scores: ClassificationScores | None) -> dict[str, Any]:
    """Curves, the spread of probabilities, and the confusion as shares, as JSON has them."""
    if scores is None:
        return {"curves": None, "histogram": None, "confusion_by_row": None, "confusion_by_column": None}
    from workbench.session.scoring.classification import histogram

    curves: dict[str, dict[str, Any]] = {}
    for name, each, average in (
        ("roc", scores.roc, scores.roc_average),
        ("precision_recall", scores.precision_recall, scores.precision_recall_average),
    ):
        found = {rows.names[i]: _curve(curve) for i, curve in enumerate(each)}
        curves[name] = {"per_class": found, "all_together": _curve(average) if average is not None else None}
    bars = histogram(rows)
    counts = scores.confusion.astype(float)
    shares = [counts / counts.sum(axis=axis, keepdims=True).clip(1) for axis in (1, 0)]
    return {
        "curves": curves,
        "histogram": {name: getattr(bars, name).tolist() for name in ("edges", "right", "wrong")},
        "confusion_by_row": shares[0].tolist(),
        "confusion_by_column": shares[1].tolist(),
    }


def _curve(curve: TwoAxes) -> dict[str, list[float | None]]:
    """Some of a curve's points, the first and the last among them."""
    count = len(curve.x)
    chosen = (
        sorted({round(i * (count - 1) / (_POINTS - 1)) for i in range(_POINTS)}) if count > _POINTS else None
    )
    points = range(count) if chosen is None else chosen
    sides = {"x": curve.x, "y": curve.y, "thresholds": curve.thresholds}
    return {
        name: [float(side[i]) if math.isfinite(side[i]) else None for i in points]
        for name, side in sides.items()
    }


def plain_tracked(one: Tracked) -> dict[str, Any]:
    """A group of rows in one run as JSON has it."""
    found = one.found
    figures = {name: getattr(found, name) if found else None for name in ("size", "score", "low", "high")}
    return {"run": one.run, "accuracy": one.accuracy, "same_rows": one.same, **figures,
            "fixed": one.fixed, "broken": one.broken, "problem": one.problem or None}  # fmt: skip


def show_tracked(console: Any, slices: list[Slice], tracked: list[tuple[Tracked, ...]]) -> None:
    """A table for each group: how every run does on it."""
    for one, runs in zip(slices[:10], tracked, strict=False):
        lines = []
        for each in runs:
            right = percent(each.found.score) if each.found else each.problem
            interval = f"{percent(each.found.low)} to {percent(each.found.high)}" if each.found else ""
            change = f"+{each.fixed} −{each.broken}" if each.same else "other rows"
            lines.append((each.run, right, interval, percent(each.accuracy), change))
        if lines:
            console.result(f"\n{one.name}, in each run:")
            console.result(table(("", "right", "95 % interval", "all rows", "change"), lines))


def percent(share: float) -> str:
    """A share as it is shown."""
    return shown("accuracy", share)


def slice_table(slices: list[Slice]) -> str:
    """Groups of rows, each with its size and interval."""
    lines = []
    for one in slices:
        interval = f"{percent(one.low)} to {percent(one.high)}" if one.size else ""
        lines.append((one.name, str(one.size), percent(one.score), interval, percent(one.rest)))
    return table(("", "rows", "right", "95 % interval", "others"), lines)
