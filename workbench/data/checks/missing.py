"""Finds rows that cannot be learned from: those without a label, and those without a text."""

from __future__ import annotations

from typing import ClassVar

from workbench.data.check import Check, Finding, Fix
from workbench.data.examples import row_examples
from workbench.data.frame import Frame
from workbench.data.step import Context
from workbench.data.strings import blank_rows
from workbench.data.suggest import counted


class MissingLabels(Check):
    """Rows whose label is missing or blank."""

    kind: ClassVar[str] = "missing-labels"
    title: ClassVar[str] = "Rows without a label"
    order: ClassVar[int] = 10

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        rows = blank_rows(frame, frame.label)
        if not len(rows):
            return []
        everywhere = len(rows) == frame.rows
        return [
            Finding(
                kind=self.kind,
                title="No row has a label"
                if everywhere
                else f"{counted(len(rows), 'row has', 'rows have')} no label",
                why="Without a label there is nothing to learn from a row; training sets it aside. "
                "Labels can be added by hand.",
                severity="error" if everywhere else "warning",
                rows=rows,
                count=len(rows),
                fixes=() if everywhere else (_drop("Remove these rows", frame.label),),
                examples=row_examples(frame, rows, frame.text or frame.columns[0]),
                column=frame.label,
            )
        ]


class EmptyTexts(Check):
    """Rows whose text is missing or blank."""

    kind: ClassVar[str] = "empty-texts"
    title: ClassVar[str] = "Rows without a text"
    order: ClassVar[int] = 12

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        rows = blank_rows(frame, frame.text)
        if not len(rows):
            return []
        everywhere = len(rows) == frame.rows
        return [
            Finding(
                kind=self.kind,
                title="No row has a text"
                if everywhere
                else f"{counted(len(rows), 'row has', 'rows have')} no text",
                why="There is nothing to read in these rows; training sets them aside.",
                severity="error" if everywhere else "warning",
                rows=rows,
                count=len(rows),
                fixes=() if everywhere else (_drop("Remove these rows", frame.text),),
                examples=row_examples(frame, rows, frame.label or frame.columns[0]),
                column=frame.text,
            )
        ]


def _drop(title: str, column: str) -> Fix:
    return Fix(title, ({"kind": "drop-missing", "columns": [column]},))
