"""The step that adds copies with a few words left out."""

from __future__ import annotations

import random

from workbench.data.augmentation import Augmentation, words_of


class AugmentDelete(Augmentation):
    """Leaves words out by chance; one always stays."""

    kind = "augment-delete"
    title = "Copies with words left out"
    help = "Adds copies of rows with a few words left out by chance, so that no single word decides."

    def changed(self, text: str, chance: random.Random) -> str:
        words = words_of(text)
        if len(words) < 2:
            return text
        gone = sorted(chance.sample(range(len(words)), min(len(words) - 1, self.how_many(len(words)))))
        for place in reversed(gone):
            start, end = words[place].span()
            # One of the two blanks around it goes with it.
            if text[end : end + 1] == " ":
                end += 1
            elif start and text[start - 1] == " ":
                start -= 1
            text = text[:start] + text[end:]
        return text
