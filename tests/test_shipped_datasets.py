"""The shipped data sets: made again byte for byte, as their cards say, and not too easy."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "resources" / "datasets"
CLASSIFICATION = ("clinic-notes", "company-headlines", "support-messages")
TALES = "harbour-tales"


def card(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def words(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


@pytest.fixture(scope="module")
def made_again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made-again")
    # A process of its own, with another hash seed: no order may come from a set.
    command = [sys.executable, str(FOLDER / "make.py"), str(folder)]
    subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "7"}, timeout=120
    )
    return folder


@pytest.mark.parametrize("file", [*(f"{name}.csv" for name in CLASSIFICATION), f"{TALES}.txt"])
def test_the_generator_writes_the_shipped_bytes(made_again: Path, file: str) -> None:
    assert (made_again / file).read_bytes() == (FOLDER / file).read_bytes()


def test_every_data_file_has_a_card_and_every_card_its_data() -> None:
    cards = {path.stem for path in FOLDER.glob("*.toml")}
    data = {path.stem for pattern in ("*.csv", "*.txt") for path in FOLDER.glob(pattern)}
    assert cards == data == {*CLASSIFICATION, TALES}


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_the_card_tells_the_truth_about_the_rows(name: str) -> None:
    stated, data = card(name), rows(name)
    assert stated["task"] == "text-classification"
    assert stated["licence"] == "CC0-1.0"
    assert stated["rows"] == len(data)
    assert list(stated["columns"]) == list(data[0])
    assert set(stated["classes"]) == {row[stated["label"]] for row in data}
    assert len(stated["classes"]) == len(set(stated["classes"]))
    assert all(row[stated["text"]].strip() for row in data)


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_no_text_occurs_twice_and_no_pattern_is_left_open(name: str) -> None:
    texts = [row["text"] for row in rows(name)]
    assert len({words(text) for text in texts}) == len(texts)
    assert not [text for text in texts if re.search(r"[{}|~]|  ", text)]


def test_the_classes_are_as_many_and_as_uneven_as_they_are_meant_to_be() -> None:
    counts = {name: Counter(row["label"] for row in rows(name)) for name in CLASSIFICATION}
    assert len(counts["support-messages"]) >= 8
    assert set(counts["company-headlines"]) == {"negative", "neutral", "positive"}
    notes = counts["clinic-notes"]
    assert set(notes) == {"routine", "urgent"}
    assert 0.15 <= notes["urgent"] / notes.total() <= 0.20
    assert all(min(count.values()) >= 100 for count in counts.values())


@pytest.mark.heavy  # a measurement of data that does not change
@pytest.mark.parametrize("name", CLASSIFICATION)
def test_the_baseline_is_what_the_card_states_and_leaves_room(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import baseline

    accuracy, f1_macro = baseline.score(name)
    stated = card(name)
    assert stated["baseline"]
    assert accuracy == pytest.approx(stated["baseline_accuracy"], abs=5e-4)
    assert f1_macro == pytest.approx(stated["baseline_f1_macro"], abs=5e-4)
    assert accuracy < 0.95


def test_the_tales_are_a_log_with_one_entry_a_day() -> None:
    stated, text = card(TALES), (FOLDER / f"{TALES}.txt").read_text(encoding="utf-8")
    assert stated["task"] == "causal-lm"
    assert stated["rows"] == len(text.splitlines())
    assert 60_000 <= len(text) <= 120_000
    entries = text.strip().split("\n\n")[1:]
    dates = [entry.splitlines()[0] for entry in entries]
    assert len(set(dates)) == len(dates) >= 100
    assert all("Lamp lit at" in entry and "Remarks." in entry for entry in entries)
    assert not re.search(r"[{}|~]|  ", text)
