"""Remembers how the model took to each training row: what later tells rows whose label may be wrong."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray

from workbench.engine.method import Forward, Method, Pass, Workshop
from workbench.engine.task import Batch, Task
from workbench.run.margins import FILE, Margins
from workbench.run.recipe import Recipe

#: Batches whose logits wait on the device until they are read together: on a GPU the host waits once for all of them.
_WAITING = 64

#: Rows, their classes, and the logits of a part of a batch.
_Passes = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class RowMargins(Method):
    """Area under the margin (Pleiss et al. 2020): of each row the mean, over the passes of training, of the logit of
    its label minus the largest other one; beside it the mean loss (cross-entropy, whatever is minimised) and the mean
    probability of the label.

    Nothing is computed again: the logits of the training step are kept as they are, and read later. Blended rows
    (mixup) have no label of their own and are passed over; of rows that go through the model several times in a step
    (R-Drop, adversaries) the first time counts. Costs 24 bytes a row, also in each checkpoint.
    """

    order: ClassVar[int] = 99  # around everything else: it sees what a step has made of a batch
    only_watches: ClassVar[bool] = True

    @classmethod
    def wanted(cls, recipe: Recipe) -> bool:
        return recipe.training.margins and recipe.task.kind == "text-classification"

    def begin(self, workshop: Workshop) -> None:
        self._task: Task = workshop.task
        self._rows = workshop.rows
        self._labels = np.asarray(workshop.goods.train.labels, dtype=np.int64)
        self._kept = _Tally(len(self._labels))
        self._joined: _Tally | None = None  # of all processes, at the step `_joined_at`
        self._passes: list[_Passes] = []  # of the present step
        self._waiting: list[_Passes] = []  # of earlier steps
        self._last: Batch | None = None

    def forward(self, inner: Forward) -> Forward:
        def watched(batch: Batch, **more: Any) -> Pass:
            passed = inner(batch, **more)
            if "rows" in batch and batch is not self._last and passed.blend is None:
                self._passes.append((batch["rows"], passed.targets.detach(), passed.logits.detach()))
            self._last = batch
            return passed

        return watched

    def after_step(self, step: int) -> None:
        self._last = None
        self._waiting += self._passes
        self._passes = []
        if len(self._waiting) >= _WAITING:
            self._read()

    def _read(self) -> None:
        """Take in what waits, in one copy from the device."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        rows, targets, logits = (torch.cat(parts) for parts in zip(*waiting, strict=True))
        given = logits.gather(1, targets[:, None]).squeeze(1)
        others, other = logits.scatter(1, targets[:, None], -torch.inf).max(dim=1)
        loss = torch.logsumexp(logits, dim=1) - given
        found = torch.stack([given - others, loss, other.float()]).cpu().numpy()
        self._joined = None
        self._kept.add(rows.cpu().numpy(), *found)

    # ---- what is kept

    def gather(self, accelerator: Accelerator) -> None:
        self._read()
        self._joined = self._kept
        if accelerator.num_processes > 1:
            self._joined = _Tally.of_all(gather_object([self._kept.arrays()]))

    def state(self) -> dict[str, torch.Tensor]:
        self._read()
        tally = self._joined or self._kept
        return {name: torch.from_numpy(array.copy()) for name, array in tally.arrays().items()}

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        # What all processes have seen is counted by the first one alone.
        if state and (not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0):
            self._kept = _Tally.from_arrays({name: tensor.numpy() for name, tensor in state.items()})
        self._joined = None

    def files(self) -> dict[str, bytes]:
        self._read()
        tally = self._joined or self._kept
        places = self._task.training_places(self._rows)
        if places is None:
            return {}
        held = io.BytesIO()
        found = Margins.of(
            places[0], places[1], self._labels, self._rows.class_names, tally.seen, tally.margin, tally.loss,
            tally.confidence, tally.other,
        )  # fmt: skip
        found.write(held)
        return {FILE: held.getvalue()}


class _Tally:
    """Sums over the passes of each row, and the class that it was taken for when its label was liked least."""

    def __init__(self, rows: int) -> None:
        self.seen = np.zeros(rows, dtype=np.int32)
        self.margin, self.loss, self.confidence = (np.zeros(rows, np.float32) for _ in range(3))
        self.lowest = np.full(rows, np.inf, dtype=np.float32)
        self.other = np.full(rows, -1, dtype=np.int32)

    def add(
        self,
        rows: NDArray[np.int64],
        margins: NDArray[np.float32],
        losses: NDArray[np.float32],
        others: NDArray[np.float32],
    ) -> None:
        """Count passes in, in their order; a row may come several times. However the passes are cut into calls, the
        outcome is the same to the bit."""
        np.add.at(self.seen, rows, 1)
        np.add.at(self.margin, rows, margins)
        np.add.at(self.loss, rows, losses)
        np.add.at(self.confidence, rows, np.exp(-losses))
        np.minimum.at(self.lowest, rows, margins)
        hit = margins == self.lowest[rows]
        self.other[rows[hit]] = others[hit].astype(np.int32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, by name."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> _Tally:
        """What `arrays` has given."""
        made = cls(0)
        for name in vars(made):
            setattr(made, name, np.array(arrays[name]))
        return made

    @classmethod
    def of_all(cls, parts: list[dict[str, NDArray[Any]]]) -> _Tally:
        """What several processes have seen, each of rows of its own at any step."""
        made, *others = (cls.from_arrays(part) for part in parts)
        for one in others:
            for name in ("seen", "margin", "loss", "confidence"):
                getattr(made, name)[:] += getattr(one, name)
            lower = one.lowest < made.lowest
            made.other = np.where(lower, one.other, made.other)
            made.lowest = np.minimum(made.lowest, one.lowest)
        return made
