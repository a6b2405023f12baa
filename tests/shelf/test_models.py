"""A model is found by every name it may have, and what may not be loaded is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.shelf.models import models, resolve_model
from workbench.shelf.packages import PACKAGES, installed_folder

Make = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path) -> Make:
    """Write a model folder; keyword arguments are added to its configuration."""

    def make(name: str = "own-model", **config: object) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        base = {"model_type": "bert", "architectures": ["BertModel"]}
        (folder / "config.json").write_text(json.dumps({**base, **config}))
        (folder / "tokenizer.json").write_text("{}")
        save_file({"w": np.zeros((2, 3), np.float32)}, folder / "model.safetensors")
        return folder

    return make


def refusal(source: str | Path, home: Home) -> str:
    with pytest.raises(WorkbenchError) as caught:
        resolve_model(str(source), home)
    assert caught.value.problem.field == "model.source"
    assert caught.value.problem.remedy
    return str(caught.value)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({}, "encoder"),
        ({"architectures": ["BertForSequenceClassification"]}, "encoder"),
        ({"architectures": ["LlamaForCausalLM"], "model_type": "llama"}, "causal-lm"),
        ({"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"}, "causal-lm"),
        ({"architectures": None, "model_type": "gpt2"}, "causal-lm"),
        ({"architectures": ["T5ForConditionalGeneration"], "model_type": "t5"}, "seq2seq"),
        ({"architectures": ["T5EncoderModel"], "model_type": "t5"}, "unknown"),
        ({"architectures": ["BlipForConditionalGeneration"], "model_type": "blip"}, "unknown"),
    ],
)
def test_a_folder_is_a_model_of_its_kind(
    model: Make, home: Home, config: dict[str, object], kind: str
) -> None:
    folder = model(**config)
    place = resolve_model(str(folder), home)
    assert (place.path, place.name, place.kind, place.needs_conversion) == (
        folder.resolve(),
        "own-model",
        kind,
        False,
    )


def test_weights_in_parts_need_every_part(model: Make, home: Home) -> None:
    folder = model()
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    parts = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    assert "missing: model-00002-of-00002.safetensors" in refusal(folder, home)
    save_file({"b": np.zeros(1, np.float32)}, folder / "model-00002-of-00002.safetensors")
    assert resolve_model(str(folder), home).kind == "encoder"


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_model_folder_that_is_not_one_says_what_is_missing(model: Make, home: Home, file: str) -> None:
    folder = model()
    (folder / file).unlink()
    words = refusal(folder, home)
    assert "“own-model” is not a model folder" in words
    assert file in words


def test_a_damaged_part_is_named(model: Make, home: Home) -> None:
    folder = model()
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    assert "model.safetensors is damaged or cut short" in refusal(folder, home)
    (folder / "config.json").write_text("{")
    assert "config.json cannot be read" in refusal(folder, home)
    (folder / "config.json").write_text("[]")
    assert "no JSON object" in refusal(folder, home)


def test_pickles_are_refused_with_the_reason(model: Make, home: Home) -> None:
    folder = model()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    words = refusal(folder, home)
    assert "weights are pickle files" in words
    assert "can run code" in words


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_a_model_that_asks_for_remote_code_is_refused(model: Make, home: Home, file: str) -> None:
    folder = model()
    asking = {"model_type": "bert", "inner": {"auto_map": {"AutoModel": "modeling_own.OwnModel"}}}
    (folder / file).write_text(json.dumps(asking))
    words = refusal(folder, home)
    assert "asks to run code of its own" in words
    assert file in words


def test_an_adapter_and_a_folder_above_a_model_get_their_own_hint(model: Make, home: Home) -> None:
    folder = model("above/inner").parent
    assert "The folders in it that have one: inner" in refusal(folder, home)
    (folder / "adapter_config.json").write_text("{}")
    assert "adapter" in refusal(folder, home)


def test_a_run_is_named_by_name_part_folder_or_checkpoint(model: Make, home: Home) -> None:
    run = home.runs / "2026-11-21-reviews-3f2a"
    run.mkdir(parents=True)
    (run / "recipe.toml").write_text("")
    assert "no saved weights yet" in refusal(run.name, home)
    model("fresh").rename(run / "model")
    for source in (run.name, "3f2a", str(run), str(run / "model")):
        place = resolve_model(source, home)
        assert (place.path, place.name) == ((run / "model").resolve(), run.name)
    checkpoint = run / "checkpoints" / "step-000400"
    checkpoint.mkdir(parents=True)
    model("saved").rename(checkpoint / "model")
    for source in (str(checkpoint), f"{run.name}/checkpoints/step-000400"):
        place = resolve_model(source, home)
        assert place.path == (checkpoint / "model").resolve()
        assert place.name == f"{run.name} step-000400"


def test_the_shelf_lists_own_models_after_the_embedded_ones(model: Make, home: Home) -> None:
    home.models.mkdir(parents=True)
    model("good").rename(home.models / "good")
    (home.models / "bad").mkdir()
    entries = {entry.name: entry for entry in models(home)}
    assert list(entries) == ["minilm", "smollm2", "bad", "good"]
    assert entries["good"].state == "ready"
    assert entries["bad"].state == "unusable"
    assert "no config.json" in entries["bad"].description
    assert resolve_model("good", home).path == (home.models / "good").resolve()


def test_a_model_to_be_converted_is_ready_once_its_folder_is_whole(model: Make, home: Home) -> None:
    row = PACKAGES[1]
    if installed_folder(row) is None:
        pytest.skip(f"{row.package} is not installed")
    place = resolve_model("smollm2", home)
    assert (place.path, place.kind, place.needs_conversion) == (home.models / "smollm2", "causal-lm", True)
    assert {entry.name: entry.state for entry in models(home)}["smollm2"] == "not converted"
    home.models.mkdir(parents=True)
    model("made", architectures=["LlamaForCausalLM"]).rename(home.models / "smollm2")
    place = resolve_model("smollm2", home)
    assert not place.needs_conversion
    assert {entry.name: entry.state for entry in models(home)}["smollm2"] == "ready"
    (home.models / "smollm2" / "model.safetensors").write_bytes(b"cut")
    assert resolve_model("smollm2", home).needs_conversion


def test_the_embedded_encoder_is_a_whole_model(home: Home) -> None:
    if installed_folder(PACKAGES[0]) is None:
        pytest.skip(f"{PACKAGES[0].package} is not installed")
    place = resolve_model("minilm", home)
    assert (place.name, place.kind, place.architecture) == ("minilm", "encoder", "BertModel")
    assert resolve_model(str(place.path), home).kind == "encoder"


def test_a_mistyped_name_is_answered_with_the_nearest(home: Home) -> None:
    words = refusal("minilmm", home)
    assert "There is no model “minilmm”" in words
    assert "Did you mean “minilm”?" in words
    assert "There is no model" in refusal("", home)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_hub_model_is_taken_from_the_cache(model: Make, home: Home, cache: Path) -> None:
    repository = cache / "models--owner--tiny"
    commit = "0123456789abcdef0123456789abcdef01234567"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots").mkdir()
    model("tiny").rename(repository / "snapshots" / commit)
    place = resolve_model("owner/tiny", home)
    assert (place.path.name, place.name, place.kind) == (commit, "owner/tiny", "encoder")
    # Those that are whole stand on the shelf, where the window offers them.
    (cache / "models--owner--part" / "refs").mkdir(parents=True)
    (cache / "models--owner--part" / "refs" / "main").write_text("abc")
    (cache / "models--owner--part" / "snapshots" / "abc").mkdir(parents=True)
    listed = {entry.name: (entry.kind, entry.state) for entry in models(home) if not entry.embedded}
    assert listed == {"owner/tiny": ("encoder", "ready")}


def test_a_hub_model_that_is_not_here_is_not_downloaded_unasked(home: Home, cache: Path) -> None:
    words = refusal("owner/absent", home)
    assert "nothing is downloaded without being asked for" in words
    assert "--download" in words
    assert not cache.exists()


def test_an_asked_for_download_is_refused_offline(
    home: Home, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WorkbenchError, match="HF_HUB_OFFLINE=1 forbids"):
        resolve_model("owner/absent", home, download=True)
