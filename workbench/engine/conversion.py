"""Making the embedded language model trainable: from 4-bit GGUF to a plain safetensors folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from workbench.engine.checkpoints import save_model
from workbench.engine.generation import generate
from workbench.engine.loading import LoadedModel, explained, load_for_use, quiet
from workbench.run.generation import GenerationSettings
from workbench.run.problem import Problem, WorkbenchError


def convert_gguf(file: Path, target: Path, card: str, say: Callable[[str], object]) -> Path:
    """Dequantise a GGUF file into a folder that `from_pretrained` loads, and check that it answers.

    The weights are kept in float32: they are the exact values of the 4-bit blocks. The folder appears whole
    or not at all.

    Raises:
        WorkbenchError: When the file cannot be read or the result does not answer sensibly.
    """
    say("Reading the 4-bit weights (about 20 seconds)…")
    with explained(file), quiet():
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name, local_files_only=True)
        packed: Any = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float32, local_files_only=True
        )
    say("Building the trainable model…")
    config = packed.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config._name_or_path = ""
    config.dtype = torch.float32
    # A fresh model: the one that was read remembers that it was quantised and refuses to be saved plainly.
    auto: Any = AutoModelForCausalLM
    model = auto.from_config(config, dtype=torch.float32)
    model.load_state_dict(packed.state_dict())
    model.generation_config = packed.generation_config
    del packed
    say("Saving…")
    staged = target.with_name(f".{target.name}.new")
    shutil.rmtree(staged, ignore_errors=True)
    save_model(model, tokenizer, staged, card)
    say("Asking it a question…")
    _check(load_for_use(staged, target.name, torch.device("cpu")))
    shutil.rmtree(target, ignore_errors=True)
    staged.rename(target)
    say("Ready.")
    return target


def _check(loaded: LoadedModel) -> None:
    settings = GenerationSettings(temperature=0, max_new_tokens=24)
    answer = generate(loaded, "What is the capital of France?", settings)[0].text
    if "Paris" not in answer:
        raise WorkbenchError(
            Problem(
                "The converted language model does not answer sensibly.",
                f"Asked for the capital of France it wrote: {answer!r}.",
                "Fetch the model again; if it stays like this, report it with your versions (workbench doctor).",
            ),
            usage=False,
        )
