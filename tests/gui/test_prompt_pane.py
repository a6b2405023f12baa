"""The Prompt page on a real session: writing, stopping, several answers, settings, classes while typing, set-up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox
from pytestqt.qtbot import QtBot

from workbench.gui.panes.prompt import PromptPane
from workbench.gui.prompt.answer import AnswerText
from workbench.gui.workspace import Workspace
from workbench.run.generation import GenerationSettings
from workbench.run.home import Home
from workbench.run.recipe import Recipe, TaskSection
from workbench.run.recipe_files import fields_of, recipe_toml

Open = Callable[[str], PromptPane]
WAIT = 60_000


@pytest.fixture
def open_pane(qtbot: QtBot, home: Home, tiny_llama: Path, tiny_bert: Path, workspace: Workspace) -> Open:
    """Opens the page on a home with a language model and a run that classifies."""

    def open_pane(model: str) -> PromptPane:
        with qtbot.waitSignals(
            [workspace.shelf_changed, workspace.shelf_changed, workspace.runs_changed], timeout=WAIT
        ):
            workspace.refresh_shelf()
            workspace.refresh_runs()
        pane = PromptPane(workspace)
        pane.resize(1100, 800)
        qtbot.addWidget(pane)
        pane.show()
        pane.chooser.pick(model)
        return pane

    shutil.copytree(tiny_llama, home.models / "tiny-llama")
    classifying_run(home, tiny_bert)
    return open_pane


def classifying_run(home: Home, tiny_bert: Path) -> None:
    """A run folder whose saved weights put texts into three classes."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    folder = home.runs / "2026-01-02-topics-abcd"
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text(
        recipe_toml(Recipe(name="Topics", task=TaskSection(kind="text-classification"))), encoding="utf-8"
    )
    config = BertConfig.from_pretrained(
        tiny_bert, num_labels=3, id2label={0: "weather", 1: "kitchen", 2: "travel"}
    )
    BertForSequenceClassification(config).save_pretrained(folder / "model")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder / "model")


def filling_run(home: Home, tiny_bert: Path) -> None:
    """A run folder whose saved weights fill gaps."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    folder = home.runs / "2026-01-03-harbour-dcba"
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text(
        recipe_toml(Recipe(name="Harbour", task=TaskSection(kind="masked-lm"))), encoding="utf-8"
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)  # some would fill gaps with marks that are not shown
        BertForMaskedLM(BertConfig.from_pretrained(tiny_bert)).save_pretrained(folder / "model")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder / "model")


def set_number(pane: PromptPane, path: str, value: float) -> None:
    editor = pane.writer.form.edits[path].editor
    assert isinstance(editor, (QSpinBox, QDoubleSpinBox))
    editor.setValue(value)


def ask(qtbot: QtBot, pane: PromptPane, prompt: str) -> None:
    """Write a prompt and send it with the keyboard."""
    qtbot.keyClicks(pane.writer.box, prompt)
    qtbot.keyClick(pane.writer.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def answered(qtbot: QtBot, pane: PromptPane) -> list[str]:
    """Wait for the last prompt's answers."""
    turn = pane.writer.turns[-1]
    qtbot.waitUntil(
        lambda: all("ended" in a.facts.text() or "cut" in a.facts.text() for a in turn.answers), timeout=WAIT
    )
    return [answer.text.toPlainText() for answer in turn.answers]


def test_a_prompt_is_answered_and_counted(qtbot: QtBot, open_pane: Open) -> None:
    pane = open_pane("tiny-llama")
    assert pane.stack.currentWidget() is pane.writer
    set_number(pane, "max_new_tokens", 24)
    ask(qtbot, pane, "once")
    assert pane.writer.stop.isVisible()
    answered(qtbot, pane)
    assert pane.writer.send.isVisible()
    [answer] = pane.writer.turns[-1].answers
    assert 0 < answer.text.tokens <= 24
    assert f"{answer.text.tokens} tokens" in answer.facts.text()
    assert "a second" in answer.facts.text()


def test_the_same_seed_answers_the_same_and_each_answer_has_its_own(qtbot: QtBot, open_pane: Open) -> None:
    pane = open_pane("tiny-llama")
    set_number(pane, "max_new_tokens", 20)
    set_number(pane, "answers", 3)
    pane.writer.form.boxes["chat"].setChecked(False)  # each prompt stands alone
    ask(qtbot, pane, "once")
    first = answered(qtbot, pane)
    ask(qtbot, pane, "once")
    second = answered(qtbot, pane)
    assert first == second
    assert len(set(first)) == 3


