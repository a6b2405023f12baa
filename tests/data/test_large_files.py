"""A large file is kept as Arrow and mapped: the same rows, notes and lines as from memory, and nothing half done."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.data import blocks
from workbench.data import cache as cache_module
from workbench.data.format import Opening
from workbench.data.tables import Table, open_table, peek
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]
Real = Callable[[str], Path]
SMALL_BLOCKS = pytest.mark.usefixtures("small_blocks")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks so small that rows of a short file fall on their edges."""
    monkeypatch.setattr(blocks, "BLOCK", 4096)


def content(table: Table) -> tuple[object, ...]:
    """All that a person could see of a table."""
    aside = [(one.row, one.why, one.content) for one in table.set_aside]
    rows = [table.column(name) for name in table.columns]
    return table.columns, rows, sorted(table.notes), aside, table.fingerprint


def both(path: Path, cache: Path) -> tuple[Table, Table]:
    """The same file from memory, and laid out as Arrow."""
    return open_table(path), open_table(path, Opening(large=0, cache=cache))


@pytest.mark.parametrize(
    "name", ["waimai/waimai_10k.csv", "sst2/train.tsv", "sst2/test.tsv", "gsm8k/test.jsonl"]
)
def test_real_files_are_the_same_on_both_roads(real: Real, tmp_path: Path, name: str) -> None:
    small, large = both(real(name), tmp_path / "cache")
    assert content(large) == content(small)
    if name.startswith("waimai"):
        assert large.rows == 11_987


@SMALL_BLOCKS
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_quoted_line_breaks_survive_the_edges_of_blocks(write: Write, tmp_path: Path, encoding: str) -> None:
    chance = random.Random(7)
    parts = ["很快", "a,b", 'he said "yes"', "line\nbreak", "\r\n", "plain words", "é"]
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for i in range(3000):
            writer.writerow(["".join(chance.choices(parts, k=chance.randrange(6))) + "x", i % 3])
    small, large = both(path, tmp_path / "cache")
    assert small.rows == 3000
    assert content(large) == content(small)


@SMALL_BLOCKS
def test_rows_that_do_not_fit_have_the_same_lines_on_both_roads(write: Write, tmp_path: Path) -> None:
    lines = [f'"text\n{i}",x' if i % 3 else f"thé {i},x" for i in range(2000)]
    lines[1000], lines[1500], lines[1999] = "too,many,fields", "te\0xt,y", 'an inch is 2.5", y'
    data = ("text,label\n" + "\n".join(lines)).encode() + b"\nbad\xff,y\n"
    small, large = both(write("a.csv", data), tmp_path / "cache")
    assert [one.why for one in large.set_aside] == [
        "it has 3 fields, not 2",
        "it holds a NUL byte",
        "byte 0xFF is not UTF-8",
    ]
    assert content(large) == content(small)


@SMALL_BLOCKS
@pytest.mark.parametrize(
    "lines",
    [
        [
            f'"so begins {i}\t{i % 2}' if i % 7 == 0 else f"text {i}\t{i % 2}" for i in range(900)
        ],  # no quoting
        [f'"a\tb {i}"\t{i % 2}' for i in range(900)],  # quoting
        [f'"it says ""no"" {i}"\t{i % 2}' for i in range(900)],  # quotes that come off
        [f"text {i}\t{i % 2}" for i in range(600)]
        + [f'"a\n{i}"\t1' for i in range(600)],  # quoted further down
    ],
)
def test_tabs_are_read_the_same_on_both_roads(write: Write, tmp_path: Path, lines: list[str]) -> None:
    small, large = both(write("a.tsv", "text\tlabel\n" + "\n".join(lines)), tmp_path / "cache")
    assert content(large) == content(small)


FIELD = st.text(st.sampled_from('ab"\n\r,; é很'), max_size=12)


@SMALL_BLOCKS
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=30), quoting=st.sampled_from([0, 1]))
def test_whatever_a_writer_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[str, str]], quoting: Literal[0, 1], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 64)
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=quoting)
        writer.writerow(["text", "label"])
        writer.writerows(rows)
    table = open_table(path, Opening(header="yes", delimiter=",", large=0))
    assert [table.row(i) for i in range(table.rows)] == rows


@SMALL_BLOCKS
def test_json_lines_are_the_same_on_both_roads(write: Write, tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"t {i}\u2028", "label": i % 2}) for i in range(2000)]
    lines[700] = json.dumps({"text": "no label"})
    lines[900] = '{"text": "cut'
    lines[1100] = json.dumps({"text": ["a"], "label": 1})
    lines[1300] = json.dumps({"text": 17, "label": 1, "more": {"a": "b"}})
    lines[1500] = '{"text": "half \\ud83d", "label": 0}'
    small, large = both(write("a.jsonl", "\n".join(lines)), tmp_path / "cache")
    assert large.columns == ("text", "label", "more")
    assert [one.row for one in large.set_aside] == [901, 1101]
    assert content(large) == content(small)


