"""The bar of safe runs: kill trainings at random moments, half of them inside a save, and resume each one.

    python -m tests.bars.kill 200 --seed 0

A training of a tiny model is killed with SIGKILL, must then be "interrupted, can be resumed", and is resumed. What
it ends with must equal, to the bit, what the same training ends with when nothing disturbs it: the chosen weights,
the last checkpoint's weights, optimizer, random states and averages, the loss of every step and every measurement.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.conftest import write_tiny_bert, write_tiny_csv  # sets one thread and no network
from workbench.run.events import Evaluated, Started, Step
from workbench.run.folder import RunFolder, run_folders, summarise
from workbench.run.home import Home
from workbench.run.journal import read_journal
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe, with_overrides

#: Trainings that keep different things in their checkpoints.
KINDS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "averaged": ("regularisation.averaging=ema", "training.accumulation=2", "training.schedule=plateau"),
    "lora": ("weights.kind=lora", "training.optimizer=sgd"),
}
#: What must be the same in the last checkpoint; state.json also holds times.
EXACT = ("trained.safetensors", "optimizer.safetensors", "random.safetensors", "methods.safetensors")
#: Seconds between two looks at a run folder: a small part of what a save takes.
_GLANCE = 0.0003


@dataclass(frozen=True)
class Outcome:
    """What a finished training leaves: sums of files, and the numbers of its journal."""

    files: dict[str, str]
    losses: dict[int, float]
    measured: dict[int, dict[str, float]]


@dataclass
class Tally:
    """What has come of the kills so far."""

    kills: int = 0
    inside: int = 0
    before_first: int = 0
    exact: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Kill and resume; returns 0 when every run came to the same."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kills", type=int, help="how many runs to kill")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    wanted = parser.parse_args(arguments)
    chance = random.Random(wanted.seed)
    with tempfile.TemporaryDirectory() as place:
        return _bar(wanted.kills, chance, Path(place))


def _bar(kills: int, chance: random.Random, place: Path) -> int:
    _import_everything()
    model, data = place / "model", place / "topics.csv"
    write_tiny_csv(data)
    _finish(_fork(partial(write_tiny_bert, model)))
    recipes = {kind: _recipe(model, data, overrides) for kind, overrides in KINDS.items()}
    expected: dict[str, Outcome] = {}
    seconds: dict[str, float] = {}
    for kind, recipe in recipes.items():
        home = Home(place / kind)
        _finish(_fork(partial(_train, home, recipe)))
        whole = run_folders(home)[0]
        events = read_journal(whole.journal_file)
        started = next(event.time for event in events if isinstance(event, Started))
        seconds[kind] = events[-1].time - started
        expected[kind] = _outcome(whole)
    tally = Tally()
    began = time.perf_counter()
    # A kill that was aimed at a save and missed it counts as one at a random moment.
    for attempt in itertools.count():
        if tally.kills >= kills and tally.inside >= kills // 2:
            break
        kind = list(KINDS)[tally.kills % len(KINDS)]
        home = Home(place / f"{kind}-{attempt}")  # never one that holds a run that was missed
        aim = tally.inside < kills // 2 and (tally.inside <= tally.kills // 2)
        folder = _killed(home, recipes[kind], chance, seconds[kind], aim=aim)
        if folder is None:
            continue  # it was over, or had not begun
        wrong = _resumed(folder, expected[kind], tally)
        if wrong:
            _say(f"kill {tally.kills} ({kind}): {wrong}")
        else:
            tally.exact += 1
    _say(
        f"{tally.exact} of {tally.kills} resume bit-exactly "
        f"({tally.inside} killed inside a save, {tally.before_first} before the first checkpoint; "
        f"{time.perf_counter() - began:.0f} s)"
    )
    return 0 if tally.exact == tally.kills else 1


def _import_everything() -> None:
    """Once, in the parent: children are forked with it, which spares seconds each. Nothing is computed here, so
    that no child inherits another's threads."""
    import transformers.models.bert.modeling_bert  # noqa: F401

    import workbench.engine.preflight
    import workbench.engine.train
    import workbench.session.preflight
    import workbench.session.report
    import workbench.session.training  # noqa: F401
    from workbench.engine.method import all_methods
    from workbench.tasks import task_named

    all_methods()
    task_named("text-classification")
    gc.collect()
    gc.freeze()  # what is there now is no garbage in any child


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _recipe(model: Path, data: Path, overrides: tuple[str, ...]) -> Recipe:
    base = {
        "model": {"source": str(model)},
        "data": {"train": str(data), "validation": 0.25},
        "training": {
            "batch_size": 16,
            "epochs": 3,
            "learning_rate": 3e-3,
            "device": "cpu",
            "checkpoint_every": 2,
            "eval_every": 3,
        },
    }
    return parse_recipe(with_overrides(base, overrides))


