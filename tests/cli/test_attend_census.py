"""`workbench attend --census`: every head with its kind, for a person and for a program."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Cli
from workbench.run.inside.head_kinds import KEYS


def test_the_census_is_a_table_and_an_object(cli: Cli, tiny_bert: Path, tmp_path: Path) -> None:
    text = "the rain saw a storm and the snow"
    said = cli("attend", tiny_bert, text, "--census", "-o", tmp_path / "census.csv")
    assert said.code == 0
    table = (tmp_path / "census.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 1 + 4 and table[0].startswith("layer,head,kind,score")
    *lines, written = said.out.splitlines()
    assert written.startswith("Written:")
    assert lines[0].split() == ["Layer", "Head", "Kind", "Score", "Next", "Entropy", "Distance", "Offset"]
    assert [line.split()[:2] for line in lines[2:]] == [["1", "1"], ["1", "2"], ["2", "1"], ["2", "2"]]
    plain = cli("--json", "attend", tiny_bert, text, "--census").json
    assert plain["problem"] is None and plain["tokens"] == 8
    assert [(row["layer"], row["head"]) for row in plain["census"]] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    for row, line in zip(plain["census"], lines[2:], strict=True):
        assert row["kind"] in KEYS and row["next"] in KEYS
        assert f"{row['entropy']:.2f}" in line
