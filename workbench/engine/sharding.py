"""FSDP2: a model of which each process holds a part, and its whole form for keeping and resuming.

Accelerate shards only on GPUs; torch's `fully_shard`, which it calls, also does so on the CPU, so that the same
code is used and tested on both. What is kept on the disk is whole: a run goes on in any number of processes.
What is imported here takes more than a second, so this module is imported where a model is really sharded.
"""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    set_model_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from workbench.engine.layers import layers_of


class Shards:
    """A model that was sharded in place. All processes must call each method, and call it together."""

    def __init__(self, model: torch.nn.Module, device: torch.device) -> None:
        """Shard it: each layer, and the rest, is put together only while it computes."""
        self._model = model
        self._main = torch.distributed.get_rank() == 0
        self._twin = _hollow(model) if self._main else None
        mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
        for layer in layers_of(model):
            fully_shard(layer, mesh=mesh)
        fully_shard(model, mesh=mesh)

    def whole_model(self) -> torch.nn.Module | None:
        """The model with all its present weights, on the CPU, in the first process; None in the others."""
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        weights = get_model_state_dict(self._model, options=options)
        if self._twin is None:
            return None
        self._twin.load_state_dict(weights, assign=True)
        _tie(self._twin)
        return self._twin

    @property
    def twin(self) -> torch.nn.Module:
        """In the first process, a model of the same shape to load weights into, for `take`."""
        if self._twin is None:
            raise RuntimeError("only the first process reads the chosen weights")
        if any(p.is_meta for p in self._twin.parameters()):
            self._twin.to_empty(device="cpu")
            _tie(self._twin)
        return self._twin

    def take(self) -> None:
        """Give the model the weights of the first process's twin."""
        weights = self._twin.state_dict() if self._twin is not None else {}
        options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
        set_model_state_dict(self._model, weights, options=options)

    def whole(self, optimizer: torch.optim.Optimizer) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        """Model and optimizer as one process would have them, on the CPU, to be kept by the first process; the
        others get their own parts back."""
        state = self._whole(optimizer.state_dict())
        model = self.whole_model()
        return (
            (self._model, optimizer)
            if model is None
            else (model, cast("torch.optim.Optimizer", Whole(state)))
        )

    def _whole(self, value: Any) -> Any:
        if isinstance(value, DTensor):
            full = value.full_tensor()
            return full.cpu() if self._main else None
        if isinstance(value, dict):
            return {key: self._whole(item) for key, item in value.items()}
        return [self._whole(item) for item in value] if isinstance(value, list) else value

    def part_state(self, optimizer: torch.optim.Optimizer) -> None:
        """Keep only this process's part of an optimizer's state that was loaded whole."""
        for parameter, values in optimizer.state.items():
            for name, value in values.items():
                if isinstance(parameter, DTensor) and value.ndim and value.shape == parameter.shape:
                    mesh, placements = parameter.device_mesh, parameter.placements
                    # Each process read the same checkpoint: nothing has to be sent.
                    values[name] = distribute_tensor(value, mesh, placements, src_data_rank=None)


class Whole:
    """Stands for an optimizer whose state was put together; it cannot step."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    def state_dict(self) -> dict[str, Any]:
        """The whole state."""
        return self._state


def _hollow(model: torch.nn.Module) -> torch.nn.Module:
    """A copy that has the shapes of all weights and none of their memory."""
    tensors = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): _shape(tensor) for tensor in tensors})


def _shape(tensor: torch.Tensor) -> torch.Tensor:
    empty = tensor.detach().to("meta")
    if isinstance(tensor, torch.nn.Parameter):
        return torch.nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty


def _tie(model: torch.nn.Module) -> None:
    tie: Any = getattr(model, "tie_weights", None)
    if tie is not None:
        tie()
