"""Loading models and tokenizers from folders on this machine; nothing here reaches the network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

from workbench.engine.parts import part_of, restore
from workbench.engine.task import Goods, Rows
from workbench.run.problem import Problem, WorkbenchError


@dataclass(slots=True)
class LoadedModel:
    """A model in eval mode with its tokenizer.

    `head` is "classifier", "multi-label", "regressor", "tagger", "causal-lm", "masked-lm", "seq2seq",
    "image-classifier" or "encoder"; `class_names` are in the order of the logits (of a regressor, the names of its
    numbers); `device` is where its weights are; `name` says in words which model it is. A model that reads pictures has
    a `processor` that prepares them, and None as tokenizer.
    """

    model: Any
    tokenizer: Any
    head: str
    name: str
    device: torch.device
    class_names: tuple[str, ...] = ()
    step: int | None = None
    processor: Any = None


#: The heads by the ends of the names of the classes that have them.
_HEADS: tuple[tuple[tuple[str, ...], str, Any], ...] = (
    (("ForSequenceClassification",), "classifier", AutoModelForSequenceClassification),
    (("ForCausalLM", "LMHeadModel"), "causal-lm", AutoModelForCausalLM),
    (("ForMaskedLM", "ForPreTraining"), "masked-lm", AutoModelForMaskedLM),
    (("ForConditionalGeneration", "MTModel"), "seq2seq", AutoModelForSeq2SeqLM),
    (("ForImageClassification",), "image-classifier", AutoModelForImageClassification),
    (("ForTokenClassification",), "tagger", AutoModelForTokenClassification),
)


#: The heads of models with classes that are not of one class a text, by what their config says.
_SEVERAL = {"multi_label_classification": "multi-label", "regression": "regressor"}


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn a library's error while loading into a problem that names the folder."""
    try:
        yield
    except WorkbenchError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError, ImportError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise WorkbenchError(
            Problem(
                f"The model in {folder} cannot be loaded.",
                f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}",
                "Check that the folder is complete (config.json, *.safetensors, tokenizer files), or choose another.",
                str(error),
                field="model.source",
            )
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' progress bars and load reports off the terminal; errors still raise."""
    logging: Any = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def load_weights(auto: Any, folder: Path, *, config: Any = None, new_head: bool = False) -> Any:
    """A float32 model on the CPU. `new_head` allows a head of another size to be made anew.

    Raises:
        WorkbenchError: When the folder's files do not make a model.
    """
    extra = {"config": config} if config is not None else {}
    with explained(folder), quiet():
        model = auto.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=new_head,
            **extra,
        )
    # What was read is the file itself, mapped into memory: a checkpoint that is pruned meanwhile, and weights at
    # odd addresses, on which the last bit of a matrix product can depend. The copy is at the allocator's own.
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()
    restore(model, folder)
    return model


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model folder, with a padding token (the end token where it has none of its own)."""
    with explained(folder), quiet():
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def load_for_use(folder: Path, name: str, device: torch.device) -> LoadedModel:
    """A model for looking inside and trying out, with the head that its config names."""
    with explained(folder):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    architecture = (getattr(config, "architectures", None) or [""])[0]
    head, auto = next(
        ((head, auto) for ends, head, auto in _HEADS if architecture.endswith(ends)), ("encoder", AutoModel)
    )
    if type(config) not in auto._model_mapping:  # such as a model for speech, whose class has such a name too
        head, auto = "encoder", AutoModel
    model = load_weights(auto, folder).to(device).eval()
    tokenizer = processor = None
    if getattr(model, "main_input_name", "") == "pixel_values":
        processor = load_processor(folder)
    else:
        tokenizer = load_tokenizer(folder)
    names = class_names_of(model)
    head = head_of(model, names) if names and head == "classifier" else head
    return LoadedModel(model, tokenizer, head, name, device, names, processor=processor)


def load_processor(folder: Path) -> Any:
    """What prepares pictures for a model."""
    with explained(folder), quiet():
        auto: Any = AutoImageProcessor
        return auto.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def trained_model(goods: Goods, rows: Rows) -> LoadedModel:
    """The model of a run as it is in memory, to be looked at when the training is over."""
    device = next(goods.model.parameters()).device
    head = head_of(goods.model, rows.class_names)
    return LoadedModel(goods.model, goods.tokenizer, head, "the tuned model", device, rows.class_names)


def head_of(model: Any, class_names: tuple[str, ...]) -> str:
    """The head of a model in memory, as `LoadedModel` names it."""
    bare = model.get_base_model() if hasattr(model, "get_base_model") else model  # what peft wraps
    if class_names:
        if type(bare).__name__.endswith("ForTokenClassification"):
            return "tagger"
        return _SEVERAL.get(getattr(bare.config, "problem_type", None) or "", "classifier")
    if type(bare).__name__.endswith(_HEADS[2][0]):
        return "masked-lm"
    return "seq2seq" if getattr(model.config, "is_encoder_decoder", False) else "causal-lm"


def class_names_of(model: Any) -> tuple[str, ...]:
    """The class names in the order of the logits; empty for models without a classifier's head."""
    ends = ("ForSequenceClassification", "ForImageClassification", "ForTokenClassification")
    if not type(model).__name__.endswith(ends):
        return ()
    return tuple(str(model.config.id2label[i]) for i in range(model.config.num_labels))


def fitting_length(wanted: int, model: torch.nn.Module) -> int:
    """The wanted maximum length, or the number of positions that the model has."""
    config: Any = model.config
    positions = getattr(config, "max_position_embeddings", None) or wanted
    # RoBERTa and its kin number their positions from the padding token's number + 1.
    if "roberta" in str(getattr(config, "model_type", "")):
        positions -= int(config.pad_token_id or 0) + 1
    positions = int(positions) - int(part_of(model).get("tokens", 0))  # virtual tokens take room too
    return min(wanted, positions)
