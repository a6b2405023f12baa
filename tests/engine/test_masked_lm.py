"""Masked language modelling: masks that follow from seed and step, a loss by hand, pairs of sentences, bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.conftest import Run, StopAfter
from workbench.data.sentence_pairs import sentence_pairs, sentences
from workbench.engine.masking import masked, only_at
from workbench.engine.task import Goods
from workbench.run.events import Ended, Evaluated, Step
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.session import training
from workbench.tasks.masked_lm import Hidden, MaskedLM

Recipes = Callable[..., Recipe]
Write = Callable[[str, str], Path]


def _prepared(recipe: Recipe) -> tuple[MaskedLM, Goods]:
    task = MaskedLM()
    rows = task.read(recipe)
    torch.manual_seed(0)
    model, tokenizer = task.load(recipe, rows, Path(recipe.model.source))
    return task, task.encode(recipe, rows, model, tokenizer)


def test_of_the_chosen_tokens_four_in_five_are_hidden(masked_recipe: Recipes) -> None:
    _, goods = _prepared(masked_recipe("masking.share=0.3"))
    split, tokenizer = goods.train, goods.tokenizer
    kept = hidden = other = able = 0
    for step in range(1, 60):
        for row in range(0, len(split), 3):
            ids = split.input_ids[row]
            assert isinstance(split, Hidden)
            shown, places = masked(ids, split.vocabulary, 0.3, 0, step, row)
            assert not set(ids[places]) & set(tokenizer.all_special_ids)
            untouched = np.delete(np.arange(len(ids)), places)
            assert (shown[untouched] == ids[untouched]).all()
            hidden += int((shown[places] == tokenizer.mask_token_id).sum())
            kept += int((shown[places] == ids[places]).sum())
            other += len(places)
            able += sum(i not in tokenizer.all_special_ids for i in ids.tolist())
    assert other / able == pytest.approx(0.3, abs=0.01)
    assert hidden / other == pytest.approx(0.8, abs=0.02)
    # One in forty of the exchanged ones is exchanged with itself.
    assert kept / other == pytest.approx(0.1, abs=0.02)


def test_masks_follow_from_seed_step_and_row_alone(masked_recipe: Recipes) -> None:
    task, goods = _prepared(masked_recipe())
    rows = np.array([4, 1, 2])

    def shown(step: int, which: np.ndarray = rows) -> torch.Tensor:
        return task.training_batch(goods.train, which, 0, step)["input_ids"]

    assert torch.equal(shown(7), shown(7)) and not torch.equal(shown(7), shown(8))
    assert torch.equal(shown(7, rows[1:]), shown(7)[1:])
    held_out = [task.collate(goods.validation, np.array([0, 1]), 0)["input_ids"] for _ in range(2)]
    assert torch.equal(*held_out)
    _, again = _prepared(masked_recipe("training.seed=1"))
    assert not torch.equal(task.training_batch(again.train, rows, 0, 7)["input_ids"], shown(7))


@pytest.mark.parametrize("pairs", ["false", "true"])
def test_the_loss_is_that_of_transformers(pairs: str, masked_recipe: Recipes) -> None:
    """Equal lengths, so that the weighted sum of both losses is BERT's plain one."""
    task, goods = _prepared(masked_recipe(f"masking.next_sentence={pairs}"))
    split, model = goods.train, goods.model.eval()
    lengths = split.lengths.tolist()
    most = max(set(lengths), key=lengths.count)
    rows = np.array([i for i, length in enumerate(lengths) if length == most][:6])
    batch = task.training_batch(split, rows, 0, 3)
    labels = torch.full_like(batch["input_ids"], -100)
    labels.view(-1)[batch["masked"]] = batch["labels"]
    more: dict[str, Any] = {}
    if pairs == "true":
        more = {"token_type_ids": batch["token_type_ids"], "next_sentence_label": batch["random"]}
    with torch.no_grad():
        outputs = task.outputs(model, batch)
        own = torch.nn.functional.cross_entropy(
            task.logits(outputs, batch), task.targets(batch), reduction="sum"
        )
        own = own + (task.further_loss(outputs, batch) or 0)
        theirs: Any = model
        whole = theirs(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels, **more
        )
    assert float(own) / task.terms(split, rows) == pytest.approx(float(whole.loss), rel=1e-5)
    # By hand, from all logits: the mean of −log p over the hidden tokens.
    logits = whole.prediction_logits if pairs == "true" else whole.logits
    chances = torch.log_softmax(logits.double(), dim=-1).flatten(0, 1)
    by_hand = -chances[batch["masked"], batch["labels"]].sum()
    if pairs == "true":
        second = torch.log_softmax(whole.seq_relationship_logits.double(), dim=-1)
        by_hand -= (second[torch.arange(len(rows)), batch["random"]] * batch["counts"]).sum()
    assert float(own) == pytest.approx(float(by_hand), rel=1e-5)


