"""`workbench data`: what is in a file and what is wrong with it, mended, saved, and done again from the recipe."""

from __future__ import annotations

import csv
import gzip
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, settings
from workbench.data.check import all_checks
from workbench.data.guess import choose_columns
from workbench.data.limits import Limits, limits_of
from workbench.data.pipeline import parsed
from workbench.data.step import all_steps
from workbench.data.tables import read_table
from workbench.run.home import Home
from workbench.run.recipe_files import parse_recipe

FAULTY = [
    ("<p>Late again</p>", "bad"),
    ("Late again", "bad"),
    ("on time", "good"),
    ("on time", "good"),
    ("cold", "Bad"),
    ("so good", "good "),
    ("", "good"),
    ("mail me at joe@example.org", "bad"),
    ("=1+1", "bad"),
    ("fine", ""),
]
PLAIN = [(f"number {i} of the {what}", label) for i in range(40) for what, label in (("nice ones", "good"),
                                                                                   ("failures", "bad"))]  # fmt: skip


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    return _write(tmp_path / "faulty.csv", [("text", "label"), *FAULTY, *PLAIN])


def _write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_answer_says_what_there_is_and_what_is_wrong(cli: Cli, faulty: Path) -> None:
    before = faulty.read_bytes()
    said = cli("data", faulty, "--json")
    assert said.code == 0
    answer = said.json
    assert (answer["rows"], answer["columns"]) == (90, ["text", "label"])
    assert (answer["task"], answer["text"], answer["label"]) == ("text-classification", "text", "label")
    assert answer["classes"] == {"Bad": 1, "bad": 44, "good": 44}
    found = {one["kind"]: (one["count"], one["rows"]) for one in answer["findings"]}
    assert found["missing-labels"] == (1, [10])
    assert found["empty-texts"] == (1, [7])
    assert found["exact-duplicates"] == (1, [4])
    assert found["html"] == (1, [1])
    assert found["personal-data"] == (1, [8])
    assert found["label-spellings"] == (2, [5, 6])
    assert answer["left"] == answer["findings"]
    assert answer["lengths"]["longest"] >= 5
    assert answer["problem"] is None
    assert faulty.read_bytes() == before


def test_a_person_reads_the_same_as_a_table(cli: Cli, faulty: Path) -> None:
    said = cli("data", faulty)
    assert said.code == 0
    for words in (
        "90 rows",
        "“text” is read",
        "good",
        "missing-labels",
        "1 row has no label",
        "row 7",
        "--fix",
    ):
        assert words in said.out
    assert "{" not in said.out


def test_all_is_mended_and_the_recipe_gives_the_same_bytes_again(
    cli: Cli, faulty: Path, tmp_path: Path
) -> None:
    first, again, recipe = tmp_path / "first.csv", tmp_path / "again.csv", tmp_path / "mended.toml"
    said = cli("data", faulty, "--fix", "all", "-o", first, "--recipe", recipe, "--json")
    assert said.code == 0
    answer = said.json
    assert answer["left"] == []
    assert (answer["output"], answer["recipe"]) == (str(first), str(recipe))
    rows = _rows(first)
    assert rows[0] == ["text", "label"]
    # Two rows are copies only once the HTML is gone.
    assert len(rows) - 1 == answer["saved"] == 90 - 1 - 1 - 1 - 1
    assert {label for _, label in rows[1:]} == {"good", "bad"}
    assert not any("joe@" in text or "<p>" in text for text, _ in rows)
    assert ["'=1+1", "bad"] in rows
    written = tomllib.loads(recipe.read_text(encoding="utf-8"))
    assert written["data"]["train"] == "faulty.csv"
    assert {step["kind"] for step in written["data"]["steps"]} >= {
        "strip-html",
        "remove-duplicates",
        "redact",
    }
    assert cli("data", recipe, "-o", again).code == 0
    assert again.read_bytes() == first.read_bytes()


