"""The window of series: search, cross-validation and learning curve, each with what it found."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.search.curve_page import CurvePage
from workbench.gui.search.folds_page import FoldsPage
from workbench.gui.search.page import SeriesPage
from workbench.gui.search.search_page import SearchPage
from workbench.gui.theme import LARGE, MEDIUM
from workbench.gui.widgets import GhostButton, Segmented
from workbench.gui.workspace import Workspace


class SearchDialog(QDialog):
    """Three pages; whatever is in work goes on when it is closed."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("search")
        self.setWindowTitle(self.tr("Many runs"))
        self.resize(1040, 720)
        self.setMinimumSize(760, 480)
        self._workspace = workspace
        tr = self.tr
        self.tabs = Segmented(
            [
                ("search", tr("Search"), "search", tr("Try several settings, and keep the best.")),
                ("cross-validation", tr("Cross-validation"), "layers", tr("Measure on every row once.")),
                ("learning-curve", tr("Learning curve"), "train", tr("See whether more rows would help.")),
            ],
            tr("What to do"),
        )
        self.pages: dict[str, SeriesPage] = {
            "search": SearchPage(workspace),
            "cross-validation": FoldsPage(workspace),
            "learning-curve": CurvePage(workspace),
        }
        self.stack = QStackedWidget()
        for page in self.pages.values():
            self.stack.addWidget(page)
        self.tabs.chosen.connect(self.show_page)
        close = GhostButton(tr("Close"), help=tr("What is in work goes on."), on_click=self.accept)
        close.setAutoDefault(False)
        head = QHBoxLayout()
        head.addWidget(self.tabs)
        head.addStretch(1)
        head.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, LARGE)
        layout.setSpacing(MEDIUM)
        layout.addLayout(head)
        layout.addWidget(self.stack, 1)
        if workspace.series.kind:
            self.show_page(workspace.series.kind)

    def show_page(self, key: str) -> None:
        """Go to a page."""
        self.tabs.choose(key)
        self.stack.setCurrentWidget(self.pages[key])

    def showEvent(self, event: QShowEvent) -> None:
        """Read which ones there are."""
        super().showEvent(event)
        self._workspace.series.list()


def open_search(workspace: Workspace, parent: QWidget) -> SearchDialog:
    """Show the window, or bring it to the front where it is open already; it goes when it is closed."""
    for known in parent.findChildren(SearchDialog):
        if known.isVisible():
            known.activateWindow()
            return known
    dialog = SearchDialog(workspace, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    return dialog
