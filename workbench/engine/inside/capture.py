"""Reading attention, for every architecture: full maps where they are small, maxima of blocks where they are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.inside import watching
from workbench.engine.inside.blocks import divide
from workbench.engine.inside.counting import Counting
from workbench.engine.inside.formula import Whole
from workbench.engine.inside.reading import Reading, Wanted, prepare
from workbench.engine.inside.switching import can_switch, eager, reading_with, reads_eager
from workbench.engine.inside.watching import Enough, Watch
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.results import AttentionMaps, HeadMap, PooledMaps

Model = LoadedModel | LiveModel

#: Where a model returns the maps of each kind.
_OUTPUTS = {
    "self": "attentions",
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}
#: Parts of the names of modules in which a decoder looks at an encoder.
_CROSS = ("encoder_attn", "EncDecAttention", "crossattention", "cross_attn")
#: More bytes than this are never held at once.
_MOST = 1 << 30
#: How many of a picture's classes are named.
_CLASSES = 5


def capture(loaded: Model, text: str, wanted: Wanted | None = None) -> AttentionMaps | PooledMaps:
    """The attention of every layer and head for a text or a picture: in full where that is small, else pooled.

    The model is read in eval mode without gradients; mode, random state and attention implementation are put back.

    Raises:
        WorkbenchError: When there is nothing to read, or the model has no attention that can be read.
    """
    wanted = wanted or Wanted()
    reading = prepare(loaded, text, wanted)
    if full_size(loaded.model, reading) <= wanted.full_bytes:
        return _full(loaded, reading)
    return _pooled(loaded, reading, wanted)


def attention_maps(loaded: Model, text: str, max_tokens: int = 128) -> AttentionMaps:
    """The attention of every layer and head for a text, in full.

    The model is read in eval mode; mode, random state and attention implementation are put back.

    Raises:
        WorkbenchError: When the text is empty, the maps are too large, or the model has no readable attention.
    """
    return _full(loaded, prepare(loaded, text, Wanted(max_tokens)))


def capture_head(loaded: Model, text: str, layer: int, head: int, wanted: Wanted | None = None) -> HeadMap:
    """One head in full, counted from 0, however long the text is; the layers after it are not computed.

    Raises:
        WorkbenchError: As `capture`; or when there is no such head.
    """
    wanted = wanted or Wanted()
    reading = prepare(loaded, text, wanted)
    watch = _watch(loaded.model, reading, wanted, (layer, head))
    _watched(loaded.model, reading, watch)
    if watch.full is None:
        raise _no_head(loaded, layer, head) if watch.seen else unreadable(loaded.model)
    return HeadMap(layer, head, _frozen(watch.full.numpy()))


def full_size(model: Any, reading: Reading) -> int:
    """How many bytes the full maps take in float32, from the model's config."""
    layers, heads = _layers_and_heads(model, reading)
    return 4 * layers * heads * len(reading.queries.tokens) * len(reading.keys.tokens)


def _layers_and_heads(model: Any, reading: Reading) -> tuple[int, int]:
    config = model.config.get_text_config() if reading.picture is None else model.config
    layers = getattr(config, "num_hidden_layers", None) or 12
    if reading.kind in ("decoder", "cross"):
        layers = (
            getattr(config, "decoder_layers", None) or getattr(config, "num_decoder_layers", None) or layers
        )
    return int(layers), int(getattr(config, "num_attention_heads", None) or 16)


def unreadable(model: Any, found: tuple[int, ...] | None = None) -> WorkbenchError:
    """What is said about a model without maps of all tokens by all tokens."""
    what = "returns no map per layer and head" if found is None else f"returns maps of the shape {found}"
    return WorkbenchError(
        Problem(
            "This model has no attention that can be read.",
            f"{type(model).__name__} {what}: each of its tokens does not look at each other one in the usual way, "
            "or its attention is computed in one step that keeps no weights.",
            "Choose a model of the BERT, GPT, Llama or T5 families, for example.",
        )
    )


def _no_head(loaded: Model, layer: int, head: int) -> WorkbenchError:
    return bad_input(
        f"{loaded.name} has no layer {layer + 1} with a head {head + 1}.",
        "",
        "Choose one of those in the atlas.",
    )


# ---- in full


def _full(loaded: Model, reading: Reading) -> AttentionMaps:
    model = loaded.model
    if full_size(model, reading) > _MOST:
        raise bad_input(
            f"{len(reading.queries.tokens)} tokens are too many for full maps of all heads of {loaded.name}.",
            f"They would take {full_size(model, reading) / 2**30:.1f} GiB.",
            "Read a shorter text.",
        )
    found = None if reads_eager(model) or not can_switch(model) else _by_formula(model, reading)
    output, weights, causal = found or _by_eager(model, reading)
    note = reading.note
    if found is None and float(weights.sum(-1).min()) < 0.98:
        note = f"{note} Rows sum to less than 1: in this model a token may also look at nothing.".strip()
    return AttentionMaps(weights=_frozen(weights), causal=causal, **_common(loaded, reading, output, note))


