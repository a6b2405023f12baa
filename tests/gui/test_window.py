"""The window: opening, commands, looks, recipe, runs shelf, problems, questions, remembering, closing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QInputDialog, QMessageBox, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.conftest import events_of_a_run, recorded
from workbench.gui.app import Bench, make_window
from workbench.gui.commands import COMMANDS
from workbench.gui.palette import Palette, matching
from workbench.gui.recipe_form import FieldEdit, more_fields
from workbench.gui.runs_list import ago, metric_text
from workbench.gui.settings import SETTINGS, SettingsDialog
from workbench.gui.status import TimeLeft, duration
from workbench.gui.theme import DARK, LIGHT, current, mixed
from workbench.gui.theme import Palette as Colours
from workbench.gui.widgets import FloatBox, Label
from workbench.run.events import Ended
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import load_recipe, recipe_fields, recipe_toml
from workbench.shelf.models import ModelEntry

# The offscreen platform says so of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
WAIT = 60_000
ROOT = Path(__file__).parents[2]


def shown(qtbot: QtBot, bench: Bench) -> Bench:
    with qtbot.waitSignal(bench.window.first_frame):
        bench.window.show()
    qtbot.waitUntil(lambda: bool(bench.workspace.datasets and bench.workspace.models), timeout=WAIT)
    return bench


def question(bench: Bench) -> QMessageBox:
    found = bench.window.findChild(QMessageBox, "question")
    assert found is not None
    return found


def press(box: QMessageBox, text: str) -> None:
    next(button for button in box.buttons() if button.text().replace("&", "") == text).click()


# ---- opening


def test_the_window_is_there_before_torch_or_anything_slow_is_imported(tmp_path: Path) -> None:
    script = """
import json, sys
from PySide6.QtWidgets import QApplication
app = QApplication([])
from pathlib import Path
from workbench.run.home import Home
from workbench.gui.app import make_window
bench = make_window(Home(Path(sys.argv[1])))
bench.window.first_frame.disconnect()
slow = ("torch", "transformers", "accelerate", "tokenizers", "pyqtgraph", "pyarrow", "datasets")
def shown():
    print(json.dumps([name for name in slow if name in sys.modules]))
    app.quit()
