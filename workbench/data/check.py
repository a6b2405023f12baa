"""The contract of a check: something that is looked for in rows, like one rule of a linter."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from workbench.data.examples import row_examples
from workbench.data.found import classes_of
from workbench.data.frame import Frame, Indices
from workbench.data.step import Context

#: "error" stands in the way of training, "warning" costs quality or honesty, "hint" is worth knowing.
Severity = Literal["error", "warning", "hint"]


@dataclass(frozen=True, slots=True)
class Fix:
    """A button beside a finding: the steps that mend it, as records of a recipe (`kind` and the step's fields)."""

    title: str
    steps: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """Something that was found in rows.

    Attributes:
        kind: The check's name.
        title: What was found, with its number: "12 rows have no label".
        why: Why it matters, in one or two sentences.
        severity: How bad it is.
        rows: The rows' places in the frame that was checked, ascending; int64. Empty where a whole column or the
            whole set is meant.
        count: How many rows (or pairs, columns, classes: the title says which).
        fixes: What can be done about it, the most sensible first; may be empty.
        examples: A few examples in words, such as 'row 17: "late agian"'.
        column: The column that it is about; empty for none.
        held_out: For a finding that is about rows to measure on as well: their places in the frame of their side.
        side: Which side that is: "validation" or "test".
        about: What else tells it from findings of its kind, such as the kind of personal data or the side.
    """

    kind: str
    title: str
    why: str
    severity: Severity
    rows: Indices
    count: int
    fixes: tuple[Fix, ...] = ()
    examples: tuple[str, ...] = ()
    column: str = ""
    held_out: Indices | None = None
    side: str = "validation"
    about: str = ""

    @property
    def name(self) -> tuple[str, str, str]:
        """What it is known by from one look to the next: its kind, and what it is about."""
        return self.kind, self.column, self.about


def about_rows(
    kind: str,
    frame: Frame,
    rows: Indices,
    title: str,
    why: str,
    severity: Severity,
    fixes: tuple[Fix, ...],
    *,
    column: str,
    shown: str = "",
) -> list[Finding]:
    """The finding about these rows, whose examples are the first of them; none where there are no rows.

    Args:
        kind, title, why, severity, fixes, column: As in `Finding`.
        frame: The rows that were checked.
        rows: The places of those that it is about.
        shown: The column of which examples show the value; empty for `column`.
    """
    if not len(rows):
        return []
    examples = row_examples(frame, rows, shown or column)
    return [Finding(kind, title, why, severity, rows, len(rows), fixes, examples, column)]


class Check(ABC):
    """One thing that is looked for."""

    #: The name in the JSON answer: small letters and hyphens.
    kind: ClassVar[str]
    #: What a person reads.
    title: ClassVar[str]
    #: In which order findings are listed; small numbers first.
    order: ClassVar[int] = 100

    @abstractmethod
    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        """What there is of it in the rows to learn from; an empty list where all is well.

        Args:
            frame: The rows to learn from, or the whole file before it is split.
            held_out: Held-out rows, where they are known.
            context: Seed, maximum length, tokenizer, and `check` to be called every few thousand rows.
        """


class SideCheck(Check):
    """Something that is looked for between the rows to learn from and those of another side."""

    @abstractmethod
    def between(self, frame: Frame, other: Frame, side: str, context: Context) -> list[Finding]:
        """What there is of it between the rows to learn from and those of `side`, "validation" or "test"."""

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        return [] if held_out is None else self.between(frame, held_out, "validation", context)


@functools.cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order in which findings are listed."""
    from workbench.data import checks

    found = [check() for check in classes_of(checks, Check)]  # type: ignore[type-abstract]
    return tuple(sorted(found, key=lambda check: (check.order, check.kind)))


def findings(frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
    """Everything that every check finds."""
    return [found for check in all_checks() for found in check.find(frame, held_out, context)]


def as_json(finding: Finding, frame: Frame, held_out: Frame | None = None) -> dict[str, Any]:
    """A finding as the command line answers it.

    `rows` are the rows' numbers in the untouched file, counted from 1 as a person does: a header is no row, and a row
    with line breaks in it is one. Where the finding is about rows to measure on as well, `held_out` are theirs and
    `side` is their side, whose frame is given.
    """
    record: dict[str, Any] = {
        "kind": finding.kind,
        "count": finding.count,
        "rows": _numbers(frame, finding.rows),
        "title": finding.title,
        "severity": finding.severity,
        "column": finding.column,
        "about": finding.about,
        "why": finding.why,
        "examples": list(finding.examples),
        "fixes": [{"title": fix.title, "steps": [dict(step) for step in fix.steps]} for fix in finding.fixes],
    }
    if finding.held_out is not None and held_out is not None:
        record |= {"side": finding.side, "held_out": _numbers(held_out, finding.held_out)}
    return record


def _numbers(frame: Frame, rows: Indices) -> list[int]:
    numbers: list[int] = (frame.origin[rows] + 1).tolist()
    return numbers
