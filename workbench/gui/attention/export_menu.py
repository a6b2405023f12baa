"""The export button: pictures, tables and weights as files or on the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from workbench.gui.attention.figures import Figure, head_table, save
from workbench.gui.widgets import IconButton
from workbench.gui.workspace import Workspace
from workbench.run.folder import slug


@dataclass(frozen=True, slots=True)
class Export:
    """One line of the menu; `suffix` is the file's ending, or empty for the clipboard."""

    title: str
    suffix: str
    whole: bool
    rule: bool = False


EXPORTS = (
    Export("This head as PNG …", ".png", False),
    Export("This head as SVG …", ".svg", False),
    Export("This head as HTML …", ".html", False),
    Export("This head as CSV …", ".csv", False),
    Export("All heads as PNG …", ".png", True, rule=True),
    Export("All heads as SVG …", ".svg", True),
    Export("All heads as HTML …", ".html", True),
    Export("All weights as NumPy file …", ".npz", True),
    Export("Copy picture of this head", "", False, rule=True),
    Export("Copy picture of all heads", "", True),
    Export("Copy table of this head", "table", False),
)


class ExportButton(IconButton):
    """Opens a menu derived from `EXPORTS`."""

    def __init__(
        self,
        figure: Callable[[bool], Figure | None],
        selection: Callable[[], tuple[int, int]],
        workspace: Workspace,
    ) -> None:
        super().__init__("export", "Export", "Save or copy the picture, the table or the weights.")
        self._figure, self._selection, self._workspace = figure, selection, workspace
        menu = QMenu(self)
        for row in EXPORTS:
            if row.rule:
                menu.addSeparator()
            menu.addAction(self.tr(row.title)).triggered.connect(lambda _=False, row=row: self.export(row))
        self.setMenu(menu)
        self.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)

    def export(self, row: Export) -> None:
        """Do one line of the menu; asks where to save."""
        figure = self._figure(row.whole)
        if figure is None:
            return
        if not row.suffix:
            QGuiApplication.clipboard().setImage(figure.image())
        elif row.suffix == "table":
            QGuiApplication.clipboard().setText(head_table(figure.shown, self._selection(), "\t"))
        else:
            layer, head = self._selection()
            what = "all-heads" if row.whole else f"layer-{layer + 1}-head-{head + 1}"
            name = f"attention-{slug(figure.shown.maps.model)}-{what}{row.suffix}"
            chosen, _ = QFileDialog.getSaveFileName(
                self, self.tr(row.title).rstrip(" …"), name, f"*{row.suffix}"
            )
            if chosen:
                self.write(figure, Path(chosen).with_suffix(row.suffix))

    def write(self, figure: Figure, path: Path) -> None:
        """Let the files lane draw and write the file; the answer may be why that cannot be done."""
        where = self._selection()
        self._workspace.session.files.submit(
            lambda desk: save(figure, where, path),
            done=lambda _: None,
            failed=self._workspace.problem_raised.emit,
        )
