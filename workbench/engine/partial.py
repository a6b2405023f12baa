"""A checkpoint that holds only what is trained, put on its base again so that it can be looked at and asked."""

from __future__ import annotations

from pathlib import Path

import torch

from workbench.engine.checkpoints import load_trained
from workbench.engine.loading import LoadedModel, head_of, load_tokenizer
from workbench.engine.method import wanted_methods
from workbench.engine.task import Rows, Task
from workbench.engine.text_heads import keep_units, read_config
from workbench.run.recipe import Recipe


def load_partial(
    checkpoint: Path,
    recipe: Recipe,
    task: Task,
    class_names: tuple[str, ...],
    base: Path,
    name: str,
    device: torch.device,
) -> LoadedModel:
    """The model as it was at a checkpoint of a run that keeps its base.

    Args:
        checkpoint: Its folder, in the run's folder of checkpoints.
        recipe: The run's recipe.
        task: The run's task.
        class_names: The run's classes; empty for language models.
        base: The folder of the model that the run started from.
        name: What the model is called.
        device: Where it is to be.

    Raises:
        WorkbenchError: When the checkpoint does not fit the base.
    """
    model, tokenizer = task.load(recipe, Rows(None, 0, 0, class_names), base)
    methods = wanted_methods(recipe)
    for method in methods:
        model = method.reshape(model, recipe)
    load_trained(checkpoint, model)
    for method in methods:
        model = method.portable(model)
    saved = checkpoint.parent.parent / "model"  # its tokenizer has the template that the run was trained with
    tokenizer = (
        load_tokenizer(saved) if (saved / "config.json").is_file() else task.saved_tokenizer(tokenizer)
    )
    if (saved / "config.json").is_file():
        keep_units(model, read_config(saved))
    step = int(checkpoint.name.rpartition("-")[2]) if checkpoint.name[-1:].isdigit() else None
    model = model.to(device).eval()
    return LoadedModel(model, tokenizer, head_of(model, class_names), name, device, class_names, step)
