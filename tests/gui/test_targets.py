"""Labels, numbers and marks in the window: the Data page knows such files, the Prompt page tries such runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tests.engine.conftest import marked_words, topic_sets
from workbench.gui.panes.data import DataPane
from workbench.gui.panes.prompt import PromptPane
from workbench.gui.workspace import Workspace
from workbench.run.home import Home
from workbench.run.recipe import Recipe, TaskSection
from workbench.run.recipe_files import recipe_toml

Write = Callable[[str, str | bytes], Path]
WAIT = 120_000
ROWS = topic_sets(60)


def test_the_data_page_knows_such_files_and_says_what_they_hold(
    qtbot: QtBot, workspace: Workspace, write: Write
) -> None:
    pane = DataPane(workspace)
    qtbot.addWidget(pane)
    page = pane.table_page
    switches = "".join(f"{t},{int('weather' in n)},{int('travel' in n)}\n" for t, n in ROWS)
    scores = "".join(f"{text},{i * 0.37:.2f}\n" for i, (text, _) in enumerate(ROWS))
    for file, content, task, label, told in (
        (
            "a.csv",
            f"text,weather,travel\n{switches}",
            "multi-label",
            "weather, travel",
            "so many have each label",
        ),
        ("b.csv", f"text,score\n{scores},1\nbad,words\n", "regression", "score", "goes from 0 to 21.83"),
        (
            "c.conll",
            "\n\n".join(marked_words(t) for t, _ in ROWS),
            "token-classification",
            "tags",
            "Marked are",
        ),
    ):
        workspace.choose_data(str(write(file, content)))
        qtbot.waitUntil(lambda: not workspace.data_busy, timeout=WAIT)
        assert workspace.recipe.task.kind == task
        assert page.columns.label.currentText() == f"{label}  (guessed)"
        assert page.columns.hint.text()
        assert workspace.data is not None and workspace.data.problem is None
        assert any(told in note for note in workspace.data.notes), workspace.data.notes
        assert workspace.data.sizes is not None and sum(workspace.data.sizes) == 60
        if task == "regression":
            notes = " ".join(workspace.data.notes)
            assert "Row 61: “text” is empty." in notes and "“words”, which is no number" in notes


def saved_run(home: Home, tiny_bert: Path, kind: str, auto: Any, names: tuple[str, ...], **more: Any) -> str:
    """A run folder with random weights and such a head."""
    from transformers import AutoTokenizer, BertConfig

    folder = home.runs / f"2026-01-02-{kind}-abcd"
    folder.mkdir(parents=True)
    recipe = Recipe(name=kind, task=TaskSection(kind=kind))
    (folder / "recipe.toml").write_text(recipe_toml(recipe), encoding="utf-8")
    config = BertConfig.from_pretrained(tiny_bert, num_labels=len(names), id2label=dict(enumerate(names)))
    for name, value in more.items():  # which are no fields of a BertConfig
        setattr(config, name, value)
    auto(config).save_pretrained(folder / "model")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder / "model")
    return folder.name


def test_the_prompt_page_tries_each_kind(
    qtbot: QtBot, workspace: Workspace, home: Home, tiny_bert: Path
) -> None:
    from transformers import BertForSequenceClassification, BertForTokenClassification

    several = saved_run(
        home, tiny_bert, "multi-label", BertForSequenceClassification, ("rain", "sun", "fog"),
        problem_type="multi_label_classification", thresholds=[0.01, 0.99, 0.01],
    )  # fmt: skip
    number = saved_run(
        home, tiny_bert, "regression", BertForSequenceClassification, ("price",),
        problem_type="regression", target_mean=[1000.0], target_std=[1.0],
    )  # fmt: skip
    tagger = saved_run(
        home, tiny_bert, "token-classification", BertForTokenClassification, ("NOUN", "VERB"),
    )  # fmt: skip
    with qtbot.waitSignal(workspace.runs_changed, timeout=WAIT):
        workspace.refresh_runs()
    pane = PromptPane(workspace)
    qtbot.addWidget(pane)
    pane.show()
    tried = pane.classifier
    pane.chooser.pick(several)
    assert pane.stack.currentWidget() is tried and "labels" in pane.about.text()
    tried.box.setPlainText("we saw rain")
    qtbot.waitUntil(lambda: tried.winner.text() == "rain, fog", timeout=WAIT)
    assert {name for name, _ in tried.bars.rows()} == {"rain", "sun", "fog"}
    pane.chooser.pick(number)
    qtbot.waitUntil(lambda: tried.winner.text().startswith("price "), timeout=WAIT)
    assert float(tried.winner.text().removeprefix("price ")) == pytest.approx(1000, abs=5)
    assert not tried.bars.rows()
    pane.chooser.pick(tagger)
    qtbot.waitUntil(lambda: tried.winner.text() == "3 marked", timeout=WAIT)
    assert tried.marked.isVisible() and "we NOUN" in tried.marked.toPlainText().replace("VERB", "NOUN")
