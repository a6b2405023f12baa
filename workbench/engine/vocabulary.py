"""An input table reduced to the tokens that occur: the same training with a fraction of the weights to update.

Of the 30 522 rows of BERT's table a small data set touches a third. The others get a gradient of zero, which
every step would still write, measure, average and subtract. Here only the rows that occur are trained; the whole
table comes back wherever it is read: in `state_dict` and all that is saved from it, and for any text in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.layers import input_embeddings

#: Above this share of occurring tokens nothing worth the trouble is saved.
WORTHWHILE = 0.8


class ReducedEmbedding(torch.nn.Embedding):
    """Stands in for an embedding: `weight` holds the trained rows alone, shape (kept, width).

    Tokens are looked up by their own numbers, as before. One that is not kept has the row that it had in the
    beginning, without a gradient. The state dict has the whole table under the name and in the shape of before,
    and a whole table can be loaded.
    """

    def __init__(self, original: torch.nn.Embedding, kept: torch.Tensor) -> None:
        super().__init__(len(kept), original.embedding_dim, _weight=original.weight.detach()[kept].clone())
        self.weight.requires_grad_(original.weight.requires_grad)
        self.num_embeddings = original.num_embeddings
        self.train(original.training)
        self._kept = kept
        self._whole = original.weight.detach()
        self._row_of = torch.full((original.num_embeddings,), -1)
        self._row_of[kept] = torch.arange(len(kept))
        if original.padding_idx is not None:
            self.padding_idx = int(self._row_of[original.padding_idx])

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Vectors of tokens: int64 of any shape in, that shape and (width,) out."""
        rows = self._row_of[input]
        unknown = rows < 0
        if not bool(unknown.any()):
            return torch.nn.functional.embedding(rows, self.weight, self.padding_idx)
        vectors = torch.nn.functional.embedding(rows.clamp_(min=0), self.weight, self.padding_idx)
        return torch.where(unknown[..., None], self._whole[input], vectors)

    def whole(self) -> torch.Tensor:
        """The whole table with the trained rows in their places, shape (vocabulary, width); a copy."""
        table = self._whole.clone()
        table[self._kept] = self.weight.detach()
        return table

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        destination[f"{prefix}weight"] = self.whole()

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, metadata: Any, strict: bool, missing: Any, *rest: Any
    ) -> None:
        table = state_dict.get(f"{prefix}weight")
        if table is None:
            missing.append(f"{prefix}weight")
            return
        if table.shape != self._whole.shape:
            raise ValueError(f"{prefix}weight has shape {tuple(table.shape)}, not {tuple(self._whole.shape)}")
        with torch.no_grad():
            self._whole = table.detach().to(self._whole, copy=True)
            self.weight.copy_(self._whole[self._kept])


class ReducedVocabulary:
    """A model whose input table is reduced, until `restore`."""

    def __init__(self, model: Any, original: torch.nn.Embedding, kept: torch.Tensor) -> None:
        self._model, self._original = model, original
        self.table = ReducedEmbedding(original, kept)
        model.set_input_embeddings(self.table)

    @property
    def saved(self) -> int:
        """How many weights need no training."""
        return self._original.weight.numel() - self.table.weight.numel()

    def restore(self) -> None:
        """Put the original module back, holding the trained rows. An optimizer of before knows nothing of it."""
        with torch.no_grad():
            self._original.weight.copy_(self.table.whole())
        self._original.train(self.table.training)
        self._model.set_input_embeddings(self._original)


def reduce_vocabulary(
    model: torch.nn.Module, texts: Iterable[NDArray[np.int32]], keep_ids: Iterable[int] = ()
) -> ReducedVocabulary | None:
    """Reduce a model's input table to the tokens of its training texts, where that changes no result.

    Exact to the bit for rules that treat each weight by itself and leave one without a gradient alone: SGD and
    Adam with their kin, without weight decay on the table (the caller sees to both; Adafactor and 8-bit rules
    are none of these). One thing may differ in its last bit: the norm of all gradients, because it is summed in
    another order; so may then the weights of a run whose gradients are clipped.

    Args:
        model: The model on the CPU, before its optimizer is built. On a GPU nothing is gained.
        texts: Token ids of every training row.
        keep_ids: Further tokens to train, such as the padding's.

    Returns:
        None where the table is frozen, shared with an output layer, not on the CPU, not an ordinary embedding,
        or where most tokens occur.
    """
    table = input_embeddings(model)
    if type(table) is not torch.nn.Embedding or not hasattr(model, "set_input_embeddings"):
        return None
    if table.weight.device.type != "cpu" or not table.weight.requires_grad or table.sparse:
        return None
    if table.max_norm is not None or table.scale_grad_by_freq or _is_shared(model, table):
        return None
    occurs = np.zeros(table.num_embeddings, dtype=bool)
    for row in texts:
        occurs[row] = True
    special = [i for i in (*keep_ids, table.padding_idx) if i is not None and i < len(occurs)]
    occurs[special] = True
    if occurs.mean() > WORTHWHILE:
        return None
    return ReducedVocabulary(model, table, torch.from_numpy(np.flatnonzero(occurs)))


def _is_shared(model: torch.nn.Module, table: torch.nn.Embedding) -> bool:
    """Whether another module uses the same weights: a tied output layer."""
    return any(
        parameter is table.weight
        for module in model.modules()
        if module is not table
        for parameter in module.parameters(recurse=False)
    )
