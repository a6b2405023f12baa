"""Long texts in the Heads view, and the parts of an encoder-decoder, on a real session with a tiny T5."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.conftest import write_tiny_bert
from workbench.gui.attention.figures import head_table, map_parts
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.results import AttentionMaps, PooledMaps

LONG = "the rain saw a storm today and we saw bread near the old hotel . " * 150
SHORT = "the rain saw a storm"


@pytest.fixture(scope="module")
def tiny_t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A T5 of random weights, whose positions have no end."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    folder = write_tiny_bert(tmp_path_factory.mktemp("models") / "tiny-t5")
    config = T5Config(
        vocab_size=64,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        pad_token_id=0,
        eos_token_id=3,
    )
    config.decoder_start_token_id = 0
    with torch.random.fork_rng():
        torch.manual_seed(3)
        T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


@pytest.fixture
def pane(qtbot: QtBot, home: Home, tiny_t5: Path, workspace: Workspace) -> AttentionPane:
    """The page that asks this model."""
    shutil.copytree(tiny_t5, home.models / "tiny-t5")
    with qtbot.waitSignals([workspace.shelf_changed] * 2, timeout=20_000):
        workspace.refresh_shelf()
    pane = AttentionPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    pane.question.chooser.pick("tiny-t5")
    return pane


def test_a_long_text_is_an_atlas_of_blocks_and_a_head_is_read_in_full_when_chosen(
    qtbot: QtBot, pane: AttentionPane
) -> None:
    heads = pane.heads
    pane.question.line.setText(LONG)
    pane.show()
    qtbot.waitUntil(lambda: heads.maps is not None, timeout=60_000)
    maps = heads.maps
    assert isinstance(maps, PooledMaps) and len(maps.tokens) == 2048
    assert maps.tiles.shape[2] <= 96 and "Cut after 2048" in heads.note.text()
    assert not heads.head_card.switch.isEnabled()
    assert heads.filter.isVisible() and heads.census is not None and heads.census.kinds.shape == (2, 4)
    assert heads.census.tokens == 2046 and (heads.census.entropy <= np.log(2048) + 1e-3).all()
    qtbot.waitUntil(lambda: heads.figure(False) is not None, timeout=60_000)
    heads.atlas.choose(1, 2)
    qtbot.waitUntil(lambda: not heads.asking and heads.figure(False) is not None, timeout=60_000)
    figure = heads.figure(False)
    assert figure is not None and isinstance(figure.shown.maps, AttentionMaps)
    whole = figure.shown.weights[1, 2]
    assert whole.shape == (2048, 2048) and np.abs(whole.sum(1) - 1).max() < 1e-5
    blocks = np.maximum.reduceat(np.maximum.reduceat(whole, maps.rows[:-1], 0), maps.columns[:-1], 1)
    assert np.abs(blocks - maps.tiles[1, 2].astype(np.float32)).max() < 5e-4
    atlas = heads.figure(True)
    assert atlas is not None
    one, every = map_parts(atlas, figure)
    assert one.name == "layer-2-head-3" and every.arrays is not None
    assert every.arrays()["tiles"].shape == maps.tiles.shape
    pane.question.set_text(SHORT)
    qtbot.waitUntil(lambda: isinstance(heads.maps, AttentionMaps), timeout=60_000)
    assert heads.head_card.switch.isEnabled()


def test_the_parts_of_an_encoder_decoder_are_chosen(qtbot: QtBot, pane: AttentionPane) -> None:
    heads = pane.heads
    pane.question.line.setText(SHORT)
    assert not heads.part.isVisible()
    pane.show()
    qtbot.waitUntil(lambda: heads.maps is not None, timeout=60_000)
    assert heads.part.isVisible() and heads.maps is not None and heads.maps.kind == "encoder"
    heads.part.switch.button("cross").click()
    qtbot.waitUntil(lambda: heads.maps is not None and heads.maps.kind == "cross", timeout=60_000)
    maps = heads.maps
    assert isinstance(maps, AttentionMaps) and maps.keys[1:3] == ("the", "rain")
    assert len(maps.tokens) > len(maps.keys) and heads.shown is not None
    assert heads.shown.weights.shape[-1] == len(maps.tokens)
    assert not heads.shown.possible[:, len(maps.keys) :].any()
    assert not heads.head.grab().isNull() and not heads.atlas.grab().isNull()
    figure = heads.figure(False)
    assert figure is not None
    rows = head_table(figure.shown, (0, 0))
    assert rows[0] == ["", *maps.keys] and {len(row) for row in rows} == {len(maps.keys) + 1}
