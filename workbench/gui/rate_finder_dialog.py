"""The learning-rate finder: real steps at rising rates, their loss drawn as it comes, and the rate they suggest."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY
from workbench.gui.widgets import Card, GhostButton, Label, Muted, PrimaryButton, Title, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.problem import Problem
from workbench.run.rates import RateCurve, RatePoint
from workbench.session.lanes import Ticket

STEPS = 100
LOWEST, HIGHEST = 1e-7, 1.0


class RateFinderDialog(QDialog):
    """Runs the finder on the recipe in hand; the chosen rate becomes the recipe's."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rate finder")
        self.setWindowTitle(self.tr("Find the learning rate"))
        self.setMinimumSize(560, 440)
        self._workspace = workspace
        self._ticket: Ticket | None = None
        self.points: list[RatePoint] = []
        self.rate: float | None = None  # what "Use" would take
        self.suggested: float | None = None
        self.plot = SmallPlot(self.tr("Loss over the learning rate"), log=True, pickable=True)
        self.plot.picked.connect(self._picked)
        self.state = Label("", "section", wrap=True)
        self.advice = Muted("")
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        explain_widget(self.bar, "", self.tr("Steps done"))
        self._buttons()
        self._lay_out()
        self.finished.connect(self._cancel)
        self.begin()

    def _buttons(self) -> None:
        tr = self.tr
        self.use = PrimaryButton(tr("Use this rate"), "check", on_click=self._use)
        self.again = GhostButton(
            tr("Try again"), "refresh", help=tr("Run the finder once more."), on_click=self.begin
        )
        self.stop = GhostButton(tr("Cancel"), on_click=self.reject)

    def _lay_out(self) -> None:
        what = Muted(
            self.tr(
                "A copy of the model learns for up to {0} steps while the rate rises from 0.0000001 to 1. A good "
                "rate lies where the loss falls fastest, well before it rises again. The copy is thrown away: "
                "nothing is saved, and no run is changed."
            ).format(STEPS)
        )
        card = Card()
        card.add(self.plot, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(SMALL)
        buttons.addWidget(self.again)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, MEDIUM + TINY)
        layout.setSpacing(SMALL)
        layout.addWidget(Title(self.tr("Find the learning rate")))
        layout.addWidget(what)
        layout.addWidget(card, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.state)
        layout.addWidget(self.advice)
        layout.addSpacing(SMALL)
        layout.addLayout(buttons)

    # ---- the search

    def begin(self) -> None:
        """Start the search from the beginning."""
        self._cancel()
        self.points, self.rate, self.suggested = [], None, None
        self._say(self._workspace.waiting_words, "")
        self._busy(True)
        self._draw()
        recipe = self._workspace.recipe
        session = self._workspace.session
        self._ticket = session.find_rate(recipe, self._done, self._failed, self._heard)

    def _cancel(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket = None

    def _heard(self, news: str | RatePoint) -> None:
        if self._ticket is None:
            return  # a word that was on its way when the search was cancelled
        if isinstance(news, str):
            self._say(f"{news[:1].upper()}{news[1:]}…", "")
            return
        self.points.append(news)
        self.bar.setValue(news.step)
        self._say(
            self.tr("Step {0} of at most {1}").format(news.step, STEPS),
            self.tr("Rate {0:.2g}, loss {1:.4g}").format(news.rate, news.loss),
        )
        self._draw()

    def _done(self, curve: RateCurve) -> None:
        self._ticket = None
        self.points, self.suggested = list(curve.points), curve.suggested
        self._busy(False)
        if curve.suggested is None:
            self._say(
                self.tr("The losses suggest no rate"),
                self.tr(
                    "The loss hardly fell at any of them. Click on the curve to choose one yourself, or keep the rate "
                    "in the recipe."
                ),
            )
            self._draw()
        else:
            self._choose(curve.suggested)
            self.use.setFocus()

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self._busy(False)
        self._say(problem.title, " ".join(part for part in (problem.cause, problem.remedy) if part))
        self.plot.show_curves((), (0, 1, 0, 1), words=self.tr("The finder could not run."))

    # ---- what shows

    def _picked(self, rate: float) -> None:
        if self._ticket is None and self.points:
            self._choose(float(f"{rate:.1e}"))

    def _choose(self, rate: float) -> None:
        self.rate = rate
        present = self._workspace.recipe.training.learning_rate
        if rate == self.suggested:
            said = self.tr("Suggested: {0:.2g}").format(rate)
        else:
            said = self.tr("Chosen: {0:.2g}").format(rate)
        self._say(
            said,
            self.tr("The recipe has {0:.2g}. Click on the curve to choose another rate.").format(present),
        )
        self.use.setEnabled(True)
        self.use.setText(self.tr("Use {0:.2g}").format(rate))
        explain_widget(self.use, self.tr("Set the recipe's learning rate to {0:.2g}.").format(rate))
        self._draw()

    def _say(self, state: str, advice: str) -> None:
        self.state.setText(state)
        self.advice.setText(advice)

    def _busy(self, on: bool) -> None:
        self.bar.setValue(0 if on else STEPS)
        self.bar.setVisible(on)
        self.again.setVisible(not on)
        self.stop.setText(self.tr("Cancel") if on else self.tr("Close"))
        self.use.setEnabled(False)
        self.use.setText(self.tr("Use this rate"))
        if on:
            self.stop.setFocus()

    def _draw(self) -> None:
        points = [p for p in self.points if math.isfinite(p.loss) and math.isfinite(p.smoothed)]
        if not points:
            self.plot.show_curves((), (0, 1, 0, 1), words=self.tr("The curve grows here."))
            return
        x = np.array([p.rate for p in points])
        losses, smoothed = np.array([p.loss for p in points]), np.array([p.smoothed for p in points])
        # The last losses may be a hundred times the first: what matters lies below twice the smoothed start.
        top = float(min(max(losses.max(), smoothed.max()), 2.0 * max(smoothed[0], smoothed.min())))
        low = float(min(losses.min(), smoothed.min()))
        room = 0.06 * ((top - low) or 1.0)
        marker = None
        if self.rate is not None:
            word = self.tr("suggested") if self.rate == self.suggested else self.tr("chosen")
            marker = (min(HIGHEST, max(LOWEST, self.rate)), f"{word} {self.rate:.2g}")

        def reads(rate: float) -> str:
            nearest = min(points, key=lambda p: abs(math.log(p.rate / rate)))
            return self.tr("{0:.2g}: loss {1:.4g}").format(nearest.rate, nearest.smoothed)

        curves = [Drawn(x, losses, dots=True), Drawn(x, smoothed)]
        bounds = (LOWEST, HIGHEST, low - room, top + room)
        self.plot.show_curves(curves, bounds, self.tr("rate"), marker=marker, reads=reads)
        if marker:
            self.plot.setAccessibleDescription(marker[1])

    def _use(self) -> None:
        if self.rate is not None:
            self._workspace.set_field("training.learning_rate", self.rate)
            self.accept()
