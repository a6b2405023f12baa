"""Learning-rate schedules: the rate of a step is a pure function of the step's number."""

from __future__ import annotations

import math


def learning_rate(step: int, total: int, peak: float, warmup_ratio: float, kind: str) -> float:
    """The learning rate of a step.

    With W = round(warmup_ratio · total) warm-up steps the rate is peak · s / W for s ≤ W (linear from 0).
    After it, with progress p = (s − W) / (total − W + 1): linear peak · (1 − p), cosine
    peak · ½(1 + cos πp), constant peak. The last step still learns: p stays below 1.

    Args:
        step: s, counted from 1.
        total: Steps of the whole run.
        peak: The rate at the end of the warm-up.
        warmup_ratio: The share of steps that warm up.
        kind: "linear", "cosine" or "constant".
    """
    warmup = round(warmup_ratio * total)
    if step <= warmup:
        return peak * step / warmup
    progress = (step - warmup) / (total - warmup + 1)
    match kind:
        case "constant":
            return peak
        case "linear":
            return peak * (1 - progress)
        case "cosine":
            return peak * 0.5 * (1 + math.cos(math.pi * progress))
    raise ValueError(f"no schedule is called {kind!r}")
