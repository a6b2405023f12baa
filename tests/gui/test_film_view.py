"""The Film view on a film that is written as a run writes it: playing, stepping, growing, exporting."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.gui.conftest import recorded, wait_for_files
from tests.gui.exporting import rows, write_all
from workbench.gui.attention.views.film import FilmView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.workspace import Workspace
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.inside.film import FilmWriter, Frame, Probe, Said, levels_of

TOKENS = ("[CLS]", "a", "good", "film", "[SEP]")
PROBES = tuple(
    Probe(text, label, TOKENS, (True, False, False, False, True))
    for text, label in (("a good film", "a"), ("a poor film", ""))
)


class Filmed:
    """A run folder whose film grows on request: head 2 of layer 1 turns from even to the previous token."""

    def __init__(self, home: Home, frames: int) -> None:
        self.folder: RunFolder = recorded(home, "filmed")
        self.folder.model.mkdir()
        self.writer = FilmWriter(self.folder.path, PROBES, -1)
        for step in range(0, 10 * frames, 10):
            self.add(step)

    def add(self, step: int) -> None:
        """One more frame; the class becomes surer with each."""
        even = np.full((2, 3, 5, 5), 0.2, np.float32)
        share = min(1.0, step / 100)
        even[0, 1] = (1 - share) * 0.2 + share * np.eye(5, k=-1, dtype=np.float32)
        sure = 0.5 + share / 2.1
        said = (
            Said((("a", sure), ("b", 1 - sure)), -math.log(sure)),
            Said((("a", sure), ("b", 1 - sure)), math.nan),
        )
        frame = Frame(step, step / 100, said, step % 20 == 0, 0.01 * step, 1.0 + step)
        self.writer.add(frame, [levels_of(even)] * 2)


@pytest.fixture
def filmed(home: Home) -> Filmed:
    return Filmed(home, 8)


@pytest.fixture
def pane(qtbot: QtBot, filmed: Filmed, workspace: Workspace) -> AttentionPane:
    with qtbot.waitSignals([workspace.shelf_changed] * 2 + [workspace.runs_changed], timeout=60_000):
        workspace.refresh_shelf()
        workspace.refresh_runs()
    pane = AttentionPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    pane.question.chooser.pick(filmed.folder.name)
    pane.show_view("film")
    pane.show()
    qtbot.waitUntil(lambda: view(pane).reel is not None, timeout=60_000)
    return pane


def view(pane: AttentionPane) -> FilmView:
    found = pane.view
    assert isinstance(found, FilmView)
    return found


def test_it_opens_at_the_last_frame_and_keys_go_through_the_training(
    qtbot: QtBot, pane: AttentionPane
) -> None:
    film = view(pane)
    assert film.player.place.text() == "Step 70 of 70, epoch 0.70"
    name, sure = film.told.bars.rows()[0]
    assert name == "a" and sure == pytest.approx(0.5 + 0.7 / 2.1, rel=1e-4)
    film.atlas.choose(0, 1)
    assert film.link_words.text().startswith("Previous token (at step 0: Broad)")
    assert film.shown is not None
    late = film.shown.weights[0, 1, 3, 2]
    qtbot.keyClick(film, Qt.Key.Key_Home)
    assert film.player.place.text() == "Step 0 of 70, epoch 0.00 · held-out rows measured"
    assert film.shown.weights[0, 1, 3, 2] == pytest.approx(0.2, abs=0.01)
    assert late > 0.7
    assert film.link_words.text().startswith("Broad")
    qtbot.keyClick(film, Qt.Key.Key_Right)
    assert film.player.frame == 1
    assert "‘a’ → ‘[CLS]’ 0.28" in film.link_words.text()
    assert film.told.loss.marker is not None and film.told.loss.marker[0] == 10


def test_playing_goes_on_by_itself_and_begins_again(qtbot: QtBot, pane: AttentionPane) -> None:
    film = view(pane)
    film.player.speed.button("30").click()
    qtbot.mouseClick(film.player.play, Qt.MouseButton.LeftButton)
    assert film.player.playing and film.player.play.text() == "Pause"
    qtbot.waitUntil(lambda: film.player.frame == 7, timeout=20_000)
    qtbot.waitUntil(lambda: film.player.frame < 5, timeout=20_000)  # it began again
    qtbot.mouseClick(film.player.play, Qt.MouseButton.LeftButton)
    assert not film.player.playing
    qtbot.mouseClick(film.player.play, Qt.MouseButton.LeftButton)
    pane.hide()
    assert not film.player.playing


def test_a_film_that_grows_is_followed_and_a_frame_that_is_looked_at_stays(
    qtbot: QtBot, pane: AttentionPane, filmed: Filmed
) -> None:
    film = view(pane)
    film._read_at = 0.0
    filmed.add(80)
    pane.workspace.history_changed.emit(filmed.folder.name)
    qtbot.waitUntil(lambda: film.player.frame == 8, timeout=20_000)
    qtbot.keyClick(film, Qt.Key.Key_Left)
    film._read_at = 0.0
    filmed.add(90)
    pane.workspace.history_changed.emit(filmed.folder.name)
    qtbot.waitUntil(lambda: film.player.slider.maximum() == 9, timeout=20_000)
    assert film.player.frame == 7


def test_another_sentence_keeps_the_place_and_an_unknown_class_has_no_loss(
    qtbot: QtBot, pane: AttentionPane
) -> None:
    film = view(pane)
    assert film.told.lossy.isVisible()
    film.sentence.choose("1")
    qtbot.waitUntil(lambda: film.reel is not None and film.reel.probe == 1, timeout=20_000)
    assert film.told.head.text() == "Prediction"
    assert not film.told.lossy.isVisible()


def test_the_film_is_exported(
    qtbot: QtBot, pane: AttentionPane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    film = view(pane)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "film"), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "frames"))
    film.files.export_gif()
    film.files.export_frames()
    wait_for_files(qtbot, pane.workspace)
    with Image.open(tmp_path / "film.gif") as image:
        assert image.n_frames == 8
    assert len(list((tmp_path / "frames").glob("step-*.png"))) == 8
    film.player.go_to(3)
    files = write_all(qtbot, pane.workspace, film.export, tmp_path, monkeypatch)
    assert film.reel is not None and len(rows(files["Curves as CSV"])) == 1 + 8
    with np.load(files["All heads as NumPy file"]) as arrays:
        np.testing.assert_array_equal(arrays["attention"], film.reel.weights(3))


def test_models_without_a_film_say_how_one_gets_it(
    qtbot: QtBot, pane: AttentionPane, home: Home, filmed: Filmed
) -> None:
    film = view(pane)
    old = recorded(home, "older")
    old.model.mkdir()
    with qtbot.waitSignal(pane.workspace.runs_changed, timeout=20_000):
        pane.workspace.refresh_runs()
    pane.question.chooser.pick(old.name)
    qtbot.waitUntil(lambda: film.empty.title.text() == "This run has no film", timeout=20_000)
    assert film.stack.currentWidget() is film.empty
    pane.question.chooser.pick(filmed.folder.name)
    qtbot.waitUntil(lambda: film.stack.currentWidget() is film.content, timeout=20_000)
    base = next(choice for choice in pane.question.chooser.choices() if not choice.run)
    pane.question.chooser.pick(base.model)
    assert film.empty.title.text() == "A film belongs to a run"
