"""What each command answers, on real runs of tiny models."""

from __future__ import annotations

import csv
import json
import pkgutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import QUICK, Cli, settings
from workbench import __version__
from workbench.cli import commands
from workbench.run.folder import find_run
from workbench.run.home import Home
from workbench.run.recipe import Recipe

RUN_KEYS = {"run", "status", "steps", "seconds", "samples_per_second", "metrics", "problem"}


def test_train_prints_one_object_and_leaves_a_run_that_transformers_loads(
    cli: Cli, tiny_bert: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    said = cli(
        "--json", "train", tiny_csv, *settings(f"model.source={tiny_bert}", *QUICK), "--home", tmp_path / "h"
    )
    assert said.code == 0
    result = said.json
    assert set(result) == RUN_KEYS
    assert (result["status"], result["problem"]) == ("finished", None)
    assert set(result["metrics"]) == {"loss", "accuracy", "f1_macro"}
    assert result["metrics"]["accuracy"] > 0.8
    # 108 rows, 20 times.
    assert result["samples_per_second"] * result["seconds"] == pytest.approx(2160, rel=0.02)
    run = Path(result["run"])
    assert run.parent == tmp_path / "h" / "runs"
    assert (run / "report.html").is_file()

    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(run / "model")
    assert set(model.config.id2label.values()) == {"weather", "kitchen", "travel"}


def test_progress_and_measurements_go_to_standard_error(cli: Cli, tiny_bert: Path, tiny_csv: Path) -> None:
    said = cli("train", tiny_csv, *settings(f"model.source={tiny_bert}", "training.epochs=1"))
    assert said.code == 0
    assert said.out.startswith("Finished after 4 steps")
    assert "held-out accuracy" in said.err
    assert "step" not in said.out.partition("steps")[2].lower()


def test_a_recipe_file_trains_the_same_as_its_parts(
    cli: Cli, tiny_bert: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    (tmp_path / tiny_csv.name).write_bytes(tiny_csv.read_bytes())
    recipe = tmp_path / "again.toml"
    made = cli("recipe", tiny_csv.name, *settings(f"model.source={tiny_bert}", "training.max_steps=3"))
    recipe.write_text(made.out, encoding="utf-8")
    one = cli("train", recipe, "--json").json  # the data lies beside the recipe
    two = cli(
        "train", tiny_csv, *settings(f"model.source={tiny_bert}", "training.max_steps=3"), "--json"
    ).json
    assert one["steps"] == two["steps"] == 3
    assert one["metrics"] == two["metrics"]


def test_runs_lists_what_train_said(cli: Cli, trained: Path) -> None:
    (row,) = cli("runs", "--json", "--home", trained).json
    assert row.keys() >= RUN_KEYS
    assert (row["status"], row["title"]) == ("finished", "topics")
    assert Path(row["run"]).name == row["name"]
    text = cli("runs", "--home", trained).out
    assert row["name"] in text
    assert f"accuracy {row['metrics']['accuracy']:.4g}" in text


def test_runs_of_an_empty_home_says_how_to_begin(cli: Cli) -> None:
    assert cli("runs", "--json").json == []
    assert "workbench train" in cli("runs").out


def test_attend_writes_arrays_and_a_picture(cli: Cli, trained: Path, tmp_path: Path) -> None:
    target, picture = tmp_path / "maps.npz", tmp_path / "maps.png"
    text = "rain and snow today"
    said = cli("attend", "topics", text, "-o", target, "--png", picture, "--home", trained, "--json")
    assert said.code == 0
    with np.load(target) as found:
        attention, tokens = found["attention"], found["tokens"]
    assert (attention.shape, attention.dtype) == ((2, 2, 6, 6), np.float32)
    np.testing.assert_allclose(attention.sum(axis=-1), 1, atol=1e-5)
    assert tokens.tolist() == ["[CLS]", "rain", "and", "snow", "today", "[SEP]"] == said.json["tokens"]
    assert (said.json["layers"], said.json["heads"]) == (2, 2)
    with Image.open(picture) as image:
        assert image.format == "PNG"


def test_attend_reads_the_checkpoint_of_a_step_and_names_those_that_are_kept(cli: Cli, trained: Path) -> None:
    kept = [int(folder.name[5:]) for folder in find_run(Home(trained), "topics").checkpoint_folders()]
    for step in kept:
        found = cli("attend", "topics", "rain and snow", "--at", step, "--home", trained, "--json").json
        assert found["problem"] is None and found["layers"] == 2
    refused = cli("attend", "topics", "rain and snow", "--at", "9999", "--home", trained)
    assert refused.code == 2 and all(str(step) in refused.err for step in kept)


def test_attend_explains_a_prediction_by_one_method_or_by_all(
    cli: Cli, trained: Path, tmp_path: Path
) -> None:
    target, text = tmp_path / "scores.csv", "rain and snow today"
    said = cli("attend", "topics", text, "--method", "all", "-o", target, "--home", trained, "--json").json
    assert said["tokens"] == ["[CLS]", "rain", "and", "snow", "today", "[SEP]"] and said["refused"] == {}
    assert len(said["scores"]) == len(said["deletion"]["areas"]) == 5 and said["verdict"]
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("position,token,special,rollout") and lines[2].startswith("2,rain,no,")
    shown = cli("attend", "topics", text, "--method", "occlusion", "--explain", "kitchen", "--home", trained)
    assert shown.code == 0 and "class ‘kitchen’" in shown.out and "([CLS])" in shown.out
    wrong = cli("attend", "topics", text, "--method", "flow", "--explain", "music", "--home", trained)
    assert wrong.code == 2 and "There is nothing called 'music' to explain." in wrong.err


def test_generate_streams_to_standard_output_and_answers_in_json(cli: Cli, tiny_llama: Path) -> None:
    arguments = ("generate", tiny_llama, "Once", *settings("temperature=0", "max_new_tokens=8"))
    shown = cli(*arguments)
    answer = cli(*arguments, "--json").json
    assert shown.code == 0
    assert shown.out.rstrip("\n") == answer["text"].rstrip("\n")
    assert 1 <= len(answer["tokens"]) <= 8
    assert len(answer["probabilities"]) == len(answer["tokens"])
    assert all(0 < p <= 1 for p in answer["probabilities"])
    assert "answers" not in answer


def test_several_answers_are_all_there(cli: Cli, tiny_llama: Path) -> None:
    arguments = ("generate", tiny_llama, "Once", *settings("answers=3", "max_new_tokens=4", "temperature=1"))
    answer = cli(*arguments, "--json").json
    assert len(answer["answers"]) == 3
    assert answer["answers"][0]["tokens"] == answer["tokens"]
    shown = cli(*arguments).out
    assert all(f"answer {number}:" in shown for number in (1, 2, 3))


def test_predict_keeps_every_row_in_order(cli: Cli, trained: Path, tmp_path: Path) -> None:
    texts = ["rain storm fog", "", 'bread, soup "and" salt', "ticket hotel map", "nïx 雨"]
    source, target = tmp_path / "new.csv", tmp_path / "out.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "number"])
        writer.writerows((text, index) for index, text in enumerate(texts))
    said = cli("predict", "topics", source, "-o", target, "--home", trained, "--json")
    assert (said.code, said.json["rows"]) == (0, 5)
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["text", "predicted", "kitchen", "travel", "weather"]
    assert [row["text"] for row in rows] == texts
    for row in rows:
        chances = {name: float(row[name]) for name in ("kitchen", "travel", "weather")}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-4)
        assert row["predicted"] == max(chances, key=chances.__getitem__)


def test_predict_without_a_file_prints_csv(cli: Cli, trained: Path, tiny_csv: Path) -> None:
    said = cli("predict", "topics", tiny_csv, "--home", trained)
    rows = list(csv.DictReader(said.out.splitlines()))
    with tiny_csv.open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    hits = sum(row["predicted"] == true["label"] for row, true in zip(rows, truth, strict=True))
    assert hits > 0.9 * len(truth)


def test_rates_suggests_a_learning_rate_and_writes_nothing(
    cli: Cli, tiny_bert: Path, tiny_csv: Path, tmp_path: Path
) -> None:
    arguments = ("rates", tiny_csv, *settings(f"model.source={tiny_bert}"), "--home", tmp_path / "h")
    answer = cli(*arguments, "--json").json
    assert set(answer) == {"suggested", "points", "problem"}
    assert set(answer["points"][0]) == {"step", "rate", "loss", "smoothed"}
    said = cli(*arguments)
    assert said.code == 0
    assert f"--set training.learning_rate={answer['suggested']:g}" in said.out
    assert not (tmp_path / "h").exists()
    few = cli(*arguments, "--steps", "1")
    assert few.code == 2 and "--steps" in few.err


def test_recipe_and_schema(cli: Cli) -> None:
    values = tomllib.loads(
        cli("recipe", "support-messages", *settings("training.epochs=2"), "--name", "x").out
    )
    assert (values["name"], values["training"]["epochs"]) == ("x", 2)
    schema = json.loads(cli("recipe", "--schema").out)
    assert schema == cli("recipe", "--schema", "--json").json == Recipe.model_json_schema()


def test_running_text_is_learned_by_a_language_model(cli: Cli, tiny_text: Path) -> None:
    values = cli("recipe", tiny_text, "--json").json
    assert (values["task"]["kind"], values["model"]["source"]) == ("causal-lm", "smollm2")
    values = cli("recipe", "harbour-tales", *settings("model.source=mine"), "--json").json
    assert (values["task"]["kind"], values["model"]["source"]) == ("causal-lm", "mine")


def test_models_and_version_and_help(cli: Cli) -> None:
    assert {"minilm", "smollm2"} <= {row["name"] for row in cli("models", "--json").json}
    assert cli("--version").out.strip() == f"Model Workbench {__version__}"
    said = cli("--help")
    assert said.code == 0
    listed = [line.split()[0] for line in said.out.splitlines() if line[:4] == "    " and line[4:5].strip()]
    assert listed == sorted(entry.name.replace("_", "-") for entry in pkgutil.iter_modules(commands.__path__))


def test_demo_leaves_pictures_and_a_report_with_attention(cli: Cli, tiny_bert: Path, tiny_csv: Path) -> None:
    overrides = settings(f"model.source={tiny_bert}", f"data.train={tiny_csv}", "training.epochs=1")
    said = cli("demo", *overrides)
    assert said.code == 0
    run = Path(next(line for line in said.out.splitlines() if line.startswith("Run: "))[5:])
    assert "Held-out: accuracy" in said.out
    assert str(run / "report.html") in said.out
    for name in ("curves.png", "attention.png"):
        assert str(run / "pictures" / name) in said.out
        with Image.open(run / "pictures" / name) as image:
            image.verify()
    assert "data:image/png;base64," in (run / "report.html").read_text(encoding="utf-8")
