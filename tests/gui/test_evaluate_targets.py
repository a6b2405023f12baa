"""Labels, numbers and marks on the Evaluate page: their parts and points choose the rows behind them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.conftest import sentences
from workbench.gui.evaluate.targets import TargetsPage
from workbench.gui.panes.evaluate import EvaluatePane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.recipe_files import parse_recipe, recipe_toml
from workbench.run.target_rows import TargetRows
from workbench.session.scoring.comparing_targets import against_targets
from workbench.session.scoring.entities import entity_scores
from workbench.session.scoring.multilabel import multi_label_scores
from workbench.session.scoring.regression import regression_scores

ROWS = 20
WAIT = 60_000


def found_of(task: str) -> TargetRows:
    """An evaluation of twenty rows."""
    chance = np.random.default_rng(0)
    common: dict[str, Any] = {
        "task": task, "model": "tiny", "told": "held-out rows", "file": "data.csv", "rows": np.arange(ROWS),
        "texts": tuple(f"text {i}" for i in range(ROWS)), "losses": chance.random(ROWS), "accuracy": 0.5,
    }  # fmt: skip
    if task == "regression":
        true = chance.normal(size=(ROWS, 2)) * 100
        said = true + chance.normal(size=(ROWS, 2))
        said[3] += 500
        words = (tuple(f"{v[0]:.1f}" for v in side) for side in (true, said))
        wrong = (np.abs(said - true) > 100).any(axis=1)
        return TargetRows(
            **common,
            true=next(words),
            said=next(words),
            wrong=wrong,
            scores=regression_scores(true, said, ("price", "weight"), resamples=20),
            names=("price", "weight"),
            right=true,
            given=said,
            sureness=np.full(ROWS, np.nan),
        )
    if task == "multi-label":
        names, true = ("late", "rude"), chance.random((ROWS, 2)) < 0.5
        sure = np.clip(true + chance.normal(size=(ROWS, 2)) * 0.5, 0.01, 0.99)
        told = [
            tuple(", ".join(n for n, on in zip(names, row, strict=True) if on) for row in side)
            for side in (true, sure >= 0.5)
        ]
        wrong = (true != (sure >= 0.5)).any(axis=1)
        return TargetRows(
            **common,
            true=told[0],
            said=told[1],
            wrong=wrong,
            scores=multi_label_scores(true, sure, names, resamples=20),
            names=names,
            right=true.astype(float),
            given=sure,
            limits=np.full(2, 0.5),
            sureness=np.maximum(sure, 1 - sure).min(axis=1),
        )
    right = [["B-PER", "I-PER", "O", "B-LOC"]] * ROWS
    marked = [list(row) for row in right]
    marked[2] = ["B-PER", "O", "O", "B-LOC"]
    marked[5] = ["B-PER", "I-PER", "O", "O"]
    wrong = np.array([a != b for a, b in zip(right, marked, strict=True)])
    texts = tuple(" ".join(row) for row in marked)
    tags = (tuple(map(tuple, side)) for side in (right, marked))
    return TargetRows(
        **common, true=texts, said=texts, wrong=wrong, scores=entity_scores(right, marked, resamples=20),
        right_tags=next(tags), given_tags=next(tags), sureness=chance.random(ROWS),
    )  # fmt: skip


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> TargetsPage:
    page = TargetsPage(workspace)
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    return page


@pytest.mark.parametrize("task", ["multi-label", "regression", "token-classification"])
def test_numbers_parts_and_rows_of_each_task(qtbot: QtBot, page: TargetsPage, task: str) -> None:
    found = found_of(task)
    page.show_found(found)
    assert sorted(page.shown()) == list(range(ROWS)) and not page.below.chip.isVisible()
    losses = [found.losses[i] for i in page.shown()]
    assert losses == sorted(losses, reverse=True)
    assert len(page.above.tiles.widgets()) >= 4
    charts = {
        "regression": {page.above.scatter, page.above.residuals},
        "multi-label": {page.above.roc, page.above.precision},
    }
    assert {chart for chart in page.above.charts if chart.isVisible()} == charts.get(task, set())
    assert page.above.parts is not None

    page.below.wrong.click()
    assert sorted(page.shown()) == np.flatnonzero(found.wrong).tolist() != []
    page.below.chip.click()
    assert len(page.shown()) == ROWS
    # A part, with the keyboard.
    page.above.parts.setFocus()
    page.above.parts.selectRow(0)
    qtbot.keyClick(page.above.parts, Qt.Key.Key_Return)
    part = page.above.parts.rows.row(0).value
    assert sorted(page.shown()) == np.flatnonzero(part.rows).tolist() and page.below.chip.text() == part.words
    if task == "multi-label":
        sides = zip(found.true, found.said, strict=True)
        assert part.rows.tolist() == [("late" in a) != ("late" in b) for a, b in sides]
        # A point of a curve is a threshold.
        page.above.roc.setFocus()
        qtbot.keyClick(page.above.roc, Qt.Key.Key_Right)
        qtbot.keyClick(page.above.roc, Qt.Key.Key_Return)
        assert "if given from" in page.below.chip.text()
        page.choose(part)
    elif task == "token-classification":
        lines = [page.above.parts.rows.row(i).cells[0].text for i in range(page.above.parts.rows.rowCount())]
        assert lines == ["LOC", "PER"] and page.shown() == [5]
        told = [page.above.faults.rows.row(i) for i in range(page.above.faults.rows.rowCount())]
        missed = next(row for row in told if row.cells[0].text == "Missed")
        page.choose(None)
        page.above.faults.opened.emit(missed.value)
        assert page.shown() == [5] and missed.cells[1].text == "1"
    else:
        assert "price" in page.above.cards_of[page.above.scatter].title.text()
        page.above.scatter.picked.emit("row", 3)
        assert page.shown() == [3]
    with qtbot.waitSignal(page.attention_wanted) as wanted:
        qtbot.keyClick(page.below.rows, Qt.Key.Key_Return)
    assert wanted.args == [found.texts[page.shown()[0]]]
    with qtbot.waitSignal(page.data_wanted) as wanted:
        page.below.data.click()
    assert wanted.args == [page.shown()[0]]
    # Against another model: an answer in words, its columns, and what was chosen stays.
    chosen = page.shown()
    assert page.below.rows.isColumnHidden(7) and page.below.rows.isColumnHidden(4) == (task == "regression")
    twin = dataclasses.replace(found, model="twin")
    page.show_found(found, against_targets(found, twin))
    assert page.above.verdict.text().startswith(
        "No: both have the same"
    ) and not page.below.rows.isColumnHidden(7)
    assert page.shown() == chosen
    # A group of one's own, by a question.
    page.show_view("slices")
    view = page.slices
    assert view is not None
    qtbot.waitUntil(lambda: view._found is not None, timeout=WAIT)
    view.query.setText('wrong or text contains "text 19"')
    view.ask_own()
    wanted_rows = sorted({*np.flatnonzero(found.wrong).tolist(), 19})
    qtbot.waitUntil(lambda: sorted(page.shown()) == wanted_rows, timeout=WAIT)
    page.below.chip.click()
    assert len(page.shown()) == ROWS and not page.board.filters
    page.show_view("numbers")
    for made in page.export():
        assert made.drawing is not None or (made.table is not None and len(made.table()) > 1)


def saved_run(home: Home, bert: Path, data: Path, seed: int, name: str = "rent") -> str:
    """A run of a regression model that has learned nothing."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    folder = home.runs / f"2026-01-02-rents-000{seed}"
    folder.mkdir(parents=True)
    recipe = parse_recipe(
        {
            "name": "rents",
            "task": {"kind": "regression"},
            "data": {"train": str(data), "label": "rent", "validation": 0.5},
        }
    )
    (folder / "recipe.toml").write_text(recipe_toml(recipe), encoding="utf-8")
    config = BertConfig.from_pretrained(bert, num_labels=1, id2label={0: name}, problem_type="regression")
    config.target_mean, config.target_std = [500.0], [100.0 * seed]  # which are no fields of a BertConfig
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertForSequenceClassification(config).save_pretrained(folder / "model")
    AutoTokenizer.from_pretrained(bert).save_pretrained(folder / "model")
    return folder.name


