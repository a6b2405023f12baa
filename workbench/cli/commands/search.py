"""`workbench search`: tries settings of a recipe in many runs, and says which ones are best."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import add_download_argument, add_recipe_arguments
from workbench.cli.tables import table

if TYPE_CHECKING:
    from workbench.run.search import Search, Trial
    from workbench.run.search_plan import SearchPlan

NAME = "search"
HELP = "try settings of a recipe in many runs, and say which ones are best"
_BARS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    parser.add_argument(
        "--range",
        action="append",
        default=[],
        metavar="FIELD=VALUES",
        help="what may vary, such as training.learning_rate=1e-5..1e-3 (by factors, or with :linear behind it) or "
        "training.batch_size=8,16,32; may be given many times; without any, the usual ones",
    )
    parser.add_argument(
        "--runs", type=int, metavar="N", help="how many runs (20); 0: as many as the minutes allow"
    )
    parser.add_argument("--minutes", type=float, metavar="M", help="how long altogether; 0: no limit")
    parser.add_argument(
        "--method",
        choices=("tpe", "random", "grid"),
        help="how values are chosen (tpe: where earlier runs were good)",
    )
    parser.add_argument(
        "--pruning",
        choices=("median", "hyperband", "none"),
        help="when a run is ended early (median: where it is worse than half of the others)",
    )
    parser.add_argument("--weights", choices=("best", "all"), help="which runs keep their weights (best)")
    parser.add_argument("--metric", help="the held-out metric that decides (else the recipe's)")
    parser.add_argument("--seed", type=int, help="the seed of the choice of values (0)")
    parser.add_argument("--apart", action="store_true", help="train each run in a process of its own")
    parser.add_argument("-o", "--output", metavar="FILE.toml", help="write the best recipe here")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--resume", metavar="SEARCH", help="go on with a search")
    instead.add_argument("--show", metavar="SEARCH", help="show what a search found so far")
    instead.add_argument("--list", action="store_true", help="list all searches")
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Search, or show a search; returns the exit code."""
    if args.list:
        return _list(args)
    if args.show:
        from workbench.session.search.searching import read_search

        return _conclude(args, read_search(args.home, args.show))
    return _search(args)


def _search(args: argparse.Namespace) -> int:
    from workbench.cli.asked import get_model_ready
    from workbench.cli.follow import stopping
    from workbench.cli.series import SeriesView
    from workbench.run.search import Search
    from workbench.session.controls import Control
    from workbench.session.lanes import lone_desk
    from workbench.session.search.searching import SearchRequest, search

    plan = None if args.resume else _plan(args)
    if plan is not None:
        get_model_ready(args, plan.recipe.model.source)
    request = SearchRequest(plan, args.resume or args.name or "", args.runs, args.minutes, args.apart)
    told = _Told(args)
    control = Control()
    with stopping(control, args.console):
        found = search(
            args.home, request, lone_desk(SeriesView(args.console, "trial", Search, told.hear).hear), control
        )
    return _conclude(args, found)


def _plan(args: argparse.Namespace) -> SearchPlan:
    from workbench.cli.asked import asked_recipe
    from workbench.run.problem import Problem, WorkbenchError
    from workbench.run.search import SearchSettings
    from workbench.run.search_plan import SearchPlan, parse_search
    from workbench.run.search_ranges import usual_ranges, written_range

    beside: dict[str, Any] = {"search": {}}
    recipe = asked_recipe(args.what, args.set, None, beside)
    settings, ranges = parse_search(beside["search"])
    problems: list[Problem] = []
    written = []
    for text in args.range:
        try:
            written.append(written_range(text))
        except WorkbenchError as error:
            problems += error.problems
    named = {"method": args.method, "pruning": args.pruning, "weights": args.weights, "metric": args.metric}
    named |= {"seed": args.seed, "trials": args.runs, "minutes": args.minutes}
    from workbench.run.recipe_files import validated

    try:
        given = {key: value for key, value in named.items() if value is not None}
        settings = validated(SearchSettings, settings.model_dump() | given)
    except WorkbenchError as error:
        problems += error.problems
    if problems:
        raise WorkbenchError(*problems)
    kept = [one for one in ranges if one.path not in {new.path for new in written}]
    return SearchPlan(recipe, (*kept, *written) or usual_ranges(recipe), settings)


