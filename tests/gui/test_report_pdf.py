"""The report as a PDF from the window, and the button that trains again on corrected data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QImage, QTextDocument
from pytestqt.qtbot import QtBot

from tests.gui.conftest import recorded, wait_for_files
from tests.session.recorded import looks, recorded_run
from workbench.data import patch as patches
from workbench.data.edits import Patch
from workbench.gui.again_button import AgainButton
from workbench.gui.app import Bench
from workbench.gui.report_menu import save_pdf
from workbench.gui.report_pdf import _document, _print, write_pdf
from workbench.run.problem import WorkbenchError
from workbench.session.report import write_report
from workbench.session.report_print import printable


def test_a_report_is_printed_off_the_windows_thread(qtbot: QtBot, bench: Bench, tmp_path: Path) -> None:
    folder = recorded_run(bench.session.home)
    write_report(folder, looks())
    target = tmp_path / "report.pdf"
    save_pdf(bench.workspace, folder, target)
    qtbot.waitUntil(target.is_file, timeout=60_000)
    content = target.read_bytes()
    assert content.startswith(b"%PDF") and content.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 4
    assert not list(tmp_path.glob(".*"))


def test_every_picture_of_a_report_is_there_when_it_is_printed(bench: Bench) -> None:
    folder = recorded_run(bench.session.home)
    content = printable(write_report(folder, looks()).read_text(encoding="utf-8"))
    document = _document(content)
    for name in content.pictures:
        picture = document.resource(QTextDocument.ResourceType.ImageResource, name)
        assert isinstance(picture, QImage) and picture.width() > 100
        colours = {
            picture.pixel(x, y) for x in range(0, picture.width(), 9) for y in range(0, picture.height(), 9)
        }
        assert len(colours) > 2  # it is no empty sheet
    assert "How good it is" in document.toPlainText()


def test_titles_stay_with_what_they_name_and_words_in_one_piece(bench: Bench, tmp_path: Path) -> None:
    report = write_report(recorded_run(bench.session.home), looks())
    document = _document(printable(report.read_text(encoding="utf-8")))
    _print(document, tmp_path / "report.pdf", "Support")
    page, layout = document.pageSize().height(), document.documentLayout()
    titles = 0
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel() == 2:
            below = block.next()
            pages = {int(layout.blockBoundingRect(one).top() // page) for one in (block, below)}
            assert len(pages) == 1, block.text()
            titles += 1
        for number in range(block.layout().lineCount() - 1):
            line = block.layout().lineAt(number)
            end = line.textStart() + line.textLength()
            assert not (block.text()[end - 1].isalpha() and block.text()[end].isalpha()), block.text()
        block = block.next()
    assert titles > 10


def test_what_cannot_be_printed_is_told(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="cannot be read"):
        write_pdf(tmp_path / "none.html", tmp_path / "a.pdf")
    report = tmp_path / "report.html"
    report.write_text("<p>Words</p>")
    with pytest.raises(WorkbenchError, match="cannot be written"):
        write_pdf(report, tmp_path / "nowhere" / "a.pdf")


def test_the_button_appears_where_the_data_was_corrected_since(
    qtbot: QtBot, bench: Bench, tmp_path: Path
) -> None:
    workspace = bench.workspace
    folder = recorded(bench.session.home, "mails")
    folder.model.mkdir()
    (folder.model / "config.json").write_text("{}")
    button = AgainButton(workspace)
    button.setParent(bench.window)
    edits = tmp_path / "edits.jsonl"
    patches.write(edits, Patch().with_dropped(3).with_label(4, "x"))
    with qtbot.waitSignal(workspace.runs_changed):
        workspace.refresh_runs()
    workspace.set_recipe(folder.recipe())
    workspace.select(folder.name)
    wait_for_files(qtbot, workspace)
    assert button.isHidden()
    workspace.set_field("data.patch", str(edits))
    qtbot.waitUntil(lambda: not button.isHidden())
    assert "2 rows corrected" in button.toolTip()
    # Beside the rows of another run it goes on from that one, and waits until its data is corrected.
    other = recorded(bench.session.home, "letters")
    other.model.mkdir()
    (other.model / "config.json").write_text("{}")
    shown = [other.name]
    beside = AgainButton(workspace, lambda: shown[0])
    beside.setParent(bench.window)
    other.recipe_file.write_text(
        other.recipe_file.read_text(encoding="utf-8").replace(folder.recipe().data.train, "letters"),
        encoding="utf-8",
    )
    with qtbot.waitSignal(workspace.runs_changed):
        workspace.refresh_runs()
    assert not beside.isHidden() and not beside.isEnabled() and "Correct labels first" in beside.toolTip()
    shown[0] = folder.name
    beside.refresh()
    qtbot.waitUntil(beside.isEnabled)
    assert "2 rows corrected" in beside.toolTip() and "mails" in beside.toolTip()
    workspace.set_field("data.train", "another-set")
    qtbot.waitUntil(button.isHidden)
    assert not beside.isEnabled()
