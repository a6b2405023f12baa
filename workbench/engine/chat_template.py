"""Conversations through a chat template, with the answers found in what it writes: which tokens are learned."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.data.chat import Message
from workbench.run.problem import bad_input

#: Seconds that a template may take for one conversation; a usual one takes less than a thousandth of it.
SECONDS = 2.0
#: Template lines between two looks at the clock.
_LINES = 500
#: What jinja calls the code of a template that came as a text.
_TEMPLATE_FILE = "<template>"

#: What is written where a model brings no template. An answer ends with the end token, so that ending is learned.
_PLAIN = """\
{% for message in messages %}\
{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}\
{% elif message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\\n' }}\
{% elif message['role'] == 'tool' %}{{ 'Tool: ' + message['content'] + '\\n' }}\
{% else %}{{ 'Assistant: ' + message['content'] }}{{ eos_token }}{{ '\\n' }}{% endif %}\
{% endfor %}\
{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"""


class Marked(NamedTuple):
    """A conversation as the model reads it: token ids, int32, and which of them are learned, bool; shape (tokens,)."""

    ids: NDArray[np.int32]
    counts: NDArray[np.bool_]


class Written(NamedTuple):
    """What a template makes of a conversation, and where its answers stand in it, as (first, after the last)."""

    text: str
    answers: tuple[tuple[int, int], ...]


class TemplateError(ValueError):
    """The template cannot write this conversation; the words say why."""


def plain_template(tokenizer: Any) -> str:
    """The plain template; it begins as the tokenizer itself begins a text."""
    begin = tokenizer.bos_token_id
    begins = begin is not None and begin in tokenizer("a")["input_ids"][:1]
    return ("{{ bos_token }}" if begins else "") + _PLAIN


def give_template(tokenizer: Any, wanted: str) -> str:
    """See to it that the tokenizer has a template, which is then saved with it.

    Args:
        tokenizer: A transformers tokenizer; changed where it gets the plain template.
        wanted: "model" for its own one, if it has any; "plain" for the plain one in any case.

    Returns:
        What there is to tell a person; empty where the model's own template is used.
    """
    own = bool(tokenizer.chat_template)
    if own and wanted == "model":
        return ""
    tokenizer.chat_template = plain_template(tokenizer)
    why = "The model's own template is put aside" if own else "The model brings no chat template"
    told = f"{why}: turns are written as “User:” and “Assistant:”, and this template is saved with the model."
    if not tokenizer.eos_token:
        told += " It has no end token, so that it never learns where an answer ends."
    return told


def written(tokenizer: Any, messages: Sequence[Message]) -> Written:
    """A conversation as the tokenizer's template writes it, and where its answers stand.

    An answer begins where the text ends that asks the model for it, and ends with the token that ends the turn. So it
    is found in any template that writes turns one after the other; where a template writes an earlier turn
    differently from a last one, the answer is looked for by its words.

    Raises:
        TemplateError: When the template refuses the conversation, takes too long, or leaves an answer out.
    """
    turns = _acceptable(tokenizer, messages)
    whole = render(tokenizer, turns)
    answers, after = [], 0
    for number, turn in enumerate(turns):
        if turn["role"] != "assistant":
            continue
        asking = render(tokenizer, turns[:number], asks=True)
        first = len(asking) if whole.startswith(asking) and len(asking) >= after else -1
        if first < 0:
            words = turn["content"].strip()
            first = whole.find(words, max(after, _shared(whole, asking) - len(words)))
            if first < 0:
                raise TemplateError(f"The template leaves out turn {number + 1}, an answer.")
        so_far = whole if number == len(turns) - 1 else render(tokenizer, turns[: number + 1])
        after = _end(tokenizer, whole, so_far, first, turn["content"].strip())
        if after <= first:
            raise TemplateError(
                f"The template leaves out turn {number + 1}, an answer, or hides where it ends."
            )
        answers.append((first, after))
    return Written(whole, tuple(answers))


def marked(tokenizer: Any, messages: Sequence[Message], *, system: str = "") -> Marked:
    """A conversation's tokens, and which of them are learned: those of the answers.

    Args:
        tokenizer: A transformers tokenizer with a template.
        messages: The conversation.
        system: The system prompt where the conversation has none of its own; empty for none.

    Raises:
        TemplateError: As `written`.
    """
    found = written(tokenizer, with_system(messages, system))
    ids, spans = _tokens(tokenizer, found)
    return Marked(ids, _learned(spans, found.answers))


def counted_tokens(
    tokenizer: Any, messages: Sequence[Message], *, system: str = ""
) -> tuple[tuple[str, bool], ...]:
    """The piece of text that each token of a conversation stands for, and whether it is learned; for a preview.

    The pieces together are what the template writes. Of several tokens that make one character, the first has it and
    the others are empty.

    Raises:
        TemplateError: As `written`.
    """
    found = written(tokenizer, with_system(messages, system))
    _, spans = _tokens(tokenizer, found)
    pieces, shown = [], 0
    for after in spans[:, 1].tolist():
        pieces.append(found.text[shown:after])
        shown = max(shown, after)
    return tuple(zip(pieces, _learned(spans, found.answers).tolist(), strict=True))


def with_system(messages: Sequence[Message], system: str) -> list[Message]:
    """The conversation with this system prompt, unless it has one of its own."""
    if not system or (messages and messages[0]["role"] == "system"):
        return list(messages)
    return [{"role": "system", "content": system}, *messages]


def render(tokenizer: Any, messages: Sequence[Message], *, asks: bool = False) -> str:
    """What the template writes; `asks` adds what asks the model for an answer.

    Templates come with models from anywhere: transformers runs them in jinja's sandbox, where they reach no Python
    objects, and here they have `SECONDS`.

    Raises:
        TemplateError: When it fails or takes longer.
    """
    try:
        with _time_limit():
            text = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=asks)
    except TemplateError:
        raise
    except Exception as error:  # a template is a program of its own, and may fail in any way
        words = str(error).strip().splitlines()
        raise TemplateError(f"It says: {words[0] if words else type(error).__name__}") from error
    return str(text)


