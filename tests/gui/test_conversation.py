"""A conversation on a real session: its memory, versions, branches, continuing, and a closer look at a token."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.app import Bench
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.panes.prompt import PromptPane
from workbench.gui.prompt.answer import Answer
from workbench.gui.prompt.conversation import Conversation
from workbench.gui.prompt.feedback_button import FeedbackButton
from workbench.gui.prompt.inspector import Inspector
from workbench.gui.prompt.turn import Turn
from workbench.gui.workspace import Workspace
from workbench.run.generation import GenerationSettings
from workbench.run.home import Home

WAIT = 60_000
SHORT = GenerationSettings(temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=8, seed=3)


class Talking(QWidget):
    """A conversation with a closer look beside it, without the box where prompts are written."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.settings = SHORT
        self.conversation = Conversation(workspace, lambda: self.settings)
        self.inspector = Inspector(workspace)
        self.inspector.follow(self.conversation)
        self.inspector.opened.connect(self.inspector.show)
        self.inspector.closed.connect(self.inspector.hide)
        layout = QHBoxLayout(self)
        layout.addWidget(self.conversation, 1)
        layout.addWidget(self.inspector)
        self.inspector.hide()

    @property
    def turns(self) -> list[Turn]:
        """The turns that are shown."""
        return self.conversation.turns


@pytest.fixture
def talking(qtbot: QtBot, home: Home, tiny_llama: Path, workspace: Workspace) -> Talking:
    """A conversation with a tiny model."""
    shutil.copytree(tiny_llama, home.models / "tiny-llama")
    made = Talking(workspace)
    made.resize(1000, 700)
    qtbot.addWidget(made)
    made.conversation.use("tiny-llama", "Tiny")
    made.show()
    return made


def ask(qtbot: QtBot, talking: Talking, prompt: str) -> Turn:
    """Send a prompt and wait for its answers."""
    talking.conversation.ask(prompt)
    return over(qtbot, talking)


def over(qtbot: QtBot, talking: Talking) -> Turn:
    """Wait until nothing is being written; the last turn."""
    qtbot.waitUntil(lambda: not talking.conversation.busy, timeout=WAIT)
    return talking.turns[-1]


def ids(answer: Answer) -> list[int]:
    return [token.id for token in answer.written.tokens]


def test_a_next_turn_sees_the_turns_before_it_in_a_chat_only(qtbot: QtBot, talking: Talking) -> None:
    first = ask(qtbot, talking, "once")
    second = ask(qtbot, talking, "again")
    said = first.answers[0].written.text
    assert second.version.asked.earlier == (("user", "once"), ("assistant", said))
    talking.settings = SHORT.model_copy(update={"chat": False})
    assert ask(qtbot, talking, "third").version.asked.earlier == ()


def test_an_edited_turn_keeps_its_versions_with_what_followed_each(qtbot: QtBot, talking: Talking) -> None:
    first = ask(qtbot, talking, "once")
    ask(qtbot, talking, "again")
    first.edit.click()
    assert first.editor.toPlainText() == "once" and not first.words.isVisible()
    first.editor.setPlainText("twice")
    first.ask.click()
    edited = over(qtbot, talking)
    assert [turn.version.asked.prompt for turn in talking.turns] == ["twice"]
    assert edited.count.text() == "2 / 2" and edited.earlier.isVisible() and not edited.later.isEnabled()
    qtbot.mouseClick(edited.earlier, Qt.MouseButton.LeftButton)
    assert first.later.hasFocus()
    assert [turn.version.asked.prompt for turn in talking.turns] == ["once", "again"]
    assert talking.turns[0] is first and first.count.text() == "1 / 2" and not edited.isVisible()


def test_answering_again_takes_a_new_seed_and_both_can_be_had_again(qtbot: QtBot, talking: Talking) -> None:
    first = ask(qtbot, talking, "once")
    first.again.click()
    second = over(qtbot, talking)
    assert ids(second.answers[0]) != ids(first.answers[0])
    assert second.version.asked.settings.seed == SHORT.seed + 1
    assert f"seed {SHORT.seed + 1}" in second.title.text()
    talking.conversation.wipe()
    talking.settings = SHORT.model_copy(update={"seed": SHORT.seed + 1})
    assert ids(ask(qtbot, talking, "once").answers[0]) == ids(second.answers[0])


