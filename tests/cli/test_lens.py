"""`workbench attend --lens`: the table of a language model, as text and as JSON, and plain refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from workbench.cli.main import main


def test_the_lens_is_printed_and_given_as_json(tiny_llama: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attend", str(tiny_llama), "good day", "--lens"]) == 0
    told = capsys.readouterr().out
    assert "rank of what follows" in told and "Layer 2" in told and "take early layers with care" in told
    assert main(["--json", "attend", str(tiny_llama), "good day", "--lens"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == ["Input", "Layer 1", "Layer 2"] and len(found["tokens"]) == 8
    assert all(len(places) == 8 and len(places[0]) == 10 for places in found["guesses"])
    assert found["following_rank"][0][7] is None and found["following_probability"][2][7] is None


def test_the_lens_is_written_as_a_table(
    tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lens.csv"
    assert main(["attend", str(tiny_llama), "good day", "--lens", "-o", str(file)]) == 0
    assert f"Written: {file}" in capsys.readouterr().out
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 3 * 8 and rows[0]["after"] == "Input" and rows[-1]["really follows"] == ""


def test_an_encoder_is_refused_in_words(tiny_bert: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attend", str(tiny_bert), "the rain", "--lens"]) != 0
    assert "no head whose answer could be read out" in capsys.readouterr().err