PLAIN_AND_OTHERS = st.sampled_from(
    [
        '{"text": "a", "n": 1}',
        '{"text": "é \\u00e9 \\n", "n": -7}',
        '{"n": 3, "text": "other order"}',
        '{"text": "很快", "n": 12345678901234567890}',
        '{"text": null, "n": 1}',
        '{"text": "none"}',
        '{"text": "more", "n": 1, "m": "x"}',
        '{"text": 5, "n": 1}',
        '{"text": "a", "n": 1.0}',
        '{"text": "a", "n": 1e2}',
        '{"text": "a", "n": true}',
        '{"text": "a", "n": "1"}',
        '{"text": "a", "text": "twice", "n": 1}',
        '{"text": "a", "n": 1}{"text": "b", "n": 1}',
        '{"text": "raw\ttab", "n": 1}',
        '{"text": "half \\ud83d", "n": 1}',
        '{"text": "\\ud83d\\ude00", "n": 1}',
        '{"text": "\\u0000", "n": 1}',
        '{"text": "a", "n": NaN}',
        '{"text": "a", "n": 01}',
        '{"text": "a", "n": 1,}',
        '{"text": "2020-01-01", "n": 1} ',
        '{"text": "a"',
        "",
    ]
)


@SMALL_BLOCKS
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd=st.lists(PLAIN_AND_OTHERS, max_size=4), end=st.sampled_from(["\n", "\r\n"]))
def test_json_that_is_not_plain_is_read_as_python_reads_it(tmp_path: Path, odd: list[str], end: str) -> None:
    plain = [f'{{"text": "some text {i}", "n": {i}}}' for i in range(160)]
    lines = [*plain[:150], *odd, *plain[150:]]
    path = tmp_path / "a.jsonl"
    path.write_bytes(end.join(lines).encode())
    small, large = open_table(path), open_table(path, Opening(large=0))
    assert content(large) == content(small)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "text,label\n" + '"open, y\n' + "plain,y\n" * 500, r"never closed.*begins in line 2"),
        ("a.csv", "text,label\n" + "a,b,c\nd,e\n" * 500, r"names 2 columns|not an even table"),
        ("a.csv", "text,label\n", "nothing below them"),
        ("a.jsonl", '{"text": 1}\n[2]\n' * 50, r"Line 2 is a list"),
    ],
)
def test_what_memory_refuses_is_refused_with_nothing_left_behind(
    write: Write, tmp_path: Path, name: str, text: str, words: str
) -> None:
    path, cache = write(name, text), tmp_path / "cache"
    if "open" not in text:
        with pytest.raises(WorkbenchError, match=words):
            open_table(path)
    with pytest.raises(WorkbenchError, match=words):
        open_table(path, Opening(large=0, cache=cache, quoting="yes" if "open" in text else "auto"))
    assert list(cache.glob("*")) + list(cache.glob(".*")) == []


def test_a_second_opening_reads_no_row_of_the_file_again(write: Write, tmp_path: Path) -> None:
    path, cache = write("a.csv", "text,label\n" + "a,x\nb,y\n" * 100), tmp_path / "cache"
    told: list[float] = []
    first = open_table(path, Opening(large=0, cache=cache, progress=told.append))
    assert told[-1] == 1.0
    told.clear()
    again = open_table(path, Opening(large=0, cache=cache, progress=told.append))
    assert told == []
    assert content(again) == content(first)


def test_a_changed_file_or_another_way_of_opening_is_read_anew(write: Write, tmp_path: Path) -> None:
    path, cache = write("a.csv", "text,label\na,x\nb,y\n"), tmp_path / "cache"
    assert open_table(path, Opening(large=0, cache=cache)).rows == 2
    assert open_table(path, Opening(large=0, cache=cache, header="no")).rows == 3
    path.write_text("text,label\na,x\nb,y\nc,z\n")
    assert open_table(path, Opening(large=0, cache=cache)).rows == 3


def test_a_damaged_copy_is_made_anew(write: Write, tmp_path: Path) -> None:
    path, cache = write("a.csv", "text,label\na,x\nb,y\n"), tmp_path / "cache"
    open_table(path, Opening(large=0, cache=cache))
    (part,) = cache.glob("*/part-0.arrow")
    part.write_bytes(part.read_bytes()[:100])
    assert open_table(path, Opening(large=0, cache=cache)).column("text") == ["a", "b"]


