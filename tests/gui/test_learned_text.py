"""A conversation on the Data page as the model reads it, with what is learned in colour."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.gui.data.learned_text import LearnedText
from workbench.gui.panes.data import DataPane
from workbench.gui.theme import theme
from workbench.gui.workspace import Workspace
from workbench.run.home import Home

LONG = 60_000


@pytest.fixture
def pane(qtbot: QtBot, workspace: Workspace, home: Home, tiny_llama: Path) -> DataPane:
    """The Data page on a home with a tiny language model."""
    shutil.copytree(tiny_llama, home.models / "tiny-llama")
    workspace.refresh_shelf()
    qtbot.waitUntil(lambda: any(model.name == "tiny-llama" for model in workspace.models), timeout=LONG)
    pane = DataPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    pane.show()
    return pane


def coloured(view: LearnedText) -> str:
    """What stands on a ground."""
    cursor, found = QTextCursor(view.text.document()), ""
    while cursor.movePosition(QTextCursor.MoveOperation.NextCharacter, QTextCursor.MoveMode.KeepAnchor):
        found += (
            cursor.selectedText() if cursor.charFormat().background().style() != Qt.BrushStyle.NoBrush else ""
        )
        cursor.clearSelection()
    return found


def test_a_conversation_shows_what_is_learned(
    qtbot: QtBot, qapp: QApplication, pane: DataPane, workspace: Workspace, tmp_path: Path
) -> None:
    rows = [{"question": f"Say {i}", "answer": f"{i}, as you wish."} for i in range(30)]
    file = tmp_path / "talk.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    workspace.choose_data(str(file))
    view, panel = pane.table_page.rows.panel.learned, pane.table_page.rows.panel
    qtbot.waitUntil(lambda: "learned" in view.summary, timeout=LONG)
    assert (workspace.recipe.task.kind, workspace.recipe.model.source) == ("chat", "tiny-llama")
    assert panel.kind.current() == "learned" and panel.kind.button("learned").isVisible()
    assert view.text.toPlainText().startswith("User: Say 0\nAssistant: 0, as")
    assert coloured(view) == " 0, as you wish.<end>"
    assert panel.length.text() == view.summary == "40 tokens, 17 learned"
    assert "saved with the model" in view.note.text()

    # The next row, and then a shorter maximum length, follow.
    pane.table_page.rows.show_row(7)
    qtbot.waitUntil(lambda: "Say 7" in view.text.toPlainText(), timeout=LONG)
    workspace.set_field("training.max_length", 30)
    qtbot.waitUntil(lambda: "cut off" in view.summary, timeout=LONG)
    assert coloured(view) == " 7, as y"
    theme().apply(qapp, "dark")
    assert coloured(view) == " 7, as y"
    theme().apply(qapp, "light")

    # A row that a step takes out says so; another task has no such view.
    step = {"kind": "filter-rows", "column": "question", "test": "equals", "value": "Say 7", "keep": False}
    workspace.set_field("data.steps", (step,))
    qtbot.waitUntil(lambda: "Say 0" in view.text.toPlainText(), timeout=LONG)
    pane.table_page.when.button("before").click()
    pane.table_page.rows.show_row(7)
    qtbot.waitUntil(lambda: view.message.isVisible(), timeout=LONG)
    assert "taken out" in view.message.title.text()
    workspace.set_field("task.kind", "text-classification")
    qtbot.waitUntil(lambda: not panel.kind.button("learned").isVisible(), timeout=LONG)
    assert panel.kind.current() == "text"


def test_a_model_that_is_not_set_up_is_explained(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "talk.csv"
    file.write_text("question,answer\n" + "".join(f"What is {i}?,A number: {i}\n" for i in range(30)))
    workspace.set_field("model.source", "nowhere")
    workspace.choose_data(str(file))
    qtbot.waitUntil(lambda: workspace.recipe.task.kind == "chat", timeout=LONG)
    workspace.set_field("model.source", "nowhere")
    view = pane.table_page.rows.panel.learned
    qtbot.waitUntil(lambda: "nowhere" in view.message.title.text(), timeout=LONG)
    assert view.stack.currentWidget() is view.message
