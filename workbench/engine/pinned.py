"""Answering pinned prompts while a model trains: which prompts, when, and one round of answers at a time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import torch

from workbench.engine.generation import generate
from workbench.engine.live import LiveModel, uncompiled
from workbench.engine.task import Goods
from workbench.run.events import Notice
from workbench.run.garbage import collect
from workbench.run.generation import GenerationSettings
from workbench.run.inside.film_pace import Pace
from workbench.run.pinned import Moment, PinnedAnswer, PinnedWriter, read_pinned
from workbench.run.pinned_fields import PinnedSection
from workbench.run.problem import WorkbenchError, explain
from workbench.run.recipe import Recipe
from workbench.run.results import GeneratedToken

#: How many held-out prompts are pinned by themselves, and how many tokens of running text make one.
DEFAULT_PROMPTS, BEGINNING = 2, 16
#: Characters of a held-out prompt that is pinned by itself; a longer one would hide its answer.
LONGEST = 400
#: About how many rounds a whole run has at most where no number of steps is given.
ROUNDS = 60


class Answering:
    """Keeps what a run's model answers. Nothing that goes wrong here ends the run: it answers no more from then on."""

    def __init__(self, recipe: Recipe, goods: Goods, total: int, run: Path) -> None:
        """
        Args:
            recipe: The recipe; its pinned section says what is asked.
            goods: Where prompts are taken from when the recipe pins none.
            total: The run's steps.
            run: The run folder.
        """
        self._recipe, self._goods, self._total, self._run = recipe, goods, total, run
        self._settings: PinnedSection = recipe.pinned
        self._pace = Pace(total, ROUNDS, self._settings.budget)
        self._writer: PinnedWriter | None = None
        self._answered = -1
        self._wanted = False  # the person has just pinned something, and waits

    def begin(self, live: LiveModel, *, resumed: bool, sharded: bool) -> Iterator[Notice]:
        """Choose the prompts; a resumed run goes on with the answers up to its step."""
        if sharded or not _writes(live):
            return
        if not self._settings.on and not (resumed and read_pinned(self._run)):
            return
        with self._careful() as notices:
            self._open(live.step if resumed else -1)
        yield from notices

    def pin(self, prompts: Sequence[str], on: bool, live: LiveModel) -> Iterator[Notice]:
        """What the person pins while the run is in work; no prompts leave those that are pinned."""
        if not _writes(live):
            return
        with self._careful() as notices:
            if self._writer is None:
                self._open(live.step)
            assert self._writer is not None
            self._writer.pin(prompts or self._writer.prompts, on)
            self._wanted = on
        yield from notices

    def due(self, step: int, trained: float, *, measured: bool) -> bool:
        """Whether the prompts are to be answered after this step; arguments as in `Pace.due`."""
        if self._writer is None or not self._writer.on or not self._writer.prompts or step <= self._answered:
            return False
        if self._wanted:
            return True
        if every := self._settings.every:
            return step % every == 0 or step == self._total
        return self._pace.due(step, trained, measured=measured)

    def take(
        self,
        live: LiveModel,
        epoch: float,
        trained: float,
        *,
        measured: bool,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Iterator[Notice]:
        """Let the model as it is now answer; a round that a stop breaks off is not kept.

        Args:
            live: The model in training.
            epoch: How many epochs were done.
            trained: Seconds of training so far.
            measured: Whether the held-out rows were measured after this step.
            stopping: Asked before each token.
        """
        writer = self._writer
        if writer is None:
            return
        began = time.perf_counter()
        with self._careful() as notices, uncompiled(live.model):
            answers = tuple(self._answer(live, prompt, stopping) for prompt in writer.prompts)
            if not stopping():
                spent = self._pace.spent + time.perf_counter() - began
                writer.add(Moment(live.step, epoch, answers, measured, spent, trained))
        self._answered, self._wanted = live.step, False
        self._pace.took(live.step, time.perf_counter() - began)
        yield from notices

    # ---- what

    def _open(self, step: int) -> None:
        prompts = self._settings.prompts or default_prompts(self._goods)
        self._writer = PinnedWriter(self._run, prompts, step)
        if moments := self._writer.moments:
            self._answered = moments[-1].step
            self._pace.go_on(moments[-1].step, moments[-1].spent, len(moments))

    def _answer(self, live: LiveModel, prompt: str, stopping: Callable[[], bool]) -> PinnedAnswer:
        recipe, tokens = self._recipe, list[GeneratedToken]()
        talks = recipe.task.kind in ("chat", "preference")
        settings = GenerationSettings(temperature=0.0, max_new_tokens=self._settings.length, chat=talks)
        # As in training: the system prompt stands at the head of a conversation, the prefix before a source.
        earlier = (("system", recipe.chat.system),) if talks and recipe.chat.system else ()
        asked = recipe.answer.prefix + prompt if recipe.task.kind == "seq2seq" else prompt
        [found] = generate(live, asked, settings, tokens.append, stopping, earlier=earlier)
        return PinnedAnswer(
            prompt, found.text, tuple((token.text, token.probability) for token in tokens), found.stopped_by
        )

    @contextlib.contextmanager
    def _careful(self) -> Iterator[list[Notice]]:
        """Turn whatever goes wrong into one notice, and answer no more."""
        notices: list[Notice] = []
        try:
            yield notices
        except Exception as error:
            self._writer = None
            problem = explain(error)
            said = " ".join(part for part in (problem.title, problem.cause) if part)
            level: Literal["info", "warning"] = "info" if isinstance(error, WorkbenchError) else "warning"
            notices.append(
                Notice(
                    text=f"The pinned prompts are not answered any more: {said} The training goes on.",
                    level=level,
                )
            )
            error.__traceback__ = None  # it holds the tensors that did not fit
            _give_back()


def _writes(live: LiveModel) -> bool:
    return live.head in ("causal-lm", "seq2seq")


def _give_back() -> None:
    """Let go of what a failed answer held, so that the next step finds the memory that it had."""
    collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def default_prompts(goods: Goods) -> tuple[str, ...]:
    """Two held-out prompts, always the same ones: short texts, or the first words of running text; training rows where
    nothing is held out."""
    split = goods.validation if len(goods.validation) else goods.train
    if split.texts:
        texts = [text.strip()[:LONGEST] for text in split.texts]
    else:
        blocks = split.input_ids[:: max(1, len(split) // DEFAULT_PROMPTS)][:DEFAULT_PROMPTS]
        texts = [
            goods.tokenizer.decode(block[:BEGINNING].tolist(), skip_special_tokens=True).strip()
            for block in blocks
        ]
    return tuple(dict.fromkeys(text for text in texts if text))[:DEFAULT_PROMPTS]
