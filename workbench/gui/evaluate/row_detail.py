"""One evaluated row in full: its text, and how probable each class is."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtWidgets import (
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.evaluate.board import Board
from workbench.gui.probabilities import ProbabilityBars
from workbench.gui.table_model import one_line
from workbench.gui.theme import SMALL
from workbench.gui.widgets import (
    Label,
    explain_widget,
)

Index = QModelIndex | QPersistentModelIndex


class Detail(QWidget):
    """The chosen row in full: its text and the probability of each class."""

    def __init__(self) -> None:
        super().__init__()
        self.title = Label("", "section", wrap=True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(64)
        # It takes what is left, and asks for nothing.
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        explain_widget(self.text, "", self.tr("The chosen row's text"))
        self.bars = ProbabilityBars(limit=5)
        self.other = Label("", "caption", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SMALL, SMALL, SMALL, SMALL)
        layout.setSpacing(SMALL)
        layout.addWidget(self.title)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.bars)
        layout.addWidget(self.other)
        self.setMinimumWidth(220)

    def show_row(self, board: Board, place: int) -> None:
        """Show a row of the evaluation; -1 for none."""
        found = board.evaluated
        if found is None or place < 0:
            self.title.setText(self.tr("Choose a row to read it whole."))
            self.text.clear()
            self.bars.show_rows(())
            self.other.clear()
            return
        scores = found.rows
        names, said = scores.names, scores.probabilities[place]
        order = (-said).argsort()
        if scores.true is None:
            self.title.setText(self.tr("Taken for “{0}”").format(names[scores.predicted[place]]))
        elif scores.predicted[place] == scores.true[place]:
            self.title.setText(self.tr("Rightly “{0}”").format(names[scores.true[place]]))
        else:
            self.title.setText(
                self.tr("“{0}” taken for “{1}”").format(
                    names[scores.true[place]], names[scores.predicted[place]]
                )
            )
        self.text.setPlainText(scores.texts[place])
        self.bars.show_rows([(names[i], float(said[i])) for i in order])
        more = [f"{name}: {values[place]}" for name, values in scores.metadata.items() if values[place]]
        if found.against is not None:
            other = int(found.against.predicted[place])
            name = names[other] if other >= 0 else self.tr("a class of its own")
            more.insert(
                0,
                self.tr("{0}: “{1}”, {2:.0f} %").format(
                    found.against.model, name, 100 * found.against.sureness[place]
                ),
            )
        self.other.setText("\n".join(one_line(part)[:160] for part in more[:6]))
