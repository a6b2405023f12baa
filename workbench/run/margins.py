"""How a run's model took to each of its training rows, as the run folder keeps it in `margins.npz`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from workbench.run.problem import bad_input

#: The file in the run folder.
FILE = "margins.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """One entry for each training row, in the order of training; all arrays are read-only.

    Attributes:
        keys: By which edits by hand name the rows; uint64. A row that a step made has the key of the row that it was
            made from.
        rows: Their numbers in the untouched file, from 0; int64.
        labels: Their labels in training, as indexes into `names`; int64.
        names: The classes.
        seen: How often each row was learned from; int32.
        margin: Area under the margin: the mean logit of the label minus the largest other one; float32, NaN for a row
            that was never seen. Below 0 the model was, on the whole, surer of another class.
        loss: The mean cross-entropy in nats; float32.
        confidence: The mean probability of the label; float32.
        likely: The class with the largest other logit when the margin was lowest, as an index into `names`; int32, -1
            for a row that was never seen.
    """

    keys: NDArray[np.uint64]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    seen: NDArray[np.int32]
    margin: NDArray[np.float32]
    loss: NDArray[np.float32]
    confidence: NDArray[np.float32]
    likely: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        keys: NDArray[np.uint64],
        rows: NDArray[np.int64],
        labels: NDArray[np.int64],
        names: tuple[str, ...],
        seen: NDArray[np.int32],
        margins: NDArray[np.float32],
        losses: NDArray[np.float32],
        confidences: NDArray[np.float32],
        likely: NDArray[np.int32],
    ) -> Margins:
        """Rows with the means that sums over `seen` passes come to."""
        often = np.where(seen > 0, seen, np.nan).astype(np.float32)
        margin, loss, confidence = (
            _still((sums / often).astype(np.float32)) for sums in (margins, losses, confidences)
        )
        return cls(
            _still(keys), _still(rows), _still(labels), tuple(names), _still(seen), margin, loss, confidence,
            _still(likely),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.keys)

    def write(self, file: IO[bytes]) -> None:
        """Write everything as .npz: the same values give the same bytes."""
        arrays = {name: getattr(self, name) for name in self.__slots__ if name != "names"}
        names = np.frombuffer(json.dumps(self.names).encode(), np.uint8)
        np.savez(file, names=names, **arrays)

    @classmethod
    def read(cls, path: Path) -> Margins:
        """What `write` has written.

        Raises:
            WorkbenchError: When the file is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays: dict[str, Any] = {name: _still(stored[name]) for name in stored.files}
            return cls(names=tuple(json.loads(arrays.pop("names").tobytes())), **arrays)
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise bad_input(
                f"What the run kept of its training rows, {path}, cannot be read.",
                f"{type(error).__name__}: {error}.",
                "Use the other source of suspects (cleanlab), or train again.",
            ) from error


def _still(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
