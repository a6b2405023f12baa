"""A large file shows its first rows at once, tells how much of it is read, and then has all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.data.tables import open_table
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection
from workbench.session import data
from workbench.session.lanes import lone_desk
from workbench.session.reading import FIRST_ROWS_FROM, Reading
from workbench.session.requests import DataRequest


def large(folder: Path) -> tuple[Path, int]:
    text = "it rained, again\n" * 200
    block = "".join(f'"{text}{row}",{"sad" if row % 2 else "glad"}\n' for row in range(100))
    blocks = FIRST_ROWS_FROM // len(block) + 1
    file = folder / "large.csv"
    file.write_text("text,label\n" + block * blocks, encoding="utf-8")
    return file, 100 * blocks


def test_first_rows_come_before_the_whole_is_read(tmp_path: Path, home: Home) -> None:
    file, rows = large(tmp_path)
    told: list[Reading] = []
    preview = data.look(
        home, DataRequest(DataSection(train=str(file)), model="not here"), lone_desk(told.append)
    )
    assert preview.table is not None and preview.table.rows == rows
    first = told[0]
    assert first.share == 0 and first.source == str(file)
    assert first.first.rows == 200
    assert first.first.data == preview.table.data.slice(0, 200)
    shares = [one.share for one in told]
    assert shares == sorted(shares) and shares[-1] > 0.9
    assert len(shares) <= 101  # or the window would have nothing else to do


def test_small_files_and_broken_ones_tell_nothing(tmp_path: Path, home: Home) -> None:
    told: list[Reading] = []
    small = tmp_path / "small.csv"
    small.write_text("text,label\nrain,sad\nsun,glad\n" * 30, encoding="utf-8")
    data.look(home, DataRequest(DataSection(train=str(small))), lone_desk(told.append))
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\0" * (FIRST_ROWS_FROM + 1))
    with pytest.raises(WorkbenchError) as looked:
        data.look(home, DataRequest(DataSection(train=str(broken))), lone_desk(told.append))
    with pytest.raises(WorkbenchError) as opened:
        open_table(broken)
    assert looked.value.problem == opened.value.problem
    assert told == []
