"""Turns bytes into text: UTF-8 or a byte-order mark, the encoding that is named, or a plain-worded guess."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
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
# Encodings with the vendors' additions, which a file may need that is otherwise like the plain one.
WIDER = {"shift_jis": "cp932", "euc_kr": "cp949", "cp1252": "latin-1"}
_BROKEN = re.compile("[\0\udc80-\udcff]")
_PLAIN = re.compile("[\t\n\r -~]")
_NAMES = {
    "cp1252": "Windows-1252 (Western European)",
    "latin-1": "Latin-1 (Western European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8-r": "KOI8-R (Cyrillic)",
    "gb18030": "GB18030 (Chinese)",
    "shift_jis": "Shift-JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "euc_kr": "EUC-KR (Korean)",
    "utf-16-le": "UTF-16 without its mark (little-endian)",
    "utf-16-be": "UTF-16 without its mark (big-endian)",
}


@dataclass(frozen=True, slots=True)
class Characters:
    """A file's text.

    Attributes:
        text: The characters, without a byte-order mark, with line ends as they are.
        encoding: The codec that gave them.
        notes: What was assumed, in plain words; empty for UTF-8.
        damaged: Whether rows of it may hold NUL, or bytes that are not UTF-8 (as lone surrogates): see `broken`.
    """

    text: str
    encoding: str
    notes: tuple[str, ...] = ()
    damaged: bool = False


def characters(
    data: bytes, path: Path, encoding: str | None = None, *, field: str = "data.train"
) -> Characters:
    """The text in the bytes: in the encoding that is named, by the byte-order mark, as UTF-8, or as detected.

    Args:
        data: The file's content.
        path: Where it came from, for the problem's words.
        encoding: A codec name; None or "" detects it.
        field: The recipe field that named the file.

    Raises:
        WorkbenchError: When the bytes are not text in the named encoding, naming line and byte; when they hold
            NUL throughout; or when no encoding fits.
    """
    codec = codec_of(data, path, encoding, field=field)
    if encoding or codec.encoding != "utf-8":
        try:
            return replace(codec, text=_decode_as(data, path, codec.encoding))
        except WorkbenchError:
            if encoding or codec.encoding not in _NAMES:
                raise
        wider = WIDER.get(codec.encoding, codec.encoding)
        try:
            return replace(codec, text=_decode_as(data, path, wider), encoding=wider)
        except WorkbenchError:
            raise _no_encoding(data, path) from None
    try:
        return Characters(data.decode("utf-8"), "utf-8", damaged=codec.damaged)
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
        return Characters(text, "utf-8", damaged=True)


def codec_of(
    data: bytes, path: Path, encoding: str | None = None, *, field: str = "data.train"
) -> Characters:
    """The encoding of a file by its first bytes or all of them; the answer's `text` is empty.

    Raises:
        WorkbenchError: As `characters`.
    """
    if encoding and encoding.strip():
        try:
            codecs.lookup(encoding.strip())
        except LookupError:
            _decode_as(b"", path, encoding.strip())
        return Characters("", encoding.strip(), damaged=b"\0" in data)
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if marked:
        said = (
            ()
            if marked == "utf-8-sig"
            else (f"The characters were read as {marked.upper()}, as its mark says.",)
        )
        return Characters("", marked, said)
    if b"\0" in data[:_SAMPLE] and (wide := wide_without_mark(data[:_SAMPLE])):
        return Characters("", wide, (_assumed(wide),))
    if 200 * data.count(b"\0") > len(data):
        refuse_binary(data, path, field=field)
    damaged = b"\0" in data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and len(data) - error.start < 4:
            return Characters("", "utf-8", damaged=True)  # cut in the middle of a character
        start = data.rfind(b"\n", 0, max(0, error.start - _SAMPLE // 2)) + 1
        head = data[: min(start, _SAMPLE // 4)]
        sample = head[: head.rfind(b"\n") + 1] + data[start : start + _SAMPLE]
        guess = guess_encoding(sample) or _second_opinion(sample)
        if guess is None:
            raise _no_encoding(data, path) from error
        if guess != "utf-8":
            return Characters("", guess, (_assumed(guess),), damaged)
        damaged = True
    return Characters("", "utf-8", damaged=damaged)


def broken(text: str) -> str:
    """Why a row's text cannot be taken, in plain words; empty where it can."""
    found = _BROKEN.search(text)
    if found is None:
        return ""
    return "it holds a NUL byte" if found[0] == "\0" else f"byte 0x{ord(found[0]) - 0xDC00:02X} is not UTF-8"


