"""What is saved opens again with the same rows, and no spreadsheet carries a cell out."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.frame import Frame, frame_of
from workbench.data.saving import SUFFIXES, made_harmless, save
from workbench.data.tables import read_table
from workbench.run.problem import WorkbenchError

CELLS = ["a, b", 'she said "no"', "two\nlines", "über 外卖 ☂", " blanks ", "tab\there", "plain", "'quoted'"]


def _frame(**columns: object) -> Frame:
    data = pa.table({name: pa.array(values) for name, values in columns.items()})
    rows = np.arange(data.num_rows)
    return Frame(data, "text", "label", rows.astype(np.int64), rows.astype(np.uint64))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_saved_opens_with_the_same_rows(tmp_path: Path, suffix: str) -> None:
    frame = _frame(text=CELLS * 3, label=["x", "y"] * 12)
    path = tmp_path / f"rows{suffix}"
    assert save(frame, path) == 0
    table = read_table(path)
    assert table.columns == ("text", "label")
    assert table.column("text") == CELLS * 3
    assert table.column("label") == ["x", "y"] * 12
    assert not any("set aside" in note for note in table.notes)
    assert list(tmp_path.iterdir()) == [path]


_cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(_cells, st.none() | _cells), min_size=1, max_size=8))
@settings(deadline=None)
def test_any_text_comes_back_from_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str | None]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    frame = _frame(
        text=pa.array([text for text, _ in rows], pa.large_string()),
        label=pa.array([label for _, label in rows], pa.large_string()),
    )
    save(frame, path, harmless=False)
    with path.open(encoding="utf-8", newline="") as file:
        head, *read = csv.reader(file)
    assert head == ["text", "label"]
    assert [tuple(row) for row in read] == [(text, label or "") for text, label in rows]
    save(frame, path)
    with path.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell[:1] in ("=", "@", "\t", "\r") for cell in cells)
    assert all(cell[1:].isdigit() or "." in cell or "," in cell for cell in cells if cell[:1] in ("+", "-"))


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "--1", "-x", "=", "+1 234"]


def test_cells_that_a_spreadsheet_would_carry_out_get_an_apostrophe(tmp_path: Path) -> None:
    harmless = ["-1", "+3.5", "-0,5", "1-2", "a=b", "", "mail@example.org", "'=1"]
    frame = _frame(text=[*FORMULAS, *harmless], **{"=label": ["x"] * (len(FORMULAS) + len(harmless))})
    path = tmp_path / "a.csv"
    assert save(frame, path) == len(FORMULAS) + 1
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["text", "'=label"]
    assert [row[0] for row in rows] == [*(f"'{cell}" for cell in FORMULAS), *harmless]
    assert save(frame, path, harmless=False) == 0
    with path.open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)][1:] == [*FORMULAS, *harmless]
    assert all(made_harmless(made_harmless(cell)) == made_harmless(cell) for cell in FORMULAS)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_other_formats_keep_formulas_as_they_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    save(_frame(text=FORMULAS, label=["x"] * len(FORMULAS)), path)
    assert read_table(path).column("text") == FORMULAS


def test_parquet_keeps_types_and_json_says_what_it_can(tmp_path: Path) -> None:
    day = datetime.date(2024, 1, 2)
    frame = _frame(
        text=["a", None], label=[1, 2], share=[0.5, float("nan")], day=[day, None], more=[{"x": [1]}, None]
    )
    path = tmp_path / "a.parquet"
    save(frame, path)
    again = frame_of(read_table(path), "text", "label")
    assert again.data.schema.field("label").type == pa.int64()
    assert again.data.schema.field("day").type == pa.date32()
    assert again.column("text") == ["a", None]
    path = tmp_path / "a.jsonl"
    save(frame, path)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"text": "a", "label": 1, "share": 0.5, "day": "2024-01-02", "more": {"x": [1]}},
        {"text": None, "label": 2, "share": None, "day": None, "more": None},
    ]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("precious")

    def stop() -> None:
        raise KeyboardInterrupt

    for suffix in SUFFIXES:
        path = tmp_path / f"a{suffix}"
        path.write_text("precious")
        with pytest.raises(KeyboardInterrupt):
            save(_frame(text=["a"], label=["x"]), path, check=stop)
        assert path.read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == len(SUFFIXES)
    with pytest.raises(WorkbenchError, match=r"rows\.xlsx"):
        save(_frame(text=["a"], label=["x"]), tmp_path / "rows.xlsx")
    with pytest.raises(WorkbenchError, match="cannot be written"):
        save(_frame(text=["a"], label=["x"]), tmp_path / "no" / "rows.csv")
