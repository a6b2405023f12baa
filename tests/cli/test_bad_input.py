"""Bad input on the command line: the exit code, and a message that names what is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, settings

GOOD = "text,label\n" + "rain and sun,weather\nbread and salt,kitchen\n" * 20

#: What is in the file, and what the message must name. The second one is the exit code.
DATA: dict[str, tuple[str, bytes, int, tuple[str, ...]]] = {
    "empty": ("empty.csv", b"", 2, ("empty.csv", "empty")),
    "binary": ("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, 2, ("photo.csv",)),
    "NUL bytes": ("nul.csv", b"text,label\n" + b"\0\0\0\1,\0\0\n" * 30, 2, ("nul.csv", "NUL")),
    "no label column": (
        "one.csv",
        b"text\nrain and sun today\nbread and salt again\n" * 9,
        2,
        ("one.csv", "label"),
    ),
    "one class": ("one.csv", b"text,label\n" + b"rain and sun,weather\n" * 20, 2, ("one.csv", "weather")),
}


@pytest.fixture
def train(cli: Cli, tiny_bert: Path) -> Callable[..., object]:
    def run(*arguments: object) -> object:
        return cli("train", *arguments, *settings(f"model.source={tiny_bert}", "training.max_steps=2"))

    return run


@pytest.mark.parametrize("case", DATA)
def test_bad_data(case: str, train: Cli, tmp_path: Path) -> None:
    name, content, code, named = DATA[case]
    (tmp_path / name).write_bytes(content)
    said = train(tmp_path / name, *(settings("data.label=label") if b"label" in content else ()))
    assert said.code == code
    assert "What to do:" in said.err
    for word in named:
        assert word in said.err
    assert not said.out


def test_a_missing_file(train: Cli, tmp_path: Path) -> None:
    said = train(tmp_path / "nowhere.csv")
    assert said.code == 2
    assert "nowhere.csv" in said.err


def test_a_missing_named_column(train: Cli, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    said = train(tmp_path / "good.csv", *settings("data.label=mood"))
    assert said.code == 2
    assert "mood" in said.err
    assert "label" in said.err  # what there is instead


#: Data with faults that training survives: what the notice must say.
FAULTY = {
    "ragged rows": (GOOD + "a,b,c,d\n", ("42",)),
    "missing labels": (GOOD + "snow and fog,\n", ("label",)),
    "a class with one row": (GOOD + "ticket and map,travel\n", ("travel", "single row")),
    "a row of 200 000 characters": (GOOD + "rain " * 40_000 + ",weather\n", ()),
}


@pytest.mark.parametrize("case", FAULTY)
def test_faults_that_are_set_aside_and_said(case: str, train: Cli, tmp_path: Path) -> None:
    content, named = FAULTY[case]
    (tmp_path / "faulty.csv").write_text(content)
    said = train(tmp_path / "faulty.csv", "--json")
    assert said.code == 0
    assert said.json["status"] == "finished"
    for word in named:
        assert word in said.err


def test_a_folder_that_is_no_model(cli: Cli, tiny_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    said = cli("train", tiny_csv, *settings(f"model.source={tmp_path / 'holiday'}"))
    assert said.code == 2
    assert "holiday" in said.err


def test_a_model_that_wants_to_run_its_own_code(
    cli: Cli, tiny_csv: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_bert, tmp_path / "sly")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "sly.Model"}}))
    (folder / "sly.py").write_text("raise SystemExit('this must never run')")
    for arguments in (("train", tiny_csv, *settings(f"model.source={folder}")), ("attend", folder, "rain")):
        said = cli(*arguments)
        assert said.code == 2
        assert "code" in said.err
        assert "this must never run" not in said.err


def test_an_unwritable_run_folder(train: Cli, tiny_csv: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the home should be")
    said = train(tiny_csv, "--home", blocked)
    assert said.code == 2
    assert str(blocked) in said.err
    assert "--home" in said.err


def test_a_recipe_with_three_faults_names_all_of_them(cli: Cli, tmp_path: Path) -> None:
    recipe = tmp_path / "bad.toml"
    recipe.write_text('[training]\nepochs = "many"\nbatch_size = 0\nlerning_rate = 0.1\n')
    said = cli("train", recipe, "--json")
    assert said.code == 2
    fields = {problem["field"] for problem in said.json["problems"]}
    assert fields == {"training.epochs", "training.batch_size", "training.lerning_rate"}
    assert (said.json["status"], said.json["run"]) == ("failed", None)
    for word in (*fields, "Did you mean learning_rate?"):
        assert word in said.err


def test_overrides_with_faults_are_all_named(cli: Cli) -> None:
    said = cli(
        "train", "support-messages", *settings("training.epochs=-1", "training.bach_size=3", "nonsense")
    )
    assert said.code == 2
    for word in ("training.epochs", "training.bach_size", "training.batch_size", "nonsense"):
        assert word in said.err


def test_a_recipe_that_is_no_toml(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "torn.toml").write_text("[training\nepochs = 3\n")
    said = cli("train", tmp_path / "torn.toml")
    assert said.code == 2
    assert "torn.toml" in said.err
    assert "line 1" in said.err


def test_a_loss_that_is_no_number_ends_the_run_and_says_so(
    cli: Cli, tiny_bert: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    poisoned = _poisoned(tiny_bert, tmp_path / "poisoned")
    said = cli("train", tiny_csv, *settings(f"model.source={poisoned}"), "--json")
    assert said.code == 1
    assert said.json["status"] == "failed"
    assert "loss" in said.json["problem"]["title"]
    assert said.json["problem"]["title"] in said.err


def _poisoned(model: Path, folder: Path) -> Path:
    """A copy of the model with NaN among its weights, as a broken run would have saved it."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(model, folder)
    weights = load_file(folder / "model.safetensors")
    weights[next(key for key in weights if key.endswith("word_embeddings.weight"))][:] = torch.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


