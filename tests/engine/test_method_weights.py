"""Methods that change which weights learn and which are kept: LoRA, freezing, dropout, averages, recomputation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from tests.engine.workbench_step import Bench, bench
from workbench.engine import assembly
from workbench.engine.layers import layers_of
from workbench.engine.levers import Levers
from workbench.engine.methods.averaging import ema_decay, swa_first
from workbench.engine.methods.dropout import has_dropout
from workbench.engine.methods.lora import Lora
from workbench.engine.twin import twin_of
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe

Recipes = Callable[..., Recipe]
LORA = ("weights.kind=lora", "weights.lora_rank=4", "weights.lora_alpha=8")


def weights_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def trained(made: Bench, steps: int = 3) -> Bench:
    for number in range(1, steps + 1):
        made.step(made.batch(), number)
    return made


def trainable(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


# ---- LoRA


def test_lora_trains_additions_and_the_new_head_alone(recipe: Recipes, tiny_bert: Path) -> None:
    base = AutoModelForSequenceClassification.from_pretrained(tiny_bert).bert.state_dict()
    made = bench(recipe(*LORA))
    assert type(made.model).__name__ == "BertForSequenceClassification"
    assert made.model is made.assembly.goods.model and made.assembly.keeps_base
    names = trainable(made.model)
    assert {"classifier.weight", "classifier.bias"} < set(names)
    assert all(".lora_" in name or name.startswith("classifier.") for name in names)
    # query, key, value and output of two layers, two feed-forward matrices each, and the pooler
    assert len(names) == 2 * (2 * (4 + 2) + 1) + 2
    before = weights_of(made.model)
    trained(made)
    after = weights_of(made.model)
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed and changed <= set(names)
    assert all(name in changed for name in names if "lora_B" in name and "pooler" not in name)
    kept = {name.replace(".base_layer", ""): after[f"bert.{name}"] for name in _under_bert(after)}
    assert all(torch.equal(kept[name], tensor) for name, tensor in base.items())


def _under_bert(state: dict[str, torch.Tensor]) -> list[str]:
    return [n.removeprefix("bert.") for n in state if n.startswith("bert.") and ".lora_" not in n]


def test_lora_adds_alpha_over_rank_times_b_a(recipe: Recipes) -> None:
    made = trained(bench(recipe(*LORA, "weights.lora_dropout=0", "weights.lora_targets=query")))
    layer = made.model.bert.encoder.layer[0].attention.self.query
    values = torch.randn(5, 32)
    a, b = layer.lora_A.default.weight, layer.lora_B.default.weight
    assert a.shape == (4, 32) and b.shape == (32, 4) and b.abs().sum() > 0
    expected = layer.base_layer(values) + 8 / 4 * values @ a.T @ b.T
    torch.testing.assert_close(layer(values), expected)
    assert not any(".key." in n or ".dense." in n for n in trainable(made.model))


def test_a_merged_model_answers_like_the_one_in_training_which_stays_to_the_bit(
    recipe: Recipes, tmp_path: Path
) -> None:
    made = trained(bench(recipe(*LORA)))
    before, chance = weights_of(made.model), torch.get_rng_state()
    merged: Any = made.assembly.portable()
    merged.save_pretrained(tmp_path / "merged")
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "merged")
    assert same(before, weights_of(made.model)) and torch.equal(chance, torch.get_rng_state())
    assert loaded.config.architectures == ["BertForSequenceClassification"]
    assert loaded.config.id2label == made.model.config.id2label
    assert not any("lora" in name or "base_layer" in name for name in loaded.state_dict())
    batch = made.batch()
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    made.model.eval()
    with torch.no_grad():
        expected = made.model(**given).logits
        torch.testing.assert_close(loaded(**given).logits, expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(merged.eval()(**given).logits, expected, rtol=1e-5, atol=1e-6)
        # The addition is no small thing here, or the comparison would say nothing.
        for layer in made.model.modules():
            if hasattr(layer, "lora_B"):
                layer.lora_B.default.weight.zero_()
        assert (made.model(**given).logits - expected).abs().max() > 1e-3
    made.model.train()
    trained(made, 1)
    assert same(weights_of(merged), weights_of(loaded))  # training went on; what was handed out stays


def test_lora_on_a_language_model_keeps_the_tie_and_the_class(lm_recipe: Recipes, tmp_path: Path) -> None:
    made = trained(bench(lm_recipe(*LORA, "weights.lora_targets='q_proj, v_proj'")))
    assert all(".lora_" in name for name in trainable(made.model))
    assert not any(".lora_" in name and "lm_head" in name for name in trainable(made.model))
    made.assembly.portable().save_pretrained(tmp_path / "merged")  # type: ignore[operator]
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    ids = made.batch(2)["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(loaded(ids).logits, made.model.eval()(ids).logits, rtol=1e-4, atol=1e-5)


def test_lora_knows_matrices_that_stand_the_other_way_round() -> None:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=16, n_embd=16, n_layer=2, n_head=2)).eval()
    chosen = parse_recipe({"weights": {"kind": "lora", "lora_rank": 2}})
    method = Lora()
    method.reshape(model, chosen)
    for name, parameter in trainable(model).items():
        torch.nn.init.normal_(parameter, std=0.3)
        assert ".lora_" in name
    merged: Any = method.portable(model)
    assert merged.lm_head.weight is merged.transformer.wte.weight
    ids = torch.arange(10)[None]
    with torch.no_grad():
        torch.testing.assert_close(merged(ids).logits, model(ids).logits, rtol=1e-4, atol=1e-5)


def test_a_head_of_several_layers_is_trained_whole() -> None:
    model = RobertaForSequenceClassification(
        RobertaConfig(
            vocab_size=30,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=20,
        )
    )
    Lora().reshape(model, parse_recipe({"weights": {"kind": "lora"}}))
    heads = {name for name in trainable(model) if ".lora_" not in name}
    assert heads == {
        f"classifier.{part}.{kind}" for part in ("dense", "out_proj") for kind in ("weight", "bias")
    }


def test_lora_is_the_same_for_the_same_seed(recipe: Recipes) -> None:
    first, again, other = (
        weights_of(bench(recipe(*LORA, f"training.seed={seed}")).model) for seed in (3, 3, 4)
    )
    assert same(first, again) and not same(first, other)


def test_targets_that_are_not_there_are_named(recipe: Recipes) -> None:
    with pytest.raises(WorkbenchError, match="No linear layer is called wheels") as caught:
        bench(recipe(*LORA, "weights.lora_targets='query,wheels'"))
    assert caught.value.problem.field == "weights.lora_targets" and "query" in caught.value.problem.cause


def test_a_twin_shares_frozen_weights_only_and_has_no_hooks(recipe: Recipes) -> None:
    model = bench(recipe(*LORA)).model
    calls: list[int] = []
    model.register_forward_hook(lambda *_: calls.append(1))
    model.bert.pooler.forward = lambda *_: calls.append(2)
    twin: Any = twin_of(model)
    assert type(twin) is type(model) and same(weights_of(twin), weights_of(model))
    assert twin.config is not model.config and twin.bert.config is twin.config
    table, head = model.bert.embeddings.word_embeddings.weight, model.classifier.weight
    assert twin.bert.embeddings.word_embeddings.weight.data_ptr() == table.data_ptr()
    assert twin.classifier.weight.data_ptr() != head.data_ptr()
    twin.eval()(input_ids=torch.ones(1, 3, dtype=torch.int64))
    assert not calls and model.training


# ---- freezing


@pytest.mark.parametrize("overrides", [(), LORA])
def test_frozen_layers_and_embeddings_do_not_move(recipe: Recipes, overrides: tuple[str, ...]) -> None:
    made = bench(recipe(*overrides, "weights.freeze_layers=1", "weights.freeze_embeddings=true"))
    before = weights_of(made.model)
    trained(made)
    after = weights_of(made.model)
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert not any(name.startswith("bert.encoder.layer.0.") or "word_embeddings" in name for name in moved)
    assert any(name.startswith("bert.encoder.layer.1.") for name in moved)
    assert ("bert.embeddings.position_embeddings.weight" in moved) == (not overrides)


def test_freezing_more_layers_than_there_are_is_refused(recipe: Recipes) -> None:
    with pytest.raises(WorkbenchError, match="The model has 2") as caught:
        bench(recipe("weights.freeze_layers=3"))
    assert caught.value.problem.field == "weights.freeze_layers"


# ---- dropout


def test_dropout_is_set_everywhere_and_minus_one_leaves_it(recipe: Recipes, lm_recipe: Recipes) -> None:
    own = bench(recipe()).model
    assert has_dropout(own) and own.dropout.p == 0.1
    quiet = bench(recipe("regularisation.dropout=0"))
    assert not has_dropout(quiet.model)
    batch = quiet.batch()
    assert quiet.forward(batch, seed=1).loss == quiet.forward(batch, seed=2).loss
    language = bench(lm_recipe("regularisation.dropout=0.3"))
    assert layers_of(language.model)[0].self_attn.attention_dropout == 0.3  # type: ignore[union-attr]
    batch = language.batch(2)
    assert language.forward(batch, seed=1).loss != language.forward(batch, seed=2).loss


@pytest.fixture
def no_levers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropout masks come from torch's own generator, as they do with recomputed activations."""
    monkeypatch.setattr(assembly, "pull_levers", lambda *args, **more: Levers())


