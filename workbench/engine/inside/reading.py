"""What a model is given to read for its attention: a text, a text and a target, or a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.engine.reader import start_token
from workbench.run.problem import bad_input
from workbench.run.results import Picture

#: The kinds of attention of an encoder-decoder: its encoder, its decoder, and the decoder's look at the encoder.
KINDS = ("encoder", "decoder", "cross")
#: Heads of models that read a text and write none, even where they have a decoder.
_READERS = ("classifier", "multi-label", "regressor", "tagger")

#: A target that is not given is generated greedily, up to this many tokens.
_WRITTEN = 48


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read, and which part of it to capture.

    Attributes:
        max_tokens: The text is cut after so many tokens; never more than the model has positions for.
        kind: One of `KINDS` for an encoder-decoder; empty for the first that the model has.
        target: What the decoder reads; empty to let it write a target itself.
        image: A picture file, for a model that reads pictures.
        full_bytes: Maps that take more bytes than this are pooled.
        side: At most about so many blocks per side of a pooled map.
        census: Whether pooled maps come with the measures of the census; full maps need none.
    """

    max_tokens: int = 128
    kind: str = ""
    target: str = ""
    image: str = ""
    full_bytes: int = 96 << 20
    side: int = 96
    census: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """The tokens along one side of a map, and which of them are special."""

    tokens: tuple[str, ...]
    special: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reading:
    """The inputs of one forward pass, and the names of rows and columns of the maps of a kind."""

    inputs: dict[str, Any]
    queries: Side
    keys: Side
    kind: str = "self"
    kinds: tuple[str, ...] = ("self",)
    note: str = ""
    picture: Picture | None = None


def prepare(loaded: LoadedModel | LiveModel, text: str, wanted: Wanted) -> Reading:
    """Make the inputs.

    Raises:
        WorkbenchError: When there is nothing to read, or the model reads something else.
    """
    model = loaded.model
    if getattr(loaded, "processor", None) is not None:
        return _of_picture(loaded, wanted)
    if wanted.image:
        raise bad_input(
            "This model does not read pictures.",
            f"{loaded.name} is a model for text.",
            "Choose a vision transformer, or give a text.",
        )
    if not text.strip():
        raise bad_input("There is no text to look at.", "", "Type a sentence.")
    ids, note = _ids(loaded, text, wanted.max_tokens)
    source = side_of(loaded.tokenizer, ids)
    row = torch.tensor([ids], device=loaded.device)
    inputs: dict[str, Any] = {"input_ids": row, "attention_mask": torch.ones_like(row)}
    if not getattr(model.config, "is_encoder_decoder", False):
        if wanted.kind not in ("", "self"):
            raise bad_input(
                f"This model has no {wanted.kind} attention of its own.",
                f"{loaded.name} is no encoder-decoder.",
                "Leave the kind out.",
            )
        if loaded.head == "causal-lm":
            inputs["use_cache"] = False
        return Reading(inputs, source, source, note=note)
    kind = wanted.kind or KINDS[0]
    if kind not in KINDS:
        raise bad_input(f"There is no attention of the kind {kind!r}.", "", f"Choose {', '.join(KINDS)}.")
    # The encoder reads alone: its decoder need not write first.
    written = [start_token(model)] if kind == KINDS[0] else _decoder_ids(loaded, inputs, wanted)
    inputs["use_cache"] = False
    if loaded.head in _READERS:  # its decoder reads the same text, shifted by one
        written = [start_token(model), *ids[:-1]]
    else:
        inputs["decoder_input_ids"] = torch.tensor([written], device=loaded.device)
    target = side_of(loaded.tokenizer, written)
    queries, keys = {"encoder": (source, source), "decoder": (target, target)}.get(kind, (target, source))
    return Reading(inputs, queries, keys, kind, KINDS, note)


def _ids(loaded: LoadedModel | LiveModel, text: str, max_tokens: int) -> tuple[list[int], str]:
    """The token numbers of a text, and whether it was cut."""
    most, tokenizer = fitting_length(max_tokens, loaded.model), loaded.tokenizer
    ids = tokenizer(text, truncation=True, max_length=most)["input_ids"]
    note = ""
    if len(ids) >= most:  # only then something can have been cut
        whole = tokenizer(text, truncation=False, return_attention_mask=False, verbose=False)["input_ids"]
        note = f"Cut after {len(ids)} of {len(whole)} tokens." if len(whole) > len(ids) else ""
    if not ids:
        raise bad_input(
            "There is no text to look at.", "The tokenizer leaves nothing of it.", "Type a sentence."
        )
    return ids, note


