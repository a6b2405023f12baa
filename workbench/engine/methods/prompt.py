"""Prompt tuning: trained vectors before each text, in place of words of an instruction (Lester et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from workbench.engine.layers import PART
from workbench.engine.parts import PartMethod, no_packing
from workbench.engine.task import Task
from workbench.engine.virtual_tokens import body_of, check_fits
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe


class PromptTuning(PartMethod):
    """They begin as the vectors of tokens drawn by chance. Very few weights: they like large learning rates."""

    kind: ClassVar[str] = "prompt"
    #: The body returns the texts' own vectors, so that none of its layers may leave some out.
    reads_layers: ClassVar[bool] = True

    @classmethod
    def complaints(cls, recipe: Recipe, task: Task) -> Sequence[Problem]:
        return no_packing(cls, recipe, task)

    def settings(self, model: Any, recipe: Recipe) -> dict[str, Any]:
        tokens = recipe.weights.virtual_tokens
        check_fits(model, tokens, recipe.training.max_length)
        return {"kind": self.kind, "tokens": tokens}

    def first_values(self, model: Any) -> None:
        body = body_of(model)
        table = body.get_input_embeddings()
        vectors = body.get_submodule(PART).vectors
        ids = torch.randint(table.num_embeddings, (len(vectors),)).to(table.weight.device)
        with torch.no_grad():
            vectors.copy_(table(ids))
