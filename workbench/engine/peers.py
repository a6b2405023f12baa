"""The other processes of a run: noticing that one is lost, and what each of them needs to go on alike."""

from __future__ import annotations

import os
from collections.abc import Mapping

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from workbench.engine.states import random_state, set_random_state
from workbench.run.problem import CutOffError, Problem

#: What the libraries below say, in errors of no kind of their own, when the other end of a connection is gone.
_GONE = ("gloo", "Connection closed by peer", "Connection reset by peer", "Broken pipe", "NCCL", "store->get")


def cut_off(error: BaseException) -> CutOffError | None:
    """The error for a run that lost one of its processes; None when `error` has another reason."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return None
    # DistError is what torch raises where it knows.
    if not isinstance(error, torch.distributed.DistError) and not (
        isinstance(error, RuntimeError) and any(word in str(error) for word in _GONE)
    ):
        return None
    return CutOffError(
        Problem(
            "Another process of this run is gone.",
            "It was killed, it crashed, or its machine or the network failed; the others cannot go on without it.",
            "Resume the run: it goes on from its newest checkpoint.",
            str(error),
        )
    )


def gathered_chance(accelerator: Accelerator) -> dict[str, torch.Tensor]:
    """The random states of all processes but the first, by their number; empty where there is one. All take part."""
    if accelerator.num_processes == 1:
        return {}
    states: list[dict[str, torch.Tensor]] = gather_object([random_state()])
    return {
        f"process-{number}/{name}": tensor
        for number, state in enumerate(states)
        if number
        for name, tensor in state.items()
    }


def restore_chance(saved: Mapping[str, torch.Tensor], accelerator: Accelerator, seed: int) -> None:
    """Give this process its own random state back; the first one has its state already.

    A process that was not there when the checkpoint was written begins with a state of its own: two that share
    one would drop out the same weights.
    """
    number = accelerator.process_index
    mine = f"process-{number}/"
    states = {name.removeprefix(mine): tensor for name, tensor in saved.items() if name.startswith(mine)}
    if number and states:
        set_random_state(states)
    elif number:
        torch.manual_seed(seed + number)
