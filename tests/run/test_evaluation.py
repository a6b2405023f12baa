"""What of an answer counts, and when it is right."""

from __future__ import annotations

import pytest

from workbench.run.evaluation import EvaluationSettings, Judge, Share, extracted, last_number
from workbench.run.problem import WorkbenchError
from workbench.run.recipe_files import validated

PATTERN = EvaluationSettings().pattern


def test_the_last_match_counts_and_of_it_the_group() -> None:
    assert extracted("3 + 4\n#### 7\nNo:\n#### 8 eggs ", PATTERN) == "8 eggs"
    assert extracted("so it is 7", PATTERN) is None
    assert extracted("a1 b22", r"\d+") == "22"  # without a group, the whole match


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$1,234.50 in all", 1234.5), ("18.", 18), ("from 3 to -4", -4), ("none", None), ("1,2 and 3", 3),
        ("12,345,678", 12345678), (".5", 0.5), ("−7 °C", -7), ("2024", 2024),
    ],
)  # fmt: skip
def test_the_last_number_is_read_as_people_write_it(text: str, number: float | None) -> None:
    assert last_number(text) == number


def test_numbers_are_compared_where_the_data_has_numbers() -> None:
    judge = Judge.of(["It is 9 * 2.\n#### 18", "#### 1,200", "no number\n#### three"], PATTERN)
    assert judge.numeric and judge.pattern == PATTERN
    assert judge.judged("#### $18.00", "18").right and not judge.exact("#### $18.00", "18")
    assert judge.judged("She has 1200", "1,200").right  # no pattern: the last number
    assert judge.judged("She has 1200", "1,200").taken is None
    assert not judge.judged("18 is wrong, so\n#### 17", "18").right


def test_words_are_compared_where_the_data_has_words() -> None:
    judge = Judge.of(["Paris", "the Seine"], PATTERN)
    assert not judge.numeric and not judge.pattern
    assert judge.judged(" paris. ", "Paris").right
    assert not judge.judged("Paris, France", "Paris").right
    # One answer in three with the pattern is not the data's way to answer.
    assert not Judge.of(["#### a", "b", "c"], PATTERN).pattern


def test_an_interval_holds_for_none_and_all() -> None:
    # Wilson's interval for 0 of 10 and 5 of 10, from his formula with z = 1.96.
    low, high = Share(0, 10).interval
    assert low == pytest.approx(0.0, abs=1e-12) and high == pytest.approx(0.2775, abs=1e-4)
    assert Share(5, 10).interval == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert Share(10, 10).interval == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="pattern"):
        validated(EvaluationSettings, {"pattern": "(#### "})
