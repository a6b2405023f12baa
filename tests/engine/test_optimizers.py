"""Optimizers against their formulas in float64, their groups, and their way through a checkpoint."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, LlamaConfig

from workbench.engine import checkpoints
from workbench.engine.layers import input_embeddings, layers_of
from workbench.engine.optimizers import ELEMENTWISE, build_optimizer, optimizer_problems
from workbench.engine.position import Position
from workbench.engine.rules import PIECE
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.training_fields import OptimizerKind

KINDS = get_args(OptimizerKind)
EIGHT_BIT = importlib.util.find_spec("bitsandbytes") is not None
HERE = [
    pytest.param(
        kind,
        marks=[] if EIGHT_BIT or not kind.endswith("8bit") else pytest.mark.skip("bitsandbytes is not here"),
    )
    for kind in KINDS
]
RATE, DECAY, STEPS = 0.01, 0.1, 12

Array = NDArray[np.float64]


def recipe_for(kind: str, *, rate: float = RATE, decay: float = DECAY, layer_decay: float = 1.0) -> Recipe:
    training = {"optimizer": kind, "learning_rate": rate, "weight_decay": decay}
    return Recipe.model_validate({"training": training, "weights": {"layer_decay": layer_decay}})


# ---- the formulas


def adamw(w: Array, gradients: list[Array], *, coupled: bool = False) -> Array:
    """Loshchilov and Hutter 2019, algorithm 2; `coupled` is the L2 form in Adam."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(gradients, 1):
        g = g + DECAY * w if coupled else g
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        move = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        w = w - RATE * (move if coupled else move + DECAY * w)
    return w


def sgd(w: Array, gradients: list[Array], *, momentum: float = 0.0, nesterov: bool = False) -> Array:
    """Sutskever et al. 2013 as torch writes it: the first direction is the first gradient."""
    b: Array | None = None
    for g in gradients:
        g = g + DECAY * w
        b = g if b is None else momentum * b + g
        w = w - RATE * (g + momentum * b if nesterov else b)
    return w


def adafactor(w: Array, gradients: list[Array]) -> Array:
    """Shazeer and Stern 2018, algorithms 4 and 5, with decoupled decay."""
    rows, columns, eps = np.zeros((w.shape[0], 1)), np.zeros((1, w.shape[1])), np.finfo(np.float64).eps
    for t, g in enumerate(gradients, 1):
        rho, beta = min(RATE, 1 / math.sqrt(t)), 1 - t**-0.8
        alpha = max(1e-3, np.sqrt((w**2).mean())) * rho
        w = w * (1 - RATE * DECAY)
        rows = beta * rows + (1 - beta) * (g**2).mean(1, keepdims=True)
        columns = beta * columns + (1 - beta) * (g**2).mean(0, keepdims=True)
        u = g / np.sqrt(np.maximum(rows * columns / max(rows.mean(), eps), eps**2))
        w = w - alpha * u / max(1.0, np.sqrt((u**2).mean()))
    return w


def lion(w: Array, gradients: list[Array]) -> Array:
    """Chen et al. 2023, algorithm 2."""
    m = np.zeros_like(w)
    for g in gradients:
        c = 0.9 * m + (1 - 0.9) * g
        w = w - RATE * (np.sign(c) + DECAY * w)
        m = 0.99 * m + (1 - 0.99) * g
    return w


def ademamix(w: Array, gradients: list[Array], *, horizon: int = 0) -> Array:
    """Pagliardini, Ablin and Grangier 2024, algorithm 1 and the schedulers of section 3.1."""
    m1, m2, v = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    low, high = math.log(0.9), math.log(0.9999)
    for t, g in enumerate(gradients, 1):
        alpha, beta3 = 5.0, 0.9999
        if horizon:
            alpha = min(t * 5.0 / horizon, 5.0)
            part = min(t / horizon, 1.0)
            beta3 = min(math.exp(low * high / ((1 - part) * high + part * low)), 0.9999)
        m1 = 0.9 * m1 + 0.1 * g
        m2 = beta3 * m2 + (1 - beta3) * g
        v = 0.999 * v + 0.001 * g**2
        move = (m1 / (1 - 0.9**t) + alpha * m2) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        w = w - RATE * (move + DECAY * w)
    return w


