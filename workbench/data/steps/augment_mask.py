"""The step that adds copies in which a language model has replaced a few words."""

from __future__ import annotations

import random
from collections.abc import Sequence

from workbench.data.augmentation import Augmentation, words_of
from workbench.data.blanks import Blanks
from workbench.data.step import FIELD, Context
from workbench.run.problem import bad_input

#: Texts that go to the model in one call; a stop is noticed in between.
_PORTION = 64


class AugmentMask(Augmentation):
    """Replaces words by others that a masked language model finds likely there."""

    kind = "augment-mask"
    title = "Copies with words of a language model"
    help = (
        "Adds copies of rows in which the chosen model has replaced a few words by what it would say there; that takes "
        "one with a head for masked words, which minilm has not. It may turn a meaning round: look at the preview."
    )

    def changed(self, text: str, chance: random.Random) -> str:
        return text  # One by one would be slow: see below.

    def changed_texts(self, texts: Sequence[str], seeds: Sequence[int], context: Context) -> list[str]:
        if context.replace_words is None:
            raise bad_input(
                f"{self.title}: there is no model that could replace words.",
                "It takes an encoder with a head that fills in masked words, which is not loaded here.",
                "Choose a model with that head, such as BERT or RoBERTa as first published (their config names a class "
                "that ends with ForMaskedLM or ForPreTraining), or take the step out.",
                field=FIELD,
            )
        made: list[str] = []
        for start in range(0, len(texts), _PORTION):
            context.check()
            asked = [
                self._blanks(*one)
                for one in zip(texts[start : start + _PORTION], seeds[start:], strict=False)
            ]
            made += context.replace_words(asked)
        return made

    def _blanks(self, text: str, seed: int) -> Blanks:
        words = [word.span() for word in words_of(text)]
        chosen = random.Random(seed).sample(words, self.how_many(len(words)))
        return Blanks(text, tuple(sorted(chosen)), seed)
