"""Training from a recipe to events, files and a model that other tools load."""

from __future__ import annotations

import itertools
import json
import math
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.engine.conftest import Run, StopAfter
from workbench.engine import checkpoints
from workbench.engine.batches import Batches
from workbench.engine.plan import make_plan
from workbench.run.events import CheckpointSaved, Ended, Evaluated, Notice, Started, Step
from workbench.run.folder import summarise
from workbench.run.home import Home
from workbench.run.journal import read_journal
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.schedules import learning_rate
from workbench.session import training
from workbench.tasks import task_named

resource = pytest.importorskip("resource")  # limits of a process; Windows has none

Recipes = Callable[..., Recipe]


def test_events_tell_the_whole_run_in_order(run: Run, recipe: Recipes) -> None:
    folder, events = run(recipe())
    assert [event.index for event in events] == list(range(len(events)))
    assert all(a.time <= b.time for a, b in itertools.pairwise(events))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert sum(isinstance(event, Ended) for event in events) == 1
    steps = [event for event in events if isinstance(event, Step)]
    assert [step.step for step in steps] == list(range(1, events[0].total_steps + 1))
    assert read_journal(folder.journal_file) == events


def test_the_plotted_learning_rate_is_the_schedule_s(run: Run, recipe: Recipes) -> None:
    chosen = recipe("training.schedule=cosine")
    _, events = run(chosen)
    steps = [event for event in events if isinstance(event, Step)]
    expected = [learning_rate(chosen.training, s.step, len(steps)) for s in steps]
    assert [s.learning_rate for s in steps] == expected


def test_it_learns_a_separable_task_and_keeps_the_best_weights(run: Run, recipe: Recipes) -> None:
    folder, events = run(recipe("training.epochs=8"))
    measured = [event for event in events if isinstance(event, Evaluated)]
    assert measured[0].step == 0
    best = [event for event in measured if event.best][-1]
    assert best.metrics["accuracy"] >= 0.9 > measured[0].metrics["accuracy"]
    assert best.metrics["accuracy"] == max(event.metrics["accuracy"] for event in measured[1:])
    assert set(best.metrics) == {"loss", "accuracy", "f1_macro"}
    assert sum(sum(row) for row in best.confusion) == 30
    summary = summarise(folder)
    assert summary.status == "finished" and summary.score == ("accuracy", best.metrics["accuracy"])


def test_the_saved_model_loads_with_transformers_and_names_its_classes(run: Run, recipe: Recipes) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder, _ = run(recipe("training.epochs=8"))
    model = AutoModelForSequenceClassification.from_pretrained(folder.model)
    tokenizer = AutoTokenizer.from_pretrained(folder.model)
    assert model.config.id2label == {0: "kitchen", 1: "travel", 2: "weather"}
    with torch.no_grad():
        logits = model(**tokenizer(["rain storm the a"], return_tensors="pt")).logits
    assert model.config.id2label[int(logits.argmax())] == "weather"
    assert not list(folder.model.glob("*.bin"))
    card = (folder.model / "README.md").read_text(encoding="utf-8")
    assert "library_name: transformers" in card and "accuracy" in card


def test_a_language_model_gets_less_surprised_and_loads(run: Run, lm_recipe: Recipes) -> None:
    from transformers import AutoModelForCausalLM

    folder, events = run(lm_recipe())
    measured = [event for event in events if isinstance(event, Evaluated)]
    assert measured[-1].metrics["perplexity"] < measured[0].metrics["perplexity"] / 2
    assert measured[-1].metrics["perplexity"] == pytest.approx(math.exp(measured[-1].metrics["loss"]))
    assert AutoModelForCausalLM.from_pretrained(folder.model).config.model_type == "llama"
    samples = json.loads((folder.path / "samples.json").read_text(encoding="utf-8"))
    assert samples and all(set(sample) == {"prompt", "before", "after"} for sample in samples)
    assert any(sample["before"] != sample["after"] for sample in samples)


