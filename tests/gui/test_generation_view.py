"""The Writing view, through the page: an answer that grows, its steps, heads, what is left out, and refusals."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot
from transformers import T5Config, T5ForConditionalGeneration

from tests.gui.exporting import rows as table_of
from tests.gui.exporting import write_all
from workbench.gui.attention.views.generation import GenerationView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.inside.generation import WrittenRows
from workbench.session.inside.generation import WritingRequest, watch_writing
from workbench.session.lanes import lone_desk

TEXT = "the rain"


@pytest.fixture
def pane(qtbot: QtBot, home: Home, workspace: Workspace, tiny_llama: Path, tiny_bert: Path) -> AttentionPane:
    shutil.copytree(tiny_llama, home.models / "writer")
    shutil.copytree(tiny_bert, home.models / "reader")
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1200, 900)
    qtbot.addWidget(pane)
    pane.question.chooser.pick("writer")
    pane.question.line.setText(TEXT)
    pane.show_view("generation")
    view_of(pane).length.choose("8")
    pane.show()
    return pane


def view_of(pane: AttentionPane) -> GenerationView:
    view = pane.view
    assert isinstance(view, GenerationView)
    return view


@pytest.fixture
def view(qtbot: QtBot, pane: AttentionPane) -> GenerationView:
    view = view_of(pane)
    qtbot.waitUntil(lambda: view.rows is not None and bool(view.rows.stopped_by), timeout=60_000)
    return view


def written(view: GenerationView) -> WrittenRows:
    assert view.rows is not None
    return view.rows


def test_keys_slider_and_clicks_go_through_the_answer(qtbot: QtBot, view: GenerationView) -> None:
    rows = written(view)
    assert rows.prompt == len(TEXT) and rows.steps == 8 and view.player.place.text() == "Token 8 of 8"
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert view.player.step == 0 and not view.strip.words(8).endswith("later")
    assert "written in this step" in view.strip.words(8) and "written later" in view.strip.words(9)
    assert f"{rows.row(0)[3]:.4f}" in view.strip.words(3)
    qtbot.keyClick(view.strip, Qt.Key.Key_Right)  # the strip leaves keys to the view
    assert view.player.step == 1 and f"{rows.row(1)[3]:.4f}" in view.strip.words(3)
    at = view.strip.place(rows.prompt + 5).center().toPoint()
    qtbot.mouseClick(view.strip, Qt.MouseButton.LeftButton, pos=at)
    assert view.player.step == 5
    qtbot.mouseMove(view.strip, view.strip.place(2).center().toPoint())
    view.strip.pointed.emit(2)
    assert view.hint.text() == view.strip.words(2) and "(token 3): weight" in view.hint.text()


def test_one_head_and_one_layer_show_their_own_weights(
    qtbot: QtBot, view: GenerationView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, step = written(view), view.player.step
    at = view.tiles.tile(1, 2).center()
    assert view.tiles.head_at(at) == (1, 2) and view.tiles.head_at(QPointF(0, 0)) is None
    qtbot.mouseClick(view.tiles, Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert view.whose.current() == "head" and "layer 2, head 3" in view.facts.text()
    assert f"{rows.weights[step, 1, 2, 4]:.4f}" in view.strip.words(4)
    view.whose.button("layer").click()
    assert f"{rows.weights[step, 1, :, 4].mean():.4f}" in view.strip.words(4)
    view.tiles.hovered.emit((0, 1))
    best = int(rows.weights[step, 0, 1, 1 : rows.reads(step)].argmax()) + 1
    assert f"(token {best + 1})" in view.tiles_words.text()
    files = write_all(qtbot, view.workspace, view.export, tmp_path, monkeypatch)
    table = table_of(files["This step as CSV"])
    assert len(table) == 1 + len(rows.tokens) and len(table[0]) == 2 + rows.steps
    assert float(table[5][2 + step]) == pytest.approx(float(rows.row(step)[4]), rel=1e-5)
    with np.load(files["This step as NumPy file"]) as arrays:
        assert np.array_equal(arrays["attention"], rows.weights)


def test_the_first_token_is_left_out_until_it_is_wanted(view: GenerationView) -> None:
    row = written(view).row(view.player.step)
    assert view.strip.share(0) == 0 and "not coloured" in view.strip.words(0)
    top = int(row[1:].argmax()) + 1
    assert view.strip.share(top) == 1 and view.bars.rows()[0][1] == pytest.approx(row[top])
    view.shown.choose("all")
    assert view.strip.share(0) == pytest.approx(np.sqrt(row[0] / row.max()))
    assert np.allclose(view.tiles._tiles[:, :, 0, 0], written(view).strongest(view.player.step))


def test_a_decoder_shows_its_look_at_the_text_or_at_its_answer(
    qtbot: QtBot, pane: AttentionPane, view: GenerationView, tiny_bert: Path
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model: Any = T5ForConditionalGeneration(
            T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=0)
        )
    model.config.decoder_start_token_id = model.generation_config.decoder_start_token_id = 0
    model.generation_config.eos_token_id = None
    assert view.look_part.isHidden()
    folder = view.workspace.session.home.models / "pair"
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tiny_bert / name, folder)
    with qtbot.waitSignal(view.workspace.shelf_changed, timeout=20_000):
        view.workspace.refresh_shelf()
    pane.question.chooser.pick("pair")
    qtbot.waitUntil(lambda: view.rows is not None and view.rows.source > 0, timeout=60_000)
    qtbot.waitUntil(lambda: bool(written(view).stopped_by), timeout=60_000)
    rows = written(view)
    m, step = rows.source, view.player.step
    assert not view.look_part.isHidden() and step == 7 and "in the text at" in view.facts.text()
    assert f"‘rain’ (token 3 of the text): weight {rows.row(step)[2]:.4f}" in view.strip.words(2)
    assert "(token 1 of the answer)" in view.strip.words(m + 1) and "other row" in view.strip.words(m + 1)
    assert view.strip.share(2) > 0 == view.strip.share(m + 1)
    assert view.strip.place(m).left() == view.strip.place(0).left()  # the answer begins a line
    view.look.button("decoder").click()
    view.shown.choose("all")  # this model may write special tokens only
    own = rows.row(step, look="decoder")
    assert f"weight {own[m + 1]:.4f}" in view.strip.words(m + 1) and view.strip.share(2) == 0
    assert "in the answer at" in view.facts.text()
    assert view.bars.rows()[0][0].endswith(f"({int(own[m:].argmax())})")
    assert np.allclose(view.tiles._tiles[:, :, 0, 0], rows.weights[step, :, :, m : m + 8].max(-1))


def test_playing_goes_to_the_end_and_stops(qtbot: QtBot, view: GenerationView) -> None:
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert view.player.playing and view.player.step == 0
    for _ in range(7):
        view.player._timer.timeout.emit()
    assert not view.player.playing and view.player.step == 7


def test_a_model_that_cannot_write_says_so(qtbot: QtBot, pane: AttentionPane, view: GenerationView) -> None:
    pane.question.chooser.pick("reader")
    qtbot.waitUntil(lambda: "cannot write" in view.empty.title.text(), timeout=60_000)
    assert view.stack.currentWidget() is view.empty and view.rows is None


def test_parts_come_on_the_way_and_stopping_keeps_them(pane: AttentionPane, view: GenerationView) -> None:
    parts: list[object] = []
    whole = watch_writing(
        view.workspace.session.home, WritingRequest("writer", TEXT, 40), lone_desk(parts.append)
    )
    some = [part for part in parts if isinstance(part, WrittenRows)]
    assert some and 0 < some[0].steps < whole.steps == 40
    view.forget()
    view.show_progress(some[0])
    assert "Writing" in view.note.text() and view.player.step == some[0].steps - 1
    view.show_progress(whole)
    assert view.player.step == 39  # one who stands at the newest token stays there
    view.player.go_to(3)
    view.show_progress(whole)
    assert view.player.step == 3
    view.halt()
    assert "Stopped by you" not in view.note.text()  # it was over already
    view.show_progress(some[0])
    view.halt()
    assert "Stopped by you" in view.note.text() and view.rows is not None
