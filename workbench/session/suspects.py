"""Label suspects of a run: training rows whose label may be wrong, in order, and what a person decides about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.data.edits import Patch
from workbench.data.suggest import counted, did_you_mean, listed
from workbench.run.folder import RunFolder, find_run
from workbench.run.home import Home
from workbench.run.margins import FILE, Margins
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.run.suspects import By, Decision, Suspect, Suspects
from workbench.session.label_doubts import FOLDS, Doubts, kept_doubts, untrained
from workbench.session.labelled_rows import LabelledRows, as_written, labelled_rows_of
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SuspectsRequest:
    """The queue of a run.

    Attributes:
        run: The run's name.
        by: What the order goes by.
        most: How long the queue may be; 0 for all rows.
        edits: The present edits by hand, in which decisions are looked up; None for those that the run began with.
    """

    run: str
    by: By = "margin"
    most: int = 1000
    edits: Patch | None = None


def suspects(home: Home, request: SuspectsRequest, desk: Desk) -> Suspects:
    """The rows whose label is most likely wrong, the most suspicious first.

    `by="margin"` needs no model: it reads what the run kept while it trained. The others load the run's base model
    the first time.

    Raises:
        WorkbenchError: When the run is no classifier's, kept no margins (for `by="margin"`), or its data is gone.
    """
    run = find_run(home, request.run)
    recipe = own_recipe(run)
    if recipe.task.kind != "text-classification":
        raise bad_input(
            f"{run.name} has no labels to doubt.",
            f"Its task is {recipe.task.kind}; suspects are found among rows with one class each.",
            "Choose a run of text classification.",
        )
    kept = _kept(run, needed=request.by == "margin")
    desk.report("Reading the rows…")
    rows = labelled_rows_of(home, recipe, desk)
    desk.check()
    margin, likely = _margins(kept, rows)
    source = untrained(home, run)
    found = (
        kept_doubts(home, run, source, rows, recipe.training.seed, desk) if request.by != "margin" else None
    )
    desk.check()
    score = _score(request.by, margin, found)
    order = np.argsort(score, kind="stable")
    order = order[np.isfinite(score[order])]
    flags = _contradicted(margin) if request.by != "cleanlab" else np.zeros(len(margin), dtype=np.bool_)
    if found is not None:
        flags |= found.wrong
    edits = request.edits if request.edits is not None else _edits(recipe)
    written = as_written(home, recipe, rows, desk)
    queue = tuple(
        _suspect(int(i), rows, margin, likely, found, bool(flags[i]), edits, written)
        for i in order[: request.most or None]
    )
    notes = _notes(kept, rows, request.by)
    return Suspects(
        run.name, recipe.data.train, rows.column, rows.names, request.by, queue, len(order),
        int(flags[order].sum()), _told(request.by, source), notes, written,
    )  # fmt: skip


def decide(found: Suspects, patch: Patch, decisions: Sequence[tuple[Suspect, Decision, str]]) -> Patch:
    """The edits by hand with these decisions, each (suspect, decision, label); an empty label means the likely one.

    A label is kept as the Data page keeps one: as a label of the patch, in the words of the untouched file. A row
    that is kept has its own label given by hand, so that nobody is asked again; a dropped one is left out.

    Raises:
        WorkbenchError: When a label is none of the run's classes.
    """
    for suspect, decision, label in decisions:
        wanted = suspect.label if decision == "keep" else label or suspect.likely
        if decision != "drop" and wanted not in found.written:
            raise bad_input(
                f"{wanted!r} is none of the classes of {found.run}.",
                f"They are {listed(list(found.names), 8)}. {did_you_mean(wanted, found.names)}".strip(),
                "Name one of them.",
            )
        patch = decided(patch, suspect.key, decision, found.written.get(wanted, ""), found.label)
    return patch


def decided(patch: Patch, key: int, decision: Decision | str, label: str, column: str) -> Patch:
    """The edits by hand with one decision about a row; "" takes back what was decided.

    Args:
        patch: The edits.
        key: The row.
        decision: What was decided.
        label: For "keep" and "fix", the label in the words of the untouched file.
        column: The column of labels: an edit of that cell makes way for the label.
    """
    if decision == "drop":
        return patch.with_dropped(key)
    return patch.without_dropped(key).without_edit(key, column).with_label(key, label if decision else "")


# ---- the rows


def _kept(run: RunFolder, *, needed: bool) -> Margins | None:
    file = run.path / FILE
    kept = Margins.read(file) if file.is_file() else None
    if not needed or (kept is not None and kept.seen.any()):
        return kept
    raise bad_input(
        f"The run {run.name} kept nothing of its training rows.",
        "It has saved no checkpoint yet, is from an older version, or its field “Row margins” was off."
        if kept is None
        else "It blended its rows (mixup), so that none has a margin of its own.",
        "Go by cleanlab, which needs no trace of the training; or train with “Row margins” (training.margins) on.",
    )


def _edits(recipe: Recipe) -> Patch:
    from workbench.session.mending import read_edits

    return read_edits(recipe.data.patch)


# ---- the scores


def _margins(kept: Margins | None, rows: LabelledRows) -> tuple[NDArray[np.float64], Ints]:
    """For each row its margin (NaN where there is none), and the class it was taken for (-1 for none)."""
    margin, likely = np.full(len(rows.keys), np.nan), np.full(len(rows.keys), -1, dtype=np.int64)
    if kept is None or not len(kept):
        return margin, likely
    order = np.lexsort((np.nan_to_num(kept.margin, nan=np.inf), kept.keys))
    keys, first = np.unique(kept.keys[order], return_index=True)
    sums = np.add.reduceat(np.nan_to_num(kept.margin[order].astype(np.float64)) * kept.seen[order], first)
    seen = np.add.reduceat(kept.seen[order].astype(np.int64), first)
    place = np.searchsorted(keys, rows.keys).clip(max=len(keys) - 1)
    here = (keys[place] == rows.keys) & (seen[place] > 0)
    margin[here] = sums[place[here]] / seen[place[here]]
    of_class = np.array([rows.names.index(n) if n in rows.names else -1 for n in kept.names] + [-1])
    likely[here] = of_class[kept.likely[order[first[place[here]]]]]
    return margin, likely


def _contradicted(margin: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the model was clearly surer of another class: by half of what it usually was surer of the label. Rows that
    are merely hard, or were seen before much was learned, lie around 0."""
    known = margin[np.isfinite(margin)]
    usual = float(np.median(known)) if len(known) else 0.0
    clearly: NDArray[np.bool_] = margin < -usual / 2 if usual > 0 else np.zeros(len(margin), dtype=np.bool_)
    return clearly


