"""The cards at the side of the Data page, driven by clicks and keys: findings, steps, split, columns, switch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from workbench.data.check import Finding, Fix, Severity
from workbench.data.column_profile import ColumnProfile
from workbench.data.languages import Language, Languages
from workbench.data.pipeline import mended
from workbench.data.step import Context, all_steps, parse_step
from workbench.data.tables import read_table
from workbench.gui.data.card_parts import Mark
from workbench.gui.data.findings_card import FindingsCard
from workbench.gui.data.form_fields import Choices
from workbench.gui.data.form_lists import NameGrid, TickList
from workbench.gui.data.profile_card import ProfileCard
from workbench.gui.data.side import NARROWEST, DataSide
from workbench.gui.data.split_card import SplitCard, SplitValues
from workbench.gui.data.step_form import StepForm
from workbench.gui.data.step_row import StepOutcome
from workbench.gui.data.steps_card import StepsCard
from workbench.gui.theme import theme
from workbench.gui.widgets import ElidedLabel, Label, column, scrolled
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.recipe import DataSection
from workbench.run.step_record import StepRecord

Show = Callable[[QWidget], None]

CHOICES = Choices(("id", "text", "label"), "text", "label", ("late", "Late", "refund"))
STEPS: tuple[dict[str, Any], ...] = (
    {"kind": "drop-missing", "columns": ["label"]},
    {"kind": "remove-duplicates", "columns": ["text"], "keep": "first", "name": "No copies"},
    {"kind": "strip-html", "columns": ["text"], "on": False},
)


def finding(
    kind: str, title: str, severity: Severity = "warning", rows: int = 3, column: str = "", fixes: int = 1
) -> Finding:
    return Finding(
        kind, title, "It matters.", severity, np.arange(rows, dtype=np.int64) * 2, rows or 1,
        tuple(Fix(f"Mend it in way {i + 1}", ({"kind": "remove-leaks"},)) for i in range(fixes)),
        tuple(f"row {i}: “a”" for i in range(9)), column,
    )  # fmt: skip


FOUND = (
    finding("duplicates", "3 rows stand there more than once", fixes=2),
    finding("missing-labels", "12 rows have no label", "error", 12),
    finding("spellings", "2 labels differ only by case", "hint", 0, "label"),
)


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Show]:
    """Show a card as narrow as the side may be."""
    kept: list[QWidget] = []  # qtbot alone does not keep them alive

    def show(card: QWidget) -> None:
        area = scrolled(column(card, None))
        area.resize(NARROWEST, 700)
        qtbot.addWidget(area)
        area.show()
        kept.append(area)
        QApplication.processEvents()

    yield show


def caught(signal: Any) -> list[tuple[Any, ...]]:
    """Everything that a signal tells from now on."""
    got: list[tuple[Any, ...]] = []
    signal.connect(lambda *values: got.append(values))
    return got


def click(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def focused(widget: QWidget) -> bool:
    """Whether the keys of its window go to it."""
    return widget.window().focusWidget() is widget


def words(widget: QWidget) -> str:
    """Every label that shows; a widget that was put into a layout shows with the next events."""
    QApplication.processEvents()
    shown = (label for label in widget.findChildren(QLabel) if label.isVisible())
    return "\n".join(label.text() for label in shown).replace("\u200b", "")


# ---- findings


@pytest.fixture
def findings(show: Show) -> FindingsCard:
    card = FindingsCard()
    show(card)
    return card


def test_before_the_first_look_a_button_asks_for_one(qtbot: QtBot, findings: FindingsCard) -> None:
    asked = caught(findings.look_wanted)
    assert "Not looked yet" in words(findings)
    click(qtbot, findings.empty.action)
    assert len(asked) == 1


def test_a_look_shows_how_far_it_is_and_can_be_cancelled(qtbot: QtBot, findings: FindingsCard) -> None:
    cancelled = caught(findings.cancel_wanted)
    findings.show_progress("Near duplicates", 0.25)
    assert "Near duplicates" in words(findings)
    assert findings.progress.value() / findings.progress.maximum() == 0.25
    findings.show_progress("Counting")
    assert findings.progress.maximum() == 0  # how far is not known
    click(qtbot, findings.cancel)
    assert len(cancelled) == 1


def test_where_nothing_is_found_it_says_how_much_was_looked_at(findings: FindingsCard) -> None:
    findings.show_findings((), 1800, 14)
    assert "No problems found" in words(findings)
    assert "14 checks went over 1 800 rows" in words(findings)


def test_what_stands_against_a_look_is_told(findings: FindingsCard) -> None:
    findings.show_problem(Problem("The file is gone", "It was moved.", "Open it again."))
    assert "The file is gone" in words(findings) and "It was moved. Open it again." in words(findings)


@pytest.mark.parametrize(
    ("errors", "others", "said"),
    [
        (0, 1, "1 finding, none in the way of training"),
        (1, 0, "1 finding, and it stands in the way of training"),
        (1, 8, "9 findings: 1 stands in the way of training"),
        (2, 1, "3 findings: 2 stand in the way of training"),
    ],
)
def test_the_first_line_counts_and_says_what_is_in_the_way(
    findings: FindingsCard, errors: int, others: int, said: str
) -> None:
    made = [finding(f"e{i}", "bad", "error") for i in range(errors)]
    findings.show_findings([*(finding(f"w{i}", "so so") for i in range(others)), *made])
    assert findings.summary.text() == said


def test_the_worst_stand_first_and_one_unfolds_at_a_time(qtbot: QtBot, findings: FindingsCard) -> None:
    findings.show_findings(FOUND, 1800)
    assert [row.finding.severity for row in findings.rows] == ["error", "warning", "hint"]
    click(qtbot, findings.rows[0].head)
    assert "It matters." in words(findings.rows[0]) and "12 of 1 800 rows (0.7\u00a0%)" in words(findings)
    assert words(findings.rows[0]).count("row ") == 5  # of nine examples
    click(qtbot, findings.rows[1].head)
    assert [row.is_open() for row in findings.rows] == [False, True, False]
    assert "12 of 1 800 rows" not in words(findings)
    click(qtbot, findings.rows[1].head)
    assert not any(row.is_open() for row in findings.rows)


def test_the_list_is_walked_and_unfolded_with_keys(qtbot: QtBot, findings: FindingsCard) -> None:
    findings.show_findings(FOUND, 1800)
    heads = [row.head for row in findings.rows]
    heads[0].setFocus()
    qtbot.keyClick(heads[0], Qt.Key.Key_Down)
    assert focused(heads[1])
    qtbot.keyClick(heads[1], Qt.Key.Key_Return)
    assert findings.rows[1].is_open()
    qtbot.keyClick(heads[1], Qt.Key.Key_Up)
    qtbot.keyClick(heads[0], Qt.Key.Key_Up)
    assert focused(heads[0])
    assert heads[0].accessibleName() == "12 rows have no label"
    assert "way of training" in heads[0].accessibleDescription()


def test_rows_are_shown_stepped_through_and_mended(qtbot: QtBot, findings: FindingsCard) -> None:
    findings.show_findings(FOUND, 1800)
    row = findings.rows[1]
    click(qtbot, row.head)
    rows, fixes, places = (
        caught(s) for s in (findings.rows_wanted, findings.fix_wanted, findings.example_wanted)
    )
    assert not row.previous.isEnabled()
    for _ in range(3):
        click(qtbot, row.next)
    assert not row.next.isEnabled()
    click(qtbot, row.previous)
    assert places == [(row.finding, 0), (row.finding, 1), (row.finding, 2), (row.finding, 1)]
    assert "2 of 3" in words(row)
    click(qtbot, row.show_rows)
    assert rows == [(row.finding,)]
    click(qtbot, row.fixes[1])
    assert fixes == [(row.finding.fixes[1],)]
    assert "stays as it is" in row.fixes[1].toolTip()


def test_a_finding_about_a_column_offers_no_rows(qtbot: QtBot, findings: FindingsCard) -> None:
    findings.show_findings(FOUND, 1800)
    row = findings.rows[2]
    click(qtbot, row.head)
    assert not row.show_rows.isVisible() and row.ignore.isVisible()
    assert "Step through" not in words(row)


def test_ignored_findings_are_put_aside_and_can_be_brought_back(qtbot: QtBot, findings: FindingsCard) -> None:
    findings.show_findings(FOUND, 1800)
    ignored, restored, counts = (caught(s) for s in (findings.ignored, findings.restored, findings.counted))
    click(qtbot, findings.rows[0].head)
    click(qtbot, findings.rows[0].ignore)
    assert ignored == [(FOUND[1].name,)]
    findings.show_ignored({FOUND[1].name, FOUND[2].name})
    assert counts[-1] == (1, "warning")
    assert findings.summary.text() == "1 finding, none in the way of training"
    assert findings.ignored_fold.switch.text() == "2 ignored"
    assert "12 rows have no label" not in words(findings)
    findings.ignored_fold.switch.click()
    assert "12 rows have no label" in words(findings)
    back = findings.ignored_fold.content.findChild(QWidget, "missing-labels")
    assert back is not None
    click(qtbot, back)
    assert restored == [(FOUND[1].name,)]
    findings.show_ignored(())
    assert len(findings.rows) == 3 and not findings.ignored_fold.isVisible()


def test_one_of_a_kind_is_ignored_alone(qtbot: QtBot, findings: FindingsCard) -> None:
    mails = [
        replace(finding("personal-data", f"3 rows hold {about} in {column}", column=column), about=about)
        for about, column in (("email", "text"), ("phone", "text"), ("email", "remark"))
    ]
    findings.show_findings(mails, 1800)
    ignored = caught(findings.ignored)
    click(qtbot, findings.rows[0].head)
    click(qtbot, findings.rows[0].ignore)
    assert ignored == [(mails[0].name,)]
    findings.show_ignored({mails[0].name})
    assert [row.finding for row in findings.rows] == mails[1:]
    assert findings.ignored_fold.switch.text() == "1 ignored"
    findings.show_ignored({mails[0].name, mails[2].name})
    assert [row.finding for row in findings.rows] == mails[1:2]


def test_the_unfolded_one_stays_so_after_another_look(qtbot: QtBot, findings: FindingsCard) -> None:
    findings.show_findings(FOUND, 1800)
    click(qtbot, findings.rows[1].head)
    findings.show_stale(True)
    assert "rows have changed" in words(findings)
    findings.show_findings(FOUND[:1], 1700)
    assert [row.is_open() for row in findings.rows] == [True]
    assert "rows have changed" not in words(findings)


def test_hundreds_of_findings_come_in_portions(qtbot: QtBot, findings: FindingsCard) -> None:
    findings.show_findings([finding("constant", f"column {i}", column=str(i)) for i in range(21)])
    assert len(findings.rows) == 20 and findings.more.text() == "Show 1 more finding"
    click(qtbot, findings.more)
    assert len(findings.rows) == 21 and not findings.more.isVisible()


def test_marks_differ_in_shape_not_only_in_colour(qtbot: QtBot) -> None:
    shapes = []
    for kind in ("error", "warning", "hint", "good"):
        mark = Mark(kind)
        qtbot.addWidget(mark)
        mark.resize(16, 16)
        picture = mark.grab().toImage()
        ground = picture.pixelColor(0, 0)
        shapes.append({(x, y) for x in range(16) for y in range(16) if picture.pixelColor(x, y) != ground})
    for i, one in enumerate(shapes):
        assert len(one) > 30
        assert all(len(one ^ other) > 10 for other in shapes[i + 1 :])


# ---- steps


@pytest.fixture
def steps(show: Show) -> StepsCard:
    card = StepsCard()
    card.show_data(CHOICES)
    card.show_steps(STEPS)
    show(card)
    return card


def test_steps_stand_in_order_in_words(steps: StepsCard) -> None:
    assert len(steps.rows) == 3
    assert parse_step(STEPS[0]).summary() in words(steps.rows[0])
    assert "No copies" in words(steps.rows[1]) and parse_step(STEPS[1]).summary() in words(steps.rows[1])
    assert "off" in words(steps.rows[2]) and not steps.rows[2].switch.isChecked()


def test_what_each_step_did_stands_below_it(steps: StepsCard) -> None:
    outcomes = (StepOutcome(removed=1, changed=1200), StepOutcome(problem="There is no column “txet”."), None)
    steps.show_outcomes(outcomes, 1800, 1799)
    assert "1 row removed, 1\u202f200 changed" in words(steps.rows[0])
    assert "There is no column “txet”." in words(steps.rows[1])
    assert "1 800 rows in the file, 1\u202f799 after all steps" in words(steps)


def test_reports_and_problems_of_the_pipeline_find_their_steps(steps: StepsCard, tiny_csv: Path) -> None:
    records = ({"kind": "sample", "rows": 50}, {"kind": "strip-html", "on": False}, {"kind": "drop-missing"})
    steps.show_steps(records)
    table = read_table(tiny_csv)
    data = DataSection(train=str(tiny_csv), steps=tuple(StepRecord.model_validate(r) for r in records))
    steps.show_reports(mended(table, data, Context(), "text", "label").reports, table.rows)
    assert "70 rows removed" in words(steps.rows[0]) and "changes nothing" in words(steps.rows[2])
    assert "120 rows in the file, 50 after all steps" in words(steps)

    wrong = ({"kind": "sample", "rows": 50}, {"kind": "drop-missing", "columns": ["txet"]})
    steps.show_steps(wrong)
    data = DataSection(train=str(tiny_csv), steps=tuple(StepRecord.model_validate(r) for r in wrong))
    with pytest.raises(WorkbenchError) as error:
        mended(table, data, Context(), "text", "label")
    steps.show_problem(error.value.problem)
    assert "Did you mean “text”?" in words(steps.rows[1]) and "txet" not in words(steps.rows[0])
    steps.show_problem(Problem("The file of edits is gone."))
    assert "The file of edits is gone." in words(steps)
    steps.show_problem(None)
    assert "gone" not in words(steps)


def test_a_step_is_switched_off_and_on(qtbot: QtBot, steps: StepsCard) -> None:
    told = caught(steps.steps_changed)
    qtbot.keyClick(steps.rows[0].switch, Qt.Key.Key_Space)
    assert told[-1][0][0] == {"kind": "drop-missing", "on": False, "columns": ["label"]}
    qtbot.keyClick(steps.rows[0].switch, Qt.Key.Key_Space)
    assert told[-1][0] == STEPS


def test_steps_are_moved_with_keys_and_buttons(qtbot: QtBot, steps: StepsCard) -> None:
    told = caught(steps.steps_changed)
    alt = Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(steps.rows[0].head, Qt.Key.Key_Up, alt)
    assert told == []  # it is the first already
    qtbot.keyClick(steps.rows[0].head, Qt.Key.Key_Down, alt)
    assert told[-1][0] == (STEPS[1], STEPS[0], STEPS[2])
    assert focused(steps.rows[1].head)
    click(qtbot, steps.rows[1].head)
    click(qtbot, steps.rows[1].up)
    assert told[-1][0] == STEPS
    assert steps.rows[0].is_open() and not steps.rows[0].up.isEnabled()


def test_a_step_is_dragged_to_another_place(qtbot: QtBot, steps: StepsCard) -> None:
    told = caught(steps.steps_changed)
    head, below = steps.rows[0].head, steps.rows[2]
    qtbot.mousePress(head, Qt.MouseButton.LeftButton, pos=head.rect().center())
    target = head.mapFromGlobal(below.mapToGlobal(below.rect().bottomLeft()))
    qtbot.mouseMove(head, target)
    qtbot.mouseRelease(head, Qt.MouseButton.LeftButton, pos=target)
    assert told[-1][0] == (STEPS[1], STEPS[2], STEPS[0])
    assert not steps.rows[2].is_open()  # a drag is no click


def test_steps_are_removed_until_none_is_left(qtbot: QtBot, steps: StepsCard) -> None:
    told, counts = caught(steps.steps_changed), caught(steps.counted)
    for _ in range(3):
        qtbot.keyClick(steps.rows[0].head, Qt.Key.Key_Delete)
    assert told[-1][0] == () and counts[-1] == (0,)
    assert "No steps yet" in words(steps)


def test_an_unknown_step_says_so_and_can_be_taken_out(qtbot: QtBot, steps: StepsCard) -> None:
    steps.show_steps(({"kind": "drop-mising"},))
    assert "Did you mean “drop-missing”?" in words(steps)
    click(qtbot, steps.rows[0].head)
    assert not steps.rows[0].edit.isEnabled()
    told = caught(steps.steps_changed)
    click(qtbot, steps.rows[0].remove)
    assert told == [((),)]


def test_a_step_is_found_by_its_words_set_up_and_added(qtbot: QtBot, steps: StepsCard) -> None:
    told, asked = caught(steps.steps_changed), caught(steps.outcome_wanted)
    click(qtbot, steps.add_button)
    chooser = steps.chooser
    assert chooser is not None
    assert set(chooser.buttons) == set(all_steps())
    qtbot.keyClicks(chooser.search, "labels merge")
    assert [kind for kind, button in chooser.buttons.items() if button.isVisible()] == ["rename-labels"]
    qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
    form = steps.form
    assert form is not None
    grid = form.fields["names"].editor
    assert isinstance(grid, NameGrid) and list(grid.lines) == ["late", "Late", "refund"]
    click(qtbot, form.accept)
    assert told == [] and "Give at least one new name." in words(form)
    qtbot.keyClicks(grid.lines["Late"], "late")
    assert "Give at least one new name." not in words(form)
    made = {"kind": "rename-labels", "names": {"Late": "late"}}
    assert asked[-1] == (3, made)
    steps.show_outcome("Would change 4 rows.")
    assert "Would change 4 rows." in words(form)
    click(qtbot, form.accept)
    assert told[-1][0] == (*STEPS, made)
    assert len(steps.rows) == 4


def test_words_that_no_step_has_are_told_and_escape_leads_back(qtbot: QtBot, steps: StepsCard) -> None:
    steps.add_step()
    assert steps.chooser is not None
    qtbot.keyClicks(steps.chooser.search, "xyzzy")
    assert "No step has these words." in words(steps)
    qtbot.keyClick(steps.chooser.search, Qt.Key.Key_Escape)
    assert steps.chooser is None and steps.rows[0].isVisible()


def test_a_step_is_changed_in_its_place(qtbot: QtBot, steps: StepsCard) -> None:
    told = caught(steps.steps_changed)
    click(qtbot, steps.rows[1].head)
    click(qtbot, steps.rows[1].edit)
    form = steps.form
    assert form is not None
    ticks = form.fields["columns"].editor
    assert isinstance(ticks, TickList) and ticks.ticked() == ["text"]
    ticks.setCurrentRow(2)
    qtbot.keyClick(ticks, Qt.Key.Key_Space)
    form.name.setText("Copies go")
    click(qtbot, form.accept)
    changed = {
        "kind": "remove-duplicates",
        "name": "Copies go",
        "columns": ["text", "label"],
        "keep": "first",
    }
    assert told == [((STEPS[0], changed, STEPS[2]),)]


def test_a_form_that_is_left_changes_nothing(qtbot: QtBot, steps: StepsCard) -> None:
    told = caught(steps.steps_changed)
    steps.open_form("drop-missing", 0)
    assert steps.form is not None
    qtbot.keyClick(steps.form, Qt.Key.Key_Escape)
    assert told == [] and steps.form is None and steps.records() == STEPS


def test_a_form_outlives_changes_elsewhere_but_not_its_own_step(qtbot: QtBot, steps: StepsCard) -> None:
    steps.open_form("drop-missing", 0)
    form = steps.form
    steps.show_steps((STEPS[0] | {"columns": ("label",)}, *STEPS[1:]))  # the same in another writing
    steps.show_steps((*STEPS, {"kind": "remove-leaks"}))
    assert form is not None and steps.form is form and form.isVisible()
    steps.show_steps(STEPS[1:])
    assert steps.form is None and len(steps.rows) == 2


def test_a_column_that_is_not_there_is_doubted_not_refused(qtbot: QtBot) -> None:
    form = StepForm(all_steps()["drop-missing"], CHOICES, {"kind": "drop-missing", "columns": ["txet"]})
    qtbot.addWidget(form)
    form.show()
    accepted = caught(form.accepted)
    form.ask()
    assert "There is no column txet here." in words(form)
    click(qtbot, form.accept)
    assert accepted == [({"kind": "drop-missing", "columns": ["txet"]},)]


def test_a_field_of_one_choice_shows_with_that_choice(qtbot: QtBot) -> None:
    form = StepForm(all_steps()["balance"], CHOICES)
    qtbot.addWidget(form)
    form.show()
    assert not form.fields["rows"].isVisible()
    form.fields["how"].edited.emit("how", "cap")
    assert form.fields["rows"].isVisible() and "For cap" not in words(form)


@pytest.mark.parametrize("kind", sorted(all_steps()))
def test_every_step_has_a_form_that_makes_it_or_says_what_is_missing(qtbot: QtBot, kind: str) -> None:
    form = StepForm(all_steps()[kind], CHOICES)
    qtbot.addWidget(form)
    form.resize(NARROWEST, 600)
    form.show()
    accepted = caught(form.accepted)
    click(qtbot, form.accept)
    if not accepted:
        complaints = [f for f in form.fields.values() if f.complaint.isVisible() and f.complaint.text()]
        assert complaints or form.trouble.isVisible()
        return
    record = accepted[0][0]
    step = parse_step(record)
    assert set(record) - {"kind"} <= set(type(step).model_fields)
    again = StepForm(type(step), CHOICES, record)
    qtbot.addWidget(again)
    assert again.record() == record


# ---- split


@pytest.fixture
def split(show: Show) -> SplitCard:
    card = SplitCard()
    card.show_split(SplitValues("stratified", "", 0.1, 0.0), ("text", "label", "patient"))
    show(card)
    return card


def test_another_way_to_divide_is_told_and_asks_for_its_column(qtbot: QtBot, split: SplitCard) -> None:
    told = caught(split.field_changed)
    assert split.ways["stratified"].isChecked() and not split.column.isVisible()
    click(qtbot, split.ways["grouped"])
    assert told == [("data.split", "grouped")]
    split.show_split(SplitValues("grouped"), ("text", "label", "patient"))
    QApplication.processEvents()
    assert split.column.isVisible() and split.column.currentText() == "Choose a column"
    qtbot.keyClicks(split.column, "pat")
    split.column.activated.emit(split.column.currentIndex())
    assert told[-1] == ("data.split_column", "patient")


def test_each_way_is_explained_and_the_column_stands_below_it(split: SplitCard) -> None:
    for way in ("grouped", "by-time", "by-column", "by-time", "grouped"):
        split.show_split(SplitValues(way, "patient"), ("patient",))
        QApplication.processEvents()
        y = {key: button.mapTo(split, button.rect().topLeft()).y() for key, button in split.ways.items()}
        at = split.column.mapTo(split, split.column.rect().topLeft()).y()
        assert y[way] < at and all(not y[way] < other < at for other in y.values())
    for button in split.ways.values():
        assert button.toolTip() and button.accessibleName()


def test_shares_are_shown_and_told_as_shares(qtbot: QtBot, split: SplitCard) -> None:
    told = caught(split.field_changed)
    assert split.validation.box.value() == 10
    qtbot.keyClick(split.validation.box, Qt.Key.Key_Up)
    assert told == [("data.validation", 0.15)]
    split.show_split(SplitValues(validation=0.2, test=0.05))
    assert split.test.box.value() == 5 and len(told) == 1


def test_a_file_of_its_own_is_named_asked_for_and_given_up(qtbot: QtBot, split: SplitCard) -> None:
    told, files = caught(split.field_changed), caught(split.file_wanted)
    click(qtbot, split.test.choose)
    assert files == [("data.test",)]
    split.show_split(SplitValues(validation="sets/held.csv"))
    assert "from held.csv" in words(split) and not split.validation.box.isVisible()
    click(qtbot, split.validation.drop)
    assert told == [("data.validation", 0.1)]


def test_the_sides_are_counted_and_a_problem_marks_its_field(split: SplitCard) -> None:
    split.show_counts(1440, 180, 0, ["2 classes have no held-out rows."])
    assert split.bars.sides() == (("To learn from", 1440), ("Held out", 180))
    assert "2 classes have no held-out rows." in words(split)
    split.show_counts(-1, 0, 0)
    split.show_problem("“patient” cannot be read as dates.", "data.split_column")
    assert not split.bars.isVisible() and "cannot be read as dates" in words(split)
    assert split.column.property("invalid") == "true"
    split.show_problem("")
    assert split.column.property("invalid") == "false" and "dates" not in words(split)


# ---- columns


def profile(name: str, kind: Any = "category", **values: Any) -> ColumnProfile:
    plain: dict[str, Any] = {
        "rows": 200, "filled": 200, "distinct": 2, "frequent": (("a", 150), ("b", 50)), "shortest": 1,
        "median": 1.0, "longest": 1, "lowest": "", "highest": "", "constant": False,
    }  # fmt: skip
    return ColumnProfile(name=name, kind=kind, **(plain | values))


def test_columns_tell_what_they_hold_and_unfold_their_values(qtbot: QtBot, show: Show) -> None:
    card = ProfileCard()
    show(card)
    assert not card.isVisible()
    card.show_profile(
        (
            profile("label", filled=100),
            profile("outlet", frequent=(("wire", 199), ("paper", 1)), constant=True),
            profile("note", "empty", filled=0, distinct=0, frequent=()),
        ),
        Languages((Language("en", "English", 60), Language("de", "German", 30)), 10, 100),
    )
    assert "50\u00a0% filled · 2 values" in words(card.rows[0])
    assert "More than 99\u00a0% of the filled rows say “wire”" in words(card.rows[1])
    assert "Nothing stands in this column." in words(card.rows[2]) and not card.rows[2].head.isEnabled()
    assert "10 texts too short to tell." in words(card)
    card.rows[0].head.setFocus()
    qtbot.keyClick(card.rows[0].head, Qt.Key.Key_Space)
    assert card.rows[0].values is not None and card.rows[0].values.rows() == (("a", 0.75), ("b", 0.25))
    qtbot.keyClick(card.rows[0].head, Qt.Key.Key_Down)
    assert focused(card.rows[1].head)


# ---- the side


def test_the_switch_turns_pages_and_carries_counts(qtbot: QtBot) -> None:
    side = DataSide(Label("classes and lengths"))
    qtbot.addWidget(side)
    side.resize(NARROWEST, 600)
    side.show()
    side.activateWindow()
    qtbot.waitUntil(side.isActiveWindow)  # the arrow keys of a group go by the application's focus
    turned = caught(side.page_changed)
    assert side.page() == "about" and "classes and lengths" in words(side)
    side.findings.show_findings(FOUND, 1800)
    side.steps.show_steps(STEPS)
    assert (side.button("findings").count(), side.button("steps").count()) == ("3", "3")
    assert side.button("findings").accessibleName() == "Findings 3"
    click(qtbot, side.button("findings"))
    assert side.page() == "findings" and "12 rows have no label" in words(side)
    qtbot.keyClick(side.button("findings"), Qt.Key.Key_Right)
    assert side.page() == "steps"
    side.show_page("split")
    assert turned == [("findings",), ("steps",)]
    side.show_unavailable("A plain text has no rows.")
    assert "A plain text has no rows." in words(side) and side.button("findings").count() == ""


def crowded() -> DataSide:
    """A side with long texts in every card."""
    side = DataSide()
    long = finding(
        "spellings", "1 234 rows of the column published_at_in_the_local_time_zone differ", fixes=2
    )
    side.findings.show_findings([*(finding(f"k{i}", f"{i} rows") for i in range(30)), long], 10**6)
    side.findings.rows[0].head.click()
    side.steps.show_data(CHOICES)
    side.steps.show_steps([*STEPS, {"kind": "rename-labels", "names": {"a" * 60: "b" * 60}}])
    side.steps.show_outcomes([StepOutcome(removed=10**6, changed=10**6, added=10**6)] * 4, 10**7, 10**7)
    side.split.show_split(SplitValues("grouped", "c" * 60, "d" * 60 + ".csv"), ("text",))
    side.split.show_counts(10**7, 10**6, 10**5)
    side.split.show_problem(f"The column {'c' * 80} is not there.", "data.split_column")
    side.profile.show_profile([profile("e" * 70, constant=True, lowest="f" * 50, highest="g" * 50)])
    side.profile.rows[0].head.click()
    return side


def test_nothing_is_cut_off_at_the_narrowest(qtbot: QtBot, qapp: QApplication) -> None:
    before = theme().mode
    theme().apply(qapp, "light")  # the style sheet makes the room
    side = crowded()
    qtbot.addWidget(side)
    side.resize(NARROWEST, 800)
    side.show()
    for page in ("about", "findings", "steps", "split"):
        side.show_page(page)
        for _ in range(5):
            QApplication.processEvents()
        area = side.stack.currentWidget()
        assert isinstance(area, QScrollArea)
        assert side.width() == NARROWEST and area.widget().width() <= area.viewport().width()
        for label in area.widget().findChildren(Label):
            if label.isVisible() and label.text():
                assert_fits(label, area.widget())
        for button in area.widget().findChildren(QAbstractButton):
            if button.isVisible() and button.isEnabled():
                assert button.accessibleName() and (button.text() or button.toolTip())
    theme().apply(qapp, before)


def assert_fits(label: Label, page: QWidget) -> None:
    """A label lies within its page and has room for all its words."""
    assert label.mapTo(page, label.rect().topRight()).x() <= page.width(), label.text()
    if label.wordWrap():
        assert label.height() >= label.heightForWidth(label.width()), label.text()
        longest = max(
            label.fontMetrics().horizontalAdvance(w) for w in re.split(r"[\s\u200b]+", label.text())
        )
        assert longest <= label.contentsRect().width() + 1, label.text()
    elif not isinstance(label, ElidedLabel):
        assert label.width() >= label.sizeHint().width(), label.text()