FORMULAS: dict[str, Callable[[Array, list[Array]], Array]] = {
    "adamw": adamw,
    "adam": lambda w, g: adamw(w, g, coupled=True),
    "sgd": sgd,
    "momentum": lambda w, g: sgd(w, g, momentum=0.9),
    "nesterov": lambda w, g: sgd(w, g, momentum=0.9, nesterov=True),
    "adafactor": adafactor,
    "lion": lion,
    "ademamix": ademamix,
}


def one_matrix() -> tuple[torch.nn.Linear, Array, list[Array]]:
    chance = np.random.default_rng(3)
    model = torch.nn.Linear(5, 4, bias=False, dtype=torch.float64)
    start: Array = chance.normal(size=(4, 5))
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(start))
    return model, start, [chance.normal(size=(4, 5)) for _ in range(STEPS)]


def follow(optimizer: torch.optim.Optimizer, weight: torch.nn.Parameter, gradients: list[Array]) -> Array:
    for gradient in gradients:
        weight.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    found: Array = weight.detach().numpy()
    return found


def test_every_rule_that_is_no_approximation_has_a_formula_here() -> None:
    assert set(FORMULAS) == {kind for kind in KINDS if not kind.endswith("8bit")}


@pytest.mark.parametrize("kind", FORMULAS)
def test_every_rule_follows_its_formula(kind: str) -> None:
    model, start, gradients = one_matrix()
    found = follow(build_optimizer(model, recipe_for(kind)), model.weight, gradients)
    expected = FORMULAS[kind](start, gradients)
    assert np.abs(expected - start).max() > RATE
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("kind", ["lion", "ademamix"])
@pytest.mark.parametrize("turned", [False, True])
def test_large_and_turned_matrices_follow_the_formula_too(kind: str, turned: bool) -> None:
    """On the CPU large weights are worked on in pieces, and those that do not lie in one row are not."""
    chance = np.random.default_rng(0)
    start, gradients = chance.normal(size=(300, 310)), list(chance.normal(size=(3, 300, 310)))
    model = torch.nn.Linear(310, 300, bias=False, dtype=torch.float64)
    whole = torch.from_numpy(start.T.copy()).T if turned else torch.from_numpy(start.copy())
    model.weight = torch.nn.Parameter(whole)
    assert model.weight.is_contiguous() is not turned and model.weight.numel() > PIECE
    found = follow(build_optimizer(model, recipe_for(kind)), model.weight, gradients)
    np.testing.assert_allclose(found, FORMULAS[kind](start, gradients), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("horizon", [1, 7, STEPS, 50])
def test_ademamix_raises_its_slow_average_over_the_run(horizon: int) -> None:
    model, start, gradients = one_matrix()
    optimizer = build_optimizer(model, recipe_for("ademamix"), total=horizon)
    expected = ademamix(start, gradients, horizon=horizon)
    np.testing.assert_allclose(follow(optimizer, model.weight, gradients), expected, rtol=1e-11)
    assert np.abs(expected - ademamix(start, gradients)).max() > 1e-6 or horizon == 1


@pytest.mark.skipif(not EIGHT_BIT, reason="bitsandbytes is not here")
@pytest.mark.parametrize("kind", ["adamw-8bit", "lion-8bit"])
def test_eight_bits_stay_near_the_full_rule(kind: str) -> None:
    def learned(which: str) -> torch.Tensor:
        torch.manual_seed(0)
        model = torch.nn.Linear(64, 64)
        optimizer = build_optimizer(model, recipe_for(which, rate=1e-3))
        inputs, wanted = torch.randn(256, 64), torch.randn(256, 64)
        for _ in range(20):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(inputs), wanted).backward()
            optimizer.step()
        return model.weight.detach()

    full = learned(kind.removesuffix("-8bit"))
    assert torch.nn.functional.cosine_similarity(learned(kind).ravel(), full.ravel(), dim=0) > 0.999