def test_lora_s_own_dropout_is_not_the_model_s(recipe: Recipes, no_levers: None) -> None:
    model = bench(recipe(*LORA, "weights.lora_dropout=0.25", "regularisation.dropout=0.05")).model
    shares = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    assert shares == {0.25, 0.05}


# ---- averages


@pytest.mark.parametrize("overrides", [(), LORA])
def test_ema_follows_its_formula(recipe: Recipes, overrides: tuple[str, ...]) -> None:
    made = bench(recipe(*overrides, "regularisation.averaging=ema", "regularisation.ema_decay=0.4"))
    expected = {name: p.detach().double() for name, p in trainable(made.model).items()}
    for step in range(1, 7):
        made.step(made.batch(), step)
        decay = min(0.4, (1 + step) / (10 + step))
        for name, parameter in trainable(made.model).items():
            expected[name] = decay * expected[name] + (1 - decay) * parameter.detach().double()
    _compare_averages(made, expected)
    assert ema_decay(0.999, 1) == 2 / 11 and ema_decay(0.999, 10**6) == 0.999


def test_swa_is_the_mean_of_the_end(recipe: Recipes) -> None:
    made = bench(recipe("regularisation.averaging=swa", "regularisation.swa_start=0.5"), total=8)
    seen: list[dict[str, torch.Tensor]] = []
    for step in range(1, 9):
        made.step(made.batch(), step)
        if step < 5:  # before the mean begins the model is measured as it is
            before = weights_of(made.model)
            with made.assembly.measured_weights():
                assert same(before, weights_of(made.model))
        else:
            seen.append({n: p.detach().double().clone() for n, p in trainable(made.model).items()})
    assert len(seen) == 4
    _compare_averages(made, {name: torch.stack([s[name] for s in seen]).mean(dim=0) for name in seen[0]})
    assert [swa_first(share, 8) for share in (0, 0.5, 0.75, 0.99)] == [1, 5, 7, 8]


