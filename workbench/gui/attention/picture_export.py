"""The export button of the Picture view: a PNG file, or the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QMenu

from workbench.gui.widgets import IconButton
from workbench.gui.workspace import Workspace
from workbench.run.files import writing


class PictureExport(IconButton):
    """Copies the picture with its colours, or saves it."""

    def __init__(
        self, image: Callable[[], QImage | None], file_name: Callable[[], str], workspace: Workspace
    ) -> None:
        super().__init__("export", "Export", "Save or copy the picture with its colours.")
        self._image, self._file_name, self._workspace = image, file_name, workspace
        menu = QMenu(self)
        menu.addAction(self.tr("Save as PNG …")).triggered.connect(lambda _=False: self.save())
        menu.addAction(self.tr("Copy picture")).triggered.connect(lambda _=False: self.copy())
        self.setMenu(menu)
        self.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)

    def copy(self) -> None:
        """Put it on the clipboard."""
        image = self._image()
        if image is not None:
            QGuiApplication.clipboard().setImage(image)

    def save(self) -> None:
        """Ask for a file and write it; the answer may be why that cannot be done."""
        image = self._image()
        if image is None:
            return
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Save as PNG"), self._file_name(), "*.png")
        if chosen:
            path = Path(chosen).with_suffix(".png")
            self._workspace.session.files.submit(
                lambda desk: _write(image, path),
                done=lambda _: None,
                failed=self._workspace.problem_raised.emit,
            )


def _write(image: QImage, path: Path) -> None:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs want the format as bytes, Qt a str
    with writing(path, "wb") as file:
        file.write(buffer.data().data())
