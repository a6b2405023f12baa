"""All kinds of steps under their headings, each with what it does, and a line to find one by its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from workbench.data.step import Group, Step, all_steps
from workbench.gui.data.card_parts import RowButton, breakable
from workbench.gui.theme import SMALL, TINY
from workbench.gui.widgets import IconButton, Label, Muted, Title, column, explain_widget, row, show_if


class StepChooser(QWidget):
    """Offers every kind of step; `chosen` tells the kind, `left` that none is wanted."""

    chosen = Signal(str)
    left = Signal()

    def __init__(self, steps: Mapping[str, type[Step]] | None = None) -> None:
        super().__init__()
        self.buttons: dict[str, RowButton] = {}
        self._headings: list[tuple[Label, tuple[str, ...]]] = []
        self._words: dict[str, str] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a step"))
        self.search.setClearButtonEnabled(True)
        explain_widget(self.search, "", self.tr("Find a step by its words"))
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._take_first)
        self.back = IconButton("chevron-left", self.tr("Back to the steps"), on_click=self.left.emit)
        self.none = Muted(self.tr("No step has these words."))
        self.none.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TINY)
        layout.addWidget(row(self.back, Title(self.tr("Add a step")), None))
        found = column(self.search, self.none)
        found.setContentsMargins(SMALL, 0, SMALL, 0)
        layout.addWidget(found)
        known = all_steps() if steps is None else steps
        for group in get_args(Group):
            kinds = sorted((s for s in known.values() if s.group == group), key=lambda s: s.title)
            if kinds:
                heading = Label(group[:1].upper() + group[1:], "caption")
                heading.setContentsMargins(SMALL, SMALL, 0, 0)
                self._headings.append((heading, tuple(step.kind for step in kinds)))
                layout.addWidget(heading)
            for step in kinds:
                layout.addWidget(self._make(step))

    def _make(self, step: type[Step]) -> RowButton:
        button = self.buttons[step.kind] = RowButton(step.title, step.help)
        words = column(
            Label(step.title, wrap=True), Label(breakable(step.help), "caption", wrap=True), spacing=2
        )
        button.put(words, 1)
        button.clicked.connect(lambda: self.chosen.emit(step.kind))
        button.stepped.connect(lambda by: self._walk(button, by))
        self._words[step.kind] = f"{step.title} {step.help} {step.kind} {step.group}".casefold()
        return button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves; Down goes from the line into the list."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus() and self._visible():
            self._visible()[0].step_here()
        else:
            super().keyPressEvent(event)

    def start(self) -> None:
        """Begin anew, with the cursor in the line."""
        self.search.clear()
        self.search.setFocus()

    def _visible(self) -> list[RowButton]:
        return [button for button in self.buttons.values() if not button.isHidden()]

    def _walk(self, button: RowButton, by: int) -> None:
        shown = self._visible()
        place = shown.index(button) + by
        if place < 0:
            self.search.setFocus()
        elif place < len(shown):
            shown[place].step_here()

    def _filter(self, text: str) -> None:
        wanted = text.casefold().split()
        for kind, button in self.buttons.items():
            show_if(button, all(word in self._words[kind] for word in wanted))
        for heading, kinds in self._headings:
            show_if(heading, any(not self.buttons[kind].isHidden() for kind in kinds))
        show_if(self.none, not self._visible())

    def _take_first(self) -> None:
        if self.search.text().strip() and self._visible():
            self._visible()[0].click()
