"""Everything that takes a training step, put together from a recipe: device, model, methods, loss, optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from workbench.engine.allocator import keep_freed_memory
from workbench.engine.devices import Precision, choose_device, choose_precision, prefer_fast_arithmetic
from workbench.engine.levers import Levers, pull_levers
from workbench.engine.losses import Loss, build_loss
from workbench.engine.method import Forward, Method, Pass, Workshop, wanted_methods
from workbench.engine.optimizers import ELEMENTWISE, build_optimizer
from workbench.engine.sharing import sharding_wanted
from workbench.engine.task import Batch, Goods, Rows, Task
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe

if TYPE_CHECKING:
    from workbench.engine.sharding import Shards


def no_models(name: str) -> Path:
    """Where there is no shelf of models, there is no teacher either."""
    raise bad_input(f"The model {name} is not here.", field="distillation.teacher")


@dataclass(slots=True)
class Assembly:
    """The parts of a training step.

    Attributes:
        model: The model as steps use it; wrapped where several processes share the work.
        bare: The model itself.
        forward: The way of a batch through the model, with every method around it.
        shards: The parts of the model, where processes share one (FSDP2); None where each has the whole.
        levers: What makes its steps cheaper on the CPU.
        parameters: Weights of the whole model, and how many of them learn.
    """

    recipe: Recipe
    task: Task
    rows: Rows
    goods: Goods
    accelerator: Accelerator
    precision: Precision
    methods: list[Method]
    loss: Loss
    model: Any
    bare: torch.nn.Module
    optimizer: torch.optim.Optimizer
    scaler: Any
    forward: Forward
    pad: int
    total: int
    shards: Shards | None
    levers: Levers
    parameters: tuple[int, int]

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        device: torch.device = self.accelerator.device
        return device

    @property
    def keeps_base(self) -> bool:
        """Whether checkpoints hold only what is trained."""
        return any(method.keeps_base for method in self.methods)

    def begin(self, resolve: Callable[[str], Path] = no_models, seconds: float = 0.0) -> None:
        """Tell the methods that the run begins; the weights are in place. Builds the chain of forwards.

        Args:
            resolve: Gives the folder of a model by a recipe's name for it.
            seconds: What the whole run is predicted to take; 0 where nobody knows.
        """
        workshop = Workshop(
            self.recipe,
            self.task,
            self.rows,
            self.goods,
            self.bare,
            self.loss,
            self.device,
            self.precision,
            self.total,
            resolve,
            seconds,
        )
        forward: Forward = self._plain_forward
        for method in self.methods:
            method.begin(workshop)
            forward = method.forward(forward)
        self.forward = forward

    def _plain_forward(self, batch: Batch, **more: Any) -> Pass:
        outputs = self.task.outputs(self.model, batch, **more)
        logits, targets = self.task.logits(outputs, batch), self.task.targets(batch)
        loss = self.task.summed_loss(logits, targets, batch, self.loss)
        further = self.task.further_loss(outputs, batch)
        return Pass(outputs, logits, targets, loss if further is None else loss + further)

    def prepared(self, batch: Batch) -> Batch:
        """A batch with what the methods add to it before it goes through the model."""
        for method in self.methods:
            batch = method.prepare(batch)
        return batch

    @contextmanager
    def measured_weights(self) -> Iterator[None]:
        """While this is entered the model has the weights that are measured and kept."""
        with ExitStack() as stack:
            for method in self.methods:
                stack.enter_context(method.measured_weights())
            yield

    def portable(self) -> torch.nn.Module:
        """The model as other tools load it."""
        model = self.bare
        for method in self.methods:
            model = method.portable(model)
        return model

    def method_state(self) -> dict[str, torch.Tensor]:
        """The states of all methods and of the levers, as "method/name"."""
        return {
            f"{type(owner).__name__}/{name}": tensor
            for owner in self._owners()
            for name, tensor in owner.state().items()
        }

    def _owners(self) -> list[Method | Levers]:
        return [*self.methods, self.levers]

    def load_method_state(self, state: dict[str, torch.Tensor]) -> None:
        """Put back what `method_state` returned."""
        for owner in self._owners():
            mine = f"{type(owner).__name__}/"
            owner.load_state({k.removeprefix(mine): v for k, v in state.items() if k.startswith(mine)})

    def move(self, device: torch.device) -> None:
        """Move the model, the optimizer's state and what the methods hold to another device, or back."""
        self.bare.to(device)
        for method in self.methods:
            method.move(device)
        for values in self.optimizer.state.values():
            for name, value in values.items():
                if isinstance(value, torch.Tensor) and value.ndim:  # step counters stay where they are
                    values[name] = value.to(device)


def seed_chance(seed: int) -> None:
    """Set torch's global generators, from which new weights and dropout masks come."""
    torch.manual_seed(seed)


def assemble(recipe: Recipe, task: Task, rows: Rows, goods: Goods, total: int) -> Assembly:
    """Put the parts of a step together; the model is reshaped and trained in place.

    What is drawn by chance here (the first weights of added modules) comes from the recipe's seed. `begin` must
    be called before the first step. `total` is the number of the run's steps.
    """
    settings = recipe.training
    # Accelerate keeps one state per process; a second run in the window may want another device.
    if not torch.distributed.is_initialized():
        AcceleratorState._reset_state(reset_partial_state=True)
    wanted = choose_device(settings.device)
    # Precision is our own autocast: Accelerate would silently keep the first run's for the whole process.
    accelerator = Accelerator(cpu=wanted.type == "cpu", mixed_precision="no")
    device = accelerator.device
    precision = choose_precision(settings.precision, device)
    prefer_fast_arithmetic(device, deterministic=settings.deterministic)
    if device.type == "cpu":
        keep_freed_memory()
    seed_chance(settings.seed)
    methods = wanted_methods(recipe)
    bare = goods.model
    for method in methods:
        bare = method.reshape(bare, recipe)
    bare.train()
    bare.to(device)
    weights = list(bare.parameters())
    parameters = (sum(w.numel() for w in weights), sum(w.numel() for w in weights if w.requires_grad))
    shards = _shards(bare, device)
    pad = int(goods.tokenizer.pad_token_id or 0)
    levers = Levers()
    if settings.compile != "on":  # the compiler brings kernels of its own
        levers = pull_levers(
            bare,
            goods.train.all_ids,
            seed=settings.seed,
            pad=pad,
            own_rule=settings.optimizer in ELEMENTWISE,
            reads_layers=any(method.reads_layers for method in methods),
            processes=accelerator.num_processes,
        )
    optimizer = build_optimizer(bare, recipe, total)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
    loss = build_loss(task.loss_section(recipe.loss), task.class_counts(goods, rows))
    model: Any = bare if shards else accelerator.prepare_model(bare)
    # Each process draws its own dropout masks.
    seed_chance(settings.seed + accelerator.process_index)
    return Assembly(
        recipe,
        task,
        rows,
        goods,
        accelerator,
        precision,
        methods,
        loss,
        model,
        bare,
        optimizer,
        scaler,
        forward=_not_begun,
        pad=pad,
        total=total,
        shards=shards,
        levers=levers,
        parameters=parameters,
    )


def _shards(model: torch.nn.Module, device: torch.device) -> Shards | None:
    if not sharding_wanted():
        return None
    from workbench.engine.sharding import Shards

    return Shards(model, device)


def _not_begun(batch: Batch, **more: Any) -> Pass:
    raise RuntimeError("Assembly.begin was not called")
