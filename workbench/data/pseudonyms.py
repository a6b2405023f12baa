"""Writes pseudonyms: the same value always gets the same one, and nobody gets back without the key.

Every pseudonym looks like what it stands for and can be nobody's: addresses under `.invalid`, the country code 999,
networks that are never routed, card numbers that begin with 0 and fail their check digit, invented surnames.
`workbench.data.personal` therefore does not find them again, and writing them twice is writing them once.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from workbench.data.person_names import neutral_parts
from workbench.data.personal import Span

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Pseudonyms:
    """Pseudonyms by one key: HMAC-SHA-256 of the kind and the normal form of the value."""

    def __init__(self, seed: int, secret: str = "") -> None:
        """By the seed alone they are the same in every file, but whoever knows the recipe can try out values."""
        self._key = hashlib.sha256(f"{seed}\x1f{secret}".encode()).digest()
        self._known: dict[tuple[str, str], str] = {}

    def of(self, span: Span) -> str:
        """The pseudonym of what was found."""
        known = self._known.get((span.kind, span.normal))
        if known is None:
            known = self._known[span.kind, span.normal] = self._written(span)
        return known

    def _written(self, span: Span) -> str:
        number = self._number(span.kind, span.normal)
        if span.kind == "email":
            return f"person-{_base32(number, 10).lower()}@mail.invalid"
        if span.kind == "phone":
            digits = f"{number % 10**10:010}"
            return f"+999 {digits[:3]} {digits[3:6]} {digits[6:]}"
        if span.kind == "ip":
            return _address(number, span.normal)
        if span.kind == "card":
            return _card(number)
        if span.kind == "iban":
            groups = [1000 + number // 9000**i % 9000 for i in range(3)]
            return "XX00 " + " ".join(map(str, groups))
        if span.kind == "name":
            return self._name(span.normal)
        return f"ID-{_base32(number, 8)}"

    def _name(self, normal: str) -> str:
        """Given names and surname are drawn apart, so that "Mrs Lee" and "Anna Lee" keep one surname."""
        givens, firsts, lasts = neutral_parts()
        *before, surname = normal.split()
        number = self._number("surname", surname)
        invented = firsts[number % len(firsts)] + lasts[number // len(firsts) % len(lasts)]
        if not before:
            return invented
        return f"{givens[self._number('given name', before[0]) % len(givens)]} {invented}"

    def _number(self, kind: str, value: str) -> int:
        message = f"{kind}\x1f{value}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.new(self._key, message, "sha256").digest(), "big")


def _base32(number: int, length: int) -> str:
    letters = ""
    for _ in range(length):
        number, rest = divmod(number, 32)
        letters += _LETTERS[rest]
    return letters


def _address(number: int, normal: str) -> str:
    """An address of a reserved network: 240.0.0.0/4, or 2001:db8::/32 of RFC 3849."""
    if ":" in normal:
        return str(ipaddress.IPv6Address((0x20010DB8 << 96) + number % 2**96))
    return str(ipaddress.IPv4Address((0xF << 28) + number % (2**28 - 1)))


def _card(number: int) -> str:
    """16 digits that begin with 0, as no card does, and whose last digit is not the check digit."""
    from stdnum import luhn

    digits = f"0{number % 10**14:014}"
    right = int(luhn.calc_check_digit(digits))
    digits += str((right + 1 + number // 10**14 % 9) % 10)
    return " ".join(digits[i : i + 4] for i in range(0, 16, 4))
