"""Update rules that torch does not have: Lion and AdEMAMix, for all weights of a group at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

#: Numbers of a weight that a CPU works on at once; all of a rule's tensors of this size fit into its cache.
PIECE = 1 << 16


class _Rule(torch.optim.Optimizer):
    """What both rules share: they go through the groups, and keep averages for each weight by name."""

    averages: tuple[str, ...]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step with the gradients that are there; weights without one stay as they are."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights: list[torch.Tensor] = [p for p in group["params"] if p.grad is not None]
            for weight in weights:
                if not self.state[weight]:
                    self.state[weight] = {name: torch.zeros_like(weight) for name in self.averages}
            if weights:
                self._begin(group)
            for lists in _portions(
                [[p, p.grad, *(self.state[p][name] for name in self.averages)] for p in weights]
            ):
                self._update(group, *lists)
        return loss

    def _begin(self, group: dict[str, Any]) -> None:
        """A step of this group begins."""

    def _update(self, group: dict[str, Any], weights: list[torch.Tensor], *lists: list[torch.Tensor]) -> None:
        """Move some weights of the group; `lists` are their gradients and each of their averages."""
        raise NotImplementedError


def _portions(rows: list[list[Any]]) -> Iterator[list[list[torch.Tensor]]]:
    """What is worked on at once, from a row of a weight, its gradient and its averages for each weight.

    A GPU wants few kernels: it gets all weights. A CPU gets a piece of one weight after the other, whose
    intermediate results stay in its cache.
    """
    if rows and rows[0][0].is_cuda:
        yield [list(column) for column in zip(*rows, strict=True)]
        return
    for row in rows:
        if all(tensor.is_contiguous() for tensor in row):
            for pieces in zip(*(tensor.detach().view(-1).split(PIECE) for tensor in row), strict=True):
                yield [[piece] for piece in pieces]
        else:
            yield [[tensor] for tensor in row]


class Lion(_Rule):
    """EvoLved sIgn mOmeNtum (Chen et al. 2023, algorithm 2).

    θ ← θ − η (sign(β₁ m + (1 − β₁) g) + λ θ), then m ← β₂ m + (1 − β₂) g.
    """

    averages = ("exp_avg",)

    def __init__(
        self,
        params: Any,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def _update(self, group: dict[str, Any], weights: list[torch.Tensor], *lists: list[torch.Tensor]) -> None:
        gradients, momenta = lists
        rate, (beta1, beta2) = group["lr"], group["betas"]
        directions = torch._foreach_lerp(momenta, gradients, 1 - beta1)
        torch._foreach_sign_(directions)
        torch._foreach_mul_(weights, 1 - rate * group["weight_decay"])
        torch._foreach_add_(weights, directions, alpha=-rate)
        torch._foreach_lerp_(momenta, gradients, 1 - beta2)


class AdEMAMix(_Rule):
    """AdamW with a second, slow average of the gradients (Pagliardini, Ablin and Grangier 2024, algorithm 1).

    m₁ ← β₁ m₁ + (1 − β₁) g, m₂ ← β₃(t) m₂ + (1 − β₃(t)) g, v ← β₂ v + (1 − β₂) g²,
    θ ← θ − η ((m₁ / (1 − β₁ᵗ) + α(t) m₂) / (√(v / (1 − β₂ᵗ)) + ε) + λ θ).

    Over the first `horizon` steps α(t) rises linearly to α, and β₃(t) from β₁ to β₃ so that the half-life of the
    slow average grows linearly; 0 starts with both at once.
    """

    averages = ("exp_avg", "exp_avg_slow", "exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float, float] = (0.9, 0.999, 0.9999),
        alpha: float = 5.0,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        horizon: int = 0,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "horizon": horizon,
            "step": 0,
        }
        super().__init__(params, defaults)

    def _begin(self, group: dict[str, Any]) -> None:
        group["step"] += 1

    def _update(self, group: dict[str, Any], weights: list[torch.Tensor], *lists: list[torch.Tensor]) -> None:
        gradients, fast, slow, squares = lists
        step, rate, (beta1, beta2, _) = group["step"], group["lr"], group["betas"]
        alpha, beta3 = self.slowness(group, step)
        torch._foreach_lerp_(fast, gradients, 1 - beta1)
        torch._foreach_lerp_(slow, gradients, 1 - beta3)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        scales = torch._foreach_sqrt(squares)
        torch._foreach_div_(scales, math.sqrt(1 - beta2**step))
        torch._foreach_add_(scales, group["eps"])
        moves = torch._foreach_div(fast, 1 - beta1**step)
        torch._foreach_add_(moves, slow, alpha=alpha)
        torch._foreach_mul_(weights, 1 - rate * group["weight_decay"])
        torch._foreach_addcdiv_(weights, moves, scales, -rate)

    @staticmethod
    def slowness(group: dict[str, Any], step: int) -> tuple[float, float]:
        """(α(t), β₃(t)) of a step, counted from 1."""
        alpha, (beta1, _, beta3), horizon = group["alpha"], group["betas"], group["horizon"]
        if step >= horizon:
            return alpha, beta3
        share, low, high = step / horizon, math.log(beta1), math.log(beta3)
        return share * alpha, math.exp(low * high / ((1 - share) * high + share * low))
