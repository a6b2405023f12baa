"""Files that cannot be read are answered in plain words that name the file, the line and the remedy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.data.encodings import guess_encoding
from workbench.data.tables import read_table
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
        (b"PK\x03\x04\x14\0\x06\0rest", "Excel workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG picture"),
        (b"\x1f\x8b\x08\0text", "gzip"),
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


@READERS
def test_a_wrong_encoding_names_line_byte_and_the_likely_one(write: Write, read: Read) -> None:
    text = "text,label\nplain,x\nun café crème,y\nthé,x\n"
    words = problem_of(read, write("a.csv", text.encode("cp1252")))
    assert "0xE9 in line 3 (byte 7 of that line)" in words
    assert "Windows-1252" in words
    assert "Choose cp1252 under Encoding" in words


def test_a_named_encoding_is_used(write: Write) -> None:
    text = "text,label\nun café,x\nthé,y\n"
    assert read_table(write("a.csv", text.encode("cp1252")), encoding="cp1252").row(0) == ("un café", "x")
    assert read_text(write("a.txt", "привет".encode("koi8-r")), "koi8-r") == "привет"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_are_understood_and_not_part_of_the_text(write: Write, encoding: str) -> None:
    table = read_table(write("a.csv", "text,label\nthé,x\nb,y\n".encode(encoding)))
    assert table.columns == ("text", "label")
    assert table.column("text") == ["thé", "b"]


def test_utf16_without_a_mark_is_recognised(write: Write) -> None:
    path = write("a.csv", ("text,label\n" + "good film,x\nbad film,y\n" * 9).encode("utf-16-le"))
    assert "Choose utf-16-le under Encoding" in problem_of(read_table, path)
    assert read_table(path, encoding="utf-16-le").rows == 18


def test_a_wrong_named_encoding_and_an_unknown_one_are_told_apart(write: Write) -> None:
    path = write("a.csv", "text,label\nthé,x\n")
    with pytest.raises(WorkbenchError, match=r"not written in ascii.*0xC3 in line 2"):
        read_table(path, encoding="ascii")
    with pytest.raises(WorkbenchError, match="no encoding “utf-9”"):
        read_table(path, encoding="utf-9")
    with pytest.raises(WorkbenchError, match="no encoding “rot13”"):
        read_table(path, encoding="rot13")


def test_one_damaged_byte_in_utf8_is_not_taken_for_another_encoding(write: Write) -> None:
    content = "text,label\n" + "thé à la crème,x\n" * 20 + "bro\xffken,y\n"
    path = write("a.csv", content.encode().replace("\xff".encode(), b"\xff"))
    assert "probably damaged" in problem_of(read_table, path)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Der Bär läuft über die Straße. “Où êtes-vous?” Señor, mañana."),
        ("cp1251", "Быстрая доставка, очень вкусно, спасибо большое курьеру"),
        ("koi8-r", "Быстрая доставка, очень вкусно, спасибо большое курьеру"),
        ("gb18030", "很快，好吃，味道足，量大。送餐快，态度也特别好，辛苦啦谢谢"),
        ("shift_jis", "とても美味しかったです。ありがとうございました。また注文します"),
        ("euc_kr", "배달이 정말 빨라요 맛있게 잘 먹었습니다 감사합니다"),
    ],
)
def test_the_likely_encoding_is_offered(encoding: str, text: str) -> None:
    assert guess_encoding(f"{text}\n{text}\n".encode(encoding)) == encoding


def test_a_problem_belongs_to_the_field_that_named_the_file(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError) as caught:
        read_table(tmp_path / "none.csv", field="data.validation")
    assert caught.value.problem.field == "data.validation"
