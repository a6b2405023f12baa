"""Held-out evaluation of language models: a run or model beside others, on the run's own held-out rows or on a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from workbench.data.conversations import Conversation, chat_sides
from workbench.data.exercises import Exercise, exercises
from workbench.data.sources import SourceSide, source_sides
from workbench.data.step import Context
from workbench.run.evaluation import (
    Answer,
    Evaluation,
    EvaluationSettings,
    Judge,
    ModelScores,
    Progress,
    Sample,
)
from workbench.run.files import writing
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection, Recipe
from workbench.run.scratch_fields import NEW_MODELS
from workbench.session.inspection import the_model
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.shelf.datasets import resolve_data
from workbench.shelf.models import resolve_model

T = TypeVar("T")

#: The name that stands for the model that a run started from.
BASE = "base"


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """Measure a model, and others beside it, on the same rows.

    Attributes:
        model: A run, a folder, a short name or a Hub id.
        beside: Others; `BASE` is the one that the run started from.
        data: A file or a shipped data set, all of whose rows are held out; empty for the run's own held-out rows.
        training: A file of training rows, for the memorisation check; empty for those of the run.
        question, answer: The columns of `data` and `training`, where they cannot be told from their names.
        settings: How they are measured.
    """

    model: str
    beside: tuple[str, ...] = ()
    data: str = ""
    training: str = ""
    question: str = ""
    answer: str = ""
    settings: EvaluationSettings = field(default_factory=EvaluationSettings)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What models are measured on, in words and in full."""

    told: str
    held_out: tuple[Exercise, ...]
    training: tuple[Exercise, ...]
    notes: tuple[str, ...]


def evaluate(home: Home, request: EvaluationRequest, desk: Desk) -> Evaluation:
    """The models' figures and answers; `Progress` and texts are reported meanwhile.

    Raises:
        WorkbenchError: When there are no rows to measure with, a model is no language model, or what is named is not
            there.
    """
    from workbench.engine.exercises import Asked, measure_model
    from workbench.engine.generation import require_writer

    desk.report("Reading the rows…")
    run = run_behind(home, request.model)
    recipe = own_recipe(run) if run is not None else None
    found = _rows(home, request, recipe, run, desk)
    settings = request.settings
    rows = spread(found.held_out, settings.rows)
    judge = Judge.of([row.expected for row in rows], settings.pattern)
    training = spread(found.training, settings.recited) if settings.recited else ()
    asked = Asked(
        rows,
        spread(found.held_out, len(training)) if training else (),
        training,
        judge,
        settings,
        settings.system or (recipe.chat.system if recipe is not None else ""),
        recipe.answer.prefix if recipe is not None else "",
    )
    scores: list[ModelScores] = []
    answers: list[tuple[Answer, ...]] = []
    for name in _names(request, recipe):
        desk.check()
        loaded = the_model(home, name, desk)
        require_writer(loaded)

        def say(progress: Progress, name: str = loaded.name) -> None:
            desk.report(Progress(f"{name}: {progress.words}", progress.done, progress.of))

        one, own = measure_model(loaded, asked, check=desk.check, say=say)
        scores.append(one)
        answers.append(own)
    samples = tuple(
        Sample(
            number,
            row.question,
            row.expected,
            judge.wanted(row.expected),
            tuple(own[number] for own in answers),
        )
        for number, row in enumerate(rows)
    )
    return Evaluation(
        found.told, (len(rows), len(found.held_out)), tuple(scores), samples, settings, found.notes
    )


def run_behind(home: Home, model: str) -> RunFolder | None:
    """The run that a model's name stands for, or of which it is a checkpoint; None for any other model."""
    place = resolve_model(model, home)
    for folder in list(place.path.parents)[:3]:
        if (folder / "recipe.toml").is_file():
            return RunFolder(folder)
    return None