def test_the_training_side_is_the_one_that_the_run_has(cli: Cli, faulty: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mended.toml"
    shares = settings("data.validation=0.2", "data.test=0.1", "training.seed=5")
    cli("data", faulty, "--fix", "all", "--recipe", recipe, *shares)
    parts = {}
    for side in ("train", "validation", "test"):
        target = tmp_path / f"{side}.csv"
        assert cli("data", recipe, "--side", side, "-o", target).code == 0
        parts[side] = [tuple(row) for row in _rows(target)[1:]]
    whole = tmp_path / "whole.csv"
    cli("data", recipe, "-o", whole)
    assert sorted([*parts["train"], *parts["validation"], *parts["test"]]) == sorted(
        tuple(row) for row in _rows(whole)[1:]
    )
    assert (len(parts["validation"]), len(parts["test"])) == (17, 9)


def test_only_the_kinds_that_are_named_are_mended(cli: Cli, faulty: Path, tmp_path: Path) -> None:
    said = cli("data", faulty, "--fix", "html", "one-class", "-o", tmp_path / "a.jsonl", "--json")
    assert [step["kind"] for step in said.json["steps"]] == ["strip-html"]
    assert "html" not in {one["kind"] for one in said.json["left"]}
    assert "missing-labels" in {one["kind"] for one in said.json["left"]}
    assert "nothing of the kind one-class" in said.err
    assert said.json["saved"] == 90


def test_steps_are_given_as_text(cli: Cli, faulty: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    said = cli(
        "data", faulty, "-o", target, "--json",
        "--step", "kind=drop-missing columns=text,label",
        "--step", "kind=rename-labels names='{Bad = \"bad\"}'",
        "--step", "kind=filter-rows column=text test=contains value='number 1'",
    )  # fmt: skip
    assert said.code == 0
    assert [one["rows"] for one in said.json["done"]] == [88, 88, 22]
    assert len(_rows(target)) == 23
    assert said.json["steps"][0] == {"kind": "drop-missing", "columns": ["text", "label"]}


def test_held_out_rows_that_leak_are_found_and_taken_from_training(
    cli: Cli, faulty: Path, tmp_path: Path
) -> None:
    held_out = _write(
        tmp_path / "held.csv", [("text", "label"), *PLAIN[:5], ("new", "good"), ("newer", "bad")]
    )
    target = tmp_path / "train.csv"
    said = cli("data", faulty, "--held-out", held_out, "--fix", "leaks", "-o", target, "--json")
    leaks = next(one for one in said.json["findings"] if one["kind"] == "leaks")
    assert (leaks["count"], leaks["rows"], leaks["held_out"]) == (5, [11, 12, 13, 14, 15], [1, 2, 3, 4, 5])
    assert len(_rows(target)) == 1 + 90 - 5
    assert "leaks" not in {one["kind"] for one in said.json["left"]}


def test_steps_for_learning_alone_wait_for_the_split(cli: Cli, faulty: Path, tmp_path: Path) -> None:
    step = ("--step", "kind=balance how=cap rows=20")
    whole, train = tmp_path / "whole.csv", tmp_path / "train.csv"
    said = cli("data", faulty, *step, "-o", whole)
    assert "for learning alone" in said.err
    assert len(_rows(whole)) == 91
    assert cli("data", faulty, *step, "--fix", "label-spellings", "--side", "train", "-o", train).code == 0
    assert [label for _, label in _rows(train)[1:]].count("good") == 20


def test_how_the_file_is_opened_can_be_said(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    rows = "".join(f"schön, Nummer {i}~{'ja' if i % 2 else 'nein'}\n" for i in range(30))
    path.write_bytes(rows.encode("utf-16"))
    said = cli("data", path, "--encoding", "utf-16", "--delimiter", "~", "--header", "no", "--json")
    assert said.code == 0
    assert (said.json["rows"], len(said.json["columns"])) == (30, 2)
    assert said.json["classes"] == {"ja": 15, "nein": 15}
    recipe = tmp_path / "odd.toml"
    cli("data", path, "--delimiter", "~", "--header", "no", "--recipe", recipe)
    assert cli("data", recipe, "--json").json["classes"] == {"ja": 15, "nein": 15}


def test_how_far_an_archive_may_unpack_is_asked_for_or_set(
    cli: Cli, tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(b"text,label\n" + b"aaaaaaaaaaaa,x\nbbbbbbbbbbbb,y\n" * 45_000))
    refused = cli("data", packed)
    assert refused.code == 2
    assert "more than 50 times" in refused.err and "--unpack-times" in refused.err
    assert cli("data", packed, "--unpack-times", "1000", "--json").json["rows"] == 90_000
    assert "whole number from 2" in cli("data", packed, "--unpack-times", "many").err
    monkeypatch.setenv("WORKBENCH_UNPACK_TIMES", "1000")
    assert limits_of(None).times == 1000
    monkeypatch.delenv("WORKBENCH_UNPACK_TIMES")
    home.make(home.root)
    home.settings.write_text("[data]\nunpack_times=1000\nunpack_gigabytes=none\n", encoding="utf-8")
    assert limits_of(home.settings) == Limits(times=1000)
    assert cli("data", packed, "--unpack-gigabytes", "1", "--json").json["rows"] == 90_000


def test_words_with_tags_and_running_text_are_not_taken_for_rows_with_classes(
    cli: Cli, tmp_path: Path
) -> None:
    tagged = tmp_path / "names.conll"
    tagged.write_text("".join(f"Mary\tB-PER\nsaw\tO\nBob{i}\tB-PER\n\n" for i in range(30)), encoding="utf-8")
    answer = cli("data", tagged, "--json").json
    assert (answer["task"], answer["classes"]) == ("token-classification", {"B-PER": 60, "O": 30})
    assert not {one["kind"] for one in answer["findings"]} & {
        "one-class",
        "conflicting-labels",
        "small-classes",
    }
    play = tmp_path / "play.txt"
    play.write_text("MARY:\nWho is there?\n\nBOB:\nIt is I.\n\n" * 30, encoding="utf-8")
    answer = cli("data", play, "--json").json
    assert (answer["task"], answer["kind"], answer["label"]) == ("causal-lm", "plain-text", "")
    assert answer["findings"] == []


def test_the_columns_are_those_that_training_reads(cli: Cli, tmp_path: Path) -> None:
    rows = [(f"Title {i}", f"a much longer body {i}", "ab"[i % 2]) for i in range(40)]
    path = _write(tmp_path / "two.csv", [("title", "body", "label"), *rows])
    answer = cli("data", path, "--json").json
    assert (answer["text"], answer["label"]) == choose_columns(read_table(path), "", "") == ("body", "label")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nowhere.csv",), ("nowhere.csv",)),
        (("FILE", "--text", "body"), ("body", "text, label")),
        (("FILE", "--fix", "htlm"), ("htlm", "html")),
        (("FILE", "--step", "kind=strip-htm"), ("strip-htm", "strip-html")),
        (("FILE", "--step", "strip-html"), ("strip-html", "has no value")),
        (("FILE", "--step", "kind=sample rows=many"), ("sample", "rows")),
        (("FILE", "--step", "kind=strip-html columns=body"), ("body", "Step 1")),
        (("FILE", "-o", "out.xlsx"), ("out.xlsx", ".parquet")),
        (("FILE", "-o", "FILE"), ("faulty.csv", "never written")),
        (("FILE", "--recipe", "no/such/folder.toml"), ("folder.toml",)),
        (("FILE", "--set", "data.split=by-date"), ("data.split",)),
        (("FILE", "--set", "data.split=grouped", "--side", "train", "-o", "x.csv"), ("data.split_column",)),
        (("FILE", "--side", "test", "-o", "x.csv"), ("test",)),
    ],
)
def test_bad_input_is_told_in_words(
    cli: Cli, faulty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...], named: tuple[str, ...],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    before = faulty.read_bytes()
    said = cli("data", *(str(faulty) if part == "FILE" else part for part in arguments), "--json")
    assert said.code == 2
    for word in named:
        assert word in said.err
    assert said.json["problems"]
    assert faulty.read_bytes() == before
    assert list(tmp_path.iterdir()) == [faulty]


def test_the_documentation_names_every_finding_and_step_and_its_recipe_is_one() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    kinds = [*(check.kind for check in all_checks()), *all_steps()]
    assert [kind for kind in kinds if f"`{kind}`" not in text] == []
    recipe = parse_recipe(tomllib.loads(text.partition("```toml\n")[2].partition("```")[0]))
    assert len(parsed(recipe.data.steps)) == len(recipe.data.steps) == 6
