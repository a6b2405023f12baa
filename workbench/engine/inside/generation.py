"""Reading attention while a language model writes: one row per new token, layer and head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.attention import eager
from workbench.engine.generation import end_tokens, prompt_ids, require_writer, whole_prompt_ids
from workbench.engine.inside.capture import unreadable
from workbench.engine.inside.reading import side_of
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.reader import is_two_sided, start_token
from workbench.run.generation import GenerationSettings
from workbench.run.inside.generation import MOST_STEPS, STEPS, WrittenRows
from workbench.run.problem import bad_input

#: Rows that would take more bytes than the first are kept in half precision, than the second not at all.
_LARGE, _MOST = 64 << 20, 1 << 30


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
    """Continue a text greedily with the cache of keys and values, and read one row of attention in each step.

    The prompt without its last token is read as the model reads it anyway; from its last token on, each token is
    read alone and with eager attention, which gives the row of one query over all cached keys.

    Args:
        loaded: A language model.
        prompt: What it continues, or the turn that it answers.
        steps: At most so many new tokens.
        chat: Whether to wrap the prompt as a turn of a chat, where the model has a template.
        check: Called before each step; may raise.
        say: Receives what there is after each step. Its arrays are parts of those that grow, and cost nothing.
        hurried: Asked before each step; True ends the answer, which keeps what it has.

    Raises:
        WorkbenchError: When the model is no language model, the prompt is empty, or no attention can be read.
    """
    if loaded.head == "seq2seq":
        raise bad_input(
            "Answers of a model with an encoder and a decoder are read elsewhere.",
            f"{loaded.name} reads the text with one part and writes with another, so that each step has two rows.",
            "Choose its decoder, or the decoder's look at the encoder, in the Heads view; or choose a language model.",
        )
    if loaded.head != "causal-lm":
        raise bad_input(
            f"{loaded.name} cannot write.",
            "It is not a language model.",
            "Choose smollm2, or a run of the task language model.",
        )
    steps = max(1, min(steps, MOST_STEPS))
    settings = GenerationSettings(temperature=0.0, max_new_tokens=steps, chat=chat)
    ids = prompt_ids(loaded, prompt, settings)
    whole = whole_prompt_ids(loaded, prompt, chat=chat)
    if not ids:
        raise bad_input(
            "There is no text to continue.", "The tokenizer leaves nothing of it.", "Type a sentence."
        )
    room = fitting_length(10**9, loaded.model) - len(ids)
    growing = _Growing(loaded, ids, max(1, min(steps, room)))
    if len(whole) > len(ids):
        growing.note = f"Only the last {len(ids)} of {len(whole)} tokens of the prompt were read."
    ends = end_tokens(loaded)
    with untouched(loaded.model):
        check()
        cache = _read(loaded, ids[:-1]) if len(ids) > 1 else None
        with eager(loaded.model):
            for row, token, probability in _steps(loaded, ids[-1], cache):
                growing.add(row, token, probability)
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
            growing = _Growing(loaded, [*prompt], 1)
            rows, distribution = _cross_row(loaded, prompt, seen)
        else:
            read = [*prompt, *seen]
            growing = _Growing(loaded, read, 1)
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


def _read(loaded: LoadedModel | LiveModel, ids: list[int]) -> Any:
    """The cache after some tokens, with the attention that the model uses anyway: no map of them is made."""
    read: Any = torch.tensor([ids], device=loaded.device)
    output = loaded.model(input_ids=read, use_cache=True, logits_to_keep=1)
    cache = getattr(output, "past_key_values", None)
    if cache is None:
        raise unreadable(loaded.model)
    return cache


def _steps(
    loaded: LoadedModel | LiveModel, token: int, cache: Any
) -> Iterator[tuple[list[torch.Tensor], int, float]]:
    """From this token on, endless (rows of each layer (heads, k), next token, its probability); in `eager`."""
    while True:
        rows, distribution, cache = _step(loaded, token, cache)
        token = int(distribution.argmax())
        yield rows, token, float(distribution[token])


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


@dataclass(slots=True)
class _Growing:
    """Rows that are being collected, in arrays that have room for all steps."""

    loaded: LoadedModel | LiveModel
    ids: list[int]
    room: int
    note: str = ""
    prompt: int = 0
    names: list[str] = field(default_factory=list)
    special: list[bool] = field(default_factory=list)
    weights: NDArray[Any] | None = None
    first: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    probabilities: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prompt, ids, self.ids = len(self.ids), self.ids, []
        self._take(ids)

    @property
    def full(self) -> bool:
        """Whether there is no room for another step."""
        return len(self.probabilities) == self.room

    def add(self, rows: list[torch.Tensor], token: int, probability: float) -> None:
        """Take the rows of a step, (heads, k) of each layer, and the token that it wrote."""
        if self.weights is None:
            self._make_room(rows)
        assert self.weights is not None
        step, total = len(self.probabilities), len(self.ids)
        for layer, row in enumerate(rows):
            # A sliding window keeps the newest keys only; what is before them was not seen.
            start = total - row.shape[1]
            if start < 0:
                raise unreadable(self.loaded.model, tuple(row.shape))
            self.weights[step, layer, :, start:total] = row.float().cpu().numpy()
            self.first[step, layer] = start
        self._take([token])
        self.probabilities.append(probability)

    def _take(self, ids: list[int]) -> None:
        side = side_of(self.loaded.tokenizer, ids)
        self.ids += ids
        self.names += side.tokens
        self.special += side.special.tolist()

    def _make_room(self, rows: list[torch.Tensor]) -> None:
        if any(len(row) != len(rows[0]) for row in rows):
            raise unreadable(self.loaded.model)
        shape = (self.room, len(rows), len(rows[0]), self.prompt + self.room - 1)
        size = 4 * int(np.prod(shape))
        if size > _MOST:
            raise bad_input(
                "This text is too long for a row of every head in every step.",
                f"They would take {size / 2**30:.1f} GiB.",
                "Shorten the text, or have fewer tokens written.",
            )
        self.weights = np.zeros(shape, np.float16 if size > _LARGE else np.float32)
        self.first = np.zeros(shape[:2], np.int64)

    def so_far(self, stopped_by: str = "") -> WrittenRows:
        """What there is. The arrays are parts of the growing ones: what they show does not change any more."""
        assert self.weights is not None
        steps = len(self.probabilities)
        probabilities, special = np.array(self.probabilities), np.array(self.special)
        weights, first = self.weights[:steps], self.first[:steps]
        for array in (weights, first, probabilities, special):
            array.flags.writeable = False
        return WrittenRows(
            model=self.loaded.name,
            tokens=tuple(self.names),
            special=special,
            prompt=self.prompt,
            weights=weights,
            first=first,
            probabilities=probabilities,
            stopped_by=stopped_by,
            template=bool(self.loaded.tokenizer.chat_template),
            step=self.loaded.step,
            note=self.note,
        )
