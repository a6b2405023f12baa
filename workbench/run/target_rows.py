"""What a model with labels, numbers or marks said of each row of an evaluation, and the scores of all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from workbench.run.files import writing
from workbench.run.problem import bad_input
from workbench.run.scores import Comparison
from workbench.run.target_scores import EntityScores, MultiLabelScores, RegressionScores

#: The tasks that are measured so.
TARGETS = ("multi-label", "regression", "token-classification")
#: Raised when what is written has another shape.
VERSION = 2
_WORDS = ("task", "model", "told", "file")
_LISTS = ("texts", "true", "said", "notes", "names")
_ARRAYS = ("rows", "keys", "wrong", "losses", "right", "given", "sureness", "limits")

Floats = NDArray[np.float64]
Tags = tuple[tuple[str, ...], ...]
Scores = MultiLabelScores | RegressionScores | EntityScores


def _none() -> Floats:
    return np.empty((0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class TargetRows:
    """The rows of one evaluation.

    Attributes:
        task: The task, one of `TARGETS`.
        model: Which model it was, in words.
        told: Which rows these are, in words.
        file: The data file, as the recipe names it.
        rows: Each row's number in the untouched file, from 0; int64, shape (rows,).
        texts: The rows as a person reads them.
        true: What is right for each, in words.
        said: What the model says, in words.
        wrong: Where the two differ (for numbers: by more than a standard deviation of the training rows), bool.
        losses: How wrong each row is, float64: the mean log loss of labels or words, or the squared scaled error.
        scores: The metrics; of tags that begin nothing None, since single words are all there is to count.
        accuracy: The share of words with the right tag; of labels, of rows that are right throughout; NaN of numbers.
        notes: What there is to say of the rows.
        names: The labels, the columns of numbers, or the tags.
        right: The right labels as 0 and 1, or the right numbers; float64, shape (rows, names). Empty for marks.
        given: The probability of each label, or the predicted numbers, likewise.
        limits: From which probability on each label is given, float64, shape (names,); empty for other tasks.
        right_tags, given_tags: The right and the predicted tag of each word; empty for other tasks.
        sureness: How sure the model is of the least sure of its decisions about a row, float64, shape (rows,); NaN for
            numbers.
        keys: Each row's fingerprint (`data.frame.Frame.keys`); uint64, shape (rows,).
        metadata: The other columns of the rows by name, each as texts; None is a missing value.
        vectors: One vector for each row's text, float32, shape (rows, width); None where they were not taken.
    """

    task: str
    model: str
    told: str
    file: str
    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    true: tuple[str, ...]
    said: tuple[str, ...]
    wrong: NDArray[np.bool_]
    losses: Floats
    scores: Scores | None
    accuracy: float
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    right: Floats = field(default_factory=_none)
    given: Floats = field(default_factory=_none)
    limits: Floats = field(default_factory=lambda: np.empty(0))
    right_tags: Tags = ()
    given_tags: Tags = ()
    sureness: Floats = field(default_factory=lambda: np.empty(0))
    keys: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    metadata: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    vectors: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the texts and what is right for them: models that were asked about the same rows have the same
        one."""
        return hashlib.sha256(json.dumps([self.texts, self.true]).encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write everything but the scores, which follow from it, to one .npz file, whole or not at all.

        Raises:
            WorkbenchError: When it cannot be written.
        """
        words = {name: getattr(self, name) for name in (*_WORDS, *_LISTS, "right_tags", "given_tags")}
        words |= {"accuracy": self.accuracy, "metadata": dict(self.metadata)}
        told = json.dumps({"version": VERSION, **words}).encode()
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        if self.vectors is not None:
            arrays["vectors"] = self.vectors
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path, "wb") as file:
            np.savez(file, words=np.frombuffer(told, np.uint8), **arrays)

    @classmethod
    def load(cls, path: Path) -> TargetRows:
        """What `save` has written, without its scores.

        Raises:
            WorkbenchError: When the file is not there, is damaged or of another version.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays: dict[str, Any] = {name: stored[name] for name in _ARRAYS}
                arrays["vectors"] = stored.get("vectors")
                words: dict[str, Any] = json.loads(stored["words"].tobytes())
            if words.pop("version") != VERSION:
                raise ValueError("it is of another version")
            words |= {name: tuple(words[name]) for name in _LISTS}
            words |= {name: tuple(map(tuple, words[name])) for name in ("right_tags", "given_tags")}
            words["metadata"] = {name: tuple(values) for name, values in words["metadata"].items()}
            return cls(scores=None, **words, **arrays)
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise bad_input(
                f"The evaluation {path} cannot be read.",
                f"{type(error).__name__}: {error}.",
                "Measure again; the old file is replaced.",
            ) from error


@dataclass(frozen=True, slots=True, eq=False)
class TargetsAgainst:
    """Another model's answers for the same rows.

    Attributes:
        model: Which model, in words.
        said: What it says of each row, in words.
        wrong: Where that is wrong, bool, shape (rows,).
        apart: How far the two models' answers lie apart, float64, shape (rows,): the mean difference of the labels'
            probabilities, of the numbers, or the share of words with another tag.
        comparison: Whether the model that is shown is better.
    """

    model: str
    said: tuple[str, ...]
    wrong: NDArray[np.bool_]
    apart: Floats
    comparison: Comparison
