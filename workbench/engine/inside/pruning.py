"""A model saved without some of its heads: really cut out where its configuration can say so, else as zeros."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

from workbench.engine.inside.ablation import Check, HeldOut, compare, score_batch
from workbench.engine.inside.head_gates import Place
from workbench.engine.inside.scores import Scores
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, load_for_use, quiet
from workbench.run.inside.ablation import Head, Mode, PrunedModel
from workbench.run.problem import bad_input


def can_hold_means(places: Sequence[Place]) -> bool:
    """Whether every projection has a bias, into which the mean of a head that is gone can be put."""
    return all(getattr(place.module, "bias", None) is not None for place in places)


def save_without(
    loaded: LoadedModel | LiveModel,
    places: Sequence[Place],
    held: HeldOut,
    heads: Sequence[Head],
    mode: Mode,
    folder: Path,
    card: str,
    check: Check,
) -> PrunedModel:
    """Save a model that answers as this one does without these heads, and measure what was saved.

    Args:
        loaded: The whole model; it is not changed.
        places: Where its heads are.
        held: The rows to measure it on.
        heads: What it is to lack.
        mode: What stands in their place.
        folder: Where it goes; must not exist yet, or be empty.
        card: The text of its README, with `{measured}`, `{size}` where these belong.
        check: Called now and then; may raise to end the work.

    Raises:
        WorkbenchError: When the folder is taken or cannot be written, or the model cannot hold means.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise bad_input(
            f"{folder} is there already.", "Nothing is written over.", "Choose a name that is not taken."
        )
    if mode == "mean" and not can_hold_means(places):
        raise bad_input(
            "This model cannot be saved with means in the place of heads.",
            "Its output projections have no bias that could hold them.",
            "Choose zero instead, measure again, and save.",
        )
    model = copy.deepcopy(loaded.model)
    was = _size(model)
    silence(model, places, heads, held.means if mode == "mean" else None)
    cut = cut_heads(model, places, heads)
    draft = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with quiet():
            model.save_pretrained(draft)
            loaded.tokenizer.save_pretrained(draft)
        check()
        saved = load_for_use(draft, folder.name, loaded.device)
        measured = compare(held, _scores(saved, held, check))
        found = PrunedModel(folder, tuple(sorted(heads)), cut, (was, _size(saved.model)), measured)
        words = card.replace("{measured}", f"{measured.in_words()} ({measured.rows} rows)").replace(
            "{size}", found.in_words()
        )
        (draft / "README.md").write_text(words, encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()
        draft.replace(folder)
    except OSError as error:
        raise bad_input(
            f"The folder {folder} cannot be written.",
            f"The system says: {error.strerror or error}.",
            "Choose another place.",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return found


def _scores(saved: LoadedModel, held: HeldOut, check: Check) -> Scores:
    found = Scores.empty(len(held.terms), held.terms)
    with untouched(saved.model):
        for indexes, batch in held.batches:
            check()
            found.take(score_batch(held.task, saved.model, batch, held.terms[indexes]), indexes)
    return found


def _size(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def silence(
    model: torch.nn.Module,
    places: Sequence[Place],
    heads: Sequence[Head],
    fill: Sequence[torch.Tensor] | None = None,
) -> None:
    """Zero the columns of these heads in the output projections of `model`, a copy of the one of `places`.

    With `fill` the constant that a head's mean output adds goes into the projection's bias.
    """
    for layer, head in heads:
        place = places[layer]
        module: Any = model.get_submodule(place.path)
        columns = place.columns(head)
        weight = module.weight if isinstance(module, Conv1D) else module.weight.T  # (input, output)
        if fill is not None:
            module.bias += fill[layer][columns].to(weight) @ weight[columns]
        weight[columns] = 0


@torch.no_grad()
def cut_heads(model: Any, places: Sequence[Place], heads: Sequence[Head]) -> int:
    """Cut heads out of query, key, value and output projection, and tell the configuration; returns how many.

    Possible where the head size stands in the configuration beside the number of heads (Llama, Mistral, Qwen, Gemma):
    all layers then have the same number, so that as many are cut as the layer that loses the fewest. With grouped
    queries a whole group goes, with its key and value head. Nothing is cut, and 0 returned, anywhere else.
    """
    config = model.config.get_text_config()
    groups = getattr(config, "num_key_value_heads", None)
    owners = [model.get_submodule(place.path.rpartition(".")[0]) for place in places]
    if (
        not groups
        or config is not model.config
        or not all(_can_be_cut(o, p, config) for o, p in zip(owners, places, strict=True))
    ):
        return 0
    queries: int = config.num_attention_heads // groups
    lost = [
        [g for g in range(groups) if all((layer, g * queries + i) in heads for i in range(queries))]
        for layer in range(len(places))
    ]
    count: int = min(len(found) for found in lost)
    if not 0 < count < groups or len(places) != config.num_hidden_layers:
        return 0
    for owner, gone in zip(owners, lost, strict=True):
        kept = [g for g in range(groups) if g not in gone[:count]]
        _cut(owner, kept, groups, queries, config.head_dim)
    config.num_key_value_heads = groups - count
    config.num_attention_heads = queries * (groups - count)
    return count * queries * len(places)


def _can_be_cut(owner: torch.nn.Module, place: Place, config: Any) -> bool:
    """Whether an attention module is the four projections and nothing else that depends on the number of heads."""
    parts: Any = dict(owner.named_children())
    size = getattr(config, "head_dim", None)
    if not size or place.size != size or not {"q_proj", "k_proj", "v_proj", "o_proj"} <= parts.keys():
        return False
    if any(not isinstance(parts[name], torch.nn.Linear) for name in ("q_proj", "k_proj", "v_proj", "o_proj")):
        return False
    others = [p for name, p in owner.named_parameters() if name.partition(".")[0][1:] != "_proj"]
    return place.heads == config.num_attention_heads and all(p.numel() == size for p in others)


def _cut(owner: Any, kept: Sequence[int], groups: int, queries: int, size: int) -> None:
    for name, per_group in (("q_proj", queries * size), ("k_proj", size), ("v_proj", size)):
        part = getattr(owner, name)
        part.weight = torch.nn.Parameter(_kept(part.weight, groups, per_group, kept, 0))
        if part.bias is not None:
            part.bias = torch.nn.Parameter(_kept(part.bias, groups, per_group, kept, 0))
    out = owner.o_proj
    out.weight = torch.nn.Parameter(_kept(out.weight, groups, queries * size, kept, 1))


def _kept(tensor: torch.Tensor, groups: int, per_group: int, kept: Sequence[int], dim: int) -> torch.Tensor:
    """The groups that stay, along a dimension of groups × per_group."""
    shape = (*tensor.shape[:dim], groups, per_group, *tensor.shape[dim + 1 :])
    chosen = tensor.reshape(shape).index_select(dim, torch.tensor(kept, device=tensor.device))
    return chosen.flatten(dim, dim + 1)
