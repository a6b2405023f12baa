"""Films as files: an animated GIF, a folder of PNG frames, and one frame with the curves of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.gui.attention.atlas import Head
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.figures import Figure, map_parts
from workbench.gui.attention.film_frames import FilmFrames
from workbench.gui.attention.film_told import FilmTold
from workbench.gui.attention.plate import plate
from workbench.gui.attention.shown import Shown
from workbench.gui.workspace import Workspace
from workbench.run.folder import slug
from workbench.run.inside.film import Reel
from workbench.run.inside.tables import film_table
from workbench.session.inside.film import write_frames, write_gif
from workbench.session.lanes import Desk


class FilmFiles(QObject):
    """Asks where to write the film that is shown, and has it written.

    Args:
        owner: Under whose window it asks.
        film: The film and its run's title; None when there is none.
        workspace: Where the files lane is.
    """

    def __init__(
        self, owner: QWidget, film: Callable[[], tuple[Reel, str] | None], workspace: Workspace
    ) -> None:
        super().__init__(owner)
        self._owner, self._film, self._workspace = owner, film, workspace

    def lines(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        """The lines of a menu, and what they do."""
        return (
            (self.tr("Film as GIF…"), self.export_gif),
            (self.tr("Frames as PNG files…"), self.export_frames),
        )

    def export_gif(self) -> None:
        """Write an animated GIF."""
        film = self._film()
        if film is None:
            return
        name = f"film-{slug(film[1])}.gif"
        chosen, _ = QFileDialog.getSaveFileName(self._owner, self.tr("Film as GIF"), name, "*.gif")
        if chosen:
            path = Path(chosen).with_suffix(".gif")
            self._write(lambda desk: write_gif(film[0], path, film[1], check=desk.check))

    def export_frames(self) -> None:
        """Write PNG frames into a folder."""
        film = self._film()
        if film is None:
            return
        chosen = QFileDialog.getExistingDirectory(self._owner, self.tr("Folder for the frames"))
        if chosen:
            self._write(lambda desk: write_frames(film[0], Path(chosen), film[1], check=desk.check))

    def _write(self, work: Callable[[Desk], int]) -> None:
        self._workspace.session.files.submit(
            work, done=lambda _: None, failed=self._workspace.problem_raised.emit
        )


def film_parts(
    frames: FilmFrames, index: int, shown: Shown, look: Look, where: Head, told: FilmTold, title: str
) -> list[Part]:
    """What can be exported of a frame, and the curves of all frames."""
    reel, census = frames.reel, frames.census(index)
    one = Figure(shown, look, where, census=census)
    at = f"{title}, step {reel.frames[index].step}"
    curves = Part(
        "Curves",
        "film-curves",
        lambda: plate(at, reel.pinned.text, "", told, font=told.font()),
        partial(film_table, reel),
    )
    return [*map_parts(Figure(shown, look, census=census), one), curves]
