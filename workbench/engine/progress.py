"""How far a run has come: what a checkpoint remembers besides weights and random states."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.engine.checkpoints import Position
from workbench.engine.task import Task
from workbench.run.events import Notice
from workbench.run.recipe import Recipe
from workbench.run.schedules import Patience, Plateau, learning_rate


class Progress:
    """The numbers of one run that change while it trains.

    Attributes:
        step: The last step done.
        seconds: Of training only.
        samples: Seen in training.
        metric: The held-out metric that decides which weights are kept.
        best_value: Its best value; None before the first.
        best_step: The step that had it; 0 for none.
        best_metrics: All that was measured there.
        measured_step: The last step whose held-out measurement is complete.
        saved_step: The last step whose checkpoint was handed over.
        rate_scale: By how much the learning rate was changed by hand.
        stop_at_epoch: Whether the run is to end with the present epoch.
    """

    def __init__(self, recipe: Recipe, task: Task) -> None:
        self._training, self._task = recipe.training, task
        self.step = 0
        self.seconds = 0.0
        self.samples = 0
        self.metric = recipe.training.best_metric or task.best_metric
        self.best_value: float | None = None
        self.best_step = 0
        self.best_metrics: dict[str, float] = {}
        self.measured_step = self.saved_step = -1
        self.rate_scale = 1.0
        self.stop_at_epoch = False
        self._plateau = Plateau(recipe.training)
        self._patience = Patience(recipe.training.early_stopping, recipe.training.minimum_gain)

    @property
    def highest_is_better(self) -> bool:
        """Whether a larger held-out value is a better one."""
        return self.metric not in self._task.lower_is_better

    @property
    def out_of_patience(self) -> bool:
        """Whether the run is to end early."""
        return 0 < self._training.early_stopping <= self._patience.waited

    @property
    def peak(self) -> float:
        """The peak of the schedule, as the person set it last."""
        return self._training.learning_rate * self.rate_scale

    def rate(self, total: int) -> float:
        """The learning rate of the present step."""
        return learning_rate(self._training, self.step, total) * self.rate_scale * self._plateau.factor

    def is_best(self, metrics: dict[str, float]) -> bool:
        """Take in a held-out measurement; returns whether it is the best so far."""
        self.measured_step = self.step
        value = metrics.get(self.metric, float("nan"))
        best = self.step > 0 and self._task.is_better(self.metric, value, self.best_value)
        if best:
            self.best_value, self.best_step, self.best_metrics = value, self.step, metrics
        return best

    def heard(self, metrics: dict[str, float], total: int) -> Iterator[Notice]:
        """Let the plateau schedule and early stopping know of a held-out measurement."""
        value = metrics.get(self.metric, float("nan"))
        if self._plateau.heard(value, self.highest_is_better):
            yield Notice(text=f"The held-out {self.metric} stands still: the learning rate is lowered.")
        if self._patience.heard(value, self.highest_is_better) and self.step < total:
            yield Notice(
                text=f"The held-out {self.metric} has not improved for {self._patience.waited} measurements: "
                f"the run ends early. The weights of step {self.best_step} are kept."
            )

    def position(self, precision: str) -> Position:
        """For a checkpoint."""
        return Position(
            step=self.step,
            seconds=self.seconds,
            samples=self.samples,
            best_value=self.best_value,
            best_step=self.best_step,
            best_metrics=self.best_metrics,
            measured_step=self.measured_step,
            rate_scale=self.rate_scale,
            recipe_rate=self._training.learning_rate,
            plateau=self._plateau.state(),
            patience=self._patience.state(),
            precision=precision,
        )

    def resume(self, position: Position) -> None:
        """Go on from a checkpoint."""
        self.step, self.seconds, self.samples = position.step, position.seconds, position.samples
        self.best_value, self.best_step = position.best_value, position.best_step
        self.best_metrics = position.best_metrics
        self.measured_step, self.saved_step = position.measured_step, position.step
        # Another rate in the recipe counts from here on; what was changed by hand before it does not.
        same = position.recipe_rate == self._training.learning_rate
        self.rate_scale = position.rate_scale if same else 1.0
        if position.plateau:
            self._plateau = Plateau.from_state(self._training, position.plateau)
        if position.patience:
            self._patience.load_state(position.patience)
