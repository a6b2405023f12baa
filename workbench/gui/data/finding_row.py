"""A finding as a row that unfolds, and as a line among those that are ignored."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.data.card_parts import (
    Mark,
    Quote,
    RowButton,
    WrapButton,
    breakable,
    figure,
    set_words,
)
from workbench.gui.data.folding_row import FoldingRow
from workbench.gui.data.lengths import percent
from workbench.gui.theme import SMALL
from workbench.gui.widgets import GhostButton, IconButton, Label, Muted, column, explain_widget, row, show_if

if TYPE_CHECKING:
    from workbench.data.check import Finding

_EXAMPLES = 5
_INDENT = SMALL + Mark.SIZE + SMALL  # pixels: what belongs to a finding stands below its title


class FindingRow(FoldingRow):
    """One finding: its head, and below it what unfolds."""

    rows_wanted = Signal()
    fix_wanted = Signal(object)
    ignored = Signal()
    example_wanted = Signal(int)

    def __init__(self, finding: Finding, total: int) -> None:
        super().__init__(RowButton(finding.title))
        self.finding = finding
        self._total = total  # rows of the data, to say how large a share it is; 0: not known
        self._at = -1
        self.fixes: list[WrapButton] = []
        severity = {
            "error": self.tr("Stands in the way of training"),
            "warning": self.tr("Costs quality or honesty"),
            "hint": self.tr("Worth knowing"),
        }[finding.severity]
        explain_widget(self.head, severity, finding.title)
        self.head.setAccessibleDescription(f"{severity}. {finding.why}")
        self.head.put(Mark(finding.severity))
        self._title = Label(breakable(finding.title), wrap=True)
        self.head.put(self._title, 1)
        # A title that has the number already need not have it twice.
        if figure(finding.count) not in finding.title.replace(" ", "\u202f").replace(",", "\u202f"):
            self.head.put(Muted(figure(finding.count), wrap=False))
        self.head.put(self.chevron)
        self.body.addWidget(self.head)

    def show_folded(self, on: bool) -> None:
        """The title of the one that is open is set in bold."""
        set_words(self._title, "section" if on else "")

    def make_content(self) -> QWidget:
        """Why it matters, where it is, and what can be done."""
        finding = self.finding
        content = QWidget()
        body = QVBoxLayout(content)
        body.setContentsMargins(_INDENT, 0, SMALL, SMALL + 2)
        body.setSpacing(SMALL)
        self.why = Label(finding.why, wrap=True)
        body.addWidget(self.why)
        if len(finding.rows) and self._total:
            of = self.tr("{0} of {1} ({2})").format(
                figure(len(finding.rows)),
                counted(self._total, "row"),
                percent(len(finding.rows) / self._total),
            )
            body.addWidget(Muted(of))
        if finding.examples:
            body.addWidget(column(*(Quote(e) for e in finding.examples[:_EXAMPLES]), spacing=6))
        if len(finding.rows):
            body.addWidget(self._make_stepper())
        for place, fix in enumerate(finding.fixes):
            button = WrapButton(fix.title, help=self._fix_help(len(fix.steps)), primary=not place)
            button.clicked.connect(partial(self._fix, place))
            self.fixes.append(button)
            body.addWidget(button)
        body.addWidget(self._make_actions())
        return content

    def _make_stepper(self) -> QWidget:
        """Walks through the rows, one after the other."""
        self.place = Muted(self._place_words(), wrap=False)
        self.previous = IconButton(
            "chevron-left", self.tr("Row before"), self.tr("Show the row before in the table."),
            on_click=lambda: self._walk(-1),
        )  # fmt: skip
        self.next = IconButton(
            "chevron-right", self.tr("Next row"), self.tr("Show the next of these rows in the table."),
            on_click=lambda: self._walk(1),
        )  # fmt: skip
        self.previous.setEnabled(False)
        return row(self.place, None, self.previous, self.next, spacing=2)

    def _place_words(self) -> str:
        rows = len(self.finding.rows)
        if self._at < 0:
            return self.tr("Step through {0}").format(counted(rows, "row"))
        return self.tr("{0} of {1}").format(figure(self._at + 1), figure(rows))

    def _walk(self, step: int) -> None:
        last = len(self.finding.rows) - 1
        self._at = min(max(self._at + step, 0), last)
        self.place.setText(self._place_words())
        self.previous.setEnabled(self._at > 0)
        self.next.setEnabled(self._at < last)
        self.example_wanted.emit(self._at)

    def _make_actions(self) -> QWidget:
        self.show_rows = GhostButton(
            self.tr("Show rows"), help=self.tr("Show only these rows in the table."),
            on_click=self.rows_wanted.emit,
        )  # fmt: skip
        show_if(self.show_rows, bool(len(self.finding.rows)))
        self.ignore = GhostButton(
            self.tr("Ignore"),
            help=self.tr("Do not list this for this data. It can be brought back from the end of the list."),
            on_click=self.ignored.emit,
        )
        return row(self.show_rows, self.ignore, None)

    def _fix_help(self, steps: int) -> str:
        return self.tr(
            "Adds {0} to the recipe. The file stays as it is, and the step can be taken out."
        ).format(counted(steps, "step"))

    def _fix(self, place: int) -> None:
        self.fix_wanted.emit(self.finding.fixes[place])


class IgnoredRow(QWidget):
    """A finding that is ignored, and the way back."""

    restored = Signal(object)  # the name of the Finding

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.back = IconButton(
            "undo",
            self.tr("Bring back: {0}").format(finding.title),
            on_click=lambda: self.restored.emit(finding.name),
        )
        self.back.setObjectName("/".join(part for part in finding.name if part))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SMALL, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(Muted(breakable(finding.title)), 1)
        layout.addWidget(self.back, 0, Qt.AlignmentFlag.AlignTop)
