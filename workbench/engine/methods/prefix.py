"""Prefix tuning: trained keys and values before those of each text, in every layer (Li and Liang 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from workbench.engine.layers import PART
from workbench.engine.parts import PartMethod, no_packing, refused
from workbench.engine.task import Task
from workbench.engine.virtual_tokens import activations, body_of, check_fits
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe


class PrefixTuning(PartMethod):
    """They begin as the keys and values of tokens drawn by chance, and are trained themselves, without the network
    that the paper makes them from."""

    kind: ClassVar[str] = "prefix"
    reads_layers: ClassVar[bool] = True

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        if recipe.training.gradient_checkpointing:
            return refused(
                "training.gradient_checkpointing",
                "training.gradient_checkpointing (Recompute activations) does not go together with prefix.",
                "The layers forget the trained keys and values when they compute again.",
                "Switch it off, or choose prompt.",
            )
        return no_packing(cls, recipe, task)

    def settings(self, model: Any, recipe: Recipe) -> dict[str, Any]:
        tokens = recipe.weights.virtual_tokens
        check_fits(model, tokens, recipe.training.max_length)
        self._first = activations(model, tokens)
        return {"kind": self.kind, "tokens": tokens, "shape": list(self._first.shape)}

    def first_values(self, model: Any) -> None:
        with torch.no_grad():
            body_of(model).get_submodule(PART).states.copy_(self._first)
        del self._first
