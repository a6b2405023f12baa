"""`workbench ablate`: what a run loses when attention heads are taken away, and a model without them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.run.problem import bad_input

if TYPE_CHECKING:
    from workbench.run.inside.ablation import Importance, Measured, Mode, PrunedModel
    from workbench.session.lanes import Desk

NAME = "ablate"
HELP = "take attention heads away from a run's model and measure what it loses"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run; its held-out rows are measured")
    parser.add_argument(
        "--heads", default="", metavar="1.3,2.5", help="take these away: layer.head, both counted from 1"
    )
    parser.add_argument("--all", action="store_true", help="take each head away in turn, for a map of all")
    parser.add_argument(
        "--quick", action="store_true", help="estimate the map from gradients, in one pass over the rows"
    )
    parser.add_argument(
        "--mean", action="store_true", help="put a head's mean output in its place instead of zeros"
    )
    parser.add_argument(
        "--prune", metavar="N", help="take the N least important heads away (by --quick, or else by --all)"
    )
    parser.add_argument(
        "--map",
        metavar="FILE",
        help="write the map of all heads here, as a picture (.svg) or as a table (.csv)",
    )
    parser.add_argument("-o", "--output", metavar="FOLDER", help="save the model without these heads here")
    parser.add_argument(
        "--text", default="", metavar="TEXT", help="also predict this sentence, before and after"
    )
    parser.add_argument("--rows", default="500", metavar="N", help="measure at most N held-out rows (500)")


def run(args: argparse.Namespace) -> int:
    """Ablate; returns the exit code."""
    from workbench.cli.asked import asked_length
    from workbench.session.inside import ablate
    from workbench.session.lanes import lone_desk

    console = args.console
    mode: Mode = "mean" if args.mean else "zero"
    rows = asked_length(args.rows)
    heads = ablate.parse_heads(args.heads)
    wanted = asked_length(args.prune) if args.prune else 0
    _check(args, heads, wanted)
    desk = lone_desk(lambda value: _hear(console, value))
    whole = ablate.take_away(args.home, ablate.AblationRequest(args.run, text=args.text, rows=rows), desk)
    answer: dict[str, Any] = {
        "model": whole.model,
        "layers": len(whole.layers),
        "heads": whole.total,
        "mode": mode,
        "whole": _plain(whole.measured),
    }
    found = None
    if args.all or args.quick or wanted:
        found = _important(args, mode, rows, whole.seconds * whole.total, desk)
        answer["importance"] = _plain_map(found)
        _print_map(console, found)
        if args.map:
            _write_map(Path(args.map), found, whole.model)
            console.result(f"Written: {args.map}")
    if wanted:
        assert found is not None
        heads = _least(args, found, wanted, whole.total)
        answer["along"] = _along(args, found.order(), wanted, mode, rows, desk)
    if heads:
        request = ablate.AblationRequest(args.run, heads, mode, args.text, rows=rows)
        taken = ablate.take_away(args.home, request, desk)
        answer["taken"] = [f"{layer + 1}.{head + 1}" for layer, head in heads]
        answer["measured"] = _plain(taken.measured)
        answer["prediction"] = (
            {"before": dict(taken.before), "after": dict(taken.after)} if args.text else None
        )
        _print_taken(console, taken)
    if args.output:
        save = ablate.SaveRequest(args.run, heads, Path(args.output).expanduser().resolve(), mode, rows=rows)
        saved = ablate.save_without(args.home, save, desk)
        answer["saved"] = _plain_saved(saved)
        console.result(f"Saved: {saved.folder}. {saved.measured.in_words()}")
        console.result(saved.in_words())
    answer["problem"] = None
    console.answer(answer)
    return 0


def _check(args: argparse.Namespace, heads: tuple[Any, ...], wanted: int) -> None:
    if heads and wanted:
        raise bad_input(
            "--heads and --prune are both given.", "Each says which heads go.", "Give one of them."
        )
    if not (heads or wanted or args.all or args.quick):
        raise bad_input(
            "Nothing is said to be taken away.",
            "",
            "Give --heads 1.3,2.5 for some, --all or --quick for a map of all, or --prune N for the least important.",
        )
    if args.map and not (args.all or args.quick or wanted):
        raise bad_input("There is no map for --map.", "", "Give --all or --quick as well.")
    if args.map and Path(args.map).suffix.lower() not in (".svg", ".csv"):
        raise bad_input(
            f"The map cannot be written as {args.map}.", "", "Give a name that ends with .svg or .csv."
        )
    if args.output and not (heads or wanted):
        raise bad_input("No heads are chosen for -o.", "", "Give --heads 1.3,2.5 or --prune N as well.")


def _hear(console: Any, value: object) -> None:
    from workbench.run.inside.ablation import Importance

    if isinstance(value, Importance):
        left = f", about {value.seconds:.0f} s left" if value.seconds else ""
        console.progress.show(f"{value.rows_read} of {value.rows} rows for every head{left}")
    else:
        console.hear(value)


def _important(args: argparse.Namespace, mode: Mode, rows: int, seconds: float, desk: Desk) -> Importance:
    from workbench.session.inside import ablate

    kind = "gradient" if args.quick else mode
    if not args.quick:
        args.console.say(f"Taking away each head in turn: about {max(1, 0.65 * seconds):.0f} s.")
    return ablate.importance(args.home, ablate.ImportanceRequest(args.run, kind, rows=rows), desk)


def _least(args: argparse.Namespace, found: Importance, wanted: int, total: int) -> tuple[Any, ...]:
    if wanted >= total:
        raise bad_input(
            f"--prune {wanted} would leave no head.", f"The model has {total}.", "Give a smaller number."
        )
    return found.order()[:wanted]


def _along(
    args: argparse.Namespace, order: tuple[Any, ...], wanted: int, mode: Mode, rows: int, desk: Desk
) -> list[dict[str, Any]]:
    """The metric as more and more of the least important heads go, at up to eight places."""
    from workbench.session.inside import ablate

    steps = sorted({round(wanted * i / 8) for i in range(1, 9)} - {0})
    found = []
    args.console.result("The least important heads, more and more of them:")
    for count in steps:
        request = ablate.AblationRequest(args.run, order[:count], mode, rows=rows)
        measured = ablate.take_away(args.home, request, desk).measured
        assert measured is not None
        found.append({"heads": count, **(_plain(measured) or {})})
        args.console.result(f"  {count:4} gone  {measured.in_words()}")
    return found


def _plain(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {
        "metric": measured.metric,
        "before": measured.before,
        "after": measured.after,
        "interval_of_change": [measured.low, measured.high],
        "loss_before": measured.loss_before,
        "loss_after": measured.loss_after,
        "rows": measured.rows,
    }


def _plain_map(found: Importance) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "metric": found.metric,
        "rows": found.rows_read,
        "values": found.values.tolist(),
        "loss_rises": None if found.kind == "gradient" else found.losses.tolist(),
        "least_first": [f"{layer + 1}.{head + 1}" for layer, head in found.order()],
    }


def _plain_saved(saved: PrunedModel) -> dict[str, Any]:
    return {
        "folder": str(saved.folder),
        "cut": saved.cut,
        "parameters": list(saved.parameters),
        "measured": _plain(saved.measured),
    }


def _print_map(console: Any, found: Importance) -> None:
    from workbench.run.inside.ablation import figure

    quick = found.kind == "gradient"
    what = "mean |gradient of the loss|" if quick else f"how much {found.metric.replace('_', ' ')} suffers"
    console.result(
        f"{what[0].upper()}{what[1:]} on {found.rows_read} held-out rows, per layer (row) and head:"
    )
    for layer, values in enumerate(found.values):
        console.result(f"  {layer + 1:3}  " + " ".join(f"{figure(float(v)):>7}" for v in values if v == v))
    most = ", ".join(f"{layer + 1}.{head + 1}" for layer, head in reversed(found.order()[-5:]))
    console.result(f"Most important: {most}")


def _write_map(path: Path, found: Importance, model: str) -> None:
    from workbench.run.files import writing
    from workbench.run.inside.tables import delimited, importance_table
    from workbench.session.svg import importance_svg

    picture = path.suffix.lower() == ".svg"
    with writing(path) as file:
        file.write(importance_svg(found, model) if picture else delimited(importance_table(found)))


def _print_taken(console: Any, taken: Any) -> None:
    from workbench.run.inside.ablation import by_layer, heads_counted

    console.result(f"Without {heads_counted(len(taken.heads))} ({by_layer(taken.heads, taken.layers)})")
    console.result(f"  {taken.measured.in_words()}")
    for name, side in (("before", taken.before), ("after", taken.after)):
        if side:
            console.result(f"  {name:6}  " + ", ".join(f"{label} {chance:.1%}" for label, chance in side[:3]))
