"""What a training method is to the engine: hooks that the loop calls, without knowing any method by name.

A method is one file in `workbench/engine/methods/` with one subclass of `Method`; it is found by itself, and the
loop composes all those that the recipe wants. Hooks that a method does not need do nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import torch
from accelerate import Accelerator

from workbench.engine.devices import Precision
from workbench.engine.losses import Loss
from workbench.engine.task import Batch, Goods, Rows, Task
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Blend:
    """How the rows of a batch were mixed before they went through the model.

    Attributes:
        partners: The row that each row was mixed with, int64 of shape (rows,).
        share: How much of the row itself is in the mixture; the rest is its partner.
    """

    partners: torch.Tensor
    share: float

    def of(self, rows: torch.Tensor) -> torch.Tensor:
        """Anything that has one entry per row, mixed like the rows."""
        return torch.lerp(rows[self.partners], rows, self.share)


@dataclass(slots=True)
class Pass:
    """What came of one batch on its way through the model.

    Attributes:
        outputs: What the model returned.
        logits: float32, shape (terms, classes): one row for each term of the loss.
        targets: What each term should be, shape (terms,).
        loss: The loss summed over the terms, a float32 scalar.
        blend: How rows were mixed, where they were; the targets are still the rows' own.
    """

    outputs: Any
    logits: torch.Tensor
    targets: torch.Tensor
    loss: torch.Tensor
    blend: Blend | None = None


#: Sends a batch through the model; keyword arguments go to the model (`output_hidden_states=True`).
Forward = Callable[..., Pass]


@dataclass(slots=True)
class Workshop:
    """What a method may use while it works.

    Attributes:
        recipe: The run's recipe.
        task: The run's task.
        rows: What the task read.
        goods: Model, tokenizer and encoded rows.
        model: The bare model on its device, as it is trained (after every method's `reshape`).
        loss: The loss of each term.
        device: Where the model is.
        precision: The number format of the arithmetic.
        total: Steps of the whole run.
        resolve: Gives the folder of a model by a recipe's name for it (a teacher).
        seconds: What the whole run is predicted to take; 0 where nobody knows.
    """

    recipe: Recipe
    task: Task
    rows: Rows
    goods: Goods
    model: torch.nn.Module
    loss: Loss
    device: torch.device
    precision: Precision
    total: int
    resolve: Callable[[str], Path]
    seconds: float = 0.0


class Method:
    """One thing that a run may add to plain training. Instances live as long as one run."""

    #: Methods with smaller numbers reshape first, and stand nearer to the model in the chain of forwards.
    order: ClassVar[int] = 50
    #: Whether the model's own weights stay as they were, so that checkpoints hold only what is trained.
    keeps_base: ClassVar[bool] = False
    #: Whether it reads the vectors of all tokens in the model's layers.
    reads_layers: ClassVar[bool] = False
    #: Whether the weights come to the same with it and without.
    only_watches: ClassVar[bool] = False

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        """Whether the recipe asks for this method."""
        raise NotImplementedError

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        """Why the method cannot be had with this recipe, each with its field; nothing when it can."""
        return ()

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        """Change the model before its optimizer is built: freeze, add modules, set dropout. The weights are
        those of the base model; a resumed run's are put in afterwards."""
        return model

    def begin(self, workshop: Workshop) -> None:
        """The run is about to begin; the model has its first (or resumed) weights."""

    def prepare(self, batch: Batch) -> Batch:
        """A batch on its device with what it needs beside its rows, before it goes through the model in training and
        in measuring; `begin` was called."""
        return batch

    def forward(self, inner: Forward) -> Forward:
        """Wrap the way of a batch through the model."""
        return inner

    def more_losses(self, forward: Forward, batch: Batch) -> Iterator[torch.Tensor]:
        """Further summed losses of a batch, each back-propagated (and scaled) like the first before the next
        is asked for; the gradients of the first are there already."""
        return iter(())

    def before_step(self, step: int) -> None:
        """The gradients of this step are there; they are shortened where they are too long, and the optimizer takes
        its step. A weight whose gradient is taken away (None) stays as it is."""

    def after_step(self, step: int) -> None:
        """The optimizer has taken this step."""

    def measured_weights(self) -> contextlib.AbstractContextManager[object]:
        """While this is entered the model has the weights that are to be measured and kept."""
        return contextlib.nullcontext()

    def label(self) -> str:
        """Why a resumed run is not the same to the bit; empty when it is."""
        return ""

    def portable(self, model: torch.nn.Module) -> torch.nn.Module:
        """The model as every other tool loads it; the one in training stays as it is to the bit."""
        return model

    def move(self, device: torch.device) -> None:
        """Take what the method holds beside the model to another device: a pause may give the GPU's memory back."""

    def gather(self, accelerator: Accelerator) -> None:
        """A checkpoint is about to be written; all processes are here, and `state` is asked of one of them."""

    def files(self) -> dict[str, bytes]:
        """Files for the run folder, by their names, written with each checkpoint."""
        return {}

    def state(self) -> dict[str, torch.Tensor]:
        """Everything that a resumed run needs to go on to the bit."""
        return {}

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        """Put back what `state` returned; called after `begin`."""


@cache
def all_methods() -> tuple[type[Method], ...]:
    """Every method, in the order in which they are composed."""
    from workbench.engine import methods

    found: list[type[Method]] = []
    for module in pkgutil.iter_modules(methods.__path__):
        loaded = importlib.import_module(f"{methods.__name__}.{module.name}")
        found += [
            item
            for _, item in inspect.getmembers(loaded, inspect.isclass)
            if issubclass(item, Method) and item.__module__ == loaded.__name__
        ]
    return tuple(sorted(found, key=lambda method: (method.order, method.__name__)))


def wanted_methods(recipe: Recipe) -> list[Method]:
    """Fresh instances of the methods that a recipe asks for, in their order."""
    return [method() for method in all_methods() if method.wanted(recipe)]


def method_complaints(recipe: Recipe, task: Task) -> list[Problem]:
    """What stands against the recipe's methods."""
    return [
        problem
        for method in all_methods()
        if method.wanted(recipe)
        for problem in method.complaints(recipe, task)
    ]
