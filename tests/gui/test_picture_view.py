"""The Picture view, through the page; and what the other views say to models that read pictures or have two parts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.gui.exporting import rows, write, write_all
from workbench.gui.attention.views import VIEWS
from workbench.gui.attention.views.picture import PictureView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.inside.picture import over_picture, rollout
from workbench.run.results import AttentionMaps


def write_vit(folder: Path) -> None:
    """A random ViT (2 layers, 4 heads, 4 × 4 patches, three classes)."""
    import torch
    import transformers as hf

    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = hf.ViTConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32,
            patch_size=8, id2label={0: "red", 1: "green", 2: "blue"}, initializer_range=0.3,
        )  # fmt: skip
        hf.ViTForImageClassification(config).save_pretrained(folder)
    hf.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)


def write_t5(folder: Path, tokens_of: Path) -> None:
    """A random encoder-decoder with the words of another model."""
    import torch
    import transformers as hf

    tokenizer: Any = hf.AutoTokenizer.from_pretrained(tokens_of)
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        config = hf.T5Config(
            vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=0,
            eos_token_id=3, decoder_start_token_id=0,
        )  # fmt: skip
        hf.T5ForConditionalGeneration(config).save_pretrained(folder)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Half red, half black, and not square."""
    colours = np.zeros((50, 40, 3), dtype=np.uint8)
    colours[:25] = (255, 0, 0)
    Image.fromarray(colours).save(tmp_path / "half.png")
    return tmp_path / "half.png"


@pytest.fixture
def pane(qtbot: QtBot, home: Home, workspace: Workspace, tiny_bert: Path) -> AttentionPane:
    write_vit(home.models / "vit")
    write_t5(home.models / "two-parts", tiny_bert)
    shutil.copytree(tiny_bert, home.models / "reader")
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1200, 900)
    qtbot.addWidget(pane)
    pane.question.chooser.pick("vit")
    pane.show_view("picture")
    pane.show()
    return pane


@pytest.fixture
def view(qtbot: QtBot, pane: AttentionPane, picture: Path) -> PictureView:
    view = pane.view
    assert isinstance(view, PictureView)
    assert view.empty.title.text() == "Choose a picture"
    pane.question.set_picture(str(picture))
    qtbot.waitUntil(lambda: view.maps is not None, timeout=60_000)
    return view


def maps_of(view: PictureView) -> AttentionMaps:
    assert view.maps is not None
    return view.maps


def test_models_for_pictures_stand_apart_and_ask_for_a_picture(
    pane: AttentionPane, monkeypatch: pytest.MonkeyPatch, picture: Path
) -> None:
    question = pane.question
    choice = question.chooser.choice()
    assert choice is not None and (choice.group, choice.task) == ("Models for pictures", "image")
    assert question.picture_button.isVisible() and not question.line.isVisible()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(picture), ""))
    question.picture_button.click()
    assert question.picture() == str(picture) and question.picture_name.text() == "half.png"
    question.chooser.pick("reader")
    assert question.line.isVisible() and not question.picture_button.isVisible()
    view = pane.view
    assert isinstance(view, PictureView) and view.empty.title.text() == "reader reads texts"
    assert "models for pictures above" in view.empty.sentence.text()


def test_rollout_layers_and_heads_lie_over_the_picture(qtbot: QtBot, view: PictureView) -> None:
    maps = maps_of(view)
    assert maps.picture is not None and maps.picture.patches == (4, 4)
    assert sorted(name for name, _ in view.bars.rows()) == ["blue", "green", "red"]
    assert view.prediction.isVisible() and "4 × 4 patches" in view.note.text()
    everything = rollout(maps.weights)
    one = np.eye(17)
    by_hand = (maps.weights[1].mean(0) / 2 + one / 2) @ (maps.weights[0].mean(0) / 2 + one / 2)
    assert np.allclose(everything, by_hand, atol=1e-6) and np.allclose(everything.sum(1), 1, atol=1e-6)
    assert np.allclose(view._shown, everything[0, 1:].reshape(4, 4))
    qtbot.mouseClick(view.tiles, Qt.MouseButton.LeftButton, pos=view.tiles.tile(1, 3).center().toPoint())
    assert view.whose.current() == "head" and "layer 2, head 4" in view.facts.text()
    assert np.allclose(view._shown, maps.weights[1, 3, 0, 1:].reshape(4, 4))
    view.canvas.pointed.emit((2, 1))
    assert f"weight {maps.weights[1, 3, 0, 1 + 9]:.4f}" in view.hint.text()
    view.whose.button("layer").click()
    assert np.allclose(view._shown, maps.weights[1, :, 0, 1:].mean(0).reshape(4, 4))


