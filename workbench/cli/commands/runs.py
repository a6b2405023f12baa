"""`workbench runs`: the table of all runs."""

from __future__ import annotations

import argparse
import time

NAME = "runs"
HELP = "list all runs, newest first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This command has no arguments of its own."""


def run(args: argparse.Namespace) -> int:
    """List the runs; returns the exit code."""
    from workbench.cli.outcome import outcome
    from workbench.cli.progress import duration
    from workbench.cli.tables import table
    from workbench.run.folder import run_folders, summarise

    rows, plain = [], []
    for folder in run_folders(args.home):
        history = folder.history()
        summary = summarise(folder, history)
        about = {
            "name": summary.name,
            "title": summary.title,
            "task": summary.task,
            "model": summary.model,
            "data": summary.data,
            "created": summary.created,
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
