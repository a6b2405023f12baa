"""The row that is to be labelled: its text, large, and what the model takes it for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from workbench.data.suggest import counted
from workbench.gui.data.row_view import READ
from workbench.gui.table_model import grouped, one_line
from workbench.gui.theme import FONT_HEADLINE, SMALL
from workbench.gui.widgets import Badge, Card, Label, Muted, explain_widget, row

_WIDEST = 780  # pixels; longer lines are tiring to read


class LabelCard(Card):
    """A text to read at ease. It never takes the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self.number = Muted("", wrap=False)
        self.state = Badge("", "accent")
        self.guess = Label("")
        self.length = Muted("", wrap=False)
        self.reading = QPlainTextEdit()
        self.reading.setReadOnly(True)
        self.reading.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.reading.setProperty("role", "plain")
        self.reading.document().setDocumentMargin(0)
        self.reading.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.reading.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.reading.setMaximumWidth(_WIDEST)
        font = self.reading.font()
        font.setPixelSize(FONT_HEADLINE - 2)
        self.reading.setFont(font)
        explain_widget(self.reading, "", self.tr("Text to label"))
        self.add(row(self.number, self.state, None, self.guess, None, self.length))
        middle = QWidget()
        layout = QHBoxLayout(middle)
        layout.setContentsMargins(0, SMALL, 0, 0)
        layout.addWidget(self.reading, 100)
        layout.addStretch(1)
        self.add(middle, 1)

    def show_row(self, number: int, text: str, given: str | None) -> None:
        """Show a row by its number in the file, its text, and the label that it has."""
        self.number.setText(self.tr("Row {0}").format(grouped(number)))
        self.state.setVisible(given is not None)
        shown = one_line(given or "")[:60]
        self.state.setText(shown)
        self.state.setToolTip(given or "")
        if self.reading.toPlainText() != text[:READ]:
            self.reading.setPlainText(text[:READ])
        whole = counted(len(text), "character")
        first = self.tr("{0}, the first {1} shown").format(whole, grouped(READ))
        self.length.setText(first if len(text) > READ else whole)

    def show_guess(self, name: str, probability: float) -> None:
        """Say what the model takes the row for; an empty name says nothing."""
        said = self.tr("The model says {0} ({1:.0f} %); Enter agrees").format(
            one_line(name)[:40], 100 * probability
        )
        self.guess.setText(said if name else "")

    def turn_page(self, by: int) -> None:
        """Scroll a long text."""
        bar = self.reading.verticalScrollBar()
        bar.setValue(bar.value() + by * bar.pageStep())
