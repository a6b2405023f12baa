"""What the engine costs over a bare loop: both take the same steps in turn in one process.

Run: python benchmarks/overhead.py [--rows N] [--epochs N] [--data FOLDER]. Whole processes differ by more than the
engine with its journal costs, because a shared machine changes its speed; here each pair of steps on the same batch
follows at once, and who is first alternates. The first epoch warms kernels up and does not count. Prints the median
ratio of the pairs, the ratio of the sums, and the milliseconds between.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from benchmarks.training import ROOT, sentences, write_rows
from workbench.engine.batches import Batches
from workbench.engine.devices import autocast, choose_precision
from workbench.engine.levers import pull_levers
from workbench.engine.optimizers import build_optimizer
from workbench.run.events import Ended, Step
from workbench.run.home import Home
from workbench.run.recipe_files import parse_recipe
from workbench.run.schedules import learning_rate
from workbench.session import preparing, training


def engine(prepared: preparing.Prepared, total: int) -> Iterator[None]:
    """The workbench, one step each time it is asked."""
    for event in training.carry_out(prepared, training.Control()):
        if isinstance(event, Step):
            if event.step == total:  # what follows is no step any more
                return
            yield
        if isinstance(event, Ended):
            raise SystemExit(f"the run ended: {event.problem}")


def bare(prepared: preparing.Prepared, goods: Any, total: int) -> Iterator[None]:
    """A loop of ten lines with the same batches and levers, one step each time it is asked."""
    settings, device, model = prepared.recipe.training, torch.device("cpu"), goods.model.train()
    precision, pad = choose_precision(settings.precision, device), int(goods.tokenizer.pad_token_id or 0)
    pull_levers(model, goods.train.input_ids, seed=settings.seed, pad=pad, own_rule=True)
    batches = Batches(goods.train.lengths, settings)
    optimizer = build_optimizer(model, prepared.recipe, total)
    trained = [p for p in model.parameters() if p.requires_grad]
    step = 0
    for epoch in range(int(settings.epochs)):
        for indexes in batches.epoch(epoch):
            step += 1
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(settings, step, total)
            batch = prepared.task.collate(goods.train, indexes, pad)
            with autocast(device, precision):
                outputs = prepared.task.outputs(model, batch)
                logits, targets = prepared.task.logits(outputs, batch), prepared.task.targets(batch)
                loss = torch.nn.functional.cross_entropy(logits, targets)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, settings.max_grad_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            yield


def seconds(step: Callable[[], object]) -> float:
    """How long one step takes."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def main() -> None:
    """Take the steps in turn and print what the engine costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=960)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    args = parser.parse_args()
    rows = sentences(args.data / "sst2" / "train.tsv")
    random.Random(0).shuffle(rows)
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "train": write_rows(Path(folder) / "train.csv", rows[: args.rows]),
            "validation": write_rows(Path(folder) / "held-out.csv", rows[args.rows : args.rows + 64]),
        }
        never = {"eval_every": 1_000_000, "checkpoint_every": 1_000_000}
        recipe = parse_recipe(
            {
                "model": {"source": "minilm"},
                "data": files | {"text": "text", "label": "label"},
                "training": {"epochs": args.epochs, "batch_size": 32, "device": "cpu", **never},
            }
        )
        prepared = dataclasses.replace(training.begin(Home(Path(folder) / "home"), recipe), fits=True)
        goods = preparing.load_goods(prepared)
        goods = dataclasses.replace(goods, model=copy.deepcopy(goods.model))
        each = -(-args.rows // 32)
        total = each * args.epochs
        ours, loop = engine(prepared, total), bare(prepared, goods, total)
        pairs = []
        for number in range(total - 1):
            if number % 2:
                second, first = seconds(lambda: next(loop)), seconds(lambda: next(ours))
            else:
                first, second = seconds(lambda: next(ours)), seconds(lambda: next(loop))
            if number >= each:
                pairs.append((first, second))
    ratio = statistics.median(a / b for a, b in pairs)
    sums = sum(a for a, _ in pairs) / sum(b for _, b in pairs)
    more = 1000 * statistics.median(a - b for a, b in pairs)
    print(
        f"{len(pairs)} pairs of steps: the engine takes {ratio:.3f} times as long as the bare loop (median; of the "
        f"sums {sums:.3f}), {more:+.1f} ms a step of {1000 * statistics.median(b for _, b in pairs):.0f} ms"
    )


if __name__ == "__main__":
    main()
