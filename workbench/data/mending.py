"""Looks for what is wrong with a file's rows, and chooses the steps that mend it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from workbench.data.check import Finding, SideCheck, all_checks
from workbench.data.frame import Frame
from workbench.data.given_sides import given_sides
from workbench.data.pipeline import Mended, learning, mended
from workbench.data.splitting import divides
from workbench.data.step import Context, all_steps
from workbench.data.tables import Table
from workbench.run.recipe import DataSection
from workbench.run.step_record import StepRecord

#: Mending one thing can bring another to light, such as copies that differed only in HTML.
_ROUNDS = 3
#: Texts are made comparable before labels, and rows are compared and counted last.
_ORDER = ("columns", "texts", "personal data", "labels", "rows", "augmentation")


@dataclass(frozen=True, slots=True)
class Source:
    """An untouched file with the roles of its columns, and by their sides the untouched files to measure on."""

    table: Table
    text: str
    label: str
    files: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """Rows after the recipe's steps, and what the checks find in them; `sides` are the given rows to measure on."""

    data: DataSection
    mended: Mended
    sides: Mapping[str, Frame]
    found: tuple[Finding, ...]


def look(
    source: Source, data: DataSection, context: Context, checks: Collection[str] | None = None
) -> Looked:
    """What the checks find in a file's rows after the recipe's steps.

    Steps for learning alone are done only where no held-out rows come from the file itself.

    Args:
        source: The file.
        data: The recipe's steps and edits by hand.
        context: The seed, and what steps and checks are told.
        checks: The kinds of findings that are looked for; None for all.

    Raises:
        WorkbenchError: When a step is not right or cannot be done.
    """
    done = mended(source.table, data, context, source.text, source.label)
    files = {
        name: mended(table, data, context, source.text, source.label, like=done).frame
        for name, table in source.files.items()
    }
    if not divides(data):
        learned = learning(done.frame, data.steps, [file for file in files.values() if file.rows], context)
        done = Mended(learned.frame, (*done.reports, *learned.reports), done.notes, done.found)
    given = given_sides(done.frame, source.table, data, context, files)
    train = done.frame.take(given.train)
    found: list[Finding] = []
    for check in all_checks():
        if checks is not None and check.kind not in checks:
            continue
        if not isinstance(check, SideCheck):
            found += check.find(done.frame, files.get("validation"), context)
            continue
        for side, other in given.others.items():
            leaks = check.between(train, other, side, context)
            found += [replace(one, rows=given.train[one.rows]) for one in leaks]
    return Looked(data, done, given.others, tuple(found))


def fixed(
    source: Source,
    first: Looked,
    kinds: Collection[str],
    context: Context,
    checks: Collection[str] | None = None,
) -> Looked:
    """The same with steps added that mend findings of these kinds: the first fix of each.

    What comes to light only then is mended as well. The new steps come after those that there are, texts before labels
    before rows.

    Args:
        source: The file.
        first: What was found in it.
        kinds: Which findings to mend.
        context: As before; `checks` likewise.

    Returns:
        The rows after all steps, with the steps in `data` and what is still found.

    Raises:
        WorkbenchError: When a fix cannot be done.
    """
    added: list[StepRecord] = []
    looked = first
    for _ in range(_ROUNDS):
        fixes = [found.fixes[0] for found in looked.found if found.kind in kinds and found.fixes]
        before = list(added)
        for record in (StepRecord.model_validate(dict(step)) for fix in fixes for step in fix.steps):
            added = _with(added, record, first.data)
        if added == before:
            break
        added.sort(key=_place)
        data = first.data.model_copy(update={"steps": (*first.data.steps, *added)})
        looked = look(source, data, context, checks)
    return looked


def _with(added: list[StepRecord], record: StepRecord, data: DataSection) -> list[StepRecord]:
    """One step more, if it is not there already; columns that two fixes leave out are left out by one step."""
    if record.kind != "keep-columns":
        return added if record in (*data.steps, *added) else [*added, record]
    earlier = [step for step in added if step.kind == record.kind]
    columns = [name for name in record.fields["columns"] if all(name in e.fields["columns"] for e in earlier)]
    if data.split_column and data.split_column not in columns:  # the rows are divided by it
        columns.append(data.split_column)
    both = StepRecord.model_validate({"kind": record.kind, "columns": tuple(columns)})
    return [*(step for step in added if step not in earlier), both]


def _place(record: StepRecord) -> tuple[bool, int]:
    step = all_steps()[record.kind]
    return step.learning_only, _ORDER.index(step.group)
