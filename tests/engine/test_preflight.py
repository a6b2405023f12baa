"""The check before the start: it leaves no trace, and what it offers is computed and fits."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from tests.engine.conftest import Run
from workbench.engine import preflight as engine
from workbench.engine.assembly import assemble
from workbench.engine.batches import Batches
from workbench.engine.plan import make_plan
from workbench.engine.trial import Memory, Trial
from workbench.run.events import Ended, Notice, Paused, Started, Step
from workbench.run.home import Home
from workbench.run.offers import STOP, Answer, Offer
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed
from workbench.session import preflight, training
from workbench.session.lanes import lone_desk

Recipes = Callable[..., Recipe]


def small_machine(monkeypatch: pytest.MonkeyPatch, rows: float = 9) -> None:
    """Let the device have room for nine rows beside what this process has already, and each row of the longest
    batch need 100 MB: the hardware and the model's size are what we stand in for."""
    now = psutil.Process().memory_info().rss + 300e6  # some more than the tiny model can need
    limit = int((now + rows * 1e8) / engine.HEADROOM)
    monkeypatch.setattr(engine, "usable_memory", lambda device: limit)
    monkeypatch.setattr(engine.Trial, "memory", lambda self, longest, split: Memory(now, 1e8 * _share(split)))


def _share(split: Any) -> float:
    """Rows cut to half their length need half the memory."""
    return min(1.0, int(split.lengths.max()) / 7)


def test_nothing_is_written_and_the_numbers_are_those_of_the_run(
    home: Home, recipe: Recipes, run: Run
) -> None:
    found = preflight.check(home, recipe(), lone_desk())
    assert not home.runs.exists() and found.fits
    _, events = run(recipe())
    started = next(event for event in events if isinstance(event, Started))
    assert (found.total_steps, found.parameters) == (started.total_steps, started.parameters)
    assert found.precision == started.precision and found.trained == found.parameters
    assert 0 < found.memory_peak < found.memory_total and 0 < found.disk_needed < found.disk_free
    assert found.step_seconds > 0 and found.seconds >= found.training_seconds > 0


#: Each of them adds to the model, or takes gradients away.
PARTS = ("dora", "adalora", "ia3", "bottleneck", "prompt")


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("training.optimizer=lion",),
        ("weights.kind=lora",),
        ("adversarial.kind=fgm",),
        ("weights.unfreeze=0.5",),
        *((f"weights.kind={kind}", "weights.virtual_tokens=4", "training.max_length=32") for kind in PARTS),
    ],
)
def test_a_step_without_rate_leaves_the_weights_alone(
    recipe: Recipes, overrides: tuple[str, ...], home: Home
) -> None:
    chosen = recipe(*overrides)
    prepared = training.begin(home, chosen, make_folder=False)
    goods = training.load_goods(prepared)
    before = {name: tensor.clone() for name, tensor in goods.model.state_dict().items()}
    engine.preflight(chosen, prepared.task, prepared.rows, goods, home.root.parent)
    after = goods.model.state_dict()
    for name, tensor in before.items():
        kept = next(t for n, t in after.items() if n.replace(".base_layer", "") == name or n.endswith(name))
        assert torch.equal(tensor, kept), name


