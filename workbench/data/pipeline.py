"""From a file's rows to the rows that training sees: edits by hand, the recipe's steps, and steps for learning alone.

A training file goes through the edits and all steps but those for learning alone (`mended`); a held-out file through
the same steps in the same way; the rows to learn from, once they are known, through the rest (`learning`). Whatever
is drawn by chance depends on the seed and the rows' keys, so that the untouched file always gives the same rows.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from workbench.data.frame import Frame, frame_of
from workbench.data.guess import choose_columns, guess_columns
from workbench.data.kept_sides import sides_fingerprint
from workbench.data.patch import apply_file
from workbench.data.step import FIELD, Context, Done, Step, parse_step
from workbench.data.suggest import counted
from workbench.data.tables import Table, no_such_column
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import DataSection
from workbench.run.step_record import StepRecord

_MISFITS = 5  # edits by hand that no longer fit and are told one by one


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did.

    Attributes:
        place: Its place among the recipe's steps, from 0.
        kind: Its kind.
        title: Its name in the recipe, or else what its kind is called.
        summary: What it does, with its settings.
        rows: How many rows there are after it.
        changed, removed, added: Numbers of rows.
        notes: What else there is to say.
    """

    place: int
    kind: str
    title: str
    summary: str
    rows: int
    changed: int
    removed: int
    added: int
    notes: tuple[str, ...]

    def __str__(self) -> str:
        counts = ((self.removed, "removed"), (self.changed, "changed"), (self.added, "added"))
        told = [f"{counted(number, 'row')} {what}" for number, what in counts if number]
        notes = [note.rstrip(".") for note in self.notes]
        return f"{self.title}: {'; '.join((*told, *notes)) or 'nothing to do'}."


@dataclass(frozen=True, slots=True, eq=False)
class Mended:
    """Rows after steps.

    Attributes:
        frame: The rows.
        reports: What each step did, in order; steps that are off have none.
        notes: What there is to say of the edits by hand.
        found: By its place, what a step found out, for held-out files.
    """

    frame: Frame
    reports: tuple[StepReport, ...] = ()
    notes: tuple[str, ...] = ()
    found: Mapping[int, Any] = field(default_factory=dict)

    def told(self) -> list[str]:
        """Everything that a person should know of it, in sentences."""
        return [*self.notes, *map(str, self.reports)]


def text_role(table: Table, data: DataSection) -> str:
    """The text column of the untouched file, named or guessed; empty where there is none, or it comes with a step.

    Raises:
        WorkbenchError: When the named column is not there and no step can make it.
    """
    if data.text and data.text not in table.columns and not data.steps:
        raise no_such_column(table, data.text)
    return data.text if data.text in table.columns else guess_columns(table).text


def roles(table: Table, data: DataSection) -> tuple[str, str]:
    """The text and label columns of the untouched file, named or guessed; empty where they come only with a step.

    Raises:
        WorkbenchError: When a named column is neither there nor can come with a step, or none can be guessed.
    """
    if not (data.steps or data.patch):
        return choose_columns(table, data.text, data.label)
    text, label = (name if name in table.columns else "" for name in (data.text, data.label))
    try:
        return choose_columns(table, text, label)
    except WorkbenchError:
        guess = guess_columns(table)
        return text or guess.text, label or ("" if guess.label == text else guess.label)


def mended(
    table: Table,
    data: DataSection,
    context: Context,
    text: str,
    label: str,
    *,
    like: Mended | None = None,
) -> Mended:
    """A file's rows after the edits by hand and all steps that are on, but for those for learning alone.

    Args:
        table: The untouched file.
        data: The recipe's steps and edits.
        context: Seed, maximum length, tokenizer, and `check`.
        text: The text column of the untouched file; the role follows where a step renames or joins it.
        label: The label column, likewise; empty for none.
        like: For a held-out file, what was made of the training file. The edits are not made then.

    Raises:
        WorkbenchError: With every step that is not right; or with what stands against the first step that cannot be
            done, naming its place; or when no row is left.
    """
    steps = parsed(data.steps)
    frame, notes = frame_of(table, text, label), []
    if data.patch and like is None:
        frame, misfits = apply_file(frame, data.patch, label=data.label)
        notes = [f"Edits by hand: {misfit}" for misfit in misfits[:_MISFITS]]
        if len(misfits) > _MISFITS:
            notes.append(f"Edits by hand: {len(misfits) - _MISFITS} more were left out.")
    chain = _Chain(frame)
    for place, step in steps.items():
        if step.learning_only:
            continue
        work = partial(step.apply, context=context)
        if like is not None:
            work = partial(step.again, found=like.found.get(place), context=context)
        chain.add(place, data.steps[place], step, work)
    frame = _named(chain.frame, table, data, label)
    return Mended(frame, tuple(chain.reports), tuple(notes), chain.found)


