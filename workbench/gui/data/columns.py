"""What is read as what: the choosers of columns, and how the file itself is read."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QSizePolicy, QWidget

from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, FoldSection, Label, Muted, Segmented, explain_widget, restyle, row

ENCODINGS = (
    "utf-8", "utf-16", "cp1252", "latin-1", "cp1251", "koi8-r", "gb18030", "shift_jis", "euc_jp", "euc_kr",
)  # fmt: skip


def quiet_combo(name: str) -> QComboBox:
    """A combo box that fits into a narrow column and tells screen readers what it is."""
    combo = QComboBox()
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    combo.setAccessibleName(name)
    return combo


def _fitting_combo(name: str, help: str, choices: Sequence[tuple[str, str]]) -> QComboBox:
    """A combo box that is as wide as it must be, with what is shown for each value."""
    combo = quiet_combo(name)
    combo.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    for shown, value in choices:
        combo.addItem(shown, value)
    explain_widget(combo, help, name)
    return combo


class ColumnsCard(Card):
    """Which column is the text and which the label; an unnamed one is guessed, and says why."""

    picked = Signal(str, str)  # recipe field, column ("" to guess)

    def __init__(self) -> None:
        super().__init__(self.tr("Columns"))
        grid = QWidget()
        layout = QGridLayout(grid)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.setColumnStretch(1, 1)
        self.text = quiet_combo(self.tr("Text column"))
        self.label = quiet_combo(self.tr("Label column"))
        self._label_name = Label(self.tr("Label"))
        for line, (name, combo, field) in enumerate(
            (
                (Label(self.tr("Text")), self.text, "data.text"),
                (self._label_name, self.label, "data.label"),
            )
        ):
            name.setBuddy(combo)
            layout.addWidget(name, line, 0)
            layout.addWidget(combo, line, 1)
            combo.activated.connect(lambda _, c=combo, f=field: self.picked.emit(f, str(c.currentData())))
        self.add(grid)
        self.hint = Muted()
        self.add(self.hint)

    def show_columns(
        self, columns: Sequence[str], text: tuple[str, str], label: tuple[str, str], reasons: Sequence[str]
    ) -> None:
        """Show the choice.

        Args:
            columns: All columns.
            text: The column that the person named ("" for none), and the one in use.
            label: The same for the label.
            reasons: Why columns were guessed; a reason names its column in “”.
        """
        for combo, (named, used), help in (
            (self.text, text, self.tr("The column that the model reads.")),
            (self.label, label, self.tr("The column that the model learns to predict.")),
        ):
            first = self.tr("{0}  (guessed)").format(used) if used else self.tr("None found")
            _fill(combo, columns, named, used, self.tr("Guess") if named else first)
            why = next((r for r in reasons if not named and used and f"“{used}”" in r), "")
            explain_widget(combo, f"{help} {why}".strip(), combo.accessibleName())

    def show_label_used(self, used: bool, hint: str = "") -> None:
        """Offer a label only where the task has one."""
        self.label.setVisible(used)
        self._label_name.setVisible(used)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))

    def show_wrong(self, field: str) -> None:
        """Mark the chooser of a recipe field, or none."""
        restyle(self.text, invalid=field == "data.text")
        restyle(self.label, invalid=field == "data.label")


def _fill(combo: QComboBox, columns: Sequence[str], named: str, used: str, first: str) -> None:
    """Offer to guess, then the columns; a guessed one is not offered twice."""
    rows = [(first, "")]
    rows += [(name, name) for name in columns if named or name != used]
    if named and named not in columns:
        rows.append((named, named))
    if rows == [(combo.itemText(i), combo.itemData(i)) for i in range(combo.count())]:
        combo.setCurrentIndex(combo.findData(named))
        return
    combo.blockSignals(True)
    combo.clear()
    for shown, value in rows:
        combo.addItem(shown, value)
    combo.setCurrentIndex(combo.findData(named))
    combo.blockSignals(False)


class ReadingOptions(FoldSection):
    """How the file is read: header row, encoding, delimiter, part; folded, since all of it is found out."""

    picked = Signal(str, str)  # recipe field, value

    def __init__(self) -> None:
        super().__init__(self.tr("Reading the file"))
        self._records = ""
        explain_widget(
            self.switch, self.tr("Header row, encoding, delimiter, and which part of the file."),
            self.tr("Reading the file"),
        )  # fmt: skip
        self.header = self._header()
        self.encoding = _fitting_combo(
            self.tr("Encoding"),
            self.tr("How the characters of the file are stored. Detect is right for most files."),
            ((self.tr("Detect"), ""), *((name, name) for name in ENCODINGS)),
        )
        self.delimiter = _fitting_combo(
            self.tr("Delimiter"),
            self.tr("What stands between two fields of a text file."),
            (
                (self.tr("Find"), ""), (self.tr("Comma"), ","), (self.tr("Semicolon"), ";"),
                (self.tr("Tab"), "tab"), (self.tr("Bar |"), "|"), (self.tr("Space"), "space"),
            ),
        )  # fmt: skip
        self.part = self._part()
        gap = 2 * SMALL
        header, encoding = Label(self.tr("Header row")), Label(self.tr("Encoding"))
        self.add(
            row(Label(self.tr("Delimiter")), self.delimiter, gap, Label(self.tr("Part")), self.part, None)
        )
        self.add(row(header, self.header, gap, encoding, self.encoding, None))
        self.header.chosen.connect(lambda key: self.picked.emit("data.header", key))
        for combo, path in ((self.encoding, "data.encoding"), (self.delimiter, "data.delimiter")):
            combo.activated.connect(lambda _, c=combo, p=path: self.picked.emit(p, str(c.currentData())))
        self.part.editingFinished.connect(self._part_changed)

    def _header(self) -> Segmented:
        guess = self.tr("Look at the first row to see whether it names the columns.")
        return Segmented(
            (
                ("auto", self.tr("Guess"), "", guess),
                ("yes", self.tr("Yes"), "", self.tr("The first row names the columns.")),
                ("no", self.tr("No"), "", self.tr("The first row is data.")),
            ),
            self.tr("Header row"),
        )

    def _part(self) -> QLineEdit:
        line = QLineEdit()
        line.setPlaceholderText(self.tr("found by itself"))
        line.setMinimumWidth(140)
        explain_widget(
            line,
            self.tr("The sheet of a workbook, the path to a list in JSON, or the member of an archive."),
            self.tr("Part of the file"),
        )
        return line

    def _part_changed(self) -> None:
        if self.part.text() != self._records:
            self.picked.emit("data.records", self.part.text())

    def show_options(
        self, header: str, encoding: str, wrong: str = "", *, delimiter: str = "", records: str = ""
    ) -> None:
        """Show what is set; a problem with one of them unfolds the section."""
        if self.delimiter.findData(delimiter) < 0:
            self.delimiter.addItem(delimiter, delimiter)
        self.delimiter.setCurrentIndex(self.delimiter.findData(delimiter))
        self._records = records
        self.part.setText(records)
        self.header.choose(header)
        if self.encoding.findData(encoding) < 0:
            self.encoding.addItem(encoding, encoding)
        self.encoding.setCurrentIndex(self.encoding.findData(encoding))
        restyle(self.encoding, invalid=wrong == "data.encoding")
        restyle(self.part, invalid=wrong == "data.records")
        restyle(self.delimiter, invalid=wrong == "data.delimiter")
        if wrong in ("data.encoding", "data.header", "data.delimiter", "data.records"):
            self.set_open(True)