def test_perplexity_is_weighted_by_tokens_not_by_batches(lm_recipe: Recipes) -> None:
    chosen = lm_recipe("training.batch_size=3")
    task = task_named("causal-lm")
    rows = task.read(chosen)
    model, tokenizer = task.load(chosen, rows, Path(chosen.model.source))
    goods = task.encode(chosen, rows, model, tokenizer)
    parts = []
    losses: list[float] = []
    model.eval()
    with torch.no_grad():
        for index in range(len(goods.validation)):
            one = np.array([index])
            single = task.collate(goods.validation, one, 0)
            parts.append(task.score(model, single, one))
            ids = single["input_ids"]
            logits = model(input_ids=ids).logits[0, :-1]
            losses += torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none").tolist()
    measured = task.summarise(parts, goods.validation, rows)
    assert measured.metrics["loss"] == pytest.approx(sum(losses) / len(losses), rel=1e-5)


def test_stopping_answers_within_a_step_and_saves(run: Run, recipe: Recipes) -> None:
    folder, events = run(recipe(), StopAfter(3))
    assert isinstance(events[-1], Ended) and events[-1].status == "stopped"
    assert events[-1].step == 3
    assert [e.path for e in events if isinstance(e, CheckpointSaved)] == ["checkpoints/step-000003"]
    assert (folder.model / "config.json").is_file()
    assert summarise(folder).status == "stopped" and summarise(folder).resumable


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("training.batching=shuffled", "training.schedule=constant"),
        ("training.precision=bf16", "training.eval_every=3"),
        ("training.optimizer=sgd", "training.checkpoint_every=2"),
    ],
)
def test_a_resumed_run_equals_the_uninterrupted_one_to_the_bit(
    run: Run, recipe: Recipes, overrides: tuple[str, ...]
) -> None:
    whole, events = run(recipe(*overrides))
    cut, _ = run(recipe(*overrides), StopAfter(4))
    resumed = list(training.carry_out(training.reopen(cut), training.Control()))
    assert isinstance(resumed[0], Started) and resumed[0].resumed_from == 4
    expected = [(e.step, e.loss, e.gradient_norm) for e in events if isinstance(e, Step) and e.step > 4]
    assert [(e.step, e.loss, e.gradient_norm) for e in resumed if isinstance(e, Step)] == expected
    last = f"step-{events[0].total_steps:06d}"  # type: ignore[attr-defined]
    for name in ("model/model.safetensors", "optimizer.safetensors"):
        a = load_file(whole.checkpoints / last / name)
        b = load_file(cut.checkpoints / last / name)
        assert a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
    history = cut.history()
    assert list(history.curve("loss").x) == [e.step for e in events if isinstance(e, Step)]
    assert list(history.curve("loss").y) == [e.loss for e in events if isinstance(e, Step)]
    assert history.score == whole.history().score
    assert isinstance(resumed[-1], Ended) and isinstance(events[-1], Ended)
    assert resumed[-1].metrics == events[-1].metrics


def test_the_same_seed_gives_the_same_run_whatever_ran_before(run: Run, recipe: Recipes) -> None:
    _, first = run(recipe())
    torch.rand(17)
    _, second = run(recipe())
    _, other = run(recipe("training.seed=5"))

    def losses(events: list[Any]) -> list[float]:
        return [e.loss for e in events if isinstance(e, Step)]

    assert losses(first) == losses(second) != losses(other)


def test_uneven_batches_have_the_mean_loss_over_rows(run: Run, recipe: Recipes) -> None:
    """90 training rows in batches of 64 and 26: each step's loss is the mean over its own rows."""
    _, events = run(recipe("training.batch_size=64", "training.epochs=1", "training.learning_rate=1e-12"))
    losses = [e.loss for e in events if isinstance(e, Step)]
    assert len(losses) == 2
    assert all(loss == pytest.approx(math.log(3), abs=0.15) for loss in losses)


