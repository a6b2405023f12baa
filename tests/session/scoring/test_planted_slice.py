"""A planted fault in real reviews, and a model that really learned them: the rare word whose labels are wrong."""

from __future__ import annotations

import csv
import dataclasses
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe_files import parse_recipe
from workbench.session import training
from workbench.session.lanes import lone_desk
from workbench.session.scoring.measuring import RowsRequest, evaluate_rows
from workbench.session.scoring.row_query import words_of
from workbench.session.scoring.slices import find_slices
from workbench.shelf.models import resolve_model

LEARNED, SEED = 1500, 0


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_the_word_whose_texts_are_all_mislabelled_is_found_first(
    real: Callable[[str], Path], home: Home, tmp_path: Path
) -> None:
    """All reviews with one rare word have the wrong label, those to learn from and those that are held out."""
    try:
        resolve_model("minilm", home)
    except WorkbenchError:
        pytest.skip("the model minilm is not installed")
    chance = random.Random(SEED)
    files = {name: real(f"sst2/{name}.tsv").read_text(encoding="utf-8") for name in ("train", "dev")}
    rows = {name: [line.rsplit("\t", 1) for line in text.splitlines()] for name, text in files.items()}
    rows["train"] = chance.sample(rows["train"], LEARNED)
    counts = Counter(word for text, _ in rows["dev"] for word in set(words_of(text)))
    word = chance.choice(sorted(word for word, count in counts.items() if 8 <= count <= 12))
    for name, side in rows.items():
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            for text, label in side:
                writer.writerow([text, 1 - int(label) if word in words_of(text) else label])
    recipe = parse_recipe(
        {
            "model": {"source": "minilm"},
            "data": {"train": str(tmp_path / "train.csv"), "validation": str(tmp_path / "dev.csv")},
            "film": {"on": False},
            "training": {"epochs": 1, "learning_rate": 2e-4, "device": "cpu", "seed": SEED},
        }
    )
    prepared = dataclasses.replace(training.begin(home, recipe), fits=True)
    list(training.carry_out(prepared, training.Control()))
    scores = evaluate_rows(home, RowsRequest(prepared.folder.name, vectors=True), lone_desk())
    found = find_slices(scores)
    for one in found.slices[:5]:
        sys.stdout.write(
            f"\n{one.name}: {one.right} of {one.size} right, elsewhere {one.rest:.1%}, q {one.q_value:.1g}"
        )
    first = found.slices[0]
    assert first.query == f"text has-word {word}" and first.size == counts[word]
