"""Before and after, through the page: two models, the most changed head, another order, plain refusals."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot
from transformers import AutoModelForSequenceClassification

from tests.gui.exporting import rows, write_all
from workbench.gui.attention.views.compare import CompareView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.session.inside.compare import ComparisonRequest, compare_heads
from workbench.session.lanes import lone_desk


@pytest.fixture
def pair_home(home: Home, tiny_bert: Path, tiny_llama: Path) -> Home:
    """A tiny encoder, the same with one layer's queries changed, and a model of another kind."""
    shutil.copytree(tiny_bert, home.models / "before")
    shutil.copytree(tiny_bert, home.models / "after")
    shutil.copytree(tiny_llama, home.models / "writer")
    model = AutoModelForSequenceClassification.from_pretrained(home.models / "after", num_labels=2)
    with torch.no_grad():
        query = model.base_model.encoder.layer[1].attention.self.query
        query.weight[: query.weight.shape[0] // 2] *= -40  # the first head of the second layer
    model.save_pretrained(home.models / "after")
    return home


@pytest.fixture
def pane(qtbot: QtBot, pair_home: Home, workspace: Workspace) -> AttentionPane:
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1200, 900)
    qtbot.addWidget(pane)
    pane.question.chooser.pick("after")
    pane.show()
    pane.show_view("compare")
    view = pane.view
    assert isinstance(view, CompareView)
    view.other.pick("before")
    qtbot.waitUntil(lambda: view.found is not None, timeout=60_000)
    return pane


@pytest.fixture
def view(pane: AttentionPane) -> CompareView:
    assert isinstance(pane.view, CompareView)
    return pane.view


def test_the_head_that_was_changed_is_found_and_enlarged(view: CompareView) -> None:
    assert view.found is not None
    assert view.atlas.selection == view.found.ranked()[0] == (1, 0)
    assert view.head_card.title.text() == "Layer 2, head 1" and "number 1 of" in view.change.text()
    assert view.found.divergence[0].max() == 0  # nothing before it was touched


def test_before_after_and_difference_are_one_click_apart(view: CompareView) -> None:
    found = view.found
    assert found is not None
    for key, maps in (("first", found.first), ("second", found.second), ("difference", found.difference)):
        view.which.button(key).click()
        view.head.mark(None)
        view.head.mark((1, 2))
        assert view.cell.text().endswith(
            f"{maps.weights[1, 0, 1, 2]:{'+' if maps is found.difference else ''}.4f}"
        )
    assert np.allclose(found.difference.weights, found.second.weights - found.first.weights)


def test_the_most_changed_heads_stand_first(qtbot: QtBot, view: CompareView) -> None:
    view.order.button("change").click()
    assert view.found is not None
    places = [view.atlas.tile_centre(*head) for head in view.found.ranked()]
    assert places == sorted(places, key=lambda at: (at.y(), at.x())) and len(places) == 4


def test_one_model_with_itself_and_another_kind_are_explained(qtbot: QtBot, view: CompareView) -> None:
    view.other.pick("after")
    assert view.stack.currentWidget() is view.empty and "different models" in view.empty.title.text()
    view.other.pick("writer")
    qtbot.waitUntil(lambda: "one by one" in view.empty.title.text(), timeout=60_000)
    assert "writer has 2 layers of 4 heads" in view.empty.sentence.text()


def test_what_is_on_can_be_exported(
    qtbot: QtBot, view: CompareView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert view.found is not None
    files = write_all(qtbot, view.workspace, view.export, tmp_path, monkeypatch)
    with np.load(files["All heads as NumPy file"]) as kept:
        assert np.array_equal(kept["attention"], view.found.difference.weights)
    assert rows(files["Change of each head as CSV"])[1][:2] == ["2", "1"]


def test_a_script_compares_too(pair_home: Home) -> None:
    found = compare_heads(pair_home, ComparisonRequest("after", "before", "rain and bread"), lone_desk())
    assert found.ranked()[0] == (1, 0)
    with pytest.raises(WorkbenchError):
        compare_heads(pair_home, ComparisonRequest("after", "before", " "), lone_desk())
