"""A pasted text under one model and under two, on a real session."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from workbench.gui.prompt.scored_view import ScoredView
from workbench.gui.workspace import Workspace
from workbench.run.home import Home

WAIT = 60_000


@pytest.fixture
def view(qtbot: QtBot, home: Home, tiny_llama: Path, workspace: Workspace) -> ScoredView:
    """The view on a home with a model, and another one that has learned something else."""
    import torch
    from transformers import AutoModelForCausalLM

    for name in ("tiny-one", "tiny-two"):
        shutil.copytree(tiny_llama, home.models / name)
    changed = AutoModelForCausalLM.from_pretrained(home.models / "tiny-one")
    with torch.no_grad():
        changed.lm_head.weight.mul_(1.5)
    changed.save_pretrained(home.models / "tiny-one")
    with qtbot.waitSignals([workspace.shelf_changed, workspace.shelf_changed], timeout=WAIT):
        workspace.refresh_shelf()
    made = ScoredView(workspace)
    made.resize(900, 600)
    qtbot.addWidget(made)
    made.show()
    made.use(next(choice for choice in made.other.choices() if choice.model == "tiny-one"))
    return made


def read(qtbot: QtBot, view: ScoredView) -> None:
    """Ask with the keyboard, and wait."""
    view.found = None
    qtbot.keyClick(view.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: view.found is not None, timeout=WAIT)


def test_a_text_is_read_by_one_model_and_then_by_two(qtbot: QtBot, view: ScoredView) -> None:
    view.box.setPlainText("a storm at sea")
    view.compare.setChecked(False)
    read(qtbot, view)
    assert view.found is not None and view.found.other is None and not view.which.isVisible()
    assert "".join(view.strip.tokens) == "a storm at sea" and view.strip.special[0]
    assert 0 < view.strip.share(3) <= 1 and "number" in view.strip.words(3)
    view.found = None
    view.other.pick("tiny-two")
    view.compare.setChecked(True)
    read(qtbot, view)
    found = view.found
    assert found is not None and found.gain is not None and view.which.current() == "gain"
    best = int(found.gain[1:].argmax()) + 1
    worst = int(found.gain[1:].argmin()) + 1
    assert view.strip.share(best) > 0 > view.strip.share(worst)
    assert "nats" in view.strip.words(best)
    top = view.listed.table.rows.row(0).value
    assert abs(found.gain[top]) == pytest.approx(abs(found.gain[1:]).max())
    view.listed.table.opened.emit(top)
    assert view.strip.marked == top and view.pointed.text() == view.strip.words(top)
    view.which.choose("other")
    view.which.chosen.emit("other")
    assert view.strip.share(best) > 0


def test_what_is_missing_or_too_short_is_said_in_the_view(qtbot: QtBot, view: ScoredView) -> None:
    view.read.click()
    assert view.hint.text() == "Paste a text first." and view.hint.isVisible()
    view.box.setPlainText("a")
    view.read.click()
    qtbot.waitUntil(lambda: "too short" in view.empty.title.text(), timeout=WAIT)
