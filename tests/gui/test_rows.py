"""The table of rows: searched, sorted, read whole and changed by hand, with the mouse and with keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from workbench.data import patch as patches
from workbench.data.edits import Edit, Patch
from workbench.data.frame import Frame, frame_of
from workbench.data.row_order import Arranged, Wish, arrange
from workbench.data.tables import Table
from workbench.gui.data.rows import RowsView
from workbench.gui.table_model import CHANGED, HIT, NOTED
from workbench.run.problem import WorkbenchError

Key, Mod = Qt.Key, Qt.KeyboardModifier
TEXTS = ["Rain at noon", "A cup of tea", "rain again", None, "The last bus", "Tea & <rain>\nand cake"]
LABELS = ["sad", "glad", "sad", "sad", None, "glad"]
NUMBERS = ["10", "9", "100", "1", "", "2"]


def table() -> Table:
    columns = {"text": TEXTS, "label": LABELS, "n": NUMBERS}
    return Table(Path("x.csv"), tuple(columns), pa.table(columns), (), "0")


@pytest.fixture
def frame() -> Frame:
    return frame_of(table(), "text", "label")


@pytest.fixture
def rows(qtbot: QtBot, frame: Frame) -> Iterator[RowsView]:
    """Rows on the screen whose wishes are met at once."""
    view = RowsView()
    qtbot.addWidget(view)
    view.resize(800, 600)

    def answer(wish: Wish) -> None:
        try:
            view.show_arranged(arrange(frame, wish))
        except WorkbenchError as error:
            view.show_problem(error.problem)

    view.order_wanted.connect(answer)
    view.show_table(frame, "text", "label", ("glad", "sad"))
    view.show()
    qtbot.waitActive(view)
    view.view.setFocus()
    yield view


def shown(rows: RowsView) -> list[int]:
    return [rows.model.place(row).number for row in range(rows.model.rowCount())]


def click_header(qtbot: QtBot, rows: RowsView, column: int) -> None:
    header = rows.view.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(column) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)


def double_click(qtbot: QtBot, rows: RowsView, row: int, column: int) -> None:
    at = rows.view.visualRect(rows.model.index(row, column)).center()
    qtbot.mouseClick(rows.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(rows.view.viewport(), Qt.MouseButton.LeftButton, pos=at)


def search(qtbot: QtBot, rows: RowsView, text: str) -> None:
    qtbot.keyClick(rows.view, Key.Key_F, Mod.ControlModifier)
    assert rows.filter.field.hasFocus()
    qtbot.keyClicks(rows.filter.field, text)
    qtbot.keyClick(rows.filter.field, Key.Key_Return)


def editor(rows: RowsView) -> QWidget:
    found = [w for kind in (QComboBox, QLineEdit) for w in rows.view.viewport().findChildren(kind)]
    return next(w for w in found if w.property("role") == "cell")


def act(menu: QMenu, text: str) -> None:
    next(a for a in menu.actions() if a.text() == text).trigger()
    menu.close()


# ---- order


def test_a_column_is_sorted_by_clicks_and_the_third_restores_the_file(qtbot: QtBot, rows: RowsView) -> None:
    told: list[tuple[str, bool]] = []
    rows.sort_wanted.connect(lambda *wish: told.append(wish))
    header = rows.view.horizontalHeader()
    click_header(qtbot, rows, 2)
    assert shown(rows) == [4, 6, 2, 1, 3, 5]  # numbers, and the missing one last
    assert header.sortIndicatorSection() == 2
    assert header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
    click_header(qtbot, rows, 2)
    assert shown(rows) == [3, 1, 2, 6, 4, 5]
    assert header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
    click_header(qtbot, rows, 2)
    assert shown(rows) == [1, 2, 3, 4, 5, 6]
    assert header.sortIndicatorSection() == -1
    assert told == [("n", False), ("n", True), ("", False)]


def test_the_chosen_row_stays_chosen_in_another_order(qtbot: QtBot, rows: RowsView) -> None:
    rows.show_row(2)
    assert rows.reading.toPlainText() == "rain again"
    click_header(qtbot, rows, 2)
    assert rows.view.currentIndex().row() == 4
    assert (rows.number.text(), rows.reading.toPlainText()) == ("Row 3", "rain again")


def test_a_text_is_searched_and_hits_are_stepped_through(qtbot: QtBot, rows: RowsView) -> None:
    search(qtbot, rows, "RAIN")
    assert shown(rows) == [1, 3, 6]
    assert "3 of 6" in rows.filter.count.text()
    for expected in (3, 6, 1):
        qtbot.keyClick(rows.view, Key.Key_F3)
        assert rows.number.text() == f"Row {expected}"
    qtbot.keyClick(rows.view, Key.Key_F3, Mod.ShiftModifier)
    assert rows.number.text() == "Row 6"
    assert len(rows.reading.extraSelections()) == 1  # the hit within the text is marked
    qtbot.keyClick(rows.filter.field, Key.Key_Escape)
    assert shown(rows) == [1, 2, 3, 4, 5, 6]
    assert rows.number.text() == "Row 6"
    assert rows.filter.count.isHidden() or not rows.filter.count.isVisible()


def test_a_pause_in_typing_searches_too(qtbot: QtBot, rows: RowsView) -> None:
    with qtbot.waitSignal(rows.search_wanted) as told:
        qtbot.keyClicks(rows.filter.field, "tea")
    assert told.args == ["tea", False]
    assert shown(rows) == [2, 6]


def test_all_rows_can_be_shown_with_hits_marked(qtbot: QtBot, rows: RowsView) -> None:
    search(qtbot, rows, "tea")
    rows.filter.only.button("all").click()
    assert shown(rows) == [1, 2, 3, 4, 5, 6]
    assert [rows.model.index(row, 0).data(HIT) for row in range(6)] == [
        False,
        True,
        False,
        False,
        False,
        True,
    ]
    rows.show_row(3)
    qtbot.keyClick(rows.view, Key.Key_F3)
    assert rows.number.text() == "Row 6"
    qtbot.keyClick(rows.view, Key.Key_F3, Mod.ShiftModifier)
    assert rows.number.text() == "Row 2"


def test_a_wrong_expression_is_explained_and_rows_stay(qtbot: QtBot, rows: RowsView) -> None:
    rows.filter.kind.button("regex").click()
    search(qtbot, rows, "^(rain")
    assert shown(rows) == [1, 2, 3, 4, 5, 6]
    assert "bracket" in rows.filter.complaint.text() and rows.filter.complaint.isVisible()
    assert rows.filter.field.property("invalid")
    click_header(qtbot, rows, 2)  # other wishes are met all the same
    assert shown(rows) == [4, 6, 2, 1, 3, 5]
    click_header(qtbot, rows, 2)
    click_header(qtbot, rows, 2)
    rows.filter.field.setFocus()
    qtbot.keyClicks(rows.filter.field, "|tea)")
    qtbot.keyClick(rows.filter.field, Key.Key_Return)
    assert shown(rows) == [1, 3, 6]
    assert not rows.filter.complaint.isVisible() and not rows.filter.field.property("invalid")


def test_nothing_found_is_said(qtbot: QtBot, rows: RowsView) -> None:
    search(qtbot, rows, "snow")
    assert rows.nothing.isVisible() and "snow" in rows.nothing.sentence.text()
    assert not rows.view.isVisible()
    qtbot.keyClick(rows.filter.field, Key.Key_Escape)
    assert rows.view.isVisible() and rows.model.rowCount() == 6


def test_the_rows_of_a_finding_are_shown_and_all_again(qtbot: QtBot, rows: RowsView) -> None:
    rows.show_finding("2 rows say tea", np.array([1, 5]))
    assert shown(rows) == [2, 6]
    assert rows.filter.chip.words.text() == "2 rows say tea"
    search(qtbot, rows, "rain")
    assert shown(rows) == [6] and "1 of 2" in rows.filter.count.text()
    with qtbot.waitSignal(rows.finding_closed):
        rows.filter.chip.cross.click()
    assert not rows.filter.chip.isVisible()
    assert shown(rows) == [1, 3, 6]


def test_the_answer_to_an_older_wish_is_passed_over(rows: RowsView) -> None:
    rows.show_finding("one", np.array([1]))
    late = Arranged(Wish(), np.array([5]), None, 6)
    rows.show_arranged(late)
    assert shown(rows) == [2]


def test_rows_are_numbered_as_in_the_untouched_file(rows: RowsView, frame: Frame) -> None:
    rows.show_table(frame.take([4, 0]), "text", "label")
    numbers = [rows.model.headerData(row, Qt.Orientation.Vertical) for row in range(2)]
    assert numbers == ["5", "1"]
    assert rows.number.text() == "Row 5"


def test_ten_million_rows_open_scroll_and_turn_around_in_moments(qtbot: QtBot) -> None:
    size = 10_000_000
    portion = pa.array([f"text {i}" for i in range(10_000)])
    data = pa.table({"text": pa.chunked_array([portion] * (size // len(portion)))})
    numbers = np.arange(size, dtype=np.int64)
    frame = Frame(data, "text", "", numbers, numbers.astype(np.uint64))
    view = RowsView()
    qtbot.addWidget(view)
    view.resize(800, 600)
    view.show()
    held, begun = pa.total_allocated_bytes(), time.perf_counter()
    view.show_table(frame, "text", "")
    bar = view.view.verticalScrollBar()
    for step in range(1, 11):
        bar.setValue(bar.maximum() * step // 10)
        assert not view.grab().isNull()
    assert view.view.indexAt(QPoint(5, view.view.viewport().height() // 2)).row() > size - 100
    assert view.model.index(size - 1, 0).data() == "text 9999"
    view.sort_wanted.connect(lambda *_: view.show_arranged(Arranged(view.wish, numbers[::-1], None, size)))
    click_header(qtbot, view, 0)
    assert view.model.headerData(0, Qt.Orientation.Vertical) == "10\u202f000\u202f000"
    assert view.number.text() == "Row 1" and view.view.currentIndex().row() == size - 1
    assert time.perf_counter() - begun < 4  # 0.5 s; fetching every row once would take minutes
    assert pa.total_allocated_bytes() - held < 1_000_000


# ---- reading


def test_all_columns_are_listed_as_plain_text(qtbot: QtBot, rows: RowsView) -> None:
    rows.show_row(5)
    rows.panel.kind.button("columns").click()
    said = rows.panel.all.toPlainText()
    assert "Tea & <rain>" in said and "label" in said and "glad" in said
    rows.show_row(4)
    assert "–" in rows.panel.all.toPlainText()


def test_tokens_are_shown_when_asked_for_and_the_cut_is_said(qtbot: QtBot, rows: RowsView) -> None:
    with qtbot.waitSignal(rows.tokens_wanted) as told:
        rows.panel.kind.button("tokens").click()
    assert told.args == ["Rain at noon"]
    rows.show_tokens(["[CLS]", "rain", "at", "noon", "[SEP]"], 3)
    assert rows.panel.chips.tokens()[1] == "rain"
    assert rows.length.text() == "5 tokens, the last 2 tokens cut off at 3"
    with qtbot.waitSignal(rows.tokens_wanted) as told:
        qtbot.keyClick(rows.view, Key.Key_Down)
    assert told.args == ["A cup of tea"]
    rows.show_tokens(["a", "cup"], None)
    assert rows.length.text() == "2 tokens"
    assert not rows.panel.grab().isNull()


# ---- by hand


def test_a_label_is_changed_with_keys_and_changed_back(qtbot: QtBot, rows: RowsView, frame: Frame) -> None:
    told: list[Edit] = []
    rows.edited.connect(told.append)
    rows.view.setCurrentIndex(rows.model.index(1, 1))
    qtbot.keyClick(rows.view, Key.Key_F2)
    combo = editor(rows)
    assert isinstance(combo, QComboBox)
    assert [combo.itemText(i) for i in range(combo.count())] == ["glad", "sad"]
    line = combo.lineEdit()
    assert line is not None
    qtbot.keyClicks(line, "mixed")
    qtbot.keyClick(combo, Key.Key_Return)
    key = int(frame.keys[1])
    qtbot.waitUntil(lambda: rows.model.full_text(1, 1) == "mixed")
    assert rows.label.text() == "mixed"
    assert rows.model.index(1, 1).data(CHANGED)
    assert "glad" in rows.model.index(1, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert "changed by hand" in rows.model.index(1, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert rows.undo.text() == "Undo label row 2 as “mixed”"
    rows.view.setFocus()
    qtbot.keyClick(rows.view, Key.Key_Z, Mod.ControlModifier)
    assert rows.model.full_text(1, 1) == "glad" and rows.edits.patch == Patch()
    qtbot.keyClick(rows.view, Key.Key_Z, Mod.ControlModifier | Mod.ShiftModifier)
    assert rows.model.full_text(1, 1) == "mixed"
    there, back = Edit(key, "label", "glad", "mixed"), Edit(key, "label", "mixed", "glad")
    assert told == [there, back, there]
    assert frame.column("label") == LABELS  # what was read stays as it was


def test_a_text_is_changed_in_the_reading_panel(qtbot: QtBot, rows: RowsView, frame: Frame) -> None:
    double_click(qtbot, rows, 2, 0)
    assert rows.panel.editing and rows.reading.hasFocus()
    qtbot.keyClicks(rows.reading, " and")
    qtbot.keyClick(rows.reading, Key.Key_Return)
    qtbot.keyClicks(rows.reading, "again")
    qtbot.keyClick(rows.reading, Key.Key_Return, Mod.ControlModifier)
    assert not rows.panel.editing
    assert rows.model.full_text(2, 0) == "rain again and\nagain"
    assert rows.edits.patch.edits[int(frame.keys[2]), "text"].old == "rain again"
    rows.view.setFocus()
    qtbot.keyClick(rows.view, Key.Key_F2)
    qtbot.keyClicks(rows.reading, "never mind")
    qtbot.keyClick(rows.reading, Key.Key_Escape)
    assert rows.reading.toPlainText() == "rain again and\nagain"
    rows.panel.pencil.click()
    qtbot.keyClicks(rows.reading, "!")
    rows.show_row(0)  # whoever goes on to another row has not lost what was typed
    assert rows.model.full_text(2, 0) == "rain again and\nagain!"
    assert len(rows.edits.stack.done) == 2


def test_typing_is_undone_letter_by_letter_before_rows_are(qtbot: QtBot, rows: RowsView) -> None:
    rows.edits.drop(rows.model.place(0))
    rows.show_row(1)
    rows.panel.pencil.click()
    qtbot.keyClicks(rows.reading, "x")
    qtbot.keyClick(rows.reading, Key.Key_Z, Mod.ControlModifier)
    assert rows.reading.toPlainText() == "A cup of tea"
    assert rows.edits.patch.dropped


def test_another_cell_is_changed_in_its_place(qtbot: QtBot, rows: RowsView, frame: Frame) -> None:
    double_click(qtbot, rows, 4, 2)
    line = editor(rows)
    assert isinstance(line, QLineEdit) and line.text() == ""
    qtbot.keyClicks(line, "77")
    qtbot.keyClick(line, Key.Key_Return)
    qtbot.waitUntil(lambda: rows.model.full_text(4, 2) == "77")
    assert rows.edits.patch.edits[int(frame.keys[4]), "n"] == Edit(int(frame.keys[4]), "n", "", "77")


def test_a_row_is_dropped_and_taken_in_again(qtbot: QtBot, rows: RowsView, frame: Frame) -> None:
    rows.show_row(1)
    qtbot.keyClick(rows.view, Key.Key_Delete)
    assert rows.edits.patch.dropped == {int(frame.keys[1])}
    assert rows.model.index(1, 0).data(Qt.ItemDataRole.FontRole).strikeOut()
    assert not rows.model.flags(rows.model.index(1, 1)) & Qt.ItemFlag.ItemIsEditable
    assert rows.panel.state.isVisible()
    menu = rows.view.row_menu(rows.model.index(1, 0))
    assert "Edit" not in [action.text() for action in menu.actions()]
    act(menu, "Take the row in again")
    assert not rows.edits.patch.dropped and not rows.panel.state.isVisible()
    assert [change.words for change in rows.edits.stack.done] == ["drop row 2", "take row 2 in again"]


def test_whoever_undoes_something_sees_what(qtbot: QtBot, rows: RowsView) -> None:
    rows.show_row(1)
    qtbot.keyClick(rows.view, Key.Key_Delete)
    rows.show_row(5)
    qtbot.keyClick(rows.view, Key.Key_Z, Mod.ControlModifier)
    assert rows.number.text() == "Row 2" and not rows.edits.patch.dropped


def test_a_note_is_written_from_the_menu(qtbot: QtBot, rows: RowsView, frame: Frame) -> None:
    rows.show_row(3)
    act(rows.view.row_menu(rows.model.index(3, 0)), "Add a note…")
    assert rows.panel.note.hasFocus()
    qtbot.keyClicks(rows.panel.note, "ask <Mia>")
    qtbot.keyClick(rows.panel.note, Key.Key_Return)
    assert rows.edits.patch.notes == {int(frame.keys[3]): "ask <Mia>"}
    assert len(rows.edits.stack.done) == 1
    assert rows.model.index(3, 0).data(NOTED) and not rows.model.index(2, 0).data(NOTED)
    assert "&lt;Mia" in rows.model.index(3, 0).data(Qt.ItemDataRole.ToolTipRole)
    rows.view.setFocus()
    rows.show_row(2)
    assert not rows.panel.note.isVisible()
    rows.show_row(3)
    assert rows.panel.note.text() == "ask <Mia>"


def test_the_menu_changes_labels(qtbot: QtBot, rows: RowsView, frame: Frame) -> None:
    def labels(row: int) -> QMenu:
        menu = rows.view.row_menu(rows.model.index(row, 0))
        return next(m for m in menu.findChildren(QMenu) if m.title() == "Change the label to")

    menu = labels(0)
    assert [a.text() for a in menu.actions() if a.isChecked()] == ["sad"]
    act(menu, "glad")
    assert rows.model.full_text(0, 1) == "glad"
    act(labels(0), "No label")
    assert rows.model.full_text(0, 1) is None
    act(labels(0), "sad")  # as in the file: nothing is left of it all
    assert rows.edits.patch == Patch() and len(rows.edits.stack.done) == 3
    act(labels(4), "glad")
    assert rows.edits.patch.labels == {int(frame.keys[4]): "glad"}
    for menu in rows.view.findChildren(QMenu):
        menu.close()


def test_cells_and_rows_are_copied_whole(qtbot: QtBot, rows: RowsView) -> None:
    rows.view.setCurrentIndex(rows.model.index(5, 0))
    qtbot.keyClick(rows.view, Key.Key_C, Mod.ControlModifier)
    clipboard = QGuiApplication.clipboard()
    assert clipboard.text() == TEXTS[5]
    act(rows.view.row_menu(rows.model.index(5, 0)), "Copy the row")
    assert clipboard.text() == '"Tea & <rain>\nand cake"\tglad\t2'


# ---- many rows at once


def choose(qtbot: QtBot, rows: RowsView, *places: int) -> None:
    """Choose rows with the mouse, the first alone and the others with Ctrl."""
    for number, place in enumerate(places):
        at = rows.view.visualRect(rows.model.index(place, 2)).center()
        held = Mod.ControlModifier if number else Mod.NoModifier
        qtbot.mouseClick(rows.view.viewport(), Qt.MouseButton.LeftButton, held, at)


def labels(rows: RowsView) -> list[str | None]:
    return [rows.model.full_text(row, 1) for row in range(rows.model.rowCount())]


def test_chosen_rows_get_a_label_from_the_menu_in_one_step(qtbot: QtBot, rows: RowsView) -> None:
    told: list[Edit] = []
    rows.edited.connect(told.append)
    choose(qtbot, rows, 0, 2, 4)
    assert "3 rows chosen" in rows.number.text()
    menu = rows.view.row_menu(rows.model.index(2, 0))
    assert [a.text() for a in menu.actions() if a.text()] == [
        "Change the label to", "Note on 3 rows…", "Drop 3 rows", "Copy 3 rows",
    ]  # fmt: skip
    act(next(m for m in menu.findChildren(QMenu)), "glad")
    assert labels(rows) == ["glad", "glad", "glad", "sad", "glad", "glad"]
    assert rows.undo.text() == "Undo label 3 rows as “glad”" and len(told) == 3
    rows.undo.trigger()
    assert labels(rows) == LABELS and rows.edits.patch == Patch()
    rows.redo.trigger()
    assert labels(rows).count("glad") == 5
    menu.close()


def test_a_label_that_is_typed_goes_to_all_chosen_rows(qtbot: QtBot, rows: RowsView) -> None:
    choose(qtbot, rows, 0)
    qtbot.keyClick(rows.view, Key.Key_Down, Mod.ShiftModifier)
    qtbot.keyClick(rows.view, Key.Key_Down, Mod.ShiftModifier)
    rows.view.edit_now(rows.model.index(2, 1))
    line = editor(rows)
    assert isinstance(line, QComboBox)
    qtbot.keyClicks(line.lineEdit(), "new")
    qtbot.keyClick(line, Key.Key_Return)
    qtbot.waitUntil(lambda: rows.model.full_text(0, 1) == "new")
    assert labels(rows) == ["new", "new", "new", "sad", None, "glad"]
    assert len(rows.edits.stack.done) == 1


def test_chosen_rows_are_dropped_with_a_key_and_taken_in_again(qtbot: QtBot, rows: RowsView) -> None:
    rows.edits.drop(rows.model.place(1))
    choose(qtbot, rows, 1, 3)
    qtbot.keyClick(rows.view, Key.Key_Delete)
    assert len(rows.edits.patch.dropped) == 2
    qtbot.keyClick(rows.view, Key.Key_Delete)
    assert not rows.edits.patch.dropped
    rows.undo.trigger()
    rows.undo.trigger()
    assert rows.edits.patch.dropped == {rows.model.place(1).key}  # the state before, row by row


def test_chosen_rows_get_a_note(qtbot: QtBot, rows: RowsView) -> None:
    rows.edits.set_note(rows.model.place(1), "why?")
    choose(qtbot, rows, 1, 3, 5)
    act(rows.view.row_menu(rows.model.index(3, 0)), "Note on 3 rows…")
    note = rows.panel.note
    assert note.hasFocus() and note.text() == "" and "3 rows" in note.placeholderText()
    qtbot.keyClick(note, Key.Key_Escape)  # nothing is noted, and nothing is lost
    assert dict(rows.edits.patch.notes) == {rows.model.place(1).key: "why?"}
    act(rows.view.row_menu(rows.model.index(3, 0)), "Note on 3 rows…")
    qtbot.keyClicks(note, "ask Ann")
    qtbot.keyClick(note, Key.Key_Return)
    assert set(rows.edits.patch.notes.values()) == {"ask Ann"} and len(rows.edits.patch.notes) == 3
    rows.undo.trigger()
    assert list(rows.edits.patch.notes.values()) == ["why?"]


def test_all_of_too_many_rows_are_not_changed_by_hand(
    qtbot: QtBot, rows: RowsView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.gui.data.row_table.MOST_AT_ONCE", 4)
    qtbot.keyClick(rows.view, Key.Key_A, Mod.ControlModifier)
    qtbot.keyClick(rows.view, Key.Key_Delete)
    assert rows.edits.patch == Patch()
    assert "6 rows are chosen" in rows.filter.complaint.text()
    act(rows.view.row_menu(rows.model.index(0, 0)), "Why can they not be changed?")


def test_rows_after_the_steps_show_what_the_steps_made(rows: RowsView, frame: Frame) -> None:
    rows.edits.set_label(rows.model.place(0), "label", "sad", "SAD")
    after = frame.with_column("label", ["made", *LABELS[1:]])
    rows.show_table(after, "text", "label", editable=False)
    assert rows.model.full_text(0, 1) == "made"


def test_what_the_table_shows_is_what_the_patch_makes(qtbot: QtBot, rows: RowsView, frame: Frame) -> None:
    model = rows.model
    model.setData(model.index(0, 1), "glad")
    model.setData(model.index(2, 1), "")
    model.setData(model.index(4, 1), "new")
    model.setData(model.index(1, 0), "no tea")
    model.setData(model.index(1, 0), "coffee")
    model.setData(model.index(2, 1), "glad")
    model.setData(model.index(3, 1), None)
    rows.edits.drop(model.place(5))
    made, misfits = patches.apply(frame, rows.edits.patch)
    assert not misfits
    for column, name in enumerate(made.columns):
        assert made.column(name) == [model.full_text(row, column) for row in range(5)]
    while rows.edits.stack.done:
        rows.edits.stack.undo()
    assert rows.edits.patch == Patch()


def test_a_patch_of_yesterday_is_shown_and_cannot_be_undone(rows: RowsView, frame: Frame) -> None:
    key = int(frame.keys[0])
    rows.edits.show_patch(Patch().with_label(key, "glad").with_note(key, "why?"))
    assert rows.model.full_text(0, 1) == "glad" and rows.panel.note.text() == "why?"
    assert not rows.undo.isEnabled()


@pytest.mark.parametrize("kind", ["table", "after steps"])
def test_rows_that_are_not_those_of_the_file_are_only_read(
    qtbot: QtBot, rows: RowsView, frame: Frame, kind: str
) -> None:
    show: Callable[[], None] = {
        "table": lambda: rows.show_table(table(), "text", "label"),
        "after steps": lambda: rows.show_table(replace(frame), "text", "label", editable=False),
    }[kind]
    show()
    rows.view.setFocus()
    for key in (Key.Key_F2, Key.Key_Delete):
        qtbot.keyClick(rows.view, key)
    assert not rows.panel.editing and not rows.panel.pencil.isVisible()
    assert [a.text() for a in rows.view.row_menu(rows.model.index(0, 0)).actions()] == [
        "Copy the cell", "Copy the row",
    ]  # fmt: skip
    assert rows.edits.patch == Patch()
    for menu in rows.view.findChildren(QMenu):
        menu.close()


def test_a_text_too_long_to_lay_out_is_not_changed_here(qtbot: QtBot, rows: RowsView) -> None:
    data = pa.table({"text": ["x" * 200_000]})
    one = np.zeros(1, dtype=np.int64)
    rows.show_table(Frame(data, "text", "", one, one.astype(np.uint64)), "text", "")
    double_click(qtbot, rows, 0, 0)
    assert not rows.panel.editing and not rows.panel.pencil.isEnabled()
    assert "too long" in rows.panel.pencil.toolTip()
