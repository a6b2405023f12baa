"""Which curves each plot of the Train page shows: a table of plots, and the series made from histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from workbench.gui.curve_maths import Levels, Smoothing
from workbench.gui.runs_list import is_share, metric_title
from workbench.gui.series import Mark, Series
from workbench.gui.train_parts import changed_words
from workbench.run.history import Curve, History

#: Held-out measures that are no scores: the loss has a plot of its own, and errors in the data's unit may be thousands.
_NO_SCORES = ("validation/loss", "validation/mae", "validation/rmse")
#: The place in the palette's series of the first overlaid run.
FIRST_OVERLAY = 2


@dataclass(frozen=True, slots=True)
class PlotRow:
    """One plot: the step curve it shows (empty for held-out scores alone), and what it means."""

    key: str
    title: str
    help: str
    curve: str
    held_out: str = ""
    smooth: bool = True


PLOTS: tuple[PlotRow, ...] = (
    PlotRow(
        "loss",
        "Loss",
        "How wrong the model is; it should fall. The pale line is each step, the strong one is smoothed. When the "
        "held-out loss rises while the training loss falls, the model learns by heart.",
        "loss",
        "validation/loss",
    ),
    PlotRow(
        "scores",
        "Held-out scores",
        "How well the model does on rows that it never learns from.",
        "",
        "validation/",
    ),
    PlotRow(
        "learning_rate",
        "Learning rate",
        "How far a step moves the weights: it rises during the warm-up, then falls by the schedule.",
        "learning_rate",
        smooth=False,
    ),
    PlotRow(
        "gradient_norm",
        "Gradient norm",
        "How strongly a batch pulls at the weights, before clipping. Sudden peaks mean unrest.",
        "gradient_norm",
    ),
    PlotRow(
        "throughput", "Tokens per second", "How fast the model learns on this machine.", "tokens_per_second"
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A run as the plots show it; `place` is 0 for the selected run and counts the overlaid ones from 1."""

    title: str
    history: History
    place: int = 0


class _Known:
    """What has been worked out of a curve, to be gone on with when it has grown."""

    def __init__(self, curve: Curve) -> None:
        self.cuts = curve.cuts
        self.levels = Levels()
        self.smoothing = Smoothing(0)
        self.smooth_levels = Levels()

    def follow(self, curve: Curve, weight: float) -> None:
        """Take in what is new of the curve; another weight smooths all of it again."""
        self.levels.update(curve.y)
        if weight <= 0:
            return
        if self.smoothing.weight != weight:
            self.smoothing, self.smooth_levels = Smoothing(weight), Levels()
        self.smoothing.update(curve.y)
        self.smooth_levels.update(self.smoothing.y)


_known: WeakKeyDictionary[Curve, _Known] = WeakKeyDictionary()


def _known_of(curve: Curve, weight: float) -> _Known:
    known = _known.get(curve)
    if known is None or known.cuts != curve.cuts:
        known = _known[curve] = _Known(curve)
    known.follow(curve, weight)
    return known


def series_of(row: PlotRow, runs: Sequence[Shown], weight: float) -> list[Series]:
    """The curves of a plot, the selected run's on top."""
    found: list[Series] = []
    for run in sorted(runs, key=lambda run: -run.place):
        found += _step_series(row, run, weight)
        found += _held_out_series(row, run, alone=len(runs) == 1)
    # Drawn in this order: pale lines below all others, the selected run on top.
    pale = [line for line in found if line.style == "raw"]
    return [*pale, *(line for line in found if line.style != "raw")]


def marks_of(history: History) -> list[Mark]:
    """Where a person changed a field of the running run: the steps right of a mark use the new value."""
    return [Mark(change.step, changed_words(change)) for change in history.changes]


def _step_series(row: PlotRow, run: Shown, weight: float) -> list[Series]:
    curve = run.history.curve(row.curve) if row.curve else None
    if curve is None or not len(curve):
        return []
    colour = FIRST_OVERLAY + run.place - 1 if run.place else 0
    label = run.title if run.place else "training" if row.held_out else ""
    key = f"{run.place}/{row.curve}"
    weight = weight if row.smooth else 0.0
    known = _known_of(curve, weight)
    if weight <= 0:
        return [Series(key, label, curve.x, curve.y, colour, rank=run.place, levels=known.levels)]
    soft = Series(
        key, label, curve.x, known.smoothing.y, colour,
        exported=False, rank=run.place, levels=known.smooth_levels,
    )  # fmt: skip
    raw = Series(f"{key}/raw", label, curve.x, curve.y, colour, style="raw", levels=known.levels)
    # Overlaid runs show only their smoothed curve; the table still has what was measured.
    return [raw, soft] if run.place == 0 else [soft]


def _held_out_series(row: PlotRow, run: Shown, *, alone: bool) -> list[Series]:
    """The measurements of a run; where other runs are shown, the colours beyond the second are theirs."""
    if not row.held_out:
        return []
    curves = run.history.curves
    if row.held_out == "validation/":
        names = sorted(n for n in curves if n.startswith("validation/") and n not in _NO_SCORES)
        # Perplexity says what the held-out loss says, and would press the others flat on the same axis.
        names = [n for n in names if n != "validation/perplexity"] or names
    else:
        names = [row.held_out] if row.held_out in curves else []
    found = []
    for order, name in enumerate(names):
        metric = metric_title(name.removeprefix("validation/"))
        label = "held-out" if row.held_out != "validation/" else metric
        colour = 1 if row.held_out != "validation/" else order if alone else order % FIRST_OVERLAY
        if run.place:
            label, colour = f"{run.title}, {label.lower()}", FIRST_OVERLAY + run.place - 1
        curve = curves[name]
        if len(curve):
            found.append(
                Series(
                    f"{run.place}/{name}",
                    label,
                    curve.x,
                    curve.y,
                    colour,
                    style="points",
                    rank=run.place,
                    share=is_share(name.removeprefix("validation/")),
                )
            )
    return found