def learning(
    frame: Frame, records: Sequence[StepRecord], held_out: Sequence[Frame], context: Context
) -> Mended:
    """The rows to learn from after the steps for learning alone: leaks, balance, augmentation.

    Args:
        frame: The rows to learn from, after `mended`.
        records: The recipe's steps.
        held_out: Held-out and test rows, which stay as they are.
        context: As before.

    Raises:
        WorkbenchError: As `mended`.
    """
    chain = _Chain(frame)
    for place, step in parsed(records).items():
        if step.learning_only:
            work = partial(step.learn, held_out=held_out, context=context)
            chain.add(place, records[place], step, work)
    return Mended(chain.frame, tuple(chain.reports))


def parsed(records: Sequence[StepRecord]) -> dict[int, Step]:
    """The steps that are on, by their places.

    Raises:
        WorkbenchError: With everything that is wrong in any of them.
    """
    steps: dict[int, Step] = {}
    problems: list[Problem] = []
    for place, record in enumerate(records):
        if not record.on:
            continue
        try:
            steps[place] = parse_step(record.model_dump())
        except WorkbenchError as error:
            problems += [_placed(problem, place) for problem in error.problems]
    if problems:
        raise WorkbenchError(*problems)
    return steps


def as_table(frame: Frame, table: Table) -> Table:
    """The rows as a table, in the name of the file that they are from."""
    return dataclasses.replace(table, columns=frame.columns, data=frame.data)


def patch_fingerprints(data: DataSection) -> list[str]:
    """The SHA-256 of the edits by hand and of the kept sides, in hexadecimal; an empty list where there are none."""
    sides = sides_fingerprint(data.sides)
    if not data.patch:
        return sides
    return [hashlib.sha256(Path(data.patch).expanduser().read_bytes()).hexdigest(), *sides]


class _Chain:
    """Rows that go through one step after the other."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.reports: list[StepReport] = []
        self.found: dict[int, Any] = {}

    def add(self, place: int, record: StepRecord, step: Step, work: Callable[[Frame], Done]) -> None:
        complaints = step.complaints(self.frame)
        if complaints:
            raise WorkbenchError(*(_placed(problem, place) for problem in complaints))
        done = work(self.frame)
        title = record.name or step.title
        if not done.frame.rows:
            raise bad_input(
                f"Step {place + 1}. {title}: no row is left.",
                f"“{step.summary()}” took away all of {counted(self.frame.rows, 'row')}.",
                "Change the step, or switch it off.",
                field=FIELD,
            )
        self.frame = done.frame
        self.reports.append(
            StepReport(
                place, step.kind, title, step.summary(), done.frame.rows,
                done.changed, done.removed, done.added, done.notes,
            )
        )  # fmt: skip
        if done.found is not None:
            self.found[place] = done.found


def _placed(problem: Problem, place: int) -> Problem:
    return dataclasses.replace(problem, title=f"Step {place + 1}. {problem.title}")


def _named(frame: Frame, table: Table, data: DataSection, label: str) -> Frame:
    """The rows with the roles that the recipe gives to columns that only came with a step."""
    made = [name in frame.columns and name not in table.columns for name in (data.text, data.label)]
    text = data.text if made[0] else frame.text
    now = data.label if made[1] else frame.label
    if now == text and label in frame.columns:  # the label was joined into what is to be the text
        now = label
    return dataclasses.replace(frame, text=text, label=now)
