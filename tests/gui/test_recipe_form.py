"""The recipe form: groups, fields that count, marks, search, the schedule's curve, presets, the rate finder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox
from pytestqt.qtbot import QtBot

from workbench.gui.app import Bench
from workbench.gui.rate_finder_dialog import RateFinderDialog
from workbench.gui.recipe_form import FieldEdit
from workbench.gui.recipe_groups import ELSEWHERE, QUICK_FIELDS, group_fields
from workbench.gui.recipe_panel import RecipePanel
from workbench.gui.small_plot import SmallPlot, ticks
from workbench.run.field_needs import NEEDS, why_not
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed, recipe_fields

# The offscreen platform says so of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
WAIT = 60_000


@pytest.fixture
def panel(qtbot: QtBot, bench: Bench) -> Iterator[RecipePanel]:
    """The unfolded fields of a window that knows its data."""
    with qtbot.waitSignal(bench.window.first_frame):
        bench.window.show()
    qtbot.waitUntil(lambda: bench.workspace.data is not None, timeout=WAIT)
    bench.window.toggle_advanced()
    assert bench.window.bar.more is not None
    yield bench.window.bar.more


def titles(panel: RecipePanel, group: str) -> set[str]:
    """The fields of a group that can be seen."""
    return {e.field.title for e in panel.groups[group].edits.values() if e.isVisible()}


# ---- the tables


def test_every_field_stands_in_exactly_one_place() -> None:
    grouped = [row.path for rows in group_fields().values() for row in rows]
    everywhere = [*grouped, *QUICK_FIELDS, *ELSEWHERE]
    assert sorted(everywhere) == sorted(recipe_fields())


def test_a_field_that_needs_another_counts_with_it_and_not_without() -> None:
    for path, needs in NEEDS.items():
        for need in needs:
            row = recipe_fields()[need.path]
            good = need.values[0] if need.values else type(row.default)(0 if need.off else 1)
            assert why_not(changed(Recipe(), need.path, good), path) == "", (path, need)
    assert why_not(Recipe(), "weights.lora_rank") == "Counts only where Weights is lora or dora or adalora."
    assert "Early stopping is above 0, or Schedule is plateau" in why_not(Recipe(), "training.minimum_gain")


# ---- the panel


def test_groups_unfold_and_show_only_what_counts(qtbot: QtBot, bench: Bench, panel: RecipePanel) -> None:
    assert titles(panel, "rate") >= {"Schedule", "Warm-up", "Final rate"}
    assert "Restarts" not in titles(panel, "rate")
    bench.workspace.set_field("training.schedule", "cosine-restarts")
    assert "Restarts" in titles(panel, "rate")
    weights = panel.groups["weights"]
    assert titles(panel, "weights") == set()
    qtbot.mouseClick(weights.switch, Qt.MouseButton.LeftButton)
    assert "Weights" in titles(panel, "weights")
    assert "LoRA rank" not in titles(panel, "weights")
    # A value that differs stays in sight even where it does not count, and says why it cannot be edited.
    bench.workspace.set_field("weights.lora_rank", 4)
    rank = panel.fields.edits["weights.lora_rank"]
    assert rank.isVisible()
    assert not rank.editor.isEnabled()
    assert rank.complaint.text() == "Counts only where Weights is lora or dora or adalora."
    bench.workspace.set_field("weights.kind", "lora")
    assert rank.editor.isEnabled()
    assert not rank.complaint.isVisible()


def test_what_differs_is_marked_and_goes_back_with_one_click(
    qtbot: QtBot, bench: Bench, panel: RecipePanel
) -> None:
    workspace, batches = bench.workspace, panel.groups["batches"]
    batches.set_open(True)
    edit = panel.fields.edits["training.gradient_checkpointing"]
    box = edit.editor
    assert isinstance(box, QCheckBox)
    assert edit.back is not None
    assert not edit.back.isVisible()
    box.click()
    assert workspace.recipe.training.gradient_checkpointing
    assert box.text() == "on"
    assert batches.differs.text() == "1 changed"
    assert panel.summary.text() == "1 field differs from its default"
    qtbot.mouseClick(edit.back, Qt.MouseButton.LeftButton)
    assert not workspace.recipe.training.gradient_checkpointing
    assert not edit.back.isVisible()
    assert not batches.differs.isVisible()
    workspace.set_field("training.epochs", 7)
    workspace.set_field("training.seed", 7)
    workspace.set_field("data.train", "company-headlines")
    qtbot.mouseClick(panel.all_back, Qt.MouseButton.LeftButton)
    assert workspace.recipe == changed(Recipe(), "data.train", "company-headlines")


def test_a_complaint_marks_its_folded_group(bench: Bench, panel: RecipePanel) -> None:
    loss = panel.groups["loss"]
    bench.workspace.set_field("loss.label_smoothing", 3)
    assert loss.is_open()  # it is new, so it is shown
    edit = panel.fields.edits["loss.label_smoothing"]
    assert edit.complaint.text() == "It should be less than 1."
    loss.set_open(False)
    assert loss.wrong.isVisible()
    assert loss.wrong.text() == "● 1 to mend"
    assert "1 to mend" in loss.switch.accessibleDescription()
    bench.workspace.set_field("training.seed", 4)
    assert not loss.is_open()  # it was folded on purpose
    assert edit.back is not None
    edit.back.click()
    assert not loss.wrong.isVisible()
    assert not bench.workspace.complaints


def test_the_search_line_finds_fields_by_title_help_and_choice(
    qtbot: QtBot, bench: Bench, panel: RecipePanel
) -> None:
    qtbot.keyClicks(panel.search, "lora")
    assert titles(panel, "weights") >= {"Weights", "LoRA rank"}
    assert not panel.groups["teacher"].isVisible()
    panel.search.setText("biases norms")  # words of a help
    assert titles(panel, "regularisation") == {"Weight decay"}
    panel.search.setText("no such words")
    assert panel.nothing.isVisible()
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.search.text() == ""
    assert panel.isVisible()
    assert titles(panel, "rate")  # as it was before
    assert not titles(panel, "weights")
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert not panel.isVisible()


def test_tab_reaches_every_field_in_the_order_in_which_they_stand(
    qtbot: QtBot, bench: Bench, panel: RecipePanel
) -> None:
    for group in panel.groups.values():
        group.set_open(True)
    wanted = [e for g in panel.groups.values() for e in g.edits.values() if e.isVisible()]
    panel.search.setFocus()
    reached: list[FieldEdit] = []
    for _ in range(3 * len(wanted)):
        QApplication.focusWidget().focusNextChild()  # type: ignore[union-attr]
        edit = next((e for e in wanted if e.editor is QApplication.focusWidget()), None)
        reached += [edit] if edit and edit not in reached else []
    assert reached == wanted
    assert all(edit.caption.buddy() is edit.editor and edit.editor.toolTip() for edit in wanted)


@pytest.mark.parametrize("size", [(1280, 800), (1024, 700)])
def test_the_window_may_be_small_and_nothing_sticks_out(
    qtbot: QtBot, bench: Bench, panel: RecipePanel, size: tuple[int, int]
) -> None:
    for group in panel.groups.values():
        group.set_open(True)
    window = bench.window
    window.resize(*size)
    edits = [e for g in panel.groups.values() for e in g.edits.values() if e.isVisible()]
    assert len(edits) > 30

    def sticks_out() -> list[str]:
        port = panel.area.viewport()
        edge = port.mapTo(panel, port.rect().topRight()).x()
        return [e.field.path for e in edits if e.mapTo(panel, e.rect().topRight()).x() > edge]

    qtbot.waitUntil(lambda: not sticks_out())  # layouts settle in the next turn
    bar = window.bar
    assert bar.minimumSizeHint().width() <= size[0]
    assert bar.start.mapTo(bar, bar.start.rect().topRight()).x() < bar.width()


def test_going_to_a_page_folds_the_fields_over_it(bench: Bench, panel: RecipePanel) -> None:
    bench.window.actions_by_id["page.train"].trigger()
    assert not panel.isVisible()


# ---- the schedule


def test_the_schedule_is_drawn_and_follows_the_fields(bench: Bench, panel: RecipePanel) -> None:
    curve = panel.groups["rate"].aside
    plot = panel.findChild(SmallPlot)
    assert curve is not None
    assert plot is not None
    workspace = bench.workspace
    workspace.set_field("training.max_steps", 50)
    drawn = plot.curves[0]
    assert drawn.x[-1] == 50
    assert drawn.y.max() == pytest.approx(workspace.recipe.training.learning_rate)
    assert plot.accessibleDescription().startswith("About 50 steps, 5 of warm-up")
    workspace.set_field("training.schedule", "constant")
    assert plot.curves[0].y[-1] == workspace.recipe.training.learning_rate
    workspace.set_field("training.schedule", "exponential")  # impossible with a final rate of 0
    assert plot.curves == ()
    assert "0.01" in plot.words


def test_ticks_are_round_and_within_the_range() -> None:
    assert ticks(0, 171) == [0, 50, 100, 150]
    assert ticks(0, 1e-4, 3) == pytest.approx([0, 5e-5, 1e-4])
    assert ticks(2, 2) == [2]


# ---- presets


def test_a_preset_sets_its_fields_and_can_be_taken_back(
    qtbot: QtBot, bench: Bench, panel: RecipePanel
) -> None:
    choice, workspace = bench.window.bar.preset, bench.workspace
    before = workspace.recipe
    combo = choice.combo
    assert [combo.itemText(i) for i in range(3)] == ["Quick look", "Balanced", "Best quality"]
    combo.activated.emit(0)
    assert workspace.recipe != before
    assert combo.currentText() == "Quick look"
    assert workspace.recipe.training.max_steps > 0
    combo.activated.emit(2)  # another one takes back what the first did
    assert workspace.recipe.training.max_steps == 0
    assert combo.currentText() == "Best quality"
    workspace.set_field("training.epochs", 99)
    assert combo.currentIndex() == -1
    combo.activated.emit(1)
    combo.activated.emit(combo.findText("Set back"))
    assert workspace.recipe == changed(
        changed(workspace.recipe, "training.epochs", 99), "training.max_steps", 0
    )
    assert combo.findText("Set back") < 0


# ---- the learning-rate finder


def test_the_finder_draws_as_it_goes_and_its_rate_can_be_used(
    qtbot: QtBot, bench: Bench, panel: RecipePanel, tiny_bert: Path, tiny_csv: Path
) -> None:
    workspace, bar = bench.workspace, bench.window.bar
    data = {"train": str(tiny_csv)}
    workspace.set_recipe(Recipe.model_validate({"model": {"source": str(tiny_bert)}, "data": data}))
    bar.find_rate.click()
    dialog = bar.findChild(RateFinderDialog)
    assert dialog is not None
    assert not dialog.use.isEnabled()
    qtbot.waitUntil(lambda: len(dialog.points) > 5, timeout=WAIT)
    assert dialog.plot.curves
    qtbot.waitUntil(lambda: dialog.again.isVisible(), timeout=WAIT)
    dialog.plot.picked.emit(3.21e-4)
    assert dialog.use.text() == "Use 0.00032"
    dialog.use.click()
    assert workspace.recipe.training.learning_rate == 3.2e-4


def test_a_closed_finder_ends_its_search(
    qtbot: QtBot, bench: Bench, panel: RecipePanel, tiny_bert: Path, tiny_csv: Path
) -> None:
    data = {"train": str(tiny_csv)}
    bench.workspace.set_recipe(Recipe.model_validate({"model": {"source": str(tiny_bert)}, "data": data}))
    bench.window.bar.open_rate_finder()
    dialog = bench.window.bar.findChild(RateFinderDialog)
    assert dialog is not None
    ticket = dialog._ticket
    assert ticket is not None
    dialog.stop.click()
    qtbot.waitUntil(lambda: ticket.over, timeout=WAIT)
    assert bench.workspace.recipe.training.learning_rate == Recipe().training.learning_rate


def test_a_finder_that_cannot_run_says_why(qtbot: QtBot, bench: Bench, panel: RecipePanel) -> None:
    bench.workspace.set_field("data.train", "nowhere.csv")
    bench.window.bar.open_rate_finder()
    dialog = bench.window.bar.findChild(RateFinderDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: "nowhere.csv" in dialog.state.text(), timeout=WAIT)
    assert dialog.again.isVisible()
    dialog.stop.click()
