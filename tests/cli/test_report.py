"""`workbench report` and `workbench again` on a real run of a tiny model."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.conftest import Cli


def test_the_report_is_written_anew_with_rows_and_findings(cli: Cli, trained: Path, tmp_path: Path) -> None:
    output = tmp_path / "topics.html"
    said = cli("--json", "report", "topics", "-o", output, "--home", trained)
    assert said.code == 0 and said.json["report"] == str(output) and said.json["missing"] == []
    html = output.read_text(encoding="utf-8")
    for words in (
        "with the highest loss", "Labels that may be wrong", "Findings",
        "Rows of each class", "95 % interval", "How far it can be believed", "What made the prediction",
    ):  # fmt: skip
        assert words in html, words
    assert list((Path(said.json["run"]) / "evaluations").glob("*.npz"))
    card = (Path(said.json["run"]) / "model" / "README.md").read_text(encoding="utf-8")
    assert "model-index" in card and "95 % interval" in card
    assert cli("report", "topics", "-o", tmp_path / "topics.docx", "--home", trained).code == 2


def test_an_old_run_whose_data_and_model_are_gone_still_has_a_report(
    cli: Cli, trained: Path, tmp_path: Path
) -> None:
    (run,) = (path for path in (trained / "runs").iterdir() if path.is_dir())
    old = tmp_path / "old"
    shutil.copytree(run, old)
    shutil.rmtree(old / "model")
    (old / "margins.npz").unlink()
    recipe = old / "recipe.toml"
    text = recipe.read_text(encoding="utf-8").replace("topics.csv", "gone.csv")
    recipe.write_text(text, encoding="utf-8")
    said = cli("--json", "report", old, "--home", trained)
    assert said.code == 0 and len(said.json["missing"]) == 1 and "gone.csv" in said.json["missing"][0]
    html = (old / "report.html").read_text(encoding="utf-8")
    assert "How it went" in html and "with the highest loss" not in html


def test_a_run_is_trained_again_on_corrected_data(cli: Cli, trained: Path, tmp_path: Path) -> None:
    home, edits = ("--home", trained), tmp_path / "topics.edits.jsonl"
    said = cli("again", "topics", *home)
    assert said.code == 2 and "Nothing was corrected" in said.err
    first = cli("--json", "suspects", "topics", "-n", "1", *home).json["suspects"][0]
    assert cli("suspects", "topics", "--drop", first["row"], "--fix-file", edits, *home).code == 0
    recipe = tmp_path / "again.toml"
    said = cli("--json", "again", "topics", "--edits", edits, "--recipe", recipe, *home)
    assert said.json["corrected"] == 1 and "sides.jsonl" in recipe.read_text(encoding="utf-8")
