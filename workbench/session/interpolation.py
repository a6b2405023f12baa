"""Mixing a run's model with the one that it started from: the held-out score on the way, and saving one mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.run.along import Along, Point
from workbench.run.folder import find_run
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.run.scratch_fields import NEW_MODELS
from workbench.session.fresh import model_folder
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.shelf.models import resolve_model

if TYPE_CHECKING:
    from workbench.engine.interpolation import Line
    from workbench.engine.task import Goods, Rows, Task

#: The mixtures that are measured where no others are asked for.
ALPHAS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class AlongRequest:
    """Measure mixtures of a run's model and its base.

    Attributes:
        run: A run's name, or a part of it.
        alphas: The shares of the tuned weights.
    """

    run: str
    alphas: Sequence[float] = ALPHAS


@dataclass(frozen=True, slots=True)
class MixtureRequest:
    """Save the mixture with this share of the tuned weights as a model in the home's shelf, under this name."""

    run: str
    alpha: float
    name: str


@dataclass(slots=True)
class _Pair:
    """A run's base and tuned model, with the rows that it was measured on."""

    name: str
    recipe: Recipe
    task: Task
    rows: Rows
    goods: Goods
    line: Line


def measure_along(home: Home, request: AlongRequest, desk: Desk) -> Along:
    """The held-out numbers of each mixture, by rising alpha. The tuned model is measured as well as the base. What is
    there already is reported after each mixture, as `Along` too.

    Raises:
        WorkbenchError: When the run has no saved model, its data or base are gone, or an alpha is no number of use.
    """
    from workbench.engine.interpolation import score

    alphas = sorted({_checked(alpha) for alpha in request.alphas})
    if not alphas:
        raise bad_input("There is nothing to measure.", "No alpha was given.", "Give at least one.")
    pair = _pair(home, request.run, desk)
    metric = pair.recipe.training.best_metric or pair.task.best_metric
    points: list[Point] = []
    for alpha in alphas:
        desk.check()
        desk.report(f"Measuring α = {alpha:g}…")
        found = score(
            pair.task,
            pair.line.go_to(alpha),
            pair.goods.validation,
            pair.rows,
            pad=int(pair.goods.tokenizer.pad_token_id or 0),
            batch_size=pair.recipe.training.batch_size,
            check=desk.check,
        )
        points.append(Point(alpha, found.metrics))
        desk.report(along := _along(pair, metric, points))
    return along


def _along(pair: _Pair, metric: str, points: Sequence[Point]) -> Along:
    best = points[0]
    for point in points[1:]:
        if pair.task.is_better(metric, point.metrics[metric], best.metrics[metric]):
            best = point
    return Along(pair.name, pair.recipe.model.source, metric, tuple(points), best.alpha, pair.line.kept)


def save_mixture(home: Home, run: str, alpha: float, folder: Path, desk: Desk) -> Path:
    """Write the mixture as a model folder that every tool loads.

    Raises:
        WorkbenchError: When the folder is there already, or as `measure_along`.
    """
    from workbench.engine.checkpoints import save_model

    alpha = _checked(alpha)
    folder = folder.expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise bad_input(f"{folder} is there already.", "", "Give a new folder, or an empty one.")
    pair = _pair(home, run, desk)
    desk.report(f"Writing {folder}…")
    folder.parent.mkdir(parents=True, exist_ok=True)
    card = (
        f"# A mixture of {pair.name} and its base\n\nθ = {alpha:g} · tuned + {1 - alpha:g} · base, the base being "
        f"{pair.recipe.model.source}.\n"
    )
    model: Any = pair.line.go_to(alpha)
    save_model(model, pair.task.saved_tokenizer(pair.goods.tokenizer), folder, card)
    return folder


def shelve_mixture(home: Home, request: MixtureRequest, desk: Desk) -> str:
    """Write a mixture into the model shelf, where every list of models has it; returns its name.

    Raises:
        WorkbenchError: When the name is no name for a folder, or as `save_mixture`.
    """
    name = request.name.strip()
    if not name or name.startswith(".") or any(letter in '/\\:*?"<>|' for letter in name):
        raise bad_input(
            f"“{request.name}” cannot be a model's name.",
            "It becomes the name of a folder.",
            "Use letters, digits, blanks, dots and dashes.",
        )
    save_mixture(home, request.run, request.alpha, home.models / name, desk)
    return name


def _checked(alpha: float) -> float:
    if not -1.0 <= alpha <= 2.0:  # also where it is no number
        raise bad_input(
            f"α = {alpha:g} is of no use.",
            "0 is the base model, 1 the tuned one.",
            "Give a number between 0 and 1, or a little beyond; at most from -1 to 2.",
        )
    return float(alpha)


def _pair(home: Home, run: str, desk: Desk) -> _Pair:
    from workbench.engine.assembly import seed_chance
    from workbench.engine.devices import choose_device
    from workbench.engine.encoding import keeping_tokens
    from workbench.engine.interpolation import Line
    from workbench.engine.states import random_state, set_random_state
    from workbench.tasks import task_named

    folder = find_run(home, run)
    recipe = own_recipe(folder)
    if recipe.model.source.strip() in NEW_MODELS:
        raise bad_input(
            f"{folder.name} has no base to be mixed with.",
            "It began from nothing.",
            "Mix a run that started from a trained model.",
        )
    tuned_place = resolve_model(str(folder.path), home)
    task = task_named(recipe.task.kind)
    desk.report("Reading the rows…")
    rows = task.read(recipe, step_context(recipe, home, desk.check))
    states = random_state()  # a run in work must not notice
    try:
        desk.report("Loading both models…")
        seed_chance(recipe.training.seed)  # the base with the new head that the run began with
        base, _ = task.load(recipe, rows, model_folder(recipe, task, rows, home, desk.check))
        desk.check()
        tuned, tokenizer = task.load(recipe, rows, tuned_place.path)
        with keeping_tokens(home.cache / "tokens"):
            goods = task.encode(recipe, rows, tuned, tokenizer)
    finally:
        set_random_state(states)
    device = choose_device(recipe.training.device)
    return _Pair(folder.name, recipe, task, rows, goods, Line(base.to(device), tuned.to(device).eval()))