def test_a_patch_looks_when_it_is_clicked_and_the_arrow_keys_go_on(qtbot: QtBot, view: PictureView) -> None:
    maps = maps_of(view)
    view.whose.button("head").click()
    at = view.canvas.patch_place((1, 2)).center()
    assert view.canvas.patch_at(at) == (1, 2) and view.canvas.patch_at(QPointF(0, 0)) is None
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert "row 2, column 3" in view.facts.text()
    assert np.allclose(view._shown, maps.weights[0, 0, 1 + 6, 1:].reshape(4, 4))
    qtbot.keyClick(view.canvas, Qt.Key.Key_Down)
    assert np.allclose(view._shown, maps.weights[0, 0, 1 + 10, 1:].reshape(4, 4))
    view.whole.click()
    assert np.allclose(view._shown, maps.weights[0, 0, 0, 1:].reshape(4, 4))
    means = over_picture(maps, maps.weights, None)
    assert np.allclose(means[1, 2], maps.weights[1, 2, 1:, 1:].mean(0).reshape(4, 4))


def test_colours_cover_as_much_as_is_wanted_and_are_exported(
    qtbot: QtBot, view: PictureView, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def red(image: QImage) -> int:
        """Pixels of the picture's own red."""
        return sum(
            image.pixelColor(x, y).getRgb()[:3] == (255, 0, 0)
            for x in range(0, image.width(), 9)
            for y in range(0, image.height(), 9)
        )

    view.opacity.setValue(0)
    [line, *_] = view.export.lines()
    plain = write(qtbot, view.workspace, view.export, line, tmp_path / "plain", monkeypatch)
    assert red(QImage(str(plain))) > 1000
    view.opacity.setValue(100)
    files = write_all(qtbot, view.workspace, view.export, tmp_path, monkeypatch)
    assert red(QImage(str(files["Picture as PNG"]))) == 0
    table = rows(files["Picture as CSV"])
    np.testing.assert_allclose(np.array([row[1:] for row in table[1:]], float), view._shown, rtol=1e-5)


def test_pictures_are_dropped_and_other_files_explained(
    qtbot: QtBot, view: PictureView, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    data = QMimeData()
    data.setUrls(
        [QUrl.fromLocalFile(str(tmp_path / "notes.txt")), QUrl.fromLocalFile(str(tmp_path / "broken.png"))]
    )
    view.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    qtbot.waitUntil(lambda: "cannot be read" in view.empty.title.text(), timeout=60_000)
    assert view.stack.currentWidget() is view.empty and view.maps is None


@pytest.mark.parametrize("model", ["vit", "two-parts"])
def test_no_view_stumbles_over_models_of_other_kinds(qtbot: QtBot, pane: AttentionPane, model: str) -> None:
    pane.question.line.setText("we saw the rain today")
    pane.question.chooser.pick(model)
    told: dict[str, str] = {}
    for row in VIEWS:
        pane.show_view(row.key)
        view = pane.view
        qtbot.waitUntil(lambda view=view: not view.asking, timeout=60_000)
        page = view.stack.currentWidget()
        told[row.key] = view.empty.title.text() if page is view.empty else "shown"
    if model == "vit":
        others = {key: words for key, words in told.items() if key not in ("picture", "film")}
        assert set(others.values()) == {"vit reads pictures"}
    else:
        assert told["heads"] == told["census"] == told["generation"] == "shown"
    assert "Reading" not in told.values()
