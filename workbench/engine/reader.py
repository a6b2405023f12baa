"""Reading tokens one after another, with the keys and values of those before kept: alone, or from chat to chat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from workbench.engine.live import LiveModel
from workbench.engine.loading import LoadedModel, fitting_length

#: In the config of a model: it goes on writing when its context is full.
SLIDES = "writes_beyond_its_context"
#: So many tokens are read at once where all their logits are wanted: those of a vocabulary of 50 000 take 25 MB.
PIECE = 128


@dataclass(slots=True)
class _Memory:
    """What a model has read last: the ids, and their keys and values."""

    ids: list[int]
    cache: Any


#: The next turn of a chat begins as the last one did; it goes when its model does.
_memories: WeakKeyDictionary[Any, _Memory] = WeakKeyDictionary()


class Reader:
    """What a model says about what follows, token by token. Only within `untouched`.

    A decoder reads the prompt and goes on; of an encoder-decoder, the encoder reads the prompt, and the decoder begins
    with its start token. A small model that started from nothing forgets the oldest tokens when its context is full
    and goes on, as `window_start` says.

    Attributes:
        start: The ids that stand before the first written token on the side that writes.
    """

    def __init__(self, loaded: LoadedModel | LiveModel, prompt: Sequence[int]) -> None:
        self._model, self._device = loaded.model, loaded.device
        self._given: dict[str, Any] = {}
        self._cache: Any = None
        self._two_sided = is_two_sided(loaded)
        self._window = fitting_length(10**9, loaded.model) if slides(loaded) else 0
        self._seen: list[int] = []
        self._begin = 0
        if self._two_sided:
            ids: Any = torch.tensor([list(prompt)], device=loaded.device)
            mask = torch.ones_like(ids)
            encoded = loaded.model.get_encoder()(input_ids=ids, attention_mask=mask)
            self._given = {"encoder_outputs": encoded, "attention_mask": mask}
            self.start = [start_token(loaded.model)]
        else:
            self.start = list(prompt)

    def next_logits(self, fresh: Sequence[int]) -> torch.Tensor:
        """Read further tokens; the logits of what follows the last one, float32 (1, vocabulary)."""
        few = {} if self._two_sided else {"logits_to_keep": 1}
        if self._window:
            self._seen += fresh
            begin = window_start(len(self._seen), self._window)
            if begin != self._begin:  # places are learned from the window's first token on: it is read anew
                self._begin, self._cache, fresh = begin, None, self._seen[begin:]
        return self._read(fresh, **few)[:, -1, :].float()

    def pieces(
        self, ids: Sequence[int], check: Callable[[], object] = lambda: None
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Read tokens, and give the logits after each of them: in pieces, the place of the first token in each, and
        float32 (m, vocabulary)."""
        if self._window and len(ids) > self._window:
            yield from self._windows(ids, check)
            return
        for begin in range(0, len(ids), PIECE):
            check()
            yield begin, self._read(ids[begin : begin + PIECE])[0].float()

    def _windows(self, ids: Sequence[int], check: Callable[[], object]) -> Iterator[tuple[int, torch.Tensor]]:
        done = 0
        while done < len(ids):
            check()
            begin = window_start(done + 1, self._window)
            self._cache = None
            yield done, self._read(ids[begin : begin + self._window])[0, done - begin :].float()
            done = begin + self._window

    def _read(self, fresh: Sequence[int], **more: Any) -> torch.Tensor:
        name = "decoder_input_ids" if self._two_sided else "input_ids"
        inputs = {name: torch.tensor([list(fresh)], device=self._device)}
        output = self._model(**inputs, **self._given, past_key_values=self._cache, use_cache=True, **more)
        self._cache = output.past_key_values
        logits: torch.Tensor = output.logits
        return logits


class ChatReader(Reader):
    """A reader that reads only what is new since the same model was last read so: the next turn of a chat, or the
    next answer to the same prompt.

    One at a time for each model; and only for a model whose weights stay as they are.
    """

    def __init__(self, loaded: LoadedModel | LiveModel, prompt: Sequence[int]) -> None:
        super().__init__(loaded, prompt)
        self._remembers = isinstance(loaded, LoadedModel) and not (self._two_sided or self._window)
        self._ids: list[int] = []
        #: How many tokens need not be read again.
        self.reused = 0
        if self._remembers:
            self._recall(self.start)

    def _recall(self, ids: Sequence[int]) -> None:
        memory = _memories.pop(self._model, None)
        if memory is None:
            return
        # The last token is read again, for its logits are wanted.
        most = min(len(memory.ids), len(ids) - 1)
        same = next((i for i in range(most) if memory.ids[i] != ids[i]), most)
        if same > 0:
            memory.cache.crop(same - len(memory.ids))
            self._cache, self._ids, self.reused = memory.cache, memory.ids[:same], same

    def next_logits(self, fresh: Sequence[int]) -> torch.Tensor:
        """As `Reader.next_logits`; of the first tokens, those that are known are not read."""
        if self._remembers:
            _memories.pop(self._model, None)  # a failure halfway leaves nothing that could be trusted
            fresh = fresh[len(self._ids) :] if len(self._ids) == self.reused else fresh
        logits = super().next_logits(fresh)
        if self._remembers:
            self._ids += fresh
            if _can_be_cut(self._cache):
                _memories[self._model] = _Memory(self._ids, self._cache)
        return logits


def _can_be_cut(cache: Any) -> bool:
    return type(cache) is DynamicCache and all(type(layer) is DynamicLayer for layer in cache.layers)


def is_two_sided(loaded: LoadedModel | LiveModel) -> bool:
    """Whether the model is an encoder-decoder."""
    return bool(getattr(loaded.model.config, "is_encoder_decoder", False))


def start_token(model: Any) -> int:
    """What the decoder of an encoder-decoder begins with."""
    config = getattr(model, "generation_config", None)
    for value in (getattr(config, "decoder_start_token_id", None), model.config.decoder_start_token_id):
        if value is not None:
            return int(value)
    return int(model.config.pad_token_id or 0)


def slides(loaded: LoadedModel | LiveModel) -> bool:
    """Whether a model writes on when its context is full: those that started from nothing, whose contexts are small."""
    return bool(getattr(loaded.model.config, SLIDES, False))


def window_start(count: int, window: int) -> int:
    """The first of so many tokens that is still read: half of the window is forgotten at a time, so that the others
    are read again only then."""
    half = max(1, window // 2)
    return half * max(0, -((window - count) // half))


def room_for(loaded: LoadedModel | LiveModel, prompt: int) -> int:
    """How many tokens can be written after a prompt of so many tokens."""
    return fitting_length(10**9, loaded.model) - (1 if is_two_sided(loaded) else prompt)
