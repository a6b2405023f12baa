"""Runs that wait, are paused, interrupted or given orders, in the real window and with real trainings."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from tests.gui.conftest import events_of_a_run, recorded
from workbench.gui.app import Bench
from workbench.gui.panes.train import TrainPane
from workbench.gui.run_controls import RateDialog
from workbench.gui.runs_list import status_words
from workbench.gui.train_parts import told
from workbench.run.events import Changed, CheckpointSaved, Paused, Step
from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.session.lanes import Desk

# The offscreen platform says so of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
WAIT = 60_000


@pytest.fixture
def pane(qtbot: QtBot, bench: Bench) -> TrainPane:
    """The Train page of an open window."""
    with qtbot.waitSignal(bench.window.first_frame):
        bench.window.show()
    bench.window.show_page("train")
    qtbot.waitUntil(lambda: bench.window.centre.pane("train") is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: bool(bench.workspace.datasets and bench.workspace.models), timeout=WAIT)
    found = bench.window.centre.pane("train")
    assert isinstance(found, TrainPane)
    return found


@pytest.fixture
def begun(qtbot: QtBot, bench: Bench, pane: TrainPane, tiny_bert: Path, tiny_csv: Path) -> History:
    """The history of a real run that is in work, and saves often."""
    recipe = {
        "model": {"source": str(tiny_bert)},
        "data": {"train": str(tiny_csv)},
        "training": {"epochs": 900, "batch_size": 16, "precision": "fp32", "checkpoint_every": 5},
    }
    workspace = bench.workspace
    workspace.set_recipe(Recipe.model_validate(recipe))
    bench.window.start()
    qtbot.waitUntil(
        lambda: bool(workspace.active_name and workspace.histories[workspace.active_name].checkpoints),
        timeout=WAIT,
    )
    return workspace.histories[workspace.active_name or ""]


def poison(qtbot: QtBot, bench: Bench, history: History) -> None:
    """Break the weights of the model in training, and wait until the run does."""

    def work(desk: Desk) -> None:
        import torch

        with torch.no_grad():
            desk.live.model.classifier.weight.fill_(math.nan)  # type: ignore[attr-defined]

    nothing: Callable[[object], None] = lambda _: None  # noqa: E731
    bench.session.engine.submit(work, done=nothing, failed=nothing, between_steps=True)
    qtbot.waitUntil(lambda: history.paused is not None, timeout=WAIT)


def ended(qtbot: QtBot, bench: Bench, act: Callable[[], object]) -> str:
    with qtbot.waitSignal(bench.workspace.run_ended, timeout=WAIT) as signal:
        act()
    assert signal.args is not None
    return str(signal.args[0].status)


def test_a_run_that_waits_says_so_everywhere_and_an_offer_lets_it_go_on(
    qtbot: QtBot, bench: Bench, pane: TrainPane, begun: History
) -> None:
    window, card = bench.window, pane.trouble
    poison(qtbot, bench, begun)
    qtbot.waitUntil(card.isVisible, timeout=WAIT)
    assert card.title.text().startswith("The run is waiting: ")
    assert "learning rate" in card.cause.text()
    assert window.status.left.text() == "Waiting for you"
    assert "waits for you" in window.windowTitle()
    run = bench.workspace.summary(bench.workspace.active_name or "")
    assert run is not None and window.runs.model.shown(run)[0] == "waiting"
    assert not window.bar.pause.isEnabled() and not pane.controls.save.isEnabled()
    assert "waits for your answer" in window.actions_by_id["run.save"].toolTip()
    assert card.details.isVisible() and not card.details_text.isVisible()
    offers = begun.paused.offers  # type: ignore[union-attr]
    assert [button.text() for button in card.offers.buttons] == [offer.title for offer in offers]

    card.offers.buttons[0].click()
    assert not card.end.isEnabled()
    qtbot.waitUntil(lambda: begun.paused is None and bool(begun.changes), timeout=WAIT)
    step = begun.step
    qtbot.waitUntil(lambda: begun.step > step, timeout=WAIT)
    assert [(change.path, change.value) for change in begun.changes] == list(offers[0].changes)
    assert bench.workspace.peak_rate == pytest.approx(1e-5)
    qtbot.waitUntil(lambda: not card.isVisible() and window.windowTitle() == "Model Workbench")
    assert ended(qtbot, bench, window.bar.stop.click) == "stopped"


def test_a_run_that_waits_can_be_ended_and_is_not_explained_twice(
    qtbot: QtBot, bench: Bench, pane: TrainPane, begun: History
) -> None:
    poison(qtbot, bench, begun)
    qtbot.waitUntil(pane.trouble.isVisible, timeout=WAIT)
    assert ended(qtbot, bench, pane.trouble.end.click) == "failed"
    assert not bench.window.centre.problems.isVisible()
    qtbot.waitUntil(lambda: not pane.trouble.isVisible())


def test_closing_the_window_while_a_run_waits_asks_and_leaves_it_resumable(
    qtbot: QtBot, bench: Bench, pane: TrainPane, begun: History, home: Home
) -> None:
    name = bench.workspace.active_name or ""
    poison(qtbot, bench, begun)
    assert not bench.window.close()
    box = bench.window.findChild(QMessageBox, "question")
    assert box is not None
    saved = max(checkpoint.step for checkpoint in begun.checkpoints)
    assert f"resume it from the checkpoint of step {saved}" in box.informativeText()
    next(button for button in box.buttons() if button is not box.defaultButton()).click()
    qtbot.waitUntil(lambda: not bench.window.isVisible(), timeout=WAIT)
    assert RunFolder(home.runs / name).checkpoint_folders()


def test_orders_are_followed_and_recorded(
    qtbot: QtBot, bench: Bench, pane: TrainPane, begun: History
) -> None:
    window, controls = bench.window, pane.controls
    qtbot.waitUntil(controls.save.isEnabled, timeout=WAIT)
    controls.save.click()
    qtbot.waitUntil(lambda: any(saved.mark for saved in begun.checkpoints), timeout=WAIT)

    measured = begun.last_evaluation
    window.actions_by_id["run.measure"].trigger()
    qtbot.waitUntil(lambda: begun.last_evaluation is not measured, timeout=WAIT)

    controls.rate.click()
    dialog = window.findChild(RateDialog)
    assert dialog is not None and dialog.box.value() == pytest.approx(1e-4)
    assert not dialog.change.isEnabled()
    dialog.box.setValue(3e-5)
    dialog.change.click()
    qtbot.waitUntil(lambda: bool(begun.changes), timeout=WAIT)
    assert bench.workspace.peak_rate == pytest.approx(3e-5)
    texts = [notice.text for notice in told(begun)]
    assert any("saved by hand" in text for text in texts)
    assert any(text.startswith("Learning rate is 3e-05") for text in texts)

    window.actions_by_id["run.stop_epoch"].trigger()
    assert window.actions_by_id["run.stop_epoch"].isChecked()
    assert controls.until.isVisible()
    with qtbot.waitSignal(bench.workspace.run_ended, timeout=WAIT):
        pass
    assert begun.step < begun.started.total_steps  # type: ignore[union-attr]
    assert not controls.isVisible()
    assert "No run is in work" in window.actions_by_id["run.measure"].toolTip()


def test_a_paused_run_has_a_quiet_card_and_goes_on(
    qtbot: QtBot, bench: Bench, pane: TrainPane, begun: History
) -> None:
    window, card = bench.window, pane.trouble
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(card.isVisible, timeout=WAIT)
    assert card.title.text() == f"Paused after step {begun.step}"
    assert "memory is kept" in card.remedy.text()
    assert not card.offers.isVisible() and not card.end.isVisible()
    assert "is paused" in window.windowTitle()
    step = begun.step
    card.go_on.click()
    qtbot.waitUntil(lambda: begun.step > step, timeout=WAIT)
    qtbot.waitUntil(lambda: not card.isVisible())
    assert ended(qtbot, bench, window.bar.stop.click) == "stopped"


def test_an_interrupted_run_says_that_it_can_be_resumed_and_one_click_does(
    qtbot: QtBot, bench: Bench, pane: TrainPane, begun: History, home: Home
) -> None:
    workspace, card = bench.workspace, pane.trouble
    folder = RunFolder(home.runs / (workspace.active_name or ""))
    assert ended(qtbot, bench, bench.window.bar.stop.click) == "stopped"
    # As a crash leaves it: without the last line.
    lines = folder.journal_file.read_bytes().splitlines(keepends=True)
    folder.journal_file.write_bytes(b"".join(lines[:-1]))
    qtbot.waitUntil(lambda: bench.session.active is None, timeout=WAIT)
    workspace.refresh_runs()
    qtbot.waitUntil(card.isVisible, timeout=WAIT)
    assert card.title.text().startswith("Interrupted at step")
    run = workspace.summary(folder.name)
    assert run is not None
    assert status_words(run.status, resumable=run.resumable)[0] == "interrupted, can be resumed"
    before = run.steps
    card.resume.click()
    qtbot.waitUntil(
        lambda: workspace.active_name == folder.name and workspace.histories[folder.name].step > before,
        timeout=WAIT,
    )
    assert not card.isVisible()
    assert ended(qtbot, bench, bench.window.bar.stop.click) == "stopped"


def test_a_run_that_was_killed_while_it_waited_does_not_wait_any_more(
    qtbot: QtBot, bench: Bench, pane: TrainPane, home: Home
) -> None:
    waiting = Paused(step=20, problem=Problem("The disk is full."))
    folder = recorded(home, "Cut", iter([*islice(events_of_a_run(end=False), 24), waiting]))
    bench.workspace.refresh_runs()
    bench.workspace.select(folder.name)
    qtbot.waitUntil(lambda: pane.trouble.isVisible(), timeout=WAIT)
    assert pane.trouble.title.text().startswith("Interrupted at step")
    qtbot.waitUntil(lambda: pane.status.text() == "interrupted")


def test_what_a_person_ordered_stands_among_the_notices_in_its_place() -> None:
    history = History()
    history.fold(events_of_a_run(10, end=False))
    history.fold(
        [
            Changed(index=90, step=4, path="training.learning_rate", value=3e-5),
            CheckpointSaved(index=91, step=5, path="checkpoints/step-000005"),
            CheckpointSaved(index=92, step=6, path="checkpoints/step-000006", mark=True),
        ]
    )
    assert [notice.text for notice in told(history)][1:] == [
        "Learning rate is 3e-05 from step 5 on.",
        "Checkpoint of step 6 saved by hand; it stays.",
    ]


def test_the_time_left_is_the_engine_s_own_estimate_where_it_tells_one(
    qtbot: QtBot, bench: Bench, pane: TrainPane, begun: History
) -> None:
    left = bench.window.status.left
    qtbot.waitUntil(
        lambda: isinstance(begun.last_step, Step) and begun.last_step.seconds_left > 0, timeout=WAIT
    )
    qtbot.waitUntil(lambda: left.text().endswith(" left"), timeout=WAIT)
    assert ended(qtbot, bench, bench.window.bar.stop.click) == "stopped"
