"""How easily a classifier changes its mind: predictions of texts before and after small changes, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.run.evaluation import Share


@dataclass(frozen=True, slots=True)
class Flip:
    """One text whose prediction became another one.

    Attributes:
        row: Which of the asked rows it is, from 0.
        text: The text as it is.
        changed: The text as it was changed.
        before: The predicted class and its probability.
        after: The predicted class of the changed text, and its probability.
        label: The right class; empty where it is not known.
    """

    row: int
    text: str
    changed: str
    before: tuple[str, float]
    after: tuple[str, float]
    label: str = ""


@dataclass(frozen=True, slots=True)
class SetOutcome:
    """What one set of changes did.

    Attributes:
        name, title, help, meaning: Of the set; see `workbench.data.perturbations.Perturbation`.
        flipped: The share of the changed texts whose prediction became another one, with its 95 % interval.
        unchanged: Texts in which the set found nothing to change; they count nowhere.
        accuracy: The share of right predictions of the same texts before and after; None without right classes.
        flips: Every flip, those first in which the model was surest before.
    """

    name: str
    title: str
    help: str
    meaning: str
    flipped: Share
    unchanged: int
    accuracy: tuple[float, float] | None
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class Robustness:
    """What became of a classifier's predictions.

    Attributes:
        model: Which model, in words.
        data: Which texts, in words.
        rows: How many texts were asked about, and how many there are.
        seed: What the changes were drawn from.
        sets: One outcome for each set.
        notes: What else there is to say.
    """

    model: str
    data: str
    rows: tuple[int, int]
    seed: int
    sets: tuple[SetOutcome, ...]
    notes: tuple[str, ...] = ()
