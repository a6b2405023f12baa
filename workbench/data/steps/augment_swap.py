"""The step that adds copies in which neighbouring words have changed places."""

from __future__ import annotations

import random

from workbench.data.augmentation import Augmentation, replaced, words_of


class AugmentSwap(Augmentation):
    """Swaps neighbouring words by chance; what stands between them stays."""

    kind = "augment-swap"
    title = "Copies with words swapped"
    help = "Adds copies of rows in which a few neighbouring words have changed places."

    def changed(self, text: str, chance: random.Random) -> str:
        words = words_of(text)
        order = list(range(len(words)))
        if len(order) < 2:
            return text
        for _ in range(self.how_many(len(order))):
            place = chance.randrange(len(order) - 1)
            order[place], order[place + 1] = order[place + 1], order[place]
        return replaced(
            text, [(*word.span(), words[other].group()) for word, other in zip(words, order, strict=True)]
        )
