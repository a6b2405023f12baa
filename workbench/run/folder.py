"""The run folder: the unit that people keep, copy and send; where each file of a run lies."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.run.files import write_whole
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.journal import read_journal
from workbench.run.lock import Lock
from workbench.run.problem import Problem, bad_input, explain
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import load_recipe, recipe_toml
from workbench.run.sources import stem_of

RunStatus = Literal["running", "finished", "stopped", "failed", "interrupted", "new"]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on the disk. The methods read what is there now; nothing is cached."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name, which names the run."""
        return self.path.name

    @property
    def edits_file(self) -> Path:
        """The edits by hand that the run began with."""
        return self.path / "edits.jsonl"

    @property
    def sides_file(self) -> Path:
        """Which rows the run holds out, where a list of rows says so, or a later run asked."""
        return self.path / "sides.jsonl"

    @property
    def recipe_file(self) -> Path:
        """`recipe.toml`: everything needed to do the run again."""
        return self.path / "recipe.toml"

    @property
    def journal_file(self) -> Path:
        """`journal.jsonl`: every event."""
        return self.path / "journal.jsonl"

    @property
    def environment_file(self) -> Path:
        """`environment.json`: versions, device, data fingerprint, seed."""
        return self.path / "environment.json"

    @property
    def checkpoints(self) -> Path:
        """`checkpoints/`: step-000400/ and so on, each complete or absent."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """`model/`: the chosen weights, for transformers' `from_pretrained`."""
        return self.path / "model"

    @property
    def report(self) -> Path:
        """`report.html`: opens without the application."""
        return self.path / "report.html"

    @property
    def pictures(self) -> Path:
        """`pictures/`: PNG files of curves and attention."""
        return self.path / "pictures"

    def recipe(self) -> Recipe:
        """The run's recipe; raises a `WorkbenchError` when it cannot be read."""
        return load_recipe(self.recipe_file)

    def history(self) -> History:
        """The history, from the whole journal."""
        history = History()
        history.fold(read_journal(self.journal_file))
        return history

    def checkpoint_folders(self) -> list[Path]:
        """The checkpoints, oldest first; half-written ones have another name and are not listed."""
        if not self.checkpoints.is_dir():
            return []
        return sorted(p for p in self.checkpoints.iterdir() if re.fullmatch(r"step-\d{6,}", p.name))

    def write_environment(self, values: dict[str, Any]) -> None:
        """Write `environment.json`."""
        write_whole(self.environment_file, json.dumps(values, indent=2, ensure_ascii=False))

    def environment(self) -> dict[str, Any]:
        """The content of `environment.json`, or nothing."""
        with suppress(OSError, json.JSONDecodeError):
            found: dict[str, Any] = json.loads(self.environment_file.read_text(encoding="utf-8"))
            return found
        return {}

    @property
    def lock_file(self) -> Path:
        """`run.lock`: which process on which machine is at work on this run."""
        return self.path / "run.lock"

    @property
    def lock(self) -> Lock:
        """Who is at work on this run."""
        return Lock(self.lock_file)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hold the run while working on it.

        Raises:
            WorkbenchError: When another living process holds it, here or on another machine.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self.lock.held())
            except FileExistsError:
                raise bad_input(
                    f"The run {self.name} is being worked on already.",
                    f"It is trained by {self.worker()}.",
                    "Wait until it ends, or stop it there.",
                ) from None
            yield

    def is_alive(self) -> bool:
        """Whether a living process works on this run; a lock left by a crash does not count."""
        return self.lock.is_alive()

    def worker(self) -> str:
        """Who is at work on it, in words that go into a sentence."""
        holder = self.lock.holder()
        place = "" if holder is None or holder.is_here else f" on {holder.host or 'another machine'}"
        return f"another window or command{place}"

    def status(self, history: History | None = None) -> RunStatus:
        """How the run stands; "interrupted" means that it neither ended nor is being worked on."""
        alive = self.is_alive()
        if alive and not self.lock.is_mine:
            return "running"
        history = history or self.history()
        if history.ended:  # also where this process has yet to let go of it
            return history.ended.status
        if alive:
            return "running"
        return "interrupted" if history.started else "new"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the runs shelf. `metrics` are those of the best held-out measurement;
    `spark` is the loss in at most 40 points; `seconds` is training time."""

    name: str
    folder: Path
    title: str
    status: RunStatus
    task: str
    model: str
    data: str
    created: float
    steps: int
    total_steps: int
    seconds: float
    score: tuple[str, float] | None
    metrics: dict[str, float]
    spark: tuple[float, ...]
    resumable: bool
    problem: Problem | None = None


def sparkline(history: History) -> tuple[float, ...]:
    """The loss in at most 40 points."""
    loss = history.curve("loss").y
    return tuple(float(value) for value in loss[:: max(1, -(-len(loss) // 40))])


def slug(text: str) -> str:
    """The text as a short piece of a file name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "run"


