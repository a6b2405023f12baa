"""The window of series on tiny runs: ranges by click, a search to its end, and the best recipe in hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.engine.conftest import quick_recipe
from workbench.gui.app import Bench
from workbench.gui.run_controls import order_obstacle
from workbench.gui.search.dialog import SearchDialog, open_search
from workbench.gui.search.folds_page import FoldsPage
from workbench.gui.search.search_page import SearchPage
from workbench.gui.search.searchable import sensible
from workbench.run.cross_validation import CrossValidation, Fold
from workbench.run.learning_curve import CurvePoint, LearningCurve
from workbench.run.search import Search
from workbench.run.series import SeriesKind

WAIT = 60_000


def opened(bench: Bench) -> tuple[SearchDialog, SearchPage]:
    dialog = open_search(bench.workspace, bench.window)
    page = dialog.pages["search"]
    assert isinstance(page, SearchPage)
    return dialog, page


def test_ranges_are_set_by_click_and_say_what_is_wrong(qtbot: QtBot, bench: Bench) -> None:
    bench.window.show()
    dialog, page = opened(bench)
    assert open_search(bench.workspace, bench.window) is dialog  # there is only one
    rows = {row.path: row for row in page.ranges.rows}
    rate, batch = rows["training.learning_rate"], rows["training.batch_size"]
    assert rate.log.isChecked() and rate.range().low == bench.workspace.recipe.training.learning_rate / 10
    rate.low.setValue(0.5)  # above the upper end
    assert page.plan() is None and not page.start.isEnabled() and rate.complaint.text()
    rate.low.setValue(1e-5)
    assert page.plan() is not None
    batch.line.setText("4, 8")
    assert batch.range().choices == (4, 8)
    qtbot.mouseClick(batch.switch, Qt.MouseButton.LeftButton)
    assert (batch.range().low, batch.range().high) == (4.0, 8.0)
    qtbot.mouseClick(rows["training.weight_decay"].out, Qt.MouseButton.LeftButton)
    page.ranges.add_range(sensible(bench.workspace.recipe, "weights.kind"))
    plan = page.plan()
    assert plan is not None
    paths = [one.path for one in plan.ranges]
    assert "training.weight_decay" not in paths and "all" in plan.ranges[paths.index("weights.kind")].choices
    # Neither runs nor minutes: it would never end.
    page.edits["trials"].editor.setValue(0)  # type: ignore[attr-defined]
    assert not page.start.isEnabled() and "never end" in page.complaint.text()
    dialog.close()


def test_a_search_goes_on_while_the_window_is_closed_and_gives_its_best_recipe(
    qtbot: QtBot, bench: Bench, tiny_bert: Path, tiny_csv: Path
) -> None:
    workspace = bench.workspace
    bench.window.show()
    workspace.set_recipe(quick_recipe(tiny_bert, tiny_csv, "training.epochs=2"))
    dialog, page = opened(bench)
    for row in list(page.ranges.rows):
        if row.path != "training.learning_rate":
            row.out.click()
    page.edits["trials"].editor.setValue(1)  # type: ignore[attr-defined]
    qtbot.waitUntil(page.start.isEnabled, timeout=WAIT)
    reasons: set[str] = set()
    workspace.history_changed.connect(lambda _: reasons.add(order_obstacle(workspace)))
    page.start.click()
    assert workspace.series.busy and workspace.active is not None and page.stop.isVisible()
    dialog.close()
    qtbot.waitUntil(lambda: not workspace.series.busy, timeout=WAIT)
    assert workspace.active is None and not workspace.series.problems
    assert any("all of them are made alike" in reason for reason in reasons)  # why Save and Measure are off
    dialog, page = opened(bench)
    assert page.more.isVisible() and page.trials.rowCount() == 1
    page.more.setValue(1)
    page.go_on.click()
    qtbot.waitUntil(lambda: not workspace.series.busy, timeout=WAIT)
    found = page.found
    assert isinstance(found, Search) and len(found.trials) == 2 and found.best is not None
    assert page.trials.rowCount() == 2 and found.words in page.words.text() and page.more.isVisible()
    page.use.click()
    best = found.best.values["training.learning_rate"]
    assert workspace.recipe.training.learning_rate == best
    qtbot.waitUntil(lambda: len(workspace.runs) == 2, timeout=WAIT)
    # The trials' curves were heard as they came, or are read when they are wanted.
    name = found.trials[1].run
    page.trials.setCurrentCell(1, 0)
    qtbot.keyClick(page.trials, Qt.Key.Key_Return)
    assert workspace.selected == name
    qtbot.waitUntil(
        lambda: name in workspace.histories and workspace.histories[name].ended is not None, timeout=WAIT
    )
    dialog.close()


@pytest.mark.parametrize(
    "kind", ["cross-validation", pytest.param("learning-curve", marks=pytest.mark.heavy)]
)
def test_another_series_is_begun_by_click(
    qtbot: QtBot, bench: Bench, tiny_bert: Path, tiny_csv: Path, kind: SeriesKind
) -> None:
    workspace = bench.workspace
    bench.window.show()
    workspace.set_recipe(quick_recipe(tiny_bert, tiny_csv, "training.max_steps=3"))
    dialog, _ = opened(bench)
    dialog.show_page(kind)
    page = dialog.pages[kind]
    if isinstance(page, FoldsPage):
        page.folds.setValue(2)
    qtbot.waitUntil(page.start.isEnabled, timeout=WAIT)
    page.start.click()
    qtbot.waitUntil(lambda: not workspace.series.busy, timeout=WAIT)
    assert not workspace.series.problems and page.found is not None
    assert page.found.words in page.words.text() and not page.go_on.isVisible()
    qtbot.waitUntil(lambda: workspace.series.names[kind] == (page.found.name,), timeout=WAIT)
    dialog.close()


def test_folds_and_learning_curves_are_told_in_words(qtbot: QtBot, bench: Bench) -> None:
    bench.window.show()
    dialog, _ = opened(bench)
    series, recipe = bench.workspace.series, bench.workspace.recipe
    folds = tuple(
        Fold(number, f"fold-{number}", {"accuracy": 0.7 + 0.02 * number}, 20) for number in (1, 2, 3)
    )
    series.found["cross-validation"] = CrossValidation("cv", recipe, 5, "", folds, "accuracy")
    shares = (0.1, 0.25, 0.5, 1.0)
    points = tuple(
        CurvePoint(share, int(400 * share), f"run {share}", {"accuracy": score}, 100)
        for share, score in zip(shares, (0.6, 0.7, 0.78, 0.84), strict=True)
    )
    series.found["learning-curve"] = LearningCurve("lc", recipe, shares, True, points, "accuracy", True)
    series.changed.emit()
    page = dialog.pages["cross-validation"]
    dialog.show_page("cross-validation")
    assert "3 of 5 folds" in page.words.text() and "±" in page.words.text() and page.go_on.isVisible()
    page = dialog.pages["learning-curve"]
    dialog.tabs.button("learning-curve").click()
    assert "800 rows" in page.words.text() and not page.go_on.isVisible()
    dialog.close()
