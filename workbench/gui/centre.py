"""The centre of the window: the page switcher, the place for problems, and the pages."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.pages import PAGES
from workbench.gui.problem_card import ProblemCard
from workbench.gui.theme import LARGE, MEDIUM, SMALL
from workbench.gui.widgets import FoldingSwitch
from workbench.gui.workspace import Workspace
from workbench.run.problem import explain


class Centre(QWidget):
    """Shows one page at a time and builds each when it is first wanted, after the window's first frame."""

    page_shown = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self._workspace = workspace
        self._rows = {page.key: page for page in PAGES}
        self._built: dict[str, QWidget] = {}
        self._may_build = False
        self.switcher = FoldingSwitch([(p.key, p.title, p.icon, p.help) for p in PAGES], self.tr("Page"))
        self.problems = ProblemCard()
        self.stack = QStackedWidget()
        self.stack.addWidget(QWidget())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, SMALL, LARGE, MEDIUM)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.switcher, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.problems)
        layout.addWidget(self.stack, 1)
        self.switcher.chosen.connect(self.show_page)
        workspace.page_wanted.connect(self.show_page)
        workspace.problem_raised.connect(self.problems.show_problem)

    @property
    def page(self) -> str:
        """The key of the page that is on."""
        return self.switcher.current()

    def allow_building(self) -> None:
        """The first frame is on the screen: pages may be imported now."""
        self._may_build = True
        self.show_page(self.page)

    def show_page(self, key: str) -> None:
        """Go to a page; an unknown key is ignored."""
        if key not in self._rows:
            return
        self.switcher.choose(key)
        if key in self._built:
            self._show(key)
        elif self._may_build:
            # Let the switch be painted first: the import of a page's library takes up to a second.
            QTimer.singleShot(0, self, lambda: self._build(key))

    def pane(self, key: str) -> QWidget | None:
        """The page's widget, or None while it is not built."""
        return self._built.get(key)

    def _build(self, key: str) -> None:
        if key not in self._built:
            try:
                widget = self._rows[key].build(self._workspace)
            except Exception as error:  # a page that fails leaves the others usable
                self._workspace.problem_raised.emit(explain(error))
                return
            self._built[key] = widget
            self.stack.addWidget(widget)
        if key == self.page:
            self._show(key)

    def _show(self, key: str) -> None:
        self.stack.setCurrentWidget(self._built[key])
        self.page_shown.emit(key)