def make_run(home: Home, recipe: Recipe) -> RunFolder:
    """A new run folder that holds the recipe.

    Raises:
        WorkbenchError: When the folder cannot be made or written, naming it.
    """
    title = recipe.name or stem_of(recipe.data.train)
    for attempt in range(1000):
        seal = hashlib.sha256(
            f"{recipe_toml(recipe)}{time.time_ns()}{os.getpid()}{attempt}".encode()
        ).hexdigest()
        name = f"{time.strftime('%Y-%m-%d')}-{slug(title)}-{seal[:4]}"
        folder = RunFolder(home.runs / name)
        if folder.path.exists():
            continue
        try:
            folder.path.mkdir(parents=True)
            write_whole(folder.recipe_file, recipe_toml(recipe))
        except OSError as error:
            raise bad_input(
                f"The run folder {folder.path} cannot be written.",
                f"The system says: {error.strerror or error}.",
                "Choose another place with --home DIR or the variable WORKBENCH_HOME.",
            ) from error
        return folder
    raise AssertionError("a thousand run names were taken")  # 65 536 endings a day and name


def find_run(home: Home, name: str) -> RunFolder:
    """The run of that name, folder, or unambiguous part of a name.

    Raises:
        WorkbenchError: When there is none, or several.
    """
    direct = Path(name).expanduser()
    if (direct / "recipe.toml").is_file():
        return RunFolder(direct.resolve())
    names = [folder.name for folder in run_folders(home)]
    matches = [n for n in names if n == name] or [n for n in names if name and name in n]
    if len(matches) == 1:
        return RunFolder(home.runs / matches[0])
    if matches:
        raise bad_input(
            f"Several runs are called {name!r}.",
            "They are: " + ", ".join(matches) + ".",
            "Give more of the name.",
        )
    raise bad_input(
        f"There is no run {name!r}.", f"Runs are kept in {home.runs}.", "List them with: workbench runs"
    )


def run_folders(home: Home) -> list[RunFolder]:
    """All runs of a home, newest first."""
    if not home.runs.is_dir():
        return []
    found = [RunFolder(p) for p in home.runs.iterdir() if (p / "recipe.toml").is_file()]
    return sorted(found, key=lambda run: run.recipe_file.stat().st_mtime, reverse=True)


def glance(home: Home) -> frozenset[tuple[str, bool]]:
    """Which runs there are, and which of them have a lock: enough to see whether something began or ended, at the
    cost of one look at each folder."""
    try:
        with os.scandir(home.runs) as found:
            return frozenset((entry.name, Path(entry.path, "run.lock").exists()) for entry in found)
    except OSError:
        return frozenset()


def summarise(folder: RunFolder, history: History | None = None) -> RunSummary:
    """The line of the runs shelf; a folder whose recipe cannot be read becomes a failed run that says so."""
    unreadable: Problem | None = None
    recipe = Recipe(name=folder.name[:80])
    try:
        history = history or folder.history()
        recipe = folder.recipe()
    except Exception as error:  # one run that cannot be read must not hide the others
        unreadable = explain(error)
    history = history or History()
    problem = unreadable or (history.ended.problem if history.ended else None)
    started = history.started
    best = history.best_evaluation
    status: RunStatus = "failed" if unreadable else folder.status(history)
    return RunSummary(
        name=folder.name,
        folder=folder.path,
        title=recipe.name or stem_of(recipe.data.train),
        status=status,
        task=recipe.task.kind,
        model=recipe.model.source,
        data=recipe.data.train,
        created=history.first_time or folder.path.stat().st_mtime,
        steps=history.step,
        total_steps=started.total_steps if started else 0,
        seconds=history.ended.seconds if history.ended else 0.0,
        score=history.score,
        metrics=dict(best.metrics) if best else {},
        spark=sparkline(history),
        # One that was cut off before its first checkpoint begins again, and comes to the same.
        resumable=status == "interrupted"
        or (bool(folder.checkpoint_folders()) and status not in ("finished", "running")),
        problem=problem,
    )
