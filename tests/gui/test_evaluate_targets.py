"""Labels, numbers and marks on the Evaluate page: their parts and points choose the rows behind them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from workbench.gui.evaluate.targets import TargetsPage
from workbench.run.target_rows import TargetRows
from workbench.session.scoring.comparing_targets import against_targets
from workbench.session.scoring.entities import entity_scores
from workbench.session.scoring.multilabel import multi_label_scores
from workbench.session.scoring.regression import regression_scores

ROWS = 20


def found_of(task: str) -> TargetRows:
    """An evaluation of twenty rows."""
    chance = np.random.default_rng(0)
    common: dict[str, Any] = {
        "task": task, "model": "tiny", "told": "held-out rows", "file": "data.csv", "rows": np.arange(ROWS),
        "texts": tuple(f"text {i}" for i in range(ROWS)), "losses": chance.random(ROWS), "accuracy": 0.5,
    }  # fmt: skip
    if task == "regression":
        true = chance.normal(size=(ROWS, 1)) * 100
        said = true + chance.normal(size=(ROWS, 1))
        said[3] += 500
        words = (tuple(f"{v[0]:.1f}" for v in side) for side in (true, said))
        wrong = np.abs(said - true)[:, 0] > 100
        return TargetRows(
            **common,
            true=next(words),
            said=next(words),
            wrong=wrong,
            scores=regression_scores(true, said, ("price",), resamples=20),
            names=("price",),
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
def page(qtbot: QtBot) -> TargetsPage:
    page = TargetsPage()
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    return page


@pytest.mark.parametrize("task", ["multi-label", "regression", "token-classification"])
def test_numbers_parts_and_rows_of_each_task(qtbot: QtBot, page: TargetsPage, task: str) -> None:
    found = found_of(task)
    page.show_found(found)
    assert sorted(page.shown()) == list(range(ROWS)) and not page.chip.isVisible()
    losses = [found.losses[i] for i in page.shown()]
    assert losses == sorted(losses, reverse=True)
    assert len(page.tiles.widgets()) >= 4
    charts = {"regression": {page.scatter, page.residuals}, "multi-label": {page.roc, page.precision}}
    assert {chart for chart in page.charts if chart.isVisible()} == charts.get(task, set())
    assert page.parts is not None

    page.wrong.click()
    assert sorted(page.shown()) == np.flatnonzero(found.wrong).tolist() != []
    page.chip.click()
    assert len(page.shown()) == ROWS
    # A part, with the keyboard.
    page.parts.setFocus()
    page.parts.selectRow(0)
    qtbot.keyClick(page.parts, Qt.Key.Key_Return)
    part = page.parts.rows.row(0).value
    assert sorted(page.shown()) == np.flatnonzero(part.rows).tolist() and page.chip.text() == part.words
    if task == "multi-label":
        sides = zip(found.true, found.said, strict=True)
        assert part.rows.tolist() == [("late" in a) != ("late" in b) for a, b in sides]
        # A point of a curve is a threshold.
        page.roc.setFocus()
        qtbot.keyClick(page.roc, Qt.Key.Key_Right)
        qtbot.keyClick(page.roc, Qt.Key.Key_Return)
        assert "if given from" in page.chip.text()
        page.choose(part)
    elif task == "token-classification":
        lines = [page.parts.rows.row(i).cells[0].text for i in range(page.parts.rows.rowCount())]
        assert lines[:2] == ["LOC", "PER"] and "Missed" in lines
        assert page.shown() == [5]
    else:
        page.scatter.picked.emit("row", 3)
        assert page.shown() == [3]
    with qtbot.waitSignal(page.attention_wanted) as wanted:
        page.attention.click()
    assert wanted.args == [found.texts[page.shown()[0]]]
    with qtbot.waitSignal(page.data_wanted) as wanted:
        page.data.click()
    assert wanted.args == [page.shown()[0]]
    # Against another model: an answer in words, its columns, and what was chosen stays.
    chosen = page.shown()
    assert page.rows.isColumnHidden(7) and page.rows.isColumnHidden(4) == (task == "regression")
    twin = dataclasses.replace(found, model="twin")
    page.show_found(found, against_targets(found, twin))
    assert page.verdict.text().startswith("No: both have the same") and not page.rows.isColumnHidden(7)
    assert page.shown() == chosen
    for made in page.export():
        assert made.drawing is not None or (made.table is not None and len(made.table()) > 1)
