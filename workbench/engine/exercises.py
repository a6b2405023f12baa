"""One language model measured on rows with expected answers: what it says, how probable the right answer is to it, and
whether it knows rows by heart."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.data.chat import Message
from workbench.data.conversations import Conversation
from workbench.data.exercises import Exercise
from workbench.data.suggest import counted
from workbench.engine.answers import answer_many
from workbench.engine.chat_template import TemplateError, give_template, marked, refuse
from workbench.engine.likelihood import Read, log_likelihoods
from workbench.engine.live import LiveModel
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.reader import is_two_sided
from workbench.run.evaluation import (
    Answer,
    EvaluationSettings,
    Judge,
    ModelScores,
    Progress,
    Recital,
    Recited,
    Share,
)

#: Of a row's rest, so many tokens are compared at most, and it must have so many at least.
LONGEST, SHORTEST = 64, 4


@dataclass(frozen=True, slots=True)
class Asked:
    """The same for every model: the rows that are asked and those that it is tried whether it recites.

    Attributes:
        rows: Held-out rows.
        recited: As many held-out rows again as there are training rows; may be empty.
        training: Training rows; may be empty.
        judge: Says whether an answer is right.
        settings: How they are measured.
        system: The system prompt of conversations that have none; empty for none.
        prefix: For encoder-decoders, what stands before each source text.
    """

    rows: Sequence[Exercise]
    recited: Sequence[Exercise]
    training: Sequence[Exercise]
    judge: Judge
    settings: EvaluationSettings
    system: str = ""
    prefix: str = ""


class _Posed(NamedTuple):
    """A conversation as a model reads it: what stands before its last answer, and all of it; of an encoder-decoder the
    source and the target."""

    prompt: list[int]
    answer: NDArray[np.int32]
    read: Read


def measure_model(
    loaded: LoadedModel | LiveModel,
    asked: Asked,
    *,
    check: Callable[[], object] = lambda: None,
    say: Callable[[Progress], object] = lambda progress: None,
) -> tuple[ModelScores, tuple[Answer, ...]]:
    """What a model makes of the rows: its figures, and its answer to each row.

    Args:
        loaded: A language model.
        asked: The rows, and how they are measured.
        check: Called before each token and portion; may raise to end it.
        say: Hears how far it is.

    Raises:
        WorkbenchError: When the model's chat template cannot write a row.
    """
    poser = _Poser(loaded, asked)
    posed = [poser.pose(row.conversation) for row in asked.rows]
    reads = [one.read for one in posed]

    def hears(words: str, of: int) -> Callable[[int], object]:
        say(Progress(words, 0, of))
        return lambda done: say(Progress(words, done, of))

    likely = log_likelihoods(
        loaded, reads, check=check, done=hears("How probable the right answers are", len(reads))
    )
    tokens = sum(int(read.counts.sum()) for read in reads)
    loss = -math.fsum(likely) / tokens if tokens else math.nan
    figures: dict[str, Any] = {}
    if asked.rows and asked.rows[0].choices:
        answers, more = _chosen(loaded, asked.rows, poser, check, hears)
        figures |= more
    else:
        began = time.perf_counter()
        rooms = [asked.settings.max_new_tokens] * len(posed)
        written = answer_many(
            loaded, [one.prompt for one in posed], rooms, batch_size=asked.settings.batch_size,
            check=check, done=hears("Answering", len(posed)),
        )  # fmt: skip
        figures |= {"seconds": time.perf_counter() - began, "written": sum(map(len, written))}
        texts = [str(loaded.tokenizer.decode(ids, skip_special_tokens=True)).strip() for ids in written]
        answers, more = _judged(texts, asked)
        figures |= more
    if asked.training and not is_two_sided(loaded):
        sides = []
        for rows, words in (
            (asked.training, "Reciting training rows"),
            (asked.recited, "Reciting held-out rows"),
        ):
            told = hears(words, len(rows))
            sides.append(_recited(loaded, [poser.pose(row.conversation) for row in rows], asked, check, told))
        figures["recital"] = Recital(*sides)
    return ModelScores(loaded.name, loss, tokens, **figures, note=poser.note), answers


def likely_answers(
    loaded: LoadedModel | LiveModel,
    rows: Sequence[Exercise],
    *,
    system: str = "",
    prefix: str = "",
    check: Callable[[], object] = lambda: None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How improbable the expected answers are to a model: their negative log-likelihoods in nats, and how many tokens
    each of them has; both of shape (rows,).

    Args:
        loaded: A language model.
        rows: The rows.
        system: The system prompt of conversations that have none; empty for none.
        prefix: For encoder-decoders, what stands before each source text.
        check: Called before each portion; may raise to end it.

    Raises:
        WorkbenchError: When the model's chat template cannot write a row.
    """
    settings = EvaluationSettings(max_new_tokens=1)
    poser = _Poser(loaded, Asked(rows, (), (), Judge.of([], ""), settings, system, prefix))
    reads = [poser.pose(row.conversation).read for row in rows]
    counts = np.array([int(read.counts.sum()) for read in reads], dtype=np.int64)
    return -log_likelihoods(loaded, reads, check=check), counts


