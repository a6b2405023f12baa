"""The Edit view on a real session: words edited by menu and by typing, what changes, and what is stale is dropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from tests.gui.exporting import rows, write_all
from tests.gui.test_explain_view import TEXT, classifier_home  # noqa: F401 - a fixture
from workbench.engine.inside.edit import read_edit
from workbench.engine.loading import load_for_use
from workbench.gui.attention.change_bars import points
from workbench.gui.attention.views.edit import EditView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.inside.edit import Change, changed, pieces, swapped, without


@pytest.fixture
def view(qtbot: QtBot, classifier_home: Home, workspace: Workspace) -> EditView:  # noqa: F811
    """The view with a sentence that is not edited yet."""
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    pane.question.line.setText(TEXT)
    pane.question.chooser.pick("topics")
    pane.show_view("edit")
    pane.show()
    view = pane.views["edit"]
    assert isinstance(view, EditView)
    answered(qtbot, view)
    return view


def answered(qtbot: QtBot, view: EditView) -> None:
    """Wait until nothing is asked any more."""
    qtbot.waitUntil(
        lambda: view.found is not None and not view.asking and not view._typing.isActive(), timeout=60_000
    )


def pick(view: EditView, word: int, start: str) -> QAction:
    """The line of a word's menu that begins so."""
    view.words.fill_menu(word)
    return next(action for action in view.words.menu.actions() if action.text().startswith(start))


def test_it_begins_with_the_same_sentence_and_nothing_changed(view: EditView) -> None:
    assert view.line.text() == TEXT and not view.reset.isEnabled()
    assert view.words.tokens == tuple(TEXT.split()) and "same" in view.verdict.text()
    assert [points(change) for change in view.bars.rows()] == ["0.0", "0.0"]
    assert view.found is not None and view.found.comparison is not None
    assert not view.found.comparison.difference.weights.any()


