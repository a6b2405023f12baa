"""Scores of tokens out of changed inputs: integrated gradients, and leaving tokens out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.inside.asked import Asked
from workbench.run.inside.explanation import Deletion, DeletionTest
from workbench.run.problem import bad_input

Floats = NDArray[np.float64]
Check = Callable[[], object]

#: Points on the way from the neutral input: so many at first, then twice as many while the gap is wider than this
#: share of the whole difference, as long as steps × tokens stay below the limit (some seconds for a small model).
IG_STEPS, _GAP, _IG_TOKENS = 32, 0.05, 1024
#: At most so many tokens go through the model at once, with and without gradients.
_GRADIENT_TOKENS, _TOKENS = 1024, 4096
#: And at most so many tokens × weights: whoever waits for one batch waits for less than about a second.
_GRADIENT_WORK, _WORK = 1 << 33, 1 << 35
#: The deletion test measures at most so often, and so many random orders.
DELETION_STEPS, RANDOM_ORDERS = 10, 5


def integrated_gradients(
    asked: Asked, steps: int = IG_STEPS, check: Check = lambda: None
) -> tuple[Floats, float]:
    """Integrated gradients of the score over the vectors of the tokens (Sundararajan, Taly and Yan 2017).

    IG_i = Σ_d (x_id − b_id) · ∫₀¹ ∂F(b + α(x − b)) / ∂x_id dα, with F the log-odds of the target and b the input
    whose text tokens are neutral (`neutral_vector`) while special tokens stay as they are; those therefore score 0.

    Returns:
        The scores, shape (n,), and the gap: their sum minus F(x) − F(b), which is 0 in the limit of many steps.
    """
    table = asked.table()
    with torch.no_grad():
        whole = table(asked.ids)
        text = torch.as_tensor(~asked.special, device=whole.device)[:, None]
        base = torch.where(text, neutral_vector(asked, table), whole)
    places, shares = np.polynomial.legendre.leggauss(steps)
    at = torch.as_tensor((places + 1) / 2, dtype=whole.dtype, device=whole.device)
    weight = torch.as_tensor(shares / 2, dtype=whole.dtype, device=whole.device)
    total = torch.zeros_like(whole)
    together = _together(asked, len(asked.ids), _GRADIENT_TOKENS, _GRADIENT_WORK)
    with torch.enable_grad():
        for start in range(0, steps, together):
            check()
            some, weights = at[start : start + together], weight[start : start + together]
            vectors = (base + some[:, None, None] * (whole - base)).requires_grad_()
            with replaced(table, vectors):
                score = asked.scores(asked.ids.expand(len(some), -1)).sum()
            (gradient,) = torch.autograd.grad(score, vectors)
            total += (weights[:, None, None] * gradient).sum(0)
    with torch.no_grad(), replaced(table, torch.stack([whole, base])):
        real, neutral = asked.scores(asked.ids.expand(2, -1)).tolist()
    scores = (total * (whole - base)).sum(-1).double().cpu().numpy()
    return scores, float(scores.sum() - (real - neutral))


def close_gradients(asked: Asked, check: Check = lambda: None) -> tuple[Floats, float]:
    """Integrated gradients with as many steps as the gap asks for and patience allows.

    Encoders need few. Language models turn abruptly on the way, where their first token becomes one.
    """
    steps = IG_STEPS
    while True:
        scores, gap = integrated_gradients(asked, steps, check)
        near = abs(gap) <= _GAP * abs(float(scores.sum()) - gap)
        if near or 2 * steps * len(asked.ids) > _IG_TOKENS or 2 * steps > 8 * IG_STEPS:
            return scores, gap
        steps *= 2


def _together(asked: Asked, length: int, tokens: int, work: int) -> int:
    """How many texts of a length go through the model at once."""
    weights: int = sum(parameter.numel() for parameter in asked.loaded.model.parameters())
    return max(1, min(tokens, work // weights) // length)


def neutral_vector(asked: Asked, table: torch.nn.Module) -> torch.Tensor:
    """What stands for "no word": the vector of the mask token, or the mean of the table where there is none.

    A vector of zeros would do for neither: normalising layers blow it up, and all change would happen next to it.
    """
    mask = asked.loaded.tokenizer.mask_token_id
    if mask is not None:
        vector: torch.Tensor = table(torch.tensor([mask], device=asked.ids.device))
        return vector
    size = int(asked.loaded.model.config.get_text_config().vocab_size)
    some = torch.arange(0, size, max(1, size // 4096), device=asked.ids.device)  # 4 096 rows are mean enough
    mean: torch.Tensor = table(some).mean(0, keepdim=True)
    return mean


@contextlib.contextmanager
def replaced(table: torch.nn.Module, vectors: torch.Tensor) -> Iterator[None]:
    """Let the table of token vectors give these instead, shape (batch, n, width)."""

    def give(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:
        return vectors

    hook = table.register_forward_hook(give)
    try:
        yield
    finally:
        hook.remove()


def occlusion(asked: Asked, check: Check = lambda: None) -> Floats:
    """How far the probability of the target falls when each token is left out; shape (n,)."""
    n = len(asked.ids)
    kept = [tuple(j for j in range(n) if j != i) for i in range(n)]
    return asked.probability() - probabilities(asked, kept, check)


def probabilities(asked: Asked, kept: Sequence[tuple[int, ...]], check: Check = lambda: None) -> Floats:
    """The probability of the target when only these tokens are kept; all rows have the same number of them, so that
    nothing is padded."""
    found: list[float] = []
    length = len(kept[0])
    together = _together(asked, length, _TOKENS, _WORK) if asked.can_batch else 1
    with torch.no_grad():
        for start in range(0, len(kept), together):
            check()
            rows = torch.tensor(kept[start : start + together], device=asked.ids.device)
            found += probability_of(asked.scores(asked.ids[rows]))
    return np.array(found)


def probability_of(log_odds: torch.Tensor) -> list[float]:
    """Probabilities of log-odds; in float64, where a nearly certain one still differs from 1."""
    values: list[float] = torch.sigmoid(log_odds.detach().cpu().double()).tolist()
    return values


def deletion_test(
    asked: Asked, scores: Sequence[tuple[str, Floats]], check: Check = lambda: None
) -> DeletionTest:
    """Remove text tokens in the order of each method's scores, in the reverse order, and in random orders.

    Args:
        asked: The prediction.
        scores: (method, scores of shape (n,)); at least one.
        check: Called between batches; may raise.

    Raises:
        WorkbenchError: When there are fewer than two text tokens.
    """
    text = np.flatnonzero(~asked.special)
    if len(text) < 2:
        raise bad_input("One token alone cannot be ranked.", "", "Type at least two words.")
    steps = min(DELETION_STEPS, len(text) - 1)  # the last token goes in every order: it tells nothing
    removed = np.unique(np.linspace(0, len(text) - 1, steps + 1).round().astype(np.int64))
    chance = [np.random.default_rng(seed).permutation(text) for seed in range(RANDOM_ORDERS)]
    down = [text[np.argsort(-values[text], kind="stable")] for _, values in scores]
    orders = [*down, *(order[::-1] for order in down), *chance]
    curves = np.empty((len(orders), len(removed)))
    curves[:, 0] = asked.probability()
    for column, count in enumerate(removed[1:], start=1):
        gone = [frozenset(order[:count].tolist()) for order in orders]
        different = list(dict.fromkeys(gone))
        kept = [tuple(i for i in range(len(asked.ids)) if i not in some) for some in different]
        measured = dict(zip(different, probabilities(asked, kept, check), strict=True))
        curves[:, column] = [measured[some] for some in gone]
    curves.flags.writeable = removed.flags.writeable = False
    number = len(scores)
    rows = (Deletion(method, curves[i], curves[number + i]) for i, (method, _) in enumerate(scores))
    return DeletionTest(removed, tuple(rows), curves[2 * number :])