def refuse(why: str, row: int | None = None) -> Exception:
    """The problem of a template that cannot be used, as a person reads it."""
    where = f" row {row}" if row else " these conversations"
    return bad_input(
        f"The model's chat template cannot write{where}.",
        why,
        "Choose the plain template (Chat template: plain), or another model.",
        field="chat.template",
    )


@contextmanager
def _time_limit() -> Iterator[None]:
    """End a template that does not come to an end. Its lines are counted, which costs a few microseconds a turn; no
    other thread's are."""
    limit, lines = time.monotonic() + SECONDS, 0

    def in_template(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += 1
        if lines % _LINES == 0 and time.monotonic() > limit:
            raise TemplateError(f"It did not come to an end within {SECONDS:g} seconds.")
        return in_template

    def anywhere(frame: Any, event: str, argument: Any) -> Any:
        return in_template if frame.f_code.co_filename == _TEMPLATE_FILE else None

    before = sys.gettrace()
    sys.settrace(anywhere)
    try:
        yield
    finally:
        sys.settrace(before)


def _acceptable(tokenizer: Any, messages: Sequence[Message]) -> list[Message]:
    """The conversation, or, where the template knows no system turn, the one with it at the head of the first
    question."""
    turns = list(messages)
    if len(turns) < 2 or turns[0]["role"] != "system":
        return turns
    try:
        if turns[0]["content"].strip() in render(tokenizer, turns[:2]):
            return turns
    except TemplateError:
        pass
    joined = f"{turns[0]['content']}\n\n{turns[1]['content']}"
    return [{"role": turns[1]["role"], "content": joined}, *turns[2:]]


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    if one.startswith(other):
        return len(other)
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def _end(tokenizer: Any, whole: str, so_far: str, first: int, words: str) -> int:
    """Where an answer ends that begins at `first`; 0 where that cannot be told.

    Args:
        tokenizer: Its special tokens may end an answer.
        whole: The conversation as the template writes it.
        so_far: The conversation up to this answer as the template writes it.
        first: Where the answer begins.
        words: What it says.
    """
    ends = [token for token in tokenizer.all_special_tokens if token]
    place = whole.find(words, first)
    if whole.startswith(so_far):
        after = len(so_far)
    elif place >= 0 and not whole[first:place].strip():  # the last one is closed in another way than this
        after = max(_shared(whole, so_far), place + len(words))
    else:  # an answer that lost its beginning, such as the thoughts before it, once another turn follows
        found = [(at, at + len(end)) for end in ends if (at := whole.find(end, first)) >= 0]
        at, after = min(found, default=(first, 0))
        if not words.endswith(whole[first:at].strip()) or not whole[first:at].strip():
            return 0
    # Blanks behind the end token are not learned: nobody waits for them when the model writes.
    answer = whole[first:after].rstrip()
    return first + len(answer) if any(answer.endswith(end) for end in ends) else after


def _tokens(tokenizer: Any, found: Written) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """A text's token ids, and the characters of each as (first, after the last); shapes (tokens,) and (tokens, 2)."""
    text = found.text
    if getattr(tokenizer, "is_fast", False):
        cut = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        spans = np.asarray(cut["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        return np.asarray(cut["input_ids"], dtype=np.int32), spans
    # A tokenizer that does not say where its tokens are gets the text in pieces.
    ends = sorted({0, len(text), *(place for answer in found.answers for place in answer)})
    ids: list[int] = []
    places: list[tuple[int, int]] = []
    for first, after in pairwise(ends):
        piece = tokenizer(text[first:after], add_special_tokens=False)["input_ids"]
        ids += piece
        places += [(first, after)] * len(piece)
    return np.asarray(ids, dtype=np.int32), np.asarray(places, dtype=np.int64).reshape(-1, 2)


def _learned(spans: NDArray[np.int64], answers: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which tokens begin within an answer."""
    counts = np.zeros(len(spans), dtype=bool)
    for first, after in answers:
        counts |= (spans[:, 0] >= first) & (spans[:, 0] < after)
    counts[:1] = False  # nothing stands before it from which it could be told
    return counts
