"""Reading attention while a language model writes: one row per new token, layer and head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from workbench.engine.attention import eager
from workbench.engine.generation import end_tokens, prompt_ids, require_writer, whole_prompt_ids
from workbench.engine.inside.capture import unreadable
from workbench.engine.inside.growing import Growing, Rows
from workbench.engine.inside.pair import pair_steps, source_ids
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.reader import is_two_sided, start_token
from workbench.run.generation import GenerationSettings
from workbench.run.inside.generation import MOST_STEPS, STEPS, WrittenRows
from workbench.run.problem import WorkbenchError, bad_input

#: Of each step: rows of the tokens that are written or continued, rows of an encoder's, next token, probability.
_Steps = Iterator[tuple[Rows, Rows | None, int, float]]


def generation_rows(
    loaded: LoadedModel | LiveModel,
    prompt: str,
    steps: int = STEPS,
    *,
    chat: bool = False,
    check: Callable[[], object] = lambda: None,
    say: Callable[[WrittenRows], object] = lambda rows: None,
    hurried: Callable[[], bool] = lambda: False,
) -> WrittenRows:
    """Write greedily with the cache of keys and values, and read one row of attention in each step.

    A language model continues the text: the prompt without its last token is read as the model reads it anyway; from
    its last token on, each token is read alone and with eager attention, which gives the row of one query over all
    cached keys. A model with an encoder and a decoder answers the text: the encoder reads it once, and each step of
    the decoder has two rows.

    Args:
        loaded: A language model, or one with an encoder and a decoder that writes.
        prompt: What it continues or answers.
        steps: At most so many new tokens.
        chat: Whether to wrap the prompt as a turn of a chat, where the model has a template.
        check: Called before each step; may raise.
        say: Receives what there is after each step. Its arrays are parts of those that grow, and cost nothing.
        hurried: Asked before each step; True ends the answer, which keeps what it has.

    Raises:
        WorkbenchError: When the model cannot write, the prompt is empty, or no attention can be read.
    """
    require_writer(loaded)
    steps = max(1, min(steps, MOST_STEPS))
    begin = _answering if loaded.head == "seq2seq" else _continuing
    with untouched(loaded.model):
        check()
        growing, coming = begin(loaded, prompt, steps, chat)
        ends = end_tokens(loaded)
        with eager(loaded.model):
            for rows, crossed, token, probability in coming:
                growing.add(rows, token, probability, crossed)
                over = "end" if token in ends else "length" if growing.full else "person" if hurried() else ""
                if over:
                    return growing.so_far(over)
                say(growing.so_far())
                check()
    raise AssertionError("the steps are endless")


def step_row(loaded: LoadedModel | LiveModel, prompt: Sequence[int], written: Sequence[int]) -> WrittenRows:
    """What the step that wrote the last token of an answer looked at.

    Of an encoder-decoder, what its decoder looked at in the text that its encoder has read.

    Args:
        loaded: A language model.
        prompt: The ids that the answer continues.
        written: The answer's ids up to this token; at least one.

    Raises:
        WorkbenchError: When the model is no language model, or no attention can be read.
    """
    require_writer(loaded)
    seen = [*written[:-1]]
    with untouched(loaded.model):
        if is_two_sided(loaded):
            growing = Growing(loaded, [*prompt], 1)
            rows, distribution = _cross_row(loaded, prompt, seen)
        else:
            read = [*prompt, *seen]
            growing = Growing(loaded, read, 1)
            cache = _read(loaded, read[:-1]) if len(read) > 1 else None
            with eager(loaded.model):
                rows, distribution, _ = _step(loaded, read[-1], cache)
    growing.add(rows, written[-1], float(distribution[written[-1]]))
    return growing.so_far("length")


def _cross_row(
    loaded: LoadedModel | LiveModel, prompt: Sequence[int], seen: Sequence[int]
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """What each layer of a decoder looks at in the encoder's text after these tokens, (heads, keys), and the
    probabilities (vocabulary,) of what follows."""
    ids: Any = torch.tensor([list(prompt)], device=loaded.device)
    own: Any = torch.tensor([[start_token(loaded.model), *seen]], device=loaded.device)
    with eager(loaded.model):
        output = loaded.model(
            input_ids=ids, attention_mask=torch.ones_like(ids), decoder_input_ids=own, output_attentions=True
        )
    found = [layer for layer in (getattr(output, "cross_attentions", None) or ()) if layer is not None]
    if not found:
        raise unreadable(loaded.model)
    return [layer[0, :, -1] for layer in found], torch.softmax(output.logits[0, -1].float(), -1)


def _continuing(
    loaded: LoadedModel | LiveModel, prompt: str, steps: int, chat: bool
) -> tuple[Growing, _Steps]:
    """A language model that has read the prompt but its last token."""
    settings = GenerationSettings(temperature=0.0, max_new_tokens=steps, chat=chat)
    ids = prompt_ids(loaded, prompt, settings)
    whole = whole_prompt_ids(loaded, prompt, chat=chat)
    if not ids:
        raise _nothing()
    room = fitting_length(10**9, loaded.model) - len(ids)
    growing = Growing(loaded, ids, max(1, min(steps, room)))
    if len(whole) > len(ids):
        growing.note = f"Only the last {len(ids)} of {len(whole)} tokens of the prompt were read."
    cache = _read(loaded, ids[:-1]) if len(ids) > 1 else None
    return growing, _steps(loaded, ids[-1], cache)


def _answering(
    loaded: LoadedModel | LiveModel, prompt: str, steps: int, chat: bool
) -> tuple[Growing, _Steps]:
    """A model whose encoder has read the prompt."""
    whole = whole_prompt_ids(loaded, prompt, chat=chat)
    ids = source_ids(loaded, whole)
    if not ids:
        raise _nothing()
    start = start_token(loaded.model)
    room = fitting_length(10**9, loaded.model) - 1
    growing = Growing(loaded, [*ids, start], max(1, min(steps, room)), source=len(ids))
    if len(whole) > len(ids):
        growing.note = f"Only the first {len(ids)} of {len(whole)} tokens of the text were read."
    return growing, pair_steps(loaded, ids, start)


def _nothing() -> WorkbenchError:
    return bad_input(
        "There is no text to continue.", "The tokenizer leaves nothing of it.", "Type a sentence."
    )


def _read(loaded: LoadedModel | LiveModel, ids: list[int]) -> Any:
    """The cache after some tokens, with the attention that the model uses anyway: no map of them is made."""
    read: Any = torch.tensor([ids], device=loaded.device)
    output = loaded.model(input_ids=read, use_cache=True, logits_to_keep=1)
    cache = getattr(output, "past_key_values", None)
    if cache is None:
        raise unreadable(loaded.model)
    return cache


def _steps(loaded: LoadedModel | LiveModel, token: int, cache: Any) -> _Steps:
    """From this token on, endless; for use in `eager`."""
    while True:
        rows, distribution, cache = _step(loaded, token, cache)
        token = int(distribution.argmax())
        yield rows, None, token, float(distribution[token])


def _step(
    loaded: LoadedModel | LiveModel, token: int, cache: Any
) -> tuple[list[torch.Tensor], torch.Tensor, Any]:
    """One token read: the rows of each layer (heads, k), the probabilities (vocabulary,) of the next, the cache."""
    model = loaded.model
    fresh: Any = torch.tensor([[token]], device=loaded.device)
    output = model(
        input_ids=fresh, past_key_values=cache, use_cache=True, output_attentions=True, logits_to_keep=1
    )
    cache = getattr(output, "past_key_values", None)
    rows = [layer for layer in (getattr(output, "attentions", None) or ()) if layer is not None]
    if cache is None or not rows or any(r.ndim != 4 or r.shape[0] != 1 or r.shape[2] != 1 for r in rows):
        raise unreadable(model, tuple(rows[0].shape) if rows else None)
    return [layer[0, :, 0] for layer in rows], torch.softmax(output.logits[0, -1].float(), -1), cache
