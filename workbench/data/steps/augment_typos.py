"""The step that adds copies with slips of the keyboard."""

from __future__ import annotations

import random

from workbench.data.augmentation import Augmentation, in_case_of, replaced, words_of

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
#: Shorter words are seldom mistyped, and would not be known again.
_SHORTEST = 4


def _neighbours() -> dict[str, str]:
    """Each letter's neighbours on a QWERTY keyboard, whose rows are shifted by about half a key."""
    found: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for place, letter in enumerate(row):
            near = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            if number:
                near += _ROWS[number - 1][place : place + 2]
            if number + 1 < len(_ROWS):
                near += _ROWS[number + 1][max(0, place - 1) : place + 1]
            found[letter] = near
    return found


NEIGHBOURS = _neighbours()


class AugmentTypos(Augmentation):
    """Mistypes words by chance: a neighbouring key, a doubled letter, a missing letter, two letters swapped."""

    kind = "augment-typos"
    title = "Copies with typing errors"
    help = "Adds copies of rows with slips of a QWERTY keyboard, as people make them."

    def changed(self, text: str, chance: random.Random) -> str:
        words = [word for word in words_of(text) if len(word.group()) >= _SHORTEST and word.group().isascii()]
        if not words:
            return text
        chosen = chance.sample(words, self.how_many(len(words)))
        return replaced(text, [(*word.span(), mistyped(word.group(), chance)) for word in chosen])


def mistyped(word: str, chance: random.Random) -> str:
    """The word with one slip, never in its first letter; the word itself where no letter offers one."""
    places = [i for i in range(1, len(word)) if word[i].lower() in NEIGHBOURS]
    if not places:
        return word
    place = chance.choice(places)
    letter = word[place]
    slip = chance.randrange(4)
    if slip == 0:
        return (
            word[:place] + in_case_of(letter, chance.choice(NEIGHBOURS[letter.lower()])) + word[place + 1 :]
        )
    if slip == 1:
        return word[:place] + letter + word[place:]
    if slip == 2 or place + 1 == len(word) or word[place + 1] == letter:
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place + 1] + letter + word[place + 2 :]