def decoded(data: bytes, path: Path, encoding: str | None = None, *, field: str = "data.train") -> Characters:
    """The text in the bytes, of which none may be damaged, and how it was read; see `characters`.

    Raises:
        WorkbenchError: As `characters`, and for any NUL byte or byte that is not UTF-8.
    """
    found = characters(data, path, encoding, field=field)
    if found.damaged and not encoding:
        refuse_binary(data, path, field=field)
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise bad_input(
                f"The file {path.name} is not written in UTF-8.",
                f"The first byte that is not UTF-8 is {_place(data, error)}. The rest is mostly UTF-8, so these "
                "bytes are probably damaged.",
                "Repair that line, or save the file again as UTF-8.",
                field="data.encoding",
            ) from error
    return found


def wide_without_mark(sample: bytes) -> str | None:
    """The kind of UTF-16 or UTF-32 that a file without a byte-order mark is written in; None for none.

    Where text is Latin, every second byte is NUL. Elsewhere the line ends tell: a byte 0x0A that ends a line has its
    NUL on the same side throughout.
    """
    best, most = None, 0
    for name, width in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        text = sample[: len(sample) // width * width].decode(name, "replace")
        if "\0" in text or text.count("\ufffd") > len(text) // 100:
            continue
        plain = len(_PLAIN.findall(text))
        ends = text.count("\n")
        if plain > most and (plain > len(text) // 2 or (ends and 5 * ends >= sample.count(b"\n"))):
            best, most = name, plain
    return best


def _assumed(encoding: str) -> str:
    name = _NAMES.get(encoding, encoding.upper())
    return f"The file is not UTF-8: its characters were read as {name}. If they look wrong, choose another encoding."


def _second_opinion(sample: bytes) -> str | None:
    """What statistics of letters say where no rule of ours does."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample[: _SAMPLE // 8]).best()
    return best.encoding if best is not None and best.encoding not in ("ascii", "utf_8") else None


def decode_head(head: bytes) -> str:
    """The text of a file's first bytes as far as it can be told, to see what kind of file it is."""
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is None and b"\0" in head:
        marked = wide_without_mark(head)
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


def _no_encoding(data: bytes, path: Path) -> WorkbenchError:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        cause = f"The first byte that is not UTF-8 is {_place(data, error)}, and no other encoding fits throughout."
    else:
        cause = "The encoding that its beginning suggests does not fit the rest."
    return bad_input(
        f"The encoding of {path.name} cannot be told.",
        cause,
        "Choose its encoding under Encoding, or save the file as UTF-8.",
        field="data.encoding",
    )


def guess_encoding(sample: bytes) -> str | None:
    """The most plausible encoding of bytes that are not all UTF-8; None when nothing fits.

    Each rule looks for what the script's usual letters leave in the bytes. A file that is read so carries a note.
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
        return _western(sample)
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
    return _western(sample) if _western(sample) == "cp1252" else None


def _western(sample: bytes) -> str:
    return "cp1252" if _fits(sample, "cp1252") else "latin-1"


def _fits(sample: bytes, name: str) -> bool:
    """Whether the bytes are text in that encoding, but for characters cut at the ends and a vendor's few."""
    wrong = sample.decode(name, "replace").count("\ufffd")
    return wrong <= (0 if name == "cp1252" else 2 + len(sample) // 2000)


def _share(sample: bytes, name: str, low: str, high: str) -> float:
    """The share of the non-ASCII characters, decoded as `name`, that lie between two characters."""
    if not _fits(sample, name):
        return 0.0
    foreign = [c for c in sample.decode(name, "replace") if c > "\x7f"]
    return sum(low <= c <= high for c in foreign) / max(1, len(foreign))
