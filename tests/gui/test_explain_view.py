"""The Explain view on a real session: strips that come one after the other, targets, words, the table."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.exporting import rows, write_all
from tests.gui.test_attention_pane import point
from workbench.gui.attention.token_strip import TokenStrip, ground
from workbench.gui.attention.views.explain import ExplainView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.theme import DARK, LIGHT
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.inside.explanation import METHODS, Explanation

TEXT = "the rain saw a storm today"


@pytest.fixture
def classifier_home(home: Home, tiny_bert: Path, tiny_llama: Path) -> Home:
    """Models: a classifier, a language model, and an encoder that predicts nothing."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    for name, source in (("topics", tiny_bert), ("writer", tiny_llama), ("encoder", tiny_bert)):
        shutil.copytree(source, home.models / name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig.from_pretrained(tiny_bert, num_labels=2, initializer_range=0.3)
        config.id2label = {0: "weather", 1: "kitchen"}
        BertForSequenceClassification(config).save_pretrained(home.models / "topics")
    return home


@pytest.fixture
def view(qtbot: QtBot, classifier_home: Home, workspace: Workspace) -> ExplainView:
    """The view with the explanation of a sentence by the classifier."""
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    pane.question.line.setText(TEXT)
    pane.question.chooser.pick("topics")
    pane.show_view("explain")
    pane.show()
    view = pane.views["explain"]
    assert isinstance(view, ExplainView)
    ready(qtbot, view)
    return view


def ready(qtbot: QtBot, view: ExplainView) -> Explanation:
    """Wait for the whole answer to what is asked now."""
    qtbot.waitUntil(
        lambda: not view.asking and view.found is not None and view.found.test is not None, timeout=60_000
    )
    assert view.found is not None
    return view.found


def test_every_method_has_its_strip_and_the_test_its_sentence(view: ExplainView) -> None:
    assert [row.method.key for row in view.rows.rows] == [method.key for method in METHODS]
    for row in view.rows.rows:
        assert row.strip.tokens == ("[CLS]", *TEXT.split(), "[SEP]")
        assert row.strip.scores is not None and "top tokens removed" in row.words.text()
    assert "removing" in view.sentence.text() and len(view.plot.curves) == 5 + 1 + len(METHODS)
    assert view.agreement.values.shape == (5, 5)
    assert "gap" in view.rows.rows[3].words.text()
    assert "special tokens, not ranked" in view.facts.text()


def test_strips_come_one_after_the_other(qtbot: QtBot, view: ExplainView) -> None:
    seen: list[int] = []
    keep = view.show_progress

    def count(value: Explanation) -> None:
        keep(value)
        seen.append(sum(row.strip.scores is not None for row in view.rows.rows))

    view.show_progress = count  # type: ignore[method-assign]
    view.question.set_text("the bread and the oven")
    qtbot.waitUntil(lambda: "oven" in view.rows.rows[0].strip.tokens and not view.asking, timeout=60_000)
    assert seen == [0, 1, 2, 3, 4, 5]


def test_pointing_at_a_token_frames_it_everywhere_and_says_its_scores(
    qtbot: QtBot, view: ExplainView
) -> None:
    strip = view.rows.rows[0].strip
    point(strip, strip.place(2).center())
    assert all(row.strip.marked == 2 for row in view.rows.rows)
    assert all(row.score.text().startswith("‘rain’ ") for row in view.rows.rows)
    strip.setFocus()
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert view.rows.rows[4].strip.marked == 3
    row = view.rows.rows[0]
    assert row.strip.scores is not None and row.score.text() == f"‘saw’ +{row.strip.scores[3]:.4g}"
    assert "(special, not ranked)" in strip.words(0)


def test_another_class_can_be_explained(qtbot: QtBot, view: ExplainView) -> None:
    assert view.found is not None
    other = 1 - view.found.target[0]
    view.target.setCurrentIndex(view.target.findData(other))
    view.target.activated.emit(view.target.currentIndex())
    qtbot.waitUntil(lambda: view.found is not None and view.found.target[0] == other, timeout=60_000)
    found = ready(qtbot, view)
    assert not found.predicted and "something else" in view.facts.text()
    assert view.target.currentData() == other
    view.question.set_text("bread and soup")  # a class stays chosen for the next sentence
    qtbot.waitUntil(lambda: "soup" in view.rows.rows[0].strip.tokens, timeout=60_000)
    assert ready(qtbot, view).target[0] == other


def test_a_language_models_token_can_be_explained_and_not_for_another_text(
    qtbot: QtBot, view: ExplainView
) -> None:
    view.question.chooser.pick("writer")
    view.question.set_text("hello there")
    qtbot.waitUntil(lambda: view.found is not None and view.found.language, timeout=60_000)
    ready(qtbot, view)
    assert view.target.itemText(0).startswith("The next token: ")
    view.target.setCurrentIndex(view.target.findData(6))
    view.target.activated.emit(view.target.currentIndex())
    qtbot.waitUntil(lambda: view.found is not None and len(view.found.tokens) == 6, timeout=60_000)
    ready(qtbot, view)
    assert "‘t’" in view.facts.text()
    view.question.set_text("good day")
    qtbot.waitUntil(lambda: view.found is not None and len(view.found.tokens) == 8, timeout=60_000)
    ready(qtbot, view)
    view.pieces.button("words").click()
    assert view.rows.rows[0].strip.tokens == ("good", " day")


def test_an_encoder_without_classes_is_refused_in_words_and_without_alarm(
    qtbot: QtBot, view: ExplainView
) -> None:
    told: list[object] = []
    view.workspace.problem_raised.connect(told.append)
    view.question.chooser.pick("encoder")
    view.ask()
    qtbot.waitUntil(lambda: view.stack.currentWidget() is view.empty and not view.asking, timeout=60_000)
    assert view.empty.title.text() == "This model makes no prediction that could be explained."
    assert not told


def test_scores_and_deletion_test_are_exported(
    qtbot: QtBot, view: ExplainView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert view.found is not None
    files = write_all(qtbot, view.workspace, view.export, tmp_path, monkeypatch)
    table = rows(files["Scores as CSV"])
    assert table[0][:5] == ["position", "token", "special", "rollout", "flow"]
    assert table[2][1] == "the" and len(table) == 1 + len(view.found.tokens)
    with np.load(files["Scores as NumPy file"]) as arrays:
        np.testing.assert_array_equal(arrays["occlusion"], view.found.attributions[-1].scores)
    drawn = files["Scores as SVG"].read_text(encoding="utf-8")
    assert drawn.count(">storm<") == 5 and "Occlusion" in drawn  # every method's strip
    assert len(rows(files["Deletion test as CSV"])) == 1 + len(view.found.test.removed)  # type: ignore[union-attr]
    page = files["This view as HTML"].read_text(encoding="utf-8")
    assert page.count("<svg") == 2 and "random orders" in page and "<td>storm</td>" in page


def test_the_strongest_text_token_has_the_strongest_colour_and_signs_have_two(qtbot: QtBot) -> None:
    strip = TokenStrip("test")
    qtbot.addWidget(strip)
    special = np.array([True, False, False, False])
    strip.show_tokens(("[CLS]", "a", "b", "c"), special, np.array([50.0, 2.0, -1.0, 0.0]))
    assert [strip.share(i) for i in (1, 2, 3)] == [1.0, -0.5, 0.0]
    for palette in (LIGHT, DARK):
        plain, blue, orange = (ground(palette, share) for share in (0.0, 1.0, -1.0))
        assert plain == palette.colour("surface")
        assert blue.blue() > blue.red() and orange.red() > orange.blue()
