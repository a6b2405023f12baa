"""What makes a training step on the CPU cheaper without changing what is computed, put on a model together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine import fast_attention, fast_dropout
from workbench.engine.fast_attention import FastAttention
from workbench.engine.fast_dropout import FastDropout
from workbench.engine.first_token import FirstTokenLayer, shorten_last_layer
from workbench.engine.vocabulary import ReducedVocabulary, reduce_vocabulary


@dataclass(slots=True)
class Levers:
    """The levers that a model trains with; each is None where it is of no use."""

    vocabulary: ReducedVocabulary | None = None
    first_token: FirstTokenLayer | None = None
    dropout: FastDropout | None = None
    attention: FastAttention | None = None

    def state(self) -> dict[str, torch.Tensor]:
        """What a resumed run needs to go on to the bit."""
        return self.dropout.state() if self.dropout else {}

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        """Put back what `state` returned."""
        if self.dropout and state:
            self.dropout.load_state(state)

    def remove(self) -> None:
        """Make the model what it was, with the weights that it has now."""
        for lever in (self.attention, self.dropout, self.first_token):
            if lever is not None:
                lever.remove()
        if self.vocabulary is not None:
            self.vocabulary.restore()
        self.attention = self.dropout = self.first_token = self.vocabulary = None


def pull_levers(
    model: torch.nn.Module,
    texts: Sequence[NDArray[np.int32]],
    *,
    seed: int,
    pad: int,
    own_rule: bool,
    reads_layers: bool = False,
    processes: int = 1,
) -> Levers:
    """Put on a model what suits it; on a GPU nothing but the shortened last layer.

    Args:
        model: The model on its device, before its optimizer is built and before it is wrapped.
        texts: Token ids of every training row.
        seed: The seed of the dropout masks.
        pad: The padding token.
        own_rule: Whether the optimizer treats each weight by itself and leaves one without a gradient alone, and
            the table of token vectors does not decay; otherwise a reduced table would not be exact.
        reads_layers: Whether a method reads the layers' vectors while training.
        processes: With several, each would need a mask generator of its own in the checkpoint: torch's is taken.
    """
    levers = Levers()
    if own_rule and processes == 1:
        levers.vocabulary = reduce_vocabulary(model, texts, [pad])
    if not reads_layers:
        levers.first_token = shorten_last_layer(model)
    if processes == 1:
        levers.dropout = fast_dropout.install(model, seed)
    levers.attention = fast_attention.install(model, levers.dropout.masks if levers.dropout else None)
    return levers