def spread(rows: Sequence[T], most: int) -> tuple[T, ...]:
    """At most so many, evenly spaced; all of them for 0."""
    if not most or len(rows) <= most:
        return tuple(rows)
    return tuple(rows[i * len(rows) // most] for i in range(most))


def _names(request: EvaluationRequest, recipe: Recipe | None) -> list[str]:
    if BASE in request.beside and recipe is None:
        raise bad_input(
            f"{request.model} has no base to be compared with.",
            "It is no run of this workbench, whose recipe would name one.",
            "Name the other model.",
        )
    base = recipe.model.source if recipe is not None else ""
    if BASE in request.beside and base.strip() in NEW_MODELS:
        raise bad_input(
            f"{request.model} has no base to be compared with.",
            "It began from nothing.",
            "Name the other model.",
        )
    return [request.model, *(base if name == BASE else name for name in request.beside)]


def _rows(
    home: Home, request: EvaluationRequest, recipe: Recipe | None, run: RunFolder | None, desk: Desk
) -> _Rows:
    context = Context(check=desk.check, cache=home.cache)
    told, notes = "", list[str]()
    held_out: tuple[Exercise, ...] = ()
    training: tuple[Exercise, ...] = ()
    own = run is not None and recipe is not None and _has_answers(recipe)
    if own and (not request.data or (not request.training and request.settings.recited)):
        assert recipe is not None and run is not None
        told = f"the held-out rows of {run.name}"
        training, held_out, notes = _sides(recipe, step_context(recipe, home, desk.check))
    elif not request.data:
        what = (
            "Its task has no answers" if run is not None else "It is no run, which would have held-out rows"
        )
        raise bad_input(
            "It is not said which rows to measure with.",
            f"{what}.",
            "Name a file of questions and answers.",
            field="data",
        )
    if request.data:
        told = Path(request.data).name
        held_out, more = _file(request, request.data, context)
        notes = list(more)
    if request.training:
        training, _ = _file(request, request.training, context)
    if not held_out:
        raise bad_input(
            "There are no rows to measure with.",
            "Nothing was held out.",
            "Name a file of questions and answers.",
        )
    return _Rows(told, held_out, training, tuple(notes))


def _has_answers(recipe: Recipe) -> bool:
    return recipe.task.kind in ("chat", "preference", "seq2seq")


def _file(
    request: EvaluationRequest, source: str, context: Context
) -> tuple[tuple[Exercise, ...], tuple[str, ...]]:
    data = DataSection(train=source, text=request.question, label=request.answer)
    return exercises(data, context, lambda name, field: resolve_data(name, field=field))


def _sides(recipe: Recipe, context: Context) -> tuple[tuple[Exercise, ...], tuple[Exercise, ...], list[str]]:
    """A run's training and held-out rows."""

    def resolve(source: str, field: str) -> Path:
        return resolve_data(source, field=field)

    if recipe.task.kind == "seq2seq":
        pairs = source_sides(recipe.data, context, resolve)
        return _of_pairs(pairs.train), _of_pairs(pairs.validation), list(pairs.notes)
    found = chat_sides(recipe.data, context, resolve)
    return tuple(map(Exercise, found.train)), tuple(map(Exercise, found.validation)), list(found.notes)


def held_out_exercises(home: Home, run: RunFolder, desk: Desk) -> tuple[tuple[Exercise, ...], Recipe]:
    """A run's held-out rows with their expected answers, none where its task has none; and the run's recipe.

    Raises:
        WorkbenchError: When the recipe or the data cannot be read any more.
    """
    recipe = own_recipe(run)
    if not _has_answers(recipe):
        return (), recipe
    return _sides(recipe, step_context(recipe, home, desk.check))[1], recipe


def _of_pairs(side: SourceSide) -> tuple[Exercise, ...]:
    def turns(source: str, target: str) -> Conversation:
        return ({"role": "user", "content": source}, {"role": "assistant", "content": target})

    return tuple(Exercise(turns(*pair)) for pair in zip(side.sources, side.targets, strict=True))


def plain_samples(found: Evaluation) -> list[dict[str, Any]]:
    """The rows and answers as JSON has them."""
    return [
        {
            "row": sample.row,
            "question": sample.question,
            "expected": sample.expected,
            "wanted": sample.wanted,
            "answers": [
                {"model": scores.model, "text": answer.text, "taken": answer.taken, "right": answer.right}
                for scores, answer in zip(found.models, sample.answers, strict=True)
            ],
        }
        for sample in found.samples
    ]


def write_samples(path: Path, found: Evaluation) -> None:
    """Write the rows and answers as JSON Lines.

    Raises:
        WorkbenchError: When the file cannot be written.
    """
    with writing(path, newline="\n") as file:
        for sample in plain_samples(found):
            file.write(json.dumps(sample, ensure_ascii=False) + "\n")
