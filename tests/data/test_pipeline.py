"""From the untouched file to training rows: order, replay, held-out files, leaks, and what is refused."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.running_text import TextSides, text_sides
from workbench.data.step import Context
from workbench.data.training_rows import TrainingRows, training_rows
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, parse_recipe, recipe_toml, with_overrides
from workbench.run.step_record import StepRecord

Write = Callable[[str, str | bytes], Path]
Steps = list[dict[str, Any]]


def recipe(train: Path, steps: Steps, **data: Any) -> Recipe:
    return parse_recipe({"data": {"train": str(train), "steps": steps, **data}})


def rows_of(chosen: Recipe, seed: int = 5) -> TrainingRows:
    return training_rows(chosen.data, Context(seed), lambda source, _: Path(source))


def texts_of(chosen: Recipe) -> TextSides:
    return text_sides(chosen.data, Context(5), lambda source, _: Path(source))


def test_a_folder_of_texts_is_one_running_text_and_says_its_encoding(write: Write, tmp_path: Path) -> None:
    write("tales/1.txt", "one line\n" * 40)
    write("tales/2.txt", "un café\n".encode("cp1252") * 40)
    found = texts_of(recipe(tmp_path / "tales", [], validation=0.25))
    assert found.train.startswith("one line\n") and found.validation.endswith("un café\n")
    assert any(note.startswith("2.txt:") and "1252" in note for note in found.notes)
    rows = texts_of(recipe(write("a/b.csv", "text\n" + "some words\n" * 40).parent, [], validation=0.25))
    assert rows.train == "some words\n" * 30


def as_bytes(rows: TrainingRows) -> bytes:
    """Everything that training sees of the rows."""
    sides = [rows.numbered(frame) for frame in (rows.train, rows.validation, rows.test)]
    return json.dumps([rows.class_names, *sides]).encode()


def reviews(write: Write, rows: int = 60, name: str = "reviews.csv") -> Path:
    """Reviews of three classes with faults: HTML, copies, spellings, missing values, contradictions."""
    lines = ["review,kind,shop"]
    chance = random.Random(3)
    words = [
        "parcel",
        "box",
        "courier",
        "price",
        "colour",
        "size",
        "return",
        "refund",
        "quick",
        "slow",
        "broken",
    ]
    for i in range(rows):
        said = f"{' '.join(chance.sample(words, 5))} number {i}"
        lines.append(f"{said},{('praise', 'Praise ', 'blame', 'blame', 'other')[i % 5]},s{i % 7}")
    lines += ["<p>again &amp; again</p>,praise,s1", "again & again,praise,s2", "again & again,blame,s2"]
    lines += [",blame,s3", "no label here,,s3", "no label here,,s3"]
    return write(name, "\n".join(lines) + "\n")


EVERYTHING: Steps = [
    {"kind": "rename-columns", "names": {"review": "text"}},
    {"kind": "join-columns", "template": "{shop}: {text}", "into": "text"},
    {"kind": "strip-html", "columns": ["text"]},
    {"kind": "normalise-labels", "name": "One spelling"},
    {"kind": "drop-missing", "columns": ["kind"]},
    {"kind": "remove-duplicates", "columns": []},
    {"kind": "remove-conflicts", "on": False},
    {"kind": "rename-labels", "names": {"other": "blame"}},
    {"kind": "split-texts", "tokens": 6, "stride": 2},
    {"kind": "sample", "rows": 90},
    {"kind": "remove-leaks"},
    {"kind": "balance", "how": "oversample"},
]


def test_the_untouched_file_always_gives_the_same_rows(write: Write) -> None:
    file = reviews(write)
    before = file.read_bytes()
    chosen = recipe(file, EVERYTHING, test=0.1)
    rows = rows_of(chosen)
    again = rows_of(parse_recipe(tomllib.loads(recipe_toml(chosen))))
    assert as_bytes(again) == as_bytes(rows)
    assert file.read_bytes() == before
    assert [report.place for report in rows.reports] == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    assert as_bytes(rows_of(chosen, seed=6)) != as_bytes(rows)
    assert rows.resolved == {"data.text": "review", "data.label": "kind"}
    resolved = changed(changed(chosen, "data.text", "review"), "data.label", "kind")
    assert as_bytes(rows_of(resolved)) == as_bytes(rows)


def test_what_each_step_did_is_told(write: Write) -> None:
    notes = rows_of(recipe(reviews(write), EVERYTHING[:9])).notes
    assert "Rename columns: “review” to “text”." in notes
    assert "Strip HTML: 1 row changed." in notes
    assert "One spelling: 12 rows changed; 4 spellings became 3." in notes
    assert "Drop rows with missing values: 2 rows removed." in notes
    assert any("Remove duplicates: " in note for note in notes)
    assert not any("contradictions" in note for note in notes)  # it is off
    assert "Reading the text from “text” and the label from “kind”." in notes


def test_the_order_of_steps_is_kept_and_matters(write: Write) -> None:
    file = reviews(write)
    strip = {"kind": "strip-html"}
    conflicts = {"kind": "remove-conflicts"}
    first = rows_of(recipe(file, [strip, conflicts]))
    second = rows_of(recipe(file, [conflicts, strip]))
    assert first.reports[1].removed == 3 and second.reports[0].removed == 2


def test_without_steps_nothing_changes(write: Write) -> None:
    file = reviews(write)
    plain = rows_of(recipe(file, []))
    off = rows_of(recipe(file, [{"kind": "sample", "rows": 1, "on": False}]))
    assert as_bytes(plain) == as_bytes(off)
    assert plain.reports == ()


def test_parts_of_a_text_stand_on_one_side(write: Write) -> None:
    rows = rows_of(recipe(reviews(write), [{"kind": "split-texts", "tokens": 3}], test=0.2))
    sides = [set(frame.origin.tolist()) for frame in (rows.train, rows.validation, rows.test)]
    assert all(sides) and sum(map(len, sides)) == len(set.union(*sides))
    assert rows.train.rows > len(sides[0])


def test_only_rows_to_learn_from_are_balanced_and_rid_of_leaks(write: Write) -> None:
    file = write("many.csv", "text,label\n" + "".join(f"text {i % 40},{'ab'[i % 2]}\n" for i in range(120)))
    before = rows_of(recipe(file, []))
    after = rows_of(recipe(file, [{"kind": "remove-leaks"}, {"kind": "balance", "how": "oversample"}]))
    held = {str(text) for text in after.validation.column("text")}
    assert held & set(before.train.column("text"))
    assert not held & set(after.train.column("text"))
    assert after.validation.origin.tolist() == before.validation.origin.tolist()
    labels = after.numbered(after.train)[1]
    assert labels.count(0) == labels.count(1)


def test_a_held_out_file_is_mended_like_the_training_file(write: Write) -> None:
    train = write(
        "train.csv",
        "text,label\n" + "<b>a</b> {0},Late\n<b>b</b> {0},Late\n<b>c</b> {0},good\n".replace("{0}", "x") * 4
        + "rare one,rare\n",
    )  # fmt: skip
    test = write("test.csv", "text,label\n<i>d</i>,late\n<i>e</i>,late\n<i>f</i>,good\n,good\nq,rare\n")
    steps: Steps = [
        {"kind": "normalise-labels"},
        {"kind": "drop-classes", "below": 2},
        {"kind": "strip-html"},
        {"kind": "balance", "how": "cap", "rows": 1},
    ]
    rows = rows_of(recipe(train, steps, validation=str(test)))
    assert rows.class_names == ("good", "Late")
    assert rows.numbered(rows.validation) == (["d", "e", "f"], [1, 1, 0])
    assert rows.train.rows == 2
    assert "test.csv: Strip HTML: 3 rows changed." in rows.notes
    assert "test.csv: Drop small classes: 1 row removed." in rows.notes


def test_a_column_that_a_step_makes_can_be_the_text(write: Write) -> None:
    join = {"kind": "join-columns", "template": "{shop} / {kind}", "into": "both"}
    rows = rows_of(recipe(reviews(write), [join], text="both", label="kind"))
    assert rows.train.text == "both" and rows.train.column("both", 0, 1)[0] == "s0 / praise"
    assert rows.resolved["data.text"] == "both"


# ---- what is refused


def test_everything_that_is_wrong_with_steps_is_said_at_once(write: Write) -> None:
    steps: Steps = [
        {"kind": "sampel"},
        {"kind": "sample", "rows": -1},
        {"kind": "strip-html", "colums": ["a"]},
        {"kind": "nonsense", "on": False},
    ]
    with pytest.raises(WorkbenchError) as caught:
        rows_of(recipe(reviews(write), steps))
    said = [str(problem) for problem in caught.value.problems]
    assert [text.partition(" T")[0] for text in said] == ["Step 1.", "Step 2.", "Step 3."]
    assert "sample" in said[0] and "rows" in said[1] and "colums" in said[2]
    assert {problem.field for problem in caught.value.problems} == {"data.steps"}


def test_a_step_that_cannot_be_done_is_named_with_its_column(write: Write) -> None:
    steps: Steps = [
        {"kind": "rename-columns", "names": {"review": "text"}},
        {"kind": "strip-html", "columns": ["review"]},
    ]
    with pytest.raises(WorkbenchError, match=r"Step 2\. Strip HTML: there is no column “review”"):
        rows_of(recipe(reviews(write), steps))


def test_steps_that_leave_nothing_are_refused(write: Write) -> None:
    gone = {"kind": "filter-rows", "test": "equals", "value": "nothing is so", "name": "Only these"}
    with pytest.raises(WorkbenchError, match=r"Step 1\. Only these: no row is left"):
        rows_of(recipe(reviews(write), [gone]))


def test_a_held_out_file_without_the_columns_of_the_steps_is_named(write: Write) -> None:
    other = write("other.csv", "review,kind\na,praise\nb,blame\n")
    with pytest.raises(WorkbenchError, match=r"In other\.csv.*Step 1.*“shop”") as caught:
        rows_of(recipe(reviews(write), [{"kind": "keep-columns", "columns": ["review", "kind", "shop"]}],
                       validation=str(other)))  # fmt: skip
    assert caught.value.problem.field == "data.validation"


# ---- running text


def test_a_running_text_is_mended_line_by_line(write: Write) -> None:
    text = "".join(f"line {i}  of the story\n\n" for i in range(50))
    file = write("story.txt", text)
    plain = texts_of(recipe(file, []))
    same = texts_of(recipe(file, [{"kind": "normalise-text", "whitespace": False}]))
    assert same.train + same.validation == plain.train + plain.validation == text
    assert abs(len(same.train) - len(plain.train)) < 30
    mended = texts_of(recipe(file, [{"kind": "normalise-text"}, {"kind": "drop-missing"}]))
    assert mended.train.startswith("line 0 of the story\nline 1 of the story\n")
    assert mended.notes[-1] == "Drop rows with missing values: 50 rows removed."


def test_a_table_of_texts_and_one_of_conversations_are_learned_as_text(write: Write) -> None:
    texts = write(
        "texts.jsonl", "".join(json.dumps({"body": f"a story number {i}"}) + "\n" for i in range(30))
    )
    sides = texts_of(
        recipe(texts, [{"kind": "filter-rows", "test": "contains", "value": "7", "keep": False}])
    )
    assert "number 8\n" in sides.train + sides.validation and "7" not in sides.train + sides.validation
    talk = [{"role": "user", "content": "How far?"}, {"role": "assistant", "content": "Ten miles."}]
    chats = write("chats.jsonl", (json.dumps({"messages": talk}) + "\n") * 20)
    assert texts_of(recipe(chats, [])).train.startswith("How far?\nTen miles.\nHow far?\n")


# ---- in the recipe

WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
PLAIN = st.recursive(
    st.one_of(WORDS, st.booleans(), NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=5,
)
FIELD_NAMES = st.text("abc_é- ", min_size=1, max_size=5)


@given(
    st.lists(st.tuples(st.dictionaries(FIELD_NAMES, PLAIN, max_size=3), st.text(max_size=9), st.booleans()))
)
@settings(deadline=None, max_examples=30)
def test_steps_survive_toml_json_and_other_changes(
    given_steps: list[tuple[dict[str, Any], str, bool]],
) -> None:
    steps = [{"kind": "any", **fields} for fields, _, _ in given_steps]
    for step, (_, name, on) in zip(steps, given_steps, strict=True):
        step |= {"on": on} | ({"name": name} if name.isprintable() else {})
    chosen = parse_recipe({"data": {"steps": steps}})
    assert parse_recipe(tomllib.loads(recipe_toml(chosen))) == chosen
    assert parse_recipe(json.loads(json.dumps(chosen.model_dump()))) == chosen
    assert changed(chosen, "data.text", "body").data.steps == chosen.data.steps
    assert [record.on for record in chosen.data.steps] == [on for _, _, on in given_steps]


def test_a_step_can_be_written_below_a_printed_recipe() -> None:
    printed = recipe_toml(Recipe())
    more = parse_recipe(tomllib.loads(printed + '\n[[data.steps]]\nkind = "strip-html"\ncolumns = ["a"]\n'))
    assert more.data.steps == (StepRecord.model_validate({"kind": "strip-html", "columns": ["a"]}),)
    assert str(more.data.steps[0]) == "strip-html: columns = a"


def test_steps_are_given_on_the_command_line() -> None:
    given_there = with_overrides({}, ['data.steps=[{kind="sample", rows=5}]'])
    assert parse_recipe(given_there).data.steps[0].fields == {"rows": 5}


@pytest.mark.parametrize(
    "wrong", [3, [3], [{"name": "x"}], [{"kind": "x", "on": "yes"}], [{"kind": "x", "a": None}]]
)
def test_what_is_no_step_is_refused_with_the_field(wrong: Any) -> None:
    with pytest.raises(WorkbenchError) as caught:
        parse_recipe({"data": {"steps": wrong}})
    assert [problem.field for problem in caught.value.problems] == ["data.steps"]


# ---- before a run


def test_complaints_about_steps_come_with_all_others(tiny_bert: Path, tiny_csv: Path, home: Home) -> None:
    from workbench.session.preparing import begin

    wrong = parse_recipe(
        {
            "model": {"source": str(tiny_bert)},
            "data": {"train": str(tiny_csv), "steps": [{"kind": "nonsense"}, {"kind": "sample", "rows": 0}]},
            "training": {"best_metric": "beauty"},
        }
    )
    with pytest.raises(WorkbenchError) as caught:
        begin(home, wrong)
    assert sorted(p.field for p in caught.value.problems) == [
        "data.steps",
        "data.steps",
        "training.best_metric",
    ]
    steps = [{"kind": "truncate-texts", "tokens": 5}, {"kind": "balance", "how": "cap", "rows": 7}]
    ready = begin(home, changed(changed(wrong, "training.best_metric", ""), "data.steps", steps))
    assert ready.rows.train_rows == 21
    assert {len(text.split()) for text in ready.rows.content.train.texts} == {3}  # and two marks around it
    assert "Cut off long texts: 120 rows changed." in ready.rows.notes
    assert parse_recipe(tomllib.loads(ready.folder.recipe_file.read_text(encoding="utf-8"))) == ready.recipe
