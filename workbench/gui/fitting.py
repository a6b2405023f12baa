"""Which model suits a task, and which task suits a file: what the window chooses until the person does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.run.scratch_fields import LEARNABLE, NEW_MODELS, is_new
from workbench.run.sources import places
from workbench.run.task_kinds import DEFAULT_MODEL, MODEL_KIND

if TYPE_CHECKING:
    from workbench.shelf.models import ModelEntry

#: Tasks that a file's own columns speak for. Rows without a class may still wait for their labels, so that they stay
#: with the task that they are opened for.
FOUND_BY_COLUMNS = ("chat", "preference", "seq2seq", "multi-label", "regression", "token-classification")


def fitting_model(models: Iterable[ModelEntry], task: str, present: str) -> str:
    """The model to start a task from: the present one if it suits, else the usual one, else one that is there."""
    if is_new(present) and task in LEARNABLE and NEW_MODELS[present] == MODEL_KIND.get(task):
        return present
    suiting = {model.name: model for model in models if model.kind == MODEL_KIND.get(task)}
    usual = DEFAULT_MODEL.get(MODEL_KIND.get(task, ""), "")
    for name in (present, usual):
        if name in suiting and suiting[name].state == "ready":
            return name
    ready = next((name for name, model in suiting.items() if model.state == "ready"), "")
    return ready or usual or next(iter(suiting), present)


def task_by_name(source: str, present: str) -> str:
    """The task that a file is probably for by its name alone: plain text is for language modelling, masked where that
    was chosen. Where its columns have yet to say more, a task that lives by them stays."""
    plain = all(Path(place).suffix.lower() in {".txt", ".md"} for place in places(source))
    if plain:
        return "masked-lm" if present == "masked-lm" else "causal-lm"
    return present if present in FOUND_BY_COLUMNS else "text-classification"


def task_by_columns(likely: str, present: str) -> str:
    """The task for a file whose columns are probably for `likely`."""
    if likely in FOUND_BY_COLUMNS:
        return likely
    return "text-classification" if present in FOUND_BY_COLUMNS else present
