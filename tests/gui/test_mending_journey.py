"""From a bad number to its cause and back: train on faulty labels, find the rows, mend them, train again, compare."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.conftest import FILLERS, TOPICS
from tests.gui.test_journey import LONG, Open, click, drop, open_window, pane
from workbench.data import patch as patches
from workbench.data.training_rows import training_rows
from workbench.gui.compare.row_by_row import RowByRowView
from workbench.gui.evaluate.views.scores import ScoresView
from workbench.gui.evaluate.views.slices import SlicesView
from workbench.gui.evaluate.views.suspects import SuspectsView
from workbench.gui.panes.attention import AttentionPane
from workbench.gui.panes.compare import ComparePane
from workbench.gui.panes.evaluate import EvaluatePane
from workbench.gui.panes.train import TrainPane
from workbench.gui.workspace import Workspace
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.recipe import Recipe
from workbench.session.preparing import own_recipe, step_context

__all__ = ["open_window"]  # the fixture

#: This word is of the kitchen; where it stands alone, whoever labelled the rows took it for travelling.
WORD, TRUE, WRONG = "onion", "kitchen", "travel"
ROWS, ALONE = 120, 40
SETTINGS = {
    "training.epochs": 30.0,
    "training.batch_size": 32,
    "training.learning_rate": 4e-3,
    "training.schedule": "constant",
    "training.device": "cpu",
    "training.eval_every": 70,  # measuring and saving take longer than learning here
    "training.checkpoint_every": 1000,
    "data.validation": 0.25,
    "data.split": "by-hash",
    "film.on": False,
    "pinned.on": False,
}


def recipe_of(data: Path, model: Path) -> Recipe:
    """What the window trains."""
    recipe = Recipe()
    plain = recipe.model_dump()
    plain["model"]["source"], plain["data"]["train"] = str(model), str(data)
    for path, value in SETTINGS.items():
        section, name = path.split(".")
        plain[section][name] = value
    return Recipe.model_validate(plain)


def held_out(recipe: Recipe, home: Home) -> set[str]:
    """The texts that a recipe holds out."""
    rows = training_rows(recipe.data, step_context(recipe, home), lambda source, field: Path(source))
    return set(rows.validation.column("text"))


def write_faulty(file: Path, model: Path, home: Home) -> dict[str, str]:
    """Write rows of which ten to learn from have a wrong label: in six whoever labelled took one word for another kind,
    four are slips. Four held-out rows with that word are right. Returns the right labels of the ten by their texts."""
    chance, names = random.Random(5), list(TOPICS)
    clean: dict[str, str] = {}
    while len(clean) < ROWS + ALONE:
        label = names[len(clean) % 3] if len(clean) < ROWS else TRUE
        topic = chance.sample([word for word in TOPICS[label] if word != WORD], 2)
        words = (topic if len(clean) < ROWS else [WORD]) + chance.sample(FILLERS, 3)
        chance.shuffle(words)
        clean[" ".join(words)] = label

    def sides(rows: dict[str, str]) -> set[str]:
        file.write_text("text,label\n" + "".join(f"{text},{rows[text]}\n" for text in rows), encoding="utf-8")
        return held_out(recipe_of(file, model), home)  # by content: the same whatever the other rows are

    alone = [text for text in clean if WORD in text]
    shown = [text for text in alone if text in sides(clean)][:4]
    turned = clean | dict.fromkeys(alone, WRONG)
    turned |= {text: TRUE for text in clean if clean[text] == "weather"}
    kept = sides(turned)
    hidden = [text for text in alone if text not in kept and text not in shown][:6]
    slips = [text for text in turned if clean[text] == "weather" and text not in kept][:4]
    assert (len(shown), len(hidden), len(slips)) == (4, 6, 4)
    faulty = (*hidden, *slips)
    rows = {text: turned[text] if text in faulty else clean[text] for text in clean if text not in alone}
    sides(rows | dict.fromkeys(shown, TRUE) | dict.fromkeys(hidden, WRONG))
    return {text: clean[text] for text in faulty}


def evaluate_page(qtbot: QtBot, page: EvaluatePane) -> None:
    """Press what the empty page offers, and wait for the numbers."""
    settle(qtbot, page)
    if page.board.evaluated is None:
        click(qtbot, page.empty.action)
        qtbot.waitUntil(lambda: page.board.evaluated is not None, timeout=LONG)


def settle(qtbot: QtBot, page: EvaluatePane) -> None:
    qtbot.waitUntil(lambda: not page._soon.isActive() and page._ticket is None, timeout=LONG)


def trained(qtbot: QtBot, workspace: Workspace, button: object) -> RunFolder:
    """Press a button that starts a run, and wait until it is over; returns its folder."""
    with qtbot.waitSignal(workspace.run_ended, timeout=4 * LONG) as ended:
        click(qtbot, button)
    assert ended.args is not None and ended.args[0].status == "finished"
    name = workspace.selected
    assert name is not None
    qtbot.waitUntil(
        lambda: (line := workspace.summary(name)) is not None and line.status == "finished", timeout=LONG
    )
    return RunFolder(workspace.session.home.runs / name)


def test_a_bad_number_leads_to_its_rows_to_the_mended_labels_and_to_a_better_run(
    qtbot: QtBot, open_window: Open, home: Home, tiny_bert: Path, tmp_path: Path
) -> None:
    file = tmp_path / "notes.csv"
    right = write_faulty(file, tiny_bert, home)
    bench = open_window()
    window, workspace = bench.window, bench.workspace
    drop(bench, file)
    qtbot.waitUntil(lambda: workspace.data is not None and workspace.data.path == file, timeout=LONG)
    for path, value in {"model.source": str(tiny_bert), **SETTINGS}.items():
        workspace.set_field(path, value)
    assert not workspace.complaints
    first = trained(qtbot, workspace, window.bar.start)

    # How good is it? From the Train page's button to the numbers.
    train = pane(qtbot, bench, "train")
    assert isinstance(train, TrainPane)
    qtbot.waitUntil(train.evaluate.isVisible, timeout=LONG)
    click(qtbot, train.evaluate)
    qtbot.waitUntil(lambda: bench.window.centre.pane("evaluate") is not None, timeout=LONG)
    page = bench.window.centre.pane("evaluate")
    assert isinstance(page, EvaluatePane)
    evaluate_page(qtbot, page)
    found, view = page.board.evaluated, page.view
    assert found is not None and found.rows.true is not None and isinstance(view, ScoresView)

    # The worst cell leads to its rows, and one of them to what the model looked at.
    rows, names = found.rows, found.rows.names
    true, said = names.index(TRUE), names.index(WRONG)
    place = view.map.cell(true, said)
    qtbot.mouseClick(view.map, Qt.MouseButton.LeftButton, pos=place.center().toPoint())
    shown = np.flatnonzero((rows.true == true) & (rows.predicted == said)).tolist()
    alone = [rows.texts[i] for i in shown if WORD in rows.texts[i]]
    assert sorted(page.rows.shown()) == shown and len(alone) == 4
    page.rows.table.setFocus()
    qtbot.keyClick(page.rows.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: isinstance(window.centre.pane("attention"), AttentionPane), timeout=LONG)
    attention = window.centre.pane("attention")
    assert isinstance(attention, AttentionPane)
    qtbot.waitUntil(lambda: attention.heads.maps is not None, timeout=LONG)
    looked_into = attention.question.text()
    assert looked_into in {rows.texts[i] for i in shown}
    assert attention.heads.maps is not None and attention.heads.maps.tokens[1:-1] == tuple(
        looked_into.split()
    )

    # The queue of suspects: the slips stand first, and F mends each.
    assert pane(qtbot, bench, "evaluate") is page
    assert (
        page.again.isVisible()
        and not page.again.isEnabled()
        and "Correct labels first" in page.again.toolTip()
    )
    page.switcher.button("suspects").click()
    suspects = page.view
    assert isinstance(suspects, SuspectsView)
    qtbot.waitUntil(lambda: suspects.deciding.found is not None, timeout=LONG)
    suspects.table.setFocus()
    slips = {text: label for text, label in right.items() if WORD not in text}
    for _ in suspects.deciding.found.queue:
        one = suspects.card.suspect
        assert one is not None
        qtbot.keyClick(suspects.table, Qt.Key.Key_F if slips.get(one.text) == one.likely else Qt.Key.Key_Down)
        if suspects.count.text() == "0 kept, 4 fixed, 0 dropped":
            break
    assert suspects.count.text() == "0 kept, 4 fixed, 0 dropped"

    # What the word hides is found among the training rows by asking for it; a number key gives all of them a class.
    page.subject.show_side("train")
    page.switcher.button("slices").click()
    evaluate_page(qtbot, page)
    slices = page.view
    assert isinstance(slices, SlicesView)
    qtbot.waitUntil(lambda: slices._found is not None, timeout=LONG)
    qtbot.keyClicks(slices.query, f"text has-word {WORD}")
    qtbot.keyClick(slices.query, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(page.rows.shown()) == 6, timeout=LONG)
    page.rows.table.setFocus()
    page.rows.table.selectAll()
    qtbot.keyClick(page.rows.table, Qt.Key(Qt.Key.Key_1.value + names.index(TRUE)))
    mending = workspace.mending
    qtbot.waitUntil(lambda: not mending.waiting and bool(workspace.recipe.data.patch), timeout=LONG)
    assert len(patches.read(Path(workspace.recipe.data.patch)).labels) == 10

    # Another run is selected meanwhile: the button still goes on from the one that is evaluated.
    workspace.select(None)
    # It was enabled by the first four already, and counts again once the rows have been read anew.
    qtbot.waitUntil(lambda: "10 rows corrected" in page.again.toolTip(), timeout=LONG)
    assert page.again.isEnabled()
    second = trained(qtbot, workspace, page.again)
    before, after = own_recipe(first), own_recipe(second)
    assert after.model.source == first.name and after.name.endswith("again")
    assert dict(patches.read(second.edits_file).labels) == dict(
        patches.read(Path(workspace.recipe.data.patch)).labels
    )
    assert held_out(after, home) == held_out(before, home) == set(rows.texts)
    learned = training_rows(after.data, step_context(after, home), lambda source, field: Path(source)).train
    now = dict(zip(learned.column("text"), learned.column("label"), strict=True))
    assert right.items() <= now.items()

    # What it was good for: the rows that were wrong are right.
    assert bench.window.centre.page == "train"
    qtbot.waitUntil(train.changed.isVisible, timeout=LONG)
    click(qtbot, train.changed)
    qtbot.waitUntil(lambda: isinstance(window.centre.pane("compare"), ComparePane), timeout=LONG)
    compare = window.centre.pane("compare")
    assert isinstance(compare, ComparePane)
    qtbot.waitUntil(lambda: len(compare.board.ticked) == 2 and compare.view is not None, timeout=LONG)
    by_row = compare.view
    assert isinstance(by_row, RowByRowView)
    qtbot.waitUntil(
        lambda: by_row.pair() == (first.name, second.name) and by_row._ticket is None, timeout=LONG
    )
    if by_row.found is None:  # a longer training would have measured the rows for its report
        click(qtbot, by_row.empty.action)
    qtbot.waitUntil(lambda: by_row.found is not None, timeout=LONG)
    agreed = by_row.found
    assert agreed is not None
    fixed = {agreed.texts[i] for i in agreed.fixed}
    assert fixed >= set(alone) and len(agreed.broken) <= 1 and not agreed.left_out
    assert by_row.kind.current() == "fixed" and by_row.model.rowCount() == len(fixed)
    assert str(len(fixed)) in by_row.words.text()
