"""`workbench ablate` on a real run of a tiny model."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Cli


def test_chosen_heads_are_taken_away_and_the_cost_is_told(cli: Cli, trained: Path) -> None:
    said = cli(
        "ablate", "topics", "--heads", "1.1,2.2", "--text", "rain and snow", "--home", trained, "--json"
    )
    assert said.code == 0
    found = said.json
    assert (found["layers"], found["heads"], found["mode"]) == (2, 4, "zero")
    assert found["taken"] == ["1.1", "2.2"]
    assert found["measured"]["before"] == found["whole"]["before"]
    low, high = found["measured"]["interval_of_change"]
    assert low <= found["measured"]["after"] - found["measured"]["before"] <= high
    assert sum(found["prediction"]["after"].values()) == pytest.approx(1, abs=1e-5)
    text = cli("ablate", "topics", "--heads", "1.1", "--mean", "--home", trained).out
    assert "Without 1 head (Layer 1: 1.)" in text


def test_the_least_important_heads_are_pruned_into_a_folder(cli: Cli, trained: Path, tmp_path: Path) -> None:
    target = tmp_path / "pruned"
    said = cli("ablate", "topics", "--prune", 2, "-o", target, "--home", trained, "--json", "--rows", 10)
    assert said.code == 0
    found = said.json
    assert found["taken"] == found["importance"]["least_first"][:2]
    assert [point["heads"] for point in found["along"]] == [1, 2]
    assert found["saved"]["measured"]["after"] == found["measured"]["after"]
    readme = (target / "README.md").read_text(encoding="utf-8")
    assert "without 2 heads" in readme
    assert "neither smaller nor faster" in readme
    again = cli("predict", target, *_texts(tmp_path), "--json")
    assert again.code == 0


def _texts(folder: Path) -> list[Path]:
    file = folder / "texts.txt"
    file.write_text("rain and snow\nbread and soup\n", encoding="utf-8")
    return [file]


def test_the_quick_estimate_prints_a_map_of_all_heads(cli: Cli, trained: Path, tmp_path: Path) -> None:
    said = cli("ablate", "topics", "--quick", "--map", tmp_path / "map.svg", "--home", trained)
    assert said.code == 0
    assert "Most important:" in said.out
    drawn = ElementTree.parse(tmp_path / "map.svg").getroot()
    assert len(drawn.findall("{http://www.w3.org/2000/svg}rect")) == 1 + 4  # the paper and each head
    assert cli("ablate", "topics", "--quick", "--map", tmp_path / "map.csv", "--home", trained).code == 0
    lines = (tmp_path / "map.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "layer,head,mean gradient" and [line[:3] for line in lines[1:]] == [
        "1,1",
        "1,2",
        "2,1",
        "2,2",
    ]
    assert cli("ablate", "topics", "--all", "--home", trained, "--json").json["importance"]["kind"] == "zero"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Nothing is said"),
        (["--heads", "1"], "names no head"),
        (["--heads", "3.1"], "There is no head 3.1"),
        (["--prune", "4"], "would leave no head"),
        (["--quick", "-o", "x"], "No heads are chosen"),
        (["--heads", "1.1", "--prune", "2"], "both given"),
        (["--heads", "1.1", "--map", "map.svg"], "no map"),
        (["--quick", "--map", "map.txt"], "cannot be written as"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(
    cli: Cli, trained: Path, arguments: list[str], words: str
) -> None:
    said = cli("ablate", "topics", *arguments, "--home", trained)
    assert said.code == 2
    assert words in said.err


def test_a_base_model_has_no_held_out_rows(cli: Cli, trained: Path, tiny_bert: Path) -> None:
    said = cli("ablate", tiny_bert, "--quick", "--home", trained)
    assert said.code == 2
    assert "no held-out rows" in said.err
