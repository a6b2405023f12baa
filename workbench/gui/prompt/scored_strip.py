"""A text's tokens, shaded by how surprised a model was, or by what one model foresees better than another."""

from __future__ import annotations

import math

import numpy as np

from workbench.gui.attention.labels import token_name
from workbench.gui.attention.token_strip import TokenStrip, signed
from workbench.gui.probabilities import percent
from workbench.run.inside.perplexity import ScoredText, TokenScores

#: Beyond this share of the tokens, the strongest differences have the same colour.
_CAP = 98


class ScoredStrip(TokenStrip):
    """`show_text` gives it a text under one model or two; `which` is "first", "other" or "gain"."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.found: ScoredText | None = None
        self.which = "first"
        self.top = 1.0

    def show_text(self, found: ScoredText, which: str) -> None:
        """Shade the tokens by a model's surprise, or by the difference between the two."""
        self.found, self.which = found, which
        scores = self.shown
        gain = found.gain
        self.top = 1.0
        if which == "gain" and gain is not None and len(gain) > 1:
            self.top = max(float(np.percentile(np.abs(gain[1:]), _CAP)), 1e-3)
        special = np.zeros(len(scores.tokens), bool)
        special[0] = True  # it has no probability
        self.show_tokens(scores.words, special, np.zeros(len(scores.tokens)))

    @property
    def shown(self) -> TokenScores:
        """Whose tokens these are."""
        assert self.found is not None
        other = self.found.other
        return other if self.which == "other" and other is not None else self.found.first

    def share(self, number: int) -> float:
        """From -1 to 1: the difference as a share of the strongest one; or how improbable the token was."""
        if self.found is None or number == 0:
            return 0.0
        gain = self.found.gain
        if self.which == "gain" and gain is not None:
            return float(np.clip(gain[number] / self.top, -1, 1))
        return 1 - math.exp(float(self.shown.log_probability[number]))

    def words(self, number: int) -> str:
        """What a token says when it is pointed at."""
        name = self.tr("‘{0}’").format(token_name(self.tokens[number]))
        if self.found is None or number == 0:
            return self.tr("{0}: the first token has no probability, for nothing stands before it.").format(
                name
            )
        gain, scores = self.found.gain, self.shown
        if gain is None or self.found.other is None:
            return self.tr("{0}: {1}, number {2} of all; the model was undecided by {3:.1f} bits.").format(
                name, said(scores, number), int(scores.rank[number]), float(scores.entropy[number])
            )
        return self.tr("{0}: {1} for {2}, {3} for {4}: {5} nats.").format(
            name,
            said(self.found.first, number),
            self.found.first.model,
            said(self.found.other, number),
            self.found.other.model,
            signed(f"{gain[number]:.2f}"),
        )


def said(scores: TokenScores, number: int) -> str:
    """A token's probability in words."""
    return percent(math.exp(float(scores.log_probability[number])))
