"""`workbench runs`: the table of all runs."""

from __future__ import annotations

import argparse
import threading
import time

NAME = "runs"
HELP = "list all runs, newest first, or follow one that another process works on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--follow",
        metavar="RUN",
        help="show how a run goes until it ends: a name, a folder (also of another machine), or host:/path over SSH",
    )


def run(args: argparse.Namespace) -> int:
    """List the runs, or follow one; returns the exit code."""
    return _follow(args) if args.follow else _list(args)


def _follow(args: argparse.Namespace) -> int:
    from workbench.cli.watch import conclude_watched, watch
    from workbench.run.folder import find_run
    from workbench.run.history import History
    from workbench.session.following import remote_place

    where = args.follow if remote_place(args.follow) else find_run(args.home, args.follow)
    history = History()
    over = threading.Event()
    try:
        status = watch(where, history, args.console, over)
    except KeyboardInterrupt:  # the run is somebody else's, and goes on
        status = "running"
    return conclude_watched(where, status, history, args.console)


def _list(args: argparse.Namespace) -> int:
    from workbench.cli.outcome import outcome
    from workbench.cli.progress import duration
    from workbench.cli.tables import table
    from workbench.run.folder import run_folders, summarise
    from workbench.run.series import part_of

    rows, plain = [], []
    for folder in run_folders(args.home):
        history = folder.history()
        summary, part = summarise(folder, history), part_of(folder)
        about = {
            "name": summary.name,
            "title": summary.title,
            "task": summary.task,
            "model": summary.model,
            "data": summary.data,
            "created": summary.created,
            "series": part.series if part else None,
        }
        plain.append({**outcome(folder, history), "status": summary.status, **about})
        score = f"{summary.score[0]} {summary.score[1]:.4g}" if summary.score else ""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(summary.created))
        rows.append(
            (summary.name, summary.status, score, str(summary.steps), duration(summary.seconds), when)
        )
    args.console.answer(plain)
    if rows:
        args.console.result(table(("run", "status", "score", "steps", "time", "begun"), rows))
    else:
        args.console.result(f"There are no runs in {args.home.runs} yet. Begin one with: workbench train")
    return 0
