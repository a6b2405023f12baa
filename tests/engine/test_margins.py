"""What a run remembers of each training row: right numbers, the same training, the same file after a resume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.conftest import Run, StopAfter
from workbench.data.frame import frame_of
from workbench.data.tables import read_table
from workbench.engine.methods.margins import RowMargins, _Tally
from workbench.run.events import Step
from workbench.run.margins import FILE, Margins
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session import training

Make = Callable[..., Recipe]


def _losses(events: list[Any]) -> list[float]:
    return [event.loss for event in events if isinstance(event, Step)]


def test_margins_are_those_of_the_training_steps(recipe: Make, run: Run, tiny_csv: Path) -> None:
    """Without dropout and at a rate of nearly 0, every pass says what the model itself says."""
    still = recipe(
        "training.learning_rate=1e-12",
        "regularisation.dropout=0",
        "training.accumulation=3",
        "training.precision=fp32",
    )
    folder, _ = run(still)
    kept = Margins.read(folder.path / FILE)
    frame = frame_of(read_table(str(tiny_csv), field=""), "text", "label")
    texts, labels = frame.column("text"), frame.column("label")
    assert len(kept) == 90 and (kept.seen == 2).all()
    assert (frame.keys[kept.rows] == kept.keys).all()
    assert [kept.names[i] for i in kept.labels] == [labels[row] for row in kept.rows]

    from workbench.engine.loading import load_for_use

    loaded = load_for_use(folder.model, "it", torch.device("cpu"))
    batch = loaded.tokenizer([texts[row] for row in kept.rows], padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = loaded.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    given = torch.tensor(kept.labels.tolist())
    alone = logits.gather(1, given[:, None]).squeeze(1)
    others, other = logits.scatter(1, given[:, None], -torch.inf).max(dim=1)
    assert kept.margin == pytest.approx((alone - others).numpy(), abs=1e-4)
    sure = torch.nn.functional.cross_entropy(logits, given, reduction="none").numpy()
    assert kept.loss == pytest.approx(sure, abs=1e-4)
    assert kept.confidence == pytest.approx(np.exp(-sure), abs=1e-4)
    assert (kept.likely == other.numpy()).mean() > 0.95  # but where two others are equal to rounding


def test_training_comes_to_the_same_with_it_and_without(recipe: Make, run: Run) -> None:
    with_it, events = run(recipe())
    without, others = run(recipe("training.margins=false"))
    assert _losses(events) == _losses(others)
    assert (with_it.model / "model.safetensors").read_bytes() == (
        without.model / "model.safetensors"
    ).read_bytes()
    assert not (without.path / FILE).exists()


def test_a_resumed_run_keeps_the_same_file(recipe: Make, run: Run) -> None:
    whole, _ = run(recipe("training.epochs=3"))
    cut, _ = run(recipe("training.epochs=3"), StopAfter(8))
    stopped = (cut.path / FILE).read_bytes()
    list(training.carry_out(training.reopen(cut), training.Control()))
    assert (cut.path / FILE).read_bytes() == (whole.path / FILE).read_bytes() != stopped
    kept = Margins.read(whole.path / FILE)
    assert (kept.seen == 3).all() and not kept.margin.flags.writeable


@pytest.mark.parametrize(
    ("more", "seen"),
    [("regularisation.mixup=0.4", 0), ("adversarial.kind=pgd", 2), ("regularisation.r_drop=0.5", 2)],
)
def test_only_plain_passes_count(recipe: Make, run: Run, more: str, seen: int) -> None:
    folder, _ = run(recipe(more, "regularisation.dropout=0.1"))
    kept = Margins.read(folder.path / FILE)
    assert (kept.seen == seen).all()
    assert np.isnan(kept.margin).all() == (seen == 0)


def test_passes_add_up_the_same_however_they_are_cut() -> None:
    chance = np.random.default_rng(0)
    rows = chance.integers(0, 7, 200)
    values = [chance.normal(size=200).round(1).astype(np.float32) for _ in range(2)]
    passes = (rows, *values, chance.integers(0, 4, 200).astype(np.float32))
    at_once, in_parts = _Tally(7), _Tally(7)
    at_once.add(*passes)
    for start in range(0, 200, 13):
        in_parts.add(*(part[start : start + 13] for part in passes))
    for name, array in at_once.arrays().items():
        assert (array == in_parts.arrays()[name]).all(), name


def test_what_several_processes_saw_is_joined() -> None:
    first, second, alone = _Tally(3), _Tally(3), _Tally(3)
    early = (
        np.array([0, 1]),
        *(np.array(x, np.float32) for x in ([1, -2], [0.5, 0.25], [1, 2])),
    )
    late = (
        np.array([1, 2]),
        *(np.array(x, np.float32) for x in ([-3, 4], [0.5, 0.125], [0, 1])),
    )
    first.add(*early)
    second.add(*late)
    alone.add(*early)
    alone.add(*late)
    for parts in ([first, second], [second, first]):
        joined = _Tally.of_all([part.arrays() for part in parts])
        for name, array in alone.arrays().items():
            assert (array == joined.arrays()[name]).all(), name


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"PK no archive")
    with pytest.raises(WorkbenchError, match="cannot be read"):
        Margins.read(tmp_path / FILE)


def test_only_classifiers_are_watched(lm_recipe: Make, recipe: Make) -> None:
    assert RowMargins.wanted(recipe()) and not RowMargins.wanted(lm_recipe())