bench.window.first_frame.connect(shown)
bench.window.show()
app.exec()
bench.close()
"""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    assert json.loads(done.stdout) == []


def test_quit_when_shown_prints_milliseconds_and_ends_well(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "--home", str(tmp_path), "--quit-when-shown"],
        capture_output=True, text=True, timeout=120, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 50 < float(done.stdout) < 60_000


def test_every_page_can_be_reached_and_is_built_only_then(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    centre = bench.window.centre
    assert centre.pane("prompt") is None
    for key in ("train", "evaluate", "attention", "prompt", "data"):
        bench.window.actions_by_id[f"page.{key}"].trigger()
        qtbot.waitUntil(lambda key=key: centre.pane(key) is centre.stack.currentWidget(), timeout=WAIT)
    assert centre.page == "data"


# ---- commands


def test_shortcuts_are_unique_and_every_command_is_in_a_menu(bench: Bench) -> None:
    keys = [command.shortcut for command in COMMANDS if command.shortcut]
    assert len(keys) == len(set(keys))
    in_menus = [action for menu in bench.window.menuBar().actions() for action in menu.menu().actions()]
    assert all(action in in_menus for action in bench.window.actions_by_id.values())
    assert all(command.help.endswith(".") for command in COMMANDS)


def test_mnemonics_do_not_collide_within_a_menu() -> None:
    for menu in {command.menu for command in COMMANDS}:
        letters = [
            c.title[c.title.index("&") + 1].lower() for c in COMMANDS if c.menu == menu and "&" in c.title
        ]
        assert len(letters) == len(set(letters)), menu


def test_what_cannot_be_done_now_is_grey(bench: Bench) -> None:
    actions = bench.window.actions_by_id
    assert actions["run.start"].isEnabled()
    assert not actions["run.stop"].isEnabled()
    assert not actions["run.resume"].isEnabled()


def test_the_palette_finds_commands_by_words_of_title_or_help() -> None:
    assert matching("stop")[0].id == "run.stop"
    assert {command.id for command in matching("appearance dark")} == {"theme.dark"}
    assert matching("no such thing") == []


def test_return_in_the_palette_does_the_first_match(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    palette = Palette(bench.window.actions_by_id, bench.window)
    palette.show()
    qtbot.keyClicks(palette.field, "dark")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert current() is DARK


# ---- looks


def contrast(one: str, two: str) -> float:
    def light(colour: str) -> float:
        parts = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(colour).getRgbF()[:3]
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_can_be_read_on_every_ground(colours: Colours) -> None:
    """WCAG AA asks 4.5 for text and 3 for graphics."""
    for ground in (colours.background, colours.surface, colours.raised, colours.selection):
        assert contrast(colours.text, ground) >= 7
        assert contrast(colours.muted, ground) >= 4.5 or ground in (colours.raised, colours.selection)
    assert contrast(colours.accent_text, colours.accent) >= 4.5
    for tone in ("good", "warning", "bad"):
        assert contrast(getattr(colours, tone), colours.surface) >= 4.5
        assert contrast(getattr(colours, tone), colours.blend(tone, 0.12)) >= 4
    for series in colours.series:
        assert contrast(series, colours.surface) >= 2.9


def test_changing_the_appearance_recolours_the_window_and_is_remembered(
    qtbot: QtBot, bench: Bench, home: Home
) -> None:
    shown(qtbot, bench)
    for mode, colours in (("dark", DARK), ("light", LIGHT)):
        bench.window.actions_by_id[f"theme.{mode}"].trigger()
        picture = bench.window.grab().toImage()
        corner = picture.pixelColor(picture.width() - 4, picture.height() // 2)
        assert corner.name() == colours.background
    bench.settings.save()
    assert "theme=light" in home.settings.read_text(encoding="utf-8")


def test_wrapped_texts_keep_all_their_lines_in_a_small_window(
    qtbot: QtBot, bench: Bench, tiny_csv: Path
) -> None:
    shown(qtbot, bench)
    window = bench.window
    window.resize(1000, 640)
    window.show_page("data")
    bench.workspace.choose_data(str(tiny_csv))
    qtbot.waitUntil(lambda: bench.workspace.data is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: len(wrapped_texts(window)) >= 3, timeout=WAIT)
    qtbot.waitUntil(lambda: not cut_texts(window))


def wrapped_texts(window: QWidget) -> list[Label]:
    return [t for t in window.findChildren(Label) if t.wordWrap() and t.isVisible() and t.text()]


def cut_texts(window: QWidget) -> list[str]:
    return [t.text() for t in wrapped_texts(window) if t.height() < t.heightForWidth(t.width())]


def test_a_wrapped_text_asks_for_the_lines_of_what_it_says_now(qtbot: QtBot) -> None:
    label = Label("short", wrap=True)
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    one = label.minimumHeight()
    assert one > 0
    label.setText("a text of many words that does not fit on one line " * 3)
    assert label.minimumHeight() >= 4 * one
    label.setText("")
    assert label.minimumHeight() <= one


def test_colours_are_mixed_by_shares() -> None:
    assert mixed("#ffffff", "#000000", 0.5) == "#808080"
    assert mixed("#ff0000", "#0000ff", 1.0) == "#ff0000"


def test_the_settings_dialog_has_a_line_for_every_row_and_changes_hold_at_once(
    qtbot: QtBot, bench: Bench
) -> None:
    dialog = SettingsDialog(bench.settings)
    qtbot.addWidget(dialog)
    names = {widget.accessibleName() for widget in dialog.findChildren(QWidget)}
    assert {row.title for row in SETTINGS} <= names
    redraws = next(w for w in dialog.findChildren(QSpinBox) if w.accessibleName() == "Redraws")
    redraws.setValue(3)
    assert bench.settings.number("train/redraws") == 3


def test_a_damaged_settings_file_falls_back_to_the_defaults(bench: Bench) -> None:
    bench.settings.remember("geometry", "nonsense")
    bench.settings._store.setValue("train/smoothing", "lots")
    bench.settings._store.setValue("look/theme", "neon")
    assert bench.settings.number("train/smoothing") == 80
    assert bench.settings.value("look/theme") == "system"
    assert bench.settings.remembered("geometry").isEmpty()


# ---- the recipe


def test_every_recipe_field_can_be_edited_somewhere(bench: Bench) -> None:
    bar = bench.window.bar
    in_bar = {*bar.quick.edits, bar.model.path, bar.data.path, bar.task.path}
    on_the_data_page = {"data.text", "data.label", "data.steps"}
    unfolded = {row.path for row in more_fields()}
    assert in_bar | on_the_data_page | unfolded | {"version"} == set(recipe_fields())


def test_editing_fields_changes_the_recipe(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    bar, workspace = bench.window.bar, bench.workspace
    rate = bar.quick.edits["training.learning_rate"].editor
    assert isinstance(rate, FloatBox)
    rate.setFocus()
    rate.selectAll()
    qtbot.keyClicks(rate, "3e-5\r")
    assert workspace.recipe.training.learning_rate == 3e-5
    bench.window.toggle_advanced()
    assert bar.more is not None
    optimizer = bar.more.fields.edits["training.optimizer"].editor
    qtbot.keyClick(optimizer, Qt.Key.Key_Down)
    assert workspace.recipe.training.optimizer == "adam"


def test_a_file_or_a_share_may_be_held_out(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    bench.window.toggle_advanced()
    assert bench.window.bar.more is not None
    bench.window.bar.more.groups["data"].set_open(True)
    held_out = bench.window.bar.more.fields.edits["data.validation"].editor
    for typed, expected in (("0.25", 0.25), ("dev.csv", "dev.csv")):
        held_out.setFocus()
        held_out.selectAll()  # type: ignore[attr-defined]
        qtbot.keyClicks(held_out, f"{typed}\r")
        assert bench.workspace.recipe.data.validation == expected


def test_a_complaint_marks_its_field_says_why_and_goes_when_it_is_mended(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    bar, workspace = bench.window.bar, bench.workspace
    edit = bar.quick.edits["training.epochs"]
    workspace.set_field("training.epochs", -1)
    assert edit.editor.property("invalid") == "true"
    assert "training.epochs" in edit.editor.toolTip()
    assert not bar.start.isEnabled()
    workspace.set_field("training.epochs", 2)
    assert edit.editor.property("invalid") == "false"
    assert bar.start.isEnabled()


def test_a_refusal_marks_its_field_until_the_next_edit_and_start_may_be_pressed_again(
    qtbot: QtBot, bench: Bench, tiny_bert: Path, tiny_csv: Path
) -> None:
    shown(qtbot, bench)
    bar, workspace = bench.window.bar, bench.workspace
    data = {"train": str(tiny_csv), "validation": 0.6, "test": 0.6}
    workspace.set_recipe(Recipe.model_validate({"model": {"source": str(tiny_bert)}, "data": data}))

    def refused() -> None:
        with qtbot.waitSignal(workspace.problem_raised, timeout=WAIT):
            bar.start.click()
        qtbot.waitUntil(lambda: workspace.active is None and bench.session.active is None, timeout=WAIT)

    refused()
    assert bar.more is not None
    held_out = bar.more.fields.edits["data.validation"]
    assert held_out.editor.property("invalid") == "true"
    assert bar.start.isEnabled()
    refused()  # the file might have been mended
    assert held_out.editor.property("invalid") == "true"
    workspace.set_field("data.test", 0.1)
    assert held_out.editor.property("invalid") == "false"
    assert bar.start.isEnabled()


def test_a_complaint_of_a_folded_field_unfolds_it(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    bench.workspace.set_field("training.warmup_ratio", 7)
    more = bench.window.bar.more
    assert more is not None
    assert more.isVisible()
    assert more.fields.edits["training.warmup_ratio"].complaint.isVisible()


def test_changing_the_task_takes_a_model_that_can_do_it(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    bench.window.bar.task.chosen.emit("causal-lm")
    source = bench.workspace.recipe.model.source
    assert next(m.kind for m in bench.workspace.models if m.name == source) == "causal-lm"


def test_a_decimal_number_steps_by_its_size(qtbot: QtBot) -> None:
    box = FloatBox(0, 1, by_size=True)
    qtbot.addWidget(box)
    box.setValue(1e-4)
    box.stepBy(1)
    assert box.value() == 2e-4
    box.setValue(1e-4)
    box.stepBy(-1)
    assert box.value() == 9e-5
    assert box.text() == "9e-05"


def test_each_field_has_a_name_and_help_for_screen_readers(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    bench.window.toggle_advanced()
    more = bench.window.bar.more
    assert more is not None
    for group in more.groups.values():
        group.set_open(True)
    edits = bench.window.findChildren(FieldEdit)
    assert len(edits) > 60
    for edit in edits:
        assert edit.editor.accessibleName() == edit.field.title
        assert edit.field.help in edit.editor.accessibleDescription()


def test_a_dropped_file_becomes_the_data(qtbot: QtBot, bench: Bench, tiny_csv: Path) -> None:
    shown(qtbot, bench)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tiny_csv))])
    event = QDropEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    bench.window.dropEvent(event)
    assert bench.workspace.recipe.data.train == str(tiny_csv)
    assert bench.window.centre.page == "data"


def test_a_recipe_file_is_taken_in_hand_and_a_wrong_one_is_explained(
    qtbot: QtBot, bench: Bench, tmp_path: Path
) -> None:
    shown(qtbot, bench)
    good, wrong = tmp_path / "good.toml", tmp_path / "wrong.toml"
    good.write_text(recipe_toml(Recipe(name="From a file")), encoding="utf-8")
    wrong.write_text("[training]\nepoch = 3\n", encoding="utf-8")
    bench.window.take_file(good)
    qtbot.waitUntil(lambda: bench.workspace.recipe.name == "From a file", timeout=WAIT)
    bench.window.take_file(wrong)
    problems = bench.window.centre.problems
    qtbot.waitUntil(lambda: "epoch" in problems.title.text(), timeout=WAIT)
    assert str(wrong) in problems.cause.text()
    assert bench.workspace.recipe.name == "From a file"


def test_the_recipe_in_hand_is_saved_even_when_the_window_is_closed_at_once(
    qtbot: QtBot, bench: Bench, tmp_path: Path
) -> None:
    shown(qtbot, bench)
    bench.workspace.set_recipe(Recipe(name="To a file"))
    bench.window.write_recipe(tmp_path / "mine.toml")
    assert not bench.window.close()
    qtbot.waitUntil(lambda: not bench.window.isVisible(), timeout=WAIT)
    assert load_recipe(tmp_path / "mine.toml") == bench.workspace.recipe
    assert [path.name for path in tmp_path.glob("*mine*")] == ["mine.toml"]


def test_a_recipe_that_cannot_be_saved_is_told_and_keeps_the_window_open(
    qtbot: QtBot, bench: Bench, tmp_path: Path
) -> None:
    shown(qtbot, bench)
    file = tmp_path / "not there" / "mine.toml"
    bench.window.write_recipe(file)
    bench.window.close()
    problems = bench.window.centre.problems
    qtbot.waitUntil(problems.isVisible, timeout=WAIT)
    assert str(file) in problems.title.text()
    assert bench.window.isVisible()


# ---- the runs shelf


def test_the_shelf_lists_runs_with_status_and_score(qtbot: QtBot, bench: Bench, home: Home) -> None:
    done = recorded(home, "Done")
    broken = recorded(home, "Broken", iter([*events_of_a_run(end=False), Ended(status="failed", step=40)]))
    cut = recorded(home, "Cut short", events_of_a_run(end=False))
    shown(qtbot, bench)
    qtbot.waitUntil(lambda: bench.window.runs.model.rowCount() == 3, timeout=WAIT)
    model = bench.window.runs.model
    found = {}
    for row in range(3):
        run = model.run_at(model.index(row))
        assert run is not None
        status, score, _, spark = model.shown(run)
        assert len(spark) > 10
        found[run.name] = (status, score)
    assert found == {
        done.name: ("finished", "80.0 %"),
        broken.name: ("failed", "80.0 %"),
        cut.name: ("interrupted", "80.0 %"),
    }
    assert bench.workspace.selected is not None  # the newest one shows by itself


def open_shelf(qtbot: QtBot, bench: Bench, runs: int) -> Callable[[str], object]:
    shown(qtbot, bench)
    qtbot.waitUntil(lambda: bench.window.runs.model.rowCount() == runs, timeout=WAIT)
    shelf = bench.window.runs

    def choose(name: str) -> object:
        shelf.list.setCurrentIndex(shelf.model.index_of(name))
        return shelf.current()

    return choose


def test_choosing_a_run_shows_it(qtbot: QtBot, bench: Bench, home: Home) -> None:
    first, second = recorded(home, "One"), recorded(home, "Two")
    choose = open_shelf(qtbot, bench, 2)
    for name in (first.name, second.name):
        choose(name)
        assert bench.workspace.selected == name
        qtbot.waitUntil(lambda name=name: name in bench.workspace.histories, timeout=WAIT)


def test_the_context_menu_overlays_duplicates_and_renames(qtbot: QtBot, bench: Bench, home: Home) -> None:
    first, second = recorded(home, "One"), recorded(home, "Two")
    choose = open_shelf(qtbot, bench, 2)
    choose(first.name)
    run = bench.workspace.summary(second.name)
    assert run is not None
    actions = {action.text(): action for action in bench.window.runs.menu_for(run).actions()}
    assert not actions["Resume"].isEnabled()
    actions["Overlay its curves"].trigger()
    assert bench.workspace.overlays == (second.name,)
    actions["Duplicate recipe"].trigger()
    qtbot.waitUntil(lambda: bench.workspace.recipe.name == "Two", timeout=WAIT)
    actions["Rename…"].trigger()
    dialog = bench.window.runs.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("A better name")
    dialog.accept()
    qtbot.waitUntil(lambda: bench.workspace.summary(second.name).title == "A better name", timeout=WAIT)  # type: ignore[union-attr]
    assert load_recipe(second.recipe_file).name == "A better name"


def test_deleting_asks_first(qtbot: QtBot, bench: Bench, home: Home) -> None:
    folder = recorded(home, "One")
    choose = open_shelf(qtbot, bench, 1)
    choose(folder.name)
    qtbot.keyClick(bench.window.runs.list, Qt.Key.Key_Delete)
    box = bench.window.runs.findChild(QMessageBox)
    assert box is not None
    assert "One" in box.text()
    press(box, "Cancel")
    assert folder.path.is_dir()


def test_times_and_metrics_read_like_a_person_says_them() -> None:
    assert [ago(0, now) for now in (5, 600, 7200)] == ["just now", "10 min ago", "2 h ago"]
    assert ago(0, 10**7).endswith("Jan")
    assert [duration(s) for s in (8, 200, 7500)] == ["8 s", "3 min 20 s", "2 h 05 min"]
    assert metric_text("accuracy", 0.9134) == "91.3 %"
    assert metric_text("perplexity", 12.34) == "12.3"


def test_the_time_left_follows_the_recent_speed() -> None:
    left = TimeLeft(memory=5)
    assert left.seconds(100) is None
    for step in range(10):
        left.saw(1000 + 10 * step, step)  # slow at first
    for step in range(10, 20):
        left.saw(1090 + 2 * (step - 9), step)
    assert left.seconds(29) == pytest.approx(20)


# ---- problems


def test_problems_wait_for_each_other_in_one_place(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    card, raised = bench.window.centre.problems, bench.workspace.problem_raised.emit
    assert not card.isVisible()
    raised(Problem("The disk is full.", "No room in /data.", "Free some space.", "errno 28"))
    raised(Problem("Second"))
    raised(Problem("Second"))  # the same again is not told twice
    assert card.isVisible()
    assert (card.title.text(), card.cause.text()) == ("The disk is full.", "No room in /data.")
    assert card.waiting.text() == "1 more"
    assert not card.details_text.isVisible()
    card.details.set_open(True)
    assert card.details_text.isVisible()
    card.copy.click()
    assert QGuiApplication.clipboard().text() == (
        "The disk is full. No room in /data. Free some space.\n\nerrno 28"
    )
    card.dismiss.click()
    assert card.title.text() == "Second"
    qtbot.keyClick(card, Qt.Key.Key_Escape)
    assert not card.isVisible()


def test_markup_in_a_problem_is_shown_as_it_is(bench: Bench) -> None:
    bench.workspace.problem_raised.emit(Problem("<b>bold</b>"))
    assert bench.window.centre.problems.title.textFormat() == Qt.TextFormat.PlainText


# ---- models, closing, remembering


def test_a_model_that_is_not_here_is_asked_about_with_size_and_licence(qtbot: QtBot, bench: Bench) -> None:
    shown(qtbot, bench)
    bench.workspace.models = (
        ModelEntry(
            "minilm",
            "MiniLM",
            "An encoder.",
            "encoder",
            "not installed",
            None,
            83.0,
            "Apache-2.0",
            embedded=True,
        ),
    )
    bench.window.start()
    box = question(bench)
    assert "83 MB" in box.informativeText()
    assert "Apache-2.0" in box.informativeText()
    press(box, "Not now")
    assert bench.workspace.active is None


def test_page_and_sizes_are_remembered(qtbot: QtBot, home: Home) -> None:
    """On a screen that has room for the window; the offscreen platform's has less than its usual size."""
    with closing(make_window(home)) as first:
        first.window.resize(790, 700)
        shown(qtbot, first)
        first.window.splitter.setSizes([200, 590])
        wide = first.window.splitter.sizes()[0]
        first.window.show_page("prompt")
        first.window.close()
    with closing(make_window(home)) as second:
        assert second.window.centre.page == "prompt"
        shown(qtbot, second)
        assert second.window.width() == 790
        assert second.window.splitter.sizes()[0] == wide


