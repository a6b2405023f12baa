"""What a report says of a model with labels, numbers or marks: each of them by itself, and the rows furthest off."""

from __future__ import annotations

from html import escape

import numpy as np

from workbench.run.target_rows import TargetRows
from workbench.run.target_scores import EntityScores, MultiLabelScores, RegressionScores
from workbench.session.report_numbers import interval, shown, title_of_metric
from workbench.session.report_page import table
from workbench.session.report_rows import SHOWN, rows_table


def targets_section(found: TargetRows | None) -> str:
    """Each label, column or kind, with its own numbers."""
    match found.scores if found is not None else None:
        case MultiLabelScores() as scores:
            return _labels(scores)
        case RegressionScores() as scores:
            return _columns(scores)
        case EntityScores() as scores:
            return _kinds(scores)
        case _:
            return ""


def _labels(scores: MultiLabelScores) -> str:
    rows = [
        (
            one.name, str(one.rows), f"{one.precision:.1%}", f"{one.recall:.1%}", f"{one.f1:.1%}",
            f"{one.auc:.3f}" if np.isfinite(one.auc) else "—", f"{one.threshold:.2g}", f"{one.best_threshold:.2g}",
        )
        for one in scores.labels
    ]  # fmt: skip
    head = ("label", "rows", "precision", "recall", "F1", "area under ROC", "given from", "best from")
    told = "Best from: the threshold with the highest F1 on these rows; on others it may be another one."
    return table(head, rows, 1) + f'<p class="muted">{told}</p>'


def _columns(scores: RegressionScores) -> str:
    rows = [
        (column.name, title_of_metric(name), shown(name, one.value), interval(one))
        for column in scores.columns
        for name, one in column.numbers.items()
    ]
    return table(("number", "metric", "value", "95 % interval"), rows, 2)


def _kinds(scores: EntityScores) -> str:
    rows = [
        (
            one.name,
            str(one.there),
            str(one.said),
            f"{one.precision:.1%}",
            f"{one.recall:.1%}",
            f"{one.f1:.1%}",
        )
        for one in scores.kinds
    ]
    return table(("kind", "there", "marked", "precision", "recall", "F1"), rows, 1)


def furthest_section(found: TargetRows | None) -> str:
    """The held-out rows with the highest loss, the worst first."""
    if found is None or not len(found.texts):
        return ""
    lines = [
        (
            (
                str(int(found.rows[i]) + 1), found.texts[i], found.true[i] or "—", found.said[i] or "—",
                f"{found.losses[i]:.3f}",
            ),
            bool(found.wrong[i]),
        )
        for i in np.argsort(-found.losses, kind="stable")[:SHOWN]
    ]  # fmt: skip
    told = f"{int(found.wrong.sum())} of {len(found.texts)} rows are not answered as they should be."
    if found.task == "regression":
        told = (
            f"{int(found.wrong.sum())} of {len(found.texts)} rows are off by more than one standard deviation of the "
            "training numbers."
        )
    head = ("row", "text", "true", "answered", "loss")
    return f'<p class="muted">{escape(told)}</p>{rows_table(head, lines)}'
