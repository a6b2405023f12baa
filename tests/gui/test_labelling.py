"""Labelling by hand with keys: classes, skipping, going back, undoing, orders and guesses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from workbench.data import patch as patches
from workbench.data.edits import Patch
from workbench.data.frame import Frame, frame_of
from workbench.data.tables import Table
from workbench.gui.data.edits import Edits
from workbench.gui.data.label_queue import MOST, LabelQueue
from workbench.gui.data.labelling import LabellingPage

Key, Control = Qt.Key, Qt.KeyboardModifier.ControlModifier
ROWS = 12
CLASSES = {"glad": 7, "sad": 3}


@pytest.fixture
def frame() -> Frame:
    labels = [None] * (ROWS - 2) + ["glad", "sad"]
    data = pa.table({"text": [f"text {i}" for i in range(ROWS)], "label": pa.array(labels, pa.string())})
    return frame_of(Table(Path("x.csv"), ("text", "label"), data, (), "0"), "text", "label")


@pytest.fixture
def page(qtbot: QtBot, frame: Frame) -> Iterator[LabellingPage]:
    """Ten rows without a label."""
    page = LabellingPage(Edits())
    qtbot.addWidget(page)
    page.resize(800, 600)
    page.show_rows(frame, "text", "label", np.arange(10), CLASSES, seed=1)
    page.show()
    qtbot.waitActive(page)
    page.setFocus()
    yield page


def reads(page: LabellingPage) -> str:
    return page.card.reading.toPlainText()


def counts(page: LabellingPage) -> dict[str, str]:
    return {button.name: button.count.text() for button in page.keys.buttons}


def test_a_key_labels_and_goes_on(qtbot: QtBot, page: LabellingPage, frame: Frame) -> None:
    first, second = map(int, page.queue.rows[:2])
    assert reads(page) == f"text {first}"
    assert page.head.progress.text() == "0 of 10 labelled"
    qtbot.keyClick(page, "2")
    assert page.edits.patch.labels == {int(frame.keys[first]): "sad"}
    assert reads(page) == f"text {second}"
    assert page.head.progress.text() == "1 of 10 labelled" and page.head.bar.value() == 1
    assert counts(page) == {"glad": "7", "sad": "4"}
    assert page.last.text() == f"Row {first + 1}: sad"
    qtbot.keyClick(page, "7")  # there is no seventh class
    assert reads(page) == f"text {second}"


def test_a_button_labels_too_and_leaves_the_keys_to_the_page(qtbot: QtBot, page: LabellingPage) -> None:
    qtbot.mouseClick(page.keys.buttons[0], Qt.MouseButton.LeftButton)
    assert list(page.edits.patch.labels.values()) == ["glad"]
    assert page.hasFocus()
    assert page.keys.buttons[0].accessibleName() == "glad"


def test_skipping_and_going_back(qtbot: QtBot, page: LabellingPage) -> None:
    first, second, third = (f"text {row}" for row in page.queue.rows[:3])
    qtbot.keyClick(page, Key.Key_Space)
    qtbot.keyClick(page, "1")
    assert page.head.progress.text() == "1 of 10 labelled, 1 skipped"
    assert reads(page) == third
    qtbot.keyClick(page, Key.Key_Backspace)
    assert reads(page) == second
    assert page.card.state.text() == "glad" and page.keys.buttons[0].isChecked()
    qtbot.keyClick(page, "2")  # another label; on to the next open row
    assert reads(page) == third
    qtbot.keyClick(page, Key.Key_Backspace)
    assert reads(page) == second and page.card.state.text() == "sad"
    qtbot.keyClick(page, Key.Key_Backspace)
    assert reads(page) == first
    qtbot.keyClick(page, Key.Key_Backspace)  # there is nothing before
    assert reads(page) == first
    qtbot.keyClick(page, "1")
    assert page.head.progress.text() == "2 of 10 labelled"
    assert sorted(page.edits.patch.labels.values()) == ["glad", "sad"]


def test_undo_opens_the_row_again(qtbot: QtBot, page: LabellingPage) -> None:
    first, second = (f"text {row}" for row in page.queue.rows[:2])
    assert not page.head.undo.isEnabled()
    qtbot.keyClick(page, "1")
    assert "as “glad”" in page.head.undo.toolTip()
    qtbot.keyClick(page, Key.Key_Z, Control)
    assert reads(page) == first and page.edits.patch == Patch()
    assert page.head.progress.text() == "0 of 10 labelled" and counts(page)["glad"] == "7"
    qtbot.keyClick(page, Key.Key_Z, Control | Qt.KeyboardModifier.ShiftModifier)
    assert page.head.progress.text() == "1 of 10 labelled" and counts(page)["glad"] == "8"
    qtbot.keyClick(page, Key.Key_Space)
    assert reads(page) == second
    page.head.undo.click()
    assert reads(page) == first and page.edits.patch == Patch()


def test_a_new_class_is_named(qtbot: QtBot, page: LabellingPage) -> None:
    before = reads(page)
    qtbot.keyClick(page, "n")
    assert page.keys.field.hasFocus()
    qtbot.keyClicks(page.keys.field, "  GLAD ")
    qtbot.keyClick(page.keys.field, Key.Key_Return)
    assert "“glad” already" in page.keys.complaint.text() and page.keys.asking
    page.keys.field.clear()
    with qtbot.waitSignal(page.class_added) as told:
        qtbot.keyClicks(page.keys.field, "not 2 sure")
        qtbot.keyClick(page.keys.field, Key.Key_Return)
    assert told.args == ["not 2 sure"]
    assert not page.keys.asking and page.hasFocus()
    assert reads(page) == before and not page.edits.patch.labels  # digits and blanks were typed, no keys
    qtbot.keyClick(page, "3")
    assert list(page.edits.patch.labels.values()) == ["not 2 sure"]
    qtbot.keyClick(page, "n")
    qtbot.keyClick(page.keys.field, Key.Key_Escape)
    assert not page.keys.asking and page.hasFocus()


def test_the_first_class_is_asked_for(qtbot: QtBot, page: LabellingPage, frame: Frame) -> None:
    page.show_rows(frame, "text", "", np.arange(10), {})
    assert page.keys.asking and "first" in page.keys.question.text()
    qtbot.keyClicks(page.keys.field, "good")
    page.keys.add.click()
    assert [button.name for button in page.keys.buttons] == ["good"]
    assert not page.keys.question.isVisible() and page.keys.buttons[0].isVisible()
    qtbot.keyClick(page, "1")
    made, misfits = patches.apply(frame, page.edits.patch)
    assert not misfits and made.column("label").count("good") == 1


def test_letters_follow_the_digits(qtbot: QtBot, page: LabellingPage, frame: Frame) -> None:
    names = [f"class {i}" for i in range(40)]
    page.show_rows(frame, "text", "label", np.arange(10), dict.fromkeys(names, 0))
    caps = [button.cap.text() for button in page.keys.buttons]
    assert caps[8:11] == ["9", "A", "B"] and "N" not in caps and caps[34:] == [""] * 6
    qtbot.keyClick(page, "b")
    qtbot.keyClick(page, "o")
    assert list(page.edits.patch.labels.values()) == ["class 10", "class 22"]


def test_at_the_end_skipped_rows_are_offered(qtbot: QtBot, page: LabellingPage) -> None:
    qtbot.keyClick(page, Key.Key_Space)
    for _ in range(9):
        qtbot.keyClick(page, "1")
    assert page.stack.currentWidget() is page.message
    assert page.message.sentence.text() == "9 rows labelled, 1 skipped. Skipped rows stay as they are."
    page.message.action.click()
    assert page.stack.currentWidget() is page.work
    qtbot.keyClick(page, "1")
    assert page.message.title.text() == "Everything is labelled"
    with qtbot.waitSignal(page.done):
        page.message.action.click()
    page.setFocus()
    qtbot.keyClick(page, Key.Key_Backspace)
    assert page.stack.currentWidget() is page.work and page.card.state.text() == "glad"


def test_nothing_to_label_is_said(qtbot: QtBot, page: LabellingPage, frame: Frame) -> None:
    page.show_rows(frame, "text", "label", np.zeros(0, dtype=np.int64), CLASSES)
    assert page.message.title.text() == "No row is without a label"
    qtbot.keyClick(page, "1")
    assert not page.edits.patch.labels
    with qtbot.waitSignal(page.done):
        page.head.done.click()


def test_doubtful_rows_are_confirmed_or_changed(qtbot: QtBot, page: LabellingPage, frame: Frame) -> None:
    page.show_rows(frame, "text", "label", np.array([10, 11]), CLASSES)
    page.show_uncertainties(np.array([0.9, 0.1]))
    page.head.order.button("uncertain").click()
    assert reads(page) == "text 10"
    qtbot.keyClick(page, "1")  # it is glad already
    assert page.edits.patch == Patch() and page.head.progress.text() == "1 of 2 labelled"
    qtbot.keyClick(page, "1")
    assert page.edits.patch.labels == {int(frame.keys[11]): "glad"}
    assert counts(page) == {"glad": "7", "sad": "3"} or page.stack.currentWidget() is page.message
    qtbot.keyClick(page, Key.Key_Backspace)
    assert counts(page) == {"glad": "8", "sad": "2"}


def test_the_most_doubtful_rows_come_first_when_doubts_are_known(qtbot: QtBot, page: LabellingPage) -> None:
    qtbot.keyClick(page, "1")
    done = int(page.queue.rows[0])
    with qtbot.waitSignal(page.uncertainties_wanted):
        page.head.order.button("uncertain").click()
    page.show_uncertainties(np.arange(10) / 10)
    left = [row for row in range(9, -1, -1) if row != done]
    assert reads(page) == f"text {left[0]}"
    assert page.head.progress.text() == "1 of 10 labelled"  # what was done is kept
    qtbot.keyClick(page, "2")
    assert reads(page) == f"text {left[1]}"
    page.show_uncertainties(None, "No model has been trained yet.")
    assert page.head.order.current() == "random" and not page.head.order.button("uncertain").isEnabled()
    assert "trained" in page.head.order.button("uncertain").toolTip()


def test_a_guess_is_shown_and_agreed_with(qtbot: QtBot, page: LabellingPage) -> None:
    wanted: list[int] = []
    page.guess_wanted.connect(wanted.append)
    first, second = map(int, page.queue.rows[:2])
    qtbot.keyClick(page, Key.Key_Return)  # nothing to agree with
    assert reads(page) == f"text {first}"
    page.show_guess(second, [("glad", 1.0)])  # too late or too early: another row is shown
    assert page.card.guess.text() == ""
    page.show_guess(first, [("glad", 0.2), ("sad", 0.8)])
    assert "sad (80 %)" in page.card.guess.text()
    assert page.keys.buttons[1].property("guess")
    qtbot.keyClick(page, Key.Key_Return)
    assert list(page.edits.patch.labels.values()) == ["sad"]
    assert page.card.guess.text() == "" and not page.keys.buttons[1].property("guess")
    assert wanted == [second]


def test_labels_of_yesterday_are_not_asked_for_again(qtbot: QtBot, page: LabellingPage, frame: Frame) -> None:
    patch = Patch().with_label(int(frame.keys[3]), "glad").with_label(int(frame.keys[4]), "odd")
    page.edits.show_patch(patch)
    page.show_rows(frame, "text", "label", np.arange(10), CLASSES)
    assert page.head.progress.text() == "2 of 10 labelled"
    assert counts(page) == {"glad": "8", "sad": "3", "odd": "1"}
    seen = set()
    while page.queue.current is not None:
        seen.add(page.queue.current)
        qtbot.keyClick(page, "1")
    assert seen == set(range(10)) - {3, 4}


def test_the_table_and_the_page_share_their_edits(qtbot: QtBot, page: LabellingPage, frame: Frame) -> None:
    from workbench.gui.data.rows import RowsView

    rows = RowsView(page.edits)
    qtbot.addWidget(rows)
    rows.show_table(frame, "text", "label", tuple(CLASSES))
    first = int(page.queue.rows[0])
    qtbot.keyClick(page, "1")
    assert rows.model.full_text(first, 1) == "glad"
    rows.model.setData(rows.model.index(first, 1), "sad")
    assert reads(page) == f"text {first}" and page.card.state.text() == "sad"


def test_an_order_by_chance_is_the_same_for_the_same_seed() -> None:
    rows = np.arange(100, 1100)
    one, same, other = (LabelQueue(rows, seed).rows.tolist() for seed in (1, 1, 2))
    assert one == same != other
    assert sorted(one) == rows.tolist()


def test_of_millions_of_rows_a_portion_is_put_in_order() -> None:
    rows = np.arange(3_000_000, dtype=np.int64)
    queue = LabelQueue(rows)
    assert queue.total == 3_000_000 and len(queue.rows) == MOST == len(set(queue.rows.tolist()))
    doubtful = LabelQueue(rows, doubts=np.sin(rows)).rows
    assert np.all(np.diff(np.sin(doubtful)) <= 0) and np.sin(doubtful[-1]) > 0.99
