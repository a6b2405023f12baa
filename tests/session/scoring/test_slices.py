"""Weak groups of rows: the planted one comes first, chance finds nothing, and a question chooses the rows it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from workbench.run.problem import WorkbenchError
from workbench.run.row_scores import RowScores
from workbench.session.scoring.row_query import RowTable, words_of
from workbench.session.scoring.slices import SliceWish, corrected, find_slices, slice_of, tracked

QUICK = SliceWish(languages=False)
COMMON = tuple(f"word{i}" for i in range(60))


def evaluation(rows: int = 600, seed: int = 0, errors: float = 0.1, planted: int = 8) -> RowScores:
    """Random texts of two classes with random mistakes; some texts have a rare word, and are all wrong."""
    chance = np.random.default_rng(seed)
    texts = [" ".join(chance.choice(COMMON, chance.integers(4, 30))) for _ in range(rows)]
    true = chance.integers(2, size=rows)
    wrong = chance.random(rows) < errors
    for row in chance.choice(rows, planted, replace=False):
        texts[row], wrong[row] = f"{texts[row]} quixotic", True
    sure = chance.uniform(0.6, 0.99, rows)
    said = np.where(wrong, 1 - true, true)
    probabilities = np.where(np.arange(2) == said[:, None], sure[:, None], 1 - sure[:, None])
    topics = tuple(str(topic) for topic in chance.choice(["sport", "news", "art"], rows))
    metadata = {"topic": topics, "year": tuple(str(year) for year in chance.integers(1900, 2000, rows))}
    return RowScores.of(texts, true, probabilities, ("bad", "good"), metadata=metadata)


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_word_is_found_first(seed: int) -> None:
    scores = evaluation(seed=seed)
    found = find_slices(scores, QUICK)
    first = found.slices[0]
    assert first.name == "texts with “quixotic”" and first.size == 8 and first.right == 0
    assert first.q_value < 0.01 and first.high < first.rest and first.lost > 6
    assert RowTable(scores).where(first.query).nonzero()[0].tolist() == first.rows.tolist()
    assert found.looked > 60


def test_a_rare_word_of_real_texts_is_found_first_among_other_weaknesses(real: Callable[[str], Path]) -> None:
    """Reviews of films; a model that is made up finds long ones harder, and the labels of one rare word are flipped."""
    lines = real("sst2/dev.tsv").read_text(encoding="utf-8").splitlines()[1:]
    texts, labels = zip(*(line.rsplit("\t", 1) for line in lines), strict=True)
    true, split = np.array(labels, dtype=np.int64), [set(words_of(text)) for text in texts]
    counts = Counter(word for words in split for word in words)
    rare = sorted(word for word, count in counts.items() if 6 <= count <= 12)
    chance, first = np.random.default_rng(0), 0
    for word in chance.choice(rare, 10, replace=False):
        has = np.array([word in words for words in split])
        long = np.array([len(words_of(text)) > 20 for text in texts])
        wrong = (chance.random(len(texts)) < 0.05 + 0.12 * long) ^ has
        said = np.where(wrong, 1 - true, true)
        scores = RowScores.of(texts, true, np.where(np.arange(2) == said[:, None], 0.9, 0.1), ("bad", "good"))
        first += find_slices(scores, QUICK).slices[0].query == f"text has-word {word}"
    assert first >= 8  # of 10: where the model would have been wrong, a flipped label hides it


def test_a_wide_weakness_does_not_hide_the_planted_one_and_explains_its_own_words() -> None:
    scores = evaluation(rows=1000)
    sport = np.array([topic == "sport" for topic in scores.metadata["topic"]])
    flipped = scores.probabilities.copy()
    worse = sport & (np.random.default_rng(1).random(len(sport)) < 0.25) & ~scores.wrong
    flipped[worse] = flipped[worse][:, ::-1]
    texts = [f"{text} match" if hit else text for text, hit in zip(scores.texts, sport, strict=True)]
    both = RowScores.of(texts, scores.true, flipped, scores.names, metadata=scores.metadata)
    first, second, *_ = find_slices(both, QUICK).slices
    assert first.name == "texts with “quixotic”"
    assert {second.name, *second.also} >= {"“topic” is sport", "texts with “match”"}
    assert second.size == sport.sum()


def test_chance_alone_is_rarely_called_a_weakness() -> None:
    finds = [len(find_slices(evaluation(300, seed, 0.2, 0), QUICK).slices) for seed in range(20)]
    assert sum(count > 0 for count in finds) <= 3  # at most 5 % of the time, by what the correction promises


def test_clusters_of_vectors_are_looked_at() -> None:
    scores = evaluation(rows=400, planted=0)
    chance = np.random.default_rng(0)
    apart = chance.choice(400, 25, replace=False)
    vectors = chance.normal(size=(400, 8)) * 0.1 + np.eye(8)[chance.integers(7, size=400)]
    vectors[apart] = np.eye(8)[7] + chance.normal(size=(25, 8)) * 0.01
    wrong = scores.probabilities.copy()
    wrong[apart] = np.where(np.arange(2) == scores.true[apart][:, None], 0.1, 0.9)
    there = RowScores.of(scores.texts, scores.true, wrong, scores.names, vectors=vectors)
    first = find_slices(there, QUICK).slices[0]
    assert first.kind == "cluster" and first.query.startswith("text is-like ")
    table = RowTable(there)
    assert table.where(first.query).nonzero()[0].tolist() == first.rows.tolist()
    for query, why in (("true is-like 3", "Only texts"), ("text is-like 401", "not among these rows")):
        with pytest.raises(WorkbenchError, match=why):
            table.where(query)
    with pytest.raises(WorkbenchError, match="vectors were not taken"):
        RowTable(scores).where(first.query)
    assert set(apart) >= set(first.rows.tolist()) and first.size >= 20
    later = there.take(np.arange(399, -1, -1))
    assert set(tracked(first, there, later).rows.tolist()) == {399 - row for row in first.rows.tolist()}


def test_a_slice_is_tracked_into_another_evaluation_by_its_question() -> None:
    before, after = evaluation(planted=8), evaluation(seed=3, planted=4)
    found = tracked(find_slices(before, QUICK).slices[0], before, after)
    assert found.size == 4 and found.kind == "word"


def test_questions_choose_the_rows_that_they_say() -> None:
    true = np.array([0, 1, 1, 0])
    sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    metadata = {
        "year": ("1990", "2001", None, "x"),
        "text": ("a", "b", "c", "d"),
        "by whom": ("Al", "Bo", "Al", ""),
    }
    texts = ("Not bad at all", "Knot, hot", 'He said "no"', "5 stars")
    table = RowTable(RowScores.of(texts, true, sure, ("bad", "very good"), metadata=metadata))
    expected = {
        "wrong": [1, 3], "right": [0, 2], "not wrong and words >= 3": [0, 2], '"not"': [0, 1],
        "text has-word not": [0], "text has-word 5": [3], "text matches ^[0-9]": [3], "text is-longer 12": [0],
        "text is-shorter 9": [3], "year > 1995": [1], "year is-missing": [2], "year = x": [3], "year != x": [0, 1, 2],
        'true = "very good"': [1, 2], "predicted = bad or probability <= 0.6": [0, 1, 3], "length < 8": [3],
        '"by whom" = Al and wrong': [], "“text (given)” contains B": [1], "loss > 1": [1], "“said \"no”": [2],
        "words = 2": [1, 3],
    }  # fmt: skip
    for query, rows in expected.items():
        assert table.where(query).nonzero()[0].tolist() == rows, query
    wrong = {
        "": "Nothing", "not": "missing", "colour = red": "no column", "words > many": "no number",
        "text is red": "no test", "wrong right": "and", "text matches (": "regular expression", "words >": "missing",
        'text = "open': "understood",
    }  # fmt: skip
    for query, why in wrong.items():
        with pytest.raises(WorkbenchError, match=why):
            table.where(query)


def test_a_slice_by_question_says_how_the_model_does_on_it() -> None:
    scores = evaluation()
    one = slice_of(scores, "topic = art")
    mask = np.array([topic == "art" for topic in scores.metadata["topic"]])
    assert one.size == mask.sum() and one.score == pytest.approx(1 - scores.wrong[mask].mean())
    assert one.rest == pytest.approx(1 - scores.wrong[~mask].mean()) and one.low < one.score < one.high
    none = slice_of(scores, "topic = nothing")
    assert none.size == 0 and np.isnan(none.score) and none.p_value == 1
    with pytest.raises(WorkbenchError, match="no labels"):
        find_slices(RowScores.of(["a"], None, np.array([[0.5, 0.5]]), ("x", "y")))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_correction_is_that_of_benjamini_and_hochberg(p_values: list[float]) -> None:
    np.testing.assert_allclose(corrected(np.array(p_values)), false_discovery_control(p_values), atol=1e-12)
