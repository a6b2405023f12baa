"""Edits by hand: they fit the rows they were made on, can be undone exactly, and survive a crash while writing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data import patch as patches
from workbench.data.edits import Edit, Patch
from workbench.data.frame import Frame, frame_of
from workbench.data.step import Context
from workbench.data.tables import read_table
from workbench.data.training_rows import training_rows
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection

Write = Callable[[str, str | bytes], Path]
LINES = ["text,label", "late agian,bad", "on time,good", "cold,bad", "on time,good"]


@pytest.fixture
def frame(write: Write) -> Frame:
    return _frame(write, LINES)


def _frame(write: Write, lines: list[str]) -> Frame:
    return frame_of(read_table(write("a.csv", "\n".join(lines) + "\n"), header="yes"), "text", "label")


def _key(frame: Frame, row: int) -> int:
    return int(frame.keys[row])


def test_cells_labels_and_dropped_rows_change_and_nothing_else(frame: Frame) -> None:
    patch = (
        Patch()
        .with_edit(Edit(_key(frame, 0), "text", "late agian", "late again"))
        .with_label(_key(frame, 2), "awful")
        .with_dropped(_key(frame, 3))
        .with_note(_key(frame, 1), "ask")
    )
    done, misfits = patches.apply(frame, patch)
    assert misfits == ()
    assert done.column("text") == ["late again", "on time", "cold"]
    assert done.column("label") == ["bad", "good", "awful"]
    assert done.origin.tolist() == [0, 1, 2]
    assert done.keys.tolist() == frame.keys.tolist()[:3]
    assert frame.column("text")[0] == "late agian"


def test_the_second_of_two_equal_rows_is_the_one_that_is_meant(frame: Frame) -> None:
    done, _ = patches.apply(frame, Patch().with_edit(Edit(_key(frame, 3), "text", "on time", "early")))
    assert done.column("text") == ["late agian", "on time", "cold", "early"]


def test_edits_still_fit_when_rows_are_added_in_front_and_behind(frame: Frame, write: Write) -> None:
    patch = Patch().with_edit(Edit(_key(frame, 2), "text", "cold", "lukewarm"))
    grown = _frame(write, [LINES[0], "new,good", *LINES[1:], "newer,bad"])
    done, misfits = patches.apply(grown, patch)
    assert misfits == ()
    assert done.column("text") == ["new", "late agian", "on time", "lukewarm", "on time", "newer"]


def test_what_no_longer_fits_is_told_and_kept(frame: Frame) -> None:
    gone = 12345
    patch = (
        Patch()
        .with_edit(Edit(gone, "text", "a", "b"))
        .with_edit(Edit(_key(frame, 0), "text", "something else", "b"))
        .with_edit(Edit(_key(frame, 1), "mood", "a", "b"))
        .with_label(gone, "good")
        .with_note(gone, "ask again")
        .with_dropped(gone)
    )
    done, misfits = patches.apply(frame, patch)
    assert done.data.equals(frame.data)
    said = [str(misfit) for misfit in misfits]
    assert len(said) == 6 == len(patch)
    assert sum("no longer has its row" in line for line in said) == 4
    assert any("“late agian” and not “something else”" in line for line in said)
    assert any("“mood”" in line and "no such column" in line for line in said)
    assert any("ask again" in line for line in said)


def test_labels_make_a_label_column_where_there_is_none(write: Write) -> None:
    table = read_table(write("a.txt", "one\ntwo\nthree\n"))
    frame = frame_of(table, "text", "")
    done, _ = patches.apply(frame, Patch().with_label(_key(frame, 1), "even"))
    assert (done.label, done.column("label")) == ("label", [None, "even", None])
    named, _ = patches.apply(frame, Patch().with_label(_key(frame, 1), "even"), "mood")
    assert (named.label, named.column("mood")) == ("mood", [None, "even", None])


def test_a_data_set_that_was_labelled_by_hand_can_be_learned_from(write: Write, tmp_path: Path) -> None:
    path = write("a.csv", "text,topic\n" + "".join(f"line number {i},{'abc'[i % 3]}\n" for i in range(40)))
    keys = frame_of(read_table(path), "text", "").keys.tolist()
    patch = Patch(labels={key: "even" if i % 2 == 0 else "odd" for i, key in enumerate(keys)})
    patches.write(tmp_path / "a.edits.jsonl", patch)
    data = DataSection(train=str(path), label="mood", patch=str(tmp_path / "a.edits.jsonl"), validation=0.2)
    rows = training_rows(data, Context(), lambda name, _: Path(name))
    assert rows.class_names == ("even", "odd")
    assert rows.train.rows == 32
    assert all(
        label == ("even" if int((text or "").split()[-1]) % 2 == 0 else "odd")
        for text, label in zip(rows.train.column("text"), rows.train.column("mood"), strict=True)
    )


def test_a_column_of_numbers_can_be_edited() -> None:
    data = pa.table({"text": ["a", "b"], "label": pa.array([1, None], pa.int64())})
    frame = Frame(data, "text", "label", *_ids(2))
    patch = Patch().with_edit(Edit(1, "label", None, "none")).with_edit(Edit(0, "text", "a", None))
    done, misfits = patches.apply(frame, patch)
    assert misfits == ()
    assert done.column("label") == ["1", "none"]
    assert done.column("text") == [None, "b"]


def _ids(rows: int) -> tuple[patches.Indices, object]:
    import numpy as np

    return np.arange(rows, dtype=np.int64), np.arange(rows, dtype=np.uint64)


_cells = st.sampled_from(["a", "b", "", None])


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["text", "label"]), _cells), max_size=12))
@settings(deadline=None)
def test_taking_edits_back_in_turn_leads_back_through_every_patch(
    given_edits: list[tuple[int, str, str | None]],
) -> None:
    cells: dict[tuple[int, str], str | None] = {}
    trail = [Patch()]
    edits = []
    for key, column, new in given_edits:
        edits.append(Edit(key, column, cells.get((key, column), "file"), new))
        cells[key, column] = new
        trail.append(trail[-1].with_edit(edits[-1]))
    last = trail.pop()
    assert {place: edit.new for place, edit in last.edits.items()} == cells
    assert all(edit.old == "file" for edit in last.edits.values())
    for edit in reversed(edits):
        last = last.with_edit(edit.inverse)
        assert last == trail.pop()


def test_an_edit_that_does_not_follow_the_one_before_is_a_mistake_of_the_program() -> None:
    patch = Patch().with_edit(Edit(1, "text", "a", "b"))
    with pytest.raises(ValueError, match="'b'"):
        patch.with_edit(Edit(1, "text", "a", "c"))
    assert patch.without_edit(1, "text") == Patch()


_words = st.text(max_size=8)
_keys = st.integers(0, 2**64 - 1)


@given(
    st.dictionaries(st.tuples(_keys, _words), st.tuples(st.none() | _words, st.none() | _words), max_size=5),
    st.frozensets(_keys, max_size=5),
    st.dictionaries(_keys, _words, max_size=5),
    st.dictionaries(_keys, _words, max_size=5),
)
@settings(deadline=None)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory,
    cells: dict[tuple[int, str], tuple[str | None, str | None]],
    dropped: frozenset[int],
    notes: dict[int, str],
    labels: dict[int, str],
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.edits.jsonl"
    edits = {place: Edit(*place, *values) for place, values in cells.items()}
    patch = Patch(edits, dropped, notes, labels)
    patches.write(path, patch)
    assert patches.read(path) == patch


def test_a_line_that_was_cut_off_loses_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.edits.jsonl"
    first = Patch().with_label(1, "gut")
    patches.write(path, first.with_label(2, "größer"))
    whole = path.read_bytes()
    start = whole.rindex(b"{")
    for end in range(start, len(whole) - 2):
        path.write_bytes(whole[:end])
        assert patches.read(path) == first
    path.write_bytes(whole[:-1])
    assert patches.read(path) == first.with_label(2, "größer")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "first line"),
        (b"5", "first line"),
        (b"text,label\na,b\n", "line 1"),
        (b'{"workbench": "patch", "version": 2}\n', "version 2"),
        (b'{"workbench": "patch", "version": 1}\n{"row": \n{"row": "01", "drop": true}\n', "line 2"),
        (b'{"workbench": "patch", "version": 1}\n{"row": "xyz", "drop": true}\n', "xyz"),
        (b'{"workbench": "patch", "version": 1}\n{"row": "01", "column": "text", "new": "b"}\n', "old"),
        (b'{"workbench": "patch", "version": 1}\n{"row": "01", "label": 5}\n', "label"),
        (b'{"workbench": "patch", "version": 1}\n{"row": "01", "sparkle": true}\n', "sparkle"),
        (b'{"workbench": "patch", "version": 1}\n{"row": "01", "drop": "\xff"}\n', "line 2"),
    ],
)
def test_a_file_that_is_no_patch_is_refused_by_name(tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "a.edits.jsonl"
    path.write_bytes(content)
    with pytest.raises(WorkbenchError) as caught:
        patches.read(path)
    assert named in str(caught.value).replace("Line", "line")
    assert "a.edits.jsonl" in str(caught.value)
    assert caught.value.problem.field == "data.patch"


def test_a_missing_file_and_one_that_cannot_be_written(tmp_path: Path, frame: Frame) -> None:
    with pytest.raises(WorkbenchError, match="do not exist"):
        patches.apply_file(frame, tmp_path / "gone.jsonl")
    with pytest.raises(WorkbenchError, match="cannot be written"):
        patches.write(tmp_path / "no" / "folder.jsonl", Patch())
