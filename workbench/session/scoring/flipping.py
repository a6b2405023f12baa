"""Robustness on the rows of an evaluation: which of its predictions small changes of the texts flip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.run.home import Home
from workbench.run.robustness import Robustness, SetOutcome
from workbench.run.row_scores import RowScores
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.robustness import chosen_sets, tried
from workbench.session.scoring.rows import AskedRows


@dataclass(frozen=True, slots=True, eq=False)
class FlipRequest:
    """Change the texts of evaluated rows.

    Attributes:
        model: What the evaluated model is called in requests.
        rows: What it said of them.
        sets: Names of perturbation sets; empty for all.
        most: How many rows are changed, evenly from all; 0 for all.
        seed: The same seed changes the same texts in the same way.
    """

    model: str
    rows: RowScores
    sets: tuple[str, ...] = ()
    most: int = 500
    seed: int = 0


def flips_of(home: Home, request: FlipRequest, desk: Desk) -> Robustness:
    """What becomes of the predictions; each set's outcome is reported as it comes, beside words. What the model said
    of the texts as they are is known already, unless it calls its classes otherwise now. A flip's row is its place
    among the evaluation's rows.

    Raises:
        WorkbenchError: When the model is gone or no classifier, or there is no such set.
    """
    from workbench.engine.row_scores import class_probabilities, require_classifier

    sets, rows = chosen_sets(request.sets), request.rows
    loaded = the_model(home, request.model, desk)
    require_classifier(loaded)

    def classify(texts: Sequence[str]) -> NDArray[np.float64]:
        return class_probabilities(loaded, texts, check=desk.check)[0]

    count = len(rows)
    most = min(request.most or count, count)
    chosen = np.arange(most, dtype=np.int64) * count // max(1, most)
    names = tuple(loaded.class_names)
    same = names == rows.names
    asked = AskedRows(rows.texts, rows.true if same else None, rows.row_ids, dict(rows.metadata), rows.told)
    before = rows.probabilities[chosen] if same else classify([rows.texts[i] for i in chosen])
    found: list[SetOutcome] = []
    for number, one in enumerate(sets, start=1):
        desk.check()
        desk.report(f"{one.title}: set {number} of {len(sets)}")
        found.append(tried(one, asked, chosen, before, names, request.seed, classify))
        desk.report(found[-1])
    return Robustness(rows.model, rows.told, (most, count), request.seed, tuple(found), rows.notes)
