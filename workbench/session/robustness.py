"""Robustness of a classifier: the share of its predictions that small changes of the texts flip, and every flip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.data.perturbations import PERTURBATIONS, Perturbation
from workbench.data.suggest import did_you_mean, listed
from workbench.run.evaluation import Share
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.robustness import Flip, Robustness, SetOutcome
from workbench.session.evaluating import run_behind
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe
from workbench.session.scoring.rows import AskedRows, file_rows, own_rows

#: Gives the class probabilities of texts, float64, shape (texts, classes).
Classify = Callable[[Sequence[str]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class RobustnessRequest:
    """Try a classifier with changed texts.

    Attributes:
        model: A run, checkpoint, folder, short name or Hub id.
        data: A file or a shipped data set; empty for the run's own held-out rows.
        sets: Names of perturbation sets; empty for all.
        rows: How many texts are asked about, evenly from all; 0 for all.
        seed: The same seed changes the same texts in the same way.
        text, label: The columns of `data`, where they cannot be told.
    """

    model: str
    data: str = ""
    sets: tuple[str, ...] = ()
    rows: int = 500
    seed: int = 0
    text: str = ""
    label: str = ""


def robustness(home: Home, request: RobustnessRequest, desk: Desk) -> Robustness:
    """What becomes of the predictions; each set's outcome is reported as it comes, beside words.

    Raises:
        WorkbenchError: When the model is no classifier, a set or file is not there, or there are no texts.
    """
    from workbench.engine.row_scores import class_probabilities, require_classifier

    sets = chosen_sets(request.sets)
    run = run_behind(home, request.model)
    loaded = the_model(home, request.model, desk)
    require_classifier(loaded)
    desk.report("Reading the rows…")
    if request.data:
        recipe = own_recipe(run) if run is not None else None
        columns = (request.text, request.label)
        asked = file_rows(home, request.data, recipe, loaded.class_names, columns, desk)
    elif run is not None:
        asked = own_rows(home, run, "validation", loaded.class_names, desk)
    else:
        raise bad_input(
            "It is not said which texts to try.",
            f"{request.model} is no run, which would have held-out rows.",
            "Name a file.",
            field="data",
        )
    rows = _spread(len(asked.texts), request.rows)

    def classify(texts: Sequence[str]) -> NDArray[np.float64]:
        return class_probabilities(loaded, texts, check=desk.check)[0]

    found: list[SetOutcome] = []
    desk.report("Asking about the texts as they are…")
    before = classify([asked.texts[i] for i in rows])
    for one in sets:
        desk.check()
        desk.report(f"{one.title}…")
        found.append(tried(one, asked, rows, before, loaded.class_names, request.seed, classify))
        desk.report(found[-1])
    return Robustness(
        loaded.name, asked.told, (len(rows), len(asked.texts)), request.seed, tuple(found), asked.notes
    )


def chosen_sets(names: Sequence[str]) -> tuple[Perturbation, ...]:
    """The sets of these names, all for none.

    Raises:
        WorkbenchError: When there is no such set.
    """
    known = {one.name: one for one in PERTURBATIONS}
    for name in names:
        if name not in known:
            raise bad_input(
                f"There is no set of changes {name!r}.",
                f"There are: {listed(list(known), 20)}. {did_you_mean(name, known)}".strip(),
                "Name one of them.",
            )
    return tuple(known[name] for name in dict.fromkeys(names)) or PERTURBATIONS


def tried(
    one: Perturbation,
    asked: AskedRows,
    rows: NDArray[np.int64],
    before: NDArray[np.float64],
    names: Sequence[str],
    seed: int,
    classify: Classify,
) -> SetOutcome:
    """What one set does to the predictions of some rows.

    Args:
        one: The set.
        asked: The texts with their right classes.
        rows: Which of them are tried; int64.
        before: Their class probabilities as they are, shape (rows, classes).
        names: The classes.
        seed: What changes are drawn from.
        classify: Asks the model.
    """
    made = [one.of(asked.texts[row], seed) for row in rows]
    here = np.array([i for i, text in enumerate(made) if text is not None], dtype=np.int64)
    new = [text for text in made if text is not None]
    after = classify(new) if new else before[:0]
    was, now = before[here].argmax(axis=1), after.argmax(axis=1)
    accuracy = None
    if asked.true is not None and len(here):
        true = asked.true[rows[here]]
        accuracy = float((was == true).mean()), float((now == true).mean())
    flipped = np.flatnonzero(was != now)
    sure = before[here[flipped], was[flipped]]
    flips = tuple(
        Flip(
            int(rows[here[i]]),
            asked.texts[rows[here[i]]],
            new[i],
            (names[was[i]], float(before[here[i], was[i]])),
            (names[now[i]], float(after[i, now[i]])),
            "" if asked.true is None else names[asked.true[rows[here[i]]]],
        )
        for i in flipped[np.argsort(-sure, kind="stable")]
    )
    return SetOutcome(
        one.name, one.title, one.help, one.meaning, Share(len(flips), len(new)), len(made) - len(new),
        accuracy, flips,
    )  # fmt: skip


def _spread(rows: int, most: int) -> NDArray[np.int64]:
    if not most or rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.arange(most, dtype=np.int64) * rows // most
