"""Trained parts that cannot become part of the weights: they stay beside them, in `model/` too.

A part is a module of the name `PART` inside the model, and hooks that let it work. The model's config says under
the same name what it is. Whoever loads the model through `engine.loading` has it working; other tools load the model
without it, and tell that some weights were left over.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors import safe_open

from workbench.engine.additions import heads_of
from workbench.engine.bottleneck import attach_bottlenecks
from workbench.engine.layers import PART
from workbench.engine.method import Method
from workbench.engine.task import Task
from workbench.engine.virtual_tokens import attach_prefix, attach_prompt
from workbench.run.problem import Problem, bad_input
from workbench.run.recipe import Recipe

_ATTACH: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "bottleneck": attach_bottlenecks,
    "prompt": attach_prompt,
    "prefix": attach_prefix,
}


class PartMethod(Method):
    """Trains a part beside the frozen model; a classifier's head is trained whole."""

    order: ClassVar[int] = 20
    keeps_base: ClassVar[bool] = True
    #: The choice of `weights.kind` that wants it.
    kind: ClassVar[str]

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.weights.kind == cls.kind

    def reshape(self, model: torch.nn.Module, recipe: Recipe) -> torch.nn.Module:
        if part_of(model):
            raise bad_input(
                f"weights.kind (Weights): this model has a trained part already ({part_of(model)['kind']}).",
                "A second one cannot be put beside it.",
                "Choose lora, or start from the base model.",
                field="weights.kind",
            )
        heads = [head for _, head in heads_of(model)]
        model.requires_grad_(False)
        attach(model, self.settings(model, recipe))
        self.first_values(model)
        for head in heads:
            head.requires_grad_(True)
        return model

    @abstractmethod
    def settings(self, model: Any, recipe: Recipe) -> dict[str, Any]:
        """What the config is to say about the part: its kind, and what is needed to make it again."""

    @abstractmethod
    def first_values(self, model: Any) -> None:
        """Draw the first values of the part, which is all zeros."""


def part_of(model: Any) -> dict[str, Any]:
    """What the config says about the model's part; empty where it has none."""
    found = getattr(getattr(model, "config", None), PART, None)
    return dict(found) if found else {}


def attach(model: Any, settings: dict[str, Any]) -> None:
    """Put a part of zeros into a model. Draws nothing by chance."""
    _ATTACH[settings["kind"]](model, settings)
    setattr(model.config, PART, settings)


def restore(model: Any, folder: Path) -> None:
    """Put the part that a saved model's config tells of into the loaded model; nothing where there is none.

    Raises:
        WorkbenchError: When the part's weights are not in the folder, or are of another shape.
    """
    settings = part_of(model)
    if not settings:
        return
    if settings.get("kind") not in _ATTACH:
        raise bad_input(f"The model in {folder} has a trained part of an unknown kind.", str(settings))
    attach(model, settings)
    wanted = {name: p for name, p in model.named_parameters() if f"{PART}." in name}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors, torch.no_grad():
            for name in wanted.keys() & set(tensors.keys()):
                if tensors.get_slice(name).get_shape() == list(wanted[name].shape):
                    wanted.pop(name).copy_(tensors.get_tensor(name))
    if wanted:
        raise bad_input(
            f"The model in {folder} is not complete.",
            f"The trained part {sorted(wanted)[0]} does not fit, or is missing.",
        )


def refused(field: str, title: str, cause: str, remedy: str) -> Sequence[Problem]:
    """One complaint, in the form that `Method.complaints` returns."""
    return (Problem(title, cause, remedy, field=field),)


def no_packing(cls: type[PartMethod], recipe: Recipe, task: Task) -> Sequence[Problem]:
    """Virtual tokens stand before a row, and a packed row holds several texts."""
    if task.kind != "chat" or not recipe.chat.packing:
        return ()
    return refused(
        "chat.packing",
        f"chat.packing (Packing) does not go together with {cls.kind}.",
        "Virtual tokens stand before each row, and a packed row holds several conversations.",
        "Switch packing off, or choose lora.",
    )


def peft_files(model: Any) -> dict[str, bytes]:
    """A language model's virtual tokens in peft's own format, as the files of the folder `peft/`; the model itself
    is the base that they belong to. Empty for other models.
    """
    from safetensors.torch import save

    settings = part_of(model)
    if settings.get("kind") not in ("prompt", "prefix") or not model.can_generate():
        return {}
    body = getattr(model, model.base_model_prefix)
    values = next(iter(getattr(body, PART).parameters())).detach().float().cpu()
    config: dict[str, Any] = {
        "task_type": "CAUSAL_LM",
        "num_virtual_tokens": settings["tokens"],
        "num_transformer_submodules": 1,
        "inference_mode": True,
    }
    if settings["kind"] == "prompt":
        config |= {"peft_type": "PROMPT_TUNING", "token_dim": values.shape[1], "prompt_tuning_init": "RANDOM"}
        table = values
    else:
        layers, _, heads, tokens, size = values.shape
        config |= {
            "peft_type": "PREFIX_TUNING",
            "token_dim": heads * size,
            "num_attention_heads": heads,
            "num_layers": layers,
            "prefix_projection": False,
        }
        table = values.permute(3, 0, 1, 2, 4).reshape(tokens, -1)
    return {
        "peft/adapter_config.json": json.dumps(config, indent=1).encode(),
        "peft/adapter_model.safetensors": save({"prompt_embeddings": table.contiguous()}),
    }
