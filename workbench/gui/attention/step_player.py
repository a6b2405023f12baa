"""Goes through the steps of an answer."""

from __future__ import annotations

from workbench.gui.attention.player import Player

#: Milliseconds that each step stays: time to read a word and find what it looked at.
TICK = 600


class StepPlayer(Player):
    """Tells which step is to be seen; `moved` has its number."""

    def __init__(self) -> None:
        help = "Which token of the answer is being written. The arrow keys go token by token."
        super().__init__("token", (help, "Token of the answer"), TICK)
        self.line.addWidget(self.slider, 1)
        self.line.addWidget(self.place)
        self.body.addLayout(self.line)

    @property
    def step(self) -> int:
        """The step that is to be seen."""
        return self.at

    def show_steps(self, count: int) -> None:
        """Take so many steps; at least one."""
        self.show_count(count)
        self._say()

    def _tick(self) -> None:
        self.slider.setValue(self.step + 1)
        if self.step == self.slider.maximum():
            self.pause()

    def _say(self) -> None:
        self.place.setText(self.tr("Token {0} of {1}").format(self.step + 1, self.slider.maximum() + 1))
