"""Models that start from nothing: made from recipe and text, and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.scratch_fields import NEW_MODELS, is_new, tokeniser_of
from workbench.shelf.model_folder import inspect_model
from workbench.shelf.models import ModelPlace, resolve_model

if TYPE_CHECKING:
    from workbench.engine.task import Rows, Task

#: New models that stay in the cache; those that were not used for longest go first.
KEPT = 8
#: Raised when the same recipe would give another model.
_VERSION = 2


def place_of(recipe: Recipe, home: Home) -> ModelPlace:
    """Where a recipe's model lies; of a new one, which lies nowhere yet, what it will be.

    Raises:
        WorkbenchError: As `resolve_model`.
    """
    source = recipe.model.source.strip()
    if not is_new(source):
        return resolve_model(source, home)
    gpt = NEW_MODELS[source] == "causal-lm"
    kind, architecture = ("causal-lm", "GPT2LMHeadModel") if gpt else ("encoder", "BertForPreTraining")
    return ModelPlace(home.cache / "new-models", source, kind, architecture)  # type: ignore[arg-type]


def model_folder(
    recipe: Recipe, task: Task, rows: Rows, home: Home, check: Callable[[], object] = lambda: None
) -> Path:
    """The folder of the weights that a run of the recipe begins with; a new model is made where it is not there.

    Raises:
        WorkbenchError: When there is no such model, or the rows have no text to learn a tokeniser from.
    """
    if not is_new(recipe.model.source):
        return resolve_model(recipe.model.source, home).path
    texts = task.training_texts(rows)
    folder = home.cache / "new-models" / _digest(recipe, texts)
    if _is_whole(folder):
        os.utime(folder)
        return folder
    from workbench.engine.scratch import build
    from workbench.engine.writer import publish

    home.make(folder.parent)
    # Under torchrun every process comes here at once: each makes its own, and the first one stays.
    own = folder.with_name(f"{folder.name}-{os.getpid()}")
    try:
        build(recipe, texts, own, check)
        if not _is_whole(folder):
            publish(own, folder)
    except OSError as error:
        raise bad_input(
            "The new model cannot be written.",
            f"Writing into {folder.parent} failed: {error.strerror or error}.",
            "Free some space, or choose another place with --home.",
            field="model.source",
        ) from error
    finally:
        shutil.rmtree(own, ignore_errors=True)
    _make_room(folder)
    return folder


def _is_whole(folder: Path) -> bool:
    try:
        inspect_model(folder)
    except WorkbenchError:
        return False
    return True


def _digest(recipe: Recipe, texts: tuple[str, ...]) -> str:
    """What decides a new model: its shape, the seed, and every training text where a tokeniser is learned."""
    facts = [
        _VERSION,
        recipe.model.source.strip(),
        recipe.scratch.model_dump() | {"tokeniser": tokeniser_of(recipe)},
        recipe.training.max_length,
        recipe.training.seed,
    ]
    found = hashlib.sha256(json.dumps(facts).encode())
    for text in texts:
        part = text.encode("utf-8", "surrogatepass")
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()[:20]


def _make_room(but: Path) -> None:
    folders = [f for f in but.parent.iterdir() if f.is_dir() and f != but and "-" not in f.name]
    for old in sorted(folders, key=lambda f: f.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
