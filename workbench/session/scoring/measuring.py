"""A classifier's scores of every row of a side or of a file: measured once, then taken from where they are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.run.evaluation import Progress
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.row_scores import RowScores
from workbench.run.scratch_fields import is_new
from workbench.session.evaluating import run_behind
from workbench.session.inspection import TRAINED, the_model
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe
from workbench.session.requests import LIVE
from workbench.session.scoring.rows import Side, file_rows, own_rows
from workbench.session.scoring.stored import Shelf, data_files
from workbench.shelf.datasets import resolve_data
from workbench.shelf.models import resolve_model

if TYPE_CHECKING:
    from workbench.engine.live import LiveModel
    from workbench.engine.loading import LoadedModel


@dataclass(frozen=True, slots=True)
class RowsRequest:
    """What a model with a head says of each of many rows.

    Attributes:
        model: A run, a checkpoint's folder, a folder, a short name or a Hub id; `LIVE` for the model in training.
        data: A file or a shipped data set, all of whose rows are measured; empty for a run's own rows.
        side: Which of its own rows.
        rows_of: The run whose own rows are measured; empty for the model's.
        text, label: The columns of `data`; empty for those of the run's recipe, or guessed.
        vectors: Whether each row's sentence vector is wanted.
        again: Measure anew, whatever is kept.
    """

    model: str
    data: str = ""
    side: Side = "validation"
    rows_of: str = ""
    text: str = ""
    label: str = ""
    vectors: bool = False
    again: bool = False


def evaluate_rows(
    home: Home, request: RowsRequest, desk: Desk, loaded: LoadedModel | LiveModel | None = None
) -> RowScores:
    """The scores of every row; `Progress` and texts are reported meanwhile. They are kept beside the run.

    Args:
        home: Where models and data are looked up.
        request: What is asked.
        desk: Where the work is done.
        loaded: The model itself, where it is in memory already.

    Raises:
        WorkbenchError: When the model is no classifier, there are no rows, or what is named is not there.
    """
    shelf = None if request.model == LIVE else shelf_of(home, request)
    if shelf is not None and not request.again and (kept := shelf.find(request.vectors)) is not None:
        return kept
    from workbench.engine.encoding import keeping_tokens
    from workbench.engine.row_scores import class_probabilities, require_classifier

    run = _run_of_rows(home, request)
    if not request.data:
        run = _required(run, request)
    loaded = loaded or the_model(home, request.model, desk)
    require_classifier(loaded)
    names = tuple(loaded.class_names)
    desk.report("Reading the rows…")
    if request.data:
        recipe = own_recipe(run) if run is not None and is_classification(run) else None
        rows = file_rows(home, request.data, recipe, names, (request.text, request.label), desk)
    else:
        assert run is not None
        rows = own_rows(home, run, request.side, names, desk)
    desk.check()

    def say(done: int, of: int) -> None:
        desk.report(Progress(f"{loaded.name}: measuring", done, of))

    with keeping_tokens(home.cache / "tokens"):
        probabilities, vectors = class_probabilities(
            loaded, rows.texts, check=desk.check, say=say, vectors=request.vectors
        )
    found = RowScores.of(
        rows.texts, rows.true, probabilities, names, rows.row_ids, metadata=rows.metadata, model=loaded.name,
        told=rows.told, vectors=vectors, notes=rows.notes,
    )  # fmt: skip
    if shelf is not None:
        shelf.keep(found)
    return found


def stored_rows(home: Home, request: RowsRequest) -> RowScores | None:
    """The same where it was measured before, without loading anything; None where it was not."""
    try:
        return shelf_of(home, request).find(request.vectors)
    except WorkbenchError:
        return None


def is_classification(run: RunFolder) -> bool:
    """Whether a run learned to put texts into classes, one each."""
    return run.recipe().task.kind == "text-classification"


def source_of(home: Home, model: str) -> str:
    """The model that a run started from.

    Raises:
        WorkbenchError: When the model is no run, or began from nothing.
    """
    run = owner_of(home, model)
    if run is None or is_new(run.recipe().model.source):
        raise bad_input(
            f"{model} has no base to be compared with.",
            "It began from nothing."
            if run
            else "It is no run of this workbench, whose recipe would name one.",
            "Name the other model.",
        )
    return run.recipe().model.source


def kind_of(home: Home, model: str) -> str:
    """The task that a model was made for, as recipes name it; empty where that is not known. Nothing is loaded.

    Raises:
        WorkbenchError: When there is no such model.
    """
    run = owner_of(home, model)
    if run is not None:
        return run.recipe().task.kind
    place = resolve_model(model, home)
    if place.architecture.endswith("ForTokenClassification"):
        return "token-classification"
    if not place.architecture.endswith("ForSequenceClassification"):
        return ""
    config = json.loads((place.path / "config.json").read_text(encoding="utf-8"))
    several = {"multi_label_classification": "multi-label", "regression": "regression"}
    return several.get(config.get("problem_type") or "", "text-classification")


def _run_of_rows(home: Home, request: RowsRequest) -> RunFolder | None:
    """The run by whose recipe rows are read."""
    named = request.rows_of or request.model
    return None if named == LIVE else owner_of(home, named)


def owner_of(home: Home, model: str) -> RunFolder | None:
    """The run that a model is of, also where a checkpoint holds only what was trained."""
    if (Path(model) / TRAINED).is_file():
        return RunFolder(Path(model).resolve().parents[1])
    return run_behind(home, model)


def _required(run: RunFolder | None, request: RowsRequest) -> RunFolder:
    if run is None:
        raise bad_input(
            "It is not said which rows to measure with.",
            f"{request.model} is no run, which would have held-out rows.",
            "Name a file of texts with their classes.",
            field="data",
        )
    if not is_classification(run):
        raise bad_input(
            f"The rows of {run.name} have no classes.",
            f"Its task is {run.recipe().task.kind}.",
            "Name a file of texts with their classes.",
            field="data",
        )
    return run


def shelf_of(home: Home, request: RowsRequest) -> Shelf:
    """Where this evaluation is kept.

    Raises:
        WorkbenchError: When the model or the rows are not there to be found.
    """
    run = _run_of_rows(home, request)
    owner = owner_of(home, request.model)
    recipe = own_recipe(run) if run is not None else None
    files: list[Path] = []
    if request.data:
        files = data_files(resolve_data(request.data, field="data"))
    elif recipe is not None:
        files = [file for source in _sources(recipe, request.side) for file in _found(source)]
        if recipe.data.patch:
            files.append(Path(recipe.data.patch).expanduser())
    asked = {
        "data": request.data and str(resolve_data(request.data, field="data")),
        "side": "" if request.data else request.side,
        "rows_of": request.rows_of,
        "columns": [request.text, request.label],
        "recipe": recipe.model_dump(include={"data"}) if recipe is not None else {},
    }
    return Shelf(home, owner, _weights(home, request.model), asked, files)


def _weights(home: Home, model: str) -> Path:
    """The folder whose files decide what the model says."""
    return Path(model).resolve() if (Path(model) / TRAINED).is_file() else resolve_model(model, home).path


def _sources(recipe: Recipe, side: Side) -> list[str]:
    """What the rows of a side are read from; a share of the training file is cut from it."""
    share = getattr(recipe.data, side)
    return [share if isinstance(share, str) else recipe.data.train]


def _found(source: str) -> list[Path]:
    try:
        return data_files(resolve_data(source))
    except WorkbenchError:
        return [Path(source)]