def test_stopping_keeps_what_is_written(qtbot: QtBot, open_pane: Open) -> None:
    pane = open_pane("tiny-llama")
    set_number(pane, "max_new_tokens", 100)
    set_number(pane, "answers", 16)
    ask(qtbot, pane, "once upon a time")
    turn = pane.writer.turns[-1]
    qtbot.waitUntil(lambda: turn.answers[0].text.tokens >= 3, timeout=WAIT)
    qtbot.mouseClick(pane.writer.stop, Qt.MouseButton.LeftButton)
    kept = turn.answers[0].text.toPlainText()
    assert "stopped by you" in turn.answers[0].facts.text()
    assert turn.answers[-1].facts.text() == "not written"
    # The next prompt is answered, and nothing late was added to the stopped one.
    set_number(pane, "answers", 1)
    set_number(pane, "max_new_tokens", 5)
    ask(qtbot, pane, "again")
    answered(qtbot, pane)
    assert turn.answers[0].text.toPlainText() == kept


def test_an_empty_prompt_gets_a_hint_and_no_error(qtbot: QtBot, open_pane: Open) -> None:
    pane = open_pane("tiny-llama")
    with qtbot.assertNotEmitted(pane.workspace.problem_raised):
        qtbot.mouseClick(pane.writer.send, Qt.MouseButton.LeftButton)
    assert pane.writer.hint.text().startswith("Write something first")
    assert pane.writer.turns == []
    qtbot.keyClicks(pane.writer.box, "a")
    assert pane.writer.hint.text().startswith("Ctrl+Enter")


def test_shading_gives_the_less_probable_token_the_stronger_ground(qtbot: QtBot, open_pane: Open) -> None:
    pane = open_pane("tiny-llama")
    set_number(pane, "max_new_tokens", 30)
    ask(qtbot, pane, "once")
    answered(qtbot, pane)
    text = pane.writer.turns[-1].answers[0].text
    assert grounds(text) == {0.0}
    pane.writer.form.shade.setChecked(True)
    assert len(grounds(text)) > 1
    at = {p: t.probability for p in range(len(text.toPlainText())) if (t := text.token_at(p))}
    ground = {p: ground_at(text, p) for p in at}
    likely, unlikely = max(at, key=at.__getitem__), min(at, key=at.__getitem__)
    assert ground[unlikely] > ground[likely]
    pane.writer.form.shade.setChecked(False)
    assert grounds(text) == {0.0}


def ground_at(text: AnswerText, position: int) -> float:
    """How strongly the ground behind a character is coloured."""
    cursor = text.textCursor()
    cursor.setPosition(position + 1)
    brush = cursor.charFormat().background()
    return brush.color().alphaF() if brush.style() != Qt.BrushStyle.NoBrush else 0.0


def grounds(text: AnswerText) -> set[float]:
    return {round(ground_at(text, p), 3) for p in range(len(text.toPlainText()))}


def test_copy_and_clear(qtbot: QtBot, open_pane: Open) -> None:
    pane = open_pane("tiny-llama")
    set_number(pane, "max_new_tokens", 8)
    ask(qtbot, pane, "once")
    [text] = answered(qtbot, pane)
    pane.writer.turns[-1].answers[0].copy()
    assert QGuiApplication.clipboard().text() == text
    qtbot.mouseClick(pane.writer.clear, Qt.MouseButton.LeftButton)
    assert pane.writer.turns == []
    assert pane.writer.conversation.stack.currentWidget() is pane.writer.conversation.empty


def test_a_clicked_token_shows_what_else_it_could_be_and_another_one_branches(
    qtbot: QtBot, open_pane: Open
) -> None:
    pane = open_pane("tiny-llama")
    set_number(pane, "max_new_tokens", 12)
    set_number(pane, "answers", 2)
    ask(qtbot, pane, "once")
    answered(qtbot, pane)
    writer, inspector = pane.writer, pane.writer.inspector
    text = writer.turns[-1].answers[1].text
    written = text.written()
    cursor = text.textCursor()
    cursor.movePosition(cursor.MoveOperation.End)
    text.setTextCursor(cursor)
    qtbot.keyClick(text, Qt.Key.Key_Return)
    assert writer.side.currentWidget() is inspector and text.extraSelections()
    inspector.before.click()
    qtbot.waitUntil(lambda: inspector.found is not None, timeout=WAIT)
    found = inspector.found
    assert found is not None and found.tokens.tolist() == [written[found.first].id]
    assert found.after[0] == pytest.approx(written[found.first].probability, abs=1e-5)
    assert inspector.table.rows.rowCount() in (10, 11) and not inspector.take.isEnabled()
    other = next(i for i, token in enumerate(found.other[0]) if token != found.tokens[0])
    inspector.table.clicked.emit(inspector.table.rows.index(other, 0))
    inspector.take.click()
    answered(qtbot, pane)
    [branch] = writer.turns[-1].answers
    ids = [token.id for token in branch.text.written()]
    assert ids[: found.first] == [token.id for token in written[: found.first]]
    assert ids[found.first] == found.other[0, other] and not text.extraSelections()
    assert writer.side.currentIndex() == 0