@pytest.mark.skipif(EIGHT_BIT, reason="bitsandbytes is here")
@pytest.mark.parametrize("kind", ["adamw-8bit", "lion-8bit"])
def test_eight_bits_are_refused_where_they_cannot_work(kind: str) -> None:
    (problem,) = optimizer_problems(recipe_for(kind), torch.device("cpu"))
    assert problem.field == "training.optimizer" and "bitsandbytes" in problem.cause
    assert kind.removesuffix("-8bit") in problem.remedy
    with pytest.raises(WorkbenchError, match=r"training\.optimizer"):
        build_optimizer(torch.nn.Linear(2, 2), recipe_for(kind))


# ---- what the loop relies on


def small_model() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(64, 80), torch.nn.LayerNorm(80), torch.nn.Linear(80, 3))


def take_steps(model: torch.nn.Module, optimizer: torch.optim.Optimizer, numbers: range) -> None:
    for number in numbers:
        inputs = torch.randn(8, 64, generator=torch.Generator().manual_seed(number))
        optimizer.zero_grad()
        model(inputs).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("kind", HERE)
def test_a_rate_of_zero_changes_no_weight(kind: str) -> None:
    """The check before the start takes such a step, and the run that follows must not notice."""
    model = small_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = build_optimizer(model, recipe_for(kind, decay=0.5))
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    take_steps(model, optimizer, range(2))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("kind", HERE)
def test_every_rule_goes_on_to_the_bit_from_a_checkpoint(kind: str, tmp_path: Path) -> None:
    recipe = recipe_for(kind)
    whole = small_model()
    take_steps(whole, build_optimizer(whole, recipe, total=8), range(8))

    first = small_model()
    optimizer = build_optimizer(first, recipe, total=8)
    take_steps(first, optimizer, range(5))
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    position = Position(5, 1.0, 40, None, 0, {}, 0)
    taken = checkpoints.snapshot(first, optimizer, scaler, position, {}, only_trained=True)
    folder = checkpoints.write_checkpoint(tmp_path, taken, {}, mark=False)

    second = small_model()
    checkpoints.load_trained(folder, second)
    resumed = build_optimizer(second, recipe, total=8)
    checkpoints.restore(folder, resumed, scaler)
    assert resumed.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    take_steps(second, resumed, range(5, 8))
    expected = whole.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in second.state_dict().items())
    assert any(not torch.equal(tensor, expected[name]) for name, tensor in first.state_dict().items())


class _Reader(torch.nn.Module):
    """A token table and a head, as transformers' models show them."""

    def __init__(self, table: torch.Tensor) -> None:
        super().__init__()
        self.table = torch.nn.Embedding.from_pretrained(table.clone(), freeze=False)
        self.head = torch.nn.Linear(table.shape[1], 3)

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.table


@pytest.mark.parametrize("kind", FORMULAS)
def test_tokens_that_do_not_occur_may_be_left_out_of_the_table(kind: str) -> None:
    chance = torch.Generator().manual_seed(0)
    table = torch.randn(40, 32, generator=chance)
    occur = torch.tensor([3, 8, 21, 39])
    whole, reduced = _Reader(table), _Reader(table[occur])
    reduced.head.load_state_dict(whole.head.state_dict())
    rules = [build_optimizer(model, recipe_for(kind)) for model in (whole, reduced)]
    for step in range(6):
        place = torch.randint(0, 3 + step % 2, (16,), generator=chance)
        for model, rule, ids in zip((whole, reduced), rules, (occur[place], place), strict=True):
            rule.zero_grad()
            model.head(model.table(ids)).square().mean().backward()
            rule.step()
    unseen = torch.ones(40, dtype=torch.bool).index_fill(0, occur, False)
    exact = torch.equal(whole.table.weight[occur], reduced.table.weight)
    exact &= torch.equal(whole.table.weight[unseen], table[unseen])
    assert exact == (kind in ELEMENTWISE)


# ---- groups


