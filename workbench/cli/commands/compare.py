"""`workbench compare`: runs beside each other, a leaderboard, and what two of them say of each row."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.tables import table

if TYPE_CHECKING:
    from workbench.run.comparison import Agreement, ComparedCurve, ComparedRun, Leaderboard, RunTable
    from workbench.session.lanes import Desk

NAME = "compare"
HELP = "runs beside each other: what differs, what came out, which is best on the same rows, what changed in each row"
_ROWS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("runs", nargs="*", metavar="RUN", help="runs, or parts of their names (else all)")
    parser.add_argument("--series", default="", metavar="NAME", help="all runs of a search or another series")
    parser.add_argument(
        "--metric", default="", help="what the leaderboard goes by (else what decides in the runs)"
    )
    parser.add_argument(
        "--rows",
        action="store_true",
        help="of two runs: which rows the second one gets right or wrong instead",
    )
    parser.add_argument(
        "--data",
        default="",
        metavar="FILE",
        help="with --rows: compare on this file instead of the held-out rows",
    )
    parser.add_argument(
        "--curve", default="", metavar="NAME", help="a curve of each run, such as loss or validation/accuracy"
    )
    parser.add_argument(
        "--by",
        choices=("step", "epoch", "time"),
        default="step",
        help="what the curve goes over; time: minutes of work",
    )
    parser.add_argument("-o", "--output", metavar="FILE.csv", help="with --curve: write every point here")


def run(args: argparse.Namespace) -> int:
    """Compare; returns the exit code."""
    from workbench.run.comparison import leaderboards
    from workbench.run.problem import bad_input
    from workbench.session.comparing_runs import CompareRequest, compare_runs
    from workbench.session.lanes import lone_desk
    from workbench.session.row_agreement import AgreementRequest, agreement

    if args.rows and len(args.runs) != 2:
        raise bad_input("--rows compares two runs.", f"{len(args.runs)} were named.", "Name two of them.")
    desk = lone_desk(args.console.hear)
    found = compare_runs(args.home, CompareRequest(tuple(args.runs), args.series), desk)
    boards = leaderboards(found.runs, args.metric)
    rows = None
    if args.rows:
        rows = agreement(args.home, AgreementRequest(args.runs[0], args.runs[1], args.data), desk)
    curves = _curves(args, found, desk)
    args.console.answer(_as_plain(found, boards, rows, curves))
    if not found.runs:
        args.console.result("There are no runs to compare yet. Begin one with: workbench train")
        return 0
    _print_table(args, found)
    for board in boards:
        _print_board(args, board)
    if curves:
        _print_curves(args, curves)
    if rows is not None:
        _print_rows(args, rows)
    return 0


def _curves(args: argparse.Namespace, found: RunTable, desk: Desk) -> tuple[ComparedCurve, ...]:
    """The curve that was asked for, of each run that has it; written where a file is named."""
    from workbench.run.files import writing
    from workbench.run.problem import bad_input
    from workbench.session.comparing_runs import CurvesRequest, compared_curves, curve_names

    if not args.curve:
        if args.output:
            raise bad_input("There is nothing to write.", "-o writes a curve.", "Add --curve loss.")
        return ()
    names = tuple(str(run.folder) for run in found.runs)
    curves = compared_curves(args.home, CurvesRequest(names, args.curve, args.by), desk)
    if not curves:
        known = ", ".join(curve_names(found)) or "none"
        raise bad_input(f"No run has the curve {args.curve!r}.", f"There are: {known}.", "Name one of them.")
    if args.output:
        lines = [
            f"{one.run},{x!r},{y!r}"
            for one in curves
            for x, y in zip(one.x.tolist(), one.y.tolist(), strict=True)
        ]
        head = f"run,{'minutes' if args.by == 'time' else args.by},{args.curve}"
        with writing(Path(args.output), newline="\n") as file:
            file.write("\n".join((head, *lines, "")))
    return curves


def _print_curves(args: argparse.Namespace, curves: tuple[ComparedCurve, ...]) -> None:
    args.console.result(f"\n{args.curve} by {args.by}:")
    rows = [
        (one.run, str(len(one.x)), f"{one.x[-1]:.4g}", f"{one.y[0]:.4g}", f"{one.y[-1]:.4g}")
        for one in curves
    ]
    heads = (
        "run",
        "points",
        f"last {'minute' if args.by == 'time' else args.by}",
        "first value",
        "last value",
    )
    args.console.result(table(heads, rows))


def _print_table(args: argparse.Namespace, found: RunTable) -> None:
    """One column for each run, which stays readable where there are few; one line for each where there are many."""
    from workbench.cli.progress import duration
    from workbench.cli.series import in_words

    def metrics(run: ComparedRun) -> list[str]:
        return [in_words(run.scores[name]) if name in run.scores else "" for name in found.metrics]

    heads = [name.replace("_", " ") for name in found.metrics]
    heads += ["time", "energy", "size", "weights", "held out"]
    columns = [
        [
            *metrics(run),
            duration(run.seconds),
            f"{run.energy:.3g} Wh" if run.energy is not None else "not measured",
            f"{run.size / 1e6:.1f} MB",
            f"{run.parameters / 1e6:.1f} M",
            f"{run.held_out_rows} rows ({run.held_out[:8] or 'unknown'})",
        ]
        for run in found.runs
    ]
    differences = found.differences
    heads += [one.path for one in differences]
    for place, column in enumerate(columns):
        column += [_value(one.values[place]) for one in differences]
    marks = [_marks(run) for run in found.runs]
    if any(marks):
        heads.append("notes")
        for column, mark in zip(columns, marks, strict=True):
            column.append(mark)
    names = [f"{'★ ' if run.notes.star else ''}{run.name}" for run in found.runs]
    rows = list(zip(heads, *columns, strict=True))
    if len(found.runs) > 4:
        rows = [tuple(line) for line in zip(*rows, strict=True)]
        args.console.result(
            table(("run", *rows[0]), [(name, *line) for name, line in zip(names, rows[1:], strict=True)])
        )
    else:
        args.console.result(table(("", *names), rows))


def _marks(run: ComparedRun) -> str:
    return " ".join([run.notes.note, *(f"#{tag}" for tag in run.notes.tags)]).strip()


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, value)) or "—"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if text.strip() else "—"


def _print_board(args: argparse.Namespace, board: Leaderboard) -> None:
    from workbench.cli.series import in_words

    console = args.console
    if len(board.ranked) + len(board.apart) < 2:
        return
    if board.ranked:
        way = "highest" if board.highest_is_best else "lowest"
        console.result(
            f"\n{board.data}, {board.rows} held-out rows, {way} {board.metric.replace('_', ' ')} first:"
        )
        rows = [
            (
                str(one.place),
                one.run.name,
                in_words(one.score),
                "within chance of the first" if one.near else "",
            )
            for one in board.ranked
        ]
        console.result(table(("place", "run", board.metric.replace("_", " "), ""), rows))
    for why, runs in board.reasons:
        console.result(f"Not ranked: {', '.join(run.name for run in runs)}. {why}")


def _print_rows(args: argparse.Namespace, rows: Agreement) -> None:
    console = args.console
    console.result(f"\n{rows.words}")
    for title, chosen in (("Fixed", rows.fixed), ("Newly broken", rows.broken)):
        for row in chosen[:_ROWS].tolist():
            before, after = rows.said[row]
            console.result(
                f"{title}: {rows.texts[row][:80]!r} is {rows.true[row]}; was {before}, now {after}"
            )
        if len(chosen) > _ROWS:
            console.result(f"… and {len(chosen) - _ROWS} more; all are in the answer of --json")


def _as_plain(
    found: RunTable,
    boards: tuple[Leaderboard, ...],
    rows: Agreement | None,
    curves: tuple[ComparedCurve, ...],
) -> dict[str, Any]:
    return {
        "runs": [_run(run) for run in found.runs],
        "differences": [
            {"path": one.path, "title": one.title, "values": [_plain(value) for value in one.values]}
            for one in found.differences
        ],
        "leaderboards": [_board(board) for board in boards],
        "rows": _rows_as_plain(rows) if rows else None,
        "curves": [
            {"run": one.run, "name": one.name, "x": one.x.tolist(), "y": one.y.tolist()} for one in curves
        ],
        "problem": None,
    }


def _run(run: ComparedRun) -> dict[str, Any]:
    from workbench.cli.series import number_as_plain

    return {
        "run": run.name,
        "title": run.title,
        "status": run.status,
        "series": run.part.series if run.part else None,
        "metric": run.metric,
        "scores": {name: number_as_plain(number) for name, number in run.scores.items()},
        "seconds": round(run.seconds, 3),
        "energy_wh": run.energy,
        "bytes": run.size,
        "parameters": run.parameters,
        "steps": run.steps,
        "held_out": run.held_out or None,
        "held_out_rows": run.held_out_rows,
        "note": run.notes.note,
        "tags": list(run.notes.tags),
        "star": run.notes.star,
    }


def _board(board: Leaderboard) -> dict[str, Any]:
    return {
        "data": board.data,
        "metric": board.metric,
        "rows": board.rows,
        "ranked": [
            {"place": one.place, "run": one.run.name, "score": one.score.value, "near_the_first": one.near}
            for one in board.ranked
        ],
        "not_ranked": [{"run": one.run.name, "why": one.why} for one in board.apart],
    }


def _rows_as_plain(rows: Agreement) -> dict[str, Any]:
    def listed(chosen: Any) -> list[dict[str, str]]:
        return [
            {
                "text": rows.texts[row],
                "true": rows.true[row],
                "first": rows.said[row][0],
                "second": rows.said[row][1],
            }
            for row in chosen.tolist()
        ]

    return {
        "first": rows.first,
        "second": rows.second,
        "compared": len(rows.texts),
        "left_out": rows.left_out,
        "relabelled": rows.relabelled,
        "fixed": listed(rows.fixed),
        "broken": listed(rows.broken),
        "both_wrong": len(rows.both_wrong),
        "p_value": rows.test.p_value,
        "words": rows.words,
    }


def _plain(value: Any) -> Any:
    return [str(item) for item in value] if isinstance(value, tuple) else value
