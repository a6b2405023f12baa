"""The Prompt page with several models, a table of prompts, saved prompts, presets, and answers while learning."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog
from pytestqt.qtbot import QtBot

from workbench.gui.app import Bench
from workbench.gui.panes.prompt import PromptPane
from workbench.gui.prompt.columns import Column
from workbench.gui.prompt.prompts_button import FillDialog, ManageDialog
from workbench.gui.workspace import Workspace
from workbench.run.events import Ended, Started, Step
from workbench.run.film_fields import FilmSection
from workbench.run.folder import RunFolder, make_run
from workbench.run.generation import PRESETS, GenerationSettings
from workbench.run.home import Home
from workbench.run.journal import Journal
from workbench.run.pinned import Moment, PinnedAnswer, PinnedWriter
from workbench.run.pinned_fields import PinnedSection
from workbench.run.recipe import DataSection, ModelSection, Recipe, TaskSection
from workbench.run.saved_prompts import read_prompts, save_prompt
from workbench.run.training_fields import TrainingSection

WAIT = 60_000
#: Pixels in which words still stand side by side.
READABLE = 180


@pytest.fixture
def models(home: Home, tiny_llama: Path) -> None:
    """Two copies of a language model on the shelf."""
    for name in ("one", "two"):
        shutil.copytree(tiny_llama, home.models / name)


@pytest.fixture
def page(qtbot: QtBot, models: None, workspace: Workspace) -> PromptPane:
    """The Prompt page alone."""
    pane = PromptPane(workspace)
    pane.resize(1000, 700)
    qtbot.addWidget(pane)
    pane.show()
    return settled_page(qtbot, pane)


def settled_page(qtbot: QtBot, pane: PromptPane) -> PromptPane:
    """Wait for the shelf, and take the first of the two models."""
    pane.workspace.refresh_shelf()
    pane.workspace.refresh_runs()
    qtbot.waitUntil(lambda: "two" in {c.model for c in pane.chooser.choices()}, timeout=WAIT)
    pane.chooser.pick("one")
    pane.writer.form.take(GenerationSettings(temperature=0.9, max_new_tokens=8, seed=4))
    return pane


def ask(qtbot: QtBot, pane: PromptPane, prompt: str) -> None:
    """Write a prompt and send it with the keyboard, and wait for all columns."""
    qtbot.keyClicks(pane.writer.box, prompt)
    qtbot.keyClick(pane.writer.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settled(qtbot, pane)


def settled(qtbot: QtBot, pane: PromptPane) -> None:
    qtbot.waitUntil(lambda: not pane.writer.columns.busy, timeout=WAIT)


def written(column: Column) -> list[str]:
    return [turn.version.answer.text for turn in column.conversation.turns]


def test_models_side_by_side_answer_the_same_prompt_with_the_same_seed(
    qtbot: QtBot, models: None, bench: Bench
) -> None:
    bench.window.resize(1100, 800)
    bench.window.show()
    bench.window.show_page("prompt")
    qtbot.waitUntil(lambda: bench.window.centre.pane("prompt") is not None, timeout=WAIT)
    pane = bench.window.centre.pane("prompt")
    assert isinstance(pane, PromptPane)
    settled_page(qtbot, pane)
    columns = pane.writer.columns
    ask(qtbot, pane, "once")
    qtbot.mouseClick(pane.add, Qt.MouseButton.LeftButton)
    assert [column.choice.model for column in columns.columns if column.choice] == ["one", "two"]
    settled(qtbot, pane)
    qtbot.waitUntil(lambda: len(written(columns.columns[1])) == 1, timeout=WAIT)
    ask(qtbot, pane, "and again")
    one, two = map(written, columns.columns)
    assert len(one) == 2 and one == two  # copies of one model: the late one has caught up
    assert "tokens a second" in columns.columns[1].facts.text()
    assert columns.columns[1].facts.text().startswith("base model")
    for _ in range(2):
        pane.add.click()
    assert columns.full and not pane.add.isEnabled() and "4 of 4" in pane.caption.text()
    settled(qtbot, pane)
    assert not pane.writer.side.isVisible()  # the settings make room
    for column in columns.columns:
        area = column.conversation.area
        assert column.width() >= READABLE
        assert area.widget().width() <= area.viewport().width()  # nothing is cut off at the side
    pane.writer.show_settings.click()
    assert pane.writer.side.isVisible()
    columns.columns[2].remove.click()
    columns.columns[2].remove.click()
    columns.columns[1].remove.click()
    assert not columns.several and pane.chooser.parent() is not columns.first.head
    assert written(columns.first) == one


def test_stop_stops_all_columns_and_keeps_what_is_written(qtbot: QtBot, page: PromptPane) -> None:
    pane = page
    columns = pane.writer.columns
    pane.add.click()
    pane.writer.form.take(GenerationSettings(max_new_tokens=4000, temperature=2.0))
    qtbot.keyClicks(pane.writer.box, "once")
    pane.writer.send.click()
    first = columns.first.conversation.turns[0].version.answer
    qtbot.waitUntil(lambda: len(first.tokens) > 2, timeout=WAIT)
    pane.writer.stop.click()
    assert not columns.busy and pane.writer.send.isVisible()
    assert first.ended == "person"
    assert columns.columns[1].conversation.turns[0].version.answer.ended == "not written"


def test_a_preset_sets_its_rules_and_own_settings_are_told_apart(page: PromptPane) -> None:
    form = page.writer.form
    assert form.preset.currentIndex() == 0
    for preset in PRESETS:
        form.preset.setCurrentIndex(form.preset.findData(preset.name))
        form.preset.activated.emit(form.preset.currentIndex())
        assert form.settings == preset.applied(form.settings) and form.settings.seed == 4
        assert form.preset_help.text() == preset.help
    form.boxes["chat"].setChecked(False)
    assert not form.settings.chat and not form.system.isVisible()


def test_the_command_on_the_clipboard_names_models_settings_and_prompt(
    qtbot: QtBot, page: PromptPane
) -> None:
    pane = page
    pane.add.click()
    pane.writer.form.system.setPlainText("Be brief.")
    ask(qtbot, pane, "what's up?")
    pane.writer.out.command.trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[:6] == ["workbench", "generate", "one", "what's up?", "--beside", "two"]
    assert "seed=4" in words and words[-3:] == ["--turn", "system", "Be brief."]
    pane.writer.out.copy.trigger()
    assert QGuiApplication.clipboard().text().count("**You**\n\nwhat's up?") == 2


def test_a_conversation_is_saved_as_json_lines(
    qtbot: QtBot, page: PromptPane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = page
    ask(qtbot, pane, "once")
    path = tmp_path / "talk"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    pane.writer.out.lines.trigger()
    qtbot.waitUntil(lambda: pane.writer.hint.text() == "Saved: talk.jsonl", timeout=WAIT)
    [line] = map(json.loads, path.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines())
    assert [turn["role"] for turn in line["messages"]] == ["user", "assistant"]


def test_prompts_are_saved_filled_in_renamed_and_deleted(qtbot: QtBot, page: PromptPane, home: Home) -> None:
    pane = page
    button, box, window = pane.writer.prompts, pane.writer.box, pane.window()
    box.setPlainText("What is {thing} like?")
    button.ask_name()
    dialog = window.findChild(QInputDialog, "save prompt")
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("Weather")
    dialog.accept()
    assert [one.name for one in read_prompts(home)] == ["Weather"]
    button.fill()
    next(action for action in button.list.actions() if action.text() == "Weather").trigger()
    fill = window.findChild(FillDialog, "fill in")
    assert isinstance(fill, FillDialog)
    fill.fields["thing"].setPlainText("rain {today}")
    fill.insert.click()
    assert box.toPlainText() == "What is rain {today} like?"
    save_prompt(home, "Other", "x")
    button.manage()
    manage = window.findChild(ManageDialog, "saved prompts")
    assert isinstance(manage, ManageDialog)
    manage.list.item(1).setText("Other")  # taken already
    assert "already" in manage.text.text() and manage.list.item(1).text() == "Weather"
    manage.list.item(1).setText("Climate")
    assert [one.name for one in read_prompts(home)] == ["Climate", "Other"]
    manage.list.setCurrentRow(1)
    manage.delete_button.click()
    assert [one.name for one in read_prompts(home)] == ["Climate"]
    manage.accept()


def test_a_file_of_prompts_is_answered_as_a_table_and_saved(
    qtbot: QtBot, page: PromptPane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = page
    pane.add.click()
    pane.show_view("batch")
    batch = pane.batch
    assert batch.stack.currentWidget() is batch.empty
    file, output = tmp_path / "prompts.csv", tmp_path / "answers"
    rows = "".join(f"{i},hello {i},=SUM({i})\n" for i in range(20))
    file.write_text(f"id,question,remark\n{rows}20,,none\n", encoding="utf-8")
    batch.read(str(file))
    qtbot.waitUntil(lambda: batch.model.rowCount() == 21, timeout=WAIT)
    assert batch.source.column.currentText() == "question" and batch.model.prompts[3] == "hello 3"
    with qtbot.waitSignal(batch.over, timeout=WAIT):
        batch.answer.click()
    assert batch.model.count() == 42 and batch.hint.text().startswith("42 of 42")
    model = batch.model
    assert all(model.text(row, 1) == model.text(row, 2) != "" for row in range(20))
    assert model.failed(20, 1) and "empty" in model.text(20, 1)
    batch.view.selectRow(5)
    assert batch.details.texts[1].text.toPlainText() == model.text(5, 1)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(output), ""))
    batch.save.click()
    qtbot.waitUntil(lambda: "saved" in batch.hint.text(), timeout=WAIT)
    with output.with_suffix(".csv").open(encoding="utf-8", newline="") as saved:
        lines = list(csv.DictReader(saved))
    assert len(lines) == 21 and lines[7]["remark"] == "'=SUM(7)" and lines[7]["model"] == "one"


def test_a_batch_with_a_template_can_be_cancelled(qtbot: QtBot, page: PromptPane, tmp_path: Path) -> None:
    pane = page
    pane.show_view("batch")
    batch = pane.batch
    file = tmp_path / "prompts.csv"
    file.write_text("id,word\n" + "".join(f"{i},rain\n" for i in range(300)), encoding="utf-8")
    batch.read(str(file))
    qtbot.waitUntil(lambda: batch.model.rowCount() == 300, timeout=WAIT)
    batch.source.column.setCurrentIndex(batch.source.column.count() - 1)
    batch.source.column.activated.emit(batch.source.column.currentIndex())
    batch.source.template.selectAll()
    qtbot.keyClicks(batch.source.template, "Of {wind}")
    batch.answer.click()
    assert "'wind'" in batch.hint.text() and batch.model.count() == 0
    batch.source.template.selectAll()
    qtbot.keyClicks(batch.source.template, "Number {id}: {word}")
    assert batch.model.prompts[2] == "Number 2: rain"
    batch.answer.click()
    qtbot.waitUntil(lambda: batch.model.count() > 3, timeout=WAIT)
    batch.cancel.click()
    count = batch.model.count()
    assert 3 < count < 300 and batch.answer.isVisible() and batch.save.isEnabled()
    with qtbot.assertNotEmitted(batch.model.dataChanged, wait=200):
        pass
    assert batch.model.count() == count


@pytest.fixture
def learned(home: Home) -> RunFolder:
    """A recorded run that answered a prompt three times."""
    run = make_run(home, Recipe(name="Taught", task=TaskSection(kind="causal-lm")))
    started = Started(task="causal-lm", model="one", device="CPU", precision="fp32", total_steps=8,
                      steps_per_epoch=8, train_rows=8, validation_rows=2, parameters=10)  # fmt: skip
    step = Step(step=8, epoch=1.0, loss=1.0, learning_rate=0.1, gradient_norm=1.0, tokens_per_second=1.0,
                samples_per_second=1.0, memory=1)  # fmt: skip
    with Journal(run.journal_file) as journal:
        for event in (started, step, Ended(status="finished", step=8, seconds=10.0)):
            journal.append(event)
    writer = PinnedWriter(run.path, ("What is rain?",), -1)
    for number, text in ((0, "rain rain"), (4, "it is water"), (8, "water that falls")):
        pieces = tuple((f"{word} ", 0.5) for word in text.split())
        answer = PinnedAnswer("What is rain?", text, pieces, "end")
        writer.add(Moment(number, number / 8, (answer,), False, 0.1 * number, 10.0))
    return run


def test_what_a_run_answered_is_scrubbed_with_a_slider(
    qtbot: QtBot, page: PromptPane, learned: RunFolder, home: Home, tiny_llama: Path
) -> None:
    shutil.copytree(tiny_llama, learned.model)
    pane = page
    pane.workspace.refresh_runs()
    qtbot.waitUntil(lambda: learned.name in {c.model for c in pane.chooser.choices()}, timeout=WAIT)
    pane.show_view("learning")
    learning = pane.learning
    assert "belong to a run" in learning.empty.title.text()
    pane.chooser.pick(learned.name)
    qtbot.waitUntil(lambda: learning.found is not None, timeout=WAIT)
    [part] = learning.parts
    assert part.prompt.text() == "What is rain?" and learning.player.frame == 2
    assert part.text.toPlainText().strip() == "water that falls"
    assert "8.0 % of the training time" in learning.player.cost.text()
    learning.player.slider.setFocus()
    qtbot.keyClick(learning.player.slider, Qt.Key.Key_Home)
    assert part.text.toPlainText().strip() == "rain rain"
    learning.player.go_to_step(4)
    assert part.text.toPlainText().strip() == "it is water"
    qtbot.keyClicks(learning.box, "And snow?")
    qtbot.keyClick(learning.box, Qt.Key.Key_Return)
    assert pane.workspace.recipe.pinned.prompts == ("And snow?",)
    learning.on.click()
    assert pane.workspace.recipe.pinned.on is False


def test_a_run_in_work_answers_before_one_s_eyes_and_stops_answering_with_one_click(
    qtbot: QtBot, page: PromptPane, tiny_text: Path
) -> None:
    pane, workspace = page, page.workspace
    recipe = Recipe(
        model=ModelSection(source="one"), data=DataSection(train=str(tiny_text)),
        task=TaskSection(kind="causal-lm"), film=FilmSection(on=False),
        pinned=PinnedSection(prompts=("once",), every=1, length=3),
        training=TrainingSection(max_steps=100_000, epochs=1000, max_length=32, batch_size=4, device="cpu"),
    )  # fmt: skip
    workspace.set_recipe(recipe)
    workspace.start()
    qtbot.waitUntil(lambda: workspace.active_name is not None, timeout=WAIT)
    pane.chooser.pick("live")
    pane.show_view("learning")
    learning = pane.learning
    qtbot.waitUntil(lambda: bool(learning.found and len(learning.found.moments) > 2), timeout=WAIT)
    assert learning.on.isChecked() and [part.prompt.text() for part in learning.parts] == ["once"]
    learning.box.setText("and again")
    learning.pin_button.click()
    qtbot.waitUntil(lambda: bool(learning.found and "and again" in learning.found.asked), timeout=WAIT)
    learning.on.click()
    qtbot.waitUntil(lambda: bool(learning.found and not learning.found.on), timeout=WAIT)
    with qtbot.waitSignal(workspace.run_ended, timeout=WAIT):
        workspace.stop()
