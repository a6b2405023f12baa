"""States of generators and optimizers as tensors and plain values, to the type and to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, torch.Tensor]:
    """The states of torch's and NumPy's global generators, as tensors."""
    _, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    states = {
        "torch": torch.get_rng_state(),
        "numpy.keys": torch.from_numpy(np.asarray(keys).astype(np.int64)),
        "numpy.rest": torch.tensor([position, has_gauss, gauss], dtype=torch.float64),
    }
    if torch.cuda.is_available():
        states |= {f"cuda.{i}": s for i, s in enumerate(torch.cuda.get_rng_state_all())}
    return states


def set_random_state(states: dict[str, torch.Tensor]) -> None:
    """Put back what `random_state` returned."""
    torch.set_rng_state(states["torch"])
    position, has_gauss, gauss = states["numpy.rest"].tolist()
    keys = states["numpy.keys"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", keys, int(position), int(has_gauss), gauss))
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            if f"cuda.{i}" in states:
                torch.cuda.set_rng_state(states[f"cuda.{i}"], i)


def apart(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Any:
    """Nested states as JSON holds them, to the type: tensors go into `tensors`, by their path."""
    if isinstance(value, torch.Tensor):
        tensors[path] = value
        return {"tensor": path}
    if isinstance(value, dict):
        return {"items": [[key, apart(item, f"{path}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        parts = [apart(item, f"{path}/{i}", tensors) for i, item in enumerate(value)]
        return {"tuple": parts} if isinstance(value, tuple) else parts
    return value


def joined(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """What `apart` took apart."""
    if isinstance(value, list):
        return [joined(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "tuple" in value:
        return tuple(joined(item, tensors) for item in value["tuple"])
    return {key: joined(item, tensors) for key, item in value["items"]}
