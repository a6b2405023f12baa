"""The player of a map over a training: it glides from one checkpoint to the next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal

from workbench.gui.attention.film_player import HOLD, FilmPlayer
from workbench.run.embedding_map import MapFrame

#: Checkpoints a second: slow enough to follow a point.
RATE = 0.8


@dataclass(frozen=True, slots=True)
class _Moment:
    """A frame as the film's player knows them."""

    step: int
    epoch: float
    measured: bool
    name: str


class MapPlayer(FilmPlayer):
    """Tells the place between two frames as well; `glided` has it, in frames."""

    glided = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self.speed.setParent(self)
        self.speed.hide()  # there are few frames: one pace does
        self.moved.connect(lambda number: None if self.playing else self.glided.emit(float(number)))

    def show_maps(self, frames: Sequence[MapFrame]) -> None:
        """Take the frames of a map."""
        last = 0
        moments = []
        for frame in frames:
            last = frame.step if frame.step is not None else last
            moments.append(_Moment(last, 0.0, False, frame.name))
        self._names = tuple(frame.name for frame in frames)
        self.show_frames(moments, 0.0, grows=False)
        self.cost.setText(self.tr("{0} models, one after the other").format(len(moments)))

    def _tick(self) -> None:
        now = time.monotonic()
        self._at += (now - self._ticked) * RATE
        self._ticked = now
        last = self.slider.maximum()
        if self._at >= last + HOLD * RATE:
            if not self.loop.isChecked():
                self.pause()
                self.glided.emit(float(last))
                return
            self._at = 0.0
        self.slider.setValue(int(self._at))
        self.glided.emit(min(self._at, float(last)))

    def _say(self) -> None:
        if not self._names:
            return
        name = self._names[min(self.frame, len(self._names) - 1)]
        here = self.tr("{0}: model {1} of {2}").format(name, self.frame + 1, len(self._names))
        self.place.setText(here[:1].upper() + here[1:])
        self.slider.setAccessibleDescription(here)
        self.marks.update()
