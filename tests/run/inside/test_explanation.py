"""Explanations as values: ranks, correlations, whole words, and what the sentence says."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from workbench.run.inside.explanation import (
    Attribution,
    Deletion,
    DeletionTest,
    Explanation,
    correlations,
    ranks,
    spearman,
    verdict,
    whole_words,
)
from workbench.run.inside.tables import delimited, scores_table


def explanation(test: DeletionTest | None = None) -> Explanation:
    """‘unbelievable film’ with two sub-words, between special tokens."""
    return Explanation(
        tokens=("[CLS]", "un", "##believable", "film", "[SEP]"),
        special=np.array([True, False, False, False, True]),
        model="tiny",
        language=False,
        target=(1, "good"),
        choices=((0, "bad"), (1, "good")),
        probability=0.9,
        predicted=True,
        attributions=(
            Attribution("rollout", np.array([0.5, 0.1, 0.2, 0.3, -9.0])),
            Attribution("occlusion", np.array([9.0, 0.3, 0.2, -0.1, 0.0])),
        ),
        test=test,
    )


def judged(rollout: float, occlusion: float, chance: tuple[float, ...]) -> Explanation:
    """An explanation whose curves fall from 0.9 by these amounts, at once."""

    def falls(by: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([0.9, 0.9 - by, 0.9 - by])

    curves = (
        Deletion("rollout", falls(rollout), falls(0)),
        Deletion("occlusion", falls(occlusion), falls(0)),
    )
    return explanation(DeletionTest(np.array([0, 1, 2]), curves, np.array([falls(by) for by in chance])))


def test_ranks_share_their_places_and_correlate_as_spearman_says() -> None:
    chance = np.random.default_rng(0)
    for _ in range(20):
        a, b = chance.integers(0, 6, 12).astype(float), chance.normal(size=12)
        assert ranks(a).tolist() == [(a < x).sum() + ((a == x).sum() + 1) / 2 for x in a]
        assert spearman(a, b) == pytest.approx(np.corrcoef(ranks(a), ranks(b))[0, 1], abs=1e-12)
    # 1 − 6 Σd² / n(n² − 1), where no values are equal
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([5.0, 9, 1, 20])) == pytest.approx(
        1 - 6 * (1 + 1 + 4 + 0) / 60
    )
    assert np.isnan(spearman(np.ones(4), np.arange(4.0)))


def test_special_tokens_are_left_out_of_the_ranking() -> None:
    assert correlations(explanation()).tolist() == [[1.0, -1.0], [-1.0, 1.0]]


def test_whole_words_have_the_sum_of_their_pieces() -> None:
    merged = whole_words(explanation())
    assert merged.tokens == ("[CLS]", "unbelievable", "film", "[SEP]")
    assert merged.special.tolist() == [True, False, False, True]
    assert merged.attributions[0].scores == pytest.approx([0.5, 0.3, 0.3, -9.0])
    assert whole_words(merged).tokens == merged.tokens


def test_the_sentence_names_the_most_faithful_method_and_judges_attention() -> None:
    chance = (0.1, 0.12, 0.08, 0.1, 0.1)
    words = verdict(judged(0.05, 0.4, chance))
    assert words.startswith("Occlusion is most faithful here")
    assert "‘good’ by 40.0 points on average" in words and "at random by 10.0 points" in words
    assert "attention does not explain this prediction" in words
    assert "explains a part" in verdict(judged(0.3, 0.4, chance))
    assert verdict(judged(0.4, 0.4, chance)).startswith("Attention rollout and Occlusion are most")
    assert "none of these scores explains" in verdict(judged(0.05, 0.11, chance))
    assert verdict(explanation()) == ""


def test_the_table_has_a_line_for_each_token() -> None:
    rows = list(csv.reader(io.StringIO(delimited(scores_table(explanation())))))
    assert rows[0] == ["position", "token", "special", "rollout", "occlusion"]
    assert rows[1] == ["1", "[CLS]", "yes", "0.5", "9"] and rows[3] == [
        "3",
        "##believable",
        "no",
        "0.2",
        "0.2",
    ]


def test_a_wide_gap_is_called_rough() -> None:
    scores = np.array([1.0, 2.0])
    assert not Attribution("integrated-gradients", scores, gap=-0.1).is_rough
    assert Attribution("integrated-gradients", scores, gap=1.0).is_rough
    assert not Attribution("rollout", scores).is_rough


def test_a_lead_too_small_to_matter_is_none() -> None:
    assert "none of these scores explains" in verdict(judged(0.76, 0.772, (0.759, 0.76, 0.761, 0.76, 0.76)))
