"""What a language model looked at while it wrote: one row of attention for each new token, layer and head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: How many new tokens there are unless another number is asked for, and at most.
STEPS, MOST_STEPS = 24, 128


@dataclass(frozen=True, slots=True, eq=False)
class WrittenRows:
    """A text, its continuation, and what each step looked at. All arrays are read-only.

    Step t wrote the token with the number `prompt` + t. Its row belongs to the token before that one, which is the
    last that the model had read; it looks at itself and at earlier tokens.

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

    @property
    def steps(self) -> int:
        """How many tokens were written."""
        return len(self.weights)

    def reads(self, step: int) -> int:
        """How many tokens the model had read before it wrote a step's one: the row covers these."""
        return self.prompt + step

    def row(self, step: int, layer: int | None = None, head: int | None = None) -> NDArray[np.float64]:
        """What a step looked at: one head, the mean of a layer's heads, or the mean of all.

        Returns:
            Shape (reads(step),); sums to 1, except where a model may look at nothing.
        """
        rows = self.weights[step, :, :, : self.reads(step)]
        some = rows if layer is None else rows[layer] if head is None else rows[layer, head]
        found: NDArray[np.float64] = some.reshape(-1, some.shape[-1]).mean(0, dtype=np.float64)
        return found

    def seen(self, step: int, layer: int | None = None) -> NDArray[np.bool_]:
        """Which tokens could be seen: by a layer, or by any. Shape (reads(step),)."""
        first = self.first[step].min() if layer is None else self.first[step, layer]
        found: NDArray[np.bool_] = np.arange(self.reads(step)) >= first
        return found

    def strongest(self, step: int, hidden: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """The largest weight of each head, shape (layers, heads).

        Args:
            step: Which step.
            hidden: bool, at least `reads(step)` long: tokens that do not count.
        """
        rows = self.weights[step, :, :, : self.reads(step)]
        if hidden is not None:
            rows = rows[..., ~hidden[: self.reads(step)]]
        found: NDArray[np.float32] = rows.max(-1, initial=0.0).astype(np.float32)
        return found
