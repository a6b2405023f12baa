"""Writing an answer token by token, each with its probability, so that it can be shown as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from workbench.data.chat import Message
from workbench.engine.chat_template import TemplateError, render
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.reader import ChatReader, Reader, is_two_sided, room_for, slides
from workbench.engine.sampling import Chance, chosen, cut_at, held_back, rules
from workbench.run.generation import GenerationSettings
from workbench.run.problem import bad_input
from workbench.run.results import Generated, GeneratedToken

#: Turns of a chat before the prompt: (role, text) pairs; the roles are "system", "user" and "assistant".
Turns = Sequence[tuple[str, str]]


def generate(
    loaded: LoadedModel | LiveModel,
    prompt: str,
    settings: GenerationSettings,
    say: Callable[[GeneratedToken], object] = lambda token: None,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    earlier: Turns = (),
    begun: Sequence[int] = (),
    reuse: bool = False,
) -> tuple[Generated, ...]:
    """Answers to a prompt.

    Args:
        loaded: A language model.
        prompt: What it continues, or the turn that it answers when it has a chat template.
        settings: How tokens are drawn.
        say: Receives each token as it comes.
        cancelled: Asked before each token; True ends the answer, which keeps what it has.
        earlier: The turns of the chat before the prompt.
        begun: Token ids that each answer begins with: it goes on after them. They count as written, so that an answer
            which is begun with its own first tokens goes on as it did.
        reuse: Whether what the model read last need not be read again where the prompt begins as that did: for a
            model whose weights stay as they are.

    Raises:
        WorkbenchError: When the model is no language model, or the prompt is empty.
    """
    require_writer(loaded)
    task = _Task(loaded, settings, *_fitting(loaded, prompt, settings, earlier), tuple(begun))
    if settings.beams > 1:
        from workbench.engine.beams import search

        found = search(loaded, task.ids, settings, task.begun, cancelled)
        return tuple(
            _answer(task, number, iter(tokens), say, lambda: False, over)
            for number, (tokens, over) in enumerate(found)
        )
    answers = []
    for number in range(settings.answers):
        chance = Chance(settings.seed + number, len(begun) if settings.temperature > 0 else 0)
        tokens = token_stream(loaded, task.ids, begun, settings, chance, reuse=reuse)
        answers.append(_answer(task, number, tokens, say, cancelled, "length"))
        if cancelled():
            break
    return tuple(answers)


def require_writer(loaded: LoadedModel | LiveModel) -> None:
    """Refuse a model that is no language model.

    Raises:
        WorkbenchError: Saying which models are.
    """
    if loaded.head not in ("causal-lm", "seq2seq"):
        raise bad_input(
            f"{loaded.name} cannot write.",
            "It is not a language model.",
            "Choose smollm2, or a run of the task language model.",
        )


def prompt_ids(
    loaded: LoadedModel | LiveModel, prompt: str, settings: GenerationSettings, earlier: Turns = ()
) -> list[int]:
    """The prompt's token ids, as `whole_prompt_ids`. What leaves no room for an answer is left out: the oldest turns
    of a chat first, then the beginning of the prompt."""
    return _fitting(loaded, prompt, settings, earlier)[0]


def _fitting(
    loaded: LoadedModel | LiveModel, prompt: str, settings: GenerationSettings, earlier: Turns
) -> tuple[list[int], str]:
    limit = fitting_length(10**9, loaded.model)
    answer = 0 if is_two_sided(loaded) else min(settings.max_new_tokens, limit // 2)
    room = max(1, limit - answer)
    kept = list(earlier)
    ids = whole_prompt_ids(loaded, prompt, chat=settings.chat, earlier=kept)
    while len(ids) > room and (oldest := _oldest(kept)):
        del kept[oldest]
        ids = whole_prompt_ids(loaded, prompt, chat=settings.chat, earlier=kept)
    said, gone = [], len(earlier) - len(kept)
    if gone:
        said.append(
            f"The first {gone} turns of the conversation were left out: the model reads {limit} tokens."
        )
    cut = len(ids) - room
    if cut > 0:
        said.append(
            f"The first {cut} of the prompt's {len(ids)} tokens were left out: the model reads {limit}."
        )
    return ids[max(0, cut) :], " ".join(said)


def _oldest(turns: Turns) -> slice | None:
    """The first question and its answer; what the system says is kept as long as anything is."""
    asked = [number for number, (role, _) in enumerate(turns) if role == "user"]
    if not asked:
        return None
    return slice(asked[0], asked[1] if len(asked) > 1 else len(turns))


def whole_prompt_ids(
    loaded: LoadedModel | LiveModel, prompt: str, *, chat: bool, earlier: Turns = ()
) -> list[int]:
    """The prompt's token ids, through the chat template where there is one and it is wanted; without one, the turns
    follow one another as paragraphs."""
    tokenizer = loaded.tokenizer
    if not prompt.strip():
        raise bad_input("The prompt is empty.", "", "Write something that the model can answer or continue.")
    spoken = [role for role, _ in earlier if role != "system"]
    if spoken and spoken[0] == "assistant":
        raise bad_input(
            "The chat begins with the model's answer.",
            "There is no question before it.",
            "Add a first question.",
        )
    if chat and tokenizer.chat_template:
        return list(tokenizer(_as_chat(tokenizer, prompt, earlier), add_special_tokens=False)["input_ids"])
    ids = list(tokenizer("\n\n".join([*(text for _, text in earlier), prompt]))["input_ids"])
    if not ids:
        raise bad_input(
            "There is nothing to go on from.",
            "The tokenizer leaves nothing of the prompt.",
            "Write some words.",
        )
    return ids


def _as_chat(tokenizer: Any, prompt: str, earlier: Turns) -> str:
    turns: list[Message] = [{"role": role, "content": text} for role, text in (*earlier, ("user", prompt))]
    try:
        return render(tokenizer, turns, asks=True)
    except TemplateError as error:
        raise bad_input(
            "The model's chat template cannot write this prompt.",
            str(error),
            "Turn the setting Chat template off, or choose another model.",
        ) from error


@dataclass(frozen=True, slots=True)
class _Task:
    """What all answers to one prompt share."""

    loaded: LoadedModel | LiveModel
    settings: GenerationSettings
    ids: list[int]
    note: str
    begun: tuple[int, ...]


def _answer(
    task: _Task,
    number: int,
    tokens: Iterator[tuple[int, float]],
    say: Callable[[GeneratedToken], object],
    cancelled: Callable[[], bool],
    stopped_by: str,
) -> Generated:
    """Read tokens until the answer is over; `stopped_by` is what ended it when there are no more."""
    began = time.perf_counter()
    loaded, settings = task.loaded, task.settings
    written, probabilities = list(task.begun), [float("nan")] * len(task.begun)
    text = StoppedText(loaded.tokenizer, settings.stops)
    ends = end_tokens(loaded)
    room = settings.max_new_tokens
    if not slides(loaded):
        room = min(room, room_for(loaded, len(task.ids)))
    text.begin(task.begun)
    with untouched(loaded.model):
        while len(written) < room:
            token, probability = next(tokens, (-1, 0.0))
            if token < 0:
                break
            if token in ends:
                stopped_by = "end"
                break
            written.append(token)
            probabilities.append(probability)
            say(GeneratedToken(token, text.add(token), probability, number))
            if text.stopped:
                stopped_by = "stop"
                break
            if cancelled():
                stopped_by = "person"
                break
    return Generated(
        text.whole(written),
        tuple(written),
        tuple(probabilities),
        time.perf_counter() - began,
        stopped_by,
        task.note,
    )


def token_stream(
    loaded: LoadedModel | LiveModel,
    prompt: Sequence[int],
    begun: Sequence[int],
    settings: GenerationSettings,
    chance: Chance,
    *,
    reuse: bool = False,
) -> Iterator[tuple[int, float]]:
    """Endless (token, probability) pairs; the probability is that of the distribution which was drawn from,
    i.e. the softmax of the step's logits after the processors."""
    processors = rules(settings)
    reader = (ChatReader if reuse else Reader)(loaded, prompt)
    fresh = [*reader.start, *begun]
    sequence: Any = torch.tensor([fresh], device=loaded.device)  # transformers wants its own alias
    while True:
        scores = processors(sequence, reader.next_logits(fresh))
        token, probability = chosen(settings, scores[0], chance)
        yield token, probability
        fresh = [token]
        sequence = torch.cat([sequence, torch.tensor([fresh], device=loaded.device)], dim=1)


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


class StoppedText:
    """An answer's text as it comes, which ends before the first stop text; what may become one is held back."""

    def __init__(self, tokenizer: Any, stops: Sequence[str]) -> None:
        self._tokenizer, self._stops = tokenizer, tuple(stops)
        self._stream = TextStream(tokenizer)
        self._waiting = ""
        self._begun = 0
        self.stopped = False

    def begin(self, tokens: Sequence[int]) -> None:
        """Tokens that are there already; a stop text among them ends nothing."""
        self._begun = sum(len(self._stream.add(token)) for token in tokens)

    def add(self, token: int) -> str:
        """The text that can be shown after this token."""
        self._waiting += self._stream.add(token)
        before = cut_at(self._waiting, self._stops)
        if before is not None:
            self.stopped, self._waiting = True, ""
            return before
        keep = held_back(self._waiting, self._stops)
        shown = self._waiting[: len(self._waiting) - keep]
        self._waiting = self._waiting[len(shown) :]
        return shown

    def whole(self, tokens: Sequence[int]) -> str:
        """All tokens as text."""
        text = self._tokenizer.decode(
            list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        before = cut_at(text[self._begun :], self._stops) if self.stopped else None
        return str(text if before is None else text[: self._begun] + before)
