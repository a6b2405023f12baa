"""Decides whether a folder is a model that may be loaded: complete, with safetensors, without code of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.data.suggest import listed
from workbench.run.problem import WorkbenchError, bad_input

Kind = Literal["encoder", "causal-lm", "seq2seq", "image", "unknown"]

_FIELD = "model.source"
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model", "tekken.json")
# Models that read pictures have this in place of a tokenizer.
_IMAGE_PROCESSOR = "preprocessor_config.json"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
# Model types whose bare weights ("BertModel") say nothing in their class name about what they do.
_ENCODERS = frozenset((
    "albert", "bert", "big_bird", "camembert", "convbert", "deberta", "deberta-v2", "distilbert", "electra",
    "ernie", "eurobert", "flaubert", "fnet", "funnel", "ibert", "longformer", "luke", "megatron-bert",
    "mobilebert", "modernbert", "mpnet", "nomic_bert", "nystromformer", "rembert", "roberta",
    "roberta-prelayernorm", "roformer", "squeezebert", "xlm-roberta", "xlm-roberta-xl", "xmod", "yoso",
))  # fmt: skip
_DECODERS = frozenset((
    "bloom", "codegen", "falcon", "gemma", "gemma2", "gemma3_text", "gpt2", "gpt_bigcode", "gpt_neo",
    "gpt_neox", "gpt_oss", "gptj", "granite", "llama", "mamba", "mamba2", "mistral", "mixtral", "mpt",
    "olmo", "olmo2", "opt", "phi", "phi3", "qwen2", "qwen2_moe", "qwen3", "smollm3", "stablelm",
    "starcoder2",
))  # fmt: skip


# Encoder-decoders: what writes pictures or speech is called ForConditionalGeneration, too.
_ENCODER_DECODERS = frozenset((
    "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "fsmt", "led", "longt5", "m2m_100", "marian", "mbart",
    "mt5", "mvp", "nllb-moe", "pegasus", "pegasus_x", "plbart", "prophetnet", "switch_transformers", "t5", "umt5",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model folder's configuration says.

    Attributes:
        kind: "causal-lm" continues text, "encoder" reads it, "seq2seq" writes one text from another, "image" reads
            pictures; "unknown" is none for sure.
        architecture: The transformers class of the weights; the model type where none is named.
        megabytes: The size of the weights, in 10^6 bytes.
    """

    kind: Kind
    architecture: str
    megabytes: float


def inspect_model(folder: Path) -> ModelFacts:
    """What a model folder holds, from its configuration and the weights' headers; nothing is loaded.

    Raises:
        WorkbenchError: When a part is missing or damaged, the weights are pickles, or the model asks to run
            code of its own.
    """
    if not folder.is_dir():
        raise _refused(folder, "It is a file, not a folder.", "Choose the folder that holds config.json.")
    config = _read_json(folder, "config.json")
    _refuse_code(folder, "config.json", config)
    for name in ("tokenizer_config.json", "processor_config.json", _IMAGE_PROCESSOR):
        if (folder / name).is_file():
            _refuse_code(folder, name, _read_json(folder, name))
    weights = _weights(folder)
    if not any((folder / name).is_file() for name in (*_TOKENIZERS, _IMAGE_PROCESSOR)):
        raise _refused(
            folder,
            "It has no tokenizer: neither tokenizer.json nor another vocabulary file is there.",
            "Copy the tokenizer's files of the same model into it.",
        )
    architectures = config.get("architectures")
    named = architectures[0] if isinstance(architectures, list) and architectures else ""
    model_type = str(config.get("model_type") or "")
    return ModelFacts(
        "image" if _reads_pictures(folder) else _kind(str(named), model_type),
        str(named) or model_type,
        sum(file.stat().st_size for file in weights) / 1e6,
    )


def _reads_pictures(folder: Path) -> bool:
    """Models that read pictures alone have no tokenizer."""
    return (folder / _IMAGE_PROCESSOR).is_file() and not any(
        (folder / name).is_file() for name in _TOKENIZERS
    )


