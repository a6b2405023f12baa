"""Finds personal data in a text: addresses, numbers whose check digits are right, and names of people."""

from __future__ import annotations

import bisect
import ipaddress
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from workbench.data.frame import Frame
from workbench.data.step import Context
from workbench.data.tables import PORTION

if TYPE_CHECKING:
    import pyarrow as pa

#: Every kind with what a person reads, the surest first: where two overlap, the surer one is kept.
KINDS = MappingProxyType(
    {
        "email": "e-mail addresses",
        "iban": "bank account numbers (IBAN)",
        "card": "payment card numbers",
        "identity": "national identity numbers",
        "phone": "telephone numbers",
        "ip": "IP addresses",
        "name": "names of people",
    }
)

# Cheap looks that spare most texts the searches below. A number that counts has six digits at least. Patterns begin
# with the characters that they want and look behind afterwards: the engine then skips all others quickly.
_DIGITS = re.compile(r"[0-9](?:[^0-9]{0,2}[0-9]){5}")
_CLUSTER = re.compile(r"[0-9](?:[^0-9]{0,2}[0-9]){5,}")
_DOTTED = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]")
_COLONS = re.compile(r"[0-9a-fA-F]:[0-9a-fA-F]{0,4}:")

# Letters of the Latin alphabet alone: in Chinese an address stands between other letters without a space.
# All repetitions are bounded, so that a long line without spaces takes no quadratic time.
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9À-ɏ._%+\-])[A-Za-z0-9À-ɏ_%+][A-Za-z0-9À-ɏ._%+\-]{0,63}"
    r"@(?:[A-Za-z0-9À-ɏ](?:[A-Za-z0-9À-ɏ\-]{0,61}[A-Za-z0-9À-ɏ])?\.){1,6}([A-Za-zÀ-ɏ]{2,24})(?![A-Za-z0-9@])"
)
#: Endings that are files ("logo@2x.png"), or that RFC 2606 keeps free of real people.
_NO_MAIL = frozenset(
    ["png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "css", "js", "html", "invalid"]
)

_IBAN = re.compile(r"[A-Z]{2}(?<![A-Za-z0-9]..)[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}")

_CARD = re.compile(
    r"[0-9](?<![0-9A-Za-z.,+].)(?:[0-9]{13,18}|[0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{3})?"
    r"|[0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5})(?![0-9A-Za-z]|[.,-][0-9])"
)
#: Issuers by first digits and by length: Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay.
_ISSUER = re.compile(
    r"4[0-9]{15}(?:[0-9]{3})?|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}|(?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12}|3(?:0[0-5]|[68][0-9])[0-9]{11}"
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}|62[0-9]{14,17}"
)

