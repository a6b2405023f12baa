"""Presets fit the data and the device, and take each other back."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.run.presets import QUICK_STEPS, Preset, apply, presets
from workbench.run.recipe import Recipe

GIB = 2**30


def chosen(name: str, **given: object) -> Recipe:
    base: dict[str, object] = {
        "task_kind": "text-classification",
        "train_rows": 5000,
        "lengths": None,
        "device_kind": "cpu",
        "memory": 16 * GIB,
    }
    found = {preset.name: preset for preset in presets(**(base | given))}  # type: ignore[arg-type]
    return apply(Recipe(), found[name])


def steps(recipe: Recipe, rows: int) -> int:
    wanted = math.ceil(math.ceil(rows / recipe.training.batch_size) * recipe.training.epochs)
    return min(wanted, recipe.training.max_steps or wanted)


@given(
    st.sampled_from(["text-classification", "causal-lm"]),
    st.integers(1, 3_000_000),
    st.none() | st.lists(st.integers(1, 5000), max_size=30),
    st.sampled_from(["cpu", "cuda", "mps", "xpu"]),
    st.none() | st.integers(0, 200 * GIB),
)
def test_every_preset_is_a_valid_recipe_whatever_the_data(
    task: str, rows: int, lengths: list[int] | None, device: str, memory: int | None
) -> None:
    found = presets(task, rows, lengths, device, memory)
    assert [preset.title for preset in found] == ["Quick look", "Balanced", "Best quality"]
    recipes = [apply(Recipe(), preset) for preset in found]
    work = [steps(recipe, rows) for recipe in recipes]
    assert work[0] <= QUICK_STEPS and work[0] <= work[1] <= work[2], "more quality, more steps"
    cuts = [recipe.training.max_length for recipe in recipes]
    assert cuts == sorted(cuts), "more quality, longer texts"
    assert all(preset.help.endswith(".") and "\n" not in preset.help for preset in found)


@given(st.integers(1, 200_000), st.none() | st.lists(st.integers(1, 900), max_size=20))
def test_a_preset_takes_back_what_another_did(rows: int, lengths: list[int] | None) -> None:
    found = presets("text-classification", rows, lengths, "cpu", 4 * GIB)
    for first, second in itertools.permutations(found, 2):
        assert apply(apply(Recipe(), first), second) == apply(Recipe(), second)


def test_a_preset_leaves_all_other_fields() -> None:
    recipe = Recipe.model_validate({"data": {"train": "mine.csv"}, "training": {"seed": 7}})
    after = apply(recipe, presets("text-classification", 900, None, "cpu", None)[2])
    assert after.data == recipe.data and after.training.seed == 7


@pytest.mark.parametrize("name", ["balanced", "best-quality"])
def test_small_data_gets_small_batches_and_more_passes(name: str) -> None:
    few, many = chosen(name, train_rows=300).training, chosen(name, train_rows=300_000).training
    assert few.batch_size < many.batch_size and few.epochs > many.epochs


def test_lengths_decide_where_texts_are_cut() -> None:
    lengths = list(range(1, 101))
    cuts = [
        chosen(n, lengths=lengths).training.max_length for n in ("quick-look", "balanced", "best-quality")
    ]
    assert cuts == [96, 104, 104]
    assert all(cut >= max(lengths) for cut in cuts[1:])
    assert chosen("best-quality", lengths=[9000]).training.max_length == 512


def test_long_tailed_lengths_get_a_token_budget() -> None:
    chance = np.random.default_rng(0)
    alike = chance.integers(20, 40, 1000).tolist()
    tailed = np.minimum(chance.lognormal(3.5, 1.0, 1000), 2000).astype(int).tolist()
    assert chosen("balanced", lengths=alike).training.batching == "by-length"
    assert chosen("balanced", lengths=tailed).training.batching == "token-budget"


def test_little_memory_is_respected() -> None:
    assert chosen("balanced", memory=8 * GIB).training.accumulation == 0, "the fewest parts that fit"
    assert chosen("balanced", memory=64 * GIB).training.accumulation == 1
    assert chosen("balanced", task_kind="causal-lm", memory=4 * GIB).weights.kind == "lora"
    assert chosen("balanced", task_kind="causal-lm", memory=None).weights.kind == "all"


def test_a_gpu_reads_longer_texts() -> None:
    def cut(device: str) -> int:
        return chosen("balanced", task_kind="causal-lm", device_kind=device).training.max_length

    assert cut("cuda") > cut("cpu")


def test_the_help_of_a_quick_look_tells_its_steps() -> None:
    quick: Preset = presets("text-classification", 80, None, "cpu", None)[0]
    assert quick.help.startswith("30 steps"), "three passes of ten batches of 8"
    assert presets("text-classification", 10**6, None, "cpu", None)[0].help.startswith("150 steps")