def _roberta() -> Any:
    from transformers import RobertaConfig, RobertaForMaskedLM

    return RobertaForMaskedLM(
        RobertaConfig(
            vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
        )
    )


def _distilbert() -> Any:
    from transformers import DistilBertConfig, DistilBertForMaskedLM

    return DistilBertForMaskedLM(
        DistilBertConfig(vocab_size=40, dim=16, n_layers=1, n_heads=2, hidden_dim=32)
    )


def _modern() -> Any:
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    return ModernBertForMaskedLM(
        ModernBertConfig(
            vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2,
        )
    )  # fmt: skip


@pytest.mark.parametrize("made", [_roberta, _distilbert, _modern])
def test_logits_of_hidden_places_alone_are_the_same(made: Callable[[], Any]) -> None:
    model = made().eval()
    ids, places = torch.arange(5, 25).view(2, 10), torch.tensor([1, 7, 12])
    with torch.no_grad():
        whole = model(input_ids=ids).logits
        with only_at(model, places):
            cut = model(input_ids=ids).logits
    assert cut.shape == (3, 40)
    assert torch.allclose(cut, whole.flatten(0, 1)[places], atol=1e-6)
    assert model(input_ids=ids).logits.shape == whole.shape


@pytest.mark.parametrize("pairs", ["false", "true"])
def test_a_model_learns_and_a_resumed_run_is_the_same_to_the_bit(
    pairs: str, run: Run, masked_recipe: Recipes
) -> None:
    recipe = masked_recipe(
        f"masking.next_sentence={pairs}", "training.max_steps=24", "training.accumulation=2"
    )
    whole, events = run(recipe)
    measured = [event.metrics for event in events if isinstance(event, Evaluated)]
    assert measured[-1]["perplexity"] < 0.95 * measured[0]["perplexity"]
    assert ("next_sentence" in measured[-1]) == (pairs == "true")
    cut, first = run(recipe, StopAfter(7))
    second = list(training.carry_out(training.reopen(cut), training.Control()))
    assert isinstance(second[-1], Ended) and second[-1].status == "finished"
    losses = [
        [event.loss for event in told if isinstance(event, Step)] for told in (events, [*first, *second])
    ]
    assert losses[0] == losses[1]
    weights = [folder.model / "model.safetensors" for folder in (whole, cut)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    read = AutoModelForMaskedLM.from_pretrained(whole.model)
    assert AutoTokenizer.from_pretrained(whole.model).mask_token_id is not None
    assert read.get_output_embeddings().weight is read.get_input_embeddings().weight


def test_half_of_the_pairs_follow_and_nothing_is_lost() -> None:
    tokens = [np.arange(5 * i, 5 * i + 5, dtype=np.int32) for i in range(2000)]
    found = sentence_pairs(tokens, 40, 0, "training", "data.train")
    assert np.mean([pair.random for pair in found]) == pytest.approx(0.5, abs=0.08)
    for pair in found:
        assert 2 <= len(pair.first) + len(pair.second) <= 40 and len(pair.second) > 0
        assert (pair.second[0] == pair.first[-1] + 1) != pair.random
    said = {int(token) for pair in found for token in pair.first}
    said |= {int(token) for pair in found if not pair.random for token in pair.second}
    assert len(said) > 0.97 * 10_000
    assert sentences("One. Two!\n\nThree\n") == ["One.", "Two!", "Three"]


def test_one_long_sentence_after_another_still_fits() -> None:
    tokens = [np.full(100, i, dtype=np.int32) for i in range(6)]
    for pair in sentence_pairs(tokens, 30, 1, "training", "data.train"):
        assert len(pair.first) == len(pair.second) == 15


def test_what_cannot_be_learned_is_said(
    write: Write, masked_recipe: Recipes, tiny_llama: Path, tiny_bert: Path
) -> None:
    short = write("short.txt", "rain and sun and fog and rain\n")
    with pytest.raises(WorkbenchError, match="too short for pairs") as raised:
        _prepared(masked_recipe(f"data.train={short}", "masking.next_sentence=true"))
    assert raised.value.problem.field == "data.train"
    with pytest.raises(WorkbenchError, match="held-out text is too short"):
        _prepared(masked_recipe(f"data.train={short}", "data.validation=0.04"))
    with pytest.raises(WorkbenchError, match="cannot learn to fill in") as raised:
        _prepared(masked_recipe(f"model.source={tiny_llama}"))
    assert raised.value.problem.field == "model.source"
    with pytest.raises(WorkbenchError, match="next_sentence is not measured"):
        _prepared(masked_recipe("training.best_metric=next_sentence"))
