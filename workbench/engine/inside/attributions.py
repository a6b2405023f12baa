"""Explaining a prediction by several methods side by side, and testing them by deletion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.attention import eager
from workbench.engine.inside.asked import Asked, ask, logits_of
from workbench.engine.inside.attributions_attention import (
    FLOW_TOKENS,
    flow,
    gradient_attention,
    rollout,
    with_residual,
)
from workbench.engine.inside.attributions_inputs import close_gradients, deletion_test, occlusion
from workbench.engine.inside.attributions_inputs import replaced as replaced_vectors
from workbench.engine.live import LiveModel, untouched
from workbench.engine.loading import LoadedModel
from workbench.run.inside.explanation import METHOD_KEYS, METHODS, Attribution, Explanation, Method
from workbench.run.problem import Problem, WorkbenchError

Floats = NDArray[np.float64]


def explain(
    loaded: LoadedModel | LiveModel,
    text: str,
    target: int | str | None = None,
    *,
    methods: Sequence[str] = METHOD_KEYS,
    test: bool = True,
    max_tokens: int = 128,
    check: Callable[[], object] = lambda: None,
    report: Callable[[str | Explanation], object] = lambda value: None,
) -> Explanation:
    """Score the tokens of a text for one prediction.

    The model is read in eval mode; mode, random state, attention implementation and gradients are as before.

    Args:
        loaded: A classifier or a language model.
        text: The text.
        target: What is explained, see `asked.ask`.
        methods: Keys of `METHODS`.
        test: Whether to make the deletion test.
        max_tokens: Longer texts are cut.
        check: Called often; may raise to stop.
        report: Receives what is done in words, and the explanation so far after each method.

    Raises:
        WorkbenchError: When there is no such prediction. A method that cannot be had for this model or text is listed
            in `refused` instead.
    """
    with untouched(loaded.model):
        asked = ask(loaded, text, target, max_tokens)
        found = _empty(asked)
        report(found)
        seen: _Seen | None = None
        for method in METHODS:
            if method.key not in methods:
                continue
            check()
            report(f"{method.title}…")
            try:
                if method.key in ("rollout", "flow", "grad-attention"):
                    seen = seen or look(asked)
                found = replace(found, attributions=(*found.attributions, _one(method, asked, seen, check)))
            except WorkbenchError as error:
                found = replace(found, refused=(*found.refused, (method.key, str(error.problem))))
            report(found)
        if test and found.attributions:
            report("Deletion test…")
            rows = [(row.method, row.scores) for row in found.attributions]
            found = replace(found, test=deletion_test(asked, rows, check))
    return found


def _empty(asked: Asked) -> Explanation:
    asked.special.flags.writeable = False
    with torch.no_grad():
        logits = logits_of(asked.loaded, asked.ids[None])[0][0]
    return Explanation(
        tokens=asked.tokens,
        special=asked.special,
        model=asked.loaded.name,
        language=asked.language,
        target=asked.target,
        choices=asked.choices,
        probability=asked.probability(),
        predicted=int(logits.argmax()) == asked.output,
        step=asked.loaded.step,
        note=asked.note,
    )


def _one(method: Method, asked: Asked, seen: _Seen | None, check: Callable[[], object]) -> Attribution:
    gap: float | None = None
    if method.key == "integrated-gradients":
        scores, gap = close_gradients(asked, check)
    elif method.key == "occlusion":
        scores = occlusion(asked, check)
    else:
        assert seen is not None
        scores = _of_attention(method.key, seen, check)
    scores.flags.writeable = False
    return Attribution(method.key, scores, gap=gap)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Maps and their gradients, (heads, n, n) for each layer, and the share of each place in the decision, (n,)."""

    maps: list[torch.Tensor]
    gradients: list[torch.Tensor]
    read: torch.Tensor


def look(asked: Asked) -> _Seen:
    """One pass forward and back: the maps that were used, and the gradients of the log-odds.

    Where the decision is read is not asked of the architecture but seen: only rows of the last layer that the head
    reads ([CLS], the last token, or all of them where it takes the mean) have a gradient.

    Raises:
        WorkbenchError: When the model has no readable attention.
    """
    model = asked.loaded.model
    table = asked.table()
    with torch.enable_grad(), eager(model):
        # The table's vectors are the leaves, so that nothing depends on which weights are frozen.
        vectors = table(asked.ids).detach()[None].requires_grad_()
        with replaced_vectors(table, vectors):
            logits, output = logits_of(asked.loaded, asked.ids[None], output_attentions=True)
        maps = list(getattr(output, "attentions", None) or ())
        n = len(asked.ids)
        if not maps or any(layer is None or layer.ndim != 4 or layer.shape[-2:] != (n, n) for layer in maps):
            raise _unreadable(f"{type(model).__name__} returns no square map for every layer.")
        gradients: tuple[torch.Tensor | None, ...] = (None,)
        if all(layer.requires_grad for layer in maps):
            gradients = torch.autograd.grad(asked.log_odds(logits).sum(), maps, allow_unused=True)
    slopes = [gradient[0] for gradient in gradients if gradient is not None]
    if len(slopes) < len(maps):
        raise _unreadable(f"{type(model).__name__} returns maps that its prediction does not depend on.")
    last = slopes[-1].abs().sum((0, 2)) > 0
    read = (last if last.any() else torch.ones_like(last)).to(maps[0].dtype)
    return _Seen([layer[0].detach() for layer in maps], slopes, read / read.sum())


def _unreadable(cause: str) -> WorkbenchError:
    return WorkbenchError(Problem("The attention of this model cannot be read.", cause))


def _of_attention(method: str, seen: _Seen, check: Callable[[], object]) -> Floats:
    n = len(seen.read)
    if method == "flow":
        if n > FLOW_TOKENS:
            raise WorkbenchError(
                Problem(
                    f"Attention flow is for texts of up to {FLOW_TOKENS} tokens; this one has {n}.",
                    "It solves one network for each token, which takes minutes for longer texts.",
                    "Shorten the text to see it.",
                )
            )
        layers = [layer.double().cpu().numpy() for layer in with_residual(seen.maps)]
        return flow(layers, seen.read.double().cpu().numpy(), check)
    if method == "rollout":
        matrix = rollout(seen.maps)
    else:
        matrix = gradient_attention(seen.maps, seen.gradients)
        matrix = matrix - torch.eye(n, dtype=matrix.dtype, device=matrix.device)
    scores: Floats = (seen.read @ matrix).double().cpu().numpy()
    return scores
