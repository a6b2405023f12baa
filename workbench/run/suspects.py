"""Rows whose label may be wrong, as a queue: the most suspicious first, each with what was decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: What a person decides: the label is right, it is another one, or the row is to go.
Decision = Literal["keep", "fix", "drop"]
#: Which source puts the rows in their order.
By = Literal["margin", "cleanlab", "both"]
SOURCES: tuple[By, ...] = ("margin", "cleanlab", "both")


@dataclass(frozen=True, slots=True)
class Suspect:
    """One row of the queue.

    Attributes:
        key: By which edits by hand name the row (`Frame.keys`).
        row: Its number in the untouched file, from 0 (`Frame.origin`).
        side: "training" or "held-out"; empty where it is not known.
        text: The text, as the run read it.
        label: The given label.
        likely: The label that it probably should have; the given one where no other is likelier.
        margin: Area under the margin; below 0 the model was, on the whole, surer of another class. None where the
            run kept none for this row.
        quality: The probability of the given label by models that never saw the row, from 0 to 1; None where it was
            not worked out.
        flagged: Whether a source contradicts the label: a margin as far below 0 as half of the usual one lies above it,
            or cleanlab's own cut.
        decision: What was decided already; "" for nothing yet.
        decided: The label that was given by hand, where one was.
    """

    key: int
    row: int
    side: str
    text: str
    label: str
    likely: str
    margin: float | None
    quality: float | None
    flagged: bool
    decision: Decision | Literal[""] = ""
    decided: str = ""


@dataclass(frozen=True, slots=True)
class Suspects:
    """The queue of a run.

    Attributes:
        run: The run's name.
        file: The data file that the rows are from, as the recipe names it.
        label: The column of labels.
        names: The classes.
        by: What the order goes by.
        queue: The most suspicious rows first, as many as were asked for.
        of: How many rows were looked at.
        flagged: Of how many of them a source contradicts the label; hard rows are among them.
        told: How the order came about, in sentences.
        notes: What else there is to say.
        written: How each class is written in the untouched file: what a correction puts there.
    """

    run: str
    file: str
    label: str
    names: tuple[str, ...]
    by: By
    queue: tuple[Suspect, ...]
    of: int
    flagged: int
    told: str
    notes: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """How many rows are suspicious, as a sentence."""
        who = {
            "margin": "the model was clearly surer of another class than of the label",
            "cleanlab": "models that never saw the row contradict the label",
            "both": "the model, or models that never saw the row, contradict the label",
        }[self.by]
        return f"Of {self.flagged} of {self.of} rows, {who}."
