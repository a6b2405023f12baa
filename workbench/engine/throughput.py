"""How fast a run goes just now."""

from __future__ import annotations


class Throughput:
    """Tokens and samples per second over about the last two seconds of training."""

    def __init__(self) -> None:
        self._recent: list[tuple[float, int, int]] = []

    def add(self, seconds: float, tokens: int, samples: int) -> tuple[float, float]:
        """Take in a step; returns (tokens, samples) per second."""
        self._recent.append((seconds, tokens, samples))
        while len(self._recent) > 1 and sum(s for s, _, _ in self._recent[1:]) > 2.0:
            self._recent.pop(0)
        total = max(sum(s for s, _, _ in self._recent), 1e-9)
        return sum(t for _, t, _ in self._recent) / total, sum(n for _, _, n in self._recent) / total
