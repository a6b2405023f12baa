"""Rows to learn from that stand among given rows to measure on: found with exact counts, and gone after the fix."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from workbench.data.check import Finding
from workbench.data.frame import Frame
from workbench.data.mending import Looked, Source, fixed, look
from workbench.data.side_names import side_of
from workbench.data.step import Context
from workbench.data.tables import open_table, read_table
from workbench.data.training_rows import TrainingRows, training_rows
from workbench.run.recipe import DataSection
from workbench.run.recipe_files import parse_recipe

Write = Callable[[str, str | bytes], Path]
Row = tuple[str, str]
SEED = 4
KINDS = ("leaks", "near-leaks")
#: How many leaks of which kind are planted into the rows to learn from, by the side that they leak from.
PLANTED = {
    ("leaks", "validation"): 4,
    ("near-leaks", "validation"): 2,
    ("leaks", "test"): 3,
    ("near-leaks", "test"): 1,
}


def made() -> dict[str, list[Row]]:
    """Rows of three sides with leaks; all other texts are of words that stand nowhere else."""
    chance = random.Random(2)
    syllables = [c + v for c in "bdfgklmnprstv" for v in "aeiou"]

    def text() -> str:
        return " ".join("".join(chance.choices(syllables, k=4)) for _ in range(12))

    sides = {
        name: [(text(), ("good", "bad")[i % 2]) for i in range(rows)]
        for name, rows in (("train", 120), ("validation", 40), ("test", 40))
    }
    train = sides["train"]
    for side, number in (("validation", 4), ("test", 3)):
        for i, (said, label) in enumerate(sides[side][5 : 5 + number]):
            train.append((f" {said.upper()}" if i else said, label))
    for side, number in (("validation", 2), ("test", 1)):
        train += [(f"{said} zu", label) for said, label in sides[side][20 : 20 + number]]
    return sides


def as_csv(rows: Sequence[Sequence[str]], *columns: str) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([columns, *rows])
    return file.getvalue()


def files(write: Write) -> dict[str, Any]:
    return {name: str(write(f"{name}.csv", as_csv(rows, "text", "label"))) for name, rows in made().items()}


def one_file(write: Write, names: dict[str, str]) -> Path:
    rows = [(*row, names[side]) for side, rows in made().items() for row in rows]
    random.Random(1).shuffle(rows)
    return write("all.csv", as_csv(rows, "text", "label", "part"))


def data_of(**fields: Any) -> DataSection:
    return parse_recipe({"data": fields}).data


def looked(data: DataSection, steps: bool = False) -> Looked:
    """What is found; with `steps`, what is left after the fixes of all leaks."""
    tables = {
        name: read_table(Path(side))
        for name in ("validation", "test")
        if isinstance(side := getattr(data, name), str)
    }
    path = Path(data.train)
    source = Source(open_table(path) if path.is_dir() else read_table(path), "text", "label", tables)
    first = look(source, data, Context(SEED), KINDS)
    return fixed(source, first, KINDS, Context(SEED), KINDS) if steps else first


def counts(found: Sequence[Finding]) -> dict[tuple[str, str], int]:
    assert all(one.count == len(one.rows) for one in found)
    return {(one.kind, one.about): one.count for one in found}


def trained(data: DataSection) -> TrainingRows:
    return training_rows(data, Context(SEED), lambda source, _: Path(source))


def texts(frame: Frame) -> set[str]:
    return {" ".join((text or "").lower().split()) for text in frame.column("text")}


def check_mended(data: DataSection) -> None:
    """All planted leaks are found, and none is left, in the look or in what training reads."""
    first = looked(data)
    assert counts(first.found) == PLANTED
    for one in first.found:
        assert {"validation": "held-out", "test": "test"}[one.about] in one.title
        assert one.held_out is not None and len(one.held_out) == one.count
        other = first.sides[one.side].take(one.held_out)
        own = first.mended.frame.take(one.rows)
        if one.kind == "leaks":
            assert texts(own) == texts(other)
    last = looked(data, steps=True)
    assert [step.kind for step in last.data.steps] == ["remove-leaks", "remove-leaks"]  # exact, and near
    assert counts(last.found) == {}
    before, after = trained(data), trained(last.data)
    assert before.train.rows - after.train.rows == sum(PLANTED.values())
    assert not texts(after.train) & (texts(after.validation) | texts(after.test))
    assert (after.validation.rows, after.test.rows) == (before.validation.rows, before.test.rows) == (40, 40)


def test_leaks_into_files_of_both_sides_are_found_and_removed(write: Write) -> None:
    check_mended(data_of(**files(write)))


@pytest.mark.parametrize(
    "names",
    [
        {"train": "train", "validation": "validation", "test": "test"},
        {"train": "Training", "validation": "dev", "test": "Test"},
        {
            "train": "data/train-00000-of-00002.parquet",
            "validation": "data/validation.parquet",
            "test": "my_test.jsonl.gz",
        },
    ],
    ids=["plain", "other names", "files"],
)
def test_leaks_between_sides_that_a_column_names_are_found_and_removed(
    write: Write, names: dict[str, str]
) -> None:
    check_mended(data_of(train=str(one_file(write, names)), split="by-column", split_column="part"))


def test_leaks_between_the_files_of_a_folder_are_found(write: Write) -> None:
    for name, rows in made().items():
        write(f"set/{name}.csv", as_csv(rows, "text", "label"))
    folder = write("set/train.csv", as_csv(made()["train"], "text", "label")).parent
    check_mended(data_of(train=str(folder), split="by-column", split_column="source_file"))


def test_a_test_file_alone_is_looked_through(write: Write) -> None:
    """Rows that are held out of the file are not learned from, and so do not leak into the test."""
    given = files(write)
    none = looked(data_of(train=given["train"], validation=0.0, test=given["test"]))
    assert counts(none.found) == {("leaks", "test"): 3, ("near-leaks", "test"): 1}
    data = data_of(train=given["train"], validation=0.5, test=given["test"])
    first = looked(data)
    learned = set(trained(data).train.origin.tolist())
    all_rows = {row for one in none.found for row in none.mended.frame.origin[one.rows].tolist()}
    some = {row for one in first.found for row in first.mended.frame.origin[one.rows].tolist()}
    assert some == all_rows & learned and some != all_rows
    assert counts(looked(data, steps=True).found) == {}


def test_a_share_that_is_drawn_is_no_given_side(write: Write) -> None:
    given = files(write)
    assert looked(data_of(train=given["train"], validation=0.2, test=0.2)).sides == {}


def test_a_column_that_cannot_be_read_as_sides_is_told_elsewhere(write: Write) -> None:
    names = {"train": "train", "validation": "perhaps", "test": "test"}
    path = one_file(write, names)
    assert looked(data_of(train=str(path), split="by-column", split_column="part")).sides == {}


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("Held out", "validation"),
        ("train-00001-of-00009.parquet", "train"),
        ("a/b/hold-out.csv", "validation"),
        ("reviews_test.csv.gz", "test"),
        ("train and test.csv", None),
        ("a test of courage", None),
        ("tr.csv", None),
        ("", None),
        (None, None),
    ],
)
def test_names_of_sides(name: str | None, side: str | None) -> None:
    assert side_of(name) == side
