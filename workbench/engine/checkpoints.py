"""Checkpoints: complete or absent. Everything needed to go on to the very bit, in safetensors and JSON.

A `Snapshot` is copied off the live model between two steps; from then on it is bytes, and is written beside the
training. A checkpoint is staged in a folder of another name, every file is fsynced, a manifest of SHA-256 sums
comes last, and the folder is renamed. What is half-written is never seen; what is damaged is refused.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from workbench.engine.damage import MANIFEST, MARK, TRAINED, damage, newest_good
from workbench.engine.frozen import Content, freeze, model_files, tokenizer_files
from workbench.engine.position import FORMAT, STATE, Position, read_position, read_state, unusable
from workbench.engine.states import apart, joined, random_state, set_random_state
from workbench.engine.writer import publish, sync, write_file, write_folder

__all__ = [
    "MANIFEST",
    "Position",
    "Snapshot",
    "damage",
    "newest_good",
    "read_position",
    "restore",
    "snapshot",
]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A checkpoint in memory, sharing nothing with the live model: its files by their names, without torch."""

    position: Position
    files: dict[str, Content]

    @property
    def bytes(self) -> int:
        """What it takes in memory, and about what it will take on the disk."""
        return sum(
            len(content) if isinstance(content, bytes) else sum(len(body) for body in content.bodies)
            for content in self.files.values()
        )


def snapshot(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: Any,
    position: Position,
    extra: Mapping[str, torch.Tensor],
    only_trained: bool,
) -> Snapshot:
    """Copy everything of a checkpoint off the live model. Runs torch: for the thread that trains.

    Args:
        model: The bare model.
        optimizer: Its optimizer.
        scaler: The gradient scaler.
        position: Where the run stands.
        extra: What the training methods need to go on.
        only_trained: Keep the weights that are trained, by name, instead of a whole model.
    """
    files: dict[str, Content] = {}
    if only_trained:
        files[TRAINED] = freeze_trained(model)
    else:
        files |= {f"model/{name}": content for name, content in model_files(model).items()}
    tensors: dict[str, torch.Tensor] = {}
    state = {
        "format": FORMAT,
        "position": asdict(position),
        "optimizer": apart(optimizer.state_dict(), "", tensors),
        "scaler": scaler.state_dict(),
        "python_random": random.getstate(),
    }
    files["optimizer.safetensors"] = freeze(tensors)
    files["methods.safetensors"] = freeze(extra)
    files["random.safetensors"] = freeze(random_state())
    files[STATE] = json.dumps(state).encode()
    return Snapshot(position, files)


def write_checkpoint(folder: Path, taken: Snapshot, beside: Mapping[str, Content], *, mark: bool) -> Path:
    """Write checkpoint `step-NNNNNN` into the folder of checkpoints and return its path. Runs no torch.

    Args:
        folder: The folder of checkpoints.
        taken: What to write.
        beside: Further files (the tokenizer's), by their names in the checkpoint.
        mark: Whether a person asked for it. One that has its name already hands its mark on.

    Raises:
        OSError: When something cannot be written; what was there before is intact.
    """
    target = folder / f"step-{taken.position.step:06d}"
    staged = folder / f".{target.name}.partial"
    folder.mkdir(parents=True, exist_ok=True)
    sums = write_folder(staged, {**taken.files, **beside})
    try:
        if mark or (target / MARK).is_file():
            write_file(staged / MARK, b"A person asked for this checkpoint: it is kept.\n")
        write_file(staged / MANIFEST, json.dumps(dict(sorted(sums.items())), indent=1).encode())
        sync(staged)
        publish(staged, target)
    except OSError:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return target


def save_model(model: Any, tokenizer: Any, folder: Path, card: str = "") -> None:
    """Write a model so that `from_pretrained` loads it, replacing what was there whole."""
    write_model(folder, {**model_files(model), **tokenizer_files(tokenizer)}, card)


def write_model(folder: Path, files: Mapping[str, Content], card: str) -> None:
    """Write a model's files into its folder, which is complete or as it was. Runs no torch.

    Raises:
        OSError: When something cannot be written.
    """
    staged = folder.with_name(f".{folder.name}.partial")
    more = {"README.md": card.encode()} if card else {}
    write_folder(staged, {**files, **more})
    publish(staged, folder)


def restore(folder: Path, optimizer: torch.optim.Optimizer, scaler: Any) -> dict[str, torch.Tensor]:
    """Put optimizer, scaler and all random states back as they were; the weights are loaded before.

    Returns:
        What the training methods had kept (the `extra` of the snapshot).
    """
    state = read_state(folder)
    optimizer.load_state_dict(joined(state["optimizer"], _tensors(folder / "optimizer.safetensors")))
    scaler.load_state_dict(state["scaler"])
    version, internal, gauss = state["python_random"]
    random.setstate((version, tuple(internal), gauss))
    set_random_state(_tensors(folder / "random.safetensors"))
    return _tensors(folder / "methods.safetensors")


def load_trained(folder: Path, model: torch.nn.Module) -> None:
    """Give a model the trained weights of a checkpoint, or of `chosen/`; all others stay.

    Raises:
        WorkbenchError: When they are not exactly the weights that the model trains.
    """
    found, wanted = _tensors(folder / TRAINED), _trained(model)
    odd = sorted(found.keys() ^ wanted.keys())
    odd += sorted(n for n in found.keys() & wanted.keys() if found[n].shape != wanted[n].shape)
    if odd:
        raise unusable(folder, f"its trained weights do not fit this model: {', '.join(odd[:4])}")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(found[name])


def freeze_trained(model: torch.nn.Module) -> Content:
    """The trained weights by name, as the content of `trained.safetensors`."""
    return freeze(_trained(model))


def _trained(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """Tensors with memory of their own: those of `load_file` are the file itself, which may be pruned, and lie
    at odd addresses, on which the last bit of a matrix product can depend."""
    return {name: tensor.clone() for name, tensor in load_file(path).items()}
