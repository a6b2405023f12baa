"""The step that adds copies with a few words replaced by synonyms."""

from __future__ import annotations

import functools
import random
import re
from collections import Counter
from types import MappingProxyType

from workbench.data.augmentation import Augmentation, in_case_of, replaced, words_of
from workbench.data.step import FIELD
from workbench.run.problem import bad_input
from workbench.run.resources import resources_folder

_ARTICLE = re.compile(r"\b([Aa]n?)( +)$")
#: Vowels that are spoken as consonants, and the other way round.
_A_BEFORE = re.compile(r"(?:uni|use|usu|util|eu|one|once)", re.IGNORECASE)
_AN_BEFORE = re.compile(r"(?:hour|honest|honou?r|heir)", re.IGNORECASE)


class AugmentSynonyms(Augmentation):
    """Replaces words by synonyms from a list that comes with the workbench."""

    kind = "augment-synonyms"
    title = "Copies with synonyms"
    help = "Adds copies of rows with a few English words replaced by synonyms from the list that comes with this."

    def changed(self, text: str, chance: random.Random) -> str:
        known = synonyms()
        words = words_of(text)
        chosen = [word for word in words if word.group().lower() in known]
        if not chosen:
            return text
        pieces: list[tuple[int, int, str]] = []
        for word in chance.sample(chosen, min(len(chosen), self.how_many(len(words)))):
            new = in_case_of(word.group(), chance.choice(known[word.group().lower()]))
            pieces.append((*word.span(), new))
            article = _ARTICLE.search(text, max(0, word.start() - 6), word.start())
            if article:
                pieces.append((*article.span(1), in_case_of(article[1][0], _article(new))))
        return replaced(text, pieces)


def _article(word: str) -> str:
    vowel = word[0].lower() in "aeiou"
    return "an" if _AN_BEFORE.match(word) or (vowel and not _A_BEFORE.match(word)) else "a"


@functools.cache
def synonyms() -> MappingProxyType[str, tuple[str, ...]]:
    """What each English word, in small letters, may be replaced by.

    Raises:
        WorkbenchError: When the list is missing.
    """
    path = resources_folder() / "synonyms" / "english.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise bad_input(
            "The list of synonyms is missing.",
            f"The file resources/synonyms/english.txt cannot be read: {error.strerror}.",
            "Get the whole project again, or take the step out.",
            field=FIELD,
        ) from error
    groups = [line.split(", ") for line in lines if line and not line.startswith("#")]
    times = Counter(word for group in groups for word in group)
    # A word of two groups has two meanings, and nothing here can tell them apart.
    return MappingProxyType(
        {
            word: tuple(other for other in group if other != word)
            for group in groups
            for word in group
            if times[word] == 1
        }
    )
