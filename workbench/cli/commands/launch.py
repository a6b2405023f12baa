"""`workbench launch`: trains as a recipe says in several processes, on one machine or on several."""

from __future__ import annotations

import argparse
import contextlib
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from workbench.cli.asked import add_download_argument, add_recipe_arguments
from workbench.cli.fleet import add_fleet_arguments, asked_fleet

if TYPE_CHECKING:
    from workbench.cli.console import Console
    from workbench.run.folder import RunFolder
    from workbench.run.history import History
    from workbench.session.launching import Launched

NAME = "launch"
HELP = "train in several processes with torchrun: several GPUs, or several machines"
ENDING = 60.0  # seconds for torchrun to end after the run did


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_recipe_arguments(parser)
    add_download_argument(parser)
    parser.add_argument(
        "--resume", metavar="RUN", help="go on with a run instead, from its newest checkpoint"
    )
    add_fleet_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Launch the processes and follow them, or be one of them; returns the exit code."""
    from workbench.session import launching

    if launching.is_rank():
        return _rank(args)
    fleet = launching.settled(asked_fleet(args))
    _look_before(args)
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        launched = launching.Launched(fleet, _command(args), Path(folder))
        try:
            with _asking(launched, args.console):
                return _follow(launched, args.console)
        finally:
            launched.kill()


def _look_before(args: argparse.Namespace) -> None:
    """Complain about what can be seen without torch, and get the model ready once for all ranks."""
    from workbench.cli.asked import asked_recipe, get_model_ready
    from workbench.run.folder import find_run
    from workbench.run.problem import bad_input

    if args.resume is None:
        get_model_ready(args, asked_recipe(args.what, args.set, args.name).model.source)
        return
    if args.what or args.set or args.name:
        raise bad_input(
            "A run is resumed as it was begun.",
            "--resume was given together with a recipe or settings.",
            "Leave one of them out.",
        )
    find_run(args.home, args.resume)


def _command(args: argparse.Namespace) -> list[str]:
    """The command line of each rank."""
    command = ["--home", str(args.home.root), NAME]
    command += [args.what] if args.what else []
    command += [part for override in args.set for part in ("--set", override)]
    command += ["--name", args.name] if args.name else []
    command += ["--resume", args.resume] if args.resume else []
    return [*command, *(["--download"] if args.download else [])]


# ---- in the launcher


def _follow(launched: Launched, console: Console) -> int:
    from workbench.cli.watch import conclude_watched, watch

    console.progress.show("starting the processes")
    while (told := launched.run()) is None and launched.poll() is None:
        time.sleep(0.1)
    told = told or launched.run()
    if told is None:
        return _without_run(launched, console)
    folder, after = told
    history = _past(folder, after)
    # Until rank 0 has taken the lock the run looks as if nobody worked on it.
    while launched.poll() is None and not folder.is_alive():
        time.sleep(0.1)
    status = watch(folder, history, console, threading.Event(), after=after)
    launched.wait(ENDING)
    if history.ended and status != "interrupted":
        return conclude_watched(folder, status, history, console)
    return _interrupted(launched, folder, history, console)


def _past(folder: RunFolder, after: int) -> History:
    """What a resumed run did before; that it ended then does not count any more."""
    from workbench.run.history import History
    from workbench.run.journal import read_journal

    history = History()
    history.fold(event for event in read_journal(folder.journal_file) if event.index <= after)
    history.ended = None
    return history


def _interrupted(launched: Launched, folder: RunFolder, history: History, console: Console) -> int:
    from workbench.cli.outcome import outcome
    from workbench.run.problem import Problem

    problems, _ = launched.problems()
    go_on = f"workbench launch --resume {folder.name} with the same numbers of processes, or workbench resume"
    lost = Problem(
        f"The run {folder.name} was cut off after step {history.step}.",
        problems[0].title
        if problems
        else "One of its processes ended without a word: it was killed, or crashed.",
        f"It can be resumed from its newest checkpoint: {go_on}.",
        "\n".join([*map(str, problems), launched.last_words()]),
    )
    console.problems((lost,))
    console.answer({**outcome(folder, history), "status": "interrupted"})
    console.result(f"Run: {folder.path}")
    return 1


def _without_run(launched: Launched, console: Console) -> int:
    """No rank 0 told of a run on this machine: it was refused, or rank 0 is on another machine."""
    from workbench.cli.outcome import refusal
    from workbench.run.problem import Problem

    problems, usage = launched.problems()
    if launched.poll() == 0:
        console.answer({"run": None, "status": "finished"})
        console.result("Done. The run is recorded on the machine of the first process.")
        return 0
    if not problems:
        problems = [
            Problem(
                "The processes ended without a run.",
                "They could not start or not find each other, or a process on another machine was lost.",
                "Look at the details with --debug; with several machines, see that all name the same "
                "--rdzv-endpoint and --rdzv-id.",
                launched.last_words(),
            )
        ]
    console.problems(problems)
    console.answer(refusal(problems))
    return 2 if usage else 1


@contextlib.contextmanager
def _asking(launched: Launched, console: Console) -> Iterator[None]:
    """Let Ctrl-C, or a polite request to end, stop the run and save it; the second one ends it at once."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        launched.stop()
        console.say("Stopping after this step and saving. Once more aborts without saving.")

    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), ask) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


# ---- in a rank


def _rank(args: argparse.Namespace) -> int:
    from workbench.cli.asked import asked_recipe
    from workbench.cli.follow import follow
    from workbench.run.folder import find_run
    from workbench.run.launcher import end_with_launcher
    from workbench.run.problem import WorkbenchError, explain
    from workbench.session import launching, training

    end_with_launcher()
    try:
        if args.resume:
            prepared = training.reopen(find_run(args.home, args.resume), args.home)
        else:
            prepared = training.begin(args.home, asked_recipe(args.what, args.set, args.name))
        launching.tell_run(prepared.folder)
        history = follow(prepared, args.console)
    except WorkbenchError as error:
        launching.tell_problems(error)
        return 2 if error.usage else 1
    except Exception as error:
        launching.tell_problems(WorkbenchError(explain(error), usage=False))
        return 1
    if history.ended and history.ended.problem:
        launching.tell_problems(WorkbenchError(history.ended.problem, usage=False))
    return 1 if history.ended is None or history.ended.status == "failed" else 0
