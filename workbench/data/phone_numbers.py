"""Finds telephone numbers, and leaves order numbers, dates and prices alone.

A number is one when the numbering plan of a country allows it and either it begins with a country code, or words
such as "call" stand before it, or it is grouped as its country groups it. Bare digits are no telephone number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Countries whose national notation is known. Where digits fit several, the first that allows them gives its code.
REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "CN", "IN", "PL", "SE", "BR", "AU", "JP")
#: Those of them where a national number begins with 0.
_ZERO = ("GB", "DE", "FR", "IT", "NL", "CN", "IN", "SE", "BR", "AU", "JP")

_CANDIDATE = re.compile(
    r"[+(0-9](?<![0-9A-Za-z_#$€£¥@=&%*+].)(?<![0-9][./:,-].)(?<![A-Za-z][/-].)"
    r"(?:(?<=[0-9])|(?<=\+)\(?[0-9]|(?<=\()[0-9])[0-9 ().\-/\u00a0]{5,24}[0-9](?![0-9A-Za-z_@%€£¥]|[.,:][0-9])"
)
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-/.](?:0?[1-9]|1[0-2])[-/.][0-3]?[0-9]|[0-3]?[0-9][-/.][0-3]?[0-9][-/.](?:19|20)[0-9]{2}"
)
_CALL = re.compile(
    r"(?:(?<![a-z])(?:tel|phone|telephone|mobile|cell|cellphone|call|calling|called|ring|text|dial|fax|whatsapp|sms|hotline|"
    r"reach (?:me|us|him|her)|telefon|telefonnummer|handy|mobil|rufnummer|anrufen|t[ée]l[ée]phone|portable|appel\w*|"
    r"tel[ée]fono|m[óo]vil|celular|llam\w*|cellulare|telefoon|mobiel|komórka|telefone)(?![a-z])|电话|手机|致电|電話)"
    r"[^0-9+]{0,20}$",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"(?:(?<![a-z])(?:order|invoice|receipt|ticket|tracking|parcel|shipment|ref|reference|case|claim|serial|part|item|sku|isbn|"
    r"issn|ean|upc|doi|id|no|nr|number|code|policy|batch|lot|version|bestellung|bestellnummer|rechnung|commande|facture|"
    r"pedido|factura)(?![a-z])|订单号?|单号|编号)[^0-9+]{0,12}$",
    re.IGNORECASE,
)
_US = re.compile(r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}")
_SPACED = re.compile("[0-9]+(?:[ \u00a0]+[0-9]+)+")
_CHINESE_MOBILE = re.compile(r"1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}")


def phone_numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, the number in international notation) of each, in order, none overlapping another."""
    for candidate in _CANDIDATE.finditer(text):
        before = text[max(0, candidate.start() - 40) : candidate.start()]
        called = _CALL.search(before) is not None
        other = not called and _OTHER.search(before) is not None
        reached = 0
        whole = candidate.group()
        for start, end in _windows(whole):
            # Groups with nothing but blanks between them are all one number or none: no part of a card's number.
            if start < reached or (end - start < len(whole) and _SPACED.fullmatch(whole, start, end)):
                continue
            normal = _number(whole[start:end], called=called and start == 0, other=other)
            if normal:
                yield candidate.start() + start, candidate.start() + end, normal
                reached = end


def _windows(value: str) -> Iterator[tuple[int, int]]:
    """The whole, then what is left of it without words at its ends: a number may stand beside another one."""
    words = [(match.start(), match.end()) for match in re.finditer(r"[^ \u00a0]+", value)]
    if len(words) > 7:  # a row of figures
        words = words[:7]
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length + 1):
            start, end = words[first][0], words[first + length - 1][1]
            if 7 <= sum(map(str.isdigit, value[start:end])) <= 15:
                yield start, end


def _number(value: str, *, called: bool, other: bool) -> str:
    if value.count("(") != value.count(")") or _DATE.search(value) or not value[-1].isdigit():
        return ""
    if value.startswith("+"):
        return _valid(value, ())
    if re.match(r"00[1-9]", value) and (called or not value.isdigit()):
        return _valid("+" + value[2:], ())
    if called:
        return _valid(value, REGIONS)
    if other or value.isdigit():
        return ""
    if _US.fullmatch(value):
        return _valid(value, ("US",))
    if _CHINESE_MOBILE.fullmatch(value):
        return _valid(value, ("CN",))
    return _valid(value, _ZERO, grouped=True) if re.match(r"\(?0", value) else ""


def _valid(value: str, regions: tuple[str, ...], *, grouped: bool = False) -> str:
    """The number in international notation, when a numbering plan allows it; else an empty string."""
    import phonenumbers

    for region in regions or (None,):
        try:
            number = phonenumbers.parse(value, region)
        except phonenumbers.NumberParseException:
            continue
        if not phonenumbers.is_valid_number(number):
            continue
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        if not grouped or _groups(value) == _groups(national):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return ""


def _groups(value: str) -> list[str]:
    return re.findall("[0-9]+", value)
