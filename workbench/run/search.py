"""A search for better settings: which recipe fields may vary, how long it may take, and what its trials found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workbench.run.metric_titles import shown, words_of_metric
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.search_ranges import Range
from workbench.run.section import Section, field
from workbench.run.series import with_values

TrialState = Literal["running", "finished", "pruned", "failed"]


class SearchSettings(Section):
    """How a search goes about it."""

    trials: int = field(
        20,
        "Runs",
        "How many runs the search may take. 0: as many as the minutes allow.",
        unit="runs",
        ge=0,
        le=100_000,
    )
    minutes: float = field(
        0.0,
        "Minutes",
        "How long it may take altogether; the run in work is then ended where it stands. 0: no limit.",
        unit="minutes",
        ge=0,
        le=10_000_000,
    )
    method: Literal["tpe", "random", "grid"] = field(
        "tpe",
        "Method",
        "How values are chosen. tpe: where earlier runs were good (tree-structured Parzen estimator). random: anywhere "
        "in the ranges. grid: every combination of the choices once.",
    )
    pruning: Literal["median", "hyperband", "none"] = field(
        "median",
        "Give up early",
        "Whether a run is ended before its time where others were better at the same point. median: worse than half of "
        "them. hyperband: only the best third goes on, at several points. none: every run is finished.",
    )
    weights: Literal["best", "all"] = field(
        "best",
        "Keep weights",
        "best: only the best run and those with a star keep their weights and checkpoints; all others keep their "
        "curves and scores. all: every run keeps them.",
    )
    metric: str = field("", "Score", "The held-out metric that decides. Empty: the recipe's own choice.")
    seed: int = field(0, "Seed", "The number that the choice of values comes from.", ge=0, le=2**31 - 1)


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: a run with these values.

    Attributes:
        number: From 1, in the order in which they were begun.
        state: How it stands.
        values: The recipe fields that vary, with its values.
        score: Its best held-out score; None while there is none.
        curve: (share of the run, held-out score) pairs.
        run: The name of the run folder; empty where there is none.
        seconds: How long it took.
        problem: Why it failed, in words.
    """

    number: int
    state: TrialState
    values: Mapping[str, Any]
    score: float | None = None
    curve: tuple[tuple[float, float], ...] = ()
    run: str = ""
    seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it stands.

    Attributes:
        name: What it is called.
        recipe: The recipe that its trials vary.
        settings: How it goes about it.
        ranges: What may vary.
        metric: The held-out metric that decides.
        highest_is_best: Whether larger is better.
        trials: In the order in which they were begun.
        importance: (field, share) pairs: how much of the difference between the finished trials each field explains,
            the largest first (functional ANOVA; Hutter, Hoos and Leyton-Brown 2014); empty while there are too few.
        over: Why it has ended, in words; empty while it can go on.
    """

    name: str
    recipe: Recipe
    settings: SearchSettings
    ranges: tuple[Range, ...]
    metric: str
    highest_is_best: bool
    trials: tuple[Trial, ...] = ()
    importance: tuple[tuple[str, float], ...] = ()
    over: str = ""

    @property
    def best(self) -> Trial | None:
        """The finished trial with the best score; of equal ones the first."""
        ended = [trial for trial in self.trials if trial.state == "finished" and trial.score is not None]
        sign = -1 if self.highest_is_best else 1
        return min(ended, key=lambda trial: sign * (trial.score or 0.0), default=None)

    @property
    def record(self) -> tuple[tuple[int, float], ...]:
        """The best score so far after each finished trial, as (number, score) pairs."""
        found: list[tuple[int, float]] = []
        for trial in self.trials:
            if trial.state == "finished" and trial.score is not None:
                last = found[-1][1] if found else trial.score
                found.append(
                    (trial.number, max(last, trial.score) if self.highest_is_best else min(last, trial.score))
                )
        return tuple(found)

    @property
    def seconds(self) -> float:
        """How long all trials took."""
        return math.fsum(trial.seconds for trial in self.trials)

    def best_recipe(self) -> Recipe:
        """The recipe with the values of the best trial.

        Raises:
            WorkbenchError: When no trial has finished.
        """
        if self.best is None:
            raise bad_input(
                f"The search {self.name} has no best recipe yet.",
                "No trial has finished with a held-out score.",
                "Let it go on, or look why its trials failed.",
            )
        return with_values(self.recipe, self.best.values)

    @property
    def words(self) -> str:
        """What came out, in a few sentences."""
        count = {
            state: sum(trial.state == state for trial in self.trials)
            for state in ("finished", "pruned", "failed")
        }
        parts = [f"{count['finished']} finished"]
        parts += [f"{count['pruned']} given up early"] if count["pruned"] else []
        parts += [f"{count['failed']} failed"] if count["failed"] else []
        said = f"{len(self.trials)} {'trial' if len(self.trials) == 1 else 'trials'}: {', '.join(parts)}."
        if self.best is None or self.best.score is None:
            return f"{said} There is no best one yet."
        score = f"{words_of_metric(self.metric).title} {shown(self.metric, self.best.score)}"
        said += f" Best: trial {self.best.number}, {score}."
        if count["finished"] > 1:
            said += " The best of several is a little luckier than it is good: measure it on test rows."
        return said


def complaints(recipe: Recipe, ranges: Sequence[Range], settings: SearchSettings) -> list[Problem]:
    """What is wrong with a search, as far as its plan shows."""
    found: list[Problem] = []
    if not ranges:
        found.append(Problem("Nothing is to be searched.", "No range was given.", "Give at least one."))
    paths = [one.path for one in ranges]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    found += [Problem(f"{path} has two ranges.", "", "Leave one of them out.", field=path) for path in twice]
    for one in ranges:
        for value in one.choices or (one.low, one.high):
            try:
                with_values(recipe, {one.path: int(value) if one.whole else value})
            except WorkbenchError as error:
                found += [problem for problem in error.problems if problem not in found]
    if not (settings.trials or settings.minutes or settings.method == "grid"):
        found.append(
            Problem("The search would never end.", "Neither runs nor minutes are limited.", "Limit one of them.",
                    field="search.trials")
        )  # fmt: skip
    endless = [one.path for one in ranges if not one.finite]
    if settings.method == "grid" and endless:
        found.append(
            Problem(
                f"A grid needs values that can be counted; {endless[0]} has endlessly many.",
                "It goes through every combination.",
                f"Give choices, such as --range {endless[0]}=a,b,c, or choose the method random.",
                field=endless[0],
            )
        )
    return found
