"""The ranges of a search, and a button that adds one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from workbench.gui.search.range_row import RangeRow
from workbench.gui.search.searchable import searchable, sensible
from workbench.gui.widgets import GhostButton
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.search_ranges import Range


class RangeList(QWidget):
    """All ranges, and a button that adds one."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[RangeRow] = []
        self.recipe = Recipe()
        self.add = GhostButton(
            self.tr("Add a field"), "plus", help=self.tr("Let another field of the recipe vary.")
        )
        self._menu = QMenu(self.add)
        self._menu.aboutToShow.connect(self._fill)
        self._menu.setToolTipsVisible(True)
        self.add.setMenu(self._menu)
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        self._lines.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)

    def show_ranges(self, recipe: Recipe, ranges: Sequence[Range]) -> None:
        """Show these ranges of a recipe's fields."""
        self.recipe = recipe
        for line in list(self.rows):
            self._remove(line)
        for one in ranges:
            self.add_range(one)

    def add_range(self, given: Range) -> RangeRow:
        """Put a range below the others."""
        line = RangeRow(given)
        line.edited.connect(self.edited)
        line.removed.connect(lambda: self._remove(line))
        self.rows.append(line)
        self._lines.insertWidget(len(self.rows) - 1, line)
        self.edited.emit()
        return line

    def _remove(self, line: RangeRow) -> None:
        self.rows.remove(line)
        line.hide()
        line.deleteLater()
        self.edited.emit()

    def ranges(self) -> tuple[Range, ...] | None:
        """What is set; None while something is wrong, which its row then says."""
        found: list[Range] = []
        wrong = False
        for line in self.rows:
            try:
                found.append(line.range())
                line.complain(None)
            except WorkbenchError as error:
                line.complain(error.problem)
                wrong = True
        return None if wrong else tuple(found)

    def _fill(self) -> None:
        self._menu.clear()
        taken = {line.path for line in self.rows}
        rest: dict[str, QMenu] = {}
        for field in searchable():
            if field.path in taken:
                continue
            group = field.path.partition(".")[0]
            if group not in rest:
                rest[group] = self._menu.addMenu(group.capitalize())
                rest[group].setToolTipsVisible(True)
            action = rest[group].addAction(field.title)
            action.setToolTip(field.help)
            action.triggered.connect(
                lambda _=False, path=field.path: self.add_range(sensible(self.recipe, path))
            )
