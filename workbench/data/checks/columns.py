"""Finds columns that are of no use, or of too much: empty, always the same, or giving the label away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from workbench.data.check import Check, Finding, Fix
from workbench.data.classes import learnable_classes
from workbench.data.column_profile import FEWEST_ROWS, NEAR_CONSTANT
from workbench.data.examples import MOST, quoted
from workbench.data.frame import Frame, Indices
from workbench.data.step import Context
from workbench.data.strings import blank_rows, coded, column_strings
from workbench.data.suggest import counted, listed
from workbench.data.tables import PORTION

if TYPE_CHECKING:
    import pyarrow as pa

#: How much of the labels' uncertainty a column must take away to be called telling.
TELLING = 0.8
#: A value with fewer rows tells nothing of its kind: by chance alone they may have the same label.
_FEWEST_ALIKE = 5
_BINS = 20

_NONE: Indices = np.empty(0, dtype=np.int64)


class EmptyColumns(Check):
    """Columns in which nothing stands."""

    kind: ClassVar[str] = "empty-columns"
    title: ClassVar[str] = "Empty columns"
    order: ClassVar[int] = 50

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        empty = [
            name
            for name in frame.columns
            # An empty text or label column is the business of other checks.
            if name not in (frame.text, frame.label) and len(blank_rows(frame, name)) == frame.rows
        ]
        return _columns_finding(
            frame,
            self.kind,
            empty,
            f"{counted(len(empty), 'column is', 'columns are')} empty: {listed(empty)}",
            "Nothing stands in them, so nothing can be learned from them.",
            tuple(empty[:MOST]),
        )


class ConstantColumns(Check):
    """Columns in which (nearly) always the same stands."""

    kind: ClassVar[str] = "constant-columns"
    title: ClassVar[str] = "Constant columns"
    order: ClassVar[int] = 52

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        import pyarrow.compute as pc

        found: dict[str, str] = {}
        for name in frame.columns:
            context.check()
            if name == frame.label:
                continue
            filled_rows = pc.utf8_trim_whitespace(column_strings(frame, name))
            codes, values = coded(pc.if_else(pc.equal(filled_rows, ""), None, filled_rows))
            counts = np.bincount(codes[codes >= 0], minlength=1)
            filled, most = int(counts.sum()), int(counts.max())
            constant = len(values) == 1 and filled > 1
            if constant or (filled >= FEWEST_ROWS and most >= NEAR_CONSTANT * filled):
                value = quoted(values[int(counts.argmax())].as_py(), 30)
                found[name] = f"{name}: {value} in {most} of {counted(frame.rows, 'row')}"
        return _columns_finding(
            frame,
            self.kind,
            list(found),
            f"{counted(len(found), 'column')} (nearly) always {'says' if len(found) == 1 else 'say'} the same: "
            f"{listed(list(found))}",
            "What is the same in all rows tells nothing about any of them.",
            tuple(found.values())[:MOST],
        )


class TellingColumns(Check):
    """Columns besides the text that give the label away."""

    kind: ClassVar[str] = "telling-columns"
    title: ClassVar[str] = "Columns that give the label away"
    order: ClassVar[int] = 54

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        classes = learnable_classes(frame)
        if classes is None or len(classes.names) < 2:
            return []
        telling: dict[str, str] = {}
        for name in frame.columns:
            context.check()
            if name in (frame.text, frame.label):
                continue
            told = information(_kinds_of_value(frame, name, context), classes.codes)
            if told.share >= TELLING:
                telling[name] = (
                    f"{name} takes away {told.share:.0%} of the labels' uncertainty "
                    f"({told.bits:.2g} of {told.of:.2g} bits) in {counted(told.rows, 'row')}"
                )
        # One finding each: whoever takes one of them for harmless need not do so with the others.
        return [
            finding
            for name, example in telling.items()
            for finding in _columns_finding(
                frame,
                self.kind,
                [name],
                f"The column “{name}” gives the label away",
                "Whoever knows it hardly needs the text. If it is joined into the text, or if it says where a row was "
                "taken from, the model learns that instead of what is meant.",
                (example,),
            )
        ]


@dataclass(frozen=True, slots=True)
class Told:
    """What values tell of labels: their mutual information in bits, of how many, as a share, and in how many rows."""

    bits: float
    of: float
    share: float
    rows: int


def information(values: Indices, labels: Indices) -> Told:
    """The mutual information I(V; L) = H(L) - H(L | V) of values and labels, over values that come up often enough.

    Both entropies are corrected for small numbers by Miller and Madow's (kinds - 1) / 2n, so that a column of many
    values is not called telling by chance. Values with fewer than 5 rows are left out; where they are more than
    half of the rows, nothing is told: a column that is unique in each row names rows, not labels.

    Args:
        values: The number of each row's value, -1 for none; int64, shape (rows,).
        labels: The number of each row's class, -1 for none; int64, shape (rows,).
    """
    known = (values >= 0) & (labels >= 0)
    often = np.bincount(values[known], minlength=1) >= _FEWEST_ALIKE
    rows = np.flatnonzero(known)[often[values[known]]]
    if len(rows) < 0.5 * known.sum() or len(rows) < 2 * _FEWEST_ALIKE:
        return Told(0.0, 0.0, 0.0, 0)
    of = _entropy(np.bincount(labels[rows]))
    pairs = values[rows] * (int(labels.max()) + 1) + labels[rows]
    joint = np.unique(pairs, return_counts=True)[1]
    left = _entropy(joint) - _entropy(np.bincount(values[rows]))
    bits = max(0.0, of - left)
    return Told(bits, of, bits / of if of > 0 else 0.0, len(rows))


def _entropy(counts: np.ndarray) -> float:
    counts = counts[counts > 0]
    n = counts.sum()
    shares = counts / n
    return float(-(shares * np.log2(shares)).sum() + (len(counts) - 1) / (2 * n * np.log(2)))


def _kinds_of_value(frame: Frame, name: str, context: Context) -> Indices:
    """A column's values as numbers; amounts that hardly come up again are put into 20 bins of equal size."""
    codes, distinct = coded(column_strings(frame, name))
    if len(distinct) * _FEWEST_ALIKE <= len(codes):
        return codes
    try:
        amounts = np.array([float(one) for part in _portions(distinct, context) for one in part])
    except ValueError:
        return codes
    if not np.isfinite(amounts).all():
        return codes
    values = amounts[codes]
    # Numbers that only grow count the rows; in a sorted file they would give everything away.
    if (np.diff(values[codes >= 0]) >= 0).all():
        return np.full(len(codes), -1, dtype=np.int64)
    edges = np.quantile(values[codes >= 0], np.linspace(0, 1, _BINS + 1)[1:-1])
    return np.where(codes >= 0, np.searchsorted(edges, values, side="right"), -1)


def _portions(values: pa.Array, context: Context) -> Iterator[list[str]]:
    for start in range(0, len(values), PORTION):
        context.check()
        yield values.slice(start, PORTION).to_pylist()


def _columns_finding(
    frame: Frame, kind: str, columns: list[str], title: str, why: str, examples: tuple[str, ...]
) -> list[Finding]:
    if not columns:
        return []
    kept = [name for name in frame.columns if name not in columns]
    drop = Fix(
        "Leave it out" if len(columns) == 1 else "Leave them out",
        ({"kind": "keep-columns", "columns": kept},),
    )
    return [
        Finding(
            kind=kind,
            title=title,
            why=why,
            severity="warning" if kind == TellingColumns.kind else "hint",
            rows=_NONE,
            count=len(columns),
            # The text cannot be left out, whatever is wrong with it.
            fixes=() if frame.text in columns else (drop,),
            examples=examples,
            column=columns[0] if len(columns) == 1 else "",
            about="" if len(columns) == 1 else ", ".join(columns),
        )
    ]
