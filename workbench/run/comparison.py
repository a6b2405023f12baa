"""Runs beside each other: what differs in their recipes, what came out, and who may be ranked against whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_fields
from workbench.run.run_notes import RunNotes
from workbench.run.scores import Comparison, Number
from workbench.run.series import PartOf
from workbench.run.sources import title_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run of a comparison.

    Attributes:
        name: The run folder's name.
        folder: Where it lies.
        title: What a person called it.
        status: How it stands.
        recipe: What was asked.
        created: When it began, in seconds since 1970.
        metric: The held-out metric that decides.
        highest_is_best: Whether larger is better.
        scores: The held-out metrics of the weights that were kept, by name; with a 95 % interval where one is known.
        seconds: Training time.
        energy: In watt-hours; None where it was not measured.
        size: Bytes on the disk.
        parameters: The number of weights.
        steps: Optimizer steps.
        held_out: The fingerprint of the held-out rows; empty where it is not known.
        held_out_rows: How many those are.
        data_fingerprint: That of the data files; empty where it is not known.
        part: The series that it belongs to.
        notes: What a person wrote about it.
    """

    name: str
    folder: Path
    title: str
    status: str
    recipe: Recipe
    created: float = 0.0
    metric: str = ""
    highest_is_best: bool = True
    scores: Mapping[str, Number] = field(default_factory=dict)
    seconds: float = 0.0
    energy: float | None = None
    size: int = 0
    parameters: int = 0
    steps: int = 0
    held_out: str = ""
    held_out_rows: int = 0
    data_fingerprint: str = ""
    part: PartOf | None = None
    notes: RunNotes = field(default_factory=RunNotes)