def test_the_largest_batch_that_fits_is_offered_and_fits(
    home: Home, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = changed(recipe(), "training.batch_size", 1)
    monkeypatch.setattr(engine.Trial, "memory", lambda self, longest, split: Memory(1e9, 1e8))
    monkeypatch.setattr(engine, "usable_memory", lambda device: int(1.65e9 / engine.HEADROOM))
    monkeypatch.setattr(engine.Trial, "warm_step", lambda self, indexes, split, parts: (0.01, 10**9))
    monkeypatch.setattr(engine, "_kernels", lambda trial, longest, split: (0, 0.0))
    monkeypatch.setattr(engine, "_state_bytes", lambda assembly: 0)
    found = preflight.check(home, chosen, lone_desk())
    assert found.fits and [offer.changes for offer in found.offers] == [(("training.batch_size", 4),)]


def test_energy_and_cost_follow_from_time(home: Home, recipe: Recipes) -> None:
    found = preflight.check(home, recipe(), lone_desk(), watts=500.0, price=0.4)
    assert found.energy == pytest.approx(500 * found.seconds / 3.6e6)
    assert found.cost == pytest.approx(0.4 * found.energy)


def test_complaints_come_first_and_all_at_once(home: Home, recipe: Recipes) -> None:
    wrong = changed(changed(recipe(), "data.train", "nowhere.csv"), "training.best_metric", "beauty")
    with pytest.raises(WorkbenchError) as refused:
        preflight.check(home, wrong, lone_desk())
    assert {problem.field for problem in refused.value.problems} == {"data.train", "training.best_metric"}


def test_a_run_that_does_not_fit_is_told_with_offers_that_fit(
    home: Home, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_machine(monkeypatch)
    found = preflight.check(home, recipe(), lone_desk())
    assert not found.fits and found.problem and found.problem.field == "training.batch_size"
    titles = [offer.title for offer in found.offers]
    assert any(title.startswith("Split each batch in") for title in titles), titles
    assert any(title.startswith("Recompute activations") for title in titles)
    for offer in found.offers:
        needed = float(re.search(r"about ([\d.]+) (?:GB|MB)", offer.help).group(1))  # type: ignore[union-attr]
        assert needed > 0
        chosen = recipe()
        for path, value in offer.changes:
            chosen = changed(chosen, path, value)
        if "weights.kind" not in dict(offer.changes):
            assert preflight.check(home, chosen, lone_desk()).fits, offer.title


def test_the_split_is_found_by_itself_and_written_into_the_recipe(
    run: Run, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_machine(monkeypatch)
    folder, events = run(recipe("training.accumulation=0"), check=True)
    parts = folder.recipe().training.accumulation
    assert parts > 1 and isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert any(isinstance(e, Notice) and f"in {parts} parts" in e.text for e in events)


class Takes(training.Control):
    def __init__(self, number: int) -> None:
        super().__init__()
        self._number, self._left = number, 3
        self.asked: Problem | None = None

    def hold(self, problem: Problem, offers: Sequence[Offer], live: object | None) -> Answer:
        self.asked = problem
        self._left -= 1
        if self._left < 0 or self._number >= len(offers):
            return STOP
        return Answer("retry", offers[self._number].changes)


def test_start_waits_for_a_decision_and_goes_on_with_the_offer(
    run: Run, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_machine(monkeypatch)
    control = Takes(0)
    folder, events = run(recipe(), control, check=True)
    assert control.asked and "does not fit" in control.asked.title
    assert isinstance(events[0], Paused) and events[0].offers
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert folder.recipe().training.accumulation > 1
    folder, events = run(recipe(), training.Control(), check=True)  # nobody is there to decide
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "failed" and ended.problem == control.asked


def test_a_full_disk_is_foreseen(home: Home, recipe: Recipes, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    usage = shutil.disk_usage(home.root.parent)
    monkeypatch.setattr(engine.shutil, "disk_usage", lambda where: usage._replace(free=1000))
    found = preflight.check(home, recipe(), lone_desk())
    assert not found.fits and found.problem and "disk" in found.problem.title
    assert dict(found.offers[0].changes) == {"training.keep_checkpoints": 1}


@pytest.mark.parametrize(
    "overrides", [(), ("training.batching=token-budget",), ("training.batching=shuffled",)]
)
def test_parts_do_not_change_the_loss(run: Run, recipe: Recipes, overrides: tuple[str, ...]) -> None:
    """Splitting a batch gives the same losses to rounding: without dropout the parts add up to the whole."""
    plain = ("regularisation.dropout=0", "training.precision=fp32", "training.learning_rate=1e-3")
    _, whole = run(recipe(*plain, *overrides))
    _, parts = run(recipe(*plain, *overrides, "training.accumulation=3"))
    left, right = ([e.loss for e in events if isinstance(e, Step)] for events in (whole, parts))
    assert right == pytest.approx(left, rel=2e-4)


def test_a_split_found_by_itself_survives_a_restart(
    run: Run, recipe: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_machine(monkeypatch)

    class Breaks(Takes):
        broken = False

        def between_steps(self, live: Any) -> None:
            if live.step == 2 and not self.broken:
                self.broken = True
                with torch.no_grad():
                    live.model.classifier.weight.fill_(float("nan"))

    folder, events = run(recipe("training.accumulation=0"), Breaks(0), check=True)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert folder.recipe().training.accumulation > 1 and folder.recipe().training.learning_rate == 3e-4


def test_a_stop_during_the_check_ends_the_run_as_stopped(run: Run, recipe: Recipes) -> None:
    control = training.Control()
    control.stop()
    _, events = run(recipe(), control, check=True)
    assert [type(event) for event in events] == [Ended]
    assert isinstance(events[0], Ended) and events[0].status == "stopped"


def test_a_second_check_in_the_same_process_finds_the_same(home: Home, recipe: Recipes) -> None:
    """Memory that an earlier check freed and the process kept must not hide what a batch needs."""
    wide = recipe("training.batch_size=64")
    prepared = training.begin(home, wide, make_folder=False)
    slopes = []
    for _ in range(2):
        goods = training.load_goods(prepared)
        long = dataclasses.replace(goods.train, input_ids=[np.full(64, 7, dtype=np.int32)] * 64)
        goods = dataclasses.replace(goods, train=dataclasses.replace(long, labels=goods.train.labels[:64]))
        trial = trial_of(wide, prepared, goods)
        trial.step(np.arange(64), goods.train)  # leaves much freed memory behind
        slopes.append(trial.memory(np.arange(64), goods.train).per_row)
    assert slopes[1] > 0.3 * slopes[0] > 0


def trial_of(recipe: Recipe, prepared: training.Prepared, goods: Any) -> Trial:
    batches = Batches(goods.train.lengths, recipe.training)
    plan = make_plan(recipe, goods, batches)
    assembly = assemble(recipe, prepared.task, prepared.rows, goods, plan.total)
    assembly.begin()
    return Trial(assembly, batches, plan, lambda: None)


def test_cancelling_ends_the_check(home: Home, recipe: Recipes) -> None:
    class EnoughError(Exception):
        pass

    def enough() -> None:
        raise EnoughError

    prepared = training.begin(home, recipe(), make_folder=False)
    with pytest.raises(EnoughError):
        training.look_ahead(prepared, check=enough)


@pytest.mark.heavy
def test_the_predicted_peak_is_the_real_one(tmp_path: Path) -> None:
    """On MiniLM, each in a process of its own: within 10 per cent."""
    from benchmarks.preflight import compare

    predicted, real = compare(tmp_path)
    assert predicted == pytest.approx(real, rel=0.1)
