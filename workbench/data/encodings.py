"""Turns bytes into text: UTF-8 or a byte-order mark, the encoding that is named, or a plain-worded guess."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from workbench.data.raw import refuse_binary
from workbench.run.problem import WorkbenchError, bad_input

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 256 * 1024
_NAMES = {
    "cp1252": "Windows-1252 (Western European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8-r": "KOI8-R (Cyrillic)",
    "gb18030": "GB18030 (Chinese)",
    "shift_jis": "Shift-JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "euc_kr": "EUC-KR (Korean)",
}


def decode(data: bytes, path: Path, encoding: str | None = None, *, field: str = "data.train") -> str:
    """The text in the bytes, without a byte-order mark.

    Args:
        data: The file's content.
        path: Where it came from, for the problem's words.
        encoding: A codec name, or None or "" to use the byte-order mark, else UTF-8.
        field: The recipe field that named the file.

    Raises:
        WorkbenchError: When the bytes are not text in that encoding, naming line and byte, and the most
            plausible encoding where none was given.
    """
    if encoding:
        return _decode_as(data, path, encoding.strip())
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if marked:
        return _decode_as(data, path, marked)
    refuse_binary(data, path, field=field)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(data, path, error) from error


def decode_head(head: bytes) -> str:
    """The text of a file's first bytes as far as it can be told, to see what kind of file it is."""
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    return head.decode(marked or "utf-8", "replace").removeprefix("\ufeff")


def split_lines(text: str) -> list[str]:
    """The lines of a text, ended by \\n, \\r\\n or \\r alone.

    `str.splitlines` would also cut at U+2028 and form feeds, which are characters of a text like any other.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _decode_as(data: bytes, path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        # The marks are part of the encoding's signature, not of the text.
        return data.decode("utf-8-sig" if name == "utf-8" else name).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise bad_input(
            f"{path.name} is not written in {encoding}.",
            f"The first byte that does not fit is {_place(data, error)}.",
            "Choose another encoding, or leave it empty to have it detected.",
            field="data.encoding",
        ) from error
    except (LookupError, UnicodeError) as error:
        raise bad_input(
            f"There is no encoding “{encoding}”.",
            "The name is not one that Python knows for text.",
            f"Use one such as utf-8, utf-16, {', '.join(_NAMES)}.",
            field="data.encoding",
        ) from error


def _place(data: bytes, error: UnicodeDecodeError) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
    return f"0x{data[error.start]:02X} in line {line} (byte {column} of that line)"


def _not_utf8(data: bytes, path: Path, error: UnicodeDecodeError) -> WorkbenchError:
    start = data.rfind(b"\n", 0, max(0, error.start - _SAMPLE // 2)) + 1
    guess = guess_encoding(data[start : start + _SAMPLE])
    cause = f"The first byte that is not UTF-8 is {_place(data, error)}."
    if guess == "utf-8":
        cause += " The rest is mostly UTF-8, so these bytes are probably damaged."
        remedy = "Repair that line, or save the file again as UTF-8."
    elif guess:
        cause += f" It looks like {_NAMES[guess]}."
        remedy = f"Choose {guess} under Encoding, or save the file as UTF-8."
    else:
        remedy = "Choose its encoding under Encoding, or save the file as UTF-8."
    return bad_input(f"The file {path.name} is not written in UTF-8.", cause, remedy, field="data.encoding")


def guess_encoding(sample: bytes) -> str | None:
    """The most plausible encoding of bytes that are not all UTF-8; None when nothing fits.

    Each rule looks for what the script's usual letters leave in the bytes. It is a suggestion to a person,
    never used without being asked for.
    """
    cut = sample.rfind(b"\n")
    sample = sample[:cut] if cut > 0 else sample
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if sum(c > "\x7f" for c in text) - broken > 4 * broken:
        return "utf-8"
    runs = re.findall(rb"[\x80-\xff]+", sample)
    high = b"".join(runs)
    if not high:
        return None
    if sum(len(run) == 1 for run in runs) > 0.6 * len(runs):  # é and “ stand alone among Latin letters
        return "cp1252" if _fits(sample, "cp1252") else None
    if _share(sample, "shift_jis", "\u3040", "\u30ff") > 0.25:
        return "shift_jis"
    if _share(sample, "euc_jp", "\u3040", "\u30ff") > 0.25:
        return "euc_jp"
    if sum(b >= 0xE0 for b in high) > 0.6 * len(high):  # small Cyrillic letters
        return "cp1251"
    if sum(0xC0 <= b < 0xE0 for b in high) > 0.6 * len(high):
        return "koi8-r"
    if _share(sample, "euc_kr", "\uac00", "\ud7a3") > 0.85:
        return "euc_kr"
    if _share(sample, "gb18030", "\u4e00", "\u9fff") > 0.6:
        return "gb18030"
    return "cp1252" if _fits(sample, "cp1252") else None


def _fits(sample: bytes, name: str) -> bool:
    try:
        sample.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _share(sample: bytes, name: str, low: str, high: str) -> float:
    """The share of the non-ASCII characters, decoded as `name`, that lie between two characters."""
    if not _fits(sample, name):
        return 0.0
    foreign = [c for c in sample.decode(name) if c > "\x7f"]
    return sum(low <= c <= high for c in foreign) / max(1, len(foreign))
