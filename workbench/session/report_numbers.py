"""What a report says in numbers: the headline with its intervals, all metrics, each class, and calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape

import numpy as np

from workbench.run.history import History
from workbench.run.scores import Calibration, ClassificationScores, Number
from workbench.run.tallies import class_metrics
from workbench.session.report_page import table
from workbench.session.scoring.intervals import percentile_interval, resampled_counts
from workbench.session.svg import axes_svg

#: What metrics are called where their name does not say it.
TITLES = {
    "f1": "F1",
    "f1_macro": "macro F1",
    "f1_micro": "micro F1",
    "f1_weighted": "weighted F1",
    "auc": "area under ROC",
    "auc_micro": "area under ROC, micro",
    "matthews": "Matthews correlation",
    "average_precision_micro": "average precision, micro",
    "calibration_error": "calibration error",
    "log_loss": "log loss",
    "r2": "R²",
    "mae": "mean error",
    "rmse": "root mean squared error",
    "exact": "all labels right",
}
#: Metrics that are shares, and read best in percent.
_SHARES = ("accuracy", "f1", "precision", "recall", "top_", "exact")


def title_of_metric(name: str) -> str:
    """What a metric is called."""
    return TITLES.get(name, name.replace("_", " "))


def shown(name: str, value: float) -> str:
    """A metric's value as a person reads it."""
    share = any(part in name for part in _SHARES) and "average" not in name
    return f"{value:.1%}" if share else f"{value:.4g}"


def numbers_of(history: History, known: Mapping[str, Number] | None = None) -> dict[str, Number]:
    """The held-out metrics by name, with intervals as far as they are known.

    Without the rows themselves those that follow from the confusion matrix have one: its cells are drawn again.

    Args:
        history: What was measured in training.
        known: What was measured of the rows one by one.
    """
    measured = history.best_evaluation or history.last_evaluation
    if measured is None:
        return dict(known or {})
    found = {name: Number(name, float(value)) for name, value in measured.metrics.items()}
    if known is not None and "perplexity" in known and "perplexity" not in found:
        known = None  # how probable answers are is another loss than the one that was trained, as with preferences
    if known is not None:
        found |= known
        if (
            "loss" in measured.metrics and "log_loss" in known
        ):  # the same, unless training weighs or smooths it
            found["loss"] = replace(found.pop("log_loss"), name="loss")
    elif measured.confusion:
        counts = np.array(measured.confusion, dtype=np.int64)
        if counts.sum():
            drawn = class_metrics(resampled_counts(counts, seed=0))
            for name, value in class_metrics(counts).items():
                found[name] = Number(name, float(value), *percentile_interval(drawn[name]))
    return {name: one for name, one in found.items() if np.isfinite(one.value)}


def headline_section(history: History, numbers: Mapping[str, Number]) -> str:
    """The metrics that were measured in training, large, with their intervals."""
    measured = history.best_evaluation or history.last_evaluation
    if measured is None:
        return ""
    names = sorted(measured.metrics, key=lambda name: name == "loss")
    known = {name: numbers.get(name, Number(name, measured.metrics[name])) for name in names}
    figures = "".join(_figure(one, "held-out") for one in known.values() if np.isfinite(one.value))
    for name, curve in history.curves.items():
        if name.startswith("test/") and len(curve):
            figures += _figure(Number(name[5:], float(curve.y[-1])), "test")
    rows = f" on {history.started.validation_rows} held-out rows" if history.started else ""
    told = f"Measured at step {measured.step}, epoch {measured.epoch:.2f}{rows}, which the model never learned from."
    if any(one.low is not None for one in known.values()):
        told += (
            " Below each number its 95 % interval: other rows of the same kind would have given a number within it 95 "
            "times of 100 (bootstrap)."
        )
    return f'<div class="figures">{figures}</div><p class="muted">{escape(told)}</p>'


def _figure(one: Number, split: str) -> str:
    between = f"<small>{interval(one)}</small>" if one.low is not None else ""
    told = f"<small>{split} {escape(title_of_metric(one.name))}</small>"
    return f"<div><b>{shown(one.name, one.value)}</b>{told}{between}</div>"


def interval(one: Number) -> str:
    """The 95 % interval in words; empty where there is none."""
    if one.low is None or one.high is None:
        return ""
    return f"{shown(one.name, one.low)} to {shown(one.name, one.high)}"


def numbers_section(numbers: Mapping[str, Number]) -> str:
    """Every metric with its interval, as a table."""
    if len(numbers) < 2:
        return ""
    rows = [(title_of_metric(name), shown(name, one.value), interval(one)) for name, one in numbers.items()]
    return table(("metric", "value", "95 % interval"), rows, 1)


def classes_table(scores: ClassificationScores) -> str:
    """Precision, recall, F1 and areas of each class."""
    rows = [
        (
            one.name, str(one.rows), f"{one.precision:.1%}", f"{one.recall:.1%}", f"{one.f1:.1%}",
            _area(one.auc), _area(one.average_precision),
        )
        for one in scores.classes
    ]  # fmt: skip
    head = ("class", "rows", "precision", "recall", "F1", "area under ROC", "average precision")
    return table(head, rows, 1)


def _area(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "—"


def calibration_section(found: Calibration | None) -> str:
    """How often the model is right where it is so sure: a curve beside the diagonal of an honest model."""
    if found is None or not len(found.counts):
        return ""
    picture = axes_svg(
        "How often it is right, by how sure it is",
        found.sureness,
        found.accuracy,
        found.counts,
        [f"{count} rows: {sure:.0%} sure, {right:.0%} right" for sure, right, count in
         zip(found.sureness, found.accuracy, found.counts.tolist(), strict=True)],
        ("how sure it is", "how often it is right"),
    )  # fmt: skip
    gap = float((found.sureness - found.accuracy) @ found.counts / found.counts.sum())
    leaning = (
        "On the whole it is as sure as it may be."
        if abs(gap) < 0.01
        else f"On the whole it is {abs(gap):.1%} too {'sure' if gap > 0 else 'unsure'}."
    )
    return (
        f'{picture}<p class="muted">The larger a dot, the more rows it stands for. On the dashed line the '
        "probabilities can be taken at their word. The mean distance "
        f"from it, weighted by rows, is the expected calibration error: {found.error:.1%}. {leaning}</p>"
    )
