"""Planted label faults in real reviews: how many of the first suspects are flipped rows."""

from __future__ import annotations

import csv
import dataclasses
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.run.home import Home
from workbench.run.recipe_files import parse_recipe
from workbench.run.suspects import SOURCES
from workbench.session import inspection, training
from workbench.session.lanes import lone_desk
from workbench.session.suspects import SuspectsRequest, suspects
from workbench.shelf.packages import installed_folder, package_named

ROWS, SHARE, SEED = 6919, 0.05, 7  # the whole file: with fewer rows the model is unsure of more of them


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_most_of_the_first_suspects_are_flipped_rows(
    real: Callable[[str], Path], home: Home, tmp_path: Path
) -> None:
    """5 % of the labels of SST-2 rows are flipped; at least 60 % of the first 5 % of suspects by the margin are.

    The better the model knows the language, and the less it learns rows by heart, the fewer of its doubts are its own
    mistakes: a language model that learns through LoRA, slowly, finds more than a small encoder.
    """
    package = package_named("smollm2")
    if package is None or installed_folder(package) is None:
        pytest.skip("the package of smollm2 is not installed")
    inspection.prepare_model(home, "smollm2", lambda message: None)
    chance = random.Random(SEED)
    lines = real("sst2/train.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.rsplit("\t", 1) for line in chance.sample(lines, ROWS)]
    flipped = set(chance.sample(range(ROWS), round(SHARE * ROWS)))
    data = tmp_path / "reviews.csv"
    with data.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number, (text, label) in enumerate(rows):
            writer.writerow([text, 1 - int(label) if number in flipped else label])
    recipe = parse_recipe(
        {
            "model": {"source": "smollm2"},
            "weights": {"kind": "lora"},
            "data": {"train": str(data), "validation": 0.1},
            "film": {"on": False},
            "training": {"epochs": 4, "learning_rate": 1.5e-4, "device": "cpu", "seed": SEED},
        }
    )
    prepared = dataclasses.replace(training.begin(home, recipe), fits=True)
    events = list(training.carry_out(prepared, training.Control()))
    sys.stdout.write(f"\ntrained in {events[-1].seconds:.0f} s: {events[-1].metrics}\n")  # type: ignore[attr-defined]
    hits = {}
    for by in SOURCES:
        queue = suspects(home, SuspectsRequest(prepared.folder.name, by, most=0), lone_desk()).queue
        queue = tuple(one for one in queue if one.side == "training")  # the same rows for each source
        first = queue[: round(SHARE * len(queue))]
        there = sum(one.row in flipped for one in queue)
        found = sum(one.row in flipped for one in first)
        hits[by] = found / len(first)
        sys.stdout.write(f"{by}: {found} of the first {len(first)} are flipped ({hits[by]:.1%}) of {there}\n")
    assert hits["margin"] >= 0.6