# ---- children


def _fork(work: Callable[[], object]) -> int:
    """Do the work in a child that leaves without tidying up; returns its number."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:
        _say(f"the training process failed: {error!r}")
    finally:
        os._exit(code)


def _finish(child: int) -> None:
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"a training process ended with status {status}")


def _train(home: Home, recipe: Recipe) -> None:
    from workbench.session import training

    for _ in training.carry_out(training.begin(home, recipe), training.Control()):
        pass


def _go_on(folder: RunFolder) -> None:
    from workbench.session import training

    for _ in training.carry_out(training.reopen(folder), training.Control()):
        pass


# ---- killing


def _killed(
    home: Home, recipe: Recipe, chance: random.Random, seconds: float, *, aim: bool
) -> RunFolder | None:
    """A run that was killed while it trained, or None when the moment fell outside of the training."""
    child = _fork(partial(_train, home, recipe))
    if aim:
        _await_save(home, child, chance)
    else:
        _await_start(home, child)
        time.sleep(chance.uniform(0, seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    folders = run_folders(home)
    if not folders:
        return None
    history = folders[0].history()
    return folders[0] if history.started and not history.ended else None


def _await_start(home: Home, child: int) -> None:
    """Return when the training has begun; what is killed while it loads has nothing to lose."""
    while not _gone(child):
        if any(b'"started"' in path.read_bytes() for path in home.runs.glob("*/journal.jsonl")):
            return
        time.sleep(_GLANCE)


def _gone(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _await_save(home: Home, child: int, chance: random.Random) -> None:
    """Return at a random moment of a random save: as soon as that many of its files are there."""
    saves, files = chance.randint(1, 10), chance.randint(0, 12)
    seen: set[str] = set()
    while len(seen) < saves or files:
        staged = _staged(home)
        seen.update(path.name for path in staged)
        if len(seen) >= saves and staged:
            there = sum(
                len(names) for _, _, names in os.walk(staged[0])
            )  # which minds no folder that vanishes
            if there >= files:
                return
        if len(seen) > saves or _gone(child):
            return  # that save is over, or the run
        time.sleep(_GLANCE)


def _staged(home: Home) -> list[Path]:
    """Half-written checkpoints and models."""
    return [*home.runs.glob("*/checkpoints/.step-*"), *home.runs.glob("*/.model.*")]


# ---- judging


def _resumed(folder: RunFolder, expected: Outcome, tally: Tally) -> str:
    """Resume a killed run; returns what is wrong with it, in words, or nothing."""
    tally.kills += 1
    tally.inside += bool(_staged(Home(folder.path.parent.parent)))
    tally.before_first += not folder.checkpoint_folders()
    summary = summarise(folder)
    if summary.status != "interrupted" or not summary.resumable:
        return f"its status was {summary.status}, resumable: {summary.resumable}"
    child = _fork(partial(_go_on, folder))
    _, status = os.waitpid(child, 0)
    if status or summarise(folder).status != "finished":
        return f"it could not be resumed (status {status}, {summarise(folder).problem})"
    found = _outcome(folder)
    return ", ".join(
        f"{name} differ"
        for name in ("files", "losses", "measured")
        if getattr(found, name) != getattr(expected, name)
    )


def _outcome(folder: RunFolder) -> Outcome:
    last = folder.checkpoint_folders()[-1]
    kept = [path for name in EXACT if (path := last / name).exists()]
    kept += [*last.glob("model/*.safetensors"), *folder.model.glob("*.safetensors")]
    kept += [*folder.path.glob("chosen/*.safetensors")]
    files = {
        path.relative_to(folder.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in kept
    }
    events = read_journal(folder.journal_file)  # what was done again stands there twice; the last counts
    losses = {event.step: event.loss for event in events if isinstance(event, Step)}
    measured = {event.step: event.metrics for event in events if isinstance(event, Evaluated)}
    return Outcome(files, losses, measured)


if __name__ == "__main__":
    raise SystemExit(main())
