"""Trained parts beside a frozen model (bottlenecks, prompts, prefixes), gradual unfreezing, and what excludes what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests.engine.test_method_additions import shaken, trainable, trained
from tests.engine.workbench_step import bench
from workbench.engine.frozen import model_files, pieces
from workbench.engine.layers import PART, layers_of
from workbench.engine.loading import fitting_length, load_weights
from workbench.engine.method import method_complaints, wanted_methods
from workbench.engine.methods.unfreezing import layer_groups, thawed
from workbench.run.method_fields import WeightsKind
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe
from workbench.tasks import task_named

Recipes = Callable[..., Recipe]
PARTS = ("bottleneck", "prompt", "prefix")


def written(model: Any, folder: Path) -> Path:
    """A model folder as a run writes it."""
    for name, content in model_files(model).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"".join(pieces(content)))
    return folder


def part(recipes: Recipes, kind: str) -> Recipe:
    return recipes(f"weights.kind={kind}", "weights.virtual_tokens=4", "weights.bottleneck_size=6")


def test_every_choice_of_weights_has_its_method() -> None:
    for kind in get_args(WeightsKind):
        found = wanted_methods(parse_recipe({"weights": {"kind": kind}}))
        kinds = [type(method).kind for method in found if hasattr(type(method), "kind")]
        assert kinds == ([] if kind == "all" else [kind])


@pytest.mark.parametrize("kind", PARTS)
def test_a_language_model_with_a_part_loads_as_it_was_trained(
    lm_recipe: Recipes, tiny_llama: Path, tmp_path: Path, kind: str
) -> None:
    made = trained(bench(part(lm_recipe, kind)), 2)
    assert made.assembly.keeps_base
    assert all(f"{PART}." in name for name in trainable(made.model))
    shaken(made.model, 0.3)
    folder = written(made.assembly.portable(), tmp_path / "model")
    loaded: Any = load_weights(AutoModelForCausalLM, folder).eval()
    plain = AutoModelForCausalLM.from_pretrained(folder).eval()
    base = AutoModelForCausalLM.from_pretrained(tiny_llama).eval()
    ids = made.batch(2)["input_ids"][:, :20]
    made.assembly.levers.remove()
    made.model.eval()
    with torch.no_grad():
        expected = made.model(ids).logits
        assert expected.shape[:2] == ids.shape
        torch.testing.assert_close(loaded(ids).logits, expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(plain(ids).logits, base(ids).logits)
        assert (expected - base(ids).logits).abs().max() > 1e-4
        loaded.set_attn_implementation("eager")
        seen = loaded(ids, output_attentions=True, output_hidden_states=True)  # of the text alone
    assert {tuple(one.shape[-2:]) for one in seen.attentions} == {(20, 20)}
    assert {one.shape[1] for one in seen.hidden_states} == {20}
    room = 0 if kind == "bottleneck" else 4
    assert fitting_length(10**9, loaded) == fitting_length(10**9, base) - room


@pytest.mark.parametrize("kind", PARTS)
def test_writing_token_by_token_is_reading_the_whole_text(lm_recipe: Recipes, kind: str) -> None:
    made = bench(part(lm_recipe, kind))
    shaken(made.model, 0.3)
    ids = made.batch(2)["input_ids"][:, :12]
    mask = torch.ones_like(ids)
    made.model.eval()
    with torch.no_grad():
        whole = made.model(ids).logits
        torch.testing.assert_close(made.model(ids, attention_mask=mask).logits, whole, rtol=1e-4, atol=1e-5)
        first = made.model(ids[:, :7], use_cache=True)
        rest = made.model(ids[:, 7:], past_key_values=first.past_key_values, use_cache=True)
        stepwise = torch.cat([first.logits, rest.logits], dim=1)
    torch.testing.assert_close(stepwise, whole, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing`:FutureWarning"
)  # peft asks for it by its old name
@pytest.mark.parametrize("kind", ["prompt", "prefix"])
def test_peft_reads_virtual_tokens_and_comes_to_the_same(
    lm_recipe: Recipes, tmp_path: Path, kind: str
) -> None:
    from peft import PeftModel

    made = bench(part(lm_recipe, kind))
    shaken(made.model, 0.3)
    folder = written(made.model, tmp_path / "model")
    theirs: Any = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(folder), str(folder / "peft")
    ).eval()
    ids = made.batch(2)["input_ids"][:, :12]
    with torch.no_grad():
        expected = made.model.eval()(ids).logits
        found = theirs(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    torch.testing.assert_close(found[:, -ids.shape[1] :], expected, rtol=1e-4, atol=1e-5)


def test_parts_have_exactly_the_expected_weights(lm_recipe: Recipes) -> None:
    counts = {
        kind: sum(p.numel() for p in trainable(bench(part(lm_recipe, kind)).model).values()) for kind in PARTS
    }
    config = bench(lm_recipe()).model.config
    width, layers = config.hidden_size, config.num_hidden_layers
    keys = config.num_key_value_heads * (width // config.num_attention_heads)
    assert counts == {
        "bottleneck": layers * (2 * width * 6 + 6 + width),
        "prompt": 4 * width,
        "prefix": layers * 2 * 4 * keys,
    }


@pytest.mark.parametrize("kind", ["bottleneck", "prompt"])
def test_a_classifier_with_a_part_learns_its_head_too(recipe: Recipes, tmp_path: Path, kind: str) -> None:
    made = trained(bench(part(lambda *more: recipe(*more, "training.max_length=24"), kind)), 2)
    names = set(trainable(made.model))
    assert {"classifier.weight", "classifier.bias"} < names
    assert all(f"{PART}." in name or name.startswith("classifier.") for name in names)
    folder = written(made.assembly.portable(), tmp_path / "model")
    made.assembly.levers.remove()
    loaded: Any = load_weights(AutoModelForSequenceClassification, folder).eval()
    batch = made.batch()
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        expected = made.model.eval()(**given).logits
        torch.testing.assert_close(loaded(**given).logits, expected, rtol=1e-4, atol=1e-5)


def test_a_new_bottleneck_changes_nothing(lm_recipe: Recipes, tiny_llama: Path) -> None:
    made = bench(part(lm_recipe, "bottleneck"))
    base = AutoModelForCausalLM.from_pretrained(tiny_llama).eval()
    ids = made.batch(2)["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(made.model.eval()(ids).logits, base(ids).logits)


def test_what_does_not_go_together_is_said_with_its_field(recipe: Recipes) -> None:
    def fields(*overrides: str) -> set[str]:
        chosen = recipe(*overrides)
        return {problem.field for problem in method_complaints(chosen, task_named(chosen.task.kind))}

    assert fields("weights.kind=prefix", "training.gradient_checkpointing=true") == {
        "training.gradient_checkpointing"
    }
    assert fields("weights.kind=prompt", "weights.unfreeze=0.5") == {"weights.unfreeze"}
    assert fields("weights.base_bits=4-bit") == {"weights.base_bits"}
    assert fields("weights.kind=bottleneck", "weights.unfreeze=0.5") == set()


def test_few_bits_say_why_they_cannot_be_had(recipe: Recipes) -> None:
    chosen = recipe("weights.kind=lora", "weights.base_bits=4-bit", "training.device=cpu")
    (problem,) = method_complaints(chosen, task_named(chosen.task.kind))
    assert "NVIDIA GPU" in problem.cause and "cpu" in problem.cause and problem.field == "weights.base_bits"


def test_encoders_have_no_prefix_and_no_room_is_said(recipe: Recipes, lm_recipe: Recipes) -> None:
    with pytest.raises(WorkbenchError, match="keys and values"):
        bench(recipe("weights.kind=prefix", "weights.virtual_tokens=2", "training.max_length=16"))
    with pytest.raises(WorkbenchError, match="no room") as caught:
        bench(lm_recipe("weights.kind=prompt", "weights.virtual_tokens=4000"))
    assert caught.value.problem.field == "weights.virtual_tokens"


# ---- gradual unfreezing


def test_layers_thaw_one_after_the_other(recipe: Recipes) -> None:
    made = bench(recipe("weights.unfreeze=0.6", "training.weight_decay=0.1"), total=10)
    layers = layers_of(made.model)
    moved: list[list[bool]] = []
    for number in range(1, 9):
        before = {n: p.detach().clone() for n, p in made.model.named_parameters()}
        made.step(made.batch(), number)
        changed = {id(p) for n, p in made.model.named_parameters() if not torch.equal(before[n], p)}
        groups = [list(layers[1].parameters()), list(layers[0].parameters())]
        table = list(made.model.bert.embeddings.parameters())
        head = list(made.model.classifier.parameters())
        moved.append([any(id(p) in changed for p in group) for group in (head, *groups, table)])
    assert moved[0] == moved[1] == [True, True, False, False]
    assert moved[2] == moved[3] == [True, True, True, False]
    assert moved[5] == moved[7] == [True, True, True, True]


def test_thawing_follows_its_share() -> None:
    assert [thawed(step, 10, 0.6, 3) for step in range(1, 11)] == [1, 1, 2, 2, 3, 3, 3, 3, 3, 3]
    assert [thawed(step, 4, 1.0, 2) for step in range(1, 5)] == [1, 1, 2, 2]


def test_every_weight_below_the_head_is_in_one_group(recipe: Recipes) -> None:
    model = bench(recipe()).model
    found = [id(weight) for group in layer_groups(model) for weight in group]
    below = {id(p) for n, p in model.named_parameters() if not n.startswith(("classifier.", "bert.pooler."))}
    assert len(found) == len(set(found)) and set(found) == below
