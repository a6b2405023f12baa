"""Models that start from nothing: their shape, tokenisers, first weights, runs that can be resumed, and bad input."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Run, StopAfter
from workbench.engine.scratch import build, new_model, new_tokenizer
from workbench.run.events import Ended, Evaluated, Notice, Step
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import parse_recipe, recipe_fields, with_overrides
from workbench.run.scratch_fields import STARTING, is_new, scratch_problems, weight_count
from workbench.session import training
from workbench.session.interpolation import AlongRequest, measure_along
from workbench.session.lanes import lone_desk

Recipes = Callable[..., Recipe]
TEXT = (
    "To be, or not to be: that is the question.\nWhether 'tis nobler in the mind to suffer — naïve café 東京\n"
    * 40
)


@pytest.fixture
def new_recipe(tiny_text: Path) -> Recipes:
    """A quick recipe of a new GPT that reads characters, with overrides."""

    def make(*overrides: str) -> Recipe:
        base = {
            "model": {"source": "new-gpt"},
            "scratch": {"layers": 2, "heads": 2, "width": 32, "tokeniser": "characters"},
            "data": {"train": str(tiny_text)},
            "task": {"kind": "causal-lm"},
            "film": {"on": False},
            "training": {
                "batch_size": 8,
                "max_steps": 20,
                "max_length": 32,
                "learning_rate": 5e-3,
                "device": "cpu",
            },
        }
        return parse_recipe(with_overrides(base, overrides))

    return make


BERT = (
    "model.source=new-bert",
    "task.kind=masked-lm",
    "scratch.tokeniser=word-pieces",
    "scratch.vocabulary=300",
)


@pytest.mark.parametrize("source", ["new-gpt", "new-bert"])
def test_the_number_of_weights_is_known_beforehand(source: str, new_recipe: Recipes) -> None:
    for shape in ("layers=1 heads=1 width=16", "layers=3 heads=4 width=48"):
        settings = [f"scratch.{part}" for part in shape.split()]
        recipe = new_recipe(f"model.source={source}", "training.max_length=40", *settings)
        tokenizer = new_tokenizer(recipe, [TEXT])
        model = new_model(recipe, tokenizer)
        counted = sum(p.numel() for p in model.parameters())
        assert counted == weight_count(source, recipe.scratch, 40, len(tokenizer))


@pytest.mark.parametrize("how", ["characters", "byte-pairs"])
def test_what_a_gpt_writes_can_be_read_back(how: str, new_recipe: Recipes, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    recipe = new_recipe(f"scratch.tokeniser={how}", "scratch.vocabulary=300")
    build(recipe, [TEXT], tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    ids = tokenizer(TEXT)["input_ids"]
    assert tokenizer.decode(ids) == TEXT
    assert len(tokenizer) == (len({*TEXT}) + 2 if how == "characters" else 300)
    strange = tokenizer("ω")["input_ids"]
    assert (tokenizer.decode(strange) == "ω") == (how == "byte-pairs")
    model: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert model.lm_head.weight is model.transformer.wte.weight
    written = model.generate(max_new_tokens=4, min_new_tokens=4, do_sample=False)
    assert model.config.n_positions == 32 and written.shape[1] == 5


def test_word_pieces_are_berts(new_recipe: Recipes) -> None:
    tokenizer = new_tokenizer(new_recipe(*BERT), [TEXT])
    tokens = tokenizer.tokenize("Café questions, Ωmega")
    assert tokens[0] == "cafe" and tokens[1].startswith("question") and "[UNK]" in tokens
    assert (
        tokenizer.decode(tokenizer("to be, or not")["input_ids"], skip_special_tokens=True) == "to be, or not"
    )
    first, second = tokenizer("to be", "or not")["token_type_ids"], tokenizer("to be")["input_ids"]
    assert (
        set(first) == {0, 1} and second[0] == tokenizer.cls_token_id and second[-1] == tokenizer.sep_token_id
    )


@pytest.mark.parametrize("overrides", [(), ("scratch.tokeniser=byte-pairs",), BERT])
def test_the_same_recipe_makes_the_same_folder_to_the_byte(
    overrides: tuple[str, ...], new_recipe: Recipes, tmp_path: Path
) -> None:
    for name, more in (("one", ()), ("other", ()), ("seed", ("training.seed=1",))):
        build(new_recipe(*overrides, *more), [TEXT], tmp_path / name)
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(files)
    for name in files:
        first, other, seed = ((tmp_path / folder / name).read_bytes() for folder in ("one", "other", "seed"))
        assert first == other, name
        assert (first == seed) == (name != "model.safetensors"), name


@pytest.mark.parametrize("overrides", [(), (*BERT, "masking.next_sentence=true")])
def test_a_new_model_learns_and_a_resumed_run_is_the_same_to_the_bit(
    overrides: tuple[str, ...], run: Run, new_recipe: Recipes, home: Home
) -> None:
    recipe = new_recipe(*overrides)
    whole, events = run(recipe, check=True)
    measured = [event.metrics for event in events if isinstance(event, Evaluated)]
    assert measured[-1]["perplexity"] < 0.8 * measured[0]["perplexity"]
    for cut_at in (1, 9):
        cut, first = run(recipe, StopAfter(cut_at))
        for made in (home.cache / "new-models").iterdir():  # as on another machine
            (made / "model.safetensors").unlink()
        second = list(training.carry_out(training.reopen(cut), training.Control()))
        assert isinstance(second[-1], Ended) and second[-1].status == "finished"
        losses = [
            [event.loss for event in told if isinstance(event, Step)] for told in (events, [*first, *second])
        ]
        assert losses[0] == losses[1]
        weights = [folder.model / "model.safetensors" for folder in (whole, cut)]
        assert weights[0].read_bytes() == weights[1].read_bytes()


def test_what_looks_at_a_run_looks_at_a_new_model_too(run: Run, new_recipe: Recipes, home: Home) -> None:
    from workbench.engine.attention import attention_maps
    from workbench.engine.devices import choose_device
    from workbench.engine.generation import generate
    from workbench.engine.loading import load_for_use
    from workbench.run.generation import GenerationSettings

    folder, events = run(new_recipe("film.on=true"))
    assert not [event for event in events if isinstance(event, Notice) and event.level != "info"]
    loaded = load_for_use(folder.model, "mine", choose_device("cpu"))
    assert attention_maps(loaded, "rain and sun").weights.shape[:2] == (2, 2)
    written = generate(loaded, "the rain", GenerationSettings(temperature=0, max_new_tokens=8))[0].text
    assert len(written) == 8
    with pytest.raises(WorkbenchError, match="began from nothing"):
        measure_along(home, AlongRequest(folder.name, (0.0, 1.0)), lone_desk())
    assert (folder.path / "film").exists()
    card = (folder.model / "README.md").read_text(encoding="utf-8")
    assert "from nothing" in card and "Fine-tuned" not in card


def test_a_new_gpt_writes_on_when_its_context_is_full(new_recipe: Recipes, tmp_path: Path) -> None:
    import torch

    from workbench.engine.choices import choices
    from workbench.engine.devices import choose_device
    from workbench.engine.generation import generate, prompt_ids
    from workbench.engine.loading import load_for_use
    from workbench.engine.reader import window_start
    from workbench.run.generation import GenerationSettings

    build(new_recipe("training.max_length=16"), [TEXT], tmp_path / "model")
    loaded = load_for_use(tmp_path / "model", "mine", choose_device("cpu"))
    with torch.no_grad():  # small first weights would write the same character for ever
        for weight in loaded.model.parameters():
            weight.mul_(8)
    settings = GenerationSettings(temperature=0, max_new_tokens=50, chat=False)
    found = generate(loaded, "To be", settings)[0]
    ids = prompt_ids(loaded, "To be", settings)
    expected: list[int] = []
    for _ in range(50):
        every = [*ids, *expected]
        begin = window_start(len(every), 16)
        assert len(every) - 16 <= begin <= max(0, len(every) - 9) and begin % 8 == 0
        with torch.no_grad():
            expected.append(int(loaded.model(torch.tensor([every[begin:]])).logits[0, -1].argmax()))
    end = loaded.tokenizer.eos_token_id
    assert list(found.tokens) == (expected[: expected.index(end)] if end in expected else expected)
    assert len(found.tokens) > 16 - 5  # more than the context has room for
    looked = choices(loaded, ids, found.tokens, settings)
    assert (looked.rank == 1).all()
    again = choices(loaded, ids, found.tokens, GenerationSettings(temperature=1, chat=False), first=15)
    assert len(again.tokens) == len(found.tokens) - 15


def test_a_classifier_can_start_from_nothing(run: Run, recipe: Recipes) -> None:
    quick = recipe(
        "model.source=new-bert",
        "scratch.layers=1", "scratch.width=32", "scratch.heads=2", "scratch.vocabulary=300",
        "training.max_length=16", "training.epochs=6", "training.learning_rate=1e-2",
    )  # fmt: skip
    _, events = run(quick)
    assert [e for e in events if isinstance(e, Evaluated)][-1].metrics["accuracy"] > 0.6


def test_what_does_not_fit_is_said(
    new_recipe: Recipes, write: Callable[[str, str], Path], home: Home
) -> None:
    def refused(*overrides: str) -> set[str]:
        with pytest.raises(WorkbenchError) as raised:
            training.begin(home, new_recipe(*overrides))
        return {problem.field for problem in raised.value.problems}

    assert refused("scratch.heads=3") == {"scratch.heads"}
    assert refused("scratch.tokeniser=word-pieces") == {"scratch.tokeniser"}
    assert refused("task.kind=masked-lm") == {"model.source"}
    assert refused("model.source=new-bert") == {"model.source"}
    assert refused("weights.kind=lora") == {"weights.kind"}
    assert refused("task.kind=chat") >= {"model.source"}
    assert refused(f"data.train={write('empty.txt', '')}") == {"data.train"}
    with pytest.raises(WorkbenchError, match="no text to learn a tokeniser"):
        new_tokenizer(new_recipe(), [" \n"])
    short = new_recipe(f"data.train={write('short.txt', 'ab')}", "data.validation=0.5")
    prepared = training.begin(home, short)
    with pytest.raises(WorkbenchError, match="too short"):
        training.load_goods(prepared)


def test_a_vocabulary_beyond_the_text_is_as_large_as_the_text_allows(run: Run, new_recipe: Recipes) -> None:
    _, events = run(
        new_recipe("scratch.tokeniser=byte-pairs", "scratch.vocabulary=50000", "training.max_steps=2")
    )
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any("of the 50,000" in text for text in told), told


def test_heads_that_fit_are_offered(new_recipe: Recipes) -> None:
    for width, heads in itertools.product((30, 64, 100), range(1, 17)):
        recipe = new_recipe(f"scratch.width={width}", f"scratch.heads={heads}")
        problems = scratch_problems(recipe)
        assert bool(problems) == (width % heads != 0)
        if problems:
            offered = int(problems[0].remedy.removeprefix("Take ").partition(" ")[0])
            assert width % offered == 0


def test_starting_values_are_fields_of_the_recipe() -> None:
    assert {path for path, _ in STARTING} <= set(recipe_fields())
    assert is_new("new-gpt") and not is_new("minilm")
