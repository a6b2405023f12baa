"""How probable given texts are for a language model: the log-likelihood of marked tokens, many rows at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.engine.output_layer import at_places, scoring_only
from workbench.engine.reader import is_two_sided, start_token
from workbench.engine.task import padded

#: So many tokens go through the model at once, at most, unless one row is longer.
PORTION = 2048


class Read(NamedTuple):
    """A row: its tokens, which of them are measured (bool, of the same length), and for an encoder-decoder what the
    encoder reads. Of a decoder alone, the first token is never measured."""

    ids: NDArray[np.int32]
    counts: NDArray[np.bool_]
    source: NDArray[np.int32] | None = None


def log_likelihoods(
    loaded: LoadedModel | LiveModel,
    rows: Sequence[Read],
    *,
    check: Callable[[], object] = lambda: None,
    done: Callable[[int], object] = lambda count: None,
) -> NDArray[np.float64]:
    """The summed natural log-probability of each row's measured tokens, shape (rows,); 0 where there are none.

    Args:
        loaded: A language model.
        rows: The rows; none longer than the model reads.
        check: Called before each portion; may raise to end it.
        done: Told how many rows are measured, after each portion.
    """
    found = np.zeros(len(rows))
    order = sorted(range(len(rows)), key=lambda row: -_length(rows[row]))
    begin = 0
    with untouched(loaded.model):
        while begin < len(order):
            check()
            size = max(1, PORTION // max(1, _length(rows[order[begin]])))
            places = order[begin : begin + size]
            found[places] = _measured(loaded, [rows[place] for place in places])
            begin += len(places)
            done(begin)
    return found


def _length(row: Read) -> int:
    return max(len(row.ids), 0 if row.source is None else len(row.source))


def _measured(loaded: LoadedModel | LiveModel, rows: Sequence[Read]) -> NDArray[np.float64]:
    ids, _ = padded([row.ids for row in rows], 0)
    counts, _ = padded([row.counts.astype(np.int32) for row in rows], 0)
    two_sided = is_two_sided(loaded)
    if not two_sided:
        counts[:, 0] = 0
    lines, columns = counts.nonzero(as_tuple=True)
    sums = torch.zeros(len(rows), dtype=torch.float64)
    if len(lines):
        wanted = ids[lines, columns].to(loaded.device)
        asked = columns if two_sided else columns - 1
        logits = _logits(loaded, rows, ids, lines, asked)
        each = -torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
        sums.index_add_(0, lines, each.double().cpu())
    result: NDArray[np.float64] = sums.numpy()
    return result


def _logits(
    loaded: LoadedModel | LiveModel, rows: Sequence[Read], ids: Any, lines: Any, columns: Any
) -> torch.Tensor:
    """The logits at these places, float32 of shape (places, vocabulary)."""
    model, device = loaded.model, loaded.device
    if is_two_sided(loaded):
        sources, mask = padded([_source(row) for row in rows], int(loaded.tokenizer.pad_token_id or 0))
        begin = torch.full((len(rows), 1), start_token(model))
        told = torch.cat([begin, ids[:, :-1]], dim=1)
        output = model(
            input_ids=sources.to(device), attention_mask=mask.to(device), decoder_input_ids=told.to(device),
            use_cache=False,
        )  # fmt: skip
        return _at(output.logits, lines, columns)
    # Padding stands on the right, which a causal model never looks at: without a mask it takes its faster kernel.
    places = (lines * ids.shape[1] + columns).to(device)
    with scoring_only(model, places):
        output = model(input_ids=ids.to(device), use_cache=False)
    return at_places(output.logits, places).float()


def _at(logits: torch.Tensor, lines: Any, columns: Any) -> torch.Tensor:
    return logits[lines.to(logits.device), columns.to(logits.device)].float()


def _source(row: Read) -> NDArray[np.int32]:
    assert row.source is not None
    return row.source