class Breaks(training.Control):
    """Raises in the worker after two steps."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def between_steps(self, live: Any) -> None:
        if live.step == 2:
            raise self._error


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), "Out of memory."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "Out of memory."),
        (ZeroDivisionError("a mistake in the program"), "Something unexpected went wrong."),
        (OSError(28, "No space left on device"), "The disk is full."),
    ],
)
def test_an_exception_in_the_run_becomes_its_one_end_event(
    run: Run, recipe: Recipes, error: Exception, title: str
) -> None:
    folder, events = run(recipe("training.checkpoint_every=1"), Breaks(error))
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "failed"
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert ended.problem is not None and ended.problem.title == title
    assert summarise(folder).problem == ended.problem
    assert summarise(folder).resumable


def test_nan_weights_are_noticed_in_the_first_step(
    run: Run, recipe: Recipes, tiny_bert: Path, tmp_path: Path
) -> None:
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(tiny_bert)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight.fill_(math.nan)
    model.save_pretrained(tmp_path / "broken")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path / "broken")
    _, events = run(recipe(f"model.source='{tmp_path / 'broken'}'"))
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "failed" and ended.step == 1
    assert ended.problem is not None and "loss is no longer a number (step 1)" in ended.problem.title


class PoisonsWeights(training.Control):
    """Makes the weights not-a-number after three steps."""

    def between_steps(self, live: Any) -> None:
        if live.step == 3:
            with torch.no_grad():
                live.model.classifier.weight.fill_(math.nan)


def test_nan_in_the_middle_keeps_the_last_good_checkpoint(run: Run, recipe: Recipes) -> None:
    folder, events = run(recipe("training.checkpoint_every=2"), PoisonsWeights())
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "failed" and ended.step == 4
    assert [path.name for path in folder.checkpoint_folders()] == ["step-000002"]
    assert checkpoints.damage(folder.checkpoint_folders()[0]) == ""
    resumed = list(training.carry_out(training.reopen(folder), training.Control()))
    assert isinstance(resumed[-1], Ended) and resumed[-1].status == "finished"


def test_a_damaged_checkpoint_is_passed_over_for_an_older_one(run: Run, recipe: Recipes) -> None:
    folder, _ = run(recipe("training.checkpoint_every=2"), StopAfter(5))
    old, new = folder.checkpoint_folders()
    weights = new / "model" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    resumed = list(training.carry_out(training.reopen(folder), training.Control()))
    assert isinstance(resumed[0], Notice) and new.name in resumed[0].text
    started = next(event for event in resumed if isinstance(event, Started))
    assert started.resumed_from == int(old.name.removeprefix("step-"))
    for checkpoint in folder.checkpoint_folders():
        (checkpoint / checkpoints.MANIFEST).unlink()
    cut, _ = run(recipe("training.checkpoint_every=2"), StopAfter(3))
    for checkpoint in cut.checkpoint_folders():
        (checkpoint / checkpoints.MANIFEST).unlink()
    with pytest.raises(WorkbenchError, match="cannot be resumed"):
        training.reopen(cut)


class DiskFull(training.Control):
    """After two steps nothing more can be written into the journal."""

    def __init__(self, journal: Path) -> None:
        super().__init__()
        self._journal = journal

    def between_steps(self, live: Any) -> None:
        if live.step == 2:
            limit = self._journal.stat().st_size + 10
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_journal_that_cannot_be_written_ends_the_run_and_loses_nothing(home: Home, recipe: Recipes) -> None:
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    prepared = training.begin(home, recipe("training.epochs=50"))
    try:
        events = list(training.carry_out(prepared, DiskFull(prepared.folder.journal_file)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, before)
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.status == "failed" and ended.step == 3
    assert ended.problem is not None and "cannot be recorded" in ended.problem.title
    assert sum(isinstance(event, Ended) for event in events) == 1
    recorded = read_journal(prepared.folder.journal_file)
    assert [event.index for event in recorded] == list(range(len(recorded)))
    assert summarise(prepared.folder).resumable


def test_what_is_measured_at_the_end_is_what_was_saved(run: Run, recipe: Recipes) -> None:
    """A learning rate that ruins the model late: the best weights are saved, tested and shown."""
    folder, events = run(recipe("data.test=0.2", "training.epochs=8", "training.eval_every=4"))
    tested = next(e for e in events if isinstance(e, Evaluated) and e.split == "test")
    chosen = recipe("data.test=0.2", f"model.source='{folder.model}'")
    task = task_named("text-classification")
    rows = task.read(chosen)
    model, tokenizer = task.load(chosen, rows, folder.model)
    goods = task.encode(chosen, rows, model, tokenizer)
    assert goods.test is not None
    every = np.arange(len(goods.test))
    model.eval()
    with torch.no_grad():
        part = task.score(model, task.collate(goods.test, every, 0), every)
    assert task.summarise([part], goods.test, rows).metrics["loss"] == pytest.approx(
        tested.metrics["loss"], rel=0.02
    )


def test_guessed_columns_are_saved_in_the_run_s_recipe(run: Run, recipe: Recipes) -> None:
    folder, _ = run(recipe("training.max_steps=1"))
    assert (folder.recipe().data.text, folder.recipe().data.label) == ("text", "label")


def test_a_run_stopped_before_its_first_step_can_go_on(run: Run, recipe: Recipes) -> None:
    control = training.Control()
    control.stop()
    folder, events = run(recipe(), control)
    assert isinstance(events[-1], Ended) and events[-1].status == "stopped" and events[-1].step == 0
    resumed = list(training.carry_out(training.reopen(folder), training.Control()))
    assert isinstance(resumed[-1], Ended) and resumed[-1].status == "finished"


class StopsInMeasurement(training.Control):
    """Asks to stop as soon as the measurement after a step has begun."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step, self._asked, self._there = step, 0, False

    def between_steps(self, live: Any) -> None:
        self._there = live.step == self._step

    @property
    def stopping(self) -> bool:
        self._asked += self._there
        return self._asked > 0


