"""The census of heads on maps made by hand, and the merging of sub-words into words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.run.inside.census import census
from workbench.run.inside.head_kinds import KEYS, KINDS
from workbench.run.inside.links import find
from workbench.run.inside.words import merge_words, words_of
from workbench.run.results import AttentionMaps

WORDS = "the old rain saw the new road and the storm saw bread near it"
TEXT = ["[CLS]", *WORDS.split(" "), "[SEP]"]


def made(weights: np.ndarray, tokens: list[str], *, causal: bool = False) -> AttentionMaps:
    special = np.array([token.startswith("[") for token in tokens])
    if causal:
        weights = weights * np.tri(len(tokens))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return AttentionMaps(weights.astype(np.float32), tuple(tokens), special, "made", causal=causal)


def pattern(kind: str, tokens: list[str]) -> np.ndarray:
    """(n, n): nearly all of every row on the places of this kind; even where a row has none."""
    n = len(tokens)
    wanted = np.zeros((n, n))
    for row in range(n):
        for column in range(n):
            earlier = [p for p in range(row - 1) if tokens[p] == tokens[row]]
            wanted[row, column] = {
                "previous": column == row - 1,
                "next": column == row + 1,
                "self": column == row,
                "first": column == 0,
                "separator": column == n - 1,
                "same": column != row and tokens[column] == tokens[row],
                "induction": column - 1 in earlier and column < row - 1,
                "broad": True,
            }[kind]
    return wanted + 0.02


TWICE = [*TEXT[:-1], *TEXT[1:-1], "[SEP]"]
PLANTED = ("previous", "next", "self", "first", "separator", "same", "induction", "broad")


@pytest.mark.parametrize("causal", [False, True], ids=["sees all", "causal"])
def test_planted_heads_are_what_they_were_made_to_be(causal: bool) -> None:
    kinds = [kind for kind in PLANTED if not (causal and kind in ("next", "separator"))]
    tokens = TWICE[1:-1] if causal else TWICE
    maps = made(np.stack([[pattern(kind, tokens) for kind in kinds]]), tokens, causal=causal)
    taken = census(maps)
    assert [taken.kind(0, head).key for head in range(len(kinds))] == kinds
    for head, kind in enumerate(kinds):
        facts = taken.facts(0, head)
        assert facts.score >= facts.threshold and facts.score > 0.6, kind
        assert facts.runner_up.key != kind
    assert taken.counts().sum() == len(kinds)


def test_a_head_between_two_kinds_is_other_and_its_nearest_kind_is_told() -> None:
    tokens = TWICE
    mixed = np.zeros((len(tokens), len(tokens)))
    for kind, share in (("previous", 0.3), ("next", 0.25), ("self", 0.2), ("separator", 0.25)):
        clean = pattern(kind, tokens) > 0.5
        mixed += share * clean / np.maximum(clean.sum(axis=1, keepdims=True), 1)
    facts = census(made(mixed[None, None] + 1e-9, tokens)).facts(0, 0)
    assert facts.kind.key == "other" and facts.score == 0
    assert facts.runner_up.key == "previous"
    assert facts.runner_up_score == pytest.approx(0.3, abs=0.02)


def test_induction_and_same_token_are_not_claimed_of_a_text_that_does_not_repeat() -> None:
    tokens = ["[CLS]", *"abcdefghijkl", "[SEP]"]
    taken = census(made(np.ones((1, 1, 14, 14)), tokens))
    assert np.isnan(taken.scores[0, 0, [KEYS.index("same"), KEYS.index("induction")]]).all()
    assert taken.kind(0, 0).key == "broad"


def test_measures_have_their_closed_forms() -> None:
    n = 12
    tokens = [f"t{i}" for i in range(n)]
    even = np.ones((n, n))
    diagonal = np.eye(n, k=-1)
    diagonal[0, 0] = 1
    taken = census(made(np.stack([[even, diagonal]]), tokens))
    assert taken.entropy[0, 0] == pytest.approx(math.log(n), rel=1e-5)
    assert taken.evenness[0, 0] == pytest.approx(1, rel=1e-5)
    assert taken.distance[0, 0] == pytest.approx((n * n - 1) / (3 * n), rel=1e-5)
    assert taken.offset[0, 0] == pytest.approx(0, abs=1e-5)
    assert taken.entropy[0, 1] == pytest.approx(0, abs=1e-6)
    assert taken.offset[0, 1] == pytest.approx(-(n - 1) / n, rel=1e-5)  # the first token has none before it
    causal = census(made(np.ones((1, 1, n, n)), tokens, causal=True))
    assert causal.evenness[0, 0] == pytest.approx(1, rel=1e-5)


def test_in_a_short_text_even_attention_is_no_first_token_head() -> None:
    taken = census(made(np.ones((1, 1, 3, 3)), ["a", "b", "c"]))
    assert taken.kind(0, 0).key == "broad"
    assert taken.thresholds[KEYS.index("first")] == pytest.approx(2 / 3)


def test_over_several_texts_every_token_counts_the_same() -> None:
    chance = np.random.default_rng(0)
    short, long = (chance.random((2, 2, n, n)) for n in (6, 15))
    a, b = made(short, [*TEXT[:5], "[SEP]"]), made(long, TEXT[:15])
    both, first, second = census([a, b]), census(a), census(b)
    tokens = first.tokens, second.tokens
    assert both.texts == 2 and both.tokens == sum(tokens)
    expected = (first.entropy * tokens[0] + second.entropy * tokens[1]) / sum(tokens)
    np.testing.assert_allclose(both.entropy, expected, rtol=1e-5)


def test_every_kind_is_explained_and_has_its_own_key() -> None:
    assert len(set(KEYS)) == len(KINDS)
    assert all(kind.help and (kind.source or kind.key == "other") for kind in KINDS)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (
            ["[CLS]", "un", "##likely", ",", "film", "##s", "[SEP]"],
            ["[CLS]", "unlikely", ",", "films", "[SEP]"],
        ),
        (["The", " film", "s", ",", " isn", "'t", " good", "."], ["The", "films", ",", "isn't", "good", "."]),
        (["a", " ", "b", "c", " ", "d"], ["a", "bc", "d"]),
        ([" well", "-", "known"], ["well", "-", "known"]),
        (["rain", "snow"], ["rain", "snow"]),
        ([" I", "你", "好"], ["I", "你", "好"]),
    ],
)
def test_tokens_become_the_words_that_a_person_reads(tokens: list[str], words: list[str]) -> None:
    special = [token.startswith("[") for token in tokens]
    found = merge_words(
        AttentionMaps(
            np.full((1, 1, len(tokens), len(tokens)), 1 / len(tokens), np.float32),
            tuple(tokens),
            np.array(special),
            "m",
        )
    )
    assert [token.strip() for token in found.tokens] == words


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["a", "##b", " c", "d", "[X]"]), min_size=1, max_size=12), st.integers(0, 99))
def test_words_cover_every_token_once_and_rows_still_sum_to_one(tokens: list[str], seed: int) -> None:
    maps = made(np.random.default_rng(seed).random((2, 2, len(tokens), len(tokens))), tokens)
    spans = words_of(maps.tokens, maps.special)
    assert [i for start, end in spans for i in range(start, end)] == list(range(len(tokens)))
    merged = merge_words(maps)
    assert merged.weights.shape == (2, 2, len(spans), len(spans))
    np.testing.assert_allclose(merged.weights.sum(axis=-1), 1, atol=1e-5)
    for i, (a, b) in enumerate(spans):
        for j, (c, d) in enumerate(spans):
            expected = maps.weights[:, :, a:b, c:d].sum(axis=3).mean(axis=2)
            np.testing.assert_allclose(merged.weights[:, :, i, j], expected, atol=1e-6)


def test_merging_keeps_the_future_of_a_causal_model_empty() -> None:
    tokens = [" un", "likely", " film", "s", " it"]
    merged = merge_words(made(np.ones((1, 1, 5, 5)), tokens, causal=True))
    assert not merged.weights[..., *np.triu_indices(3, 1)].any()


def test_a_search_finds_the_heads_that_send_one_word_to_the_other_through_its_pieces() -> None:
    tokens = ["[CLS]", "not", "un", "##good", "film", "[SEP]"]
    weights = np.full((2, 2, 6, 6), 0.01)
    weights[1, 0, 1, 2], weights[1, 0, 1, 3] = 1.0, 1.0
    maps = made(weights, tokens)
    hits = find(maps, census(maps), "NOT", "ungood", "the text", "m")
    best = max(hits, key=lambda hit: hit.weight)
    assert (best.layer, best.head) == (1, 0)
    assert best.weight == pytest.approx(maps.weights[1, 0, 1, 2:4].sum())
    assert (best.source, best.target, best.tokens) == ("not", "ungood", (1, 2))
    assert not find(maps, census(maps), "absent", "ungood", "the text", "m")
    everything = find(maps, census(maps), "", "ungood", "the text", "m")
    assert max(everything, key=lambda hit: hit.weight).source == "not"
    assert all(hit.source != hit.target for hit in everything)


def cross() -> AttentionMaps:
    """A decoder of three tokens looks at an encoder's five, of which two make a word: evenly, and at the last."""
    even, last = np.full((3, 5), 0.2), np.zeros((3, 5))
    last[:, 4] = 1
    return AttentionMaps(
        np.stack([[even, last]]).astype(np.float32), (" le", " chat", " dort"), np.zeros(3, dtype=bool), "made",
        kind="cross", keys=(" the", " cat", "s", " sleep", "</s>"), keys_special=np.arange(5) == 4,
    )  # fmt: skip


def test_where_a_decoder_looks_at_another_text_no_kind_of_neighbourhood_is_claimed() -> None:
    taken = census(cross())
    assert [taken.kind(0, head).key for head in (0, 1)] == ["broad", "separator"]
    assert np.isnan(taken.scores[0, 0, [KEYS.index(key) for key in ("previous", "self", "same")]]).all()
    assert np.isnan(taken.distance).all()
    assert not np.isnan(taken.entropy).any()


def test_words_are_merged_on_the_side_that_has_pieces() -> None:
    merged = merge_words(cross())
    assert merged.tokens == (" le", " chat", " dort")
    assert merged.keys == (" the", " cats", " sleep", "</s>")
    assert merged.keys_special is not None and merged.keys_special.tolist() == [False, False, False, True]
    np.testing.assert_allclose(merged.weights[0, 0], [[0.2, 0.4, 0.2, 0.2]] * 3, rtol=1e-6)