def _compare_averages(made: Bench, expected: dict[str, torch.Tensor]) -> None:
    before = weights_of(made.model)
    with made.assembly.measured_weights():
        now = {name: parameter.detach().clone() for name, parameter in trainable(made.model).items()}
        with made.assembly.measured_weights():  # entering twice changes nothing
            assert same(now, {n: p.detach().clone() for n, p in trainable(made.model).items()})
    assert now.keys() == expected.keys() and not same(now, {n: before[n] for n in now})
    for name, tensor in now.items():
        torch.testing.assert_close(tensor.double(), expected[name], rtol=1e-5, atol=1e-7)
    assert same(before, weights_of(made.model))
    with pytest.raises(ZeroDivisionError), made.assembly.measured_weights():
        raise ZeroDivisionError
    assert same(before, weights_of(made.model))


def test_averages_leave_buffers_alone(recipe: Recipes) -> None:
    made = bench(recipe("regularisation.averaging=ema"))
    made.model.register_buffer("count", torch.zeros(()))
    made.step(made.batch(), 1)
    made.model.count.fill_(7)
    with made.assembly.measured_weights():
        assert made.model.count == 7
    assert not any("count" in name for name in made.assembly.method_state() if "average" in name)


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_an_average_goes_on_to_the_bit(recipe: Recipes, kind: str) -> None:
    chosen = recipe(f"regularisation.averaging={kind}", "regularisation.swa_start=0.2")
    made = trained(bench(chosen), 4)
    state = {name: tensor.clone() for name, tensor in made.assembly.method_state().items()}
    other = bench(chosen)
    other.model.load_state_dict(weights_of(made.model))
    other.assembly.load_method_state(state)
    for one in (made, other):
        one.assembly.optimizer.state.clear()
        for step in (5, 6):
            one.step(one.batch(), step)
    assert same(made.assembly.method_state(), other.assembly.method_state())


# ---- recomputed activations


@pytest.mark.parametrize("overrides", [(), LORA, ("weights.freeze_embeddings=true",)])
def test_recomputed_activations_change_no_bit(
    recipe: Recipes, overrides: tuple[str, ...], no_levers: None
) -> None:
    plain, again = (
        trained(bench(recipe(*overrides, f"training.gradient_checkpointing={on}", "training.precision=fp32")))
        for on in ("false", "true")
    )
    assert has_dropout(plain.model)
    assert same(weights_of(plain.model), weights_of(again.model))


def test_recomputation_keeps_fewer_activations(recipe: Recipes) -> None:
    def kept(on: str) -> int:
        made, sizes = bench(recipe(f"training.gradient_checkpointing={on}")), []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.numel()) or t, lambda t: t):
            made.forward(made.batch())
        return sum(sizes)

    assert kept("true") < 0.8 * kept("false")
