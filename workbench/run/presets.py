"""Presets: three sets of recipe fields, computed from the size and the lengths of the data and from the device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe
from workbench.run.task_kinds import writes

Lengths = Sequence[int] | npt.NDArray[np.int64]
Value = float | str | bool

GIB = 2**30
#: Steps of a quick look; on the default model well below a minute on two cores.
QUICK_STEPS = 150
#: Where the 99th percentile of the lengths is this many times the median, a batch of average texts has room for
#: many short ones, or for few long ones only.
LONG_TAIL = 2.2


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of recipe fields that belong together.

    Attributes:
        name: What it is called in files and on the command line.
        title: What a person reads.
        help: What it is good for and what it costs, in one sentence.
        changes: The recipe fields that it sets, as (path, value). All presets set the same fields, so that one
            takes back what the other did.
    """

    name: str
    title: str
    help: str
    changes: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class _Data:
    """What the presets are computed from; `memory` in bytes, 0 where it is not known."""

    writes: bool
    rows: int
    lengths: Lengths
    on_gpu: bool
    memory: int
    new: bool

    @property
    def batch(self) -> int:
        """Rows per batch: small data needs small batches, or there would be too few steps."""
        if self.writes:
            return 8 if self.rows < 1000 else 16
        for rows, size in ((500, 8), (4000, 16), (50_000, 32)):
            if self.rows < rows:
                return size
        return 64 if self.on_gpu else 32

    @property
    def steps_per_epoch(self) -> int:
        return max(1, math.ceil(self.rows / self.batch))

    def length(self, share: float, at_most: int) -> int:
        """Tokens that leave this share of the texts whole, as a multiple of 8; 128 where lengths are unknown."""
        if self.writes or not len(self.lengths):
            return at_most if self.writes else min(128, at_most)
        wanted = math.ceil(float(np.quantile(np.asarray(self.lengths), share)) / 8) * 8
        return int(min(max(wanted, 16), at_most))

    def batching(self, limit: int) -> str:
        """How texts, cut at this many tokens, are best put together."""
        if self.writes or not len(self.lengths):
            return "by-length"
        cut = np.minimum(np.asarray(self.lengths), limit)
        return "token-budget" if np.quantile(cut, 0.99) >= LONG_TAIL * np.median(cut) else "by-length"


def presets(
    task_kind: str,
    train_rows: int,
    lengths: Sequence[int] | npt.NDArray[np.int64] | None,
    device_kind: str,
    memory: int | None,
    *,
    new: bool = False,
) -> tuple[Preset, ...]:
    """The presets "quick look", "balanced" and "best quality", in this order.

    Args:
        task_kind: The recipe's `task.kind`.
        train_rows: Rows to learn from.
        lengths: Tokens of each training text (or of a sample), uncut; None where they are not known.
        device_kind: "cpu", "cuda", "mps" or "xpu".
        memory: Bytes of memory that the device has; None where that is not known.
        new: Whether the model starts from nothing: it wants a higher rate, and all its weights learn.
    """
    in_blocks = task_kind == "masked-lm"  # of any length, whatever the texts have
    known: Lengths = () if lengths is None or in_blocks else lengths
    data = _Data(writes(task_kind), train_rows, known, device_kind != "cpu", memory or 0, new)
    return (_quick(data), _balanced(data), _best(data))


def apply(recipe: Recipe, preset: Preset) -> Recipe:
    """The recipe with the preset's fields set and everything validated.

    Raises:
        WorkbenchError: When a value is not allowed.
    """
    plain = recipe.model_dump()
    for path, value in preset.changes:
        section, _, name = path.rpartition(".")
        plain[section][name] = value
    return parse_recipe(plain)


def _quick(data: _Data) -> Preset:
    limit = data.length(0.9, 128)
    epochs = 3.0 if data.steps_per_epoch < QUICK_STEPS / 3 else 1.0
    steps = min(QUICK_STEPS, math.ceil(epochs * data.steps_per_epoch))
    return Preset(
        "quick-look",
        "Quick look",
        f"{steps} steps on texts of at most {limit} tokens: shows soon whether the data can be learned at all.",
        _changes(data, limit, epochs=epochs, max_steps=QUICK_STEPS),
    )


def _balanced(data: _Data) -> Preset:
    limit = data.length(0.98, 512 if data.on_gpu else 256)
    epochs = _by_rows(data, (8.0, 4.0, 3.0, 2.0))
    return Preset(
        "balanced",
        "Balanced",
        f"{_times(epochs)} through all the data: close to the best score in a fraction of its time.",
        _changes(data, limit, epochs=epochs),
    )


def _best(data: _Data) -> Preset:
    limit = data.length(1.0, 1024 if data.on_gpu and data.writes else 512)
    epochs = _by_rows(data, (20.0, 10.0, 6.0, 4.0))
    small = not data.writes and data.rows < 10_000
    return Preset(
        "best-quality",
        "Best quality",
        f"Up to {_times(epochs)} at half the rate, on longer texts; ends when 8 measurements in a row bring no gain.",
        _changes(
            data,
            limit,
            epochs=epochs,
            rate=0.5,
            schedule="cosine",
            early_stopping=8,
            layer_decay=0.9 if small else 1.0,
        ),
    )


def _changes(
    data: _Data,
    limit: int,
    *,
    epochs: float,
    max_steps: int = 0,
    rate: float = 1.0,
    schedule: str = "linear",
    early_stopping: int = 0,
    layer_decay: float = 1.0,
) -> tuple[tuple[str, Value], ...]:
    """The fields that every preset sets."""
    # Weights, gradients and the optimizer's averages of a small language model alone take several GiB.
    lora = data.writes and 0 < data.memory < 6 * GIB and not data.new
    return (
        ("training.epochs", epochs),
        ("training.max_steps", max_steps),
        ("training.batch_size", data.batch),
        ("training.accumulation", 0 if 0 < data.memory < 12 * GIB else 1),
        ("training.learning_rate", rate * (1e-3 if data.new else 2e-4 if lora else 1e-4)),
        ("training.schedule", "cosine" if data.new else schedule),
        ("training.max_length", limit),
        ("training.batching", data.batching(limit)),
        ("training.early_stopping", early_stopping),
        ("weights.kind", "lora" if lora else "all"),
        ("weights.layer_decay", 1.0 if data.new else layer_decay),
    )


def _by_rows(data: _Data, epochs: tuple[float, float, float, float]) -> float:
    """Fewer passes through more data: of the four, for below 1 000, 10 000 and 100 000 rows, and above."""
    return next(
        (n for rows, n in zip((1_000, 10_000, 100_000), epochs, strict=False) if data.rows < rows), epochs[3]
    )


def _times(epochs: float) -> str:
    return f"{epochs:g} passes"
