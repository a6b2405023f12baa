"""How likely each row's label is to models that never saw the row: cross-validated confidence, weighed by cleanlab.

The models are logistic regressions on frozen sentence vectors, one for each part of the rows that is held out in
turn: seconds instead of as many trainings.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from workbench.run.files import writing
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.scratch_fields import is_new
from workbench.session.evaluating import run_behind
from workbench.session.inspection import the_model
from workbench.session.labelled_rows import LabelledRows
from workbench.session.lanes import Desk

#: The file in the run folder.
FILE = "label-doubts.npz"

#: Parts that are held out in turn.
FOLDS = 5
#: How freely a regression may follow its rows (scikit-learn's C): a firm hand for vectors of hundreds of dimensions
#: that say the same, a loose one for few. The one that foresees the labels of unseen rows better counts.
STRENGTHS = (0.01, 0.1)


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """What cleanlab makes of cross-validated probabilities.

    Attributes:
        probabilities: float64, shape (rows, classes), each row by a model that never saw it.
        quality: The probability of each row's own label, float64, shape (rows,).
        wrong: Rows whose label cleanlab takes to be wrong (confident learning, Northcutt et al. 2021), bool.
    """

    probabilities: NDArray[np.float64]
    quality: NDArray[np.float64]
    wrong: NDArray[np.bool_]


def doubts(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    texts: Sequence[str],
    classes: int,
    seed: int = 0,
    check: Callable[[], object] = lambda: None,
) -> Doubts:
    """Cross-validated confidence in labels.

    Args:
        vectors: One vector for each row, shape (rows, width).
        labels: The rows' classes, from 0.
        texts: The rows' texts: equal ones are held out together, or a wrong label could vouch for itself.
        classes: How many classes there are.
        seed: Which rows are held out together.
        check: Called between two models; may raise to end the work.

    Raises:
        WorkbenchError: When there are too few rows.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    found = cross_validated(vectors, labels, folds_of(texts, labels, seed), classes, check)
    check()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong = find_label_issues(labels, found, filter_by="prune_by_noise_rate", n_jobs=1)
        quality = get_label_quality_scores(labels, found, method="self_confidence")
    return Doubts(found, np.asarray(quality, np.float64), np.asarray(wrong, np.bool_))


def folds_of(
    texts: Sequence[str], labels: NDArray[np.int64], seed: int, folds: int = FOLDS
) -> NDArray[np.int64]:
    """Which part each row belongs to, shape (rows,): classes are spread evenly, and equal texts stay together."""
    first: dict[str, int] = {}
    groups = np.array([first.setdefault(text, i) for i, text in enumerate(texts)], dtype=np.int64)
    leaders = np.unique(groups)
    chance = np.random.default_rng(seed)
    part = np.zeros(len(labels), dtype=np.int64)
    begin = 0
    for name in np.unique(labels[leaders]):
        own = chance.permutation(leaders[labels[leaders] == name])
        part[own] = (begin + np.arange(len(own))) % folds
        begin += len(own)  # so that small classes do not all fall into the first parts
    found: NDArray[np.int64] = part[groups]
    return found


def cross_validated(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    part: NDArray[np.int64],
    classes: int,
    check: Callable[[], object] = lambda: None,
) -> NDArray[np.float64]:
    """Each row's class probabilities by a model that learned from the other parts, float64, shape (rows, classes).

    Raises:
        WorkbenchError: When the rows outside a part have fewer than two classes.
    """
    best, least = np.zeros(0), np.inf
    for strength in STRENGTHS:
        found = _out_of_fold(vectors, labels, part, classes, strength, check)
        loss = -float(np.log(np.clip(found[np.arange(len(labels)), labels], 1e-12, 1)).mean())
        if loss < least:
            best, least = found, loss
    return best


def _out_of_fold(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    part: NDArray[np.int64],
    classes: int,
    strength: float,
    check: Callable[[], object],
) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = np.zeros((len(labels), classes), dtype=np.float64)
    for number in np.unique(part):
        check()
        out = part == number
        if len(np.unique(labels[~out])) < 2:
            raise bad_input(
                "There are too few rows for a second opinion on labels.",
                f"They are held out in {FOLDS} parts, and the rest must have two classes.",
                "Go by the margin, or add rows.",
            )
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that stopped a little early is good enough to rank by
            model.fit(vectors[~out], labels[~out])
        found[np.ix_(out, model[-1].classes_)] = model.predict_proba(vectors[out])
    return found


def untrained(home: Home, run: RunFolder) -> str:
    """The model at the beginning of a run's line, which has learned none of its labels: what the run started from; of
    a run that went on from another one, what that one started from. Of a line that began with nothing, its first run.
    """
    while True:
        source = run.recipe().model.source
        if is_new(source):
            return str(run.path)
        try:
            before = run_behind(home, source)
        except WorkbenchError:  # it is not on this machine any more: whoever needs it will be told
            return source
        if before is None or before.path == run.path:
            return source
        run = before


def kept_doubts(home: Home, run: RunFolder, source: str, rows: LabelledRows, seed: int, desk: Desk) -> Doubts:
    """The doubts about a run's rows by sentence vectors of the model `source`; kept in the run folder, so that asking
    again costs nothing.

    Raises:
        WorkbenchError: When the model is not there, or there are too few rows.
    """
    file, digest = run.path / FILE, _digest(source, rows, seed)
    known = _read_doubts(file, digest)
    if known is not None:
        return known
    from workbench.engine.row_scores import row_outputs

    loaded = the_model(home, source, desk)

    def say(done: int, of: int) -> None:
        desk.report(f"Reading texts: {done} of {of}")

    vectors = row_outputs(loaded, rows.texts, check=desk.check, say=say, vectors=True).vectors
    assert vectors is not None
    desk.report("Asking models that never saw the row…")
    found = doubts(vectors, rows.labels, rows.texts, len(rows.names), seed, desk.check)
    _write_doubts(file, digest, found)
    return found


def _digest(source: str, rows: LabelledRows, seed: int) -> str:
    found = hashlib.sha256(f"1 {source} {seed} {FOLDS} {rows.names}".encode())
    found.update(rows.keys.tobytes() + rows.labels.tobytes())
    for text in rows.texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()


def _read_doubts(file: Path, digest: str) -> Doubts | None:
    try:
        with np.load(file, allow_pickle=False) as stored:
            if stored["digest"].tobytes().decode() != digest:
                return None
            return Doubts(stored["probabilities"].astype(np.float64), stored["quality"], stored["wrong"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _write_doubts(file: Path, digest: str, found: Doubts) -> None:
    try:
        with writing(file, "wb") as out:
            np.savez(
                out, digest=np.frombuffer(digest.encode(), np.uint8), quality=found.quality, wrong=found.wrong,
                probabilities=found.probabilities.astype(np.float32),
            )  # fmt: skip
    except WorkbenchError:  # a run that may only be read: worked out anew the next time
        return
