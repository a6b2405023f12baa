"""Where a run stands in one of its checkpoints, and reading that without loading the rest."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.run.problem import WorkbenchError, bad_input

STATE = "state.json"
#: Rises whenever a checkpoint of before could not be read as it was meant.
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Position:
    """Where the run stands.

    Attributes:
        step: The last step done.
        seconds: Of training only.
        samples: Seen in training.
        best_value: The best held-out value, None before the first.
        best_step: The step that had it.
        best_metrics: All that was measured there.
        measured_step: The last step whose held-out measurement is complete.
        rate_scale: By how much the learning rate was changed by hand, from the recipe's `recipe_rate`.
        plateau: The state of the schedule that waits for plateaus.
        patience: The state of early stopping.
        precision: The number format of the arithmetic, as it was resolved.
    """

    step: int
    seconds: float
    samples: int
    best_value: float | None
    best_step: int
    best_metrics: dict[str, float]
    measured_step: int
    rate_scale: float = 1.0
    recipe_rate: float = 0.0
    plateau: dict[str, Any] = field(default_factory=dict)
    patience: dict[str, Any] = field(default_factory=dict)
    precision: str = ""


def read_position(folder: Path) -> Position:
    """The position of a checkpoint; entries that this version does not know are left out.

    Raises:
        WorkbenchError: When the checkpoint is of another format, or its state cannot be read.
    """
    known = {item.name for item in dataclasses.fields(Position)}
    state = read_state(folder)
    try:
        return Position(**{key: value for key, value in state["position"].items() if key in known})
    except (KeyError, TypeError, AttributeError):
        raise unusable(folder, f"its {STATE} has no position") from None


def read_state(folder: Path) -> dict[str, Any]:
    """All plain values of a checkpoint.

    Raises:
        WorkbenchError: When they are of another format, or cannot be read.
    """
    try:
        state: Any = json.loads((folder / STATE).read_text(encoding="utf-8"))
        written = state.get("format", 1)
    except (OSError, ValueError, RecursionError, AttributeError):
        raise unusable(folder, f"its {STATE} cannot be read") from None
    if written != FORMAT:
        raise unusable(
            folder,
            f"it has format {written} of another version of this program; this one reads format {FORMAT}",
        )
    found: dict[str, Any] = state
    return found


def unusable(folder: Path, cause: str) -> WorkbenchError:
    """The error that says why a checkpoint cannot be used; `cause` is a sentence without its full stop."""
    return bad_input(
        f"The checkpoint {folder.name} cannot be used.",
        f"{cause}.",
        "Go on from another checkpoint, or start the run again from its recipe.",
    )
