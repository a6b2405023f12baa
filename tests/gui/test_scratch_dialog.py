"""The sliders of a new model: only what fits together, live numbers, and what ends up in the recipe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from workbench.gui.field_choice import SCRATCH, Choice
from workbench.gui.recipe_bar import RecipeBar
from workbench.gui.scratch_dialog import ScratchDialog, fitting_heads
from workbench.gui.workspace import Workspace
from workbench.run.scratch_fields import STARTING, scratch_problems
from workbench.run.scratch_hints import in_short, outlook

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def writing(workspace: Workspace) -> Workspace:
    """A recipe that continues texts."""
    workspace.set_field("task.kind", "causal-lm")
    return workspace


@pytest.fixture
def dialog(qtbot: QtBot, writing: Workspace) -> Iterator[ScratchDialog]:
    """The open dialog."""
    dialog = ScratchDialog(writing)
    qtbot.addWidget(dialog)
    dialog.show()
    yield dialog


def test_no_position_of_the_sliders_is_a_model_that_cannot_be(dialog: ScratchDialog) -> None:
    for width in range(len(dialog.width_.values)):
        dialog.width_.slider.setValue(width)
        for heads in range(len(dialog.heads.values)):
            dialog.heads.slider.setValue(heads)
            recipe = dialog.recipe()
            assert recipe.scratch.width % recipe.scratch.heads == 0
            assert not scratch_problems(recipe)
    assert fitting_heads(48) == (1, 2, 3, 4, 6)


def test_numbers_follow_the_sliders_and_the_recipe_takes_them(
    qtbot: QtBot, dialog: ScratchDialog, writing: Workspace
) -> None:
    before = dialog.weights.text()
    dialog.layers.slider.setFocus()
    qtbot.keyClick(dialog.layers.slider, Qt.Key.Key_Right)
    assert dialog.layers.value == 5 and dialog.weights.text() != before
    qtbot.keyClick(dialog.context.slider, Qt.Key.Key_Left)
    assert dialog.context.value == 64
    assert dialog.weights.text().startswith(in_short(outlook(dialog.recipe()).weights))
    dialog.tokeniser.setCurrentIndex(dialog.tokeniser.findData("characters"))
    assert not dialog.vocabulary.isEnabled()
    assert dialog.tokeniser.findData("word-pieces") < 0  # a GPT could not write with them
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    recipe = writing.recipe
    assert recipe.model.source == "new-gpt" and recipe.scratch.layers == 5
    assert recipe.training.max_length == 64 and recipe.scratch.tokeniser == "characters"
    for path, value in STARTING:
        assert recipe.value(path) == value


def test_shaping_it_again_keeps_what_was_set_since(qtbot: QtBot, writing: Workspace) -> None:
    first = ScratchDialog(writing)
    qtbot.addWidget(first)
    first.use.click()
    writing.set_field("training.learning_rate", 5e-4)
    writing.set_field("scratch.width", 100)  # not one of the slider's
    again = ScratchDialog(writing)
    qtbot.addWidget(again)
    assert again.width_.value == 100
    again.use.click()
    assert writing.recipe.training.learning_rate == 5e-4 and writing.recipe.scratch.heads == 4


def test_the_list_of_models_offers_it_where_it_can_be_learned(qtbot: QtBot, writing: Workspace) -> None:
    bar = RecipeBar(writing)
    qtbot.addWidget(bar)

    def offered(choice: Choice) -> bool:
        return choice.combo.findData(SCRATCH) >= 0

    assert offered(bar.model) and not offered(bar.data)
    writing.set_field("task.kind", "masked-lm")
    assert offered(bar.model)
    writing.set_field("task.kind", "chat")
    assert not offered(bar.model)
    writing.set_field("task.kind", "causal-lm")
    bar.model.combo.activated.emit(bar.model.combo.findData(SCRATCH))
    (opened,) = bar.findChildren(ScratchDialog)
    opened.use.click()
    assert bar.model.combo.currentText().startswith("New GPT")
