"""Writing an answer token by token, each with its probability, so that it can be shown as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.run.generation import GenerationSettings
from workbench.run.problem import bad_input
from workbench.run.results import Generated, GeneratedToken


def generate(
    loaded: LoadedModel | LiveModel,
    prompt: str,
    settings: GenerationSettings,
    say: Callable[[GeneratedToken], object] = lambda token: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Generated, ...]:
    """Answers to a prompt.

    Args:
        loaded: A language model.
        prompt: What it continues, or the turn that it answers when it has a chat template.
        settings: How tokens are drawn.
        say: Receives each token as it comes.
        cancelled: Asked before each token; True ends the answer, which keeps what it has.

    Raises:
        WorkbenchError: When the model is no language model, or the prompt is empty.
    """
    if loaded.head != "causal-lm":
        raise bad_input(
            f"{loaded.name} cannot write.",
            "It is not a language model.",
            "Choose smollm2, or a run of the task language model.",
        )
    ids = prompt_ids(loaded, prompt, settings)
    answers = []
    for number in range(settings.answers):
        answers.append(_answer(loaded, ids, settings, number, say, cancelled))
        if cancelled():
            break
    return tuple(answers)


def prompt_ids(loaded: LoadedModel | LiveModel, prompt: str, settings: GenerationSettings) -> list[int]:
    """The prompt's token ids, as `whole_prompt_ids`; the beginning of a prompt that leaves no room for an answer is
    cut off."""
    ids = whole_prompt_ids(loaded, prompt, chat=settings.chat)
    limit = fitting_length(10**9, loaded.model)
    room = max(1, limit - min(settings.max_new_tokens, limit // 2))
    return ids[-room:]


def whole_prompt_ids(loaded: LoadedModel | LiveModel, prompt: str, *, chat: bool) -> list[int]:
    """The prompt's token ids, through the chat template where there is one and it is wanted."""
    tokenizer = loaded.tokenizer
    if not prompt.strip():
        raise bad_input("The prompt is empty.", "", "Write something that the model can answer or continue.")
    if chat and tokenizer.chat_template:
        turns = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])
    return list(tokenizer(prompt)["input_ids"])


def _answer(
    loaded: LoadedModel | LiveModel,
    ids: list[int],
    settings: GenerationSettings,
    number: int,
    say: Callable[[GeneratedToken], object],
    cancelled: Callable[[], bool],
) -> Generated:
    began = time.perf_counter()
    # A generator of its own: an answer is the same whatever was drawn before, and training is not disturbed.
    chance = torch.Generator(device="cpu").manual_seed(settings.seed + number)
    written: list[int] = []
    probabilities: list[float] = []
    stream = TextStream(loaded.tokenizer)
    stopped_by = "length"
    limit = fitting_length(10**9, loaded.model)
    tokens = token_stream(loaded, ids, settings, chance)
    with untouched(loaded.model):
        for token, probability in tokens:
            if token in end_tokens(loaded):
                stopped_by = "end"
                break
            written.append(token)
            probabilities.append(probability)
            say(GeneratedToken(token, stream.add(token), probability, number))
            if cancelled():
                stopped_by = "person"
                break
            if len(written) >= settings.max_new_tokens or len(ids) + len(written) >= limit:
                break
    text = loaded.tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return Generated(text, tuple(written), tuple(probabilities), time.perf_counter() - began, stopped_by)


def token_stream(
    loaded: LoadedModel | LiveModel, ids: list[int], settings: GenerationSettings, chance: torch.Generator
) -> Iterator[tuple[int, float]]:
    """Endless (token, probability) pairs; the probability is that of the distribution which was drawn from,
    i.e. the softmax of the step's logits after the processors."""
    processors = _processors(settings)
    sequence: Any = torch.tensor([ids], device=loaded.device)  # transformers wants its own LongTensor alias
    fresh, cache = sequence, None
    while True:
        output = loaded.model(input_ids=fresh, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = output.past_key_values
        logits = processors(sequence, output.logits[:, -1, :].float())
        distribution = torch.softmax(logits, dim=-1)[0]
        if settings.temperature == 0:
            token = int(logits[0].argmax())
        else:
            token = int(torch.multinomial(distribution.cpu(), 1, generator=chance))
        yield token, float(distribution[token])
        fresh = torch.tensor([[token]], device=loaded.device)
        sequence = torch.cat([sequence, fresh], dim=1)


def _processors(settings: GenerationSettings) -> LogitsProcessorList:
    """Transformers' own processors in `generate`'s order, so that the two agree."""
    found = LogitsProcessorList()
    if settings.repetition_penalty != 1.0:
        found.append(RepetitionPenaltyLogitsProcessor(penalty=settings.repetition_penalty))
    if settings.temperature > 0:
        if settings.temperature != 1.0:
            found.append(TemperatureLogitsWarper(settings.temperature))
        if settings.top_k > 0:
            found.append(TopKLogitsWarper(top_k=settings.top_k))
        if settings.top_p < 1.0:
            found.append(TopPLogitsWarper(top_p=settings.top_p))
    return found


def end_tokens(loaded: LoadedModel | LiveModel) -> frozenset[int]:
    """The ids after which an answer is over."""
    config: Any = getattr(loaded.model, "generation_config", None)
    ends = getattr(config, "eos_token_id", None)
    found = set(ends if isinstance(ends, list) else [] if ends is None else [ends])
    if loaded.tokenizer.eos_token_id is not None:
        found.add(loaded.tokenizer.eos_token_id)
    return frozenset(int(token) for token in found)


class TextStream:
    """Turns tokens into pieces of text; a character that spans several tokens appears with its last one."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        self._shown = 0

    def add(self, token: int) -> str:
        """The text that this token adds; empty while a character is incomplete."""
        self._tokens.append(token)
        text = self._tokenizer.decode(
            self._tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        if text.endswith("�"):
            return ""
        piece = text[self._shown :]
        self._shown = len(text)
        # Decoding from the last line break on keeps the cost of a long answer linear.
        if piece.endswith("\n"):
            self._tokens, self._shown = [], 0
        return str(piece)
