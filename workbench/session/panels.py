"""The curves of a run as plots to draw: which, smoothed how, with which marks on the axes; for SVG and PNG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.run.history import Curve, History

Floats = NDArray[np.float64]
Role = Literal["raw", "smooth", "held-out"]

#: The colours of the curves, in light and dark; hue and lightness both differ.
SERIES = (("#3f6fd1", "#7ba7f7"), ("#d9730d", "#f2a154"), ("#0f8a6a", "#4fc6a0"), ("#b3458f", "#e58cc4"))

#: Measures in the data's own unit, which have no place beside scores.
ERRORS = ("mae", "rmse")
_WIDEST = 600  # columns of a plot: more points than two a column cannot be seen


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One curve; `x` in steps, both float64 of shape (points,) and finite."""

    name: str
    x: Floats
    y: Floats
    role: Role
    colour: int


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One plot over the steps."""

    title: str
    series: tuple[Series, ...]

    def range_x(self) -> tuple[float, float]:
        """The first and the last step."""
        return 0.0, max(1.0, *(float(s.x.max()) for s in self.series))

    def range_y(self) -> tuple[float, float]:
        """The lowest and the highest value to show, with a little air.

        Raw losses may have a few wild values; the highest hundredth of them may leave the plot.
        """
        low = min(float(s.y.min()) for s in self.series)
        high = max(
            float(np.quantile(s.y, 0.99)) if s.role == "raw" else float(s.y.max()) for s in self.series
        )
        air = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
        return low - air, high + air


def panels(history: History) -> tuple[Panel, ...]:
    """The plots of a run; those of which nothing was recorded are left out."""
    found = [
        Panel("Loss", (*_training(history, "loss"), *_held_out(history, ("loss",), 1))),
        Panel("Held-out score", _held_out(history, _scores(history), 0)),
        Panel("Held-out error, in the data's unit", _held_out(history, ERRORS, 1)),
        Panel("Learning rate", _training(history, "learning_rate", smooth=False)),
        Panel("Gradient norm", _training(history, "gradient_norm")),
        Panel("Samples per second", _training(history, "samples_per_second")),
    ]
    return tuple(panel for panel in found if panel.series)


def smoothed(values: Floats, span: float) -> Floats:
    """The mean of two exponential moving averages over about `span` values, one from either end.

    The curve is known to its end here, so that smoothing need not lag behind it as it does on a live plot.
    """
    return (_moving_average(values, span) + _moving_average(values[::-1], span)[::-1]) / 2


def _moving_average(values: Floats, span: float) -> Floats:
    keep = math.exp(-1.0 / max(span, 1e-9))
    result = np.empty_like(values)
    mean, weight = 0.0, 0.0
    for index, value in enumerate(values):
        mean = keep * mean + (1 - keep) * float(value)
        weight = keep * weight + (1 - keep)  # corrects for the start from nothing
        result[index] = mean / weight
    return result


def thinned(x: Floats, y: Floats, columns: int = _WIDEST) -> tuple[Floats, Floats]:
    """At most two points a column, the lowest and the highest, so that no peak is lost."""
    if len(x) <= 2 * columns:
        return x, y
    kept: list[int] = []
    for block in np.array_split(np.arange(len(x)), columns):
        low, high = block[y[block].argmin()], block[y[block].argmax()]
        kept += sorted({int(low), int(high)})
    return x[kept], y[kept]


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values between two limits: multiples of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def number(value: float) -> str:
    """A value as an axis shows it."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}"
    mantissa, exponent = f"{value:.3g}".split("e") if "e" in f"{value:.3g}" else (f"{value:.0e}".split("e"))
    return f"{mantissa}e{int(exponent)}"


def _scores(history: History) -> tuple[str, ...]:
    names = [name.partition("/")[2] for name in history.curves if name.startswith("validation/")]
    return tuple(name for name in names if name not in ("loss", *ERRORS))


def _points(curve: Curve) -> tuple[Floats, Floats]:
    there = np.isfinite(curve.y)
    return curve.x[there], curve.y[there]


def _training(history: History, name: str, *, smooth: bool = True) -> tuple[Series, ...]:
    x, y = _points(history.curve(name))
    if not len(x):
        return ()
    if not smooth or len(x) < 10:
        return (Series("each step", *thinned(x, y), "smooth", 0),)
    return (
        Series("each step", *thinned(x, y), "raw", 0),
        Series("smoothed", *thinned(x, smoothed(y, len(x) / 30)), "smooth", 0),
    )


def _held_out(history: History, names: tuple[str, ...], colour: int) -> tuple[Series, ...]:
    words = {"f1_macro": "macro F1", "f1_micro": "micro F1", "r2": "R²"}
    found = []
    for index, name in enumerate(names):
        x, y = _points(history.curve(f"validation/{name}"))
        if len(x):
            title = f"held-out {words.get(name, name)}"
            found.append(Series(title, x, y, "held-out", (colour + index) % len(SERIES)))
    return tuple(found)
