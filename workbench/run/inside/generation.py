"""What a language model looked at while it wrote: one row of attention for each new token, layer and head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: How many new tokens there are unless another number is asked for, and at most.
STEPS, MOST_STEPS = 24, 128


#: What a decoder looks at: the text that its encoder has read, and what it has written itself.
LOOKS = ("cross", "decoder")


@dataclass(frozen=True, slots=True, eq=False)
class WrittenRows:
    """A text, its continuation, and what each step looked at. All arrays are read-only.

    Step t wrote the token with the number `prompt` + t. Its row belongs to the token before that one, which is the
    last that the model had read; it looks at itself and at earlier tokens.

    In a model with an encoder and a decoder the first `source` tokens are what the encoder has read; then comes the
    token with which an answer begins. Each step has two rows, which sum to 1 each: over the `source` tokens, and
    over what follows them. Where a method takes `look`, it is one of `looks`, and empty for the first of them; tokens
    that belong to the other row weigh 0 and are not seen.

    Attributes:
        model: Which model it was, in words.
        tokens: Prompt and answer as a person reads them.
        special: bool, as long as `tokens`: those that stand for no text.
        prompt: How many of the tokens are the prompt's.
        weights: float32, or float16 where that would be large, shape (steps, layers, heads, keys); keys at least
            as many as there are tokens. 0 where nothing was seen.
        first: int64, shape (steps, layers): the first token that each layer could see; a layer with a sliding
            window sees the newest only.
        probabilities: float64, shape (steps,): of each written token, among all tokens of the vocabulary.
        stopped_by: "end", "length", "person"; empty while it is being written.
        template: Whether the model has a chat template, used or not.
        step: Training step of the model, when it was a live or saved one.
        note: Something the person should know.
        source: How many of the tokens an encoder has read; 0 where there is none.
    """

    model: str
    tokens: tuple[str, ...]
    special: NDArray[np.bool_]
    prompt: int
    weights: NDArray[Any]
    first: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    stopped_by: str = ""
    template: bool = False
    step: int | None = None
    note: str = ""
    source: int = 0

    @property
    def looks(self) -> tuple[str, ...]:
        """The rows that each step has: `LOOKS`, or one of all tokens, "self"."""
        return LOOKS if self.source else ("self",)

    @property
    def steps(self) -> int:
        """How many tokens were written."""
        return len(self.weights)

    def reads(self, step: int) -> int:
        """How many tokens the model had read before it wrote a step's one: the row covers these."""
        return self.prompt + step

    def row(
        self, step: int, layer: int | None = None, head: int | None = None, look: str = ""
    ) -> NDArray[np.float64]:
        """What a step looked at: one head, the mean of a layer's heads, or the mean of all.

        Returns:
            Shape (reads(step),); sums to 1, except where a model may look at nothing.
        """
        rows = self.weights[step, :, :, : self.reads(step)]
        some = rows if layer is None else rows[layer] if head is None else rows[layer, head]
        found: NDArray[np.float64] = some.reshape(-1, some.shape[-1]).mean(0, dtype=np.float64)
        found[~self._of(step, look)] = 0
        return found

    def seen(self, step: int, layer: int | None = None, look: str = "") -> NDArray[np.bool_]:
        """Which tokens could be seen: by a layer, or by any. Shape (reads(step),)."""
        first = self.first[step].min() if layer is None else self.first[step, layer]
        tokens = np.arange(self.reads(step))
        found: NDArray[np.bool_] = ((tokens >= first) | (tokens < self.source)) & self._of(step, look)
        return found

    def strongest(
        self, step: int, hidden: NDArray[np.bool_] | None = None, look: str = ""
    ) -> NDArray[np.float32]:
        """The largest weight of each head, shape (layers, heads).

        Args:
            step: Which step.
            hidden: bool, at least `reads(step)` long: tokens that do not count.
            look: Which row.
        """
        counts = self._of(step, look)
        if hidden is not None:
            counts &= ~hidden[: self.reads(step)]
        rows = self.weights[step, :, :, : self.reads(step)][..., counts]
        found: NDArray[np.float32] = rows.max(-1, initial=0.0).astype(np.float32)
        return found

    def _of(self, step: int, look: str) -> NDArray[np.bool_]:
        """Which tokens a row is about. Shape (reads(step),)."""
        tokens, look = np.arange(self.reads(step)), look or self.looks[0]
        found: NDArray[np.bool_] = tokens < self.source if look == "cross" else tokens >= self.source
        return found
