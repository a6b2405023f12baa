"""Filming a training: which sentences, when, and one frame of attention, predictions and losses at a time."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from workbench.engine.attention import attention_maps, readable_tokens
from workbench.engine.live import LiveModel, uncompiled, untouched
from workbench.engine.task import Goods, Split
from workbench.run.events import Notice
from workbench.run.film_fields import FilmSection
from workbench.run.inside.film import FilmWriter, Frame, Probe, Said, levels_of
from workbench.run.inside.film_pace import Pace
from workbench.run.problem import WorkbenchError, explain
from workbench.run.results import AttentionMaps

MAX_TOKENS = 64
#: How many sentences are pinned by themselves, and how long they are best.
DEFAULT_PROBES, GOOD_LENGTH = 3, 14
#: How many likely next tokens are kept of a language model.
NEXT_TOKENS = 5


class Filming:
    """Films one run into its folder. Nothing that goes wrong here ends the run: the film is off from then on."""

    def __init__(
        self, settings: FilmSection, goods: Goods, class_names: tuple[str, ...], total: int, run: Path
    ) -> None:
        """
        Args:
            settings: The recipe's film section.
            goods: Where sentences are taken from when the recipe pins none.
            class_names: The classes; empty for language models.
            total: The run's steps.
            run: The run folder.
        """
        self._settings, self._goods, self._class_names = settings, goods, class_names
        self._run = run
        self._pace = Pace(total, settings.frames, settings.budget)
        self._pinned: list[Probe] = []
        self._writer: FilmWriter | None = None

    def begin(self, live: LiveModel, *, resumed: bool, sharded: bool) -> Iterator[Notice]:
        """Choose the sentences and open the film; a resumed run goes on with the frames up to its step."""
        if not self._settings.on:
            return
        if sharded:
            yield Notice(text="No film of this run: each process has only a part of the model.")
            return
        began = time.perf_counter()
        with self._careful() as notices, uncompiled(live.model):
            self._pinned = self._probes(live)
            if self._pinned:
                self._writer = FilmWriter(self._run, self._pinned, live.step if resumed else -1)
                if frames := self._writer.frames:
                    self._pace.go_on(frames[-1].step, frames[-1].spent, len(frames))
        self._pace.spent += time.perf_counter() - began
        yield from notices

    def due(self, step: int, trained: float, *, measured: bool) -> bool:
        """Whether there is to be a frame after this step.

        Args:
            step: The steps done.
            trained: Seconds of training so far.
            measured: Whether the held-out rows were measured after this step.
        """
        return self._writer is not None and self._pace.due(step, trained, measured=measured)

    def take(self, live: LiveModel, epoch: float, trained: float, *, measured: bool) -> Iterator[Notice]:
        """Add a frame of the model as it is now; arguments as in `due`."""
        writer = self._writer
        if writer is None:
            return
        began = time.perf_counter()
        with self._careful() as notices, uncompiled(live.model):
            found = [self._look(live, probe) for probe in self._pinned]
            shots = [levels_of(maps.weights) for maps, _ in found]
            spent = self._pace.spent + time.perf_counter() - began
            said = tuple(said for _, said in found)
            writer.add(Frame(live.step, epoch, said, measured, spent, trained), shots)
        self._pace.took(live.step, time.perf_counter() - began)
        yield from notices

    # ---- what

    def _probes(self, live: LiveModel) -> list[Probe]:
        wanted = [(text, self._label_of(text)) for text in self._settings.probes]
        probes = []
        for text, label in wanted or default_probes(self._goods, self._class_names):
            maps = attention_maps(live, text, max_tokens=MAX_TOKENS)
            special = tuple(bool(mark) for mark in maps.special)
            probes.append(Probe(text, label, maps.tokens, special, maps.causal))
        return probes

    def _label_of(self, text: str) -> str:
        for split in (self._goods.validation, self._goods.train):
            if split.labels is not None and text in split.texts:
                return self._class_names[int(split.labels[split.texts.index(text)])]
        return ""

    def _look(self, live: LiveModel, probe: Probe) -> tuple[AttentionMaps, Said]:
        maps = attention_maps(live, probe.text, max_tokens=MAX_TOKENS)
        if live.head == "causal-lm":
            return maps, _next_tokens(live, probe.text)
        right = dict(maps.prediction).get(probe.label, math.nan) if probe.label else math.nan
        loss = math.nan if math.isnan(right) else -math.log(max(right, 1e-30))
        return maps, Said(maps.prediction, loss)

    @contextlib.contextmanager
    def _careful(self) -> Iterator[list[Notice]]:
        """Turn whatever goes wrong into one notice, and end the film."""
        notices: list[Notice] = []
        try:
            yield notices
        except Exception as error:
            begun = self._writer is not None and self._writer.frames
            self._writer = None
            problem = explain(error)
            began = "The film of this run ends here" if begun else "No film of this run"
            said = " ".join(part for part in (problem.title, problem.cause) if part)
            level: Literal["info", "warning"] = "info" if isinstance(error, WorkbenchError) else "warning"
            notices.append(Notice(text=f"{began}: {said} The training goes on.", level=level))


def _next_tokens(live: LiveModel, text: str) -> Said:
    """The likeliest tokens after a text, and the mean loss in nats of its own tokens."""
    ids = live.tokenizer(text, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")["input_ids"]
    ids = ids.to(live.device)
    with untouched(live.model):
        logits = live.model(input_ids=ids, use_cache=False).logits[0].float()
    loss = math.nan
    if ids.shape[1] > 1:
        loss = float(torch.nn.functional.cross_entropy(logits[:-1], ids[0, 1:]))
    best = torch.softmax(logits[-1], dim=-1).topk(min(NEXT_TOKENS, logits.shape[-1]))
    names = readable_tokens(live.tokenizer, best.indices.tolist())
    return Said(tuple(zip(names, best.values.tolist(), strict=True)), loss)


def default_probes(goods: Goods, class_names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Short held-out rows as (text, class), of different classes where there are any; always the same ones.

    Training rows where nothing is held out.
    """
    split = goods.validation if len(goods.validation) else goods.train
    labels = None if split.labels is None else split.labels.tolist()
    if labels is None or not split.texts:
        return [(text, "") for text in _beginnings(goods, split)]
    left = np.argsort(np.abs(split.lengths - GOOD_LENGTH), kind="stable").tolist()
    taken = [0] * len(class_names)
    chosen: list[int] = []
    while left and len(chosen) < DEFAULT_PROBES:
        # Of the rows with the rarest class the first one, which has the best length.
        row = min(left, key=lambda i: taken[labels[i]])
        left.remove(row)
        taken[labels[row]] += 1
        chosen.append(row)
    return [(split.texts[i], class_names[labels[i]]) for i in chosen]


def _beginnings(goods: Goods, split: Split) -> list[str]:
    """The first words of some blocks of running text, far from each other."""
    blocks = split.input_ids[:: max(1, len(split) // DEFAULT_PROBES)][:DEFAULT_PROBES]
    texts = [
        goods.tokenizer.decode(block[: GOOD_LENGTH + 6].tolist(), skip_special_tokens=True)
        for block in blocks
    ]
    return list(dict.fromkeys(text.strip() for text in texts if text.strip()))
