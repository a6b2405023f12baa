"""The contract of a check: something that is looked for in rows, like one rule of a linter."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

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
        held_out: For a finding that is about held-out rows as well: their places in the held-out frame.
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
    with line breaks in it is one. Where the finding is about held-out rows as well, `held_out` are theirs.
    """
    record: dict[str, Any] = {
        "kind": finding.kind,
        "count": finding.count,
        "rows": _numbers(frame, finding.rows),
        "title": finding.title,
        "severity": finding.severity,
        "column": finding.column,
        "why": finding.why,
        "examples": list(finding.examples),
        "fixes": [{"title": fix.title, "steps": [dict(step) for step in fix.steps]} for fix in finding.fixes],
    }
    if finding.held_out is not None and held_out is not None:
        record["held_out"] = _numbers(held_out, finding.held_out)
    return record


def _numbers(frame: Frame, rows: Indices) -> list[int]:
    numbers: list[int] = (frame.origin[rows] + 1).tolist()
    return numbers