class _Poser:
    """Writes conversations for one model, and keeps what there is to say of that."""

    def __init__(self, loaded: LoadedModel | LiveModel, asked: Asked) -> None:
        self._loaded, self._asked = loaded, asked
        self._limit = fitting_length(10**9, loaded.model)
        self._two_sided = is_two_sided(loaded)
        self._tokenizer = loaded.tokenizer
        self._told: list[str] = []
        self._cut = 0
        if not self._two_sided and not loaded.tokenizer.chat_template:
            self._tokenizer = copy.deepcopy(loaded.tokenizer)
            give_template(self._tokenizer, "plain")
            self._told.append("The model brings no chat template: it is asked with “User:” and “Assistant:”.")

    @property
    def note(self) -> str:
        """What a person should know."""
        cut = [f"Too long for the model, and cut: {counted(self._cut, 'row')}."] if self._cut else []
        return " ".join([*self._told, *cut])

    def pose(self, conversation: Conversation) -> _Posed:
        """A conversation as the model reads it."""
        return self._source_and_target(conversation) if self._two_sided else self._turns(conversation)

    def _turns(self, conversation: Conversation) -> _Posed:
        try:
            ids, counts = marked(self._tokenizer, conversation, system=self._asked.system)
        except TemplateError as error:
            raise refuse(str(error)) from error
        begins = np.flatnonzero(counts & ~np.concatenate([[False], counts[:-1]]))
        ends = np.flatnonzero(counts)
        first, after = (int(begins[-1]), int(ends[-1]) + 1) if len(begins) else (len(ids), len(ids))
        prompt = ids[:first].tolist()
        room = min(self._asked.settings.max_new_tokens, self._limit // 2)
        if over := max(0, len(prompt) - max(1, self._limit - room)):
            prompt = prompt[over:]
        self._cut += bool(over) or len(ids) > self._limit
        answer = ids[first:after]
        return _Posed(prompt, answer, Read(ids[: self._limit], counts[: self._limit]))

    def _source_and_target(self, conversation: Conversation) -> _Posed:
        tokenizer = self._tokenizer
        question = next((t["content"] for t in reversed(conversation) if t["role"] == "user"), "")
        source = list(tokenizer(self._asked.prefix + question)["input_ids"])
        target = list(tokenizer(text_target=conversation[-1]["content"])["input_ids"])
        end = tokenizer.eos_token_id
        if end is not None and target[-1:] != [end]:
            target.append(end)
        self._cut += max(len(source), len(target)) > self._limit
        ids = np.asarray(target[: self._limit], dtype=np.int32)
        read = Read(ids, np.ones(len(ids), dtype=bool), np.asarray(source[: self._limit], dtype=np.int32))
        return _Posed(source[: self._limit], ids, read)


def _judged(texts: Sequence[str], asked: Asked) -> tuple[tuple[Answer, ...], dict[str, Any]]:
    judge = asked.judge
    wanted = [judge.wanted(row.expected) for row in asked.rows]
    answers = tuple(judge.judged(text, one) for text, one in zip(texts, wanted, strict=True))
    exact = sum(judge.exact(text, one) for text, one in zip(texts, wanted, strict=True))
    figures: dict[str, Any] = {"exact": Share(exact, len(texts))}
    if judge.numeric:
        figures["numeric"] = Share(sum(answer.right for answer in answers), len(texts))
    if judge.pattern:
        figures["form"] = Share(sum(answer.taken is not None for answer in answers), len(texts))
    return answers, figures


def _chosen(
    loaded: LoadedModel | LiveModel,
    rows: Sequence[Exercise],
    poser: _Poser,
    check: Callable[[], object],
    hears: Callable[[str, int], Callable[[int], object]],
) -> tuple[tuple[Answer, ...], dict[str, Any]]:
    """The most probable choice of each row. The end of the answer counts, so that one choice may begin another."""
    reads: list[Read] = []
    for row in rows:
        for choice in row.choices:
            turns: list[Message] = [*row.conversation[:-1], {"role": "assistant", "content": choice}]
            posed = poser.pose(tuple(turns))
            reads.append(posed.read._replace(counts=_last_run(posed.read.counts)))
    likely = log_likelihoods(loaded, reads, check=check, done=hears("Weighing the choices", len(reads)))
    answers, hits, by_length, begin = [], 0, 0, 0
    for row in rows:
        own = likely[begin : begin + len(row.choices)]
        begin += len(row.choices)
        best = int(own.argmax())
        per_letter = own / np.array([max(1, len(choice)) for choice in row.choices])
        hits += best == row.right
        by_length += int(per_letter.argmax()) == row.right
        answers.append(Answer(row.choices[best], row.choices[best], best == row.right))
    return tuple(answers), {
        "choice": Share(hits, len(rows)),
        "choice_by_length": Share(by_length, len(rows)),
    }


def _last_run(counts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only the last run of marks."""
    found = np.flatnonzero(counts & ~np.concatenate([[False], counts[:-1]]))
    return counts & (np.arange(len(counts)) >= (found[-1] if len(found) else 0))


def _recited(
    loaded: LoadedModel | LiveModel,
    posed: Sequence[_Posed],
    asked: Asked,
    check: Callable[[], object],
    done: Callable[[int], object],
) -> Recited:
    """How the model goes on from the beginnings of rows, always taking its most probable token."""
    prompts: list[list[int]] = []
    rests: list[list[int]] = []
    for one in posed:
        given = int(len(one.answer) * asked.settings.begun)
        rest = one.answer[given : given + LONGEST].tolist()
        if len(rest) >= SHORTEST:
            prompts.append([*one.prompt, *one.answer[:given].tolist()])
            rests.append(rest)
    written = answer_many(
        loaded, prompts, [len(rest) for rest in rests], batch_size=asked.settings.batch_size, to_the_end=True,
        check=check, done=done,
    )  # fmt: skip
    same = [_shared(ids, rest) for ids, rest in zip(written, rests, strict=True)]
    whole = sum(count == len(rest) for count, rest in zip(same, rests, strict=True))
    shares = [count / len(rest) for count, rest in zip(same, rests, strict=True)]
    return Recited(Share(whole, len(rests)), math.fsum(shares) / len(shares) if shares else math.nan)


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
