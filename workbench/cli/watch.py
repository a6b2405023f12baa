"""Watches a run that other processes work on, on the terminal, through its journal."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from workbench.cli.console import Console
from workbench.cli.follow import RunView, conclude
from workbench.cli.outcome import outcome
from workbench.run.folder import RunFolder, RunStatus
from workbench.run.history import History
from workbench.run.problem import Problem
from workbench.session.following import follow, remote_place

QUIET = 60.0  # seconds without news after which a run on a machine that cannot be asked may be dead


def watch(
    where: RunFolder | str,
    history: History,
    console: Console,
    over: threading.Event,
    *,
    after: int = -1,
) -> RunStatus:
    """Show how a run goes until it ends or `over` is set, and fold it into the history.

    Args:
        where: A run folder, or `host:/path/run`.
        history: What is known already: the events up to index `after`.
        console: Where it is shown.
        over: Ends the watching.
        after: The index of the last event that is known already.

    Returns:
        How the run stands.

    Raises:
        WorkbenchError: When it cannot be followed.
    """
    view = RunView(console)
    status: RunStatus = "running"
    said, heard = "", time.time()
    for news in follow(where, over, after=after):
        status = news.status
        for event in news.events:
            history.fold((event,))
            view.show(event, history)
            heard = event.time
        if news.trouble and news.trouble != said:
            console.say(f"No news at the moment: {news.trouble}. Trying again.")
        elif not news.events and not news.over and time.time() - heard > QUIET:
            console.progress.show(f"no news for {time.time() - heard:.0f} s")
        said = news.trouble
    console.progress.clear()
    return status


def conclude_watched(where: RunFolder | str, status: RunStatus, history: History, console: Console) -> int:
    """Print how a watched run stands; returns the exit code."""
    folder = where if isinstance(where, RunFolder) else RunFolder(Path(where))
    if history.ended and status != "running":
        return conclude(folder, history, console)
    console.answer({**outcome(folder, history), "run": str(folder.path), "status": status})
    words = {"interrupted": "Interrupted", "new": "Not begun", "running": "Still running"}
    console.result(f"{words.get(status, status)} after {history.step} steps.")
    if status == "interrupted":
        go_on = "" if remote_place(str(where)) else f" Go on with: workbench resume {folder.name}"
        console.problems(
            [Problem("The run was cut off: its process is gone.", "", f"It can be resumed.{go_on}")]
        )
    console.result(f"Run: {folder.path}")
    return 1 if status == "interrupted" else 0
