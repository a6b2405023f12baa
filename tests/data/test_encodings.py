"""However its characters are stored, a file opens with them right, and says what was assumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.data.encodings import guess_encoding
from workbench.data.format import Opening
from workbench.data.tables import open_table, read_table
from workbench.data.text_files import read_text
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]

TEXTS = {
    "cp1252": "Der Bär läuft über die Straße. “Où êtes-vous?” Señor, mañana.",
    "cp1251": "Быстрая доставка, очень вкусно, спасибо большое курьеру",
    "koi8-r": "Быстрая доставка, очень вкусно, спасибо большое курьеру",
    "gb18030": "很快，好吃，味道足，量大。送餐快，态度也特别好，辛苦啦谢谢",
    "shift_jis": "とても美味しかったです。ありがとうございました。また注文します",
    "euc_kr": "배달이 정말 빨라요 맛있게 잘 먹었습니다 감사합니다",
}


@pytest.mark.parametrize(("encoding", "text"), TEXTS.items())
def test_the_likely_encoding_is_found(encoding: str, text: str) -> None:
    assert guess_encoding(f"{text}\n{text}\n".encode(encoding)) == encoding


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "gb18030", "shift_jis", "euc_kr"])
def test_a_file_that_is_not_utf8_is_read_and_it_is_said(write: Write, encoding: str) -> None:
    text = TEXTS[encoding].replace(",", "")
    lines = "".join(f"{text} {i},x\n" for i in range(3000))
    table = read_table(write("a.csv", f"text,label\n{lines}".encode(encoding)))
    assert (table.rows, table.columns) == (3000, ("text", "label"))
    assert table.column("text", 2999) == [f"{text} 2999"]
    assert any("not UTF-8" in note and "choose another encoding" in note for note in table.notes)


def test_the_first_rows_may_be_plain_and_the_accents_come_late(write: Write) -> None:
    lines = "plain words,x\n" * 40_000 + "café crème,y\nthé à la menthe,x\n"
    table = read_table(write("a.csv", f"text,label\n{lines}".encode("cp1252")))
    assert table.column("text", 40_000) == ["café crème", "thé à la menthe"]


@pytest.mark.parametrize("large", [0, 10**9])
def test_a_character_of_a_vendor_does_not_spoil_the_rest(write: Write, large: int) -> None:
    text = TEXTS["shift_jis"] + "①"
    path = write("a.csv", f"text,label\n{text},x\n{text},y\n".encode("cp932"))
    assert open_table(path, Opening(large=large)).column("text") == [text, text]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("text", ["good film", TEXTS["gb18030"], TEXTS["cp1251"].replace(",", "")])
def test_wide_characters_without_a_mark_are_read_and_it_is_said(
    write: Write, encoding: str, text: str
) -> None:
    path = write("a.csv", ("text,label\n" + f"{text},x\n{text},y\n" * 9).encode(encoding))
    table = read_table(path)
    assert table.column("text") == [text] * 18
    assert any("mark" in note or "UTF-32" in note for note in table.notes)
    assert read_table(path, encoding=encoding).column("text") == [text] * 18


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_are_understood_and_not_part_of_the_text(write: Write, encoding: str) -> None:
    table = read_table(write("a.csv", "text,label\nthé,x\nb,y\n".encode(encoding)))
    assert table.columns == ("text", "label")
    assert table.column("text") == ["thé", "b"]


def test_utf8_needs_no_note(write: Write) -> None:
    assert read_table(write("a.csv", "text,label\nthé,x\nb,y\n")).notes == ()


def test_a_named_encoding_is_used(write: Write) -> None:
    text = "text,label\nun café,x\nthé,y\n"
    assert read_table(write("a.csv", text.encode("cp1252")), encoding="cp1252").row(0) == ("un café", "x")
    assert read_text(write("a.txt", "привет".encode("koi8-r")), "koi8-r") == "привет"


def test_a_wrong_named_encoding_and_an_unknown_one_are_told_apart(write: Write) -> None:
    path = write("a.csv", "text,label\nthé,x\n")
    with pytest.raises(WorkbenchError, match=r"not written in ascii.*0xC3 in line 2"):
        read_table(path, encoding="ascii")
    with pytest.raises(WorkbenchError, match="no encoding “utf-9”"):
        read_table(path, encoding="utf-9")
    with pytest.raises(WorkbenchError, match="no encoding “rot13”"):
        read_table(path, encoding="rot13")


def test_one_damaged_byte_in_utf8_costs_its_row_and_no_other(write: Write) -> None:
    content = "text,label\n" + "thé à la crème,x\n" * 20 + "bro\xffken,y\n"
    path = write("a.csv", content.encode().replace("\xff".encode(), b"\xff"))
    table = read_table(path)
    assert table.column("text") == ["thé à la crème"] * 20
    assert (table.set_aside[0].row, table.set_aside[0].why) == (22, "byte 0xFF is not UTF-8")
    with pytest.raises(WorkbenchError, match=r"0xFF in line 22 .*probably damaged"):
        read_text(path)


def test_bytes_of_no_encoding_are_refused(write: Write) -> None:
    noise = bytes((i * 89 + i * i) % 255 + 1 for i in range(5000))
    with pytest.raises(WorkbenchError, match=r"a\.csv"):
        read_table(write("a.csv", b"text,label\n" + noise))
