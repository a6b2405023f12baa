"""One label suspect in full: its text, the given and the likely label, what both sources say, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPlainTextEdit, QSizePolicy

from workbench.gui.attention.options import captioned
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, GhostButton, Label, PrimaryButton, explain_widget, row
from workbench.run.suspects import Suspect


class SuspectCard(Card):
    """Shows the chosen suspect; `decided` tells what the person decides of it: a decision and a class, empty for the
    likely one."""

    decided = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.suspect: Suspect | None = None
        self.place = Label("", "section", wrap=True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(48)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        explain_widget(self.text, "", self.tr("The chosen row's text"))
        self.given, self.likely = Label("", "", wrap=True), Label("", "", wrap=True)
        self.margin = Label("", "caption", wrap=True)
        self.quality = Label("", "caption", wrap=True)
        self.keep = GhostButton(
            self.tr("Keep"),
            "check",
            help=self.tr(
                "The label is right (K). It is kept as given by hand, so that nobody is asked again."
            ),
            on_click=lambda: self.decided.emit("keep", ""),
        )
        self.fix = PrimaryButton(
            self.tr("Fix"),
            "pencil",
            help=self.tr("Give the row the label that is chosen above (F)."),
            on_click=self._fix,
        )
        self.drop = GhostButton(
            self.tr("Drop"),
            "trash",
            help=self.tr("Leave the row out of the training (D)."),
            on_click=lambda: self.decided.emit("drop", ""),
        )
        self.other = QComboBox()
        self.other.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.other.setMinimumContentsLength(8)
        explain_widget(
            self.other, self.tr("The label that “Fix” gives; at first the likely one."), self.tr("New label")
        )
        self._lay_out()
        self.show_suspect(None, (), "")

    def _lay_out(self) -> None:
        self.setMinimumWidth(280)
        self.add(self.place)
        self.add(self.text, 1)
        labels = row(
            captioned(self.tr("Label"), self.given), captioned(self.tr("Rather"), self.likely), spacing=SMALL
        )
        self.add(labels)
        self.add(self.margin)
        self.add(self.quality)
        self.add(captioned(self.tr("New label"), self.other))
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        for button in (self.keep, self.fix, self.drop):
            line.addWidget(button, 1)
        self.body.addLayout(line)

    def _fix(self) -> None:
        """Where several rows are chosen and no other label, each gets its own likely one."""
        label = self.other.currentText()
        self.decided.emit("fix", "" if self.suspect and label == self.suspect.likely else label)

    def show_suspect(self, suspect: Suspect | None, names: Sequence[str], told: str) -> None:
        """Show a suspect, or none; `told` says what is decided of it."""
        fresh = suspect is not self.suspect
        self.suspect = suspect
        for widget in (self.keep, self.fix, self.drop, self.other):
            widget.setEnabled(suspect is not None)
        if suspect is None:
            self.place.setText(self.tr("No row is chosen"))
            for label in (self.given, self.likely, self.margin, self.quality):
                label.setText("")
            self.text.setPlainText("")
            return
        side = self.tr("held out") if suspect.side == "held-out" else self.tr("learned from")
        where = self.tr("Row {0} ({1})").format(suspect.row + 1, side)
        self.place.setText(f"{where} · {told}" if told else where)
        self.given.setText(suspect.label)
        self.likely.setText(suspect.likely if suspect.likely != suspect.label else self.tr("no other"))
        if fresh:
            self.text.setPlainText(suspect.text)
            with QSignalBlocker(self.other):
                self.other.clear()
                self.other.addItems(list(names))
                self.other.setCurrentText(suspect.likely)
        margin, quality = suspect.margin, suspect.quality
        self.margin.setText(
            self.tr("Margin: the run has none for this row.")
            if margin is None
            else self.tr("Margin {0:+.2f}: while training, the model was surer of {1}.").format(
                margin, self.tr("another class") if margin < 0 else self.tr("the label")
            )
        )
        self.quality.setText(
            self.tr("cleanlab: {0:.1f} % for the label, by models that never saw the row.").format(
                100 * quality
            )
            if quality is not None
            else ""
        )
        self.quality.setVisible(quality is not None)
