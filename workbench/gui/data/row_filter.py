"""The bar above the rows: looking for a text, how often it was found, and which finding's rows are shown."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.icons import icon
from workbench.gui.table_model import grouped
from workbench.gui.theme import SMALL, TINY, theme
from workbench.gui.widgets import IconButton, Label, Muted, Segmented, explain_widget, restyle, row
from workbench.gui.widgets.labels import ElidedLabel
from workbench.run.problem import Problem

_PAUSE = 250  # milliseconds after the last key before the search begins


class Chip(QFrame):
    """Which rows are shown, with a cross that shows all."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "chip")
        self.words = ElidedLabel("")
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.cross = IconButton("close", self.tr("Show all rows"), on_click=self.closed.emit, size=22)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SMALL, 0, 2, 0)
        layout.setSpacing(TINY)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.cross)
        self.setFixedHeight(28)
        self.hide()

    def show_words(self, words: str) -> None:
        """Name what is shown; nothing hides the chip."""
        self.words.setText(words)
        self.words.setToolTip(words)
        self.words.setMinimumWidth(min(520, self.words.fontMetrics().horizontalAdvance(words) + 2))
        self.setVisible(bool(words))


class RowFilter(QWidget):
    """Says what is looked for; finding it is somebody else's work, and `show_count` takes the answer."""

    search_wanted = Signal(str, bool, bool)  # text ("" for nothing), regular expression, only rows with a hit
    all_wanted = Signal()  # the rows of a finding are no longer to be shown alone
    step_wanted = Signal(int)  # to the next hit, or to the one before (-1)
    left = Signal()  # the keyboard goes back to the rows

    def __init__(self) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Search rows"))
        self.field.setClearButtonEnabled(True)
        self.field.setMinimumWidth(120)
        self.field.setMaximumWidth(340)
        self._magnifier = self.field.addAction(
            icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        theme().changed.connect(self._redraw)
        explain_widget(
            self.field,
            self.tr(
                "Looks in every column, at what you changed as it is now (Ctrl+F). Capitals do not matter."
            ),
            self.tr("Search rows"),
        )
        self.kind = Segmented(
            (
                ("text", self.tr("Text"), "", self.tr("Find the text as it is written.")),
                ("regex", ".*", "", self.tr("Find a regular expression, such as ^the|end$.")),
            ),
            self.tr("What is looked for"),
        )
        self.only = Segmented(
            (
                (
                    "hits",
                    self.tr("Hits"),
                    "",
                    self.tr("Show only the rows in which something was found."),
                ),
                ("all", self.tr("All"), "", self.tr("Show all rows, and mark those with a hit.")),
            ),
            self.tr("Which rows"),
        )
        self.count = Muted("", wrap=False)
        self.count.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.back = IconButton(
            "arrow-up", self.tr("Previous hit"), "Shift+F3", on_click=lambda: self._step(-1)
        )
        self.on = IconButton("arrow-down", self.tr("Next hit"), "F3", on_click=lambda: self._step(1))
        self.chip = Chip()
        self.complaint = Label("", "complaint", wrap=True)
        self.complaint.hide()
        self._hits = row(self.count, self.back, self.on, TINY, self.only, spacing=TINY)
        self._hits.hide()
        self._total = self._found = 0
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._lay_out()
        # What is found may be told at length; a narrow window must not be held open by it.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._connect()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.field, 2)
        line.addWidget(self.kind)
        line.addStretch(0)
        line.addWidget(self._hits)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SMALL, SMALL, SMALL, SMALL)
        layout.setSpacing(TINY)
        layout.addLayout(line)
        layout.addWidget(self.complaint)
        layout.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignLeft)

    def _connect(self) -> None:
        self.field.textChanged.connect(lambda _: self._pause.start())
        self.field.installEventFilter(self)
        self._pause.timeout.connect(self._search)
        self.kind.chosen.connect(self._again)
        self.only.chosen.connect(self._again)
        self.chip.closed.connect(self._show_all)

    def keep_keys(self, owner: QWidget) -> None:
        """Let Ctrl+F, F3 and Shift+F3 work everywhere within a widget."""
        for keys, act in (
            ("Ctrl+F", self.focus),
            ("F3", lambda: self._step(1)),
            ("Shift+F3", lambda: self._step(-1)),
        ):
            QShortcut(QKeySequence(keys), owner, act, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def focus(self) -> None:
        """Give the field the keyboard."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def clear(self) -> None:
        """Look for nothing and show no finding, without signals; for other data."""
        self.field.blockSignals(True)
        self.field.clear()
        self.field.blockSignals(False)
        self._pause.stop()
        self.chip.show_words("")
        self._say_nothing()

    # ---- answers

    def show_finding(self, words: str) -> None:
        """Name the finding whose rows are shown; nothing for all rows."""
        self.chip.show_words(words)

    def show_busy(self) -> None:
        """Say that the search is under way."""
        if self.field.text():
            self._hits.show()
            self.count.setText(self.tr("searching…"))
        self._complain(None)

    def show_count(self, found: int | None, of: int) -> None:
        """Say how many of how many rows have a hit; None where nothing is looked for."""
        if found is None:
            self._say_nothing()
            return
        self._found, self._total = found, of
        self._hits.show()
        self._complain(None)
        self.show_at(None)
        for button in (self.back, self.on):
            button.setEnabled(found > 0)

    def show_at(self, place: int | None) -> None:
        """Say which of the hits is chosen, counted from 0."""
        if self._hits.isHidden():
            return
        figures = self.tr("{0} of {1}").format(grouped(self._found), grouped(self._total))
        at = self.tr("{0} / ").format(grouped(place + 1)) if place is not None else ""
        self.count.setText(
            f"{at}{figures}" if self._found else self.tr("no row of {0}").format(grouped(self._total))
        )
        spoken = self.tr("{0} of {1} rows have a hit").format(self._found, self._total)
        self.count.setToolTip(spoken)
        self.count.setAccessibleName(spoken)

    def show_problem(self, problem: Problem | None) -> None:
        """Say what is wrong with what was typed."""
        self._hits.hide()
        self._complain(problem)

    def show_refusal(self, problem: Problem) -> None:
        """Say why something cannot be done to rows; what was typed is not to blame."""
        self._complain(problem)
        self.complaint.setText(str(problem))
        restyle(self.field, invalid=False)

    # ---- inside

    def _complain(self, problem: Problem | None) -> None:
        words = " ".join((problem.title, problem.cause)) if problem else ""
        self.complaint.setText(words)
        self.complaint.setToolTip(problem.remedy if problem else "")
        self.complaint.setVisible(problem is not None)
        restyle(self.field, invalid=problem is not None)

    def _say_nothing(self) -> None:
        self._hits.hide()
        self._complain(None)

    def _search(self) -> None:
        self._pause.stop()
        regex, only = self.kind.current() == "regex", self.only.current() == "hits"
        self.search_wanted.emit(self.field.text(), regex, only)

    def _again(self) -> None:
        if self.field.text():
            self._search()

    def _show_all(self) -> None:
        self.chip.show_words("")
        self.all_wanted.emit()

    def _step(self, by: int) -> None:
        if self._pause.isActive():
            self._search()
        elif not self._hits.isHidden() and self._found:
            self.step_wanted.emit(by)

    def _redraw(self) -> None:
        self._magnifier.setIcon(icon("search", "muted"))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Enter goes to the next hit, Shift+Enter back, Escape empties the field, Down goes to the rows."""
        if (
            watched is not self.field
            or not isinstance(event, QKeyEvent)
            or event.type() != QEvent.Type.KeyPress
        ):
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
            return True
        if event.key() == Qt.Key.Key_Escape and self.field.text():
            self.field.clear()
            self._search()
            return True
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Escape):
            self.left.emit()
            return True
        return False