@dataclass(frozen=True, slots=True)
class Difference:
    """A recipe field that is not the same in all runs, with its value in each."""

    path: str
    title: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class RunTable:
    """Several runs in the order in which they were named."""

    runs: tuple[ComparedRun, ...]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The recipe fields that are not the same in all runs; what they are called does not count."""
        return differences([run.recipe for run in self.runs])

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that one of the runs has; those that decide come first."""
        names = [run.metric for run in self.runs] + [name for run in self.runs for name in run.scores]
        return tuple(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place on a leaderboard. `near` says that its interval and that of the first place overlap: which of the two is
    better is then not certain."""

    place: int
    run: ComparedRun
    score: Number
    near: bool = False


@dataclass(frozen=True, slots=True)
class Apart:
    """A run that is not ranked, and why."""

    run: ComparedRun
    why: str


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Runs on the same held-out rows of one data set, best first, and the runs on this data that are not ranked among
    them."""

    data: str
    metric: str
    highest_is_best: bool
    rows: int
    ranked: tuple[Ranked, ...]
    apart: tuple[Apart, ...] = ()

    @property
    def reasons(self) -> tuple[tuple[str, tuple[ComparedRun, ...]], ...]:
        """Why runs are not ranked, each with the runs of which it is true."""
        runs: dict[str, list[ComparedRun]] = {}
        for one in self.apart:
            runs.setdefault(one.why, []).append(one.run)
        return tuple((why, tuple(found)) for why, found in runs.items())


@dataclass(frozen=True, slots=True, eq=False)
class ComparedCurve:
    """A curve of one run: read-only float64 arrays of shape (points,)."""

    run: str
    name: str
    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """What two runs say of the same rows. Rows are numbered as in `texts`.

    Attributes:
        first: The first run's name.
        second: The second run's name.
        texts: The rows.
        true: The right classes, as words.
        said: What each of the two says, as words, (first, second) for each row.
        fixed: Rows that only the second run gets right; int64, ascending.
        broken: Rows that only the first one gets right.
        both_wrong: Rows that neither gets right.
        left_out: Rows that only one of them was asked about.
        test: Whether one is better than the other, with the answer in words.
        relabelled: Rows whose label was another one when the first was measured; both are judged by the newer one.
        right_means: When a row counts as right, in words; empty where that goes without saying.
    """

    first: str
    second: str
    texts: tuple[str, ...]
    true: tuple[str, ...]
    said: tuple[tuple[str, str], ...]
    fixed: Ints
    broken: Ints
    both_wrong: Ints
    left_out: int
    test: Comparison
    relabelled: int = 0
    right_means: str = ""

    def right(self, row: int) -> tuple[bool, bool]:
        """Whether each of the two gets a row right."""
        both = row in self.both_wrong
        return not (both or row in self.fixed), not (both or row in self.broken)

    @property
    def words(self) -> str:
        """What changed, in a few sentences."""
        rows, again = self.left_out, self.relabelled
        apart = ""
        if again:
            apart += (
                f" The label of {again} of them was corrected in between; both are judged by the correct one."
            )
        if rows:
            apart += " 1 row is" if rows == 1 else f" {rows} rows are"
            apart += f" not in both and {'does' if rows == 1 else 'do'} not count."
        return (
            f"Of {len(self.texts)} rows, {self.second} gets {len(self.fixed)} right that {self.first} got wrong, and "
            f"{len(self.broken)} wrong that it got right; both are wrong on {len(self.both_wrong)}.{apart} "
            + " ".join(part for part in (self.right_means, self.test.words) if part)
        )


def differences(recipes: Sequence[Recipe]) -> tuple[Difference, ...]:
    """The fields that are not the same in all recipes, in the order of the form."""
    found = []
    for path, row in recipe_fields().items():
        values = tuple(recipe.value(path) for recipe in recipes)
        # A column that was found by itself and one that was named may be the same.
        told = [value for value in values if value or path not in ("data.text", "data.label")]
        if path != "name" and any(value != told[0] for value in told[1:]):
            found.append(Difference(path, row.title, values))
    return tuple(found)


def leaderboards(runs: Sequence[ComparedRun], metric: str = "") -> tuple[Leaderboard, ...]:
    """A board for each data set and each set of held-out rows; only runs that were measured on the same rows are ranked
    against each other.

    Args:
        runs: The runs, in any order.
        metric: What to rank by; empty for the one that decides in the first run of each data set.
    """
    boards: list[Leaderboard] = []
    for data in dict.fromkeys(run.recipe.data.train for run in runs):
        of_data = [run for run in runs if run.recipe.data.train == data]
        prints = dict.fromkeys(run.held_out for run in of_data if run.held_out)
        boards += [_board(data, of_data, held_out, metric) for held_out in prints]
        if not prints:
            apart = tuple(Apart(run, _UNKNOWN) for run in of_data)
            boards.append(Leaderboard(title_of(data), metric, True, 0, (), apart))
    return tuple(boards)


_UNKNOWN = (
    "Which rows it was measured on is not known any more: it is of an older version, or its data has changed."
)


def _board(data: str, runs: Sequence[ComparedRun], held_out: str, metric: str) -> Leaderboard:
    same = [run for run in runs if run.held_out == held_out]
    name = metric or same[0].metric
    highest = next(
        (run.highest_is_best for run in same if run.metric == name), not name.endswith(("loss", "perplexity"))
    )
    sign = -1 if highest else 1
    having = sorted(
        (run for run in same if name in run.scores), key=lambda run: sign * run.scores[name].value
    )
    ranked: list[Ranked] = []
    for run in having:
        score = run.scores[name]
        equal = bool(ranked) and ranked[-1].score.value == score.value
        place = ranked[-1].place if equal else len(ranked) + 1
        ranked.append(Ranked(place, run, score, bool(ranked) and _overlap(ranked[0].score, score)))
    apart = [Apart(run, _unmeasured(run, name)) for run in same if name not in run.scores]
    apart += [Apart(run, _why(same[0], run)) for run in runs if run.held_out != held_out]
    return Leaderboard(title_of(data), name, highest, same[0].held_out_rows, tuple(ranked), tuple(apart))


def _overlap(first: Number, second: Number) -> bool:
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return False
    return first.low <= second.high and second.low <= first.high


def _unmeasured(run: ComparedRun, name: str) -> str:
    words = name.replace("_", " ")
    return f"Not measured by {words}." if run.scores else f"Not measured yet: there is no {words}."


def _why(ranked: ComparedRun, other: ComparedRun) -> str:
    """Why a run was measured on other rows than the ranked ones."""
    if not other.held_out:
        return _UNKNOWN
    said = f"Measured on other held-out rows ({other.held_out_rows} instead of {ranked.held_out_rows})"
    if other.held_out_rows == ranked.held_out_rows:
        said = f"Measured on {other.held_out_rows} other held-out rows"
    fields = [
        f"{one.title.lower()} ({' and '.join(_word(value) for value in reversed(one.values))})"
        for one in differences([ranked.recipe, other.recipe])
        if (one.path.startswith("data.") or one.path == "training.seed")
    ]
    if other.data_fingerprint != ranked.data_fingerprint:
        fields.insert(0, "the data file has changed in between")
    return f"{said}. What differs: {', '.join(fields)}." if fields else f"{said}."


def _word(value: Any) -> str:
    text = (
        f"{value:g}"
        if isinstance(value, float)
        else ", ".join(value)
        if isinstance(value, tuple)
        else str(value)
    )
    return text or "none"
