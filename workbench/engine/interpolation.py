"""Models between two others of the same shape: θ = α·tuned + (1 − α)·base (Wortsman et al. 2022, WiSE-FT)."""

from __future__ import annotations

from collections.abc import Callable

import torch

from workbench.engine.batches import sorted_batches
from workbench.engine.layers import PART
from workbench.engine.live import untouched
from workbench.engine.task import Measurement, Rows, Split, Task
from workbench.run.problem import bad_input


class Line:
    """The straight line from a base model to a tuned one, walked in the tuned model's place.

    Costs a copy of the tuned weights beside the two models. Weights that the base has not (a new head) and counters
    are the tuned ones everywhere; `kept` names the weights.

    Raises:
        WorkbenchError: When the two have nothing in common, or a shared weight has two shapes.
    """

    def __init__(self, base: torch.nn.Module, tuned: torch.nn.Module) -> None:
        self.model = tuned
        starts = base.state_dict()
        self._places: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        kept: list[str] = []
        seen: set[int] = set()
        for name, place in tuned.state_dict().items():
            if not place.is_floating_point() or place.data_ptr() in seen:
                continue
            seen.add(place.data_ptr())  # tied weights are moved once
            start = starts.get(name)
            if start is None:
                kept.append(name)
            elif start.shape != place.shape:
                raise bad_input(
                    "These two models cannot be mixed.",
                    f"{name} has the shape {tuple(start.shape)} in one and {tuple(place.shape)} in the other.",
                    "Mix a run with the model that it started from.",
                )
            else:
                self._places.append((place, start.to(place), place.clone()))
        if any(f"{PART}." in name for name in kept):
            raise bad_input(
                "This run cannot be mixed with its base.",
                "What it trained stands beside the weights and is no part of them.",
                "Mixtures work for runs of all weights, and for lora, dora, adalora and ia3.",
            )
        if not self._places:
            raise bad_input(
                "These two models cannot be mixed.",
                f"{type(base).__name__} and {type(tuned).__name__} have no weights of the same name.",
                "Mix a run with the model that it started from.",
            )
        self.kept = tuple(kept)

    @torch.no_grad()
    def go_to(self, alpha: float) -> torch.nn.Module:
        """Give the model the mixture's weights; at 0 and 1 they are those of the two models to the bit."""
        for place, start, end in self._places:
            if alpha in (0, 1):
                place.copy_(end if alpha else start)
            else:
                torch.lerp(start, end, alpha, out=place)
        return self.model


def score(
    task: Task,
    model: torch.nn.Module,
    split: Split,
    rows: Rows,
    *,
    pad: int,
    batch_size: int,
    check: Callable[[], object] = lambda: None,
) -> Measurement:
    """The task's held-out numbers of a model, in float32, each row once.

    Args:
        task: What measures.
        model: The model, in eval mode meanwhile.
        split: The rows.
        rows: What the task read.
        pad: The padding token.
        batch_size: Rows per batch.
        check: Called before each batch; may raise to end it.
    """
    device = next(model.parameters()).device
    parts = []
    with untouched(model):
        for indexes in sorted_batches(split.lengths, batch_size):
            check()
            batch = {name: part.to(device) for name, part in task.collate(split, indexes, pad).items()}
            parts.append(task.score(model, batch, indexes))
    return task.summarise(parts, split, rows)