def test_what_was_not_opened_for_longest_makes_room(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = Opening(large=0, cache=tmp_path / "cache")
    first, second, third = (write(f"{name}.csv", f"text,label\n{name},x\nb,y\n" * 2) for name in "abc")
    open_table(first, opening)
    (about,) = (tmp_path / "cache").glob("*/table.json")
    os.utime(about, (1, 1))
    open_table(second, opening)
    sizes = [sum(file.stat().st_size for file in entry.iterdir()) for entry in (tmp_path / "cache").iterdir()]
    monkeypatch.setattr(cache_module, "MOST_KEPT", max(sizes) * 2 + 10)
    open_table(third, opening)
    left = [
        json.loads(about.read_text())["fingerprint"] for about in (tmp_path / "cache").glob("*/table.json")
    ]
    assert sorted(left) == sorted(open_table(path).fingerprint for path in (second, third))


@SMALL_BLOCKS
def test_who_stops_waiting_leaves_nothing_behind(write: Write, tmp_path: Path) -> None:
    path, cache = write("a.csv", "text,label\n" + "some text,x\n" * 5000), tmp_path / "cache"
    calls = iter(range(10**6))

    def check() -> None:
        if next(calls) > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_table(path, Opening(large=0, cache=cache, check=check))
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.txt"])
def test_the_first_rows_come_without_the_rest(write: Write, name: str) -> None:
    row = {
        "a.csv": '"some, text\n{i}",x\n',
        "a.tsv": "some text {i}\tx\n",
        "a.jsonl": '{{"text": "{i}", "label": "x"}}\n',
        "a.txt": "text number {i}, the last one\n",
    }[name]
    header = {"a.csv": "text,label\n", "a.tsv": "text\tlabel\n"}.get(name, "")
    path = write(name, header + "".join(row.format(i=i) for i in range(70_000)))
    told: list[float] = []
    table = peek(path, Opening(progress=told.append), rows=200)
    whole = open_table(path, Opening(large=0))
    assert table.rows == 200
    assert max(told) < 0.9
    assert [table.row(i) for i in range(200)] == [whole.row(i) for i in range(200)]


def test_the_first_rows_of_a_small_file_are_all_of_it(write: Write) -> None:
    table = peek(write("a.csv", "text,label\na,x\nb,y\nc"))
    assert table.column("text") == ["a", "b"]
    assert table.set_aside[0].row == 4


def test_a_large_parquet_file_is_kept_with_its_types_and_class_names(tmp_path: Path) -> None:
    features = {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}, "text": {"dtype": "string"}}
    data = pa.table(
        {
            "text": [f"t {i}" for i in range(12_000)],
            "label": [i % 3 - 1 for i in range(12_000)],
            "user": [{"name": f"n{i}"} for i in range(12_000)],
        }
    ).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path, cache = tmp_path / "a.parquet", tmp_path / "cache"
    pq.write_table(data, path, row_group_size=5000)
    small, large = both(path, cache)
    assert small.columns == ("text", "label", "user.name")
    assert content(large) == content(small) == content(open_table(path, Opening(large=0, cache=cache)))
    assert len(list(cache.iterdir())) == 1
    first = peek(path, rows=5)
    assert (first.rows, first.row(2)) == (5, ("t 2", "good", "n2"))


def test_a_parquet_file_that_is_damaged_inside_leaves_nothing_behind(tmp_path: Path) -> None:
    path, cache = tmp_path / "a.parquet", tmp_path / "cache"
    pq.write_table(
        pa.table({"text": [f"some text {i * i}" for i in range(60_000)]}), path, row_group_size=20_000
    )
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    path.write_bytes(data)
    with pytest.raises(WorkbenchError, match=r"a\.parquet cannot be read.*damaged"):
        open_table(path, Opening(large=0, cache=cache))
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.txt"])
def test_a_large_file_of_blank_lines_says_so(write: Write, name: str) -> None:
    with pytest.raises(WorkbenchError, match="holds no rows"):
        open_table(write(name, " \n" if name.endswith("t") else "\n" * 100), Opening(large=0))


def test_rows_longer_than_the_beginning_are_read_whole(write: Write) -> None:
    long = "a long, long text\n" * 40_000
    rows = "".join(f'"{long}{i}",x\n' for i in range(3))
    path = write("a.csv", f"text,label\n{rows}short,y\n")
    assert open_table(path).column("text") == [*(f"{long}{i}" for i in range(3)), "short"]
    assert peek(path, rows=2).column("text") == [f"{long}{i}" for i in range(2)]
