"""The flips of a set of changes as a list, and all that was tried as tables."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent

from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.table_model import one_line
from workbench.run.inside.tables import Table
from workbench.run.robustness import Flip, SetOutcome

#: The columns behind the text have these shares of the width, between two ends in pixels.
_SHARES, _NARROWEST, _WIDEST = (0.22, 0.22, 0.17), 84, 190


class FlipList(RowsTable):
    """One line for each flip; those of which the model was surest come first."""

    def __init__(self) -> None:
        super().__init__(
            (
                Heading(self.tr("Changed text"), wide=True),
                Heading(self.tr("Before"), self.tr("The predicted class of the text as it is, and how sure it was.")),
                Heading(self.tr("After"), self.tr("The predicted class of the changed text, and how sure it is.")),
                Heading(self.tr("Right"), self.tr("The label of the row; a dash where there is none.")),
            ),
            self.tr("Flipped predictions"),
            self.tr("Go to a flip to see both texts side by side."),
        )  # fmt: skip
        self.setMinimumHeight(84)
        self.narrow((120, 120, 90))

    def show_flips(self, flips: Sequence[Flip]) -> None:
        """Show these flips."""
        self.show_rows([_row(flip) for flip in flips])

    def current(self) -> Flip | None:
        """The flip that is gone to."""
        at = self.currentIndex().row()
        found: Flip | None = self.rows.row(at).value if at >= 0 else None
        return found

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width."""
        super().resizeEvent(event)
        for column, share in enumerate(_SHARES, start=1):
            width = int(share * self.viewport().width())
            self.setColumnWidth(column, min(_WIDEST, max(_NARROWEST, width)))


def shares_table(outcomes: Sequence[SetOutcome]) -> Table:
    """A line for each set, with the share that flipped and its interval."""
    lines = [
        ["set", "flipped", "of", "share", "low", "high", "accuracy_before", "accuracy_after", "unchanged"]
    ]
    for one in outcomes:
        low, high = one.flipped.interval
        accuracy = ["", ""] if one.accuracy is None else [f"{value:.6f}" for value in one.accuracy]
        figures = [f"{value:.6f}" for value in (one.flipped.value, low, high)]
        lines.append(
            [one.name, str(one.flipped.hits), str(one.flipped.of), *figures, *accuracy, str(one.unchanged)]
        )
    return lines


def flips_table(outcomes: Sequence[SetOutcome]) -> Table:
    """A line for each flip of each set."""
    lines = [["set", "text", "changed", "before", "p_before", "after", "p_after", "label"]]
    for one in outcomes:
        for flip in one.flips:
            (was, sure), (now, surer) = flip.before, flip.after
            lines.append(
                [one.name, flip.text, flip.changed, was, f"{sure:.6f}", now, f"{surer:.6f}", flip.label]
            )
    return lines


def _row(flip: Flip) -> Row:
    (was, sure), (now, surer) = flip.before, flip.after
    return Row(
        (
            Cell(one_line(flip.changed)),
            Cell(f"{100 * sure:.0f} % {one_line(was)}", sure),
            Cell(f"{100 * surer:.0f} % {one_line(now)}", surer),
            Cell(one_line(flip.label) or "–"),
        ),
        flip,
    )