def test_there_is_an_editor_for_every_setting_and_a_wrong_value_is_marked(open_pane: Open) -> None:
    pane = open_pane("tiny-llama")
    form = pane.writer.form
    assert {*form.edits, *form.boxes} == set(fields_of(GenerationSettings))
    for path, edit in form.edits.items():
        assert fields_of(GenerationSettings)[path].help in edit.editor.toolTip()
    top_p = form.edits["top_p"].editor
    assert isinstance(top_p, QDoubleSpinBox)
    top_p.setValue(0.0)
    assert "greater than 0" in form.edits["top_p"].complaint.text()
    assert form.settings.top_p == GenerationSettings().top_p
    top_p.setValue(0.5)
    assert form.edits["top_p"].complaint.text() == ""
    assert form.settings.top_p == 0.5
    form.boxes["chat"].setChecked(False)
    form.reset.click()
    assert form.settings == GenerationSettings()


def test_a_classifier_follows_while_typing(qtbot: QtBot, open_pane: Open) -> None:
    pane = open_pane("2026-01-02-topics-abcd")
    assert pane.stack.currentWidget() is pane.classifier
    assert pane.classifier.stack.currentWidget() is pane.classifier.empty
    qtbot.keyClicks(pane.classifier.box, "rain and snow")
    qtbot.waitUntil(lambda: len(pane.classifier.bars.rows()) == 3, timeout=WAIT)
    rows = pane.classifier.bars.rows()
    assert {name for name, _ in rows} == {"weather", "kitchen", "travel"}
    assert sum(value for _, value in rows) == pytest.approx(1, abs=1e-4)
    assert pane.classifier.winner.text().startswith(rows[0][0])
    qtbot.keyClicks(pane.classifier.box, " soup bread onion")
    qtbot.waitUntil(lambda: pane.classifier.bars.rows() != rows, timeout=WAIT)
    pane.classifier.box.clear()
    qtbot.waitUntil(lambda: pane.classifier.stack.currentWidget() is pane.classifier.empty, timeout=5000)


def test_an_encoder_without_classes_is_not_offered(open_pane: Open) -> None:
    offered = {choice.model for choice in open_pane("tiny-llama").chooser.choices()}
    assert "minilm" not in offered
    assert {"tiny-llama", "2026-01-02-topics-abcd", "smollm2"} <= offered


def test_a_model_that_is_not_set_up_is_explained_with_size_and_licence(
    qtbot: QtBot, open_pane: Open, workspace: Workspace
) -> None:
    pane = open_pane("smollm2")
    workspace.models = tuple(
        replace(entry, state="not installed") if entry.name == "smollm2" else entry
        for entry in workspace.models
    )
    workspace.shelf_changed.emit()
    assert pane.stack.currentWidget() is pane.setup
    sentence = pane.setup.sentence.text()
    assert "MB" in sentence
    assert "Apache-2.0" in sentence
    assert pane.setup.action.isVisible()


def test_a_run_that_is_no_longer_there_is_a_problem_and_the_page_goes_on(
    qtbot: QtBot, open_pane: Open, home: Home
) -> None:
    pane = open_pane("2026-01-02-topics-abcd")
    shutil.rmtree(home.runs / "2026-01-02-topics-abcd")
    with qtbot.waitSignal(pane.workspace.problem_raised, timeout=WAIT):
        qtbot.keyClicks(pane.classifier.box, "rain")
    assert pane.classifier.hint.text()
    pane.chooser.pick("tiny-llama")
    assert pane.stack.currentWidget() is pane.writer


def test_a_masked_model_fills_gaps_while_one_types(
    qtbot: QtBot, home: Home, tiny_bert: Path, open_pane: Open
) -> None:
    filling_run(home, tiny_bert)
    pane = open_pane("2026-01-03-harbour-dcba")
    page = pane.filling
    assert pane.stack.currentWidget() is page and pane.views.isHidden() and page.empty.isVisible()
    qtbot.keyClicks(page.box, "the rain and the sun")
    assert page.stack.currentWidget() is page.empty
    qtbot.waitUntil(lambda: "No gap yet" in page.hint.text(), timeout=WAIT)
    page.hide_word.click()  # the word at the cursor, which is the last one
    assert page.box.toPlainText() == "the rain and the __"
    qtbot.waitUntil(lambda: len(page.bars) == 1, timeout=WAIT)
    qtbot.keyClicks(page.box, " of __")
    qtbot.waitUntil(lambda: len(page.bars) == 2, timeout=WAIT)
    assert page.stack.currentWidget() is page.answer and not page.hint.text()
    assert all(len(bars.rows()) == 10 for bars in page.bars)
    assert page.filled.text().startswith("the rain and the ") and "__" not in page.filled.text()
    page.examples.fill()
    page.examples.list.actions()[-1].trigger()
    qtbot.waitUntil(lambda: len(page.bars) == 1, timeout=WAIT)
    assert "__" in page.box.toPlainText()