def test_numbers_are_measured_once_and_set_against_another_run(
    qtbot: QtBot, workspace: Workspace, home: Home, tiny_bert: Path, tmp_path: Path
) -> None:
    data = tmp_path / "rents.csv"
    cities = ("Bern", "Genf", "Basel")
    rows = "".join(f"{text},{500 + 10 * i},{cities[i % 3]}\n" for i, (text, _) in enumerate(sentences(24)))
    data.write_text(f"text,rent,city\n{rows}", encoding="utf-8")
    first, second = (saved_run(home, tiny_bert, data, seed) for seed in (1, 2))
    third = saved_run(home, tiny_bert, data, 3, "height")
    with qtbot.waitSignal(workspace.runs_changed, timeout=WAIT):
        workspace.refresh_runs()
    pane = EvaluatePane(workspace)
    qtbot.addWidget(pane)
    pane.resize(1000, 700)
    pane.show()

    def settle() -> None:
        qtbot.waitUntil(lambda: not pane._soon.isActive() and pane._ticket is None, timeout=WAIT)

    pane.subject.model.pick(first)
    settle()
    assert "not measured" in pane.empty.title.text() and pane.subject.measure.text() == "Measure"
    pane.empty.action.click()
    settle()
    shown = pane.targets.found
    assert pane.pages.currentWidget() is pane.targets and shown is not None and len(shown) == 12
    assert pane.subject.measure.text() == "Measure again" and pane.targets.above.verdict.isHidden()
    pane.subject.against.pick(second)
    settle()
    assert "press Measure" in pane.told.text() and pane.subject.measure.text() == "Measure"
    pane.measure()
    settle()
    assert pane.targets.against is not None and "mean error" in pane.targets.above.verdict.text()
    kept = sorted(home.runs.glob("*/evaluations/*.npz"))
    assert len(kept) == 2
    assert shown.vectors is not None and len(shown.vectors) == len(np.unique(shown.keys)) == 12
    # A group by another column of the file, and how the other run does on it; a click sets the two against each other.
    pane.target_switcher.choose("slices")
    pane.target_switcher.chosen.emit("slices")
    view = pane.targets.slices
    assert view is not None
    qtbot.waitUntil(lambda: view._found is not None, timeout=WAIT)
    view.query.setText("city = Genf")
    view.ask_own()
    wanted = [i for i, city in enumerate(shown.metadata["city"]) if city == "Genf"]
    qtbot.waitUntil(lambda: sorted(pane.targets.shown()) == wanted, timeout=WAIT)
    qtbot.waitUntil(lambda: len(view.runs.found) == 2, timeout=WAIT)
    assert {one.run for one in view.runs.found} == {first, second}
    assert all(
        one.same and one.found is not None and one.found.size == len(wanted) for one in view.runs.found
    )
    pane.subject.against.pick("")
    settle()
    other = next(row for row in range(2) if view.runs.list.rows.row(row).value.run == second)
    view.runs.list.opened.emit(view.runs.list.rows.row(other).value)
    settle()
    assert pane.targets.against is not None
    pane.targets.below.chip.click()
    verdict = pane.targets.above.verdict.text()
    # What answers another question is not compared; the numbers stay.
    pane.subject.against.pick(third)
    settle()
    pane.measure()
    settle()
    assert "does not answer what is asked" in pane.told.text() and pane.targets.against is None
    assert pane.pages.currentWidget() is pane.targets and len(pane.targets.shown()) == 12
    # A second look loads nothing.
    again = EvaluatePane(workspace)
    qtbot.addWidget(again)
    again.show()
    again.subject.model.pick(first)
    again.subject.against.pick(second)
    qtbot.waitUntil(lambda: again.targets.against is not None, timeout=WAIT)
    assert again.targets.above.verdict.text() == verdict
    assert {part.name for part in again._parts()} >= {"numbers", "rows", "residuals"}