def test_an_answer_goes_on_as_it_would_have_gone_on(qtbot: QtBot, talking: Talking) -> None:
    answer = ask(qtbot, talking, "once").answers[0]
    assert answer.go_on.isVisible()
    begun = ids(answer)
    answer.go_on.click()
    over(qtbot, talking)
    assert ids(answer)[: len(begun)] == begun and len(ids(answer)) == 16
    assert answer.text.toPlainText() == answer.written.text
    talking.conversation.wipe()
    talking.settings = SHORT.model_copy(update={"max_new_tokens": 16})
    assert ids(ask(qtbot, talking, "once").answers[0]) == ids(answer)


def test_of_several_answers_the_chosen_one_is_followed(qtbot: QtBot, talking: Talking) -> None:
    talking.settings = SHORT.model_copy(update={"answers": 2})
    first = ask(qtbot, talking, "once")
    ask(qtbot, talking, "again")
    first.answers[1].follow.click()
    assert len(talking.turns) == 1
    third = ask(qtbot, talking, "other")
    assert third.version.asked.earlier[1] == ("assistant", first.answers[1].written.text)
    first.answers[0].follow.click()
    assert [turn.version.asked.prompt for turn in talking.turns] == ["once", "again"]


def test_the_keyboard_goes_from_token_to_token_and_leaves(qtbot: QtBot, talking: Talking) -> None:
    text = ask(qtbot, talking, "once").answers[0].text
    text.setFocus()
    inspector = talking.inspector
    for key, place in (
        (Qt.Key.Key_Right, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Left, 1),
    ):
        qtbot.keyClick(text, key)
        assert text.marked == place
    qtbot.waitUntil(lambda: inspector.found is not None, timeout=WAIT)
    assert inspector.found is not None and inspector.found.first == text.marked
    assert inspector.isVisible()
    qtbot.keyClick(text, Qt.Key.Key_Escape)
    assert text.marked is None and not inspector.isVisible()


def test_the_attention_of_a_step_is_read_only_when_asked_for(qtbot: QtBot, talking: Talking) -> None:
    turn = ask(qtbot, talking, "once")
    inspector = talking.inspector
    turn.answers[0].text.picked.emit(3)
    qtbot.waitUntil(lambda: inspector.found is not None, timeout=WAIT)
    assert inspector.attention.rows is None and not inspector.attention.isVisible()
    inspector.attend.click()
    qtbot.waitUntil(lambda: inspector.attention.rows is not None, timeout=WAIT)
    rows = inspector.attention.rows
    assert rows is not None and rows.row(0).sum() == pytest.approx(1, abs=1e-4)
    assert len(rows.tokens) == rows.prompt + 1
    assert "Most at" in inspector.attention.words.text()
    inspector.after.click()
    assert inspector.attention.rows is None
    qtbot.waitUntil(lambda: inspector.attention.rows is not None, timeout=WAIT)
    assert inspector.attention.rows is not None and inspector.attention.rows.prompt == rows.prompt + 1


def test_another_token_is_another_version_of_the_turn(qtbot: QtBot, talking: Talking) -> None:
    first = ask(qtbot, talking, "once")
    inspector = talking.inspector
    first.answers[0].text.picked.emit(2)
    qtbot.waitUntil(lambda: inspector.found is not None, timeout=WAIT)
    found = inspector.found
    assert found is not None
    other = next(i for i, token in enumerate(found.other[0]) if token != found.tokens[0])
    inspector.table.clicked.emit(inspector.table.rows.index(other, 0))
    inspector.take.click()
    branch = over(qtbot, talking)
    assert len(talking.turns) == 1 and branch.count.text() == "2 / 2"
    assert ids(branch.answers[0])[:2] == ids(first.answers[0])[:2]
    assert ids(branch.answers[0])[2] == found.other[0, other]
    assert branch.answers[0].text.toPlainText() == branch.answers[0].written.text


