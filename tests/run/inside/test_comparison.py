"""Two models' maps brought together: differences, divergence, words, and plain refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from workbench.run.inside.comparison import DIFFERENCE, compare, head_divergence
from workbench.run.problem import WorkbenchError
from workbench.run.results import AttentionMaps


def maps(
    tokens: tuple[str, ...], seed: int = 0, special: tuple[int, ...] = (), layers: int = 2, name: str = "m"
) -> AttentionMaps:
    n = len(tokens)
    weights = np.random.default_rng(seed).dirichlet(np.ones(n), (layers, 3, n)).astype(np.float32)
    marks = np.isin(np.arange(n), special)
    return AttentionMaps(weights, tokens, marks, name)


def test_the_divergence_is_scipy_s_and_lies_between_equal_and_nothing_in_common() -> None:
    a, b = maps(("x", "y", "z"), 1).weights, maps(("x", "y", "z"), 2).weights
    expected = (jensenshannon(a.astype(float), b.astype(float), base=2, axis=-1) ** 2).mean(axis=-1)
    assert np.allclose(head_divergence(a, b), expected, atol=1e-7)
    assert not head_divergence(a, a).any()
    eye = np.eye(4, dtype=np.float32)[None, None]
    assert np.allclose(head_divergence(eye, np.roll(eye, 1, axis=-1)), 1)


def test_a_row_without_a_choice_says_nothing() -> None:
    a = np.array([[[[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]]]], dtype=np.float32)
    b = np.array([[[[1, 0, 0], [0, 1, 0], [0.2, 0.3, 0.5]]]], dtype=np.float32)
    one_of_two = jensenshannon([0.5, 0.5], [0, 1], base=2) ** 2 / 2
    assert head_divergence(a, b)[0, 0] == pytest.approx(one_of_two)


def test_differences_are_signed_and_rows_sum_to_nothing() -> None:
    first, second = maps(("a", "b", "c"), 1, name="base"), maps(("a", "b", "c"), 2, name="tuned")
    found = compare(first, second)
    assert np.allclose(found.difference.weights, second.weights - first.weights)
    assert np.allclose(found.difference.weights.sum(axis=-1), 0, atol=1e-6)
    assert found.difference.kind == DIFFERENCE and found.difference.model == "tuned less base"
    assert not found.note
    best = found.ranked()
    assert found.divergence[best[0]] == found.divergence.max() and len(set(best)) == 6


def test_other_tokens_are_compared_as_words() -> None:
    first = maps(("[CLS]", "un", "##wise", "men", "[SEP]"), 1, (0, 4))
    second = maps(("<s>", " Unwise", " men"), 2, (0,))
    found = compare(first, second)
    assert found.second.tokens == ("Unwise", "men") and "words" in found.note
    assert np.allclose(found.first.weights.sum(axis=-1), 1, atol=1e-5)
    assert found.divergence.shape == (2, 3)


def test_other_words_and_other_heads_are_refused_with_the_reason() -> None:
    with pytest.raises(WorkbenchError, match="different words") as told:
        compare(maps((" good", " day"), 1), maps((" good", " night"), 2))
    assert "“day”" in told.value.problems[0].cause and "word 2" in told.value.problems[0].cause
    with pytest.raises(WorkbenchError, match="one by one") as told:
        compare(maps(("a", "b"), 1), maps(("a", "b"), 2, layers=4, name="big"))
    assert "big has 4 layers of 3 heads" in told.value.problems[0].cause
