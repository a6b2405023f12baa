"""The line above a row that is labelled: how far one has come, in which order, and the way back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from workbench.gui.table_model import grouped
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import GhostButton, IconButton, Muted, Segmented, Title, explain_widget, row


class LabelHead(QWidget):
    """Title, progress, the choice of the order, undo, and done."""

    def __init__(self, on_undo: Callable[[], object], on_done: Callable[[], object]) -> None:
        super().__init__()
        self.progress = Muted("", wrap=False)
        self.order = Segmented(
            (
                ("random", self.tr("By chance"), "", self.tr("Rows in an order by chance.")),
                ("uncertain", self.tr("Most doubtful first"), "", self._doubt()),
            ),
            self.tr("Order"),
        )
        self.undo = IconButton("undo", self.tr("Undo"), on_click=on_undo)
        self.done = GhostButton(self.tr("Done"), "check", help=self.tr("Back to the rows."), on_click=on_done)
        # Clicks leave the keys to the page; the keyboard reaches them all the same.
        for button in (self.undo, self.done, *(self.order.button(key) for key in ("random", "uncertain"))):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Labelled rows"))
        title = Title(self.tr("Label by hand"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(row(title, self.progress, None, self.order, self.undo, self.done, spacing=MEDIUM))
        layout.addWidget(self.bar)

    def show_progress(self, labelled: int, total: int, skipped: int) -> None:
        """Say how far one has come."""
        said = self.tr("{0} of {1} labelled").format(grouped(labelled), grouped(total))
        said += self.tr(", {0} skipped").format(grouped(skipped)) if skipped else ""
        self.progress.setText(said if total else "")
        self.bar.setVisible(total > 0)
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(labelled)
        self.order.setVisible(total > 1)

    def show_undo(self, words: str) -> None:
        """Say what would be undone; empty for nothing."""
        said = self.tr("Undo {0}").format(words).strip()
        self.undo.setEnabled(bool(words))
        explain_widget(self.undo, f"{said} (Ctrl+Z)", said)

    def show_doubts_known(self, known: bool, why: str) -> None:
        """Open the order by doubt, or close it and say why."""
        button = self.order.button("uncertain")
        button.setEnabled(known or not why)
        explain_widget(button, why or self._doubt(), button.accessibleName())

    def _doubt(self) -> str:
        return self.tr("Rows of which the model is least sure come first: their labels teach it most.")