def test_thumbs_and_better_answers_become_data_that_the_next_run_can_take(
    qtbot: QtBot, talking: Talking, home: Home, workspace: Workspace
) -> None:
    turn = ask(qtbot, talking, "once")
    feedback = FeedbackButton(workspace)
    feedback.setParent(talking)
    assert not feedback.good.isEnabled()
    with qtbot.waitSignal(talking.conversation.told, timeout=WAIT):
        turn.answers[0].up.click()
    turn.answers[0].pencil.click()
    assert turn.answers[0].editor.toPlainText() == turn.answers[0].text.toPlainText()
    turn.answers[0].editor.setPlainText("upon a time")
    with qtbot.waitSignal(talking.conversation.told, timeout=WAIT) as told:
        turn.answers[0].keep.click()
    assert "Good answers: 1; pairs of a better and a worse one: 1" in told.args[0]
    assert "upon a time" in turn.answers[0].better.text() and turn.answers[0].better.isVisible()
    feedback.refresh()
    pages: list[str] = []
    workspace.page_wanted.connect(pages.append)
    with qtbot.waitSignal(workspace.data_changed, timeout=WAIT):
        feedback.pairs.trigger()
    assert pages == ["data"] and workspace.recipe.task.kind == "preference"
    qtbot.waitUntil(lambda: not workspace.data_busy, timeout=WAIT)
    assert workspace.data_problem is None and workspace.data is not None
    assert workspace.data.table is not None and workspace.data.table.columns == (
        "prompt",
        "chosen",
        "rejected",
    )


def test_an_answer_leads_to_its_attention(qtbot: QtBot, talking: Talking, workspace: Workspace) -> None:
    turn = ask(qtbot, talking, "once upon")
    with qtbot.waitSignal(workspace.page_wanted) as wanted:
        turn.answers[0].look.click()
    assert wanted.args == ["attention"]
    with qtbot.waitSignals([workspace.shelf_changed, workspace.shelf_changed], timeout=WAIT):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    qtbot.addWidget(pane)
    pane.show()
    assert pane.switcher.current() == "generation" and pane.question.text() == "once upon"
    choice = pane.question.chooser.choice()
    assert choice is not None and choice.model == "tiny-llama"
    qtbot.waitUntil(lambda: getattr(pane.view, "rows", None) is not None, timeout=WAIT)
    assert workspace.attention_wish is None
    pane.view.cancel()


def test_a_conversation_in_the_window_by_keyboard(
    qtbot: QtBot, home: Home, tiny_llama: Path, bench: Bench
) -> None:
    shutil.copytree(tiny_llama, home.models / "tiny-llama")
    bench.window.resize(1100, 800)
    bench.window.show()
    qtbot.waitUntil(lambda: any(m.name == "tiny-llama" for m in bench.workspace.models), timeout=WAIT)
    bench.window.show_page("prompt")
    qtbot.waitUntil(lambda: isinstance(bench.window.centre.pane("prompt"), PromptPane), timeout=WAIT)
    pane = bench.window.centre.pane("prompt")
    assert isinstance(pane, PromptPane)
    pane.chooser.pick("tiny-llama")
    writer = pane.writer
    writer.form.settings = SHORT
    qtbot.keyClicks(writer.box, "once")
    qtbot.keyClick(writer.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(writer.turns) and not writer.conversation.busy, timeout=WAIT)
    answer = writer.turns[0].answers[0]
    answer.text.setFocus()
    qtbot.keyClick(answer.text, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: writer.inspector.found is not None, timeout=WAIT)
    assert writer.inspector.isVisible() and writer.inspector.table.rows.rowCount() >= 10
    assert bench.window.height() == 800 and bench.window.width() == 1100
    qtbot.keyClick(answer.text, Qt.Key.Key_Escape)
    assert not writer.inspector.isVisible()
    qtbot.mouseClick(answer.look, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(bench.window.centre.pane("attention"), AttentionPane), timeout=WAIT)
    attention = bench.window.centre.pane("attention")
    assert isinstance(attention, AttentionPane) and bench.window.centre.page == "attention"
    qtbot.waitUntil(lambda: attention.switcher.current() == "generation", timeout=WAIT)
    assert attention.question.text() == "once"
    qtbot.waitUntil(lambda: getattr(attention.view, "rows", None) is not None, timeout=WAIT)
