"""The scores of marked stretches: strict precision, recall and F1 by kind (seqeval), and the sorts of faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from workbench.run.entity_tallies import FAULTS, Entity, entities, faults
from workbench.run.scores import Floats, Number
from workbench.run.target_scores import EntityScores, KindNumbers, RowFault
from workbench.session.scoring.intervals import MANY_ROWS, RESAMPLES, percentile_interval, row_weights

Tags = Sequence[Sequence[str]]


def entity_scores(true: Tags, said: Tags, *, seed: int = 0, resamples: int = RESAMPLES) -> EntityScores:
    """Everything that is said of the tags of these rows.

    A stretch counts as found only where its kind and both ends are right (seqeval's strict mode, IOB2).

    Args:
        true: The right tags of each row, "O", "B-…" and "I-…"; at least one row.
        said: What the model says, likewise, of the same lengths.
        seed: Of the resamples behind the intervals.
        resamples: How many of them.
    """
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2

    right, marked = ([entities(row) for row in side] for side in (true, said))
    kinds = sorted({one.kind for side in (right, marked) for row in side for one in row})
    numbers: dict[str, Number] = {}
    found: list[KindNumbers] = []
    if kinds:
        rows = [list(row) for row in true], [list(row) for row in said]
        each = precision_recall_fscore_support(*rows, average=None, zero_division=0, scheme=IOB2)
        whole = precision_recall_fscore_support(*rows, average="micro", zero_division=0, scheme=IOB2)
        claimed = Counter(one.kind for row in marked for one in row)
        for i, kind in enumerate(kinds):
            shares = (float(each[part][i]) for part in range(3))
            found.append(KindNumbers(kind, int(each[3][i]), claimed[kind], *shares))
        values = dict(zip(("precision", "recall", "f1"), map(float, whole[:3]), strict=True))
        values["f1_macro"] = float(np.mean(each[2]))
    else:
        values = dict.fromkeys(("precision", "recall", "f1", "f1_macro"), 0.0)
    words = [(a, b) for row in zip(true, said, strict=True) for a, b in zip(*row, strict=True)]
    values["accuracy"] = sum(a == b for a, b in words) / max(1, len(words))
    intervals: dict[str, tuple[float, float]] = {}
    if 1 < len(true) <= MANY_ROWS and kinds:
        same = np.array(
            [sum(a == b for a, b in zip(*row, strict=True)) for row in zip(true, said, strict=True)]
        )
        intervals = _intervals(
            right, marked, kinds, (same, np.array(list(map(len, true)), dtype=np.float64)), seed, resamples
        )
    numbers = {
        name: Number(name, value, *intervals.get(name, (None, None))) for name, value in values.items()
    }
    wrong = tuple(
        RowFault(i, *fault)
        for i, pair in enumerate(zip(right, marked, strict=True))
        for fault in faults(*pair)
    )
    counts = Counter(fault.what for fault in wrong)
    confused = Counter(
        (fault.true.kind, fault.said.kind)
        for fault in wrong
        if fault.true is not None and fault.said is not None and fault.true.kind != fault.said.kind
    )
    return EntityScores(numbers, tuple(found), {what: counts[what] for what in FAULTS}, wrong, dict(confused))


def _intervals(
    right: Sequence[Sequence[Entity]],
    marked: Sequence[Sequence[Entity]],
    kinds: Sequence[str],
    words: tuple[Floats, Floats],
    seed: int,
    resamples: int,
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals over the rows; `words` are how many of each row have the right tag, and how many there
    are."""
    place = {kind: i for i, kind in enumerate(kinds)}
    counts = np.zeros((len(right), len(kinds), 3))
    for row, (a, b) in enumerate(zip(right, marked, strict=True)):
        for part, side in enumerate((set(a) & set(b), b, a)):
            for one in side:
                counts[row, place[one.kind], part] += 1
    drawn: dict[str, list[Floats]] = {"precision": [], "recall": [], "f1": [], "f1_macro": [], "accuracy": []}
    for weights in row_weights(len(counts), seed, resamples):
        each = (weights @ counts.reshape(len(counts), -1)).reshape(len(weights), len(kinds), 3)
        hits, said, there = np.moveaxis(each.sum(axis=1), -1, 0)
        for name, whole in (("precision", said), ("recall", there), ("f1", (said + there) / 2)):
            drawn[name].append(_ratio(hits, whole))
        drawn["f1_macro"].append(_ratio(2 * each[:, :, 0], each[:, :, 1] + each[:, :, 2]).mean(axis=1))
        drawn["accuracy"].append(_ratio(weights @ words[0], weights @ words[1]))
    return {name: percentile_interval(np.concatenate(values)) for name, values in drawn.items()}


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole > 0)
