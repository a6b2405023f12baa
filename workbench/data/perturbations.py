"""Small changes of texts that should not change what a model says of them, or that should: sets to try a model with."""

from __future__ import annotations

import functools
import random
import re
from abc import ABC, abstractmethod
from typing import ClassVar

from workbench.data.augmentation import in_case_of, replaced, words_of
from workbench.data.person_names import given_names
from workbench.data.steps.augment_synonyms import AugmentSynonyms
from workbench.data.steps.augment_typos import AugmentTypos

_APOSTROPHE = "['’]"
# "does not", "doesn't" and "does n't", as some data sets cut it; the irregular ones have their whole word.
_NEGATED = re.compile(
    rf"\b(?:(?P<will>wo) ?n{_APOSTROPHE}t|(?P<can>ca) ?n{_APOSTROPHE}t|(?P<whole>can)not"
    rf"|(?P<verb>is|are|was|were|do|does|did|could|would|should|has|have|had|must|need) ?n{_APOSTROPHE}t"
    r"|(?P<before>\w+) not)\b",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|am|do|does|did|can|could|will|would|should|must|has|have|had|may|might)\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"(?<!\w)['’]|['’](?!\w)|[^\w\s'’]")
_END = re.compile(r"[\s.!?…]*\Z")


class Perturbation(ABC):
    """One set of changes.

    Attributes:
        name: Its name in commands.
        title: What a person reads.
        help: What it does to a text, in a sentence.
        meaning: "same" where the text goes on to mean the same, so that a flip is a fault of the model; "other" where
            it may mean the opposite, so that a flip may be right.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    meaning: ClassVar[str] = "same"

    def of(self, text: str, seed: int) -> str | None:
        """The text changed by chance; None where nothing in it can be changed. It depends on text and seed alone."""
        made = self.changed(text, random.Random(f"{seed} {self.name} {text}"))
        return made if made != text and made.strip() else None

    @abstractmethod
    def changed(self, text: str, chance: random.Random) -> str:
        """The text changed; the same text where nothing in it can be changed."""


class Typos(Perturbation):
    """Slips of the keyboard."""

    name = "typos"
    title = "Typing errors"
    help = "One word in ten, one at least, gets a neighbouring key, a doubled or missing letter, or two swapped ones."

    def changed(self, text: str, chance: random.Random) -> str:
        return AugmentTypos().changed(text, chance)


class Case(Perturbation):
    """Capitals and small letters."""

    name = "case"
    title = "Capitals"
    help = "The whole text in capitals, in small letters, or with each word capitalised."

    def changed(self, text: str, chance: random.Random) -> str:
        ways = dict.fromkeys((text.upper(), text.lower(), re.sub(r"[^\W\d_]+", _capitalised, text)))
        others = [made for made in ways if made != text]
        return chance.choice(others) if others else text


class Negation(Perturbation):
    """The opposite."""

    name = "negation"
    title = "Negation"
    help = (
        "An English “not” is put behind a verb such as “is”, or taken away: the text may mean the opposite then, and a "
        "flip may be right."
    )
    meaning = "other"

    def changed(self, text: str, chance: random.Random) -> str:
        negated = list(_NEGATED.finditer(text))
        if negated:
            found = chance.choice(negated)
            return text[: found.start()] + _affirmed(found) + text[found.end() :]
        verbs = list(_VERB.finditer(text))
        if not verbs:
            return text
        found = chance.choice(verbs)
        new = "NOT" if found.group().isupper() and len(found.group()) > 1 else "not"
        return f"{text[: found.end()]} {new}{text[found.end() :]}"


class Names(Perturbation):
    """Other people."""

    name = "names"
    title = "Other names"
    help = "Each given name of a shipped list gives way to another one of the list, the same one for the same name."

    def changed(self, text: str, chance: random.Random) -> str:
        known = given_names()
        found = [
            word for word in words_of(text) if _title(word.group()) in _known() and word.group()[0].isupper()
        ]
        swapped: dict[str, str] = {}
        for word in found:
            name = _title(word.group())
            if name not in swapped:
                swapped[name] = chance.choice([other for other in chance.sample(known, 3) if other != name])
        return replaced(text, [(*w.span(), in_case_of(w.group(), swapped[_title(w.group())])) for w in found])


class Punctuation(Perturbation):
    """Marks."""

    name = "punctuation"
    title = "Punctuation"
    help = "All marks are taken away, or the end of the text becomes “.”, “!”, “...” or nothing."

    def changed(self, text: str, chance: random.Random) -> str:
        bare = re.sub(r" {2,}", " ", _MARKS.sub(" ", text)).strip()
        ends = [_END.sub(end, text, count=1) for end in (".", "!", "...", "")]
        others = [made for made in dict.fromkeys((bare, *ends)) if made != text and made.strip()]
        return chance.choice(others) if others else text


class Synonyms(Perturbation):
    """Other words."""

    name = "synonyms"
    title = "Synonyms"
    help = "One English word in ten, one at least, is replaced by a synonym of a shipped list."

    def changed(self, text: str, chance: random.Random) -> str:
        return AugmentSynonyms().changed(text, chance)


#: Every set, in the order in which they are shown.
PERTURBATIONS: tuple[Perturbation, ...] = (Typos(), Case(), Punctuation(), Names(), Synonyms(), Negation())


def _capitalised(word: re.Match[str]) -> str:
    return word.group()[:1].upper() + word.group()[1:].lower()


def _affirmed(found: re.Match[str]) -> str:
    """What is left of a verb without its "not"."""
    if found["will"]:
        return in_case_of(found["will"], "will")
    if found["can"]:
        return in_case_of(found["can"], "can")
    return found["whole"] or found["verb"] or found["before"]


def _title(word: str) -> str:
    """A word as the list of names writes it: SARAH as Sarah; McKenzie stays."""
    return word.title() if word.isupper() and len(word) > 1 else word


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(given_names())
