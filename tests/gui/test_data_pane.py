"""The Data page on a real session: choosing, reading, and what it says of good and bad files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.data.tables import Table
from workbench.gui.panes.data import DataPane
from workbench.gui.table_model import FULL_TEXT, MISSING, TableModel
from workbench.gui.theme import current
from workbench.gui.workspace import Workspace
from workbench.shelf.datasets import shipped

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data is not here")

Choose = Callable[[str], None]


@pytest.fixture
def pane(qtbot: QtBot, workspace: Workspace) -> DataPane:
    pane = DataPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    return pane


@pytest.fixture
def choose(qtbot: QtBot, workspace: Workspace) -> Choose:
    def choose(source: str) -> None:
        workspace.choose_data(source)
        settle(qtbot, workspace)

    return choose


def settle(qtbot: QtBot, workspace: Workspace) -> None:
    qtbot.waitUntil(lambda: not workspace.data_busy, timeout=20_000)


def shows(pane: DataPane, widget: object) -> bool:
    return pane.stack.currentWidget() is widget


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def two_classes(extra: str = "") -> str:
    rows = "".join(f"a good day number {i},glad\na bad day,sad\n" for i in range(20))
    return f"text,label\n{rows}{extra}"


def test_it_opens_empty_and_offers_a_file(pane: DataPane) -> None:
    assert shows(pane, pane.message)
    assert pane.message.title.text() == "Nothing has been read yet"
    assert not pane.message.action.isHidden()


@pytest.mark.skipif(not shipped(), reason="the shipped data sets are not here")
def test_a_shipped_set_is_one_click_away(qtbot: QtBot, pane: DataPane, workspace: Workspace) -> None:
    workspace.refresh_shelf()
    qtbot.waitUntil(lambda: bool(workspace.datasets), timeout=20_000)
    dataset = next(d for d in workspace.datasets if d.task == "text-classification")
    card = pane.strip.card(dataset.name)
    assert card.text() == dataset.title
    assert f"{len(dataset.classes)} classes" in card.accessibleDescription()
    card.setFocus()
    qtbot.keyClick(card, Qt.Key.Key_Space)
    settle(qtbot, workspace)
    assert workspace.recipe.data.train == dataset.name
    assert card.isChecked() and not pane.strip.open_card.isChecked()
    assert shows(pane, pane.table_page)
    assert pane.table_page.rows.model.rowCount() == dataset.rows
    assert sorted(name for name, _ in pane.table_page.classes.bars.rows()) == sorted(dataset.classes)


def test_classes_are_ranked_and_columns_marked_as_guessed(
    pane: DataPane, choose: Choose, tmp_path: Path
) -> None:
    choose(written(tmp_path / "days.csv", two_classes("another bad day,sad\n")))
    page = pane.table_page
    assert page.classes.bars.rows() == (("sad", 21), ("glad", 20))
    assert "51\u00a0%" in page.classes.hint.text() and "held out" in page.classes.hint.text()
    assert page.columns.label.currentText() == "label  (guessed)"
    assert "2 different values" in page.columns.label.toolTip()
    assert pane.strip.open_card.isChecked() and pane.strip.open_card.text() == "days.csv"
    assert "41 rows" in pane.facts.text()


def test_another_column_is_chosen_with_the_keyboard_and_a_wrong_one_explained(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, choose: Choose, tmp_path: Path
) -> None:
    choose(written(tmp_path / "days.csv", two_classes()))
    columns = pane.table_page.columns
    qtbot.keyClick(columns.text, Qt.Key.Key_Down)
    settle(qtbot, workspace)
    assert workspace.recipe.data.text == "label"
    assert columns.text.currentText() == "label"
    assert shows(pane, pane.table_page) and pane.table_page.rows.model.rowCount() == 40
    assert not pane.table_page.banner.isHidden()
    assert pane.table_page.banner.title.text()
    qtbot.keyClick(columns.text, Qt.Key.Key_Home)
    settle(qtbot, workspace)
    assert workspace.recipe.data.text == ""
    assert pane.table_page.banner.isHidden()


def test_the_better_length_is_one_click_away(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, choose: Choose, tiny_csv: Path, tiny_bert: Path
) -> None:
    workspace.set_field("model.source", str(tiny_bert))
    workspace.set_field("training.max_length", 8)
    rows = "".join(f"{'rain sun ' * (10 if i % 4 else 2)},{'ab'[i % 2]}\n" for i in range(40))
    choose(written(tiny_csv.parent / "long.csv", f"text,label\n{rows}"))
    lengths = pane.table_page.lengths
    # 22 tokens in three rows of four, 6 in the others.
    assert lengths.verdict.text().startswith(
        "75\u00a0% of the texts are longer than 8 tokens and will be cut"
    )
    assert "32 would cover 100\u00a0%" in lengths.verdict.text()
    assert lengths.use.text() == "Use 32"
    lengths.use.click()
    assert workspace.recipe.training.max_length == 32
    settle(qtbot, workspace)
    assert "none is cut" in lengths.verdict.text()
    assert lengths.use.isHidden()


def test_rows_set_aside_are_told(pane: DataPane, choose: Choose, tmp_path: Path) -> None:
    choose(written(tmp_path / "gaps.csv", two_classes("no label here,\nodd,row,with,more\n")))
    notes = pane.table_page.notes
    assert not notes.isHidden()
    assert "1 row without a label" in notes.words.text()
    assert "1 row with a different number of fields" in notes.words.text()


def test_a_file_can_be_dropped(qtbot: QtBot, pane: DataPane, workspace: Workspace, tmp_path: Path) -> None:
    file = written(tmp_path / "days.csv", two_classes())
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(file)])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), copy, mime, left, none)
    QApplication.sendEvent(pane, enter)
    assert enter.isAccepted() and pane.strip.open_card.wanted
    QApplication.sendEvent(pane, QDropEvent(QPointF(5, 5), copy, mime, left, none))
    settle(qtbot, workspace)
    assert not pane.strip.open_card.wanted
    assert workspace.recipe.data.train == file
    assert pane.table_page.rows.model.rowCount() == 40


def test_a_missing_file_is_explained_and_the_next_choice_works(
    pane: DataPane, choose: Choose, tmp_path: Path
) -> None:
    choose(str(tmp_path / "gone.csv"))
    assert shows(pane, pane.message)
    assert "gone.csv" in pane.message.title.text()
    choose(written(tmp_path / "days.csv", two_classes()))
    assert shows(pane, pane.table_page)


def test_a_wrong_encoding_unfolds_its_remedy(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, choose: Choose, tmp_path: Path
) -> None:
    file = tmp_path / "cafe.csv"
    file.write_bytes(two_classes("un café,glad\n").encode("cp1252"))
    choose(str(file))
    assert shows(pane, pane.table_page)  # detected, and said
    assert "1252" in pane.table_page.notes.words.text()
    workspace.set_field("data.encoding", "utf-8")
    settle(qtbot, workspace)
    assert shows(pane, pane.message) and "utf-8" in pane.message.title.text()
    assert pane.options.is_open()
    at = pane.options.encoding.findData("cp1252")
    pane.options.encoding.setCurrentIndex(at)
    pane.options.encoding.activated.emit(at)
    settle(qtbot, workspace)
    assert shows(pane, pane.table_page)
    assert pane.table_page.rows.model.full_text(40, 0) == "un café"
    choose(written(tmp_path / "days.csv", two_classes()))
    assert not pane.options.is_open()  # the next file is read as usual, and nothing speaks of the last one
    assert workspace.recipe.data.encoding == ""


def test_a_plain_text_shows_its_beginning_and_size(pane: DataPane, choose: Choose, tiny_text: Path) -> None:
    choose(str(tiny_text))
    assert shows(pane, pane.text_page)
    text = tiny_text.read_text(encoding="utf-8")
    assert pane.text_page.excerpt.toPlainText() == text[:4000]
    shown = {name: label.text() for name, label in pane.text_page.values.items()}
    assert shown["Lines"] == "200"
    assert shown["Characters"] == f"{len(text):,}".replace(",", "\u202f")


def test_only_the_last_of_two_quick_choices_is_shown(
    qtbot: QtBot, pane: DataPane, workspace: Workspace, tmp_path: Path
) -> None:
    first = written(tmp_path / "first.csv", two_classes())
    second = written(tmp_path / "second.csv", two_classes("one more,sad\n"))
    sources: list[str] = []
    workspace.data_changed.connect(lambda: workspace.data and sources.append(workspace.data.source))
    workspace.choose_data(first)
    workspace.choose_data(second)
    settle(qtbot, workspace)
    assert set(sources) == {second}
    assert pane.table_page.rows.model.rowCount() == 41


def test_the_reading_panel_follows_the_chosen_row(
    qtbot: QtBot, pane: DataPane, choose: Choose, tmp_path: Path
) -> None:
    long = "very " * 40_000
    choose(written(tmp_path / "days.csv", two_classes(f"{long},sad\nno label here,\n")))
    rows = pane.table_page.rows
    assert rows.reading.toPlainText() == "a good day number 0"
    qtbot.keyClick(rows.view, Qt.Key.Key_Down)
    assert rows.reading.toPlainText() == "a bad day"
    assert (rows.number.text(), rows.label.text()) == ("Row 2", "sad")
    rows.view.setCurrentIndex(rows.model.index(40, 0))
    assert rows.length.text().startswith("200 000 characters, the first")
    assert len(rows.reading.toPlainText()) < len(long)
    rows.view.setCurrentIndex(rows.model.index(41, 0))
    assert rows.label.text() == "no label"


def test_line_breaks_inside_a_field_stay_on_a_line(pane: DataPane, choose: Choose, tmp_path: Path) -> None:
    choose(written(tmp_path / "days.csv", two_classes('"one\ntwo",sad\n')))
    model = pane.table_page.rows.model
    assert model.full_text(40, 0) == "one\ntwo"
    assert model.index(40, 0).data() == "one two"


@needs_shared
def test_a_chinese_file_is_shown(pane: DataPane, choose: Choose) -> None:
    choose(str(SHARED / "waimai" / "waimai_10k.csv"))
    assert pane.table_page.rows.model.rowCount() == 11_987
    assert pane.table_page.classes.bars.rows() == (("0", 7987), ("1", 4000))
    assert not pane.grab().isNull()


# ---- the model of the table


def arrow_table(**columns: pa.Array) -> Table:
    return Table(Path("x.parquet"), tuple(columns), pa.table(columns), (), "0")


def test_ten_million_rows_are_shown_without_copying(qtbot: QtBot, pane: DataPane) -> None:
    size = 10_000_000
    before = pa.total_allocated_bytes()
    table = arrow_table(number=pa.array(np.arange(size)), text=pa.nulls(size, pa.string()))
    held = pa.total_allocated_bytes() - before
    rows = pane.table_page.rows
    rows.show_table(table, "number", "")
    rows.view.scrollToBottom()
    rows.resize(800, 600)
    assert not rows.grab().isNull()
    assert rows.model.rowCount() == size
    assert rows.model.index(size - 1, 0).data() == "9999999"
    assert rows.model.headerData(size - 1, Qt.Orientation.Vertical) == "10\u202f000\u202f000"
    assert rows.view.indexAt(QPoint(5, rows.view.viewport().height() // 2)).row() > size - 100
    assert pa.total_allocated_bytes() - before < held + 1_000_000


def test_missing_values_are_a_muted_dash(qtbot: QtBot) -> None:
    model = TableModel()
    model.show_table(arrow_table(text=pa.array(["here", None, "  "])))
    assert [model.index(row, 0).data() for row in range(3)] == ["here", MISSING, MISSING]
    muted = current().colour("muted")
    role = Qt.ItemDataRole.ForegroundRole
    assert [model.index(row, 0).data(role) for row in range(3)] == [None, muted, muted]
    assert model.index(1, 0).data(FULL_TEXT) is None
    assert model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "missing"


def test_a_cell_gives_one_short_line_and_keeps_its_whole_text(qtbot: QtBot) -> None:
    text = "first line\nsecond <b>line</b> " + "x" * 200_000
    model = TableModel()
    model.show_table(arrow_table(text=pa.array([text])))
    shown = model.index(0, 0).data()
    assert shown.startswith("first line second <b>line</b> x") and shown.endswith("…") and len(shown) < 300
    assert model.index(0, 0).data(FULL_TEXT) == text
    tip = model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b>" in tip and len(tip) < 2000
