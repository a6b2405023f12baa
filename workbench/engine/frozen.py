"""Weights and settings copied off a live model as plain bytes, so that any thread can write them without torch."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers.core_model_loading import revert_weight_conversion
from transformers.modeling_utils import remove_tied_weights_from_state_dict

from workbench.engine.loading import quiet
from workbench.engine.parts import peft_files

#: Number formats of a safetensors file, in the order in which the format's own library lays tensors out.
_FORMATS = {
    torch.uint64: "U64",
    torch.int64: "I64",
    torch.float64: "F64",
    torch.complex64: "C64",
    torch.float32: "F32",
    torch.uint32: "U32",
    torch.int32: "I32",
    torch.bfloat16: "BF16",
    torch.float16: "F16",
    torch.uint16: "U16",
    torch.int16: "I16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
_ORDER = {dtype: place for place, dtype in enumerate(_FORMATS)}
#: Hashed and written at once; small enough to stay in the processor's cache between the two.
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Frozen:
    """The content of one safetensors file: its header, and each tensor's bytes on the CPU."""

    header: bytes
    bodies: tuple[memoryview, ...]


Content = bytes | Frozen


def freeze(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] | None = None) -> Frozen:
    """Copy tensors to the CPU, laid out as `safetensors` would write them: the file is the same to the byte.

    Costs the tensors' size in memory until the result is dropped. Their copies share nothing with the model.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    bodies: list[memoryview] = []
    start = 0
    for name in sorted(tensors, key=lambda name: (_ORDER[tensors[name].dtype], name)):
        tensor = tensors[name].detach().to("cpu", copy=True).contiguous()
        end = start + tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": _FORMATS[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
        bodies.append(tensor.reshape(-1).view(torch.uint8).numpy().data)
        start = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return Frozen(len(text).to_bytes(8, "little") + text, tuple(bodies))


def pieces(content: Content) -> Iterator[bytes | memoryview]:
    """The content in pieces of at most 1 MiB, without copying."""
    if isinstance(content, bytes):
        yield content
        return
    yield content.header
    for body in content.bodies:
        for start in range(0, len(body), _PIECE):
            yield body[start : start + _PIECE]


def model_files(model: Any) -> dict[str, Content]:
    """Config and weights of a transformers model, as `save_pretrained` would write them into one file.

    Tied weights are written once and converted names are reverted, so that `from_pretrained` loads them in every
    tool. Runs torch operations: for the thread that trains.
    """
    config = model.config
    config.dtype = str(model.dtype).removeprefix("torch.")
    config.architectures = [type(model).__name__]
    files: dict[str, Content] = {"config.json": config.to_json_string(use_diff=True).encode()}
    if model.can_generate():
        settings = model.generation_config.to_json_string(use_diff=True, keys_to_pop=["compile_config"])
        files["generation_config.json"] = settings.encode()
    unsaved = set(model._keys_to_ignore_on_save or ())
    weights = {name: tensor for name, tensor in model.state_dict().items() if name not in unsaved}
    with quiet():
        weights = remove_tied_weights_from_state_dict(weights, model)
        weights = revert_weight_conversion(model, weights)
    files["model.safetensors"] = freeze(weights, {"format": "pt"})
    return {**files, **peft_files(model)}


def tokenizer_files(tokenizer: Any) -> dict[str, Content]:
    """The files of a tokenizer, as `save_pretrained` writes them.

    Raises:
        OSError: When the system's temporary folder cannot be written.
    """
    with tempfile.TemporaryDirectory() as place, quiet():
        tokenizer.save_pretrained(place)
        folder = Path(place)
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
