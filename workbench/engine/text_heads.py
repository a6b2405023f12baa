"""What tasks share that put a head on a model which reads texts: named outputs, and texts cut into tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig

from workbench.engine.encoding import token_ids
from workbench.engine.loading import explained, fitting_length, load_tokenizer, load_weights
from workbench.run.recipe import Recipe


def read_config(folder: Path) -> Any:
    """The config of a model folder."""
    with explained(folder):
        return AutoConfig.from_pretrained(folder, local_files_only=True)


def give_outputs(config: Any, names: Sequence[str], problem_type: str | None) -> None:
    """An output for each of these names."""
    config.num_labels = len(names)
    config.id2label = dict(enumerate(names))
    config.label2id = {name: i for i, name in enumerate(names)}
    config.problem_type = problem_type


def keep_units(model: Any, saved: Any) -> None:
    """Give a model the units of its numbers, as they stand in the config that was saved with its run."""
    for name in ("target_mean", "target_std"):
        if hasattr(saved, name):
            setattr(model.config, name, getattr(saved, name))


def with_head(auto: Any, folder: Path, config: Any) -> tuple[torch.nn.Module, Any]:
    """The model (float32, on the CPU) with a head of that config, and its tokenizer."""
    model = load_weights(auto, folder, config=config, new_head=True)
    tokenizer = load_tokenizer(folder)
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return model, tokenizer


def reading_length(recipe: Recipe, model: torch.nn.Module, tokenizer: Any) -> int:
    """The most tokens that are read of a text; the tokenizer is told, so that whoever loads the model later cuts texts
    where training cut them."""
    limit = fitting_length(recipe.training.max_length, model)
    tokenizer.model_max_length = limit
    return limit


def cut_texts(tokenizer: Any, texts: Sequence[str], limit: int) -> list[NDArray[np.int32]]:
    """The token ids of texts, at most `limit` of each."""
    return token_ids(tokenizer, texts, truncation=True, max_length=limit) if texts else []


def length_notes(recipe: Recipe, limit: int, lengths: NDArray[np.int64]) -> tuple[str, ...]:
    """What there is to say of texts that are too long."""
    notes = []
    cut = int(np.sum(lengths == limit))
    if cut:
        notes.append(
            f"{cut} training texts ({cut / len(lengths):.1%}) reach {limit} tokens and may be cut there."
        )
    if limit < recipe.training.max_length:
        notes.append(f"The model reads at most {limit} tokens; longer texts are cut there.")
    return tuple(notes)


def middle_text(texts: Sequence[str]) -> str:
    """A text of middling length, to be looked at; empty where there is none."""
    ordered = sorted(texts, key=len)
    return ordered[len(ordered) // 2] if ordered else ""
