"""A power law through a learning curve: what more rows would bring, with an interval that says how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Exponents that are thought possible; curves of real tasks lie between about 0.1 and 0.5 (Hestness et al. 2017).
_EXPONENTS = np.linspace(0.1, 1.0, 19)
#: How much a run's error varies by chance beside the sampling of rows, as a share of the largest error.
_JITTER = np.array([0.005, 0.01, 0.02, 0.04, 0.08, 0.16])
#: How likely it is thought beforehand that more rows change nothing any more.
_FLAT = 0.2
#: Curves that are drawn for each pair of exponent and chance.
_DRAWS = 600
_ENDS = (0.025, 0.5, 0.975)


@dataclass(frozen=True, slots=True)
class Predicted:
    """An error at a number of rows: its middle, and the ends of its 95 % interval."""

    rows: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class PowerLaw:
    """Curves error(n) = floor + part · (n / rows)^(−exponent) that fit a learning curve, each with its weight.

    Attributes:
        rows: The largest number of rows that was tried.
        floor: What no number of rows takes away, shape (curves,).
        part: The rest of the error at `rows`, shape (curves,).
        exponent: How fast it shrinks, shape (curves,).
        weights: How well each curve agrees with what was measured, shape (curves,); their sum is 1.
    """

    rows: float
    floor: Floats
    part: Floats
    exponent: Floats
    weights: Floats

    def errors(self, rows: float) -> Floats:
        """The error of each curve at a number of rows, shape (curves,)."""
        return self.floor + self.part * (rows / self.rows) ** -self.exponent

    def predicted(self, rows: float) -> Predicted:
        """The error at a number of rows."""
        low, middle, high = quantiles(self.errors(rows), self.weights, _ENDS)
        return Predicted(rows, middle, low, high)

    def gain(self, rows: float) -> Predicted:
        """By how much the error shrinks from the largest number that was tried to this one."""
        low, middle, high = quantiles(self.errors(self.rows) - self.errors(rows), self.weights, _ENDS)
        return Predicted(rows, middle, low, high)


def fit(
    rows: Sequence[float], errors: Sequence[float], noise: Sequence[float], seed: int = 0
) -> PowerLaw | None:
    """Curves through a learning curve, by Bayes' rule: all exponents and amounts of chance are thought equally likely
    before, and so are all floors and parts between nothing and the largest error. One curve in five is flat.

    For one exponent and one amount of chance the law is linear in floor and part, so their distribution is a normal
    one; curves are drawn from it and those beyond these bounds are left out.

    Args:
        rows: Rows that were learned from, at least three different numbers.
        errors: The held-out error of each; smaller is better, not negative.
        noise: The standard deviation of each error that comes from measuring on so many held-out rows; 0 where it is
            not known.
        seed: Of the draws.

    Returns:
        The curves; None where there are too few points, or none of the curves agrees with them.
    """
    n, e, s = (np.asarray(values, dtype=np.float64) for values in (rows, errors, noise))
    usable = np.isfinite(n) & np.isfinite(e) & (n > 0)
    n, e, s = n[usable], np.clip(e[usable], 0, None), np.nan_to_num(s[usable])
    if len(np.unique(n)) < 3 or not e.max(initial=0.0) > 0:
        return None
    chance = np.random.default_rng(seed)
    most = float(e.max())
    drawn: list[tuple[Floats, Floats, Floats, Floats, float]] = []
    for jitter in _JITTER * most:
        variance = s**2 + jitter**2
        flat = _drawn(np.ones((len(n), 1)), e, variance, most, chance)
        drawn.append((*flat, np.full(_DRAWS, 1.0), np.log(_FLAT)))
        for exponent in _EXPONENTS:
            design = np.stack([np.ones(len(n)), (n / n.max()) ** -exponent], axis=1)
            law = _drawn(design, e, variance, most, chance)
            drawn.append((*law, np.full(_DRAWS, exponent), np.log((1 - _FLAT) / len(_EXPONENTS))))
    floor, part, exponents = (np.concatenate([one[i] for one in drawn]) for i in (0, 1, 3))
    evidence = np.concatenate([one[2] + one[4] for one in drawn])
    weights = np.exp(evidence - evidence.max())
    weights[(floor < 0) | (part < 0) | (floor > most) | (part > most)] = 0
    if not weights.sum() > 0:
        return None
    kept = weights > 0
    return PowerLaw(float(n.max()), floor[kept], part[kept], exponents[kept], weights[kept] / weights.sum())


def quantiles(values: Floats, weights: Floats, shares: Sequence[float]) -> tuple[float, ...]:
    """The values below which these shares of the weight lie."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    places = np.searchsorted(below, np.asarray(shares) * below[-1])
    return tuple(float(values[order[min(place, len(order) - 1)]]) for place in places)


def _drawn(
    design: Floats, errors: Floats, variance: Floats, most: float, chance: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Floors and parts drawn from their distribution, and the logarithm of the evidence for it; a design of one column
    has no part. `most` is the width of what is thought possible of each before."""
    terms = design.shape[1]
    covariance = np.linalg.inv(design.T @ (design / variance[:, None]))
    middle = covariance @ (design.T @ (errors / variance))
    misfit = float(np.sum((errors - design @ middle) ** 2 / variance + np.log(variance)))
    room = float(np.linalg.slogdet(covariance)[1]) + terms * np.log(2 * np.pi / most**2)
    found = middle + chance.standard_normal((_DRAWS, terms)) @ np.linalg.cholesky(covariance).T
    part = found[:, 1] if terms == 2 else np.zeros(_DRAWS)
    return found[:, 0], part, np.full(_DRAWS, (room - misfit) / 2)