class _Told:
    """Says each trial once it has ended."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._console = args.console
        self._said: set[int] = set()

    def hear(self, found: Search) -> None:
        if not self._said and not any(trial.state != "running" for trial in found.trials):
            self._console.say(f"Searching as {found.name}: {'; '.join(map(str, found.ranges))}")
        for trial in found.trials:
            if trial.state != "running" and trial.number not in self._said:
                self._said.add(trial.number)
                best = ", the best so far" if found.best == trial else ""
                self._console.say(
                    f"trial {trial.number}: {_outcome(trial, found.metric)}{best} ({_values(trial)})"
                )


def _outcome(trial: Trial, metric: str) -> str:
    score = f"{metric.replace('_', ' ')} {trial.score:.4g}" if trial.score is not None else ""
    words = {"finished": score, "pruned": f"given up early, {score}".rstrip(", "), "running": "not finished"}
    return words.get(trial.state) or f"failed: {trial.problem}"


def _values(trial: Trial) -> str:
    return ", ".join(f"{path.rpartition('.')[2]} {_value(value)}" for path, value in trial.values.items())


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _list(args: argparse.Namespace) -> int:
    from workbench.session.search.searching import searches

    names = searches(args.home)
    args.console.answer([{"search": name} for name in names])
    args.console.result(
        "\n".join(names) or "There are no searches yet. Begin one with: workbench search RECIPE"
    )
    return 0


def _conclude(args: argparse.Namespace, found: Search) -> int:
    console = args.console
    written = None
    if args.output and found.best is not None:
        from workbench.run.files import writing
        from workbench.run.recipe_files import recipe_toml

        with writing(Path(args.output), newline="\n") as file:
            file.write(recipe_toml(found.best_recipe()))
        written = args.output
    console.answer(_as_plain(found) | {"output": written})
    paths = [one.path for one in found.ranges]
    rows = [
        (
            f"{trial.number}{' *' if trial == found.best else ''}",
            trial.state,
            f"{trial.score:.4f}" if trial.score is not None else "",
            *(_value(trial.values.get(path, "")) for path in paths),
            trial.run,
        )
        for trial in found.trials
    ]
    short = [path.rpartition(".")[2].replace("_", " ") for path in paths]
    if rows:
        console.result(table(("trial", "state", found.metric.replace("_", " "), *short, "run"), rows))
    for path, share in found.importance:
        console.result(f"{'▇' * round(share * _BARS):<{_BARS}} {share:4.0%}  {path}")
    console.result(" ".join(part for part in (found.words, found.over) if part))
    if written:
        console.result(f"Best recipe: {written}")
    elif found.best is not None:
        console.result(f"Write the best recipe with: workbench search --show {found.name} -o best.toml")
    return 0 if found.best is not None else 1


def _as_plain(found: Search) -> dict[str, Any]:
    trials = [_trial_as_plain(trial) for trial in found.trials]
    return {
        "search": found.name,
        "metric": found.metric,
        "highest_is_best": found.highest_is_best,
        "trials": trials,
        "best": _trial_as_plain(found.best) if found.best else None,
        "record": [{"trial": number, "score": score} for number, score in found.record],
        "importance": dict(found.importance),
        "seconds": round(found.seconds, 3),
        "over": found.over,
        "words": found.words,
        "problem": None,
    }


def _trial_as_plain(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "state": trial.state,
        "values": dict(trial.values),
        "score": trial.score,
        "curve": [list(point) for point in trial.curve],
        "run": trial.run or None,
        "seconds": round(trial.seconds, 3),
        "problem": trial.problem or None,
    }
