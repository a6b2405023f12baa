"""The step that keeps or leaves out the rows that pass a test."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Literal

import numpy as np

from workbench.data.changing import keep_rows, named_columns, told_columns
from workbench.data.frame import Frame
from workbench.data.step import FIELD, Context, Done, Step
from workbench.data.suggest import listed
from workbench.data.tables import PORTION
from workbench.run.problem import Problem
from workbench.run.section import field

Test = Literal["equals", "is-one-of", "contains", "matches", "is-longer", "is-shorter", "is-between"]


class FilterRows(Step):
    """Chooses rows by one column. A missing value counts as an empty one."""

    kind = "filter-rows"
    title = "Filter rows"
    help = "Keeps the rows in which a column passes a test, or leaves them out."
    group = "rows"

    column: str = field("", "Column", "The column that is tested. Empty: the text.")
    test: Test = field(
        "contains",
        "Test",
        "matches: a regular expression is found in it. is-longer, is-shorter: by its characters. "
        "is-between: a number from the lowest to the highest, both included.",
    )
    value: str | int | float = field("", "Value", "What it is compared with.")
    values: tuple[str, ...] = field((), "Values", "For is-one-of: the values that pass.")
    lowest: float = field(0.0, "Lowest", "For is-between: the lowest number that passes.")
    highest: float = field(0.0, "Highest", "For is-between: the highest number that passes.")
    ignore_case: bool = field(False, "Ignore capitals", "Whether capital and small letters are the same.")
    keep: bool = field(True, "Keep", "Whether the rows that pass stay and the others go; otherwise they go.")

    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    def complaints(self, frame: Frame) -> list[Problem]:
        found = super().complaints(frame)
        wrong = self._wrong()
        if wrong:
            title = f"{self.title}: the test of {told_columns([self.column])} cannot be made."
            found.append(Problem(title, wrong, "Correct it, or choose another test.", field=FIELD))
        return found

    def apply(self, frame: Frame, context: Context) -> Done:
        (column,) = named_columns(frame, (self.column,))
        passes = self._passes()
        passed = np.empty(frame.rows, dtype=bool)
        for start in range(0, frame.rows, PORTION):
            context.check()
            values = frame.column(column, start, start + PORTION)
            passed[start : start + len(values)] = [passes(self._folded(value or "")) for value in values]
        return keep_rows(frame, passed if self.keep else ~passed)

    def summary(self) -> str:
        told = {
            "is-one-of": listed([f"“{value}”" for value in self.values], 4),
            "is-between": f"{self.lowest:g} and {self.highest:g}",
            "is-longer": f"than {self.value} characters",
            "is-shorter": f"than {self.value} characters",
        }
        what = told.get(self.test, f"“{self.value}”")
        verb = "Keep" if self.keep else "Leave out"
        return f"{verb} rows where {told_columns([self.column])} {self.test.replace('-', ' ')} {what}"

    def _folded(self, value: str) -> str:
        return value.casefold() if self.ignore_case and self.test != "matches" else value

    def _wrong(self) -> str:
        """Why the test makes no sense, as a sentence; empty where it does."""
        if self.test in ("is-longer", "is-shorter") and _number(str(self.value)) is None:
            return f"“{self.value}” is no number of characters."
        if self.test == "is-one-of" and not self.values:
            return "No value is named."
        if self.test in ("contains", "matches") and not str(self.value):
            return "There is nothing to look for."
        if self.test == "is-between" and self.lowest > self.highest:
            return f"The lowest number, {self.lowest:g}, is above the highest, {self.highest:g}."
        if self.test == "matches":
            try:
                re.compile(str(self.value))
            except re.error as error:
                return f"“{self.value}” is no regular expression: {error}."
        return ""

    def _passes(self) -> Callable[[str], bool]:
        """The test of one value."""
        wanted = self._folded(str(self.value))
        if self.test in ("is-longer", "is-shorter"):
            limit = _number(wanted) or 0.0
            longer = self.test == "is-longer"
            return lambda value: len(value) > limit if longer else len(value) < limit
        if self.test == "is-one-of":
            chosen = frozenset(map(self._folded, self.values))
            return lambda value: value in chosen
        if self.test == "is-between":
            return lambda value: self.lowest <= _or_nan(_number(value)) <= self.highest
        if self.test == "matches":
            found = re.compile(str(self.value), re.IGNORECASE if self.ignore_case else 0).search
            return lambda value: found(value) is not None
        if self.test == "contains":
            return lambda value: wanted in value
        return lambda value: value == wanted


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
