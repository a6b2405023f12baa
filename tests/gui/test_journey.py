"""A newcomer's journey through the real window: data, Start, curves, attention, Stop, reopen, close."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.app import Bench, make_window
from workbench.gui.data.cards import ChoiceCard
from workbench.gui.pages import PAGES
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.panes.data import DataPane
from workbench.gui.panes.prompt import PromptPane
from workbench.gui.panes.train import TrainPane
from workbench.gui.workspace import Workspace
from workbench.run.folder import run_folders, summarise
from workbench.run.home import Home
from workbench.session.requests import LIVE

LONG = 60_000  # ms; importing torch takes some seconds, and more on a busy machine
Open = Callable[[], Bench]


@pytest.fixture
def open_window(qapp: QApplication, qtbot: QtBot, home: Home) -> Iterator[Open]:
    """Opens the workbench on this test's home; whatever is left open is closed at the end."""
    benches: list[Bench] = []

    def open_bench() -> Bench:
        bench = make_window(home)
        benches.append(bench)
        bench.window.resize(1280, 840)
        bench.window.show()
        qtbot.waitUntil(lambda: bool(bench.workspace.datasets and bench.workspace.models), timeout=LONG)
        return bench

    yield open_bench
    for bench in benches:
        shut(bench)


def shut(bench: Bench) -> None:
    """Close for good, as leaving the program does: what was marked for deletion is deleted."""
    bench.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def click(qtbot: QtBot, widget: object) -> None:
    """A click with the left button, on a widget that can take it."""
    assert widget.isVisible() and widget.isEnabled()  # type: ignore[attr-defined]
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def drop(bench: Bench, file: Path) -> None:
    """Drop a file onto the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    event = QDropEvent(
        QPointF(400, 400),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    bench.window.dropEvent(event)


def pane(qtbot: QtBot, bench: Bench, key: str) -> object:
    """Go to a page with its shortcut, the digit of its place in the switch, and wait until it is built."""
    digit = Qt.Key(Qt.Key.Key_1.value + [page.key for page in PAGES].index(key))
    bench.window.activateWindow()
    qtbot.waitUntil(bench.window.isActiveWindow)
    qtbot.keyClick(bench.window, digit, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bench.window.centre.pane(key) is not None, timeout=LONG)
    qtbot.waitUntil(lambda: bench.window.centre.pane(key).isVisible())  # type: ignore[union-attr]
    return bench.window.centre.pane(key)


def test_a_newcomer_s_journey(
    qtbot: QtBot, open_window: Open, home: Home, tiny_bert: Path, tiny_csv: Path
) -> None:
    bench = open_window()
    window, workspace = bench.window, bench.workspace

    # Data: a shipped set by its card, then a file of one's own.
    data = pane(qtbot, bench, "data")
    assert isinstance(data, DataPane)

    def cards() -> list[ChoiceCard]:
        return [c for c in data.findChildren(ChoiceCard) if c.text() == "Clinic notes" and c.isVisible()]

    qtbot.waitUntil(lambda: len(cards()) == 1)
    click(qtbot, cards()[0])
    qtbot.waitUntil(
        lambda: workspace.data is not None and workspace.data.source == "clinic-notes", timeout=LONG
    )
    drop(bench, tiny_csv)
    qtbot.waitUntil(lambda: workspace.data is not None and workspace.data.path == tiny_csv, timeout=LONG)
    assert workspace.data is not None and (workspace.data.text, workspace.data.label) == ("text", "label")

    # Start, with a model small enough to learn while we look.
    for path, value in (
        ("model.source", str(tiny_bert)),
        ("training.epochs", 400),
        ("training.batch_size", 16),
        ("training.learning_rate", 3e-3),
        ("training.schedule", "constant"),
    ):
        workspace.set_field(path, value)
    assert not workspace.complaints
    click(qtbot, window.bar.start)
    qtbot.waitUntil(lambda: workspace.active_name is not None, timeout=LONG)
    name = workspace.active_name
    assert name is not None

    # Points arrive, and accuracy rises.
    train = pane(qtbot, bench, "train")
    assert isinstance(train, TrainPane)

    def accuracies() -> np.ndarray:
        return workspace.histories[name].curve("validation/accuracy").y

    qtbot.waitUntil(
        lambda: len(accuracies()) >= 2 and accuracies().max() > max(accuracies()[0], 0.85), timeout=LONG
    )

    # Attention shows the maps of the model in training.
    attention = pane(qtbot, bench, "attention")
    assert isinstance(attention, AttentionPane)
    attention.question.chooser.pick(LIVE)
    attention.question.line.clear()
    qtbot.keyClicks(attention.question.line, "rain and bread")
    qtbot.waitUntil(
        lambda: (
            attention.heads.maps is not None
            and attention.heads.maps.tokens[1] == "rain"
            and bool(attention.heads.maps.step)
        ),
        timeout=LONG,
    )
    assert attention.heads.maps is not None and attention.heads.maps.weights.shape[:2] == (2, 2)
    assert abs(attention.heads.maps.weights.sum(axis=-1) - 1).max() < 1e-5

    # Stop: within a step, saved, resumable.
    with qtbot.waitSignal(workspace.run_ended, timeout=LONG) as ended:
        click(qtbot, window.bar.stop)
    assert ended.args is not None and ended.args[0].status == "stopped"
    drawn = workspace.histories[name].curve("loss").y.copy()
    assert len(drawn) == ended.args[0].step
    window.close()
    shut(bench)

    # Reopen: the same run, the same curve.
    again = open_window()
    qtbot.waitUntil(lambda: len(again.workspace.runs) == 1, timeout=LONG)
    again.workspace.select(name)
    qtbot.waitUntil(lambda: name in again.workspace.histories, timeout=LONG)
    assert np.array_equal(again.workspace.histories[name].curve("loss").y, drawn)
    line = again.workspace.summary(name)
    assert line is not None and line.status == "stopped" and line.resumable
    prompt = pane(qtbot, again, "prompt")
    assert isinstance(prompt, PromptPane)
    qtbot.keyClicks(prompt.classifier.box, "storm and snow")
    qtbot.waitUntil(lambda: prompt.classifier.winner.text().startswith("weather"), timeout=LONG)
    assert again.window.close()


def test_closing_while_training_asks_saves_and_can_be_resumed(
    qtbot: QtBot, open_window: Open, home: Home, tiny_bert: Path, tiny_csv: Path
) -> None:
    bench = open_window()
    window, workspace = bench.window, bench.workspace
    workspace.choose_data(str(tiny_csv))
    workspace.set_field("model.source", str(tiny_bert))
    workspace.set_field("training.epochs", 900)
    click(qtbot, window.bar.start)
    qtbot.waitUntil(
        lambda: workspace.active_name is not None and workspace.histories[workspace.active_name].step > 2,
        timeout=LONG,
    )
    name = workspace.active_name
    assert name is not None

    def question() -> QMessageBox | None:
        return next((box for box in window.findChildren(QMessageBox) if box.isVisible()), None)

    window.close()
    qtbot.waitUntil(lambda: question() is not None)
    assert window.isVisible()
    box = question()
    assert box is not None
    keep = box.defaultButton()
    assert isinstance(keep, QPushButton)
    click(qtbot, keep)
    before = workspace.histories[name].step
    qtbot.waitUntil(lambda: workspace.histories[name].step > before, timeout=LONG)

    window.close()
    qtbot.waitUntil(lambda: question() is not None)
    box = question()
    assert box is not None
    stop = next(button for button in box.buttons() if button is not box.defaultButton())
    click(qtbot, stop)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=LONG)
    shut(bench)
    line = summarise(run_folders(home)[0])
    assert line.status == "stopped" and line.resumable

    again = open_window()
    qtbot.waitUntil(lambda: len(again.workspace.runs) == 1, timeout=LONG)
    again.workspace.resume(name)
    qtbot.waitUntil(
        lambda: name in again.workspace.histories and again.workspace.histories[name].step > line.steps,
        timeout=LONG,
    )
    assert again.workspace.histories[name].curve("loss").x[0] == 1.0
    with qtbot.waitSignal(again.workspace.run_ended, timeout=LONG):
        click(qtbot, again.window.bar.stop)


def _waits(workspace: Workspace) -> bool:
    name = workspace.active_name
    paused = workspace.histories[name].paused if name else None
    return paused is not None and len(paused.offers) > 1


def test_an_exception_in_the_worker_leaves_the_window_alive_and_is_shown(
    qtbot: QtBot, open_window: Open, tiny_bert: Path, tiny_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from workbench.tasks.text_classification import TextClassification

    def no_memory(self: object, outputs: object, batch: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    bench = open_window()
    monkeypatch.setattr(TextClassification, "logits", no_memory)
    workspace = bench.workspace
    workspace.choose_data(str(tiny_csv))
    workspace.set_field("model.source", str(tiny_bert))
    click(qtbot, bench.window.bar.start)
    qtbot.waitUntil(lambda: _waits(workspace), timeout=LONG)
    train = pane(qtbot, bench, "train")
    assert isinstance(train, TrainPane)
    card = train.trouble
    qtbot.waitUntil(card.isVisible)
    assert card.title.text().endswith("Out of memory.") and "smaller batch" in card.remedy.text()
    assert card.details_text.toPlainText()
    assert card.offers.buttons
    with qtbot.waitSignal(workspace.run_ended, timeout=LONG) as ended:
        click(qtbot, card.end)
    assert ended.args is not None and ended.args[0].status == "failed"
    assert not bench.window.centre.problems.isVisible()  # it was told, and decided upon
    qtbot.waitUntil(bench.window.bar.start.isEnabled)


def test_building_the_pages_shows_no_second_window(
    qtbot: QtBot, qapp: QApplication, open_window: Open
) -> None:
    """A page that is shown before it has a parent flashes as a window of its own and takes the focus away."""
    shown: list[QWidget] = []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
                shown.append(watched)
            return False

    watch = Watch()
    qapp.installEventFilter(watch)
    bench = open_window()
    for page in PAGES:
        pane(qtbot, bench, page.key)
    qapp.removeEventFilter(watch)
    assert shown == [bench.window]
