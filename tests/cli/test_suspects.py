"""`workbench suspects` and `workbench robustness` on a real run of a tiny model."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Cli


def test_suspects_are_listed_and_decided(cli: Cli, trained: Path, tmp_path: Path) -> None:
    home = ("--home", trained)
    said = cli("--json", "suspects", "topics", "-n", "4", *home).json
    assert said["rows"] >= 90 and len(said["suspects"]) == 4 and said["by"] == "margin"
    margins = [one["margin"] for one in said["suspects"]]
    assert margins == sorted(margins) and all(one["quality"] is None for one in said["suspects"])
    first, second, third, _ = (one["row"] for one in said["suspects"])

    file = tmp_path / "topics.edits.jsonl"
    decisions = ("--keep", first, "--drop", second, "--fix", f"{third}=kitchen", "--fix-file", file)
    said = cli("--json", "suspects", "topics", *decisions, *home)
    assert said.code == 0
    found = {one["row"]: one for one in said.json["suspects"]}
    assert (found[first]["decision"], found[second]["decision"]) == ("keep", "drop")
    assert found[third]["decided"] == "kitchen"
    head, *lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert head["workbench"] == "patch"
    assert {"row": found[third]["key"], "label": "kitchen"} in lines
    assert {"row": found[second]["key"], "drop": True} in lines

    # A later call goes on from the file.
    cli("suspects", "topics", "--fix", first, "--fix-file", file, *home)
    again = cli("suspects", "topics", "--fix-file", file, *home)
    assert again.out.count("fix ") >= 1 and "drop" in again.out


def test_suspects_by_a_second_opinion(cli: Cli, trained: Path) -> None:
    said = cli("--json", "suspects", "topics", "--by", "both", "-n", "0", "--home", trained).json
    assert said["rows"] == len(said["suspects"]) == 120
    assert {one["side"] for one in said["suspects"]} == {"training", "held-out"}
    assert all(0 <= one["quality"] <= 1 for one in said["suspects"]) and "cleanlab" in said["told"]


def test_bad_decisions_are_refused(cli: Cli, trained: Path, tmp_path: Path) -> None:
    home, file = ("--home", trained), ("--fix-file", tmp_path / "x.jsonl")
    for arguments, words in (
        (("--keep", "1"), "not said where the decisions are to be written"),
        (("--keep", "5000", *file), "Row 5000 is not among the rows"),
        (("--fix", "first", *file), "names no row"),
        (("--fix", "1=sport", *file), "none of the classes"),
    ):
        said = cli("suspects", "topics", *arguments, *home)
        assert said.code == 2 and words in said.err
    assert not (tmp_path / "x.jsonl").exists()


def test_robustness_on_held_out_rows(cli: Cli, trained: Path, tmp_path: Path) -> None:
    output = tmp_path / "flips.jsonl"
    said = cli(
        "--json", "robustness", "topics", "--sets", "typos,case,names", "-o", output, "--home", trained
    )
    assert said.code == 0
    typos, case, names = said.json["sets"]
    # The tiny tokenizer has no capitals; a mistyped word is unknown to it.
    assert case["flipped"]["hits"] == 0 and case["texts"] == said.json["rows"]
    assert (
        names["texts"] == 0 and names["unchanged"] == said.json["rows"] and names["flipped"]["share"] is None
    )
    assert typos["texts"] > 0 and len(typos["flips"]) == typos["flipped"]["hits"]
    assert typos["accuracy"]["before"] > 0.9
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [line["changed"] for line in lines] == [flip["changed"] for flip in typos["flips"]]


def test_robustness_on_a_file(cli: Cli, trained: Path, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text("text\n" + "the soup and some bread\nsnow again with fog\n" * 5, encoding="utf-8")
    said = cli("robustness", "topics", file, "--rows", "4", "--home", trained)
    assert said.code == 0 and "4 of 10 texts" in said.out and "Negation" in said.out
    refused = cli("robustness", "topics", "--sets", "magic", "--home", trained)
    assert refused.code == 2 and "no set of changes 'magic'" in refused.err
