"""The measures of the census, summed while the weights of a long text come by, some rows at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.inside.reading import Reading
from workbench.run.inside.places import Places, find_places

#: Below this the logarithm of a weight counts as this: 1e-38 is nothing, and its neighbours take a processor long.
_LEAST = -87.0


@dataclass(slots=True)
class Counting:
    """Sums of each layer that came by; see `run.inside.census.Tally` for the measures.

    Attributes:
        reading: The texts along the sides of the maps.
        layers: Of each layer: float64 (heads, measures) on the CPU.
    """

    reading: Reading
    layers: list[torch.Tensor] = field(default_factory=list)
    _places: Places | None = None
    _room: torch.Tensor | None = None

    def measures(self, *, causal: bool) -> NDArray[np.float64] | None:
        """Of all layers, read-only: float64 (layers, heads, measures); None where the first one looked otherwise
        than the maps turned out to be."""
        if self._places is None or self._places.causal != causal:
            return None
        found: NDArray[np.float64] = torch.stack(self.layers).numpy()
        found.flags.writeable = False
        return found

    def take(self, rows: torch.Tensor, first: int, *, logs: bool) -> None:
        """Rows of all heads from `first` on, (heads, r, m' <= m), which are overwritten; with `logs` the logarithms
        of weights. The rows of a layer come in order."""
        if self._places is None:
            self._look(rows, logs=logs)
        assert self._places is not None
        places, (heads, count) = self._places, rows.shape[:2]
        if first == 0:
            self.layers.append(torch.zeros(heads, len(places.rows), dtype=torch.float64))
        weights = torch.exp(rows.clamp_(min=_LEAST), out=self._room_for(rows)) if logs else rows
        looking = torch.from_numpy(places.looking[first : first + count]).to(rows)
        largest = torch.from_numpy(places.largest[first : first + count]).to(rows)
        found, far = self._shares(weights, first), self._far(weights, first, looking)
        entropies = -(weights.mul_(rows) if logs else torch.xlogy(weights, weights)).sum(-1)  # (heads, r)
        found += [entropies @ (looking / largest), entropies @ looking, *far]
        self.layers[-1] += torch.stack(found, -1).double().cpu()

    def _room_for(self, rows: torch.Tensor) -> torch.Tensor:
        """Memory for as many weights: new memory each time cost as much as the exponentials."""
        if self._room is None or self._room.numel() < rows.numel() or self._room.device != rows.device:
            self._room = torch.empty(rows.numel(), device=rows.device)
        return self._room[: rows.numel()].view(rows.shape)

    def _look(self, rows: torch.Tensor, *, logs: bool) -> None:
        """Settle the places when the first row of the first layer is there: it shows whether later tokens are seen."""
        reading = self.reading
        others = rows[:, 0, 1:]
        causal = reading.kind != "cross" and not bool((others > _LEAST if logs else others).any())
        keys = reading.keys.special if reading.kind == "cross" else None
        self._places = find_places(reading.queries.tokens, reading.queries.special, keys, causal=causal)

    def _shares(self, weights: torch.Tensor, first: int) -> list[torch.Tensor]:
        """Of each kind (heads,): the sum over its cells in these rows."""
        assert self._places is not None
        heads, count, width = weights.shape
        flat = weights.reshape(heads, -1)
        found = []
        for row, column in self._places.cells:
            some = slice(*np.searchsorted(row, (first, first + count)))
            cells = torch.from_numpy((row[some] - first) * width + column[some]).to(weights.device)
            found.append(flat.index_select(1, cells).sum(-1))
        return found

    def _far(self, weights: torch.Tensor, first: int, looking: torch.Tensor) -> list[torch.Tensor]:
        """|key - query| and key - query weighted by attention, (heads,) each; 0 where they are of two texts."""
        assert self._places is not None
        heads, count, width = weights.shape
        if not self._places.paired:
            return [torch.zeros_like(weights[:, 0, 0])] * 2
        column, row = (
            torch.arange(a, b, device=weights.device) for a, b in ((0, width), (first, first + count))
        )
        offset = (column - row[:, None]).to(weights) * looking[:, None]
        flat = weights.reshape(heads, -1)
        signed = flat @ offset.flatten()
        return [-signed if self._places.causal else flat @ offset.abs_().flatten(), signed]