def _by_formula(model: Any, reading: Reading) -> tuple[Any, NDArray[np.float32], bool] | None:
    """The model's output and its weights, computed beside its own fast attention: half of what eager adds to a
    pass. None where a layer has other maps than the formula's."""
    watch = _watch(model, reading, Wanted())
    layers, _ = _layers_and_heads(model, reading)
    watch.whole = Whole(layers, len(reading.queries.tokens), len(reading.keys.tokens))
    output = _watched(model, reading, watch)
    weights = watch.whole.maps()
    if weights is None or watch.odd:
        return None
    return output, weights, watch.whole.causal or _is_causal(weights)


def _by_eager(model: Any, reading: Reading) -> tuple[Any, NDArray[np.float32], bool]:
    """The same from the model's eager attention, which returns the softmax that was really used."""
    with untouched(model), eager(model):
        output = model(**reading.inputs, output_attentions=True)
    maps = [layer for layer in (getattr(output, _OUTPUTS[reading.kind], None) or ()) if layer is not None]
    shape = (len(reading.queries.tokens), len(reading.keys.tokens))
    if not maps:
        raise unreadable(model)
    for layer in maps:
        if (
            layer.ndim != 4
            or layer.shape[0] != 1
            or layer.shape[-2:] != shape
            or layer.shape != maps[0].shape
        ):
            raise unreadable(model, tuple(layer.shape))
    weights = np.empty((len(maps), *maps[0].shape[1:]), dtype=np.float32)
    for number, layer in enumerate(maps):
        weights[number] = layer[0].float().cpu().numpy()
    return output, weights, _is_causal(weights)


def _common(loaded: Model, reading: Reading, output: Any, note: str) -> dict[str, Any]:
    crossed = reading.kind == "cross"
    return {
        "tokens": reading.queries.tokens,
        "special": reading.queries.special,
        "model": loaded.name,
        "step": loaded.step,
        "prediction": _prediction(loaded, output),
        "note": note,
        "kind": reading.kind,
        "kinds": reading.kinds,
        "keys": reading.keys.tokens if crossed else (),
        "keys_special": reading.keys.special if crossed else None,
        "picture": reading.picture,
    }


def _is_causal(weights: NDArray[Any]) -> bool:
    n, m = weights.shape[-2:]
    # Row by row, for the first row mostly tells; all cells above the diagonal at once took half a forward pass.
    return n > 1 and n == m and not any(weights[..., row, row + 1 :].any() for row in range(n - 1))


def _prediction(loaded: Model, output: Any) -> tuple[tuple[str, float], ...]:
    if loaded.head == "multi-label":  # each label is a question of its own
        return ranked(loaded.class_names, torch.sigmoid(output.logits[0].float()).tolist())
    if loaded.head not in ("classifier", "image-classifier"):
        return ()
    probabilities = torch.softmax(output.logits[0].float(), dim=-1).tolist()
    found = ranked(loaded.class_names, probabilities)
    return found if loaded.head == "classifier" else found[:_CLASSES]


def ranked(names: tuple[str, ...], probabilities: list[float]) -> tuple[tuple[str, float], ...]:
    """(class, probability) pairs, best first."""
    return tuple(sorted(zip(names, probabilities, strict=True), key=lambda pair: -pair[1]))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


# ---- pooled


def _pooled(loaded: Model, reading: Reading, wanted: Wanted) -> PooledMaps:
    model = loaded.model
    watch = _watch(model, reading, wanted)
    watch.counting = Counting(reading) if wanted.census else None
    output = _watched(model, reading, watch)
    if not watch.layers:
        raise unreadable(model, watch.odd)
    same = [layer for layer in watch.layers if layer.shape == watch.layers[0].shape]
    if watch.odd or len(same) < len(watch.layers):
        raise unreadable(model, watch.odd or tuple(watch.layers[0].shape))
    tiles = torch.stack(watch.layers).half().numpy()
    rows, columns = watch.rows.starts, watch.columns.starts
    causal = reading.kind != "cross" and _is_causal(tiles)
    return PooledMaps(
        tiles=_frozen(tiles),
        rows=_frozen(rows),
        columns=_frozen(columns),
        links=_frozen(torch.stack(watch.links, 1).numpy()),
        strengths=_frozen(torch.stack(watch.strengths, 1).numpy()),
        causal=causal,
        measures=watch.counting.measures(causal=causal) if watch.counting else None,
        **_common(loaded, reading, output, reading.note),
    )


def _watch(model: Any, reading: Reading, wanted: Wanted, head: tuple[int, int] | None = None) -> Watch:
    modules = None
    if reading.kind != "self":
        modules = frozenset(id(m) for name, m in model.named_modules() if _kind_of(name) == reading.kind)
    rows, columns = (divide(side.special, wanted.side) for side in (reading.queries, reading.keys))
    return Watch(rows, columns, modules, head)


def _kind_of(name: str) -> str:
    """Which attention a module of an encoder-decoder belongs to, by its name."""
    if any(part in name for part in _CROSS):
        return "cross"
    parts = name.split(".")
    return "encoder" if "encoder" in parts else "decoder" if "decoder" in parts else ""


def _watched(model: Any, reading: Reading, watch: Watch) -> Any:
    """Run the model with a watch; the model's output, None where it was not run to its end."""
    inputs = dict(reading.inputs)
    name = watching.OWN if reads_eager(model) else watching.BLOCKED
    looking = reading_with(model, name) if can_switch(model) else watching.handing_over(model, watch)
    if not can_switch(model):
        inputs["output_attentions"] = True
    with untouched(model), looking, watching.watching(watch):
        try:
            return model(**inputs)
        except Enough:
            return None
