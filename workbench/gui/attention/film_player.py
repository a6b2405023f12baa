"""The player of a training film: play and pause, speed, a slider over the frames with their steps, and the cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.attention.player import Player
from workbench.gui.theme import FONT_SMALL, MEDIUM, SMALL, current, theme
from workbench.gui.widgets import ElidedLabel, IconButton, Segmented, explain_widget

#: Milliseconds between two pictures: 30 a second.
TICK = 33
#: Seconds that the last frame stays before the film begins again.
HOLD = 0.8
SPEEDS = (
    ("5", "5/s", "", "5 frames a second."),
    ("10", "10/s", "", "10 frames a second."),
    ("30", "30/s", "", "30 frames a second."),
)


class Frame(Protocol):
    """A moment of a training: how far it was, and whether the held-out rows were measured then."""

    @property
    def step(self) -> int:
        """Steps done."""

    @property
    def epoch(self) -> float:
        """Epochs done."""

    @property
    def measured(self) -> bool:
        """Whether the held-out rows were measured."""


class FilmPlayer(Player):
    """Tells which frame is to be seen; `moved` has its number."""

    def __init__(self) -> None:
        help = "Which frame is seen. The arrow keys go frame by frame."
        super().__init__("frame", (help, "Frame of the film"), TICK)
        self._frames: tuple[Frame, ...] = ()
        self._at = 0.0  # the place in the film, in frames
        self._ticked = 0.0
        self.play.setIconSize(QSize(20, 20))
        self.play.setMinimumSize(104, 40)
        self.loop = IconButton(
            "refresh", self.tr("Repeat"), self.tr("Begin again at the end."), checkable=True
        )
        self.loop.setChecked(True)
        self.speed = Segmented(SPEEDS, self.tr("Frames a second"))
        self.speed.choose("10")
        self.marks = StepMarks(self.slider)
        self.cost = ElidedLabel("", "caption")
        self._lay_out()

    def _lay_out(self) -> None:
        line = self.line
        line.addSpacing(SMALL)
        rail = QVBoxLayout()
        rail.setSpacing(0)
        rail.addWidget(self.slider)
        rail.addWidget(self.marks)
        line.addLayout(rail, 1)
        line.addSpacing(SMALL)
        line.addWidget(self.speed)
        line.addWidget(self.loop)
        words = QHBoxLayout()
        words.setSpacing(MEDIUM)
        words.addWidget(self.place)
        words.addWidget(self.cost, 1)
        self.cost.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(line)
        self.body.addLayout(words)

    @property
    def frame(self) -> int:
        """The number of the frame that is to be seen."""
        return self.at

    def show_frames(self, frames: Sequence[Frame], cost: float, *, grows: bool) -> None:
        """Take the frames of a film. One that stands at the end stays there when more come.

        Args:
            frames: The frames; at least one.
            cost: The share of the training time that they took.
            grows: Whether the run still trains.
        """
        stays = self.frame == self.slider.maximum() and not self.playing
        self._frames = tuple(frames)
        self.show_count(len(frames), len(frames) - 1 if stays else None)
        self.marks.show_frames(self._frames)
        share = self.tr("less than 0.1") if cost < 0.0005 else f"{100 * cost:.1f}"
        took = self.tr("so far takes") if grows else self.tr("took")
        self.cost.setText(
            self.tr("{0} frames. The film {1} {2} % of the training time.").format(len(frames), took, share)
        )
        self._say()

    # ---- moving

    def toggle(self) -> None:
        """Play from here, at the end from the beginning; or pause."""
        super().toggle()
        self._at, self._ticked = float(self.frame), time.monotonic()

    def go_to_step(self, step: float) -> None:
        """Go to the frame nearest to a step, and stand still."""
        self.pause()
        if self._frames:
            self.go_to(min(range(len(self._frames)), key=lambda i: abs(self._frames[i].step - step)))

    def _tick(self) -> None:
        now = time.monotonic()
        rate = float(self.speed.current())
        self._at += (now - self._ticked) * rate
        self._ticked = now
        last = self.slider.maximum()
        if self._at >= last + HOLD * rate:
            if not self.loop.isChecked():
                self.pause()
                return
            self._at = 0.0
        self.slider.setValue(int(self._at))

    def _slid(self, number: int) -> None:
        if int(min(self._at, self.slider.maximum())) != number:  # moved by hand: go on from there
            self._at = float(number)
        super()._slid(number)

    def _say(self) -> None:
        if not self._frames:
            return
        frame = self._frames[min(self.frame, len(self._frames) - 1)]
        here = self.tr("Step {0} of {1}, epoch {2}").format(
            frame.step, self._frames[-1].step, f"{frame.epoch:.2f}"
        )
        self.place.setText(here + (self.tr(" · held-out rows measured") if frame.measured else ""))
        self.slider.setAccessibleDescription(here)
        self.marks.update()


class StepMarks(QWidget):
    """Below the slider: the steps of some frames, and a dot for each measurement of the held-out rows."""

    def __init__(self, slider: QSlider) -> None:
        super().__init__()
        self._slider = slider
        self._frames: tuple[Frame, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(22)
        explain_widget(self, self.tr("The steps of the frames; a dot where the held-out rows were measured."))
        theme().changed.connect(self.update)

    def show_frames(self, frames: tuple[Frame, ...]) -> None:
        """Mark these frames."""
        self._frames = frames
        self.update()

    def x_of(self, frame: int) -> float:
        """Where a frame is, in pixels."""
        option = QStyleOptionSlider()
        self._slider.initStyleOption(option)
        style = self._slider.style()
        groove = style.subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderGroove, self._slider
        )
        handle = style.subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self._slider
        ).width()
        share = frame / max(1, len(self._frames) - 1)
        return groove.left() + handle / 2 + share * (groove.width() - handle)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw dots, and as many steps as fit side by side."""
        if not self._frames:
            return
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.colour("accent"))
        for index, frame in enumerate(self._frames):
            if frame.measured:
                painter.drawEllipse(QPointF(self.x_of(index), 3), 2, 2)
        last, end = len(self._frames) - 1, -1.0
        final = f"{self._frames[-1].step}"
        room = self.x_of(last) - metrics.horizontalAdvance(final) - MEDIUM
        painter.setPen(palette.colour("muted"))
        for index, frame in enumerate(self._frames):
            text = f"{frame.step}"
            width = metrics.horizontalAdvance(text)
            x = min(max(0.0, self.x_of(index) - width / 2), self.width() - width)
            if index in (0, last) or (x > end + MEDIUM * 2 and x + width < room):
                painter.drawText(QRectF(x, 7, width + 1, 15), Qt.AlignmentFlag.AlignCenter, text)
                end = x + width
