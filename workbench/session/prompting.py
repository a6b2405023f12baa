"""What the Prompt page asks beyond one answer: several models side by side, what else a token could have been, and a
file of prompts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from workbench.run.choices import Choices
from workbench.run.generation import GenerationSettings
from workbench.run.home import Home
from workbench.run.inside.generation import WrittenRows
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.results import Generated, GeneratedToken
from workbench.session.inspection import generate, the_model
from workbench.session.lanes import Desk
from workbench.session.requests import GenerationRequest

#: So many models can be asked side by side.
MOST_MODELS = 4


@dataclass(frozen=True, slots=True)
class SideBySideRequest:
    """The same prompt and seed for several models; each is asked `asked` in the place of its model."""

    models: tuple[str, ...]
    asked: GenerationRequest


@dataclass(frozen=True, slots=True)
class SideToken:
    """A token of one of several models, counted from 0; or what is going on with it, in words."""

    side: int
    said: GeneratedToken | str


@dataclass(frozen=True, slots=True)
class Side:
    """One model's answers, or why there are none."""

    model: str
    answers: tuple[Generated, ...] = ()
    problem: Problem | None = None


def side_by_side(home: Home, request: SideBySideRequest, desk: Desk) -> tuple[Side, ...]:
    """Every model's answers, one model after the other; each token is reported as a `SideToken`.

    A model that cannot answer does not keep the others from it.

    Raises:
        WorkbenchError: When there are too many models.
    """
    if not 1 <= len(request.models) <= MOST_MODELS:
        raise bad_input(
            f"{len(request.models)} models cannot be asked side by side.", "", f"Choose 1 to {MOST_MODELS}."
        )
    sides: list[Side] = []
    for number, model in enumerate(request.models):
        if desk.hurried and sides:
            sides.append(Side(model))
            continue
        try:
            asked = dataclasses.replace(request.asked, model=model)
            sides.append(Side(model, generate(home, asked, _Side(desk, number))))
        except WorkbenchError as error:
            sides.append(Side(model, problem=error.problem))
    return tuple(sides)


class _Side(Desk):
    """A desk whose reports name the model."""

    def __init__(self, desk: Desk, number: int) -> None:
        self._desk, self._number = desk, number
        self.live = desk.live

    @property
    def cancelled(self) -> bool:
        """Whether the asker has lost interest."""
        return self._desk.cancelled

    @property
    def hurried(self) -> bool:
        """Whether the answer is to be brought to an end now."""
        return self._desk.hurried

    def report(self, value: object) -> None:
        """Send a token or words on, with the model's number."""
        if isinstance(value, GeneratedToken | str):
            self._desk.report(SideToken(self._number, value))


@dataclass(frozen=True, slots=True)
class ChoicesRequest:
    """What else could have been written at some of an answer's tokens.

    `asked` is what was asked; `written` the answer's token ids; `first` and `last` limit the tokens that are asked
    about, as a slice does.
    """

    asked: GenerationRequest
    written: tuple[int, ...]
    first: int = 0
    last: int | None = None


def look_at_choices(home: Home, request: ChoicesRequest, desk: Desk) -> Choices:
    """The ten alternatives at each token, before and after the rules of drawing.

    Raises:
        WorkbenchError: When the model is no language model, or no token is asked about.
    """
    from workbench.engine.choices import choices
    from workbench.engine.generation import prompt_ids, require_writer

    asked = request.asked
    written = request.written[: request.last]
    if not written[request.first :]:
        raise bad_input("There is no token to look at.", "", "Choose a token of an answer.")
    loaded = the_model(home, asked.model, desk)
    require_writer(loaded)
    ids = prompt_ids(loaded, asked.prompt, asked.settings, asked.earlier)
    return choices(loaded, ids, written, asked.settings, desk.check, request.first)


def look_at_attention(home: Home, request: ChoicesRequest, desk: Desk) -> WrittenRows:
    """What the step looked at that wrote the first of the tokens that are asked about.

    Raises:
        WorkbenchError: When the model's attention cannot be read, or no token is asked about.
    """
    from workbench.engine.generation import prompt_ids, require_writer
    from workbench.engine.inside.generation import step_row

    asked = request.asked
    written = request.written[: request.first + 1]
    if len(written) <= request.first:
        raise bad_input("There is no token to look at.", "", "Choose a token of an answer.")
    loaded = the_model(home, asked.model, desk)
    require_writer(loaded)
    return step_row(loaded, prompt_ids(loaded, asked.prompt, asked.settings, asked.earlier), written)


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """Every prompt is asked alone; each one's settings are the same, seed included. `first` is the number of the first
    of them, where they are a part of a file."""

    model: str
    prompts: tuple[str, ...]
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    first: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """One row of a batch: its number from 0, and its answers or why there are none."""

    row: int
    answers: tuple[Generated, ...] = ()
    problem: Problem | None = None


def answer_all(home: Home, request: BatchRequest, desk: Desk) -> tuple[Answered, ...]:
    """The answers to all rows in their order; each is reported as it comes. A person who stops keeps those that are
    there."""
    from workbench.engine.generation import generate as write
    from workbench.engine.generation import require_writer

    loaded = the_model(home, request.model, desk)
    require_writer(loaded)
    found: list[Answered] = []
    for number, prompt in enumerate(request.prompts, request.first):
        if desk.hurried:
            break
        try:
            answers = write(loaded, prompt, request.settings, cancelled=lambda: desk.hurried)
            found.append(Answered(number, answers))
        except WorkbenchError as error:
            found.append(Answered(number, problem=error.problem))
        desk.report(found[-1])
    return tuple(found)
