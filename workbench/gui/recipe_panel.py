"""The panel of all other recipe fields: groups that unfold, a search line, and what differs from the defaults."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.recipe_form import FieldSet
from workbench.gui.recipe_groups import GROUPS, QUICK_FIELDS, group_fields, matches
from workbench.gui.recipe_section import GroupSection
from workbench.gui.schedule_curve import ScheduleCurve
from workbench.gui.theme import MEDIUM, SMALL, TINY
from workbench.gui.widgets import (
    EmptyState,
    GhostButton,
    IconButton,
    Muted,
    Title,
    explain_widget,
    restyle,
    scrolled,
)
from workbench.gui.workspace import Workspace
from workbench.run.field_needs import why_not
from workbench.run.recipe_files import changed, recipe_fields

OPEN_AT_FIRST = ("rate",)
PAUSE_MS = 40  # between two groups whose fields are made


class RecipePanel(QFrame):
    """Lies over the pages, below the recipe bar, while it is unfolded."""

    closed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self._workspace = workspace
        self._covered: QWidget | None = None
        self._open = dict.fromkeys((group.key for group in GROUPS), False)  # as it was before a search
        self._before: QWidget | None = None  # where Tab comes from
        self.groups: dict[str, GroupSection] = {}
        for group in GROUPS:
            aside = ScheduleCurve(workspace) if group.key == "rate" else None
            section = GroupSection(group, group_fields()[group.key], aside)
            section.wanted.connect(lambda section=section: self._make(section))
            self.groups[group.key] = section
        self.fields = FieldSet(workspace, [])
        self._lay_out()
        for key in OPEN_AT_FIRST:
            self.groups[key].set_open(True)
        # All fields at once would hold the window for a quarter of a second: the others follow one by one.
        self._making = QTimer(self)
        self._making.setInterval(PAUSE_MS)
        self._making.timeout.connect(self._make_next)
        self._making.start()
        close = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        close.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        close.activated.connect(self._escape)
        self.refresh()

    def _lay_out(self) -> None:
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a field"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(220)
        explain_widget(
            self.search,
            self.tr("Shows the fields that have these words in title or help."),
            self.tr("Find a field"),
        )
        self.search.textChanged.connect(self._searched)
        self.summary = Muted("", wrap=False)
        self.all_back = GhostButton(
            self.tr("Set all back"),
            "undo",
            help=self.tr("Give every field of the recipe its default, except model, data, task and columns."),
            on_click=self.set_all_back,
        )
        self.close_button = IconButton("close", self.tr("Close"), self.tr("Fold the fields (Escape)."))
        self.close_button.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.setSpacing(MEDIUM)
        head.addWidget(Title(self.tr("All other fields")))
        head.addWidget(self.search)
        head.addWidget(self.summary, 1)
        head.addWidget(self.all_back)
        head.addWidget(self.close_button)
        self.nothing = EmptyState(
            "search", self.tr("No field has these words"), self.tr("Try fewer or others.")
        )
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, MEDIUM, 0)
        inner.setSpacing(0)
        for section in self.groups.values():
            inner.addWidget(section)
        inner.addWidget(self.nothing)
        inner.addStretch(1)
        self.area = scrolled(content)
        self.area.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MEDIUM, SMALL, TINY, SMALL)
        layout.setSpacing(SMALL)
        layout.addLayout(head)
        layout.addWidget(self.area, 1)

    # ---- what shows

    def refresh(self) -> None:
        """Show the recipe in hand: values, complaints, and which fields count at present."""
        self.fields.refresh()
        recipe = self._workspace.recipe
        wrong = {problem.field for problem in self._workspace.marks}
        query, found = self.search.text().strip(), 0
        for section in self.groups.values():
            differs = {row.path for row in section.rows if recipe.value(row.path) != row.default}
            marked = {row.path for row in section.rows} & wrong
            shown = [
                row
                for row in section.rows
                if (
                    matches(row, query)
                    if query
                    else row.path in differs | marked or not why_not(recipe, row.path)
                )
            ]
            section.show_state(shown, len(marked), len(differs))
            section.setVisible(bool(shown))
            if section.aside is not None:
                section.aside.setVisible(not query)
            found += len(shown)
        self.nothing.setVisible(found == 0)
        self._summarise()

    def reveal(self, paths: Sequence[str]) -> None:
        """Unfold the groups of these fields and bring the first of them into sight."""
        for section in self.groups.values():
            mine = [row.path for row in section.rows if row.path in paths]
            if mine:
                section.set_open(True)
                self.area.ensureWidgetVisible(section.edits[mine[0]])

    def set_all_back(self) -> None:
        """Give every field that stands here or in the bar its default."""
        recipe = self._workspace.recipe
        for path in self._changed():
            recipe = changed(recipe, path, recipe_fields()[path].default)
        self._workspace.set_recipe(recipe)

    def _changed(self) -> list[str]:
        recipe, rows = self._workspace.recipe, recipe_fields()
        return [p for p in (*QUICK_FIELDS, *self._paths()) if recipe.value(p) != rows[p].default]

    def _paths(self) -> list[str]:
        return [row.path for section in self.groups.values() for row in section.rows]

    def _make(self, section: GroupSection) -> None:
        self.fields.add(section.make_edits())
        self.after(self._before)
        self.refresh()

    def _make_next(self) -> None:
        section = next((section for section in self.groups.values() if not section.edits), None)
        if section is None:
            self._making.stop()
        else:
            self._make(section)

    def _summarise(self) -> None:
        count = len(self._changed())
        one = self.tr("1 field differs from its default")
        many = self.tr("{0} fields differ from their defaults").format(count)
        self.summary.setText(
            self.tr("Every field has its default") if not count else one if count == 1 else many
        )
        self.all_back.setEnabled(bool(count or self._workspace.complaints))

    def _searched(self, text: str) -> None:
        searching = bool(text.strip())
        if not self.property("searching") and searching:
            self._open = {key: section.is_open() for key, section in self.groups.items()}
        restyle(self, searching=searching)
        for key, section in self.groups.items():
            found = searching and any(matches(row, text) for row in section.rows)
            section.set_open(found or (not searching and self._open[key]))
        self.refresh()

    def _escape(self) -> None:
        if self.search.text():
            self.search.clear()
        else:
            self.closed.emit()

    # ---- where it lies

    def lie_over(self, host: QWidget, bar: QWidget) -> None:
        """Cover what stands below the bar, and follow when that changes its size."""
        layout = host.layout()
        item = layout.itemAt(layout.indexOf(bar) + 1) if layout else None
        self._covered = item.widget() if item else None
        self.setParent(host)
        if self._covered is not None:
            self._covered.installEventFilter(self)
        self._cover()

    def after(self, widget: QWidget | None) -> None:
        """Let Tab come here after the widget, through all fields in the order in which they stand."""
        self._before = before = widget
        if before is None:
            return
        for child in self.findChildren(QWidget):
            here = child.window() is self.window()  # the list of a combo box is a window of its own
            if here and child.focusPolicy() & Qt.FocusPolicy.TabFocus:
                QWidget.setTabOrder(before, child)
                before = child

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What is covered has another size or place."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._cover()
        return False

    def _cover(self) -> None:
        if self._covered is not None:
            self.setGeometry(self._covered.geometry())
            self.raise_()
