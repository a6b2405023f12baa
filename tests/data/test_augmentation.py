"""Augmentation: changed copies of rows, drawn by chance from the seed and the row alone."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from workbench.data.augmentation import Augmentation, words_of
from workbench.data.blanks import Blanks
from workbench.data.frame import Frame, frame_of
from workbench.data.step import Context, all_steps, parse_step
from workbench.data.steps.augment_synonyms import synonyms
from workbench.data.steps.augment_typos import NEIGHBOURS, mistyped
from workbench.data.tables import Table
from workbench.run.problem import WorkbenchError
from workbench.run.resources import resources_folder

TEXTS = [
    "The parcel arrived late and the box was broken.",
    "A huge film, full of terrible jokes - I loved every minute of it!",
    "Please send the refund quickly; my previous order was faulty.",
    "送餐很快，味道不错，下次还会再来",
    "Nobody answered when I asked for help, which was frustrating.",
    "An important question: can the customers buy it online?",
]
KINDS = ["augment-delete", "augment-swap", "augment-synonyms", "augment-typos"]


def frame(texts: list[str | None]) -> Frame:
    labels = [f"class {i % 2}" for i in range(len(texts))]
    data = pa.table({"text": pa.array(texts, pa.large_string()), "label": labels, "size": range(len(texts))})
    return frame_of(Table(Path("a.csv"), tuple(data.column_names), data, (), ""), "text", "label")


def step(kind: str, **fields: object) -> Augmentation:
    made = parse_step({"kind": kind, **fields})
    assert isinstance(made, Augmentation)
    return made


def upper(asked: list[Blanks]) -> list[str]:
    """A stand-in for a model: the words in capitals."""
    made = []
    for one in asked:
        text = one.text
        for start, end in one.places:
            text = text[:start] + text[start:end].upper() + text[end:]
        made.append(text)
    return made


def copies(rows: Frame, before: int) -> list[tuple[int, str | None]]:
    return list(zip(rows.origin[before:].tolist(), rows.column("text", before), strict=True))


@pytest.mark.parametrize("kind", [*KINDS, "augment-mask"])
def test_copies_come_behind_the_rows_and_keep_label_key_and_everything_else(kind: str) -> None:
    rows = frame([*TEXTS, None, "  "])
    done = step(kind, copies=3, words=0.3).apply(rows, Context(seed=5, replace_words=upper))
    new = done.frame
    assert done.added == new.rows - rows.rows > 0
    assert new.data.slice(0, rows.rows).to_pylist() == rows.data.to_pylist()
    for row in range(rows.rows, new.rows):
        source = int(new.origin[row])
        assert new.keys[row] == rows.keys[source]
        assert new.column("label", row, row + 1) == rows.column("label", source, source + 1)
        assert new.column("size", row, row + 1) == rows.column("size", source, source + 1)
        assert new.column("text", row, row + 1) != rows.column("text", source, source + 1)


@pytest.mark.parametrize("kind", [*KINDS, "augment-mask"])
def test_it_depends_on_the_seed_and_the_row_alone(kind: str) -> None:
    made = step(kind, copies=2, words=0.3, rows=0.7)
    few, many = frame(TEXTS * 5), frame([*TEXTS * 5, *(f"{text} Indeed." for text in TEXTS * 5)])
    context = Context(seed=7, replace_words=upper)
    first, again, more = (made.apply(rows, context).frame for rows in (few, few, many))
    assert first.data.equals(again.data)
    assert copies(first, few.rows) == [one for one in copies(more, many.rows) if one[0] < few.rows]
    other = made.apply(few, Context(seed=8, replace_words=upper)).frame
    assert copies(other, few.rows) != copies(first, few.rows)


def test_all_are_for_rows_to_learn_from_alone() -> None:
    augmentations = {kind for kind, one in all_steps().items() if one.group == "augmentation"}
    assert augmentations == {*KINDS, "augment-mask"}
    assert all(all_steps()[kind].learning_only and not all_steps()[kind].idempotent for kind in augmentations)


def test_the_share_of_rows_is_about_what_was_asked_for() -> None:
    rows = frame([f"one two three four five {i}" for i in range(2000)])
    done = step("augment-delete", rows=0.3).apply(rows, Context())
    assert 500 < done.added < 700


@pytest.mark.parametrize("text", TEXTS)
def test_deleting_leaves_out_the_share_of_words_and_changes_no_other(text: str) -> None:
    words = [word.group() for word in words_of(text)]
    for copy in step("augment-delete", words=0.25).preview(text, 10):
        left = [word.group() for word in words_of(copy)]
        assert len(left) == len(words) - max(1, round(0.25 * len(words)))
        remaining = iter(words)
        assert all(word in remaining for word in left)  # in the same order
        assert "  " not in copy


def test_one_word_always_stays() -> None:
    assert step("augment-delete", words=1.0).preview("alone", 2) == ["alone", "alone"]
    assert all(len(words_of(copy)) == 1 for copy in step("augment-delete", words=1.0).preview(TEXTS[0], 5))


@pytest.mark.parametrize("text", TEXTS)
def test_swapping_keeps_the_words_and_what_stands_between(text: str) -> None:
    def marks(of: str) -> list[str]:
        return re.sub(r"\w", "", of).split()

    for copy in step("augment-swap").preview(text, 10):
        assert Counter(word.group() for word in words_of(copy)) == Counter(
            word.group() for word in words_of(text)
        )
        assert marks(copy) == marks(text)


def test_synonyms_keep_capitals_and_fit_the_article() -> None:
    seen: set[str] = set()
    for seed in range(40):
        seen.update(step("augment-synonyms", words=1.0).preview("A huge DEFECT. Huge!", 1, seed))
    starts = {text.split()[0] + " " + text.split()[1] for text in seen}
    assert starts == {"An enormous", "A gigantic", "An immense"}
    assert {text.split()[2] for text in seen} == {"FLAW.", "FAULT."}
    assert {text.split()[3] for text in seen} == {"Enormous!", "Gigantic!", "Immense!"}


def test_the_list_of_synonyms_is_in_order() -> None:
    path = resources_folder() / "synonyms" / "english.txt"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    groups = [line.split(", ") for line in lines]
    assert len(groups) > 500
    assert all(len(set(group)) == len(group) >= 2 for group in groups)
    assert all(
        word == word.lower().strip() and re.fullmatch("[a-z-]+", word) for group in groups for word in group
    )
    assert len({tuple(sorted(group)) for group in groups}) == len(groups)
    assert "kind" not in synonyms()  # considerate, and a sort: two meanings


def test_a_typing_error_is_one_slip_behind_the_first_letter() -> None:
    chance = random.Random(0)
    kinds = Counter()
    for _ in range(500):
        new = mistyped("Parcel", chance)
        assert new[0] == "P"
        kinds[len(new)] += 1
        if len(new) == 6 and Counter(new) != Counter("Parcel"):
            ((old, key),) = [pair for pair in zip("Parcel", new, strict=True) if pair[0] != pair[1]]
            assert key in NEIGHBOURS[old]
    assert set(kinds) == {5, 6, 7}
    assert all(letter in NEIGHBOURS[near] for letter, all_near in NEIGHBOURS.items() for near in all_near)
    assert set(NEIGHBOURS["g"]) == set("fhtyvb")


def test_a_preview_shows_what_applying_would_be_like_and_is_the_same_each_time() -> None:
    made = step("augment-typos", words=0.5)
    shown = made.preview(TEXTS[0], 3, seed=4)
    assert len(shown) == 3
    assert shown == made.preview(TEXTS[0], 3, seed=4)
    assert shown != made.preview(TEXTS[0], 3, seed=5)
    assert TEXTS[0] not in shown


def test_what_cannot_be_changed_gets_no_copy_and_that_is_said() -> None:
    done = step("augment-synonyms", copies=2).apply(frame(["xyzzy plugh", TEXTS[1]]), Context())
    assert done.added == 2
    assert done.notes == ("2 copies were left out: nothing in the text could be changed.",)


def test_chats_in_json_are_left_alone() -> None:
    rows = frame(['[{"role": "user", "content": "Hello there my friend"}]'])
    assert step("augment-delete").apply(rows, Context()).added == 0


def test_without_a_model_words_cannot_be_replaced() -> None:
    with pytest.raises(WorkbenchError, match="no model that could replace words"):
        step("augment-mask").apply(frame(TEXTS), Context())


def test_a_missing_column_is_complained_of() -> None:
    (problem,) = step("augment-swap", column="txet").complaints(frame(TEXTS))
    assert "text" in problem.remedy
