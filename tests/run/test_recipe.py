"""Recipes: files, overrides, versions, and complaints that name every wrong field at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import (
    changed,
    load_recipe,
    parse_recipe,
    recipe_fields,
    recipe_toml,
    with_overrides,
)
from workbench.run.sources import title_of
from workbench.shelf.datasets import resolve_data


@settings(deadline=None)
@given(
    st.integers(1, 4096),
    st.floats(1e-8, 1, allow_subnormal=False),
    st.one_of(st.floats(0, 0.9), st.text(min_size=1, alphabet="abc /é☂")),
)
def test_writing_and_reading_gives_an_equal_recipe(batch: int, rate: float, held_out: float | str) -> None:
    recipe = parse_recipe(
        {"training": {"batch_size": batch, "learning_rate": rate}, "data": {"validation": held_out}}
    )
    import tomllib

    assert parse_recipe(tomllib.loads(recipe_toml(recipe))) == recipe


def test_a_recipe_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Recipe().training.epochs = 2  # type: ignore[misc]
    assert changed(Recipe(), "training.epochs", 2).training.epochs == 2
    assert changed(Recipe(), "name", "mine").name == "mine"


def test_all_complaints_come_at_once_and_each_names_its_field() -> None:
    wrong = {
        "training": {"epoch": 2, "batch_size": "many", "learning_rate": 9, "seed": 1.5},
        "data": {"validation": 3, "train": ""},
        "modle": {},
    }
    with pytest.raises(WorkbenchError) as caught:
        parse_recipe(wrong)
    by_field = {problem.field: problem for problem in caught.value.problems}
    assert set(by_field) == {
        "training.epoch",
        "training.batch_size",
        "training.learning_rate",
        "training.seed",
        "data.validation",
        "data.train",
        "modle",
    }
    assert "Did you mean epochs?" in by_field["training.epoch"].remedy
    assert "Did you mean model?" in by_field["modle"].remedy
    assert "less than or equal to 1" in by_field["training.learning_rate"].title
    assert all(problem.field in problem.title for problem in caught.value.problems)


def test_overrides_are_toml_or_else_strings() -> None:
    data = with_overrides(
        {}, ["training.epochs=2", "data.validation=dev.tsv", "data.test=0.1", "name=my run"]
    )
    recipe = parse_recipe(data)
    assert (recipe.training.epochs, recipe.data.validation, recipe.data.test, recipe.name) == (
        2.0,
        "dev.tsv",
        0.1,
        "my run",
    )


def test_an_override_of_no_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(WorkbenchError, match=r"training\.batch_size") as caught:
        with_overrides({}, ["training.batchsize=3", "epochs"])
    assert len(caught.value.problems) == 2


def test_data_files_beside_the_recipe_are_found_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("text,label\n", encoding="utf-8")
    file = tmp_path / "recipe.toml"
    file.write_text('[data]\ntrain = "mine.csv"\nvalidation = "elsewhere.csv"\n', encoding="utf-8")
    recipe = load_recipe(file)
    assert recipe.data.train == str(tmp_path / "mine.csv")
    assert recipe.data.validation == "elsewhere.csv"


def test_several_files_and_a_pattern_are_found_beside_the_recipe(tmp_path: Path) -> None:
    for name in ("a-1.csv", "a-2.csv", "b.csv"):
        (tmp_path / name).write_text("text,label\n", encoding="utf-8")
    file = tmp_path / "recipe.toml"
    places = 'train = "b.csv\\nelsewhere.csv"\nvalidation = "a-*.csv"\ntest = "c-*.csv"'
    file.write_text(f"[data]\n{places}\n", encoding="utf-8")
    recipe = load_recipe(file)
    assert recipe.data.train == f"{tmp_path / 'b.csv'}\nelsewhere.csv"
    assert recipe.data.validation == str(tmp_path / "a-*.csv")
    assert recipe.data.test == "c-*.csv"
    assert resolve_data(str(recipe.data.validation)) == tmp_path / "a-*.csv"
    with pytest.raises(WorkbenchError, match=r"“elsewhere\.csv” was not found"):
        resolve_data(recipe.data.train)
    assert title_of(recipe.data.train) == "b.csv and 1 more"


@pytest.mark.parametrize(
    ("content", "words"),
    [("[data\n", "not valid TOML"), ("version = 99\n", "version 99"), ("version = 'x'\n", "version 'x'")],
)
def test_files_that_cannot_be_used_say_why(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(WorkbenchError, match=words):
        load_recipe(file)
    with pytest.raises(WorkbenchError, match="does not exist"):
        load_recipe(tmp_path / "none.toml")


def test_every_field_explains_itself() -> None:
    for row in recipe_fields().values():
        assert row.title and row.title[0].isupper()
        assert row.help.endswith("."), row.path
        if row.minimum is not None and row.maximum is not None:
            assert row.minimum < row.maximum


@pytest.mark.parametrize(
    ("path", "value"),
    [("training.epochs", True), ("training.seed", True), ("training.batch_size", "32"), ("name", 3)],
)
def test_wrong_types_are_refused_and_not_bent_into_shape(path: str, value: object) -> None:
    with pytest.raises(WorkbenchError) as caught:
        changed(Recipe(), path, value)
    assert [problem.field for problem in caught.value.problems] == [path]


def test_a_column_may_be_called_by_a_number() -> None:
    assert parse_recipe(with_overrides({}, ["data.label=1", "data.text=true"])).data.label == "1"


def test_older_recipes_are_carried_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.run import recipe_files

    def from_0(data: dict[str, object]) -> dict[str, object]:
        return {"training": {"batch_size": data["batch"]}, "version": 0}

    monkeypatch.setitem(recipe_files.MIGRATIONS, 0, from_0)
    assert parse_recipe({"version": 0, "batch": 7}).training.batch_size == 7
    with pytest.raises(WorkbenchError, match="versions 0 to 1"):
        parse_recipe({"version": 2})


def test_edits_by_hand_lie_beside_the_recipe_and_none_stay_none(tmp_path: Path) -> None:
    (tmp_path / "my.edits.jsonl").write_text("")
    (tmp_path / "my.toml").write_text('[data]\npatch = "my.edits.jsonl"\n')
    assert load_recipe(tmp_path / "my.toml").data.patch == str((tmp_path / "my.edits.jsonl").resolve())
    (tmp_path / "none.toml").write_text(recipe_toml(Recipe()))
    assert load_recipe(tmp_path / "none.toml").data.patch == ""
