"""What happens to a model when attention heads are taken away, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: (layer, head), both counted from 0.
Head = tuple[int, int]
#: What stands in the place of a head's output: nothing, or its mean over the held-out tokens.
Mode = Literal["zero", "mean"]
#: How the importance of heads was found: by taking each away, or from gradients.
Kind = Literal["zero", "mean", "gradient"]
#: By what heads are compared: the held-out loss, or the task's metric.
By = Literal["loss", "metric"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A held-out metric with all heads and without some, on the same rows.

    Attributes:
        metric: Its name ("accuracy").
        before: With all heads.
        after: Without some.
        low: The lower end of the 95 % interval of `after - before` (paired bootstrap over rows).
        high: The upper end.
        rows: How many held-out rows were measured.
        lower_is_better: Whether a smaller value is a better one.
        loss_before: Held-out loss with all heads, nats per term.
        loss_after: Held-out loss without some.
    """

    metric: str
    before: float
    after: float
    low: float
    high: float
    rows: int
    lower_is_better: bool
    loss_before: float
    loss_after: float

    @property
    def harm(self) -> float:
        """How much worse the metric is; negative where it is better."""
        return self.after - self.before if self.lower_is_better else self.before - self.after

    @property
    def harm_interval(self) -> tuple[float, float]:
        """The 95 % interval of `harm`."""
        return (self.low, self.high) if self.lower_is_better else (-self.high, -self.low)

    def in_words(self) -> str:
        """One sentence: "accuracy falls from 0.86 to 0.71; 95 % interval of the fall: 0.11 to 0.19."."""
        name = self.metric.replace("_", " ")
        before, after = figure(self.before), figure(self.after)
        if self.before == self.after:
            said, noun, ends = f"{name} stays at {before}", "change", (self.low, self.high)
        elif self.after > self.before:
            said, noun, ends = f"{name} rises from {before} to {after}", "rise", (self.low, self.high)
        else:
            said, noun, ends = f"{name} falls from {before} to {after}", "fall", (-self.high, -self.low)
        if not any(ends):
            return f"{said}."
        unsure = " (it may be chance)" if self.low <= 0 <= self.high else ""
        return f"{said}; 95 % interval of the {noun}: {figure(ends[0])} to {figure(ends[1])}{unsure}."


@dataclass(frozen=True, slots=True)
class Ablation:
    """A model without some of its heads.

    Attributes:
        model: Which model, in words.
        layers: The names of its layers ("Layer 1"), first to last.
        heads_per_layer: The number of heads of each layer.
        heads: What was taken away.
        mode: What stands in their place.
        seconds: What one measurement of all held-out rows takes.
        measured: The held-out metric; None while it is being measured.
        text: The sentence.
        before: Its prediction with all heads: (class or next token, probability), best first.
        after: Its prediction without the heads.
        could_mean: Whether a saved model can hold the means (its projections have a bias).
    """

    model: str
    layers: tuple[str, ...]
    heads_per_layer: tuple[int, ...]
    heads: tuple[Head, ...]
    mode: Mode
    seconds: float
    measured: Measured | None
    text: str = ""
    before: tuple[tuple[str, float], ...] = ()
    after: tuple[tuple[str, float], ...] = ()
    could_mean: bool = True

    @property
    def total(self) -> int:
        """All heads of the model."""
        return sum(self.heads_per_layer)


@dataclass(frozen=True, slots=True)
class Importance:
    """How much each head matters.

    Attributes:
        kind: How it was found.
        values: float64, read-only, shape (layers, most heads): the harm to the metric when this head alone is
            taken away; for "gradient" E|∂L/∂ξ|. NaN where it is not known yet, or where there is no head.
        losses: The same shape: by how much the held-out loss rises (for "gradient" the same as `values`).
        low: The lower end of the 95 % interval of `values`; NaN where there is none (yet).
        high: The upper end.
        loss_low: The lower end of the 95 % interval of `losses`; NaN where there is none.
        loss_high: The upper end.
        metric: What was measured ("accuracy"; "gradient" for the quick estimate).
        before: The metric with all heads, on the rows read so far.
        rows: How many rows there are to read.
        rows_read: How many were read.
        seconds: What is left to do, in seconds, as far as can be told.
    """

    kind: Kind
    values: NDArray[np.float64]
    losses: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    loss_low: NDArray[np.float64]
    loss_high: NDArray[np.float64]
    metric: str
    before: float
    rows: int
    rows_read: int
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether all rows were read."""
        return self.rows_read >= self.rows

    def side(self, by: By = "loss") -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """(values, low, high) by the loss or by the metric."""
        if by == "loss":
            return self.losses, self.loss_low, self.loss_high
        return self.values, self.low, self.high

    def order(self, by: By = "loss") -> tuple[Head, ...]:
        """All heads that are known, the least important first.

        The loss tells heads apart that an accuracy, which moves in steps of one row, does not; where the metric is
        asked for, the loss decides between equals.
        """
        values = self.side(by)[0]
        known = np.argwhere(np.isfinite(values))
        chosen, losses = values[tuple(known.T)], self.losses[tuple(known.T)]
        return tuple((int(known[i][0]), int(known[i][1])) for i in np.lexsort((losses, chosen)))


@dataclass(frozen=True, slots=True)
class PrunedModel:
    """A model that was saved without some of its heads.

    Attributes:
        folder: Where it is.
        heads: What it lacks.
        cut: How many of them are really gone; the others are zeros that are still computed.
        parameters: How many numbers the model had, and has now.
        measured: What the saved model scored on the held-out rows.
    """

    folder: Path
    heads: tuple[Head, ...]
    cut: int
    parameters: tuple[int, int]
    measured: Measured

    def in_words(self) -> str:
        """What became of the size."""
        count = heads_counted(len(self.heads))
        if not self.cut:
            return (
                f"The weights of {count} are zero: the model answers as measured, but is neither smaller nor "
                "faster, because its configuration has one number of heads for all layers."
            )
        was, now = self.parameters
        smaller = f"{heads_counted(self.cut)} cut out: {now:,} parameters instead of {was:,}."
        rest = len(self.heads) - self.cut
        return smaller + (f" The other {rest} are zeros, and save nothing." if rest else "")


def figure(value: float) -> str:
    """A number with as many figures as are worth reading: 0.86, 0.004, 12.3."""
    if abs(value) >= 100:
        return f"{value:,.0f}".replace("-", "−")
    if abs(value) >= 10:
        return f"{value:.1f}".replace("-", "−")
    text = f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"
    return text.replace("-", "−") if float(text) else "0"


def heads_counted(count: int) -> str:
    """ "1 head", "12 heads"."""
    return "1 head" if count == 1 else f"{count} heads"


def by_layer(heads: tuple[Head, ...], layers: tuple[str, ...]) -> str:
    """The heads in words, layer by layer: "Layer 1: 3, 5. Layer 4: 12."."""
    found: dict[int, list[int]] = {}
    for layer, head in sorted(heads):
        found.setdefault(layer, []).append(head + 1)
    return " ".join(f"{layers[layer]}: {', '.join(map(str, numbers))}." for layer, numbers in found.items())
