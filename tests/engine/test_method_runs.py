"""Whole runs with training methods: they learn, load elsewhere, and go on to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.engine.conftest import Run, StopAfter
from workbench.run.events import Ended, Evaluated, Started, Step
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.tasks import task_named

Recipes = Callable[..., Recipe]

#: Every method is in one of these; together, because that is harder.
TOGETHER = {
    "lora and ema": ("weights.kind=lora", "weights.lora_dropout=0.1", "regularisation.averaging=ema"),
    "lora and fgm": (
        "weights.kind=lora",
        "adversarial.kind=fgm",
        "training.gradient_checkpointing=true",
        "training.accumulation=2",
    ),
    "frozen and swa": (
        "weights.freeze_layers=1",
        "weights.freeze_embeddings=true",
        "regularisation.dropout=0.3",
        "regularisation.averaging=swa",
        "regularisation.swa_start=0.2",
    ),
    "adalora and swa": ("weights.kind=adalora", "weights.lora_rank=2", "regularisation.averaging=swa"),
    "bottleneck and unfreezing": (
        "weights.kind=bottleneck",
        "weights.unfreeze=0.8",
        "training.gradient_checkpointing=true",
    ),
    "r_drop and neftune": ("regularisation.r_drop=1", "regularisation.neftune=5"),
    "mixup and smoothing": (
        "regularisation.mixup=0.4",
        "loss.label_smoothing=0.1",
        "training.accumulation=2",
    ),
    "teacher and pgd": (
        "distillation.teacher={teacher}",
        "distillation.hidden=0.1",
        "adversarial.kind=pgd",
        "adversarial.steps=2",
    ),
}
ALONE = {
    "lora": ("weights.kind=lora",),
    "dora": ("weights.kind=dora",),
    "adalora": ("weights.kind=adalora",),
    "ia3": ("weights.kind=ia3",),
    "bottleneck": ("weights.kind=bottleneck", "weights.bottleneck_size=8"),
    "prompt": ("weights.kind=prompt", "weights.virtual_tokens=4", "training.max_length=24"),
    "unfreezing": ("weights.unfreeze=0.5", "weights.layer_decay=0.8"),
    "frozen": ("weights.freeze_layers=1", "weights.freeze_embeddings=true"),
    "dropout": ("regularisation.dropout=0.3",),
    "ema": ("regularisation.averaging=ema",),
    "swa": ("regularisation.averaging=swa", "regularisation.swa_start=0.2"),
    "neftune": ("regularisation.neftune=5",),
    "mixup": ("regularisation.mixup=0.4",),
    "r_drop": ("regularisation.r_drop=1",),
    "fgm": ("adversarial.kind=fgm",),
    "pgd": ("adversarial.kind=pgd", "training.accumulation=2"),
    "teacher": ("distillation.teacher={teacher}",),
    "checkpointing": ("training.gradient_checkpointing=true",),
    "all at once": (
        "weights.kind=lora",
        "weights.freeze_layers=1",
        "regularisation.averaging=ema",
        "regularisation.neftune=5",
        "regularisation.mixup=0.4",
        "regularisation.r_drop=1",
        "adversarial.kind=pgd",
        "distillation.teacher={teacher}",
        "training.gradient_checkpointing=true",
        "training.accumulation=2",
    ),
}


@pytest.fixture(scope="module")
def teacher(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of the tiny data set's classes with random weights."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tmp_path_factory.mktemp("teacher") / "model"
    names = dict(enumerate(("kitchen", "travel", "weather")))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = AutoModelForSequenceClassification.from_pretrained(
            tiny_bert, id2label=names, label2id={name: i for i, name in names.items()}
        )
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder)
    return folder


def weights_in(folder: RunFolder) -> dict[str, dict[str, torch.Tensor]]:
    """Every tensor of a run's chosen model and of its newest checkpoint, by file."""
    newest = folder.checkpoint_folders()[-1]
    files = [*sorted(folder.model.glob("*.safetensors")), *sorted(newest.rglob("*.safetensors"))]
    return {file.relative_to(folder.path).as_posix(): load_file(file) for file in files}