@pytest.mark.parametrize("step", [3, 12])
def test_a_stop_in_the_middle_of_a_measurement_only_puts_it_off(run: Run, recipe: Recipes, step: int) -> None:
    chosen = recipe("training.eval_every=3", "training.checkpoint_every=100")
    whole, expected = run(chosen)
    cut, events = run(chosen, StopsInMeasurement(step))
    assert isinstance(events[-1], Ended) and events[-1].status == "stopped" and events[-1].step == step
    assert step not in [event.step for event in events if isinstance(event, Evaluated)]
    list(training.carry_out(training.reopen(cut), training.Control()))
    for name in ("validation/loss", "validation/accuracy", "loss"):
        assert list(cut.history().curve(name).y) == list(whole.history().curve(name).y)
    assert len([event for event in expected if isinstance(event, Evaluated)]) == 5


def test_a_run_without_held_out_rows_still_saves_its_model(run: Run, recipe: Recipes) -> None:
    folder, events = run(recipe("data.validation=0"))
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
    assert (folder.model / "model.safetensors").is_file()
    assert not [e for e in events if isinstance(e, Evaluated)]


def test_test_rows_are_measured_once_at_the_end(run: Run, recipe: Recipes) -> None:
    _, events = run(recipe("data.test=0.2"))
    tested = [e for e in events if isinstance(e, Evaluated) and e.split == "test"]
    assert len(tested) == 1 and sum(sum(row) for row in tested[0].confusion) == 24


def test_a_plan_measures_seldom_enough_to_stay_cheap(recipe: Recipes) -> None:
    chosen = recipe("data.validation=0.5", "training.batch_size=4")
    task = task_named("text-classification")
    rows = task.read(chosen)
    model, tokenizer = task.load(chosen, rows, Path(chosen.model.source))
    goods = task.encode(chosen, rows, model, tokenizer)
    plan = make_plan(chosen, goods, Batches(goods.train.lengths, chosen.training))
    assert plan.steps_per_epoch == 15 and plan.total == 30
    assert plan.eval_every == math.ceil(10 / 3 * 60 / 4)