USAGE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "an unknown command": (("tran",), ("tran", "train")),
    "an unknown option": (("runs", "--fast"), ("--fast",)),
    "nothing to attend to": (("attend", "minilm"), ("TEXT",)),
    "an unknown run": (("resume", "nothing"), ("nothing", "workbench runs")),
    "an unknown model": (("attend", "minilmm", "text"), ("minilmm", "minilm")),
    "a model that is not here": (("generate", "owner/absent", "Hi"), ("owner/absent", "--download")),
    "a wrong setting": (("generate", "smollm2", "Hi", "--set", "temperature=hot"), ("temperature", "hot")),
    "an unknown setting": (("generate", "smollm2", "Hi", "--set", "temprature=0"), ("temprature",)),
    "a model to fetch that has no name": (("models", "fetch"), ("workbench models fetch",)),
    "a count of tokens that is none": (("attend", "minilm", "text", "--max-tokens", "0"), ("'0'",)),
}


@pytest.mark.parametrize("case", USAGE)
def test_bad_usage(case: str, cli: Cli) -> None:
    arguments, named = USAGE[case]
    said = cli(*arguments)
    assert said.code == 2
    assert not said.out
    for word in named:
        assert word in said.err
    assert len(cli(*arguments, "--json").json["problems"]) >= 1


def test_predict_with_a_missing_file_or_column(
    cli: Cli, trained: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    said = cli("predict", "topics", tmp_path / "gone.csv", "--home", trained)
    assert (said.code, "gone.csv" in said.err) == (2, True)
    said = cli("predict", "topics", tiny_csv, "--text", "words", "--home", trained)
    assert (said.code, "words" in said.err) == (2, True)
    target = tmp_path / "no" / "such" / "folder.csv"
    other = tmp_path / "other.csv"
    other.write_text("title,body\nrain,storm\n", encoding="utf-8")
    said = cli("predict", "topics", other, "--home", trained)
    assert said.code == 2 and "text" in said.err and "title" in said.err
    said = cli("predict", "topics", tiny_csv, "-o", target, "--home", trained)
    assert (said.code, str(target) in said.err) == (2, True)


def test_what_a_model_cannot_do_is_said(cli: Cli, tiny_bert: Path, tiny_llama: Path, tiny_csv: Path) -> None:
    assert cli("generate", tiny_bert, "Hello").code == 2
    assert cli("predict", tiny_llama, tiny_csv).code == 2
