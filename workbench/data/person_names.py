"""Finds names of people by a shipped list of given names and by titles such as Mr and Dr."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from workbench.run.problem import bad_input
from workbench.run.resources import resources_folder

# A capital, then letters, with parts joined by a hyphen or an apostrophe (Jean-Luc, O'Brien).
_CAPITAL = "[A-ZÀ-ÖØ-ÞĀ-Ž]"
_LETTERS = rf"[^\W\d_]+(?:[-'’]{_CAPITAL}?[^\W\d_]+){{0,2}}"
_WORD = _CAPITAL + _LETTERS
_LINK = r"(?:van|von|de|der|den|di|da|do|dos|del|della|du|la|le|bin|ibn|al|el|ter|ten|zu)"
# Most texts are done with after this look.
TWO_CAPITALS = re.compile(rf"{_CAPITAL}[^ \n]* (?:[A-Z]\. |{_LINK} ){{0,2}}(?:[OdD]['’])?{_CAPITAL}")
# A name goes on after a space with an initial, with a link such as "van der", or with another capitalised word.
_RUN = re.compile(
    rf"{_CAPITAL}(?<![\w@.].){_LETTERS}(?: (?:[A-Z]\.|(?:{_LINK} ){{0,2}}(?:[OdD]['’])?{_WORD})){{1,4}}(?![\w@])"
)
_TITLED = re.compile(
    r"[DFHMPS](?<![\w@.].)(?:(?<=D)(?:r|octor)|(?<=F)rau|(?<=H)errn?|(?<=M)(?:rs?|s|x|onsieur|adame|me|lle|evrouw|eneer)"
    r"|(?<=P)(?:rof|rofessor|ani?)|(?<=S)(?:ra?|eñora?|ignora?))"
    rf"\.? ((?:[A-Z]\. ){{0,2}}(?:{_LINK} ){{0,2}}{_WORD}(?: (?:{_LINK} ){{0,2}}{_WORD})?)(?![\w@])"
)
_PART = re.compile(rf"{_WORD}|[A-Z]\.|[a-z]+")
_ROMAN = re.compile("[IVX]+")
_POSSESSIVE = re.compile(r"['’]s$")


def names(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, the name in small letters) of each name of two words or more, or of one word after a title.

    A name that `workbench.data.pseudonyms` could have made is nobody's and is left out.
    """
    if not TWO_CAPITALS.search(text):
        return
    given, not_surnames = _given_names(), _not_surnames()
    for match in _RUN.finditer(text):
        parts = list(_PART.finditer(text, match.start(), match.end()))
        at = 0
        while at < len(parts) - 1:
            if _first(parts[at].group(), given):
                last = _last(parts, at, not_surnames)
                if last > at:
                    yield from _name(text, parts[at].start(), parts[last].end())
                    at = last
            at += 1
    for match in _TITLED.finditer(text):
        words = match.group(1).split()
        if words[-1] in not_surnames:
            if len(words) == 1 or words[0] in not_surnames:
                continue
            yield from _name(text, match.start(1), match.start(1) + match.group(1).rindex(" "))
        elif words[0] not in not_surnames:
            yield from _name(text, match.start(1), match.end(1))


def _first(word: str, given: frozenset[str]) -> bool:
    folded = word.casefold()
    return folded in given or (("-" in folded) and folded.split("-")[0] in given)


def _last(parts: list[re.Match[str]], at: int, not_surnames: frozenset[str]) -> int:
    """The last part of the name that begins at `at`, two capitalised words on at most; `at` without a surname."""
    last, words = at, 0
    for index in range(at + 1, len(parts)):
        word = parts[index].group()
        if word[0].islower() or word.endswith("."):
            continue
        if word in not_surnames or words == 2 or _ROMAN.fullmatch(word):
            break
        last, words = index, words + (not _first(word, _given_names()))
        if _POSSESSIVE.search(word) or is_neutral(word):
            break
    if words < 2 and last + 1 < len(parts) and parts[last + 1].group() in _institutions():
        return at  # "George Washington University" is no person
    return last


def _name(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    value = _POSSESSIVE.sub("", text[start:end])
    if not is_neutral(value.split()[-1]):
        yield start, start + len(value), " ".join(value.casefold().split())


def is_neutral(surname: str) -> bool:
    """Whether that is a surname of the pseudonyms' making."""
    return surname.casefold() in _neutral_surnames()


@functools.cache
def neutral_parts() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What pseudonyms are made of: given names, first parts of surnames, last parts of surnames."""
    parts = _sections("neutral-names.txt")
    return parts["given"], parts["first part"], parts["last part"]


@functools.cache
def _neutral_surnames() -> frozenset[str]:
    _, firsts, lasts = neutral_parts()
    return frozenset((first + last).casefold() for first in firsts for last in lasts)


@functools.cache
def given_names() -> tuple[str, ...]:
    """The given names of the list, in its order; none is also an everyday word."""
    return tuple(dict.fromkeys(_sections("given-names.txt")[""]))


@functools.cache
def _given_names() -> frozenset[str]:
    return frozenset(word.casefold() for word in given_names())


@functools.cache
def _not_surnames() -> frozenset[str]:
    return frozenset(word for words in _sections("not-surnames.txt").values() for word in words)


@functools.cache
def _institutions() -> frozenset[str]:
    return frozenset(_sections("not-surnames.txt")["places"])


def _sections(name: str) -> dict[str, tuple[str, ...]]:
    """The words of a list by the headings in square brackets; "" is what stands before the first."""
    try:
        lines = (resources_folder() / "names" / name).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise bad_input(
            "The list of names is missing.",
            f"The file resources/names/{name} cannot be read: {error.strerror}.",
            "Get the whole project again, or look for personal data without names.",
            field="data.steps",
        ) from error
    found: dict[str, tuple[str, ...]] = {}
    heading = ""
    for line in lines:
        if line.startswith("["):
            heading = line.strip("[]")
        elif not line.startswith("#"):
            found[heading] = found.get(heading, ()) + tuple(line.split())
    return found
