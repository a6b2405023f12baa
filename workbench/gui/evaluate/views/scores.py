"""Scores: the headline numbers with their intervals, what each class comes to, and what is taken for what."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.rows_model import Cell, Heading, Row, RowsTable
from workbench.gui.evaluate.board import Board
from workbench.gui.evaluate.confusion import ConfusionMap
from workbench.gui.evaluate.exporting import class_table, confusion_table, number_table, picture, title_of
from workbench.gui.evaluate.halves import Halves
from workbench.gui.evaluate.tiles import OTHERS, NumberTiles, figure, interval
from workbench.gui.evaluate.view import View
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, FoldSection, Label, Muted, Segmented, show_if
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated

CONFUSION, CLASS = "confusion", "class"
_OF_CLASS = ("precision", "recall", "f1", "auc", "average_precision")
#: From this width on the classes stand beside the matrix.
_SIDE_BY_SIDE = 900


class ScoresView(View):
    """Tiles above, the table of classes and the confusion matrix below; a class and a cell choose their rows."""

    def __init__(self, workspace: Workspace, board: Board) -> None:
        super().__init__(workspace, board)
        self.verdict = Label("", "section", wrap=True)
        self.tiles = NumberTiles()
        self.notes = Muted("")
        self.classes = RowsTable(
            (
                Heading(self.tr("Class"), wide=True),
                Heading(self.tr("Rows"), self.tr("How many rows are of this class."), number=True),
                Heading(
                    self.tr("Precision"),
                    self.tr("Of the rows that are taken for this class, the share that is of it."),
                    number=True,
                ),
                Heading(
                    self.tr("Recall"),
                    self.tr("Of the rows of this class, the share that is recognised."),
                    number=True,
                ),
                Heading(self.tr("F1"), self.tr("The harmonic mean of precision and recall."), number=True),
                Heading(
                    self.tr("AUC"), self.tr("How well its rows are ranked above the others."), number=True
                ),
                Heading(
                    self.tr("AP"),
                    self.tr(
                        "The average precision: the area under its curve of precision and recall; of rare classes it "
                        "says more than AUC."
                    ),
                    number=True,
                ),
            ),
            self.tr("Classes"),
            self.tr("Click a class to see its rows."),
        )
        self.classes.setMinimumHeight(150)
        self.classes.narrow((58, 84, 68, 60, 60, 60))
        self.classes.opened.connect(self._class_picked)
        self.map = ConfusionMap()
        self.map.picked.connect(self._cell_picked)
        self.mode = Segmented(
            (
                ("count", self.tr("Counts"), "", self.tr("How many rows.")),
                ("row", self.tr("By true class"), "", self.tr("The share of each true class: its recall.")),
                (
                    "column",
                    self.tr("By predicted"),
                    "",
                    self.tr("The share of each predicted class: its precision."),
                ),
            ),
            self.tr("What the cells count"),
        )
        self.mode.setProperty("dense", True)
        self.mode.chosen.connect(self.map.show_mode)
        self.every = FoldSection(self.tr("All numbers"))
        self.others = Muted("")
        self.every.add(self.others)
        self._lay_out()

    def _lay_out(self) -> None:
        table = Card(self.tr("Classes"))
        table.add(self.classes, 1)
        matrix = Card(self.tr("What is taken for what"))
        matrix.add_action(self.mode)
        matrix.add(self.map, 1)
        box = QHBoxLayout()
        # In a narrow window the matrix comes first: it is what one looks for.
        box.addWidget(Halves(table, matrix, _SIDE_BY_SIDE, right_first=True))
        layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.verdict)
        layout.addWidget(self.tiles)
        layout.addWidget(self.notes)
        layout.addLayout(box, 1)
        layout.addWidget(self.every, 0, Qt.AlignmentFlag.AlignTop)

    # ---- drawing

    def draw(self, found: Evaluated) -> None:
        """Show another evaluation."""
        scores = found.scores
        assert scores is not None
        told = found.against.comparison if found.against else None
        self.verdict.setText(told.words if told else "")
        show_if(self.verdict, told is not None)
        self.tiles.show_numbers(scores.numbers)
        self.notes.setText(" ".join(found.rows.notes))
        show_if(self.notes, bool(found.rows.notes))
        self.map.show_counts(scores.confusion, found.rows.names)
        self.classes.show_rows(
            [
                Row(
                    (
                        Cell(one.name),
                        Cell(str(one.rows), one.rows),
                        *(_cell(getattr(one, name)) for name in _OF_CLASS),
                    ),
                    number,
                )
                for number, one in enumerate(scores.classes)
            ]
        )
        rest = [scores.numbers[name] for name, _ in OTHERS if name in scores.numbers]
        self.others.setText(
            "\n".join(
                f"{title_of(one.name)}: {figure(one.value)}"
                + (f"  ({spread})" if (spread := interval(one)) else "")
                for one in rest
            )
        )

    def frame(self) -> None:
        """Frame the chosen cell or line."""
        cell, line = self.board.mark(CONFUSION), self.board.mark(CLASS)
        if isinstance(cell, tuple):
            self.map.show_chosen(cell)
        else:
            self.map.show_chosen((line, -1) if isinstance(line, int) else None)
        if not isinstance(line, int):
            self.classes.clearSelection()

    # ---- choosing

    def _cell_picked(self, true: int, predicted: int) -> None:
        found = self.board.evaluated
        if found is None or found.rows.true is None:
            return
        rows, names = found.rows, found.rows.names
        assert rows.true is not None
        chosen = np.ones(len(rows), dtype=np.bool_)
        if true >= 0:
            chosen &= rows.true == true
        if predicted >= 0:
            chosen &= rows.predicted == predicted
        if predicted < 0:
            words = self.tr("is “{0}”").format(names[true])
        elif true < 0:
            words = self.tr("taken for “{0}”").format(names[predicted])
        elif true == predicted:
            words = self.tr("rightly “{0}”").format(names[true])
        else:
            words = self.tr("“{0}” taken for “{1}”").format(names[true], names[predicted])
        self.choose(CONFUSION, words, chosen, (true, predicted))

    def _class_picked(self, number: int) -> None:
        found = self.board.evaluated
        if found is not None and found.rows.true is not None:
            words = self.tr("is “{0}”").format(found.rows.names[number])
            self.choose(CLASS, words, found.rows.true == number, number)

    # ---- export

    def parts(self) -> Sequence[Part]:
        """The numbers, the classes, and the matrix as a table and a picture."""
        found = self.board.evaluated
        if found is None or found.scores is None:
            return ()
        return (
            Part(self.tr("Numbers"), "numbers", table=lambda: number_table(found)),
            Part(self.tr("Classes"), "classes", table=lambda: class_table(found)),
            Part(
                self.tr("Confusion matrix"),
                "confusion",
                drawing=lambda: picture(
                    self.map, self.tr("Confusion matrix"), found,
                    self.tr("Rows are true classes, columns are predicted ones."), self.font(),
                ),
                table=lambda: confusion_table(found),
            ),
        )  # fmt: skip


def _cell(value: float) -> Cell:
    return Cell(figure(value), value if math.isfinite(value) else float("nan"))
