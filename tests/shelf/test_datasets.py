"""Shipped data sets are found by name, files by path, and a mistyped one is answered with the nearest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.data.guess import guess_columns
from workbench.data.labelled import labelled_rows
from workbench.data.tables import read_table
from workbench.data.text_files import read_text
from workbench.run.problem import WorkbenchError
from workbench.shelf.datasets import ShippedDataset, resolve_data, shipped

Write = Callable[[str, str | bytes], Path]


def test_three_sets_of_labelled_rows_are_shipped_with_whole_cards() -> None:
    sets = [dataset for dataset in shipped() if dataset.task == "text-classification"]
    assert len(sets) >= 3
    for dataset in shipped():
        assert dataset.title
        assert dataset.summary
        assert dataset.how_made
        assert "CC0" in dataset.licence
        assert dataset.task in ("text-classification", "causal-lm")


@pytest.mark.parametrize("dataset", shipped(), ids=lambda dataset: dataset.name)
def test_a_card_tells_the_truth_about_its_file(dataset: ShippedDataset) -> None:
    if dataset.task == "causal-lm":
        assert len(read_text(dataset.path).splitlines()) == dataset.rows
        return
    table = read_table(dataset.path)
    assert (table.rows, table.columns, table.notes) == (dataset.rows, dataset.columns, ())
    guess = guess_columns(table)
    assert (guess.text, guess.label) == (dataset.text, dataset.label)
    rows = labelled_rows(table, dataset.text, dataset.label)
    assert set(rows.class_names) == set(dataset.classes)
    assert rows.notes == ()
    assert dataset.baseline_accuracy is not None
    assert dataset.baseline_accuracy < 0.95


def test_a_card_without_its_data_is_passed_over(write: Write, tmp_path: Path) -> None:
    write("sets/here.toml", 'title = "Here"\nclasses = ["a", "b"]\n')
    write("sets/here.csv", "text,label\n")
    write("sets/gone.toml", 'title = "Gone"\n')
    (dataset,) = shipped(tmp_path / "sets")
    assert (dataset.name, dataset.title, dataset.classes) == ("here", "Here", ("a", "b"))


def test_a_name_gives_the_shipped_file_and_a_path_the_own_one(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = shipped()[0].name
    write(name, "text")
    monkeypatch.chdir(tmp_path)
    assert resolve_data(name) == shipped()[0].path
    assert resolve_data(f"./{name}") == tmp_path.resolve() / name


def test_a_relative_path_is_sought_beside_the_recipe_first(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, here = write("recipes/a.csv", "1"), write("a.csv", "2")
    monkeypatch.chdir(tmp_path)
    assert resolve_data("a.csv", tmp_path / "recipes") == beside.resolve()
    assert resolve_data("a.csv") == here.resolve()
    assert resolve_data(str(here), tmp_path / "recipes") == here.resolve()


def test_a_mistyped_source_is_answered_with_the_nearest(write: Write, tmp_path: Path) -> None:
    write("reviews.csv", "1")
    with pytest.raises(
        WorkbenchError, match=r"“review\.csv” was not found.*Did you mean “reviews\.csv”"
    ) as caught:
        resolve_data("review.csv", tmp_path)
    assert caught.value.problem.field == "data.train"
    name = shipped()[0].name
    with pytest.raises(WorkbenchError, match=f"Did you mean “{name}”"):
        resolve_data(name[:-1], tmp_path)
    with pytest.raises(WorkbenchError, match="was not found"):
        resolve_data("", tmp_path)
