"""The window's evaluation and its mixtures, on real tiny models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from safetensors.torch import load_file

from tests.gui.conftest import wait_for_files
from workbench.cli.main import main
from workbench.gui.evaluation.dialog import EvaluationDialog
from workbench.gui.evaluation.mixture import MixtureDialog
from workbench.gui.runs_shelf import RunsShelf
from workbench.gui.workspace import Workspace
from workbench.run.home import Home

PATIENCE = 120_000


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "sums.jsonl"
    rows = [{"question": f"What is {n} and 1?", "answer": f"Sum:\n#### {n + 1}"} for n in range(6)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture
def evaluating(
    qtbot: QtBot, home: Home, tiny_llama: Path, workspace: Workspace
) -> Callable[[str], EvaluationDialog]:
    """The dialog for one of two language models on the shelf."""
    for name in ("first", "second"):
        shutil.copytree(tiny_llama, home.models / name)

    def make(model: str) -> EvaluationDialog:
        workspace.refresh_shelf()
        qtbot.waitUntil(lambda: any(entry.name == "second" for entry in workspace.models), timeout=PATIENCE)
        dialog = EvaluationDialog(workspace)
        qtbot.addWidget(dialog)
        dialog.show()
        dialog.form.model.pick(model)
        return dialog

    return make


def test_two_models_answer_a_file_s_questions(
    qtbot: QtBot,
    evaluating: Callable[[str], EvaluationDialog],
    questions: Path,
    tmp_path: Path,
    workspace: Workspace,
) -> None:
    dialog = evaluating("first")
    form = dialog.form
    assert not dialog.start.isEnabled()  # a model that is no run has held nothing out
    form.take_file(str(questions))
    form.pattern.setText("(")
    assert not dialog.start.isEnabled() and "pattern" in dialog.state.text().lower()
    form.pattern.setText(r"#### (.+)")
    form.room.setValue(4)
    form.rows.setValue(3)
    form.beside.setCurrentIndex(form.beside.findData("second"))
    assert dialog.start.isEnabled()
    dialog.start.click()
    assert dialog.bar.isVisible() and not form.isEnabled()
    qtbot.waitUntil(lambda: dialog.found is not None, timeout=PATIENCE)
    assert dialog.found is not None and [s.model for s in dialog.found.models] == ["first", "second"]
    shown = [label.text() for label in dialog.figures.findChildren(QLabel)]
    assert "Perplexity of the answers" in shown and "Expected number" in shown and "first" in shown
    table = dialog.samples.table
    assert table is not None and table.rows.rowCount() == 3
    table.selectRow(1)
    assert "What is 2 and 1?" in dialog.samples.whole.toPlainText()
    dialog.write(tmp_path / "out.jsonl")
    wait_for_files(qtbot, workspace)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["wanted"] for row in rows] == ["1", "3", "5"]


def test_an_evaluation_can_be_cancelled_and_what_is_wrong_is_said(
    qtbot: QtBot, evaluating: Callable[[str], EvaluationDialog], questions: Path, tmp_path: Path
) -> None:
    dialog = evaluating("second")
    dialog.form.take_file(str(questions))
    dialog.start.click()
    dialog.stop.click()
    assert dialog.start.isEnabled() and dialog.stop.text() == "Close" and dialog.found is None
    dialog.form.take_file(str(tmp_path / "nowhere.jsonl"))
    dialog.start.click()
    qtbot.waitUntil(lambda: "nowhere.jsonl" in dialog.state.text(), timeout=PATIENCE)
    assert dialog.start.isEnabled()


def test_a_mixture_is_chosen_along_the_curve_and_saved(
    qtbot: QtBot, home: Home, tiny_bert: Path, tiny_csv: Path, workspace: Workspace
) -> None:
    steps = ["--set", "training.max_steps=12", "--set", "training.learning_rate=0.005"]
    assert main(["train", str(tiny_csv), "--set", f"model.source={tiny_bert}", *steps, "--name", "topics",
                 "--home", str(home.root)]) == 0  # fmt: skip
    workspace.refresh_runs()
    qtbot.waitUntil(lambda: bool(workspace.runs), timeout=PATIENCE)
    (run,) = workspace.runs
    shelf = RunsShelf(workspace)
    qtbot.addWidget(shelf)
    actions = {action.text(): action for action in shelf.menu_for(run).actions()}
    assert actions["Mix with the base…"].isEnabled()
    with qtbot.waitSignal(workspace.page_wanted) as wanted:  # a classifier has the page, and no dialog
        actions["Evaluate…"].trigger()
    assert wanted.args == ["evaluate"] and workspace.evaluate_wish is not None
    dialog = MixtureDialog(workspace, run.name)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.stop.text() == "Close" and dialog.best is not None, timeout=PATIENCE)
    assert len(dialog.plot.curves) == 7 and "base:" in dialog.ends[0.0].text()  # the line and six dots
    dialog.plot.picked.emit(0.37)
    assert dialog.alpha == 0.37 and dialog.here.isEnabled()
    dialog.here.click()
    # the score is told before the work is over, and nothing can be saved in between
    qtbot.waitUntil(lambda: len(dialog.plot.curves) == 8 and dialog.save.isEnabled(), timeout=PATIENCE)
    dialog.slider.setValue(100)
    assert "accuracy" in dialog.value.text()
    dialog.name.setText("a/b")
    dialog.save.click()
    qtbot.waitUntil(lambda: "cannot be a model's name" in dialog.state.text(), timeout=PATIENCE)
    dialog.name.setText("all tuned")
    dialog.save.click()
    qtbot.waitUntil(lambda: dialog.state.text().startswith("Saved."), timeout=PATIENCE)
    ours = load_file(home.models / "all tuned" / "model.safetensors")
    theirs = load_file(run.folder / "model" / "model.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    wait_for_files(qtbot, workspace)
