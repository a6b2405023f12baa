"""Goes through the steps of an answer: play and pause, one back, one on, and a slider."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider

from workbench.gui.icons import keep_icon
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, IconButton, Label, PrimaryButton, explain_widget

#: Milliseconds that each step stays: time to read a word and find what it looked at.
TICK = 600


class StepPlayer(Card):
    """Tells which step is to be seen.

    Signals:
        moved: The number of the step, from 0.
    """

    moved = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=TICK)
        self._timer.timeout.connect(self._tick)
        self.play = PrimaryButton(self.tr("Play"), "play")
        self.play.setIconSize(QSize(16, 16))
        self.back = IconButton("chevron-left", self.tr("One token back"), on_click=lambda: self.go(-1))
        self.on = IconButton("chevron-right", self.tr("One token on"), on_click=lambda: self.go(1))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setPageStep(5)
        explain_widget(
            self.slider,
            self.tr("Which token of the answer is being written. The arrow keys go token by token."),
            self.tr("Token of the answer"),
        )
        self.place = Label("", "")
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        for widget in (self.back, self.play, self.on):
            line.addWidget(widget)
        line.addWidget(self.slider, 1)
        line.addWidget(self.place)
        self.body.addLayout(line)
        self.play.clicked.connect(self.toggle)
        self.slider.valueChanged.connect(self._slid)
        self._show_playing()

    @property
    def step(self) -> int:
        """The step that is to be seen."""
        return self.slider.value()

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    def show_steps(self, count: int) -> None:
        """Take so many steps; at least one."""
        self.slider.blockSignals(True)
        self.slider.setRange(0, count - 1)
        self.slider.blockSignals(False)
        self._say()

    def go_to(self, step: int) -> None:
        """Go to a step, or the end nearest to it, and stand still."""
        self.pause()
        self.slider.setValue(step)

    def go(self, count: int) -> None:
        """Go on or back by so many steps, and stand still."""
        self.go_to(self.step + count)

    def toggle(self) -> None:
        """Play from here, at the end from the beginning; or pause."""
        if self.playing:
            self.pause()
            return
        if self.step == self.slider.maximum():
            self.slider.setValue(0)
        self._timer.start()
        self._show_playing()

    def pause(self) -> None:
        """Stand still."""
        if self.playing:
            self._timer.stop()
            self._show_playing()

    def take_key(self, key: Qt.Key) -> bool:
        """Do what a key stands for; returns whether it stands for something."""
        if key == Qt.Key.Key_Space:
            self.toggle()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.go(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.go_to(0 if key == Qt.Key.Key_Home else self.slider.maximum())
        else:
            return False
        return True

    def _tick(self) -> None:
        self.slider.setValue(self.step + 1)
        if self.step == self.slider.maximum():
            self.pause()

    def _slid(self, step: int) -> None:
        self._say()
        self.moved.emit(step)

    def _say(self) -> None:
        self.place.setText(self.tr("Token {0} of {1}").format(self.step + 1, self.slider.maximum() + 1))

    def _show_playing(self) -> None:
        keep_icon(self.play, "pause" if self.playing else "play", self.play.icon_role)
        self.play.setText(self.tr("Pause") if self.playing else self.tr("Play"))
        explain_widget(self.play, self.tr("The space bar does the same."), self.play.text())
