"""Finds rows that cannot be learned from: those without a label, and those without a text."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from workbench.data.check import Check, Finding, Fix, about_rows
from workbench.data.frame import Frame
from workbench.data.step import Context
from workbench.data.strings import blank_rows
from workbench.data.suggest import counted


class BlankCells(Check):
    """Rows where a column is missing or blank."""

    #: What is missing.
    what: ClassVar[str]
    why: ClassVar[str]

    @abstractmethod
    def columns(self, frame: Frame) -> tuple[str, str]:
        """The column that is looked at, and the one by which a row is shown; empty for none."""

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        column, shown = self.columns(frame)
        rows = blank_rows(frame, column)
        everywhere = len(rows) == frame.rows
        title = f"{counted(len(rows), 'row has', 'rows have')} no {self.what}"
        return about_rows(
            self.kind,
            frame,
            rows,
            f"No row has a {self.what}" if everywhere else title,
            self.why,
            "error" if everywhere else "warning",
            ()
            if everywhere
            else (Fix("Remove these rows", ({"kind": "drop-missing", "columns": [column]},)),),
            column=column,
            shown=shown or frame.columns[0],
        )


class MissingLabels(BlankCells):
    """Rows whose label is missing or blank."""

    kind: ClassVar[str] = "missing-labels"
    title: ClassVar[str] = "Rows without a label"
    order: ClassVar[int] = 10
    what: ClassVar[str] = "label"
    why: ClassVar[str] = (
        "Without a label there is nothing to learn from a row; training sets it aside. Labels can be added by hand."
    )

    def columns(self, frame: Frame) -> tuple[str, str]:
        return frame.label, frame.text


class EmptyTexts(BlankCells):
    """Rows whose text is missing or blank."""

    kind: ClassVar[str] = "empty-texts"
    title: ClassVar[str] = "Rows without a text"
    order: ClassVar[int] = 12
    what: ClassVar[str] = "text"
    why: ClassVar[str] = "There is nothing to read in these rows; training sets them aside."

    def columns(self, frame: Frame) -> tuple[str, str]:
        return frame.text, frame.label
