"""The check before the start in the real window: what it says, its offers, and that it can be given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDoubleSpinBox
from pytestqt.qtbot import QtBot

from workbench.gui.app import Bench
from workbench.gui.panes.train import TrainPane
from workbench.gui.preflight_card import PreflightCard, figures
from workbench.gui.settings import SettingsDialog
from workbench.run.home import Home
from workbench.run.offers import Offer
from workbench.run.preflight import Preflight
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe

# The offscreen platform says so of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
WAIT = 60_000

FITS = Preflight(
    device="CPU", precision="fp32", parameters=1_000_000, trained=1_000_000, longest=64,
    memory_peak=1_400_000_000, memory_total=8_000_000_000, disk_needed=620_000_000, disk_free=51_000_000_000,
    total_steps=300, step_seconds=0.31, training_seconds=3500.0, measuring_seconds=90.0, saving_seconds=10.0,
)  # fmt: skip
OFFERS = (
    Offer("Split each batch in 4", "The same result, a little slower.", (("training.accumulation", 4),)),
    Offer("Cut texts at 16 tokens", "What stands later is not seen.", (("training.max_length", 16),)),
)
TOO_LARGE = replace(
    FITS,
    memory_peak=9_700_000_000,
    problem=Problem("This run does not fit into memory.", "It needs 9.7 GB."),
    offers=OFFERS,
)


@pytest.fixture
def bench(qtbot: QtBot, bench: Bench, tiny_bert: Path, tiny_csv: Path) -> Bench:
    """An open window with a recipe small enough to be checked in a second."""
    with qtbot.waitSignal(bench.window.first_frame):
        bench.window.show()
    qtbot.waitUntil(lambda: bool(bench.workspace.datasets and bench.workspace.models), timeout=WAIT)
    recipe = {
        "model": {"source": str(tiny_bert)},
        "data": {"train": str(tiny_csv)},
        "training": {"epochs": 2, "batch_size": 8, "precision": "fp32"},
    }
    bench.workspace.set_recipe(Recipe.model_validate(recipe))
    return bench


def card_of(qtbot: QtBot, bench: Bench) -> PreflightCard:
    bench.window.show_page("train")
    qtbot.waitUntil(lambda: bench.window.centre.pane("train") is not None, timeout=WAIT)
    pane = bench.window.centre.pane("train")
    assert isinstance(pane, TrainPane)
    return pane.preflight


def tell(bench: Bench, found: Preflight) -> None:
    """As if the engine had found this for the recipe in hand."""
    checking = bench.workspace.checking
    checking.recipe, checking.found = bench.workspace.recipe, found
    checking.changed.emit()


def shown(card: PreflightCard) -> dict[str, tuple[str, str]]:
    return {
        tile.caption.text(): (tile.value.text(), tile.note.text())
        for tile in card.tiles
        if not tile.isHidden()
    }


def test_check_tries_the_recipe_tells_what_it_takes_and_leaves_nothing(
    qtbot: QtBot, bench: Bench, home: Home
) -> None:
    card = card_of(qtbot, bench)
    bench.window.bar.check.click()
    assert bench.workspace.checking.busy
    assert not bench.window.actions_by_id["run.check"].isEnabled()
    qtbot.waitUntil(lambda: bench.workspace.checking.found is not None, timeout=WAIT)
    assert card.isVisible()
    assert card.verdict.text() == "fits"
    found = shown(card)
    assert found["Steps"][0] == str(bench.workspace.checking.found.total_steps)  # type: ignore[union-attr]
    assert found["Time"][0].startswith("about ")
    assert "Energy" not in found
    assert not home.runs.exists() or not any(home.runs.iterdir())
    bench.workspace.set_field("training.epochs", 3.0)
    assert card.outdated.isVisible()
    card.close_button.click()
    assert not card.isVisible()


def test_a_check_can_be_given_up_and_another_one_begun(qtbot: QtBot, bench: Bench) -> None:
    card = card_of(qtbot, bench)
    bench.window.actions_by_id["run.check"].trigger()
    assert card.isVisible() and "Checking" in card.progress.text()
    card.cancel.click()
    assert not card.isVisible()
    assert not bench.workspace.checking.busy
    bench.window.actions_by_id["run.check"].trigger()
    qtbot.waitUntil(lambda: bench.workspace.checking.found is not None, timeout=WAIT)
    assert card.verdict.isVisible()


def test_an_offer_changes_the_recipe_and_checks_again(qtbot: QtBot, bench: Bench) -> None:
    card = card_of(qtbot, bench)
    tell(bench, TOO_LARGE)
    assert card.verdict.text() == "does not fit"
    assert card.reason.text().startswith("This run does not fit into memory.")
    assert [button.text() for button in card.offers.buttons] == [offer.title for offer in OFFERS]
    card.offers.buttons[1].click()
    assert bench.workspace.recipe.training.max_length == 16
    qtbot.waitUntil(lambda: bench.workspace.checking.found is not None, timeout=WAIT)
    assert card.verdict.text() == "fits"
    assert not card.offers.isVisible()


def test_a_refused_check_tells_the_problem_and_marks_the_field(qtbot: QtBot, bench: Bench) -> None:
    workspace = bench.workspace
    workspace.set_field("training.best_metric", "beauty")
    with qtbot.waitSignal(workspace.problem_raised, timeout=WAIT) as raised:
        bench.window.bar.check.click()
    assert raised.args is not None and "beauty" in raised.args[0].title
    assert [problem.field for problem in workspace.marks] == ["training.best_metric"]
    assert not workspace.checking.busy


def test_a_complaint_forbids_the_check_and_says_why(bench: Bench) -> None:
    bench.workspace.set_field("training.epochs", -1)
    assert not bench.window.bar.check.isEnabled()
    action = bench.window.actions_by_id["run.check"]
    assert not action.isEnabled()
    assert "training.epochs" in action.toolTip()


def test_starting_puts_the_check_away(qtbot: QtBot, bench: Bench) -> None:
    card = card_of(qtbot, bench)
    tell(bench, FITS)
    assert card.isVisible()
    bench.window.start()
    assert not card.isVisible()
    with qtbot.waitSignal(bench.workspace.run_ended, timeout=WAIT):
        pass


def test_energy_and_cost_are_estimated_when_power_and_price_are_set(qtbot: QtBot, bench: Bench) -> None:
    dialog = SettingsDialog(bench.settings)
    qtbot.addWidget(dialog)
    boxes = {box.accessibleName(): box for box in dialog.findChildren(QDoubleSpinBox)}
    boxes["Power"].setValue(150)
    boxes["Price of energy"].setValue(0.32)
    bench.workspace.checking.begin()
    qtbot.waitUntil(lambda: bench.workspace.checking.found is not None, timeout=WAIT)
    found = bench.workspace.checking.found
    assert found is not None and (found.watts, found.price) == (150.0, 0.32)
    assert "Energy" in [figure.caption for figure in figures(found)]
    energy = figures(replace(FITS, watts=150.0, price=0.32))[3]
    # 150 W for one hour are 0.15 kWh, at 0.32 each.
    assert (energy.value, energy.note) == ("0.15 kWh", "costs 0.05")