_IPV4 = re.compile(r"(?<![0-9A-Za-z.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z]|\.[0-9])")
_IPV6 = re.compile(r"(?<![0-9A-Za-z:.])[0-9a-fA-F]{2,4}:[0-9a-fA-F:]{2,36}(?![0-9A-Za-z:])")
_VERSION = re.compile(
    r"(?:\bv|version|release|firmware|build|chapter|section|§|update|driver)[\s:.]*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of personal data in a text.

    Attributes:
        start: The first character.
        end: The character after the last one.
        kind: One of `KINDS`.
        value: The characters as they stand in the text.
        normal: The value in one spelling, so that the same number written in two ways is the same.
        what: The kind more closely, such as "German tax number"; empty where the kind says it all.
    """

    start: int
    end: int
    kind: str
    value: str
    normal: str
    what: str = ""


def personal_spans(text: str, kinds: Collection[str] = tuple(KINDS)) -> list[Span]:
    """The personal data in a text, in the order of the text, none overlapping another.

    What looks like personal data and is surely nobody's is left out: addresses under `.invalid`, the machine's
    own IP address, and whatever `workbench.data.pseudonyms` writes.

    Args:
        text: Any text.
        kinds: Which of `KINDS` to look for.
    """
    found: list[Span] = []
    if "email" in kinds and "@" in text:
        found += _emails(text)
    if _DIGITS.search(text):
        found += _numbers(text, kinds)
    if "ip" in kinds and (_DOTTED.search(text) or (":" in text and _COLONS.search(text))):
        found += _addresses(text)
    if "name" in kinds:
        from workbench.data.person_names import names

        found += [Span(start, end, "name", text[start:end], normal) for start, end, normal in names(text)]
    return _without_overlaps(found) if len(found) > 1 else found


def _without_overlaps(spans: list[Span]) -> list[Span]:
    order = list(KINDS)
    kept: list[Span] = []  # by their places
    for span in sorted(spans, key=lambda span: (order.index(span.kind), span.start - span.end, span.start)):
        place = bisect.bisect_left(kept, span.start, key=lambda other: other.start)
        free = place == 0 or kept[place - 1].end <= span.start
        if free and (place == len(kept) or kept[place].start >= span.end):
            kept.insert(place, span)
    return kept


def _numbers(text: str, kinds: Collection[str]) -> Iterator[Span]:
    clusters = [
        (match.start(), match.end(), sum(map(str.isdigit, match.group())))
        for match in _CLUSTER.finditer(text)
    ]
    most = max(digits for _, _, digits in clusters)
    if "iban" in kinds:
        yield from _ibans(text)
    if "card" in kinds and most >= 14:
        yield from _cards(text)
    if "identity" in kinds:
        from workbench.data.identity_numbers import identity_numbers

        for start, end, normal, what in identity_numbers(text, clusters):
            yield Span(start, end, "identity", text[start:end], normal, what)
    if "phone" in kinds and most >= 7:
        from workbench.data.phone_numbers import phone_numbers

        for start, end, normal in phone_numbers(text):
            yield Span(start, end, "phone", text[start:end], normal)


def _emails(text: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        if match.group(1).lower() not in _NO_MAIL:
            yield Span(match.start(), match.end(), "email", match.group(), match.group().lower())


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        from stdnum import iban

        # The pattern also takes capitals that follow; the right end is where the check digits come out.
        value = match.group()
        for end in range(len(value), 14, -1):
            if value[end : end + 1].isalnum() or not value[end - 1].isalnum():
                continue
            after = text[match.start() + end : match.start() + end + 1]
            if not after.isascii() or not after.isalnum():
                normal = re.sub("[ -]", "", value[:end])
                if iban.is_valid(normal, check_country=False):
                    yield Span(match.start(), match.start() + end, "iban", value[:end], normal)
                    break


def _cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        digits = re.sub("[ -]", "", match.group())
        if not _ISSUER.fullmatch(digits):
            continue
        from stdnum import luhn

        if luhn.is_valid(digits):
            yield Span(match.start(), match.end(), "card", match.group(), digits)


def _addresses(text: str) -> Iterator[Span]:
    for match in _IPV4.finditer(text):
        if _VERSION.search(text, max(0, match.start() - 16), match.start()):
            continue
        try:
            four = ipaddress.IPv4Address(match.group())
        except ValueError:
            continue
        if not (four.is_loopback or four.is_unspecified or four.is_multicast or four.is_reserved):
            yield Span(match.start(), match.end(), "ip", match.group(), str(four))
    for match in _IPV6.finditer(text):
        try:
            six = ipaddress.IPv6Address(match.group())
        except ValueError:
            continue
        # The ranges in use: global, local to a site, local to a link; code such as "abc::def" lies in none.
        in_use = match.group()[0] == "2" or match.group()[:2].lower() in ("fc", "fd", "fe")
        if in_use and six not in _DOCUMENTATION and any(c.isdigit() for c in match.group()):
            yield Span(match.start(), match.end(), "ip", match.group(), str(six))


#: RFC 3849: addresses that stand in documentation and belong to nobody.
_DOCUMENTATION = ipaddress.IPv6Network("2001:db8::/32")


def rows_with_personal_data(
    frame: Frame, column: str, kinds: Collection[str], context: Context
) -> Iterator[tuple[int, str, list[Span]]]:
    """(row, text, what is in it) of each row of a column that holds personal data, in order.

    Where a cell holds JSON, the places are those in its strings. Arrow sorts out most rows first, without Python:
    the same looks as above in one expression. Columns that are neither text nor whole numbers have none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    values = frame.data.column(frame.columns.index(column))
    if not is_text(values.type):
        if not pa.types.is_integer(values.type):
            return
        values = values.cast(pa.large_string())
    elif pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    look = _first_look(kinds)
    for start in range(0, len(values), PORTION):
        context.check()
        portion = values.slice(start, PORTION)
        places = pc.indices_nonzero(pc.match_substring_regex(portion, look))
        for place, text in zip(places.to_pylist(), portion.take(places).to_pylist(), strict=True):
            inside = json_value(text)
            parts = [text] if inside is None else _strings(inside)
            spans = [span for part in parts for span in personal_spans(part, kinds)]
            if spans:
                yield start + place, text, spans


def json_value(text: str) -> Any:
    """The list or object that a cell holds as JSON, as chats do; None where it holds none.

    In JSON a line break is written "\\n", and the letter would be taken for a part of the word after it.
    """
    if text[:1] not in ("[", "{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (list, dict)) else None


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inside for text in _strings(item)]


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _first_look(kinds: Collection[str]) -> str:
    looks = [_DIGITS.pattern] if {"iban", "card", "identity", "phone"} & set(kinds) else []
    looks += ["@"] if "email" in kinds else []
    looks += [_DOTTED.pattern, _COLONS.pattern] if "ip" in kinds else []
    if "name" in kinds:
        from workbench.data.person_names import TWO_CAPITALS

        looks.append(TWO_CAPITALS.pattern)
    return "|".join(f"(?:{look})" for look in looks)
