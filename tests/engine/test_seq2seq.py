"""Sequence to sequence on tiny random models: what is learned, written and measured."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.engine.conftest import Run
from workbench.engine.overlaps import longest_common, overlaps, rouge
from workbench.engine.task import padded
from workbench.engine.translation import write_answers
from workbench.run.events import Evaluated
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.tasks.seq2seq import Answered, SequenceToSequence

Recipes = Callable[..., Recipe]
Write = Callable[[str, str], Path]


@pytest.mark.parametrize("folder", ["tiny_t5", "tiny_bart"])
def test_the_loss_is_that_of_transformers(
    folder: str, request: pytest.FixtureRequest, seq2seq_recipe: Recipes
) -> None:
    model_folder: Path = request.getfixturevalue(folder)
    task, recipe = SequenceToSequence(), seq2seq_recipe(f"model.source={model_folder}")
    rows = task.read(recipe)
    model, tokenizer = task.load(recipe, rows, model_folder)
    goods = task.encode(recipe, rows, model, tokenizer)
    every = np.arange(5)
    batch = task.collate(goods.train, every, 0)
    assert isinstance(goods.train, Answered)
    labels, mask = padded([goods.train.targets[i] for i in every], 0)
    model.eval()
    with torch.no_grad():
        own = torch.nn.functional.cross_entropy(
            task.logits(task.outputs(model, batch), batch), task.targets(batch)
        )
        theirs = model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            labels=labels.masked_fill(mask == 0, -100),
        ).loss
    assert float(own) == pytest.approx(float(theirs), rel=1e-5)
    # Each target ends with the end token, so that ending is learned.
    assert all(ids[-1] == tokenizer.eos_token_id for ids in goods.train.targets)


@pytest.mark.parametrize("folder", ["tiny_t5", "tiny_bart"])
def test_what_is_written_is_what_generate_writes(
    folder: str, request: pytest.FixtureRequest, seq2seq_recipe: Recipes
) -> None:
    model_folder: Path = request.getfixturevalue(folder)
    task, recipe = SequenceToSequence(), seq2seq_recipe(f"model.source={model_folder}")
    model, _ = task.load(recipe, task.read(recipe), model_folder)
    model.eval()
    with torch.no_grad():  # small first weights would write the same token for ever
        chance = torch.Generator().manual_seed(1)
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0, 1, generator=chance)
    start = int(model.config.decoder_start_token_id)
    ids, mask = padded(
        [np.array(row, dtype=np.int32) for row in ([5, 6, 7, 3], [9, 3], [20, 21, 22, 23, 24, 3])], 0
    )
    own = write_answers(model, ids, mask, begin=start, ends=[7], room=12)
    theirs = model.generate(
        input_ids=ids,
        attention_mask=mask,
        do_sample=False,
        num_beams=1,
        max_new_tokens=12,
        pad_token_id=0,
        eos_token_id=7,
    )
    for mine, other in zip(own, theirs[:, 1:].tolist(), strict=True):
        assert mine == (other[: other.index(7)] if 7 in other else other)
    assert len({token for answer in own for token in answer}) > 1


def test_a_model_learns_to_copy_the_first_words(run: Run, seq2seq_recipe: Recipes) -> None:
    folder, events = run(seq2seq_recipe("answer.written=6"))
    measured = [event.metrics for event in events if isinstance(event, Evaluated)]
    assert measured[-1]["loss"] < 0.7 * measured[0]["loss"]
    assert set(measured[-1]) == set(SequenceToSequence.metrics)
    assert measured[-1]["chrf"] > measured[0]["chrf"]
    samples = json.loads((folder.path / "samples.json").read_text(encoding="utf-8"))
    assert samples[0].keys() >= {"prompt", "before", "after"}


def test_without_written_rows_no_overlap_is_measured(
    run: Run, tiny_bart: Path, seq2seq_recipe: Recipes
) -> None:
    source = f"model.source={tiny_bart}"
    _, events = run(seq2seq_recipe(source, "answer.written=0", "training.max_steps=2", "weights.kind=lora"))
    measured = next(event.metrics for event in events if isinstance(event, Evaluated))
    assert set(measured) == {"loss", "perplexity"}


def test_columns_are_found_or_asked_for(write: Write, seq2seq_recipe: Recipes) -> None:
    def read(header: str, *more: str) -> tuple[str, str]:
        file = write(f"{header}.csv", f"{header}\n" + "".join(f"{i},a {i},b {i}\n" for i in range(8)))
        rows = SequenceToSequence().read(seq2seq_recipe(f"data.train={file}", *more))
        return rows.resolved["data.text"], rows.resolved["data.label"]

    assert read("id,article,summary") == ("article", "summary")
    assert read("id,de,en", "data.text=de", "data.label=en") == ("de", "en")
    with pytest.raises(WorkbenchError, match="to be written") as raised:
        read("id,en,de")
    assert raised.value.problem.field == "data.label"


def test_rows_without_both_texts_are_set_aside_and_told(write: Write, seq2seq_recipe: Recipes) -> None:
    lines = [{"source": f"s {i}", "target": "" if i == 3 else "t"} for i in range(12)]
    file = write("rows.jsonl", "\n".join(map(json.dumps, lines)))
    rows = SequenceToSequence().read(seq2seq_recipe(f"data.train={file}"))
    assert rows.train_rows + rows.validation_rows == 11
    assert any("1 row without a text" in note and "row 4" in note for note in rows.notes)
    nothing = write(
        "none.jsonl", "\n".join(json.dumps({"source": f"s {i}", "target": ""}) for i in range(12))
    )
    with pytest.raises(WorkbenchError, match="No rows are left"):
        SequenceToSequence().read(seq2seq_recipe(f"data.train={nothing}"))


def test_a_model_without_an_encoder_and_a_decoder_is_refused(
    tiny_llama: Path, seq2seq_recipe: Recipes
) -> None:
    recipe = seq2seq_recipe(f"model.source={tiny_llama}")
    with pytest.raises(WorkbenchError, match="cannot be trained to write"):
        SequenceToSequence().load(recipe, SequenceToSequence().read(recipe), tiny_llama)


def test_rouge_is_that_of_the_papers() -> None:
    # Lin 2004, section 3: "police killed the gunman" with "police kill the gunman" and "the gunman kill police".
    wanted = "police killed the gunman"
    assert rouge("Police kill the gunman.", wanted)["rougeL"] == pytest.approx(3 / 4)
    assert rouge("the gunman kill police", wanted)["rougeL"] == pytest.approx(2 / 4)
    assert rouge("the gunman kill police", wanted)["rouge2"] == pytest.approx(1 / 3)
    assert rouge("the gunman kill police", wanted)["rouge1"] == pytest.approx(3 / 4)
    assert rouge("", wanted) == {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0}
    assert rouge("große Größe", "größe")["rouge1"] == pytest.approx(2 / 3)


def test_the_longest_common_subsequence_equals_the_textbook_table() -> None:
    chance = np.random.default_rng(0)
    for _ in range(50):
        one, other = (
            [str(word) for word in chance.integers(0, 5, size=chance.integers(0, 90))] for _ in range(2)
        )
        table = np.zeros((len(one) + 1, len(other) + 1), dtype=int)
        for i, word in enumerate(one):
            for j, second in enumerate(other):
                table[i + 1, j + 1] = (
                    table[i, j] + 1 if word == second else max(table[i, j + 1], table[i + 1, j])
                )
        assert longest_common(one, other) == table[-1, -1]


def test_scores_go_from_nothing_to_a_hundred() -> None:
    texts = ["the cat sat on the mat today", "a dog ran away from the old house"]
    assert all(value == pytest.approx(100) for value in overlaps(texts, texts).values())
    assert all(value < 5 for value in overlaps(["xyz qqq", "vvv"], texts).values())
    assert overlaps([], []) == {} and not math.isnan(overlaps([""], ["a"])["bleu"])
