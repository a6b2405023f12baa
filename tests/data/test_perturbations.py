"""Perturbation sets: what they do to texts, and that the same text and seed always come out the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.data.perturbations import PERTURBATIONS, Perturbation

SETS = {one.name: one for one in PERTURBATIONS}
SENTENCE = "Sarah told Michael that the film is good, but Sarah did not believe him."


@pytest.mark.parametrize("one", PERTURBATIONS, ids=lambda one: one.name)
def test_the_same_text_and_seed_come_out_the_same(one: Perturbation) -> None:
    made = [one.of(SENTENCE, seed) for seed in range(20)]
    assert made == [one.of(SENTENCE, seed) for seed in range(20)]
    assert all(text is not None and text != SENTENCE for text in made)
    assert len(set(made)) > 1 or one.name == "negation"  # there is one to take away


@given(st.text(max_size=60), st.sampled_from(PERTURBATIONS), st.integers(0, 99))
def test_what_cannot_be_changed_is_said_and_never_given_back(text: str, one: Perturbation, seed: int) -> None:
    made = one.of(text, seed)
    assert made is None or (made != text and made.strip())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("names", "the film is good"),
        ("case", "12 34"),
        ("typos", "a b c"),
        ("negation", "good film"),
        ("typos", ""),
    ],
)
def test_texts_without_anything_to_change_are_left_out(name: str, text: str) -> None:
    assert SETS[name].of(text, 0) is None


@pytest.mark.parametrize(
    ("text", "opposite"),
    [
        ("It is not good", "It is good"),
        ("It isn't good", "It is good"),
        ("they wo n't sit still", "they will sit still"),
        ("It can't last", "It can last"),
        ("They cannot wait", "They can wait"),
        ("It is good", "It is not good"),
        ("IT IS GOOD", "IT IS NOT GOOD"),
    ],
)
def test_negation_puts_a_not_in_or_takes_it_away(text: str, opposite: str) -> None:
    assert SETS["negation"].of(text, 0) == opposite


def test_the_same_name_gives_way_to_the_same_name() -> None:
    made = SETS["names"].of(SENTENCE, 3)
    assert made is not None and "Sarah" not in made and "Michael" not in made
    words, before = made.replace(",", "").split(), SENTENCE.replace(",", "").split()
    assert [i for i, (new, old) in enumerate(zip(words, before, strict=True)) if new != old] == [0, 2, 9]
    assert words[0] == words[9] != words[2]
    assert SETS["names"].changed("SARAH", random.Random(0)).isupper()


def test_capitals_and_marks_change_nothing_else() -> None:
    for seed in range(10):
        made = SETS["case"].of(SENTENCE, seed)
        assert made is not None and made.lower() == SENTENCE.lower()
        made = SETS["punctuation"].of(SENTENCE, seed)
        letters = [c for c in SENTENCE if c.isalnum()]
        assert made is not None and [c for c in made if c.isalnum()] == letters
