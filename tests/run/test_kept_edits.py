"""The edits by hand that a home keeps are found by the data that they belong to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.data import patch as patches
from workbench.data.edits import Patch
from workbench.run.home import Home
from workbench.run.kept_edits import data_of, edits_folder, kept_edits
from workbench.run.sources import whole_source
from workbench.session.mending import edits_file, keep_edits


def test_the_newest_edits_of_each_data_are_found(home: Home, tmp_path: Path) -> None:
    assert kept_edits(home) == {}
    reviews, letters = str(tmp_path / "reviews.csv"), "headlines"
    files = [
        keep_edits(home, edits_file(home, Path(source)), Patch().with_dropped(number), source)
        for number, source in enumerate((reviews, letters, reviews, letters))
    ]
    for age, file in enumerate(reversed(files)):
        os.utime(file, ns=(10**18 - age * 10**9,) * 2)
    assert kept_edits(home) == {reviews: files[2], letters: files[3]}
    os.utime(files[0], ns=(2 * 10**18,) * 2)
    assert kept_edits(home)[reviews] == files[0] and patches.read(files[0]).dropped == {0}


@pytest.mark.parametrize(
    "content", [b"", b"[1]\n", b"{\n", b'{"data": 3}\n', b"\xff\xfe\n", b'{"workbench": "patch"}\n']
)
def test_a_file_that_names_no_data_is_passed_over(home: Home, content: bytes) -> None:
    file = home.make(edits_folder(home)) / "some.jsonl"
    file.write_bytes(content)
    assert data_of(file) == "" and kept_edits(home) == {}


def test_places_are_known_by_their_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert whole_source("headlines") == "headlines" and whole_source("") == ""
    assert whole_source("a.csv\nb.csv") == f"{tmp_path.resolve() / 'a.csv'}\n{tmp_path.resolve() / 'b.csv'}"
