"""What every player has: play and pause, one back, one on, a slider, and the keys that do the same."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider

from workbench.gui.icons import keep_icon
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Card, IconButton, Label, PrimaryButton, explain_widget


class Player(Card):
    """Tells which of several things in a row is to be seen. Who inherits lays out `line` and `slider`, and gives
    `_tick` and `_say`.

    Signals:
        moved: The number of the one that is to be seen now, from 0.
    """

    moved = Signal(int)

    def __init__(self, thing: str, slider: tuple[str, str], tick: int) -> None:
        """
        Args:
            thing: What one goes through, such as "frame".
            slider: The slider's explanation and its name.
            tick: Milliseconds between two calls of `_tick` while it plays.
        """
        super().__init__()
        self._timer = QTimer(self, interval=tick, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.play = PrimaryButton(self.tr("Play"), "play")
        self.play.setIconSize(QSize(16, 16))
        self.back = IconButton("chevron-left", self.tr("One {0} back").format(self.tr(thing)))
        self.on = IconButton("chevron-right", self.tr("One {0} on").format(self.tr(thing)))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setPageStep(5)
        explain_widget(self.slider, *map(self.tr, slider))
        self.place = Label("", "")
        self.line = QHBoxLayout()
        self.line.setSpacing(SMALL)
        for widget in (self.back, self.play, self.on):
            self.line.addWidget(widget)
        self.play.clicked.connect(self.toggle)
        self.back.clicked.connect(lambda: self.go(-1))
        self.on.clicked.connect(lambda: self.go(1))
        self.slider.valueChanged.connect(self._slid)
        self._show_playing()

    @property
    def at(self) -> int:
        """The number of the one that is to be seen."""
        return self.slider.value()

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    def show_count(self, count: int, at: int | None = None) -> None:
        """There are so many, at least one; go to one of them without telling."""
        self.slider.blockSignals(True)
        self.slider.setRange(0, count - 1)
        if at is not None:
            self.slider.setValue(at)
        self.slider.blockSignals(False)

    def go_to(self, number: int) -> None:
        """Go to one, or to the end nearest to it, and stand still."""
        self.pause()
        self.slider.setValue(number)

    def go(self, count: int) -> None:
        """Go on or back by so many, and stand still."""
        self.go_to(self.at + count)

    def toggle(self) -> None:
        """Play from here, at the end from the beginning; or pause."""
        if self.playing:
            self.pause()
            return
        if self.at == self.slider.maximum():
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
        raise NotImplementedError

    def _say(self) -> None:
        """Tell in words which one is seen."""
        raise NotImplementedError

    def _slid(self, number: int) -> None:
        self._say()
        self.moved.emit(number)

    def _show_playing(self) -> None:
        keep_icon(self.play, "pause" if self.playing else "play", self.play.icon_role)
        self.play.setText(self.tr("Pause") if self.playing else self.tr("Play"))
        explain_widget(self.play, self.tr("The space bar does the same."), self.play.text())
