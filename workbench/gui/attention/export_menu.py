"""The export button: what a view hands out, as files or on the clipboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from workbench.gui.attention import export_files
from workbench.gui.attention.export_files import Part, Shown
from workbench.gui.theme import current
from workbench.gui.widgets import IconButton
from workbench.gui.workspace import Workspace
from workbench.run.files import writing
from workbench.run.folder import slug
from workbench.run.inside.tables import delimited


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the menu: a part, and its file's ending; without a dot it goes to the clipboard."""

    title: str
    kind: str
    part: Part | None = None


class ExportButton(IconButton):
    """Opens a menu of what the view has now; pictures are drawn and files written on the files lane.

    Args:
        view: What the view is called, in its page of HTML.
        model: Which model it is about now; stands in the names of files.
        parts: What can be had now.
        workspace: Where the files lane is.
        more: Further lines and what they do.
    """

    def __init__(
        self,
        view: str,
        model: Callable[[], str],
        parts: Callable[[], Sequence[Part]],
        workspace: Workspace,
        more: Sequence[tuple[str, Callable[[], object]]] = (),
    ) -> None:
        super().__init__("export", "Export", "Save or copy pictures, tables and numbers.")
        self._view, self._model, self._parts, self._workspace, self._more = (
            view,
            model,
            parts,
            workspace,
            more,
        )
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)
        self.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)

    def lines(self) -> list[Line]:
        """What the menu offers now."""
        found = [line for part in self._parts() for line in self._of(part)]
        return [*found, Line(self.tr("This view as HTML…"), ".html")] if found else []

    def export(self, line: Line) -> None:
        """Do one line of the menu; asks where to save."""
        part = line.part
        if part is None:
            self._save(line, self._page())
        elif line.kind == "picture" and part.drawing:
            QGuiApplication.clipboard().setImage(export_files.image(part.drawing()))
        elif line.kind == "table" and part.table:
            QGuiApplication.clipboard().setText(delimited(part.table(), "\t"))
        elif line.kind in (".png", ".svg") and part.drawing:
            encode, drawing = (export_files.png if line.kind == ".png" else export_files.svg), part.drawing()
            self._save(line, lambda: encode(drawing))
        elif line.kind == ".csv" and part.table:
            table = part.table
            self._save(line, lambda: export_files.csv(table()))
        elif line.kind == ".npz" and part.arrays:
            arrays = part.arrays
            self._save(line, lambda: export_files.npz(arrays()))

    def _of(self, part: Part) -> list[Line]:
        words = (
            (".png", "{0} as PNG…", part.drawing),
            (".svg", "{0} as SVG…", part.drawing),
            (".csv", "{0} as CSV…", part.table),
            (".npz", "{0} as NumPy file…", part.arrays),
            ("picture", "Copy picture: {0}", part.drawing),
            ("table", "Copy table: {0}", part.table),
        )
        return [Line(self.tr(text).format(part.title), kind, part) for kind, text, has in words if has]

    def _fill(self) -> None:
        menu, before = self.menu(), None
        menu.clear()
        for line in self.lines():
            if line.part is not before and before is not None:
                menu.addSeparator()
            before = line.part
            menu.addAction(line.title).triggered.connect(lambda _=False, line=line: self.export(line))
        if menu.isEmpty():
            menu.addAction(self.tr("There is nothing to export yet")).setEnabled(False)
            return
        for title, work in self._more:
            menu.addAction(title).triggered.connect(lambda _=False, work=work: work())

    def _page(self) -> Callable[[], bytes]:
        """Pictures are taken now, for widgets draw themselves on this thread only; the rest waits."""
        parts = [Shown(p.title, p.drawing() if p.drawing else None, p.table) for p in self._parts()]
        title, palette = f"{self._view}: {self._model()}", current()
        return lambda: export_files.page(title, parts, palette).encode()

    def _save(self, line: Line, content: Callable[[], bytes]) -> None:
        name = line.part.name if line.part else slug(self._view)
        name = f"{name}-{slug(self._model())}{line.kind}"
        title = line.title.rstrip(" …")
        chosen, _ = QFileDialog.getSaveFileName(self, title, name, f"*{line.kind}")
        if chosen:
            path = Path(chosen).with_suffix(line.kind)
            self._workspace.session.files.submit(
                lambda desk: _write(path, content),
                done=lambda _: None,
                failed=self._workspace.problem_raised.emit,
            )


def _write(path: Path, content: Callable[[], bytes]) -> None:
    made = content()
    with writing(path, "wb") as file:
        file.write(made)
