"""The queue of label suspects as a table in which letters decide."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView

from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.table_model import one_line
from workbench.gui.theme import current
from workbench.run.suspects import Suspect, Suspects

_KEYS = {Qt.Key.Key_K: "keep", Qt.Key.Key_F: "fix", Qt.Key.Key_D: "drop", Qt.Key.Key_Delete: "drop"}
_TONES = {"keep": "good", "fix": "accent", "drop": "bad"}
_TEXT, _CLASSES, _MARGIN, _CLEANLAB = 1, (2, 3), 4, 5
#: A class has a sixth of the width, between these: the texts are what is read.
_NARROWEST, _WIDEST = 80, 170


class SuspectQueue(RowsTable):
    """The most suspicious rows first; `decided` tells what a letter decides of the chosen ones."""

    decided = Signal(str)

    def __init__(self) -> None:
        super().__init__(
            (
                Heading(self.tr("Row"), self.tr("The row's number in its file."), number=True),
                Heading(self.tr("Text"), wide=True),
                Heading(self.tr("Label")),
                Heading(self.tr("Rather"), self.tr("The label that it probably should have.")),
                Heading(
                    self.tr("Margin"),
                    self.tr("How much surer the model was of the label than of any other class, over the training; "
                            "below 0 it was surer of another."),
                    number=True,
                ),
                Heading(
                    self.tr("cleanlab"),
                    self.tr("The probability of the label by models that never saw the row."),
                    number=True,
                ),
                Heading(self.tr("Decided")),
            ),
            self.tr("Suspicious labels"),
            self.tr("The most suspicious first. K keeps the label, F gives the likely one, D drops the row, Backspace "
                    "takes back what was decided. Several rows can be chosen."),
        )  # fmt: skip
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setMinimumHeight(140)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """K keeps, F fixes, D drops, Backspace takes back."""
        key = Qt.Key(event.key())
        if event.modifiers() == Qt.KeyboardModifier.NoModifier and key in _KEYS:
            self.decided.emit(_KEYS[key])
        elif key == Qt.Key.Key_Backspace:
            self.decided.emit("")
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width."""
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Figures have what they need, classes at most a sixth, and the text the rest."""
        width, header = self.viewport().width(), self.horizontalHeader()
        most, rest = min(_WIDEST, max(_NARROWEST, width // 6)), width
        for column in range(self.rows.columnCount()):
            if column == _TEXT or self.isColumnHidden(column):
                continue
            heading = str(self.rows.headerData(column, Qt.Orientation.Horizontal))
            needed = max(self.sizeHintForColumn(column), header.fontMetrics().horizontalAdvance(heading) + 24)
            self.setColumnWidth(column, min(most, needed) if column in _CLASSES else needed)
            rest -= self.columnWidth(column)
        self.setColumnWidth(_TEXT, max(80, rest))

    def chosen(self) -> list[Suspect]:
        """What the selected rows stand for, from above to below."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.rows.row(row).value for row in rows]

    def current(self) -> Suspect | None:
        """The row that is shown in full."""
        at = self.currentIndex().row()
        found: Suspect | None = self.rows.row(at).value if at >= 0 else None
        return found

    def show_suspects(self, found: Suspects | None, decision: Callable[[Suspect], tuple[str, str]]) -> None:
        """Show a queue, or none, with what is decided of each row and the class it was given by hand."""
        queue = found.queue if found else ()
        self.show_rows([self._row(one, *decision(one)) for one in queue])
        # Where a source knows none of the rows, the texts have its room.
        self.setColumnHidden(_MARGIN, all(one.margin is None for one in queue))
        self.setColumnHidden(_CLEANLAB, all(one.quality is None for one in queue))
        self._share_width()

    def words(self, decision: str, label: str) -> str:
        """A decision in a word or two; empty for none."""
        return {
            "keep": self.tr("kept"),
            "fix": self.tr("→ {0}").format(one_line(label)),
            "drop": self.tr("dropped"),
        }.get(decision, "")

    def _row(self, one: Suspect, decision: str, label: str) -> Row:
        nothing, tone = float("nan"), _TONES.get(decision)
        # The likely class stands beside it; only another one has to be named.
        likely = decision == "fix" and label == one.likely
        told = self.tr("fixed") if likely else self.words(decision, label)
        return Row(
            (
                Cell(str(one.row + 1), one.row),
                Cell(one_line(one.text)),
                Cell(one_line(one.label)),
                Cell(one_line(one.likely) if one.likely != one.label else "–"),
                Cell("–", nothing) if one.margin is None else Cell(f"{one.margin:+.2f}", one.margin),
                Cell("–", nothing)
                if one.quality is None
                else Cell(f"{100 * one.quality:.1f} %", one.quality),
                Cell(told, None, current().colour(tone) if tone else None),
            ),
            one,
        )
