"""From a file to an answer through the real window, for each task of language models: open, tune with LoRA, ask."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.engine import conftest as tiny
from tests.gui.test_journey import LONG, click, drop, pane, shut
from workbench.gui.app import make_window
from workbench.gui.panes.data import DataPane
from workbench.gui.panes.prompt import PromptPane
from workbench.gui.panes.train import TrainPane
from workbench.run.events import Ended
from workbench.run.home import Home

tiny_t5 = tiny.tiny_t5
WORDS = ("rain", "bread", "train", "sun")
#: What a row of each task's file holds, and the curves that its measurements draw.
ROWS = {
    "chat": {
        "messages": [{"role": "user", "content": "Say {0} {1}"}, {"role": "assistant", "content": "{1} {0}."}]
    },
    "preference": {"prompt": "Say {0} {1}", "chosen": "{0} it is, {1}", "rejected": "no {1}"},
    "seq2seq": {"source": "we saw {0} today {1}", "target": "{0} {1}"},
}
CURVES = {
    "chat": {"validation/loss", "validation/perplexity"},
    "preference": {"validation/accuracy", "validation/margin", "validation/chosen", "validation/rejected"},
    "seq2seq": {"validation/loss", "validation/rougeL", "validation/chrf", "validation/bleu"},
}


def filled(value: object, word: str, number: int) -> object:
    """A row's value with its word and number in place."""
    if isinstance(value, str):
        return value.format(word, number)
    if isinstance(value, list):
        return [filled(item, word, number) for item in value]
    assert isinstance(value, dict)
    return {key: filled(item, word, number) if key != "role" else item for key, item in value.items()}


@pytest.mark.parametrize(
    "task", ["chat", *(pytest.param(task, marks=pytest.mark.heavy) for task in ("preference", "seq2seq"))]
)
def test_a_file_becomes_a_model_that_answers(
    qtbot: QtBot, qapp: QApplication, home: Home, tiny_llama: Path, tiny_t5: Path, tmp_path: Path, task: str
) -> None:
    for folder in (tiny_llama, tiny_t5):
        shutil.copytree(folder, home.models / folder.name)
    file = tmp_path / f"{task}.jsonl"
    file.write_text(
        "\n".join(json.dumps(filled(ROWS[task], word, number)) for number in range(8) for word in WORDS),
        encoding="utf-8",
    )
    bench = make_window(home)
    try:
        bench.window.resize(1280, 840)
        bench.window.show()
        workspace = bench.workspace
        qtbot.waitUntil(lambda: bool(workspace.datasets and workspace.models), timeout=LONG)

        # The file's columns say what it is for, and a model that suits it is chosen.
        data = pane(qtbot, bench, "data")
        assert isinstance(data, DataPane)
        drop(bench, file)
        qtbot.waitUntil(lambda: workspace.data is not None and workspace.data.path == file, timeout=LONG)
        assert workspace.data is not None and workspace.data.problem is None
        model = "tiny-t5" if task == "seq2seq" else "tiny-llama"
        assert (workspace.recipe.task.kind, workspace.recipe.model.source) == (task, model)
        offered = {
            bench.window.bar.model.combo.itemData(i) for i in range(bench.window.bar.model.combo.count())
        }
        assert model in offered and not {"tiny-llama", "tiny-t5", "minilm"} - {model} & offered

        # Start, and the run draws its curves.
        for path, value in (
            ("weights.kind", "lora"),
            ("training.max_steps", 4),
            ("training.eval_every", 2),
            ("training.max_length", 96),
            ("training.device", "cpu"),
            ("film.on", False),
            ("answer.written", 2),
        ):
            workspace.set_field(path, value)
        assert not workspace.complaints
        ended: list[Ended] = []
        workspace.run_ended.connect(ended.append)
        click(qtbot, bench.window.bar.start)
        qtbot.waitUntil(lambda: bool(ended) or bool(workspace.refusals), timeout=LONG)
        assert ended and ended[0].status == "finished"
        name = workspace.runs[0].name
        qtbot.waitUntil(lambda: name in workspace.histories, timeout=LONG)
        assert set(workspace.histories[name].curves) >= CURVES[task]
        train = pane(qtbot, bench, "train")
        assert isinstance(train, TrainPane)
        drawn = {line.key.removeprefix("0/"): line.colour for line in train.plots["scores"].series}
        scores = CURVES[task] - {"validation/loss"}
        assert scores <= set(drawn)
        assert len(set(drawn.values())) == len(drawn)  # each has its own colour

        # The Prompt page talks to it.
        prompt = pane(qtbot, bench, "prompt")
        assert isinstance(prompt, PromptPane)
        prompt.chooser.pick(name)
        qtbot.waitUntil(lambda: prompt.stack.currentWidget() is not prompt.setup, timeout=LONG)
        qtbot.keyClicks(prompt.writer.box, "Say rain")
        qtbot.keyClick(prompt.writer.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: bool(prompt.writer.turns), timeout=LONG)
        answer = prompt.writer.turns[-1].answers[0]
        qtbot.waitUntil(lambda: bool(answer.written.ended), timeout=LONG)
        assert answer.written.ended in ("end", "length")
    finally:
        shut(bench)
