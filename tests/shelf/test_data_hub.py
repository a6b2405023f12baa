"""A data set of the Hub: its size first, then the files and the table, from a hub of this test alone."""

from __future__ import annotations

import json
import os

import pytest

from tests.fake_hub import REVISION, FakeHub
from tests.fake_hub import hub as hub  # a fixture
from workbench.data.tables import open_table
from workbench.run.home import Home
from workbench.run.network import forbidden, keep_libraries_offline
from workbench.run.problem import WorkbenchError
from workbench.shelf.data_hub import download, size_of


def problem_of(name: str) -> str:
    with pytest.raises(WorkbenchError) as caught:
        size_of(name)
    assert caught.value.problem.remedy
    return str(caught.value)


def test_without_the_network_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE=1 forbids" in problem_of("demo/reviews")
    with pytest.raises(WorkbenchError, match="was not downloaded"):
        download("demo/reviews", home)
    assert not home.root.exists()


def test_the_size_is_that_of_the_files_that_would_come(hub: type[FakeHub]) -> None:
    found = size_of("https://example.org/datasets/demo/reviews:plain")
    assert [file.name for file in found.files] == ["README.md", "plain/train.csv", "plain/test.csv"]
    assert found.size == sum(len(hub.files[file.name]) for file in found.files)
    assert (found.configs, found.licence, found.revision) == (("plain", "other"), "mit", REVISION)
    assert not any("resolve" in path for path in hub.asked)  # nothing is downloaded for it


def test_several_configurations_are_named_and_a_wrong_one_is_answered(hub: type[FakeHub]) -> None:
    words = problem_of("demo/reviews")
    assert "several configurations" in words
    assert "plain, other" in words
    assert "Did you mean “other”?" in problem_of("demo/reviews:othr")


def test_a_program_that_keeps_its_libraries_offline_asks_where_a_person_does(
    hub: type[FakeHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_KEEPS_OFFLINE", "0")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    keep_libraries_offline()
    assert os.environ["HF_HUB_OFFLINE"] == "1" and not forbidden()
    assert size_of("demo/reviews", first=True).config == "plain"


def test_what_the_hub_refuses_is_told_in_plain_words(hub: type[FakeHub]) -> None:
    assert "has no data set of this name, or it is private" in problem_of("demo/nothing")
    assert "agreed to terms" in problem_of("demo/locked")
    assert "written owner/name" in problem_of("no such name")


def test_a_hub_that_does_not_answer_is_told_of(monkeypatch: pytest.MonkeyPatch, hub: type[FakeHub]) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert "could not be reached" in problem_of("demo/reviews")


def test_a_download_opens_with_its_splits_and_is_not_made_twice(hub: type[FakeHub], home: Home) -> None:
    shares: list[float] = []
    folder = download("demo/reviews:plain", home, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    table = open_table(folder)
    assert table.columns == ("text", "label", "split")
    assert (table.rows, table.row(0), table.row(30)) == (31, ("words 0", "a", "train"), ("last", "a", "test"))
    assert [path.name for path in (home.root / "datasets").iterdir()] == [folder.name]
    before = len(hub.asked)
    assert download(size_of("demo/reviews:plain"), home) == folder
    assert not any("resolve" in path for path in hub.asked[before:])


def test_a_download_can_be_broken_off(hub: type[FakeHub], home: Home) -> None:
    class EnoughError(Exception):
        pass

    def check() -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        download("demo/reviews:plain", home, check=check)
    assert not any("resolve" in path for path in hub.asked)


def test_files_that_are_no_table_say_where_they_are(hub: type[FakeHub], home: Home) -> None:
    hub.files["plain/train.csv"] = b'text,label\n"never closed,a\n' * 3 + b"\x00\xff\xfe"
    with pytest.raises(WorkbenchError, match=r"cannot be laid out as a table.*raw") as caught:
        download("demo/reviews:plain", home)
    assert caught.value.problem.details


def test_the_command_line_shows_the_size_first_and_downloads_when_told(
    hub: type[FakeHub], home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.cli.main import main

    monkeypatch.delenv("HF_HUB_OFFLINE")  # as it is where nobody has said anything
    assert main(["hub", "demo/reviews:plain", "--home", str(home.root), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["size"] == size_of("demo/reviews:plain").size and shown["path"] is None
    assert not home.root.exists()
    assert main(["hub", "demo/reviews:plain", "--home", str(home.root), "--json", "--yes"]) == 0
    path = json.loads(capsys.readouterr().out)["path"]
    assert open_table(path).rows == 31
