"""Files that cannot be read are answered in plain words that name the file, the line and the remedy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from workbench.data.format import Opening
from workbench.data.tables import open_table, read_table
from workbench.data.text_files import read_text
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]
Read = Callable[[Path], object]
READERS = pytest.mark.parametrize("read", [read_table, read_text], ids=["table", "text"])


def problem_of(read: Read, path: Path) -> str:
    with pytest.raises(WorkbenchError) as caught:
        read(path)
    assert caught.value.usage
    assert caught.value.problem.remedy
    return str(caught.value)


@READERS
def test_a_missing_file_is_named_with_its_nearest_neighbour(write: Write, tmp_path: Path, read: Read) -> None:
    write("reviews.csv", "text,label\na,x\n")
    words = problem_of(read, tmp_path / "review.csv")
    assert "There is no file review.csv" in words
    assert "Did you mean “reviews.csv”?" in words


@READERS
def test_a_folder_is_no_file(tmp_path: Path, read: Read) -> None:
    assert "is a folder" in problem_of(read, tmp_path)


@READERS
@pytest.mark.parametrize("content", ["", "\n\n \n"])
def test_an_empty_file_says_so(write: Write, read: Read, content: str) -> None:
    words = problem_of(read, write("a.csv", content))
    assert "is empty" in words or "holds no" in words


def test_a_header_alone_is_no_data(write: Write) -> None:
    assert "nothing below them" in problem_of(read_table, write("a.csv", "text,label\n"))


@READERS
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG picture"),
        (b"%PDF-1.7 text", "PDF"),
        (b"text,label\na,x\nb\0,y\n", "NUL bytes (the first is byte 17)"),
    ],
)
def test_a_binary_file_named_csv_is_refused(write: Write, read: Read, content: bytes, name: str) -> None:
    words = problem_of(read, write("a.csv", content))
    assert "a.csv is not a text file" in words
    assert name in words


@pytest.fixture
def ordinary_person() -> Iterator[None]:
    """Not the administrator, whom the system refuses nothing."""
    if not hasattr(os, "geteuid"):
        pytest.skip("file permissions work differently here")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@READERS
def test_a_file_that_may_not_be_read_says_so(
    write: Write, read: Read, request: pytest.FixtureRequest
) -> None:
    path = write("a.csv", "text,label\na,x\n")
    path.chmod(0)
    request.getfixturevalue("ordinary_person")
    assert "a.csv may not be read" in problem_of(read, path)


def test_a_problem_belongs_to_the_field_that_named_the_file(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError) as caught:
        read_table(tmp_path / "none.csv", field="data.validation")
    assert caught.value.problem.field == "data.validation"


def rows_with_one(name: str, wrong: bytes, right: str, rows: int = 5000) -> bytes:
    """A file of many rows of which line 4 817 is wrong."""
    lines = [right.format(i=i).encode() for i in range(1, rows + 1)]
    lines[4816] = wrong
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "why"),
    [
        ("a.csv", "text {i},x", b"text,with,more", "it has 3 fields, not 2"),
        ("a.csv", "text {i},x", b"te\0xt,x", "it holds a NUL byte"),
        ("a.tsv", "text {i}\tx", b"text", "it has 1 field, not 2"),
        ("a.tsv", "r\u00e9sum\u00e9 {i}\tx", b"r\xe9sum\xe9\tx", "byte 0xE9 is not UTF-8"),
        ("a.jsonl", '{{"text": "{i}"}}', b'{"text": "cut', "is not JSON"),
        ("a.jsonl", '{{"text": "{i}"}}', b"[1]", "is a list, not an object"),
        (
            "a.jsonl",
            '{{"text": "{i}"}}',
            b'{"text": ["a"]}',
            "has a list in “text”, where other rows have a text",
        ),
        ("a.jsonl", '{{"text": "{i}"}}', b'{"text": "a\0"}', "it holds a NUL byte"),
        ("a.txt", "text {i}", b"te\0xt", "it holds a NUL byte"),
    ],
)
def test_a_wrong_row_is_set_aside_with_its_line_and_the_reason(
    write: Write, name: str, right: str, wrong: bytes, why: str
) -> None:
    table = read_table(write(name, rows_with_one(name, wrong, right)), header="no")
    (aside,) = table.set_aside
    assert table.rows == 4999
    assert aside.row == 4817
    assert why in aside.why
    assert aside.content
    assert any("1 row" in note and "set aside (line 4817 of the file)" in note for note in table.notes)


def test_a_number_among_texts_is_read_and_said(write: Write) -> None:
    table = read_table(write("a.jsonl", rows_with_one("a.jsonl", b'{"text": 17}', '{{"text": "t {i}"}}')))
    assert table.column("text", 4816, 4817) == ["17"]
    assert "“text” is a number in 1 row (line 4817): taken as text." in table.notes


def test_a_csv_that_was_cut_short_sets_its_last_row_aside(write: Write) -> None:
    whole = b"id,text,label\n" + b"1,some text,x\n" * 50
    table = read_table(write("a.csv", whole[:-9]))
    assert table.rows == 49
    assert table.set_aside[0].row == 51


def test_the_file_itself_is_never_changed(write: Write) -> None:
    path = write("a.csv", "text,label\n" + "a,x\n" * 9 + "b,y,z\n")
    before = path.read_bytes()
    read_table(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("lines", "rows"), [("line", 4), ("block", 2), ("file", 1)])
def test_plain_text_is_cut_as_it_is_said(
    write: Write, lines: Literal["line", "block", "file"], rows: int
) -> None:
    path = write("a.txt", "one\ntwo\n\n \nthree\nfour\n")
    table = open_table(path, Opening(lines=lines))
    assert table.rows == rows
    assert table.notes


@pytest.mark.parametrize(("delimiter", "written"), [("~", "~"), ("tab", "\t"), ("||", "||")])
def test_the_delimiter_can_be_chosen(write: Write, delimiter: str, written: str) -> None:
    path = write(
        "a.csv", "\n".join(written.join(row) for row in [("text", "label"), ("a, b", "x"), ("c", "y")])
    )
    assert open_table(path, Opening(delimiter=delimiter)).column("text") == ["a, b", "c"]


def test_quoting_can_be_chosen(write: Write) -> None:
    path = write("a.csv", 'text,label\n"a",x\n"b",y\n')
    assert open_table(path, Opening(quoting="no")).column("text") == ['"a"', '"b"']
    assert open_table(path, Opening(quoting="yes")).column("text") == ["a", "b"]


@pytest.mark.parametrize("large", [0, 10**9])
def test_a_word_in_a_column_of_numbers_is_said_with_its_row(write: Write, large: int) -> None:
    lines = [f"some text {i},{i % 5}" for i in range(6000)]
    lines[4816] = "some text,five"
    table = open_table(write("a.csv", "text,stars\n" + "\n".join(lines)), Opening(large=large))
    assert table.rows == 6000
    assert table.notes == ("“stars” is a number but for 1 row (row 4817: “five”): taken as text.",)
