"""Several labels, numbers and marked words: they are learned, resumed to the bit, and read by any tool."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import TOPICS
from tests.engine.conftest import Run, StopAfter
from workbench.engine.loading import load_for_use
from workbench.engine.prediction import predict
from workbench.run.events import Ended, Evaluated, Notice, Step
from workbench.run.folder import RunFolder
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.tasks import task_named

Recipes = Callable[..., Recipe]
TEXTS = ("we saw rain and fog today", "some bread with a map", "the old road again")


@pytest.mark.parametrize(
    ("kind", "metric", "least", "overrides"),
    [
        ("multi_label", "f1_micro", 0.75, ("training.epochs=30", "training.learning_rate=0.01")),
        ("regression", "r2", 0.5, ("training.epochs=30", "training.learning_rate=0.003")),
        ("tagged", "f1", 0.8, ()),
    ],
)
def test_a_task_is_learned_and_read_by_any_tool(
    kind: str, metric: str, least: float, overrides: tuple[str, ...], run: Run, request: pytest.FixtureRequest
) -> None:
    make: Recipes = request.getfixturevalue(f"{kind}_recipe")
    whole, events = run(make("training.eval_every=50", "film.on=true", *overrides))
    assert not [event.text for event in events if isinstance(event, Notice) and "film" in event.text]
    measured = [event for event in events if isinstance(event, Evaluated)]
    assert max(event.metrics[metric] for event in measured) > least
    assert measured[-1].metrics["loss"] < measured[0].metrics["loss"]
    {"multi_label": _labels_by_hand, "regression": _numbers_by_hand, "tagged": _tags_by_hand}[kind](whole)


@pytest.mark.parametrize("kind", ["multi_label", "regression", "tagged"])
def test_a_resumed_run_is_the_same_to_the_bit(kind: str, run: Run, request: pytest.FixtureRequest) -> None:
    make: Recipes = request.getfixturevalue(f"{kind}_recipe")
    recipe = make("training.max_steps=7", "training.accumulation=2")
    whole, events = run(recipe)
    cut, first = run(recipe, StopAfter(3))
    second = list(training.carry_out(training.reopen(cut), training.Control()))
    assert isinstance(second[-1], Ended) and second[-1].status == "finished"
    losses = [
        [event.loss for event in told if isinstance(event, Step)] for told in (events, [*first, *second])
    ]
    assert losses[0] == losses[1]
    weights = [folder.model / "model.safetensors" for folder in (whole, cut)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def _asked(folder: RunFolder) -> Any:
    return predict(load_for_use(folder.model, "the run", torch.device("cpu")), TEXTS)


def _outputs(folder: RunFolder, auto: Any) -> tuple[Any, Any, Any]:
    """Model, tokenizer and what comes out, by transformers alone."""
    from transformers import AutoTokenizer

    model, tokenizer = auto.from_pretrained(folder.model), AutoTokenizer.from_pretrained(folder.model)
    with torch.no_grad():
        return model, tokenizer, [model(**tokenizer(text, return_tensors="pt")).logits[0] for text in TEXTS]


def _labels_by_hand(folder: RunFolder) -> None:
    from transformers import AutoModelForSequenceClassification

    model, _, outputs = _outputs(folder, AutoModelForSequenceClassification)
    assert model.config.problem_type == "multi_label_classification"
    assert set(model.config.id2label.values()) == set(TOPICS)
    for found, logits in zip(_asked(folder), outputs, strict=True):
        by_name = {model.config.id2label[i]: float(torch.sigmoid(z)) for i, z in enumerate(logits)}
        assert dict(found.classes) == pytest.approx(by_name, abs=1e-5)
        assert found.kind == "labels" and set(found.chosen) == {n for n, p in by_name.items() if p >= 0.5}


def _numbers_by_hand(folder: RunFolder) -> None:
    from transformers import AutoModelForSequenceClassification

    model, _, outputs = _outputs(folder, AutoModelForSequenceClassification)
    mean, scale = model.config.target_mean[0], model.config.target_std[0]
    assert 1000 < mean < 1500 and model.config.problem_type == "regression"
    for found, logits in zip(_asked(folder), outputs, strict=True):
        assert found.numbers == (("price", pytest.approx(float(logits[0]) * scale + mean, rel=1e-5)),)
        assert 500 < found.numbers[0][1] < 2000  # in the file's own unit


def _tags_by_hand(folder: RunFolder) -> None:
    from transformers import AutoModelForTokenClassification

    model, _, outputs = _outputs(folder, AutoModelForTokenClassification)
    found = _asked(folder)
    assert [(TEXTS[0][mark.start : mark.end], mark.kind) for mark in found[0].marks] == [
        ("rain", "weather"),
        ("fog", "weather"),
    ]
    tags = [model.config.id2label[int(z.argmax())] for z in outputs[0][1:-1]]  # one token a word here
    assert tags == ["O", "O", "B-weather", "O", "B-weather", "O"]


def test_a_word_is_learned_at_its_first_piece_and_nowhere_else(
    tagged_recipe: Recipes, tmp_path: Path
) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from workbench.engine.word_pieces import word_pieces

    tokenizer = Tokenizer(
        models.WordPiece(
            {"[UNK]": 0, "cloud": 1, "##y": 2, "sun": 3, "##ny": 4, ".": 5, "day": 6}, unk_token="[UNK]"
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")
    places = [(0, 6), (7, 12), (13, 16), (16, 17)]
    (found,) = word_pieces(fast, ["cloudy sunny day."], [places], 16)
    assert found.ids.tolist() == [1, 2, 3, 4, 6, 5]
    assert found.first.tolist() == [0, 2, 4, 5]
    (cut,) = word_pieces(fast, ["cloudy sunny day."], [places], 3)
    assert cut.first.tolist() == [0, 2, -1, -1]


def test_binary_cross_entropy_is_what_torch_says(multi_label_recipe: Recipes) -> None:
    from workbench.engine.losses import build_loss

    task = task_named("multi-label")
    logits, marks = torch.randn(5, 3), torch.randint(0, 2, (5, 3))
    outputs = type("Outputs", (), {"logits": logits})
    for kind in ("cross-entropy", "bce"):
        recipe = multi_label_recipe(f"loss.kind={kind}")
        loss = build_loss(task.loss_section(recipe.loss))(task.logits(outputs, {}), marks.flatten()).mean()
        wanted = torch.nn.functional.binary_cross_entropy_with_logits(logits, marks.float())
        assert float(loss) == pytest.approx(float(wanted), rel=1e-5)
    with pytest.raises(WorkbenchError, match="mse does not go with this task"):
        task.loss_section(multi_label_recipe("loss.kind=mse").loss)


@pytest.mark.parametrize("kind", ["cross-entropy", "huber"])
def test_numbers_are_learned_by_their_distance(kind: str, regression_recipe: Recipes) -> None:
    from workbench.engine.losses import build_loss

    task, recipe = task_named("regression"), regression_recipe(f"loss.kind={kind}")
    rows = task.read(recipe)
    model, tokenizer = task.load(recipe, rows, Path(recipe.model.source))
    goods = task.encode(recipe, rows, model, tokenizer)
    batch = task.collate(goods.train, np.arange(6), 0)
    with torch.no_grad():
        logits, targets = task.logits(task.outputs(model, batch), batch), task.targets(batch)
    found = build_loss(task.loss_section(recipe.loss))(logits, targets).mean()
    torch_loss = torch.nn.functional.huber_loss if kind == "huber" else torch.nn.functional.mse_loss
    assert float(found) == pytest.approx(float(torch_loss(logits[:, 0], targets)), rel=1e-5)
    whole = task.targets(task.collate(goods.train, np.arange(len(goods.train)), 0)).numpy()
    assert whole.mean() == pytest.approx(0, abs=1e-5) and whole.std() == pytest.approx(1, abs=1e-5)
    with pytest.raises(WorkbenchError, match="bce does not go with this task"):
        task.loss_section(regression_recipe("loss.kind=bce").loss)


def test_a_model_that_gives_these_numbers_already_goes_on_in_its_units(
    regression_recipe: Recipes, tmp_path: Path, tiny_bert: Path
) -> None:
    task, recipe = task_named("regression"), regression_recipe()
    rows = task.read(recipe)
    model, tokenizer = task.load(recipe, rows, tiny_bert)
    model.config.target_mean, model.config.target_std = [7.0], [2.0]
    model.save_pretrained(tmp_path / "known")
    tokenizer.save_pretrained(tmp_path / "known")
    again, _ = task.load(recipe, rows, tmp_path / "known")
    assert (again.config.target_mean, again.config.target_std) == ([7.0], [2.0])


def test_a_language_model_that_cannot_mark_words_is_refused(tagged_recipe: Recipes, tiny_t5: Path) -> None:
    from transformers import AutoModelForTokenClassification, BartConfig

    assert BartConfig not in AutoModelForTokenClassification._model_mapping
    task, recipe = task_named("token-classification"), tagged_recipe()
    folder = tiny_t5.parent / "only-a-config"
    BartConfig(vocab_size=30, d_model=8).save_pretrained(folder)
    with pytest.raises(WorkbenchError, match="cannot learn to mark words"):
        task.load(recipe, task.read(recipe), folder)