def test_a_masked_word_shows_the_change_of_classes_and_heads_which_are_exported(
    qtbot: QtBot, view: EditView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick(view, 1, "Mask").trigger()
    answered(qtbot, view)
    found = view.found
    assert view.line.text() == "the [MASK] saw a storm today" and found is not None
    assert [view.words.share(i) > 0 for i in range(6)] == [False, True, False, False, False, False]
    assert found.second.tokens[2] == "[MASK]" and found.comparison is not None
    assert found.comparison.difference.tokens[2] == "rain→[MASK]"
    assert np.array_equal(found.comparison.difference.weights, found.second.weights - found.first.weights)
    before, after = dict(found.first.prediction), dict(found.second.prediction)
    for change in view.bars.rows():
        assert (change.before, change.after) == (before[change.name], after[change.name])
    assert view.atlases["difference"].selection == found.comparison.ranked()[0]
    view.which.button("both").click()
    assert view.maps.currentIndex() == 1 and view.atlases["first"]._shown is not None
    view.atlases["second"].choose(1, 1)
    assert view.atlases["first"].selection == (1, 1)
    files = write_all(qtbot, view.workspace, view.export, tmp_path, monkeypatch)
    assert [float(row[1]) for row in rows(files["Prediction as CSV"])[1:]] == pytest.approx(
        [change.before for change in found.changes], rel=1e-5
    )
    with np.load(files["All heads, edited as NumPy file"]) as arrays:
        assert np.array_equal(arrays["attention"], found.second.weights)
    drawn = files["This head, edited as SVG"].read_text(encoding="utf-8")
    assert "Layer 2, head 2" in drawn and "[MASK]" in drawn
    view.reset.click()
    answered(qtbot, view)
    assert view.line.text() == TEXT
    view.grab()


def test_a_word_left_out_is_compared_by_the_words_that_stayed(qtbot: QtBot, view: EditView) -> None:
    pick(view, 1, "Leave").trigger()
    answered(qtbot, view)
    found = view.found
    assert view.line.text() == "the saw a storm today" and found is not None and found.comparison is not None
    assert found.comparison.difference.tokens == ("[CLS]", "the", "saw", "a", "storm", "today", "[SEP]")
    assert "words that stayed" in view.note.text()
    kept = [0, 1, 3, 4, 5, 6, 7]
    rows = found.first.weights[:, :, kept][..., kept]
    expected = found.second.weights - rows / rows.sum(-1, keepdims=True)
    assert np.abs(found.comparison.difference.weights - expected).max() < 1e-6


def test_where_too_little_stays_both_maps_are_shown_without_a_difference(
    qtbot: QtBot, view: EditView
) -> None:
    view.line.setText("bread and salt")
    view.ask()
    answered(qtbot, view)
    assert view.found is not None and view.found.comparison is None
    assert not view.which.button("difference").isEnabled() and view.maps.currentIndex() == 1
    assert "Too few words" in view.note.text()


def test_words_swap_and_are_replaced_by_typing(qtbot: QtBot, view: EditView) -> None:
    pick(view, 1, "Swap").trigger()
    assert view.line.text() == "the saw rain a storm today"
    pick(view, 4, "Replace").trigger()
    assert view.line.selectedText() == "storm"
    qtbot.keyClicks(view.line, "snow")
    assert view.line.text() == "the saw rain a snow today" and view._typing.isActive()
    answered(qtbot, view)
    assert view.found is not None and "snow" in view.found.second.tokens


def test_a_stale_question_is_dropped_and_the_last_one_answered(qtbot: QtBot, view: EditView) -> None:
    shown: list[tuple[str, ...]] = []
    keep = view.show_answer

    def count(answer: object) -> None:
        keep(answer)  # type: ignore[arg-type]
        assert view.found is not None
        shown.append(view.found.second.tokens)

    view.show_answer = count  # type: ignore[method-assign]
    for word in ("sun", "wind", "fog"):
        view.line.setText(f"the {word} saw a storm today")
        view.ask()
    answered(qtbot, view)
    assert [tokens[2] for tokens in shown] == ["fog"]


def test_an_untouched_line_follows_the_sentence_and_an_edit_stays_while_it_is_typed_on(
    qtbot: QtBot, view: EditView
) -> None:
    view.question.set_text("the rain saw a storm today again")
    assert view.line.text() == "the rain saw a storm today again"
    pick(view, 1, "Leave").trigger()
    view.question.set_text("the rain saw a storm today and again")
    assert view.line.text() == "the saw a storm today again"
    view.question.set_text("bread with salt")
    assert view.line.text() == "bread with salt"
    view.line.setText("")
    view.ask()
    assert view.empty.title.text() == "The edited sentence is empty"
    view.reset.click()
    answered(qtbot, view)


def test_a_language_model_compares_its_next_tokens(qtbot: QtBot, view: EditView) -> None:
    view.question.chooser.pick("writer")
    view.question.set_text("good day")
    qtbot.waitUntil(lambda: view.found is not None and view.found.language, timeout=60_000)
    answered(qtbot, view)
    assert not pick(view, 0, "Mask").isEnabled()
    pick(view, 0, "Swap").trigger()
    answered(qtbot, view)
    found = view.found
    assert view.line.text() == "day good" and found is not None
    assert 5 <= len(found.changes) <= 10 and "next token" in view.verdict.text()


def test_the_chances_of_next_tokens_are_the_models_own(classifier_home: Home) -> None:  # noqa: F811
    loaded = load_for_use(classifier_home.models / "writer", "writer", torch.device("cpu"))
    found = read_edit(loaded, "good day", "good dog")
    ids = loaded.tokenizer(["good day", "good dog"], return_tensors="pt")["input_ids"]
    with torch.no_grad():
        chances = torch.softmax(loaded.model(ids).logits[:, -1], -1)
    tops = {round(float(value), 6) for value in chances[0].topk(5).values}
    assert tops <= {round(change.before, 6) for change in found.changes}
    tops = {round(float(value), 6) for value in chances[1].topk(5).values}
    assert tops <= {round(change.after, 6) for change in found.changes}


def test_words_are_found_left_out_and_swapped_as_a_person_would() -> None:
    text = "It isn't [MASK], is it?"
    words = [text[a:b] for a, b in pieces(text, "[MASK]")]
    assert words == ["It", "isn't", "[MASK]", ",", "is", "it", "?"]
    spans = pieces("Rain, snow and fog.")
    assert without("Rain, snow and fog.", spans[2]) == "Rain, and fog."
    assert without("Rain, snow and fog.", spans[0]) == ", snow and fog."
    assert without("Rain, snow and fog.", spans[4]) == "Rain, snow and."
    assert without("snow and", pieces("snow and")[0]) == "and"
    assert swapped("Rain, snow and fog.", spans[2], spans[3]) == "Rain, and snow fog."
    assert [("雨が降る")[a:b] for a, b in pieces("雨が降る")] == ["雨", "が", "降", "る"]
    assert changed("a b c", "a c d") == (False, False, True)
    assert [points(Change("x", 0.5, after)) for after in (0.625, 0.4, 0.5001)] == ["+12.5", "−10.0", "0.0"]


@pytest.mark.qt_log_ignore("This plugin does not support")  # Qt without a screen, of any menu that pops up
def test_the_menu_opens_by_keyboard(qtbot: QtBot, view: EditView) -> None:
    view.words.setFocus()
    qtbot.keyClick(view.words, Qt.Key.Key_Right)
    qtbot.keyClick(view.words, Qt.Key.Key_Return)
    assert view.words.menu.isVisible() and view.words.menu.actions()[1].text() == "Leave ‘the’ out"
    view.words.menu.hide()