@pytest.mark.parametrize(
    "overrides",
    [
        *(pytest.param(overrides, id=name) for name, overrides in TOGETHER.items()),
        *(pytest.param(overrides, id=name, marks=pytest.mark.heavy) for name, overrides in ALONE.items()),
    ],
)
def test_a_run_with_methods_goes_on_to_the_bit(
    run: Run, recipe: Recipes, teacher: Path, overrides: tuple[str, ...]
) -> None:
    named = (part.format(teacher=f"'{teacher}'") for part in overrides)
    chosen = recipe(*named, "training.max_steps=5", "training.eval_every=3")
    whole, events = run(chosen)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished", events[-1]
    cut, _ = run(chosen, StopAfter(2))
    resumed = list(training.carry_out(training.reopen(cut), training.Control()))
    started = next(event for event in resumed if isinstance(event, Started))
    assert started.resumed_from == 2
    expected = [(e.step, e.loss, e.gradient_norm) for e in events if isinstance(e, Step) and e.step > 2]
    assert [(e.step, e.loss, e.gradient_norm) for e in resumed if isinstance(e, Step)] == expected
    assert isinstance(resumed[-1], Ended) and resumed[-1].metrics == events[-1].metrics
    a, b = weights_in(whole), weights_in(cut)
    assert a.keys() == b.keys() and len(a) > 2
    for file in a:
        assert a[file].keys() == b[file].keys()
        assert all(torch.equal(a[file][key], b[file][key]) for key in a[file]), file


@pytest.mark.parametrize(
    "overrides",
    [
        ("weights.kind=lora", "weights.lora_targets='q_proj,v_proj'", "regularisation.averaging=ema"),
        ("regularisation.neftune=5", "adversarial.kind=fgm", "training.accumulation=3"),
        ("weights.kind=prefix", "weights.virtual_tokens=4", "regularisation.averaging=ema"),
        ("weights.kind=prompt", "weights.virtual_tokens=4", "adversarial.kind=fgm"),
    ],
)
def test_language_models_go_on_to_the_bit(run: Run, lm_recipe: Recipes, overrides: tuple[str, ...]) -> None:
    chosen = lm_recipe(*overrides, "training.max_steps=4")
    whole, events = run(chosen)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished", events[-1]
    cut, _ = run(chosen, StopAfter(2))
    list(training.carry_out(training.reopen(cut), training.Control()))
    a, b = weights_in(whole), weights_in(cut)
    for file in a:
        assert all(torch.equal(a[file][key], b[file][key]) for key in a[file]), file


def test_a_lora_run_saves_little_learns_and_loads_like_any_model(run: Run, recipe: Recipes) -> None:
    shape = ("weights.kind=lora", "weights.lora_rank=8", "weights.lora_alpha=8", "training.batch_size=8")
    pace = ("training.epochs=15", "training.learning_rate=0.01", "training.eval_every=36")
    folder, events = run(recipe(*shape, *pace))
    measured = [event for event in events if isinstance(event, Evaluated)]
    best = [event for event in measured if event.best][-1].metrics
    assert best["loss"] < 0.9 * measured[0].metrics["loss"] and best["accuracy"] > 0.5
    task, chosen = task_named("text-classification"), recipe(f"model.source='{folder.model}'")
    rows = task.read(chosen)
    model, tokenizer = task.load(chosen, rows, folder.model)
    split = task.encode(chosen, rows, model, tokenizer).validation
    every = np.arange(len(split))
    with torch.no_grad():
        part = task.score(model.eval(), task.collate(split, every, 0), every)
    again = task.summarise([part], split, rows).metrics
    assert again["loss"] == pytest.approx(best["loss"], rel=0.02)  # measured in the precision of the run
    newest = folder.checkpoint_folders()[-1]
    kept = {name for file in newest.rglob("*.safetensors") for name in load_file(file)}
    assert not any("word_embeddings" in name or "base_layer" in name for name in kept)


def test_averages_are_what_is_measured_and_kept(run: Run, recipe: Recipes) -> None:
    chosen = ("training.max_steps=6", "training.eval_every=6", "training.learning_rate=0.01")
    plain, _ = run(recipe(*chosen))
    averaged, _ = run(recipe(*chosen, "regularisation.averaging=ema"))
    a, b = weights_in(plain), weights_in(averaged)
    inside = next(name for name in a if name.endswith("000006/model/model.safetensors"))
    assert all(
        torch.equal(a[inside][key], b[inside][key]) for key in a[inside]
    )  # what is trained is the same
    kept = b["model/model.safetensors"]
    assert not torch.equal(kept["classifier.weight"], b[inside]["classifier.weight"])


def test_a_teacher_that_is_not_here_is_missed_before_a_run_is_made(home: Home, recipe: Recipes) -> None:
    with pytest.raises(WorkbenchError) as caught:
        training.begin(home, recipe("distillation.teacher=nobody"))
    assert caught.value.problem.field == "distillation.teacher" and "nobody" in str(caught.value.problem)
    assert not home.runs.exists() or not list(home.runs.iterdir())


def test_a_run_teaches_another_by_its_name(run: Run, recipe: Recipes) -> None:
    teacher, _ = run(recipe("training.max_steps=2"))
    _, events = run(recipe("training.max_steps=2", f"distillation.teacher='{teacher.name}'"))
    assert isinstance(events[-1], Ended) and events[-1].status == "finished"