def _kind(architecture: str, model_type: str) -> Kind:
    if model_type in _ENCODER_DECODERS and not architecture.endswith(
        ("EncoderModel", "ForSequenceClassification")
    ):
        return "seq2seq"
    if architecture.endswith(("ForCausalLM", "LMHeadModel")):
        return "causal-lm"
    if architecture.endswith(("ForMaskedLM", "ForSequenceClassification", "ForTokenClassification")):
        return "encoder"
    if model_type in _ENCODERS:
        return "encoder"
    return "causal-lm" if model_type in _DECODERS else "unknown"


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _no_config(folder) from None
    except (OSError, ValueError) as error:
        raise _refused(
            folder, f"Its {name} cannot be read: {error}.", "Copy or download the model again."
        ) from error
    if not isinstance(found, dict):
        raise _refused(folder, f"Its {name} holds no JSON object.", "Copy or download the model again.")
    return found


def _no_config(folder: Path) -> WorkbenchError:
    if (folder / "adapter_config.json").is_file():
        return _refused(
            folder,
            "It holds an adapter (adapter_config.json), which is only a part of a model.",
            "Merge it into its base model first, or choose the base model.",
        )
    if any(folder.glob("*.gguf")):
        return _refused(
            folder,
            "It holds GGUF weights without a config.json.",
            "Convert them into a transformers folder, or choose a model with safetensors.",
        )
    inner = sorted(path.parent.name for path in folder.glob("*/config.json"))
    hint = f" The folders in it that have one: {listed(inner, 4)}." if inner else ""
    return _refused(
        folder,
        f"It has no config.json.{hint}",
        "Choose the folder that holds config.json, model.safetensors and the tokenizer.",
    )


def _refuse_code(folder: Path, name: str, config: dict[str, Any]) -> None:
    pending: list[Any] = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if value.get("auto_map") or value.get("custom_pipelines"):
                raise bad_input(
                    f"The model “{folder.name}” was refused: it asks to run code of its own.",
                    f"Its {name} names Python files under auto_map, which could do anything on this machine.",
                    "Choose a model whose architecture is part of transformers; such code is never run here.",
                    field=_FIELD,
                )
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _weights(folder: Path) -> list[Path]:
    """The weights files, each with a sound header."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        files = [single]
    elif index.is_file():
        try:
            names = sorted(set(_read_json(folder, index.name)["weight_map"].values()))
        except (KeyError, AttributeError, TypeError) as error:
            raise _refused(
                folder, f"Its {index.name} has no weight_map.", "Copy or download the model again."
            ) from error
        files = [folder / str(name) for name in names]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise _refused(
                folder,
                f"Parts of its weights are missing: {listed(missing, 4)}.",
                "Copy or download the model again.",
            )
    else:
        raise _no_weights(folder)
    for file in files:
        _check_header(folder, file)
    return files


def _no_weights(folder: Path) -> WorkbenchError:
    pickles = sorted(
        p.name for p in folder.iterdir() if p.suffix in _PICKLES and p.name != "training_args.bin"
    )
    if pickles:
        return bad_input(
            f"The model “{folder.name}” was refused: its weights are pickle files.",
            f"Reading {listed(pickles, 3)} can run code hidden in it; safetensors cannot.",
            "Choose a version of the model with model.safetensors, or have it converted by its author.",
            field=_FIELD,
        )
    return _refused(
        folder, "It has no model.safetensors (nor an index of several).", "Copy or download the model again."
    )


def _check_header(folder: Path, file: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise _refused(
            folder,
            f"Its weights file {file.name} is damaged or cut short ({error}).",
            "Copy or download the model again.",
        ) from error


def _refused(folder: Path, cause: str, remedy: str) -> WorkbenchError:
    return bad_input(f"“{folder.name}” is not a model folder.", f"{cause} ({folder})", remedy, field=_FIELD)
