"""Lists within a form: names to tick, and names that are to be called otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.gui.theme import CONTROL_HEIGHT, SMALL, TINY
from workbench.gui.widgets import ElidedLabel, Muted, explain_widget, scrolled, show_if

_ROWS = 7  # of a list before it scrolls
_PAIRS = 100  # names that get a line; each costs half a millisecond


class TickList(QListWidget):
    """Names to tick; as high as it needs to be, up to seven."""

    changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "ticks")
        self.setAccessibleName(name)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.itemChanged.connect(lambda _: self.changed.emit())

    def offer(self, names: Sequence[str]) -> None:
        """Offer these, and keep none ticked."""
        self.blockSignals(True)
        self.clear()
        for name in names:
            self._add(name, on=False)
        self.blockSignals(False)
        self._fit()

    def tick(self, names: Any) -> None:
        """Tick these and no others; one that is not offered is added."""
        self.blockSignals(True)
        wanted = list(map(str, names or ()))
        there = set()
        for item in self._items():
            there.add(item.text())
            item.setCheckState(_state(item.text() in wanted))
        for name in wanted:
            if name not in there:
                self._add(name, on=True)
        self.blockSignals(False)
        self._fit()

    def ticked(self) -> list[str]:
        """What is ticked, in the order of the list."""
        return [item.text() for item in self._items() if item.checkState() == Qt.CheckState.Checked]

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(place) for place in range(self.count())]

    def _add(self, name: str, *, on: bool) -> None:
        item = QListWidgetItem(name, self)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(_state(on))
        item.setToolTip(name)

    def _fit(self) -> None:
        rows = min(max(1, self.count()), _ROWS)
        self.setFixedHeight(rows * max(24, self.sizeHintForRow(0)) + 2 * TINY + 2)


def _state(on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked


class NameGrid(QWidget):
    """Names at the left, what they are to be called at the right; an empty line leaves a name as it is."""

    changed = Signal()

    def __init__(self, title: str, names: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self.lines: dict[str, QLineEdit] = {}
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SMALL)
        self._grid.setVerticalSpacing(TINY)
        self._grid.setColumnStretch(0, 4)
        self._grid.setColumnStretch(1, 5)
        self._area = scrolled(inner)
        self._note = Muted(
            self.tr("Only the first {0} stand here; the others can be named in the recipe.").format(_PAIRS)
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TINY)
        layout.addWidget(self._area)
        layout.addWidget(self._note)
        show_if(self._note, len(names) > _PAIRS)
        for name in names[:_PAIRS]:
            self._add(name)
        self._fit()

    def show_names(self, names: Any) -> None:
        """Fill in the new names; an old one that is not listed is added."""
        for old in names or {}:
            if old not in self.lines:
                self._add(str(old))
        for old, line in self.lines.items():
            line.setText(str((names or {}).get(old, "")))
        self._fit()

    def names(self) -> dict[str, str]:
        """Old name to new one, for those that change."""
        given = {old: line.text().strip() for old, line in self.lines.items()}
        return {old: new for old, new in given.items() if new and new != old}

    def _add(self, name: str) -> None:
        place = len(self.lines)
        label, line = ElidedLabel(name), QLineEdit()
        label.setToolTip(name)
        line.setPlaceholderText(name)
        explain_widget(line, "", self.tr("{0}: new name of {1}").format(self._title, name))
        line.textEdited.connect(lambda _: self.changed.emit())
        self._grid.addWidget(label, place, 0)
        self._grid.addWidget(line, place, 1)
        self.lines[name] = line

    def _fit(self) -> None:
        rows = min(max(1, len(self.lines)), _ROWS)
        self._area.setFixedHeight(rows * (CONTROL_HEIGHT + TINY))
