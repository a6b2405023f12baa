"""Trained vectors in front of every text, either as tokens or as keys and values, by hooks on a model's body."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache

from workbench.engine.layers import PART
from workbench.run.problem import bad_input


class Prompt(torch.nn.Module):
    """Vectors that stand where those of tokens stand (Lester et al. 2021), shape (tokens, width)."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.vectors = torch.nn.Parameter(torch.zeros(tokens, width))
        self.put = 0  # how many of them stand before the texts that go through just now


class Prefix(torch.nn.Module):
    """Keys and values of every layer (Li and Liang 2021), shape (layers, 2, heads, tokens, size)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.states = torch.nn.Parameter(torch.zeros(shape))


def attach_prompt(model: Any, settings: dict[str, Any]) -> None:
    """Put `settings["tokens"]` vectors before each text. What the model returns is as long as the text."""
    body = body_of(model)
    width = body.get_input_embeddings().embedding_dim
    body.add_module(PART, Prompt(int(settings["tokens"]), width).to(next(model.parameters()).device))
    body.register_forward_pre_hook(_put_prompt, with_kwargs=True)
    body.register_forward_hook(_take_prompt_off, with_kwargs=True)


def attach_prefix(model: Any, settings: dict[str, Any]) -> None:
    """Put keys and values of the shape `settings["shape"]` before those of each text."""
    body = body_of(model)
    body.add_module(PART, Prefix(tuple(settings["shape"])).to(next(model.parameters()).device))
    body.register_forward_pre_hook(_put_prefix, with_kwargs=True)
    body.register_forward_hook(_take_prefix_off, with_kwargs=True)


def body_of(model: Any) -> Any:
    """The pre-trained model without its head."""
    return getattr(model, model.base_model_prefix, model)


def check_fits(model: Any, tokens: int, length: int) -> None:
    """Whether virtual tokens and the longest text fit into the model's positions.

    Raises:
        WorkbenchError: When they do not, or the model is none that they can be put into.
    """
    config = model.config
    if getattr(config, "is_encoder_decoder", False):
        raise bad_input(
            "weights.kind (Weights): virtual tokens do not know models with an encoder and a decoder.",
            remedy="Choose lora, which works in every model.",
            field="weights.kind",
        )
    positions = int(getattr(config, "max_position_embeddings", None) or length + tokens)
    if "roberta" in str(getattr(config, "model_type", "")):
        positions -= int(config.pad_token_id or 0) + 1
    if min(length, positions) + tokens > positions:
        raise bad_input(
            "weights.virtual_tokens (Virtual tokens): there is no room for them.",
            f"The model has {positions} positions, and texts may have {min(length, positions)} tokens.",
            f"Set the maximum length to {max(0, positions - tokens)} or less, or take fewer virtual tokens.",
            field="weights.virtual_tokens",
        )


def activations(model: Any, tokens: int) -> torch.Tensor:
    """The keys and values of as many tokens drawn by chance, as first values of a prefix.

    Raises:
        WorkbenchError: When the model keeps no keys and values.
    """
    body = body_of(model)
    table = body.get_input_embeddings()
    weight = next(model.parameters())
    ids = torch.randint(table.num_embeddings, (1, tokens)).to(weight.device)
    training = body.training
    body.eval()
    with torch.no_grad():
        cache: Any = getattr(body(input_ids=ids, use_cache=True), "past_key_values", None)
    body.train(training)
    if not isinstance(cache, DynamicCache) or cache.get_seq_length() != tokens:
        raise bad_input(
            "weights.kind (Weights): prefix needs a model that keeps keys and values.",
            f"{type(model).__name__} has no cache of them, as encoders have none.",
            "Choose prompt, which works in encoders too, or a language model.",
            field="weights.kind",
        )
    layers: Any = cache.layers
    return torch.stack([torch.stack([layer.keys[0], layer.values[0]]) for layer in layers]).float()


# ---- hooks


def _put_prompt(body: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    part: Prompt = body.get_submodule(PART)
    given = _named(args, kwargs)
    tokens = len(part.vectors)
    part.put = 0 if _seen(given) else tokens
    if part.put:
        vectors, ids = given.pop("inputs_embeds", None), given.pop("input_ids", None)
        if vectors is None:
            vectors = body.get_input_embeddings()(ids)
        ours = part.vectors.to(vectors.dtype).expand(len(vectors), -1, -1)
        given["inputs_embeds"] = torch.cat([ours, vectors], dim=1)
        kinds = given.get("token_type_ids")
        if kinds is not None:
            given["token_type_ids"] = torch.cat([kinds[:, :1].expand(-1, tokens), kinds], dim=1)
    _make_room(given, tokens)
    places = given.get("position_ids")
    if places is not None and part.put:
        ahead = torch.arange(tokens, device=places.device).expand(len(places), -1)
        given["position_ids"] = torch.cat([ahead, places], dim=1)
    return (), given


def _put_prefix(body: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    part: Prefix = body.get_submodule(PART)
    given = _named(args, kwargs)
    if not _seen(given):
        texts = given.get("input_ids")
        rows = len(texts if texts is not None else given["inputs_embeds"])
        cache: Any = given.get("past_key_values")
        if cache is None:
            cache = DynamicCache(config=body.config)
        for number, (keys, values) in enumerate(_in_arithmetic(part.states)):
            cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), number)
        given["past_key_values"] = cache
    _make_room(given, part.states.shape[3])
    return (), given


def _take_prompt_off(body: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> Any:
    part: Prompt = body.get_submodule(PART)
    rows = part.put
    outputs.last_hidden_state = outputs.last_hidden_state[:, rows:]
    if getattr(outputs, "hidden_states", None) is not None:
        outputs.hidden_states = tuple(states[:, rows:] for states in outputs.hidden_states)
    _shorten_attention(outputs, rows, len(part.vectors))
    return outputs


def _take_prefix_off(body: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> Any:
    _shorten_attention(outputs, 0, body.get_submodule(PART).states.shape[3])
    return outputs


def _in_arithmetic(states: torch.Tensor) -> torch.Tensor:
    """Keys and values in the number format in which a model under autocast makes its own."""
    kind = states.device.type
    return states.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else states


def _shorten_attention(outputs: Any, rows: int, columns: int) -> None:
    """Attention among the text's own tokens; what goes to the virtual ones is missing from its sums."""
    maps = getattr(outputs, "attentions", None)
    if maps is not None:
        outputs.attentions = tuple(None if one is None else one[..., rows:, columns:] for one in maps)


def _named(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name: models are given token ids first, and all else by name."""
    return {**({"input_ids": args[0]} if args else {}), **kwargs}


def _seen(given: dict[str, Any]) -> int:
    """How many tokens are in the cache already."""
    cache = given.get("past_key_values")
    return 0 if cache is None else int(cache.get_seq_length())


def _make_room(given: dict[str, Any], tokens: int) -> None:
    """Mask and positions as they are with virtual tokens in front, whom the caller knows nothing of."""
    mask = given.get("attention_mask")
    if mask is not None:
        if mask.ndim != 2:
            raise bad_input(
                "Virtual tokens need one mask for each text.", "This one is made for packed texts."
            )
        given["attention_mask"] = torch.cat([mask.new_ones(len(mask), tokens), mask], dim=1)
    if given.get("position_ids") is not None:
        given["position_ids"] = given["position_ids"] + tokens