def test_closing_while_training_asks_saves_and_can_be_resumed(
    qtbot: QtBot, bench: Bench, home: Home, tiny_bert: Path, tiny_csv: Path
) -> None:
    shown(qtbot, bench)
    window, workspace = bench.window, bench.workspace
    workspace.set_recipe(
        Recipe.model_validate(
            {
                "model": {"source": str(tiny_bert)},
                "data": {"train": str(tiny_csv)},
                "training": {"epochs": 1000, "batch_size": 8, "precision": "fp32"},
            }
        )
    )
    window.start()
    qtbot.waitUntil(lambda: workspace.active_name is not None, timeout=WAIT)
    name = workspace.active_name
    assert name
    qtbot.waitUntil(lambda: workspace.histories[name].step > 3, timeout=WAIT)
    assert not window.close()
    press(question(bench), "Keep training")
    step = workspace.histories[name].step
    qtbot.waitUntil(lambda: workspace.histories[name].step > step, timeout=WAIT)
    assert window.isVisible()
    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "question") is None)
    window.close()
    press(question(bench), "Stop and close")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    folder = RunFolder(home.runs / name)
    assert folder.history().ended is not None
    assert folder.history().ended.status == "stopped"  # type: ignore[union-attr]
    assert folder.checkpoint_folders()
