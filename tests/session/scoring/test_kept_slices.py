"""Questions about rows are kept by the file, and a damaged file of them stands in nobody's way."""

from __future__ import annotations

from workbench.run.home import Home
from workbench.session.scoring.kept_slices import forget_question, keep_question, kept_questions


def test_questions_are_kept_and_forgotten_by_file(home: Home) -> None:
    assert kept_questions(home, "a.csv") == ()
    keep_question(home, "a.csv", "words > 30")
    keep_question(home, "b.csv", "wrong")
    assert keep_question(home, "a.csv", 'text contains "ü"') == ("words > 30", 'text contains "ü"')
    assert keep_question(home, "a.csv", "words > 30") == ('text contains "ü"', "words > 30")
    assert (
        forget_question(home, "a.csv", 'text contains "ü"')
        == kept_questions(home, "a.csv")
        == ("words > 30",)
    )
    assert forget_question(home, "a.csv", "never asked") == ("words > 30",)
    assert kept_questions(home, "b.csv") == ("wrong",)
    (home.root / "slices.json").write_text("[1", encoding="utf-8")
    assert kept_questions(home, "a.csv") == () and keep_question(home, "a.csv", "right") == ("right",)
