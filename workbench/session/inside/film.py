"""The training film of a run: reading it, and writing it as a GIF or as PNG frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.run.files import writing
from workbench.run.folder import RunFolder, find_run
from workbench.run.home import Home
from workbench.run.inside.film import Reel, read_probes, read_reel
from workbench.run.problem import WorkbenchError, bad_input
from workbench.session.inside.film_pictures import frame_picture, with_palette
from workbench.session.lanes import Desk

#: Milliseconds that the last frame of a GIF stays.
HOLD = 1500


@dataclass(frozen=True, slots=True)
class FilmRequest:
    """The film of one pinned sentence; `known` is what was read of it before."""

    run: str
    probe: int = 0
    known: Reel | None = None


def read_film(home: Home, request: FilmRequest, desk: Desk) -> Reel | None:
    """The film of a run; None where there is none, or no frame of it yet."""
    return read_reel(find_run(home, request.run).path, request.probe, request.known)


def film_of(folder: RunFolder, probe: int = 0) -> Reel:
    """The film of one pinned sentence of a run.

    Raises:
        WorkbenchError: When the run has no film, or not so many pinned sentences.
    """
    probes = read_probes(folder.path)
    if probes and not 0 <= probe < len(probes):
        listed = "; ".join(f"{number}: {one.text}" for number, one in enumerate(probes, 1))
        raise bad_input(
            f"The film has no pinned sentence {probe + 1}.", f"It has {len(probes)}.", f"They are {listed}"
        )
    reel = read_reel(folder.path, probe)
    if reel is None:
        raise bad_input(
            f"The run {folder.name} has no film.",
            why_none(folder),
            "Train with film.on = true in the recipe, which is how it is unless somebody changed it.",
        )
    return reel


def why_none(folder: RunFolder) -> str:
    """Why a run has no film, as a sentence."""
    for notice in folder.history().notices:
        if notice.text.startswith("No film of this run"):
            return notice.text
    try:
        off = not folder.recipe().film.on
    except WorkbenchError:
        off = False
    if off:
        return "Its recipe has the film switched off."
    return "Films are made while a run trains, and this one was trained before there were films."


def write_gif(
    reel: Reel,
    path: Path,
    title: str,
    rate: float = 10.0,
    told: Callable[[str], object] = lambda words: None,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Write a film as an animated GIF; returns how many frames it has.

    Args:
        reel: The film.
        path: The file.
        title: What stands above.
        rate: Frames per second; viewers show 50 at most, and many no more than 10 or so of a large one.
        told: Hears how far it is.
        check: Raises when nobody wants it any more.

    Raises:
        WorkbenchError: When the file cannot be written, naming it.
    """
    pictures = []
    for index in range(len(reel.frames)):
        check()
        told(f"Drawing frame {index + 1} of {len(reel.frames)}…")
        pictures.append(with_palette(frame_picture(reel, index, title)))
    pause = max(20, round(1000 / rate))
    with writing(path, "wb") as file:
        pictures[0].save(
            file,
            "GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=[*([pause] * (len(pictures) - 1)), HOLD],
            loop=0,
            optimize=False,
        )
    return len(pictures)


def write_frames(
    reel: Reel,
    folder: Path,
    title: str,
    told: Callable[[str], object] = lambda words: None,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Write each frame as `step-000400.png` into a folder; returns how many. Arguments and errors as in `write_gif`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise bad_input(
            f"The folder {folder} cannot be made.",
            f"The system says: {error.strerror or error}.",
            "Choose another place.",
        ) from error
    for index, frame in enumerate(reel.frames):
        check()
        told(f"Drawing frame {index + 1} of {len(reel.frames)}…")
        with writing(folder / f"step-{frame.step:06d}.png", "wb") as file:
            frame_picture(reel, index, title).save(file, "PNG", optimize=True)
    return len(reel.frames)