def _score(by: By, margin: NDArray[np.float64], found: Doubts | None) -> NDArray[np.float64]:
    """What the queue is sorted by, the smallest first; NaN for rows that no source knows."""
    if found is None:
        return margin
    if by == "cleanlab":
        return found.quality
    places = _places(margin), _places(found.quality)
    mean: NDArray[np.float64] = np.where(np.isnan(places[0]), places[1], (places[0] + places[1]) / 2)
    return mean


def _places(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of rows that come before each one; NaN stays."""
    found = np.full(len(values), np.nan)
    known = np.flatnonzero(np.isfinite(values))
    found[known[np.argsort(values[known], kind="stable")]] = np.arange(len(known)) / max(1, len(known))
    return found


# ---- in words


def _suspect(
    i: int,
    rows: LabelledRows,
    margin: NDArray[np.float64],
    likely: Ints,
    found: Doubts | None,
    flagged: bool,
    edits: Patch,
    written: Mapping[str, str],
) -> Suspect:
    given = int(rows.labels[i])
    other = int(found.probabilities[i].argmax()) if found is not None else given
    if other == given and np.isfinite(margin[i]) and likely[i] >= 0 and (found is None or margin[i] < 0):
        other = int(likely[i])
    names, key = rows.names, int(rows.keys[i])
    one = Suspect(
        key, int(rows.origin[i]), "training" if rows.trained[i] else "held-out", rows.texts[i],
        names[given], names[other], float(margin[i]) if np.isfinite(margin[i]) else None,
        None if found is None else float(found.quality[i]), flagged,
    )  # fmt: skip
    if key in edits.dropped:
        return replace(one, decision="drop")
    edit = edits.edits.get((key, rows.column))
    label = edits.labels.get(key, edit.new if edit is not None else None)
    if label is None:
        return one
    now = next((name for name in names if written.get(name) == label.strip()), label.strip())
    return replace(one, decision="keep" if now == one.label else "fix", decided=now)


def _told(by: By, source: str) -> str:
    margin = (
        "The margin says how much surer the model was of the row's label than of any other class, on average over "
        "the training (area under the margin); below 0 it was surer of another."
    )
    second = (
        f"The quality is the probability of the row's label by models that never saw the row: {FOLDS} logistic "
        f"regressions on the sentence vectors of {source}, each asked about the part of the rows that it did not learn "
        "from; cleanlab says which labels they contradict."
    )
    both = "Rows are sorted by the mean of their places in both orders."
    return {"margin": margin, "cleanlab": second, "both": f"{margin} {second} {both}"}[by]


def _notes(kept: Margins | None, rows: LabelledRows, by: By) -> tuple[str, ...]:
    notes = []
    if by == "both" and kept is None:
        notes.append("The run kept no margins: the order goes by cleanlab alone.")
    if kept is not None and by != "cleanlab":
        gone = len(np.setdiff1d(kept.keys, rows.keys))
        if gone:
            notes.append(
                f"{counted(gone, 'row')} of the training {'is' if gone == 1 else 'are'} not in the file any more, or "
                "read differently, and left out."
            )
        unseen = int((kept.seen == 0).sum())
        if unseen:
            notes.append(
                f"{counted(unseen, 'training row')} had not been learned from when the run was saved."
            )
    return tuple(notes)
