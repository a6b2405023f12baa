"""Which sets of changes are tried, with how many rows, and the buttons that begin and end it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from workbench.data.perturbations import PERTURBATIONS
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import GhostButton, PrimaryButton, explain_widget, show_if

_COUNTS = ((200, "200 rows"), (500, "500 rows"), (2000, "2000 rows"), (0, "All rows"))


class FlipSets(QWidget):
    """A box for each set."""

    def __init__(self, run: Callable[[], object], stop: Callable[[], object]) -> None:
        super().__init__()
        self._busy = False
        self.boxes: dict[str, QCheckBox] = {}
        for one in PERTURBATIONS:
            box = self.boxes[one.name] = QCheckBox(self.tr(one.title))
            box.setChecked(True)
            more = "" if one.meaning == "same" else self.tr(" A flip may be right.")
            explain_widget(box, self.tr(one.help) + more, self.tr(one.title))
            box.toggled.connect(lambda _: self._say_ready())
        self.most = QComboBox()
        for count, words in _COUNTS:
            self.most.addItem(self.tr(words), count)
        self.most.setCurrentIndex(1)
        explain_widget(
            self.most, self.tr("How many rows are tried, evenly from all; more make the intervals narrower."),
            self.tr("Rows to try"),
        )  # fmt: skip
        self.start = PrimaryButton(
            self.tr("Try"), "play", help=self.tr("Change the texts and ask the model again."), on_click=run
        )
        self.cancel = GhostButton(self.tr("Cancel"), "close", help=self.tr("Stop trying."), on_click=stop)
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        grid = QGridLayout()
        grid.setHorizontalSpacing(MEDIUM)
        grid.setVerticalSpacing(SMALL // 2)
        for number, box in enumerate(self.boxes.values()):
            grid.addWidget(box, number // 2, number % 2)
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(self.most, 1)
        line.addWidget(self.start)
        line.addWidget(self.cancel)
        layout.addLayout(grid)
        layout.addLayout(line)
        self.cancel.hide()

    def chosen(self) -> tuple[str, ...]:
        """The names of the sets that are to be tried."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    def rows(self) -> int:
        """How many rows are to be tried; 0 for all."""
        return int(self.most.currentData())

    def show_busy(self, busy: bool) -> None:
        """Offer to begin, or to stop."""
        self._busy = busy
        show_if(self.cancel, busy)
        show_if(self.start, not busy)
        self._say_ready()

    def _say_ready(self) -> None:
        able = bool(self.chosen())
        self.start.setEnabled(not self._busy and able)
        self.start.setToolTip(self.start.accessibleDescription() if able else self.tr("Choose a set first."))
