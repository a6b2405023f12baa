"""Finds national identity numbers by shape, check digits and, where those are not enough, the words before them.

What a check digit alone leaves to chance (one in ten for most of them) is told by the words before the number,
such as "NHS number"; a number is taken without them only where its shape already says what it is.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: How far before a number its name may stand.
_BEFORE = 40
_LETTERS = 8

Cluster = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Identity:
    """A country's number: its name, its shape, what checks it, the words that must stand before (None: none), and how
    many digits it has at least."""

    what: str
    shape: re.Pattern[str]
    module: str
    words: re.Pattern[str] | None
    digits: int


def _identity(what: str, digits: int, shape: str, module: str, words: str = "") -> _Identity:
    bounded = re.compile(rf"(?<![0-9A-Za-z])(?:{shape})(?![0-9A-Za-z]|[.,-][0-9])")
    # Whole words, so that "dni" is not found inside "midnight"; between Chinese letters there are no word ends.
    near = re.compile(rf"(?<![A-Za-z])(?:{words})(?![a-z])", re.IGNORECASE) if words else None
    return _Identity(what, bounded, module, near, digits)


_IDENTITIES = (
    _identity("US social security number", 9, r"[0-9]{3}-[0-9]{2}-[0-9]{4}", "us.ssn"),
    _identity(
        "US social security number",
        9,
        r"[0-9]{3} ?[0-9]{2} ?[0-9]{4}",
        "us.ssn",
        r"ssns?|social security(?: number)?|social sec",
    ),
    _identity(
        "UK National Insurance number",
        6,
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
        "",
        r"nino|ni|national insurance",
    ),
    _identity(
        "UK National Insurance number",
        6,
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] [0-9]{2} [0-9]{2} [0-9]{2} [A-D]",
        "",
    ),
    _identity("UK NHS number", 10, r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", "gb.nhs", r"nhs"),
    _identity(
        "German tax number",
        11,
        r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        "de.idnr",
        r"idnr|steuer-?id|steuer-?idnr|steuer(?:liche )?identifikationsnummer|identifikationsnummer|tax id|tin",
    ),
    _identity(
        "French social security number",
        13,
        r"[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
        "fr.nir",
    ),
    _identity(
        "Spanish identity number",
        8,
        r"[0-9]{8}[ -]?[A-Z]",
        "es.dni",
        r"d\.?n\.?i\.?|n\.?i\.?f\.?|documento|identidad",
    ),
    _identity("Spanish foreigner's number", 7, r"[XYZ]-?[0-9]{7}-?[A-Z]", "es.nie"),
    _identity(
        "Italian fiscal code",
        6,
        r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]",
        "it.codicefiscale",
    ),
    _identity(
        "Dutch citizen service number",
        9,
        r"[0-9]{9}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}",
        "nl.bsn",
        r"bsn|burgerservicenummer|sofi-?nummer",
    ),
    _identity("Chinese resident identity number", 17, r"[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9X]", "cn.ric"),
    _identity(
        "Indian Aadhaar number",
        12,
        r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}",
        "in_.aadhaar",
        r"aadhaa?r|uidai|आधार",
    ),
    _identity("Polish PESEL", 11, r"[0-9]{11}", "pl.pesel", r"pesel"),
    _identity("Swedish personal number", 10, r"(?:19|20)?[0-9]{6}[-+][0-9]{4}", "se.personnummer"),
    _identity(
        "Swedish personal number",
        10,
        r"(?:19|20)?[0-9]{10}",
        "se.personnummer",
        r"personnummer|personnr|personal number",
    ),
    _identity("Brazilian CPF", 11, r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", "br.cpf"),
    _identity("Belgian national number", 11, r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", "be.nn"),
    _identity("Finnish personal code", 9, r"[0-9]{6}[-+A][0-9]{3}[0-9A-FHJ-NPR-Y]", "fi.hetu"),
    _identity("Swiss social security number", 13, r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", "ch.ssn"),
)


def identity_numbers(text: str, clusters: Sequence[Cluster]) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, number without separators, which number) of each; several may cover the same characters.

    Args:
        text: Any text.
        clusters: Where its digits stand, and how many: (start, end, digits) of each group, ascending.
    """
    for start, end, digits in clusters:
        for identity in _IDENTITIES:
            if digits < identity.digits:
                continue
            # Letters may stand before the first digit and behind the last one.
            for match in identity.shape.finditer(text, max(0, start - _LETTERS), end + _LETTERS):
                near = text[max(0, match.start() - _BEFORE) : match.start()]
                if identity.words is not None and not identity.words.search(near):
                    continue
                if not identity.module or _valid(identity.module, match.group()):
                    number = re.sub(r"[^0-9A-Za-z]", "", match.group()).upper()
                    yield match.start(), match.end(), number, identity.what


def _valid(module: str, number: str) -> bool:
    return bool(importlib.import_module(f"stdnum.{module}").is_valid(number))