def scales(model: torch.nn.Module, recipe: Recipe) -> dict[str, float]:
    names = {id(p): name for name, p in model.named_parameters()}
    groups = build_optimizer(model, recipe).param_groups
    for group in groups:
        assert group["lr"] == recipe.training.learning_rate * group["rate_scale"]
    return {names[id(p)]: group["rate_scale"] for group in groups for p in group["params"]}


def decaying(model: torch.nn.Module) -> set[str]:
    names = {id(p): name for name, p in model.named_parameters()}
    groups = build_optimizer(model, recipe_for("adamw")).param_groups
    together = [id(p) for group in groups for p in group["params"]]
    assert sorted(together) == sorted(names), "every weight stands in exactly one group"
    return {names[id(p)] for group in groups if group["weight_decay"] for p in group["params"]}


@pytest.fixture(scope="module")
def bert(tiny_bert: Path) -> torch.nn.Module:
    model: torch.nn.Module = AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=3)
    return model


def llama(tied: bool) -> Any:
    config = LlamaConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=3,
        num_attention_heads=2,
        tie_word_embeddings=tied,
    )
    return AutoModelForCausalLM.from_config(config)


def test_biases_norms_and_the_token_table_do_not_decay(bert: torch.nn.Module) -> None:
    found = decaying(bert)
    table = "bert.embeddings.word_embeddings.weight"
    expected = {name for name, p in bert.named_parameters() if p.ndim >= 2 and name != table}
    assert found == expected and "classifier.weight" in found
    assert not any("LayerNorm" in name or name.endswith("bias") for name in found)


@pytest.mark.parametrize("tied", [True, False])
def test_a_token_table_that_is_the_output_head_decays(tied: bool) -> None:
    assert ("model.embed_tokens.weight" in decaying(llama(tied))) == tied


def test_layers_learn_slower_the_further_they_are_from_the_output(bert: torch.nn.Module) -> None:
    found = scales(bert, recipe_for("adamw", layer_decay=0.5))
    assert len(layers_of(bert)) == 2
    for name, scale in found.items():
        if name.startswith("bert.embeddings"):
            assert scale == 0.25, name
        elif "layer.0." in name:
            assert scale == 0.5, name
        else:
            assert scale == 1.0, name
    assert {"classifier.weight", "bert.encoder.layer.1.output.dense.weight"} <= set(found)


def test_a_table_that_is_also_the_head_learns_slowest() -> None:
    found = scales(llama(True), recipe_for("adamw", layer_decay=0.5))
    assert found["model.embed_tokens.weight"] == 0.125
    assert found["model.norm.weight"] == 1.0
    assert [found[f"model.layers.{i}.mlp.up_proj.weight"] for i in range(3)] == [0.25, 0.5, 1.0]


def test_without_layer_decay_all_learn_alike_in_two_groups(bert: torch.nn.Module) -> None:
    assert set(scales(bert, recipe_for("adamw")).values()) == {1.0}
    assert len(build_optimizer(bert, recipe_for("adamw")).param_groups) == 2


def test_frozen_weights_are_in_no_group() -> None:
    model = llama(False)
    for layer in layers_of(model)[:2]:
        layer.requires_grad_(False)
    found = scales(model, recipe_for("lion", layer_decay=0.5))
    assert set(found) == {name for name, p in model.named_parameters() if p.requires_grad}
    assert not any("layers.0." in name or "layers.1." in name for name in found)
    assert found["model.embed_tokens.weight"] == 0.125, "a frozen layer still counts as one"


def test_groups_are_found_again_by_a_resumed_run() -> None:
    def shape() -> Iterator[tuple[float, float, list[tuple[int, ...]]]]:
        for group in build_optimizer(llama(True), recipe_for("adamw", layer_decay=0.9)).param_groups:
            yield group["rate_scale"], group["weight_decay"], [tuple(p.shape) for p in group["params"]]

    assert list(shape()) == list(shape()) and len(list(shape())) == 7


def test_models_without_layers_or_tokens_are_one_piece() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))
    assert layers_of(model) == [] and input_embeddings(model) is None
    assert set(scales(model, recipe_for("sgd", layer_decay=0.5)).values()) == {1.0}
    assert decaying(model) == {"0.weight"}
