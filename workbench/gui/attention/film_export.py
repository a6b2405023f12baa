"""The film's export button: an animated GIF, or a folder of PNG frames, written on the files lane."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMenu

from workbench.gui.widgets import IconButton
from workbench.gui.workspace import Workspace
from workbench.run.folder import slug
from workbench.run.inside.film import Reel
from workbench.session.inside.film import write_frames, write_gif
from workbench.session.lanes import Desk


class FilmExportButton(IconButton):
    """Opens a menu; asks where to write."""

    def __init__(self, film: Callable[[], tuple[Reel, str] | None], workspace: Workspace) -> None:
        super().__init__("export", "Export", "Save the film as an animated GIF or as PNG frames.")
        self._film, self._workspace = film, workspace
        menu = QMenu(self)
        menu.addAction(self.tr("Film as GIF …")).triggered.connect(lambda _=False: self.export_gif())
        menu.addAction(self.tr("Frames as PNG files …")).triggered.connect(
            lambda _=False: self.export_frames()
        )
        self.setMenu(menu)
        self.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)

    def export_gif(self) -> None:
        """Write an animated GIF."""
        film = self._film()
        if film is None:
            return
        name = f"film-{slug(film[1])}.gif"
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Film as GIF"), name, "*.gif")
        if chosen:
            self._write(
                lambda desk: write_gif(*film_to(film, Path(chosen).with_suffix(".gif")), check=desk.check)
            )

    def export_frames(self) -> None:
        """Write PNG frames into a folder."""
        film = self._film()
        if film is None:
            return
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder for the frames"))
        if chosen:
            self._write(lambda desk: write_frames(*film_to(film, Path(chosen)), check=desk.check))

    def _write(self, work: Callable[[Desk], int]) -> None:
        self._workspace.session.files.submit(
            work, done=lambda _: None, failed=self._workspace.problem_raised.emit
        )


def film_to(film: tuple[Reel, str], path: Path) -> tuple[Reel, Path, str]:
    """The film, where it goes, and its title, as the writers take them."""
    return film[0], path, film[1]
