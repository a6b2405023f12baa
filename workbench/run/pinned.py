"""What a model answered to pinned prompts while it trained: one file in the run folder that only grows.

    pinned.jsonl    a line of what is pinned whenever that changes, and a line for each round of answers

A torn last line is passed over.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.run.files import write_whole

FILE = "pinned.jsonl"


@dataclass(frozen=True, slots=True)
class PinnedAnswer:
    """An answer to a pinned prompt.

    Attributes:
        prompt: What was asked.
        text: The answer.
        pieces: (text, probability) of each token, in their order.
        stopped_by: As in `Generated`.
    """

    prompt: str
    text: str
    pieces: tuple[tuple[str, float], ...]
    stopped_by: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One round of answers.

    Attributes:
        step: How many steps were done.
        epoch: How many epochs were done.
        answers: One for each prompt that was pinned then.
        measured: Whether the held-out rows were measured at this step too.
        spent: Seconds that answering took so far.
        trained: Seconds that training took so far.
    """

    step: int
    epoch: float
    answers: tuple[PinnedAnswer, ...]
    measured: bool
    spent: float
    trained: float


@dataclass(frozen=True, slots=True)
class Pinned:
    """The whole history of a run.

    Attributes:
        prompts: What is pinned now, or was last.
        on: Whether they are answered, as far as the run knew last.
        moments: All rounds of answers, by step.
    """

    prompts: tuple[str, ...]
    on: bool
    moments: tuple[Moment, ...]

    @property
    def asked(self) -> tuple[str, ...]:
        """Every prompt that was ever answered, those that are pinned now first."""
        ever = (answer.prompt for moment in self.moments for answer in moment.answers)
        answered = list(dict.fromkeys(ever))
        return tuple(sorted(answered, key=lambda prompt: prompt not in self.prompts))

    def of(self, prompt: str) -> list[tuple[Moment, PinnedAnswer]]:
        """The answers to one prompt, each with its moment."""
        return [(m, answer) for m in self.moments for answer in m.answers if answer.prompt == prompt]

    @property
    def cost(self) -> float:
        """The share of the training time that answering took so far."""
        last = self.moments[-1] if self.moments else None
        return last.spent / last.trained if last and last.trained else 0.0

    def cost_words(self) -> str:
        """What answering took, as a sentence."""
        spent = self.moments[-1].spent if self.moments else 0.0
        share = 100 * self.cost
        said = "less than 0.1" if share < 0.05 else f"{share:.1f}"
        return f"Answering took {spent:.1f} s, {said} % of the training time."


def read_pinned(run: Path) -> Pinned | None:
    """What a run answered so far; None where nothing was ever pinned. The run may be trained at the same time."""
    prompts: tuple[str, ...] = ()
    on, moments, found = False, list[Moment](), False
    for line in _lines(run):
        found = True
        if isinstance(line, Moment):
            if not moments or line.step > moments[-1].step:
                moments.append(line)
        else:
            prompts, on = line
    return Pinned(prompts, on, tuple(moments)) if found else None


class PinnedWriter:
    """Adds to a run's history; raises `OSError` when it cannot be written."""

    def __init__(self, run: Path, prompts: Sequence[str], step: int) -> None:
        """Begin, or go on after a step; later answers are dropped, for they come again.

        Args:
            run: The run folder.
            prompts: What the recipe pins; what the person has changed since counts more.
            step: The step from which training goes on; negative for a new run.
        """
        self._path = run / FILE
        before = read_pinned(run) if step >= 0 else None
        self.moments = [m for m in before.moments if m.step <= step] if before else []
        self.prompts, self.on = (before.prompts, before.on) if before else (tuple(prompts), True)
        state = json.dumps(_state(self.prompts, self.on), ensure_ascii=False) + "\n"
        write_whole(self._path, state + "".join(_line(m) for m in self.moments))

    def pin(self, prompts: Sequence[str], on: bool) -> None:
        """Other prompts from now on, or none for the time being."""
        self.prompts, self.on = tuple(prompts), on
        self._append(json.dumps(_state(self.prompts, on), ensure_ascii=False) + "\n")

    def add(self, moment: Moment) -> None:
        """Add a round of answers, of a later step than the ones before."""
        self._append(_line(moment))
        self.moments.append(moment)

    def _append(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line)


def _state(prompts: Sequence[str], on: bool) -> dict[str, Any]:
    return {"pinned": list(prompts), "on": on}


def _line(moment: Moment) -> str:
    plain = dataclasses.asdict(moment)
    for answer in plain["answers"]:
        answer["pieces"] = [[text, round(p, 4)] for text, p in answer["pieces"]]
    return json.dumps(plain, ensure_ascii=False) + "\n"


def _lines(run: Path) -> Iterator[Moment | tuple[tuple[str, ...], bool]]:
    try:
        data = (run / FILE).read_bytes()
    except OSError:
        return
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        with suppress(ValueError, KeyError, TypeError):  # a damaged line, or one of another version
            plain = json.loads(line)
            if "pinned" in plain:
                yield tuple(map(str, plain["pinned"])), bool(plain["on"])
            else:
                yield Moment(answers=tuple(map(_answer, plain.pop("answers"))), **plain)


def _answer(plain: dict[str, Any]) -> PinnedAnswer:
    pieces = tuple((str(text), float(p)) for text, p in plain["pieces"])
    return PinnedAnswer(plain["prompt"], plain["text"], pieces, plain["stopped_by"])
