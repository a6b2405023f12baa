"""The contract of a step: something that is done to rows before training, stored in the recipe, done again exactly.

In a recipe a step is a table `[[data.steps]]` with its `kind`, an optional `name`, `on = false` where it is
switched off, and the fields of its kind. A new kind is one file in `workbench/data/steps/`.
"""

from __future__ import annotations

import functools
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import ValidationError

from workbench.data.blanks import ReplaceWords
from workbench.data.found import classes_of
from workbench.data.frame import Frame
from workbench.data.limits import SAFE, Limits
from workbench.data.suggest import did_you_mean, listed
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.section import Section

#: The recipe field to which a step's problems belong.
FIELD = "data.steps"

Group = Literal["columns", "labels", "texts", "rows", "personal data", "augmentation"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a step is told besides the rows.

    Attributes:
        seed: The run's seed; whatever is drawn by chance comes from a generator of the step's own, seeded with it
            and with the row's key, never from global random state.
        max_length: The recipe's maximum length in tokens.
        tokenizer_file: The model's `tokenizer.json`; None where it is not on this machine.
        check: Called every few thousand rows; raises when nobody waits for the answer any more.
        cache: The folder where a large file may be kept as Arrow while its rows are in work; None: nowhere.
        replace_words: Replaces words by what the chosen model would say there; None where no such model is loaded.
        limits: How far archives may unpack.
    """

    seed: int = 0
    max_length: int = 128
    tokenizer_file: Path | None = None
    check: Callable[[], object] = lambda: None
    cache: Path | None = None
    replace_words: ReplaceWords | None = None
    limits: Limits = SAFE


@dataclass(frozen=True, slots=True)
class Done:
    """What a step made of the rows: how many it changed, removed and added, and what else there is to say.

    `found` is what it found out about the rows of the training file and does to those of a held-out file as well,
    such as the spelling of each label; see `Step.again`.
    """

    frame: Frame
    changed: int = 0
    removed: int = 0
    added: int = 0
    notes: tuple[str, ...] = ()
    found: Any = None


class Step(Section, ABC):
    """One kind of step; its fields are declared with `workbench.run.section.field`. Lists are tuples."""

    #: The name in recipes: small letters and hyphens.
    kind: ClassVar[str]
    #: What a person reads in the list of steps.
    title: ClassVar[str]
    #: One sentence for a newcomer.
    help: ClassVar[str]
    #: Under which heading it is offered.
    group: ClassVar[Group]
    #: Whether only rows to learn from go through it (augmentation, balance), never held-out ones.
    learning_only: ClassVar[bool] = False
    #: Whether doing it twice is the same as doing it once.
    idempotent: ClassVar[bool] = True
    #: Whether it reads the labels.
    reads_label: ClassVar[bool] = False

    def complaints(self, frame: Frame) -> list[Problem]:
        """What stands against doing it to these rows, such as a column that is not there; by itself, that."""
        missing = [no_column(self, name, frame) for name in self.needs() if not column_named(frame, name)]
        if self.reads_label and not frame.label:
            missing.append(
                Problem(
                    f"{self.title}: there is no label column.",
                    "It goes by the rows' labels.",
                    "Choose the label column, or take the step out.",
                    field=FIELD,
                )
            )
        return missing

    def needs(self) -> tuple[str, ...]:
        """The columns that it reads; an empty name stands for the text column."""
        return ()

    @abstractmethod
    def apply(self, frame: Frame, context: Context) -> Done:
        """Do it. `complaints` has nothing to say."""

    def again(self, frame: Frame, found: Any, context: Context) -> Done:
        """Do it to the rows of a held-out file in the way in which it was done to the training file; `found` is
        what `Done.found` said then."""
        return self.apply(frame, context)

    def learn(self, frame: Frame, held_out: Sequence[Frame], context: Context) -> Done:
        """Do it to the rows to learn from; only steps that are `learning_only` are asked. `held_out` are the rows
        that are measured on, which stay as they are."""
        return self.apply(frame, context)

    def summary(self) -> str:
        """What it does, in one line, with its settings: "Remove duplicates of the text"."""
        return self.title


@functools.cache
def all_steps() -> MappingProxyType[str, type[Step]]:
    """Every kind of step by its name."""
    from workbench.data import steps

    return MappingProxyType({step.kind: step for step in classes_of(steps, Step)})  # type: ignore[type-abstract]


def parse_step(record: Mapping[str, Any], *, field: str = FIELD) -> Step:
    """The step that a recipe's table describes (`name` and `on` are no business of the step).

    Raises:
        WorkbenchError: For a kind that there is not, and for each field that is wrong.
    """
    kind = str(record.get("kind", ""))
    known = all_steps()
    if kind not in known:
        raise bad_input(
            f"There is no step {kind!r}.",
            f"The steps are: {listed(sorted(known), 40)}.",
            f"{did_you_mean(kind, known)} Choose one of these.".strip(),
            field=field,
        )
    values = {key: value for key, value in record.items() if key not in ("kind", "name", "on")}
    try:
        return known[kind].model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise WorkbenchError(
            *(
                Problem(
                    f"The step {kind} is not right: {'.'.join(map(str, one['loc'])) or 'it as a whole'}.",
                    f"{one['msg']}.",
                    "Correct it, or take the step out.",
                    field=field,
                )
                for one in error.errors()
            )
        ) from error


def column_named(frame: Frame, name: str) -> str:
    """The column that a step's field names: the text column for an empty name; empty where there is none."""
    chosen = name or frame.text
    return chosen if chosen in frame.columns else ""


def no_column(step: Step, name: str, frame: Frame) -> Problem:
    """The problem of a column that a step wants and the rows do not have."""
    if not name:
        return Problem(
            f"{step.title}: there is no text column.",
            f"At this step the columns are: {listed(frame.columns, 12)}.",
            "Name the columns in the step, or choose the text column.",
            field=FIELD,
        )
    return Problem(
        f"{step.title}: there is no column “{name}”.",
        f"At this step the columns are: {listed(frame.columns, 12)}.",
        f"{did_you_mean(name, frame.columns)} Choose one of these columns.".strip(),
        field=FIELD,
    )
