"""The player of a map over a training: it glides from one checkpoint to the next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from workbench.gui.attention.film_player import HOLD, FilmPlayer
from workbench.gui.theme import SMALL
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
        self.setProperty("role", "")  # it stands in the map's card, at its foot
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(0, 0, 0, 0)
        self.play.setMinimumSize(92, 32)
        self.moved.connect(lambda number: None if self.playing else self.glided.emit(float(number)))

    def _lay_out(self) -> None:
        """All in one line: there are few frames, for which one pace does."""
        rail = QVBoxLayout()
        rail.setSpacing(0)
        rail.addWidget(self.slider)
        rail.addWidget(self.marks)
        self.line.addSpacing(SMALL)
        self.line.addLayout(rail, 1)
        self.line.addSpacing(SMALL)
        self.line.addWidget(self.place)
        self.line.addWidget(self.loop)
        self.body.addLayout(self.line)
        for unused in (self.speed, self.cost):
            unused.setParent(self)
            unused.hide()

    def show_maps(self, frames: Sequence[MapFrame]) -> None:
        """Take the frames of a map."""
        last = 0
        moments = []
        for frame in frames:
            last = frame.step if frame.step is not None else last
            moments.append(_Moment(last, 0.0, False, frame.name))
        self._names = tuple(frame.name for frame in frames)
        self.show_frames(moments, 0.0, grows=False)
        # The line stays as it is while the words change.
        widest = max(self.place.fontMetrics().horizontalAdvance(self._words(i)) for i in range(len(frames)))
        self.place.setMinimumWidth(widest + SMALL)

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

    def _words(self, number: int) -> str:
        words = self.tr("{0}: model {1} of {2}").format(self._names[number], number + 1, len(self._names))
        return words[:1].upper() + words[1:]

    def _say(self) -> None:
        if not self._names:
            return
        here = self._words(min(self.frame, len(self._names) - 1))
        self.place.setText(here)
        self.slider.setAccessibleDescription(here)
        self.marks.update()
