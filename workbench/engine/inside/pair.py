"""The steps of a model whose decoder writes while it looks at what its encoder has read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from transformers import (
    ForcedBOSTokenLogitsProcessor,
    LogitsProcessorList,
    MinLengthLogitsProcessor,
    MinNewTokensLengthLogitsProcessor,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SuppressTokensLogitsProcessor,
)

from workbench.engine.inside.capture import unreadable
from workbench.engine.inside.growing import Rows
from workbench.engine.live import LiveModel
from workbench.engine.loading import LoadedModel, fitting_length


def source_ids(loaded: LoadedModel | LiveModel, ids: list[int]) -> list[int]:
    """As much of a text as the encoder has positions for; what closes a text stays at its end."""
    most = fitting_length(10**9, loaded.model)
    if len(ids) <= most:
        return ids
    end = ids[-1:] if ids[-1] in loaded.tokenizer.all_special_ids else []
    return ids[: most - len(end)] + end


def pair_steps(
    loaded: LoadedModel | LiveModel, source: list[int], start: int
) -> Iterator[tuple[Rows, Rows, int, float]]:
    """Let the encoder read, now, and give the decoder's steps, endless; for use in `untouched`.

    Args:
        loaded: The model; the steps are for `eager`, which the encoder does not need.
        source: What the encoder reads.
        start: The decoder's first token.

    Returns:
        Of each step: rows of each layer over the k tokens of the answer (heads, k), over the source (heads, m), the
        next token as `generate` chooses it greedily, and its probability among all tokens.

    Raises:
        WorkbenchError: When the model returns no such rows.
    """
    read = torch.tensor([source], device=loaded.device)
    mask = torch.ones_like(read)
    encoded = loaded.model.get_encoder()(input_ids=read, attention_mask=mask)
    first: Any = torch.tensor([[start]], device=loaded.device)
    return _steps(loaded.model, {"encoder_outputs": encoded, "attention_mask": mask}, first)


def _steps(
    model: Any, encoded: dict[str, Any], written: torch.LongTensor
) -> Iterator[tuple[Rows, Rows, int, float]]:
    chosen_by, cache = _processors(model, written.device), None
    while True:
        fresh = {"decoder_input_ids": written[:, -1:], "past_key_values": cache, "use_cache": True}
        output = model(**encoded, **fresh, output_attentions=True)
        cache = getattr(output, "past_key_values", None)
        rows, crossed = (_rows(output, name) for name in ("decoder_attentions", "cross_attentions"))
        if cache is None or not rows or len(rows) != len(crossed):
            raise unreadable(model, tuple(rows[0].shape) if rows else None)
        logits = output.logits[:, -1].float()
        token = int(chosen_by(written, logits.clone())[0].argmax())
        yield rows, crossed, token, float(torch.softmax(logits[0], -1)[token])
        written = torch.cat([written, torch.full_like(written[:, :1], token)], 1)  # type: ignore[assignment]


def _rows(output: Any, name: str) -> Rows:
    """The only row of each layer, (heads, keys)."""
    layers = [layer for layer in (getattr(output, name, None) or ()) if layer is not None]
    if any(layer.ndim != 4 or layer.shape[0] != 1 or layer.shape[2] != 1 for layer in layers):
        return []
    return [layer[0, :, 0] for layer in layers]


def _processors(model: Any, device: torch.device) -> LogitsProcessorList:
    """What the model's own settings say about the choice of tokens, in the order of `generate`.

    Without the forced end at the greatest length: an answer that is cut here is not over.
    """
    config = model.generation_config
    ends = config.eos_token_id
    found = LogitsProcessorList()
    if config.repetition_penalty not in (None, 1.0):
        found.append(RepetitionPenaltyLogitsProcessor(config.repetition_penalty))
    if config.no_repeat_ngram_size:
        found.append(NoRepeatNGramLogitsProcessor(config.no_repeat_ngram_size))
    if config.bad_words_ids:
        found.append(NoBadWordsLogitsProcessor(config.bad_words_ids, ends))
    if config.min_length and ends is not None:
        found.append(MinLengthLogitsProcessor(config.min_length, ends, device))  # type: ignore[arg-type]
    if config.min_new_tokens and ends is not None:
        found.append(MinNewTokensLengthLogitsProcessor(1, config.min_new_tokens, ends, device))  # type: ignore[arg-type]
    if config.forced_bos_token_id is not None:
        found.append(ForcedBOSTokenLogitsProcessor(config.forced_bos_token_id))
    if config.suppress_tokens:
        found.append(SuppressTokensLogitsProcessor(config.suppress_tokens, device))  # type: ignore[arg-type]
    return found
