"""One group of recipe fields that unfolds: its head with title, line and badges, and the grid of its fields."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from workbench.gui.icons import keep_icon
from workbench.gui.recipe_form import FieldEdit
from workbench.gui.recipe_groups import Group
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY
from workbench.gui.widgets import Badge, ElidedLabel, Rule, explain_widget
from workbench.run.recipe_files import FieldRow

COLUMN = 176  # pixels that a field needs
LEFT = 28  # pixels by which fields stand in from their group's title


class FieldGrid(QWidget):
    """Fields in as many columns as there is room for, all of one width; hidden ones leave no gap."""

    def __init__(self) -> None:
        super().__init__()
        self._edits: tuple[FieldEdit, ...] = ()
        self._shown: tuple[FieldEdit, ...] = ()
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(MEDIUM)
        self._grid.setVerticalSpacing(SMALL + TINY)

    def take(self, edits: Sequence[FieldEdit]) -> None:
        """Hold these fields; none is shown yet."""
        self._edits = tuple(edits)
        for edit in edits:
            edit.setParent(self)
            edit.hide()

    def show_only(self, edits: Sequence[FieldEdit]) -> None:
        """Show these fields, in their order."""
        if tuple(edits) != self._shown:
            self._shown = tuple(edits)
            self._place()

    def minimumSizeHint(self) -> QSize:
        """One column; the layout would ask for as many as there are now."""
        return QSize(COLUMN, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More room, more columns."""
        super().resizeEvent(event)
        if self._fitting() != self._columns:
            self._place()
        self._widen()

    def _fitting(self) -> int:
        return max(1, (self.width() + MEDIUM) // (COLUMN + MEDIUM))

    def _place(self) -> None:
        before, self._columns = self._columns, self._fitting()
        for edit in self._edits:
            self._grid.removeWidget(edit)
            edit.setVisible(edit in self._shown)
        self._grid.setColumnStretch(before, 0)
        self._grid.setColumnStretch(self._columns, 1)
        for place, edit in enumerate(self._shown):
            self._grid.addWidget(edit, place // self._columns, place % self._columns)
        self._widen()

    def _widen(self) -> None:
        width = max(COLUMN, (self.width() - (self._columns - 1) * MEDIUM) // max(1, self._columns))
        for edit in self._edits:
            edit.setFixedWidth(width)


class GroupSection(QWidget):
    """One group: its title with a line, badges for what differs and what is wrong, and its fields, which are
    made when they are first wanted."""

    wanted = Signal()  # it is unfolded, and its fields have to be there

    def __init__(self, group: Group, rows: Sequence[FieldRow], aside: QWidget | None = None) -> None:
        super().__init__()
        self.group = group
        self.rows = tuple(rows)
        self.edits: dict[str, FieldEdit] = {}
        self.aside = aside
        self.switch = QToolButton()
        self.switch.setText(self.tr(group.title))
        self.switch.setProperty("role", "fold")
        self.switch.setProperty("strong", "true")
        self.switch.setCheckable(True)
        self.switch.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.switch.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        explain_widget(self.switch, self.tr(group.line), self.tr(group.title))
        self.line = ElidedLabel(self.tr(group.line), "muted")
        self.wrong, self.differs = Badge("", "bad"), Badge("", "accent")
        self.grid = FieldGrid()
        self.content = QWidget()
        inner = QHBoxLayout(self.content)
        inner.setContentsMargins(LEFT, TINY, 0, MEDIUM)
        inner.setSpacing(LARGE)
        inner.addWidget(self.grid, 3, Qt.AlignmentFlag.AlignTop)
        if aside is not None:
            inner.addWidget(aside, 2, Qt.AlignmentFlag.AlignTop)
        head = QHBoxLayout()
        head.setSpacing(SMALL)
        head.addWidget(self.switch)
        head.addWidget(self.line, 1)
        head.addWidget(self.wrong)
        head.addWidget(self.differs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, TINY, 0, 0)
        layout.setSpacing(TINY)
        layout.addLayout(head)
        layout.addWidget(self.content)
        layout.addWidget(Rule())
        self.switch.toggled.connect(self._fold)
        self._fold(False)

    def make_edits(self) -> list[FieldEdit]:
        """Make the fields; the caller shows their values."""
        made = [FieldEdit(field, roomy=True, resettable=True) for field in self.rows]
        self.edits = {edit.field.path: edit for edit in made}
        self.grid.take(made)
        return made

    def is_open(self) -> bool:
        """Whether the fields show."""
        return self.switch.isChecked()

    def set_open(self, on: bool) -> None:
        """Fold or unfold."""
        self.switch.setChecked(on)

    def show_state(self, shown: Sequence[FieldRow], wrong: int, differs: int) -> None:
        """Show these fields, and the counts of wrong and changed ones."""
        if self.edits:
            self.grid.show_only([self.edits[row.path] for row in shown])
        self.wrong.setVisible(wrong > 0)
        self.wrong.show_status(self.tr("● {0} to mend").format(wrong), "bad")
        self.differs.setVisible(differs > 0)
        self.differs.show_status(self.tr("{0} changed").format(differs), "accent")
        said = self.tr(self.group.line)
        if wrong:
            said = f"{self.wrong.text().removeprefix('● ')}. {said}"
        explain_widget(self.switch, said, self.tr(self.group.title))

    def _fold(self, on: bool) -> None:
        if on and not self.edits:
            self.wanted.emit()
        self.content.setVisible(on)
        keep_icon(self.switch, "chevron-down" if on else "chevron-right", "muted")
