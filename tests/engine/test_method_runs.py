"""Whole runs with training methods: they learn, load elsewhere, and go on to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.engine.conftest import Run, StopAfter
from workbench.run.events import Ended, Evaluated, Started, Step
from workbench.run.folder import RunFolder
from workbench.run.recipe import Recipe
from workbench.session import training

Recipes = Callable[..., Recipe]

METHODS = {
    "lora": ("weights.kind=lora", "weights.lora_dropout=0.1"),
    "freezing": ("weights.freeze_layers=1", "weights.freeze_embeddings=true"),
    "dropout": ("regularisation.dropout=0.3",),
    "ema": ("regularisation.averaging=ema",),
    "swa": ("regularisation.averaging=swa", "regularisation.swa_start=0.2"),
    "neftune": ("regularisation.neftune=5",),
    "mixup": ("regularisation.mixup=0.4",),
    "r_drop": ("regularisation.r_drop=1",),
    "fgm": ("adversarial.kind=fgm",),
    "pgd": ("adversarial.kind=pgd", "adversarial.steps=2"),
    "distillation": ("distillation.teacher={teacher}", "distillation.hidden=0.1"),
    "checkpointing": ("training.gradient_checkpointing=true",),
    "lora and ema": ("weights.kind=lora", "regularisation.averaging=ema"),
    "lora and fgm": ("weights.kind=lora", "adversarial.kind=fgm", "training.gradient_checkpointing=true"),
    "r_drop and neftune": ("regularisation.r_drop=1", "regularisation.neftune=5"),
    "mixup and smoothing": ("regularisation.mixup=0.4", "loss.label_smoothing=0.1"),
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


@pytest.mark.parametrize("name", METHODS)
def test_a_run_with_methods_goes_on_to_the_bit(run: Run, recipe: Recipes, teacher: Path, name: str) -> None:
    parts = ["training.accumulation=2"] if name in {"fgm", "pgd", "mixup", "all at once"} else []
    chosen = recipe(
        *(part.format(teacher=f"'{teacher}'") for part in METHODS[name]),
        *parts,
        "training.max_steps=6",
        "training.eval_every=3",
    )
    whole, events = run(chosen)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished", events[-1]
    cut, _ = run(chosen, StopAfter(4))
    resumed = list(training.carry_out(training.reopen(cut), training.Control()))
    started = next(event for event in resumed if isinstance(event, Started))
    assert started.resumed_from == 4
    expected = [(e.step, e.loss, e.gradient_norm) for e in events if isinstance(e, Step) and e.step > 4]
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
        ("regularisation.neftune=5", "adversarial.kind=pgd", "training.accumulation=3"),
    ],
)
def test_language_models_go_on_to_the_bit(run: Run, lm_recipe: Recipes, overrides: tuple[str, ...]) -> None:
    chosen = lm_recipe(*overrides, "training.max_steps=6")
    whole, events = run(chosen)
    assert isinstance(events[-1], Ended) and events[-1].status == "finished", events[-1]
    cut, _ = run(chosen, StopAfter(3))
    list(training.carry_out(training.reopen(cut), training.Control()))
    a, b = weights_in(whole), weights_in(cut)
    for file in a:
        assert all(torch.equal(a[file][key], b[file][key]) for key in a[file]), file


def test_a_lora_run_saves_little_learns_and_loads_like_any_model(run: Run, recipe: Recipes) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder, events = run(
        recipe("weights.kind=lora", "weights.lora_rank=8", "training.epochs=8", "training.learning_rate=0.01")
    )
    best = [event for event in events if isinstance(event, Evaluated) and event.best][-1]
    assert best.metrics["accuracy"] >= 0.9
    model = AutoModelForSequenceClassification.from_pretrained(folder.model)
    tokenizer = AutoTokenizer.from_pretrained(folder.model)
    with torch.no_grad():
        logits = model(**tokenizer(["rain storm the a"], return_tensors="pt")).logits
    assert model.config.id2label[int(logits.argmax())] == "weather"
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
