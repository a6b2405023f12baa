"""The embedded models themselves: real weights, real text. The long ones are run by hand with -m heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.run.events import Ended, Evaluated, Event
from workbench.run.generation import GenerationSettings
from workbench.run.home import Home
from workbench.run.recipe_files import parse_recipe
from workbench.session import inspection, training
from workbench.session.lanes import lone_desk
from workbench.session.requests import AttentionRequest, GenerationRequest
from workbench.shelf.packages import installed_folder, package_named

DATA = Path(__file__).parents[3] / "shared" / "data"


def need(name: str) -> None:
    row = package_named(name)
    if row is None or installed_folder(row) is None:
        pytest.skip(f"the package of {name} is not installed")


def need_data(path: str) -> Path:
    if not (DATA / path).is_file():
        pytest.skip(f"there is no {path} beside the project")
    return DATA / path


@pytest.fixture(scope="module")
def smollm2_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which the language model has been converted (about 40 s)."""
    need("smollm2")
    home = Home(tmp_path_factory.mktemp("home"))
    said: list[Any] = []
    inspection.prepare_model(home, "smollm2", said.append)
    assert "Ready." in said
    return home


def test_the_converted_language_model_is_plain_and_answers(smollm2_home: Home) -> None:
    import json

    folder = smollm2_home.models / "smollm2"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert "quantization_config" not in config and config["model_type"] == "llama"
    assert sorted(file.suffix for file in folder.glob("model*")) == [".safetensors"]
    request = GenerationRequest(
        "smollm2", "What is the capital of France?", GenerationSettings(temperature=0, max_new_tokens=16)
    )
    answer = inspection.generate(smollm2_home, request, lone_desk())[0]
    assert "Paris" in answer.text and answer.stopped_by == "end"


@pytest.mark.heavy
def test_its_greedy_answers_equal_transformers_and_a_second_turn_reads_only_what_is_new(
    smollm2_home: Home,
) -> None:
    import torch

    from workbench.engine.choices import choices
    from workbench.engine.generation import generate, prompt_ids
    from workbench.engine.loading import load_for_use
    from workbench.engine.reader import ChatReader

    loaded = load_for_use(smollm2_home.models / "smollm2", "smollm2", torch.device("cpu"))
    settings = GenerationSettings(temperature=0, max_new_tokens=12)
    earlier: tuple[tuple[str, str], ...] = ()
    for prompt in ("What is the capital of France, and what is it known for?", "And of Italy?"):
        ids = prompt_ids(loaded, prompt, settings, earlier)
        ours = generate(loaded, prompt, settings, earlier=earlier, reuse=True)[0]
        theirs: Any = loaded.model.generate(
            torch.tensor([ids]), do_sample=False, max_new_tokens=12, output_scores=True,
            return_dict_in_generate=True,
        )  # fmt: skip
        expected = theirs.sequences[0, len(ids) :].tolist()
        assert list(ours.tokens) == expected[: len(ours.tokens)]
        assert (
            len(ours.tokens) == len(expected) or expected[len(ours.tokens)] == loaded.tokenizer.eos_token_id
        )
        scores = zip(theirs.scores, ours.tokens, strict=False)
        probabilities = [float(torch.softmax(row[0].float(), -1)[token]) for row, token in scores]
        assert ours.probabilities == pytest.approx(probabilities, abs=1e-4)
        assert choices(loaded, ids, ours.tokens, settings).after == pytest.approx(
            ours.probabilities, abs=1e-4
        )
        earlier = (*earlier, ("user", prompt), ("assistant", ours.text))
    third = prompt_ids(loaded, "And of Spain?", settings, earlier)
    with torch.no_grad():
        fresh = len(third) - ChatReader(loaded, third).reused
    assert (
        fresh < 24
    )  # the end of the last answer's turn, the question, and the beginning of the answer's turn


def test_its_attention_has_a_map_for_each_of_30_by_9_heads(smollm2_home: Home) -> None:
    maps = inspection.attend(smollm2_home, AttentionRequest("smollm2", "The sea was calm."), lone_desk())
    assert maps.weights.shape[:2] == (30, 9) and maps.causal
    assert abs(maps.weights.sum(axis=-1) - 1).max() < 1e-5


def test_attention_of_the_embedded_encoder(home: Home) -> None:
    need("minilm")
    maps = inspection.attend(home, AttentionRequest("minilm", "The film is not bad."), lone_desk())
    assert maps.tokens == ("[CLS]", "the", "film", "is", "not", "bad", ".", "[SEP]")
    assert maps.weights.shape == (6, 12, 8, 8) and not maps.causal


def _train(home: Home, **sections: dict[str, Any]) -> list[Event]:
    prepared = training.begin(home, parse_recipe(sections))
    return list(training.carry_out(prepared, training.Control()))


@pytest.mark.heavy
def test_one_epoch_of_sst2_with_the_default_recipe_reaches_80_percent(home: Home) -> None:
    need("minilm")
    train, dev = need_data("sst2/train.tsv"), need_data("sst2/dev.tsv")
    events = _train(home, data={"train": str(train), "validation": str(dev)}, training={"epochs": 1})
    ended = events[-1]
    assert isinstance(ended, Ended) and ended.metrics["accuracy"] >= 0.80


@pytest.mark.heavy
def test_a_few_dozen_steps_of_shakespeare_lower_held_out_perplexity(smollm2_home: Home) -> None:
    text = need_data("tinyshakespeare/input.txt")
    events = _train(
        smollm2_home,
        model={"source": "smollm2"},
        task={"kind": "causal-lm"},
        data={"train": str(text), "validation": 0.03},
        training={"max_steps": 36, "batch_size": 16},
    )
    measured = [event.metrics["perplexity"] for event in events if isinstance(event, Evaluated)]
    assert measured[-1] < 0.8 * measured[0]