def _decoder_ids(loaded: LoadedModel | LiveModel, inputs: dict[str, Any], wanted: Wanted) -> list[int]:
    """What the decoder reads: its start token, then the target without the end token."""
    model, tokenizer = loaded.model, loaded.tokenizer
    if loaded.head in _READERS:
        return []
    if wanted.target.strip():
        most = fitting_length(wanted.max_tokens, model)
        read = tokenizer(text_target=wanted.target, truncation=True, max_length=most)["input_ids"]
        ids = [start_token(model), *read]
    elif not hasattr(model, "lm_head") and not getattr(model, "can_generate", lambda: False)():
        ids = [start_token(model)]
    else:
        with untouched(model):
            written = model.generate(
                **inputs, max_new_tokens=_WRITTEN, do_sample=False, num_beams=1, use_cache=True
            )
        ids = list(map(int, written[0]))
    return ids[:-1] if len(ids) > 1 and ids[-1] == tokenizer.eos_token_id else ids


def side_of(tokenizer: Any, ids: list[int]) -> Side:
    """The tokens as a person reads them."""
    special = np.isin(np.asarray(ids), special_ids(tokenizer))
    special.flags.writeable = False
    return Side(readable_tokens(tokenizer, ids), special)


def special_ids(tokenizer: Any) -> list[int]:
    """The special tokens that stand for no text. An unknown word is text, unless its token has another job."""
    others = [getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad", "cls", "sep", "mask")]
    unknown = None if tokenizer.unk_token_id in others else tokenizer.unk_token_id
    return [number for number in tokenizer.all_special_ids if number != unknown]


def readable_tokens(tokenizer: Any, ids: list[int]) -> tuple[str, ...]:
    """Tokens as a person reads them: a visible space for a word's start where the vocabulary marks it,
    "##" kept for WordPiece's continuations, and raw bytes only where they are no whole character."""
    raw = tokenizer.convert_ids_to_tokens(ids)
    special = set(tokenizer.all_special_ids)  # made anew each time it is asked for
    names: dict[int, str] = {}
    for number, token in zip(ids, raw, strict=True):
        if number not in names:
            names[number] = _readable(tokenizer, number, token, special)
    return tuple(names[number] for number in ids)


def _readable(tokenizer: Any, number: int, token: str | None, special: set[int]) -> str:
    if token is None:  # many models can write a few more numbers than their tokenizer has names for
        return f"[{number}]"
    if number in special or token.startswith("##"):
        return token
    text = str(tokenizer.decode([number], clean_up_tokenization_spaces=False))
    if token.startswith(("Ġ", "▁")) and not text.startswith(" "):
        text = f" {text}"
    if "�" in text or not text:
        text = token
    return text.replace("\n", "⏎").replace("\t", "⇥")


def _of_picture(loaded: Any, wanted: Wanted) -> Reading:
    """A picture as patches: special tokens first, then the patches row by row."""
    if not wanted.image:
        raise bad_input(
            "This model reads pictures.",
            f"{loaded.name} is a vision transformer.",
            "Give it a picture (--image FILE on the command line), or choose a model for text.",
        )
    from PIL import Image, UnidentifiedImageError

    path = Path(wanted.image)
    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise bad_input(
            f"The picture {path} cannot be read.", str(error), "Choose a PNG or JPEG file."
        ) from error
    pixels = loaded.processor(images=image, return_tensors="pt")["pixel_values"]
    config = loaded.model.config
    patch = getattr(config, "patch_size", 0)
    tall, wide = (patch, patch) if isinstance(patch, int) else patch
    if not tall or pixels.ndim != 4:
        raise bad_input(
            "This model has no attention that can be read.",
            f"{type(loaded.model).__name__} does not cut its picture into patches of one size.",
            "Choose a vision transformer such as ViT, DeiT or DINOv2.",
        )
    rows, columns = pixels.shape[2] // tall, pixels.shape[3] // wide
    extra = ["[CLS]"] if config.model_type not in ("siglip_vision_model", "siglip2_vision_model") else []
    extra += ["[DIST]"] if config.model_type == "deit" else []
    extra += [f"[REG {i + 1}]" for i in range(getattr(config, "num_register_tokens", 0) or 0)]
    names = [f"row {r + 1}, column {c + 1}" for r in range(rows) for c in range(columns)]
    special = np.arange(len(extra) + len(names)) < len(extra)
    special.flags.writeable = False
    side = Side((*extra, *names), special)
    picture = Picture(_as_seen(pixels[0], loaded.processor), (rows, columns))
    inputs = {"pixel_values": pixels.to(loaded.device)}
    return Reading(inputs, side, side, picture=picture)


def _as_seen(pixels: torch.Tensor, processor: Any) -> NDArray[np.uint8]:
    """The normalised pixels (3, height, width) as colours again."""
    mean, spread = (
        torch.tensor(getattr(processor, name, None) or standard).view(-1, 1, 1)
        for name, standard in (("image_mean", [0.0]), ("image_std", [1.0]))
    )
    colours = pixels * spread + mean if getattr(processor, "do_normalize", True) else pixels
    found = (colours.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    found.flags.writeable = False
    return found
