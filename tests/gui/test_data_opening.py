"""Every way to open data in the window: several files, folders, what is dropped, and data sets of the Hub."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tests.fake_hub import FakeHub
from tests.fake_hub import hub as hub  # a fixture
from workbench.data.limits import TIMES
from workbench.gui.app import Bench
from workbench.gui.data.hub_dialog import HubDialog
from workbench.gui.panes.data import DataPane
from workbench.gui.settings import Settings
from workbench.gui.workspace import Workspace

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform says so of every dialog
WAIT = 60_000
Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def pane(qtbot: QtBot, workspace: Workspace) -> DataPane:
    pane = DataPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    return pane


def settle(qtbot: QtBot, workspace: Workspace) -> None:
    qtbot.waitUntil(lambda: not workspace.data_busy, timeout=WAIT)


def days(rows: int) -> str:
    return "text,label\n" + "".join(f"a day number {i},{'glad' if i % 2 else 'sad'}\n" for i in range(rows))


def drop(pane: DataPane, *places: Path) -> QDropEvent:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(place)) for place in places])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(pane, QDragEnterEvent(QPoint(5, 5), copy, mime, left, none))
    event = QDropEvent(QPointF(5, 5), copy, mime, left, none)
    QApplication.sendEvent(pane, event)
    return event


def test_the_dialog_opens_several_files_as_one_table(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, write: Write
) -> None:
    files = [write("b.csv", days(30)), write("a.csv", days(10))]
    dialog = pane.open_file()
    assert dialog.fileMode() == QFileDialog.FileMode.ExistingFiles
    dialog.filesSelected.emit([str(file) for file in files])
    dialog.close()
    settle(qtbot, workspace)
    assert workspace.recipe.data.train == f"{files[1]}\n{files[0]}"
    assert pane.table_page.rows.model.rowCount() == 40
    assert pane.table_page.files.bars.rows() == (("a.csv", 10), ("b.csv", 30))
    assert not pane.table_page.files.isHidden()
    assert pane.title.text() == pane.strip.open_card.text() == "a.csv and 1 more"
    assert pane.strip.open_card.isChecked()
    workspace.choose_data(str(files[0]))
    settle(qtbot, workspace)
    assert pane.table_page.files.isHidden()


def test_a_folder_is_chosen_and_its_file_that_does_not_fit_is_named(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, write: Write, tmp_path: Path
) -> None:
    write("days/june.csv", days(10))
    write("days/july.csv", days(20))
    pane.strip.folder_button.click()
    dialog = next(dialog for dialog in pane.findChildren(QFileDialog))
    dialog.fileSelected.emit(str(tmp_path / "days"))
    dialog.close()
    settle(qtbot, workspace)
    assert pane.title.text() == "days" and pane.strip.open_card.isChecked()
    assert dict(pane.table_page.files.bars.rows()) == {"june.csv": 10, "july.csv": 20}
    write(
        "days/advice.csv", "question,answer\nwhy,so\nwhat,this\n"
    )  # the first by name, and the odd one all the same
    workspace.look_at_data()
    settle(qtbot, workspace)
    assert pane.stack.currentWidget() is pane.message
    said = pane.message.sentence.text()
    assert "“advice.csv” has question, answer" in said and "Leave “advice.csv” out" in said


def test_files_and_a_folder_are_dropped_together_and_a_recipe_is_left_to_the_window(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, write: Write, tmp_path: Path
) -> None:
    file, inner = write("a.csv", days(10)), write("more/b.csv", days(20))
    assert drop(pane, file, inner.parent).isAccepted()
    settle(qtbot, workspace)
    assert pane.table_page.rows.model.rowCount() == 30
    before = workspace.recipe
    assert not drop(pane, write("mine.toml", "")).isAccepted()
    assert workspace.recipe is before


def test_a_folder_of_texts_is_read_as_one_text(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, write: Write, tmp_path: Path
) -> None:
    write("tales/one.txt", "Once upon a time.\n" * 50)
    write("tales/two.txt", "Un été à la mer, près du café.\n".encode("cp1252") * 50)
    workspace.set_field("task.kind", "causal-lm")
    workspace.set_field("data.train", str(tmp_path / "tales"))
    settle(qtbot, workspace)
    assert pane.stack.currentWidget() is pane.text_page
    assert pane.text_page.values["Lines"].text() == "100"
    notes = pane.text_page.notes.words.text()
    assert "2 files were read one after the other" in notes and "two.txt" in notes and "1252" in notes
    write("rows/a.csv", days(10))
    workspace.set_field("data.train", str(tmp_path / "rows"))
    settle(qtbot, workspace)
    assert pane.stack.currentWidget() is pane.table_page


def test_more_is_unpacked_when_the_settings_say_so(qtbot: QtBot, bench: Bench, write: Write) -> None:
    workspace = bench.workspace
    packed = write("a.csv.gz", gzip.compress(b"text,label\n" + b"aaaaaaaaaaaa,x\nbbbbbbbbbbbb,y\n" * 45_000))
    workspace.choose_data(str(packed))
    settle(qtbot, workspace)
    assert workspace.data_problem and "“Unpacking”" in workspace.data_problem.remedy
    bench.settings.set_value(TIMES, 10_000)
    qtbot.waitUntil(lambda: workspace.data is not None, timeout=WAIT)
    assert workspace.data and workspace.data.table and workspace.data.table.rows == 90_000
    assert Settings(workspace.session.home.settings).number(TIMES) == 10_000


# ---- the Hub


@pytest.fixture
def dialog(pane: DataPane) -> HubDialog:
    pane.strip.hub_button.click()
    return pane.findChild(HubDialog)


def ask(qtbot: QtBot, dialog: HubDialog, name: str) -> None:
    dialog.name.clear()
    qtbot.keyClicks(dialog.name, name)
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.found is not None or bool(dialog.problem.text()), timeout=WAIT)


def test_a_data_set_of_the_hub_shows_its_size_first_and_opens_after_the_click(
    qtbot: QtBot, hub: type[FakeHub], pane: DataPane, workspace: Workspace, dialog: HubDialog
) -> None:
    assert hub.asked == [] and not dialog.look.isEnabled()
    ask(qtbot, dialog, "demo/nothing")
    assert "has no data set of this name" in dialog.problem.text()
    ask(qtbot, dialog, "demo/reviews")
    assert dialog.problem.text() == ""
    assert dialog.config.currentText() == "plain" and dialog.config.count() == 2
    assert "3 files" in dialog.download_size.text() and "127.0.0.1" in dialog.download_size.text()
    assert "mit" in dialog.terms.text() and "train, test" in dialog.terms.text()
    assert not any("resolve" in path for path in hub.asked)  # nothing is downloaded for it
    dialog.split.setEditText("test")
    dialog.fetch.click()
    qtbot.waitUntil(lambda: "datasets" in workspace.recipe.data.train, timeout=WAIT)
    qtbot.waitUntil(lambda: pane.findChild(HubDialog) is None)
    settle(qtbot, workspace)
    assert workspace.recipe.data.records == "test"
    assert pane.table_page.rows.model.rowCount() == 1
    workspace.set_field("data.records", "")
    settle(qtbot, workspace)
    assert pane.table_page.rows.model.rowCount() == 31


def test_a_download_is_broken_off_and_the_window_goes_on(
    qtbot: QtBot, hub: type[FakeHub], pane: DataPane, workspace: Workspace, dialog: HubDialog
) -> None:
    before = workspace.recipe
    ask(qtbot, dialog, "demo/reviews")
    dialog.fetch.click()
    assert dialog.stop.text() == "Cancel" and not dialog.name.isEnabled()
    dialog.stop.click()
    assert "Broken off" in dialog.state.text() and dialog.fetch.isEnabled()
    dialog.stop.click()
    qtbot.waitUntil(lambda: pane.findChild(HubDialog) is None)
    assert workspace.recipe is before


def test_where_the_network_is_forbidden_it_is_said_and_nothing_is_tried(
    qtbot: QtBot, hub: type[FakeHub], monkeypatch: pytest.MonkeyPatch, pane: DataPane
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    dialog = pane.open_hub()
    assert "HF_HUB_OFFLINE=1" in dialog.problem.text()
    assert not dialog.look.isEnabled() and not dialog.name.isEnabled()
    dialog.ask()
    dialog.reject()
    assert hub.asked == []
