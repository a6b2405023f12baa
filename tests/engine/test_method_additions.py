"""Methods that add a little to a frozen model: what they add, what learns, and that merged and unmerged agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, GPT2Config, GPT2LMHeadModel

from tests.engine.workbench_step import Bench, bench
from workbench.engine.additions import LinearAdditions
from workbench.engine.method import wanted_methods
from workbench.engine.methods.adalora import budget, start_rank
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe

Recipes = Callable[..., Recipe]
MERGED = ("lora", "dora", "adalora", "ia3")


def trained(made: Bench, steps: int = 3) -> Bench:
    for number in range(1, steps + 1):
        made.step(made.batch(), number)
    return made


def trainable(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def shaken(model: torch.nn.Module, by: float = 0.1) -> None:
    """Move what is trained so far that an addition is no small thing."""
    with torch.no_grad():
        for parameter in trainable(model).values():
            parameter.add_(torch.randn_like(parameter), alpha=by)


def kinds(recipe: Recipes, kind: str) -> Recipe:
    return recipe(f"weights.kind={kind}", "weights.lora_rank=4", "weights.lora_alpha=8")


@pytest.mark.parametrize("kind", MERGED)
def test_a_new_addition_changes_nothing_and_the_base_stays(
    recipe: Recipes, tiny_bert: Path, kind: str
) -> None:
    base = AutoModelForSequenceClassification.from_pretrained(tiny_bert).bert.eval()
    made = bench(kinds(recipe, kind))
    assert made.assembly.keeps_base and type(made.model).__name__ == "BertForSequenceClassification"
    batch = made.batch()
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    made.model.eval()
    with torch.no_grad():
        torch.testing.assert_close(made.model.bert(**given)[0], base(**given)[0], rtol=1e-4, atol=1e-5)
    made.model.train()
    frozen = {n: p.detach().clone() for n, p in made.model.named_parameters() if not p.requires_grad}
    before = {n: p.detach().clone() for n, p in trainable(made.model).items()}
    trained(made)
    after = dict(made.model.named_parameters())
    assert all(torch.equal(after[name], values) for name, values in frozen.items())
    assert any(not torch.equal(after[name], values) for name, values in before.items() if "class" not in name)


@pytest.mark.parametrize("kind", MERGED)
def test_merged_and_unmerged_agree(recipe: Recipes, tmp_path: Path, kind: str) -> None:
    made = trained(bench(kinds(recipe, kind)), 2)
    shaken(made.model, 1.0 if kind == "ia3" else 0.1)  # the tiny model's own weights are small
    before = {n: t.clone() for n, t in made.model.state_dict().items()}
    merged: Any = made.assembly.portable()
    merged.save_pretrained(tmp_path / "merged")
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "merged").eval()
    assert all(torch.equal(before[n], t) for n, t in made.model.state_dict().items())
    batch = made.batch()
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    made.model.eval()
    with torch.no_grad():
        expected = made.model(**given).logits
        torch.testing.assert_close(loaded(**given).logits, expected, rtol=1e-4, atol=1e-5)
    fresh = bench(kinds(recipe, kind)).model.eval()
    fresh.classifier.load_state_dict(made.model.classifier.state_dict())
    with torch.no_grad():  # it is the additions that make the difference
        assert (fresh(**given).logits - expected).abs().max() > 1e-3


@pytest.mark.parametrize("kind", MERGED)
def test_a_language_model_is_merged_and_loads_plainly(lm_recipe: Recipes, tmp_path: Path, kind: str) -> None:
    made = bench(kinds(lm_recipe, kind))
    shaken(made.model)
    made.assembly.portable().save_pretrained(tmp_path / "merged")  # type: ignore[operator]
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    ids = made.batch(2)["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(loaded(ids).logits, made.model.eval()(ids).logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", MERGED)
def test_matrices_that_stand_the_other_way_round_are_merged(kind: str) -> None:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=16, n_embd=16, n_layer=2, n_head=2)).eval()
    chosen = parse_recipe({"weights": {"kind": kind, "lora_rank": 2}})
    (method,) = (m for m in wanted_methods(chosen) if isinstance(m, LinearAdditions))
    method.reshape(model, chosen)
    shaken(model)
    merged: Any = method.portable(model)
    ids = torch.arange(10)[None]
    with torch.no_grad():
        torch.testing.assert_close(merged(ids).logits, model(ids).logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "each"),
    [
        ("lora", lambda rows, columns: 4 * (rows + columns)),
        ("dora", lambda rows, columns: 4 * (rows + columns) + rows),
        ("adalora", lambda rows, columns: 6 * (rows + columns) + 6),
    ],
)
def test_additions_have_exactly_the_expected_weights(
    recipe: Recipes, kind: str, each: Callable[[int, int], int]
) -> None:
    made = bench(kinds(recipe, kind))
    plain = bench(recipe())
    linear = [
        module for name, module in plain.model.bert.named_modules() if isinstance(module, torch.nn.Linear)
    ]
    expected = sum(each(*module.weight.shape) for module in linear)
    head = sum(p.numel() for p in made.model.classifier.parameters())
    assert sum(p.numel() for p in trainable(made.model).values()) == expected + head


def test_ia3_has_one_factor_for_each_key_value_and_inner_number(lm_recipe: Recipes) -> None:
    model = bench(lm_recipe("weights.kind=ia3")).model
    config = model.config
    keys = config.num_key_value_heads * (config.hidden_size // config.num_attention_heads)
    each = 2 * keys + config.intermediate_size
    assert sum(p.numel() for p in trainable(model).values()) == config.num_hidden_layers * each


def test_adalora_keeps_as_many_ranks_as_its_budget(recipe: Recipes) -> None:
    made = trained(bench(kinds(recipe, "adalora"), total=10), 10)
    values = [p for n, p in trainable(made.model).items() if ".lora_E." in n]
    left = sum(int((p != 0).sum()) for p in values)
    assert left == 4 * len(values) < start_rank(4) * len(values)
    assert len({int((p != 0).sum()) for p in values}) > 1  # some layers keep more than others
    counts = [budget(step, 100, 60, 40) for step in range(1, 101)]
    assert counts[9] == 60 and counts[69] == 40 and counts == sorted(counts, reverse=True)
