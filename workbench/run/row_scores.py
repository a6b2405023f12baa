"""What a classifier said of each row of an evaluation: the value that every number, slice and picture is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from workbench.run.files import writing
from workbench.run.problem import bad_input

#: Raised when what is written has another shape.
VERSION = 1
#: Probabilities are not taken to be smaller, so that a loss stays a number.
TINY = 1e-15


@dataclass(frozen=True, slots=True, eq=False)
class RowIds:
    """Where rows come from, so that each can be found again in the Data page's table and named in a patch.

    Attributes:
        file: The data file, as the recipe's own field would name it.
        rows: Each row's number in the untouched file, from 0; int64, shape (rows,) (`Frame.origin`).
        keys: Each row's key, by which edits by hand name it; uint64, shape (rows,) (`Frame.keys`).
    """

    file: str
    rows: NDArray[np.int64]
    keys: NDArray[np.uint64]

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> RowIds:
        """Those of some rows."""
        chosen = np.asarray(rows, dtype=np.int64)
        return RowIds(self.file, _still(self.rows[chosen]), _still(self.keys[chosen]))


@dataclass(frozen=True, slots=True, eq=False)
class RowScores:
    """The rows of one evaluation of a classifier. All arrays are read-only.

    Attributes:
        texts: The rows as a person reads them.
        true: The right classes, int64, shape (rows,); None where the rows have no labels.
        probabilities: float64, shape (rows, classes); each row sums to 1.
        losses: The negative log-probability of the right class in nats, float64, shape (rows,); NaN without labels.
        names: The classes, in the order of the columns.
        row_ids: Where the rows come from.
        metadata: The other columns of the rows by name, each as texts; None is a missing value.
        model: Which model it was, in words.
        told: Which rows these are, in words ("the held-out rows of …").
        vectors: One vector for each row's sentence, float32, shape (rows, width); None where they were not wanted.
        notes: What there is to say of the rows.
    """

    texts: tuple[str, ...]
    true: NDArray[np.int64] | None
    probabilities: NDArray[np.float64]
    losses: NDArray[np.float64]
    names: tuple[str, ...]
    row_ids: RowIds
    metadata: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    model: str = ""
    told: str = ""
    vectors: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        true: NDArray[np.int64] | None,
        probabilities: NDArray[np.floating[Any]],
        names: Sequence[str],
        row_ids: RowIds | None = None,
        **more: Any,
    ) -> RowScores:
        """The rows with their losses worked out; without `row_ids` they are numbered as they come."""
        count = len(texts)
        sure = np.asarray(probabilities, dtype=np.float64).reshape(count, len(names))
        losses = np.full(count, np.nan)
        if true is not None:
            losses = 0.0 - np.log(np.clip(sure[np.arange(count), true], TINY, 1))
        if row_ids is None:
            rows = np.arange(count, dtype=np.int64)
            row_ids = RowIds("", _still(rows), _still(rows.astype(np.uint64)))
        right = None if true is None else _still(np.asarray(true, dtype=np.int64))
        vectors = more.pop("vectors", None)
        if vectors is not None:
            more["vectors"] = _still(np.asarray(vectors, dtype=np.float32))
        return cls(tuple(texts), right, _still(sure), _still(losses), tuple(names), row_ids, **more)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row, int64, shape (rows,)."""
        found: NDArray[np.int64] = self.probabilities.argmax(axis=1).astype(np.int64, copy=False)
        return found

    @property
    def sureness(self) -> NDArray[np.float64]:
        """The probability of each row's most probable class, shape (rows,)."""
        found: NDArray[np.float64] = self.probabilities.max(axis=1, initial=0.0)
        return found

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Where the most probable class is not the right one, shape (rows,); nowhere without labels."""
        if self.true is None:
            return np.zeros(len(self), dtype=np.bool_)
        found: NDArray[np.bool_] = self.predicted != self.true
        return found

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the rows' texts and right classes by name, in their order: models that were asked about the same
        rows have the same one, whatever they said."""
        found = hashlib.sha256()
        labels = [""] * len(self) if self.true is None else [self.names[i] for i in self.true]
        for text, label in zip(self.texts, labels, strict=True):
            for part in (text, label):
                content = part.encode("utf-8", "surrogatepass")
                found.update(len(content).to_bytes(8, "little") + content)
        return found.hexdigest()

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> RowScores:
        """Some rows, in this order."""
        chosen = np.asarray(rows, dtype=np.int64)
        return replace(
            self,
            texts=tuple(self.texts[i] for i in chosen),
            true=None if self.true is None else _still(self.true[chosen]),
            probabilities=_still(self.probabilities[chosen]),
            losses=_still(self.losses[chosen]),
            row_ids=self.row_ids.take(chosen),
            metadata={name: tuple(values[i] for i in chosen) for name, values in self.metadata.items()},
            vectors=None if self.vectors is None else _still(self.vectors[chosen]),
        )

    def save(self, path: Path) -> None:
        """Write everything to one .npz file, whole or not at all; see `load`.

        Raises:
            WorkbenchError: When it cannot be written.
        """
        words = {
            "version": VERSION,
            "texts": self.texts,
            "names": self.names,
            "metadata": dict(self.metadata),
            "file": self.row_ids.file,
            **{name: getattr(self, name) for name in ("model", "told", "notes")},
        }
        arrays = {"probabilities": self.probabilities, "losses": self.losses,
                  "rows": self.row_ids.rows, "keys": self.row_ids.keys}  # fmt: skip
        for name in ("true", "vectors"):
            if getattr(self, name) is not None:
                arrays[name] = getattr(self, name)
        told = json.dumps(words).encode()  # ASCII: a half of a surrogate pair survives as it is
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path, "wb") as file:
            np.savez(file, words=np.frombuffer(told, np.uint8), **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> RowScores:
        """What `save` has written.

        Raises:
            WorkbenchError: When the file is not there, is damaged or of another version.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            words = json.loads(arrays.pop("words").tobytes())
            if words.pop("version") != VERSION:
                raise ValueError("it is of another version")
            ids = RowIds(words.pop("file"), _still(arrays.pop("rows")), _still(arrays.pop("keys")))
            metadata = {name: tuple(values) for name, values in words.pop("metadata").items()}
            lists = {name: tuple(words.pop(name)) for name in ("texts", "names", "notes")}
            known = {one.name for one in fields(cls)}
            rest = {name: value for name, value in words.items() if name in known}
            still = {name: _still(arrays[name]) for name in arrays if name in known}
            return cls(**{"true": None} | still | lists | rest, row_ids=ids, metadata=metadata)
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise bad_input(
                f"The evaluation {path} cannot be read.",
                f"{type(error).__name__}: {error}.",
                "Measure again; the old file is replaced.",
            ) from error


def _still(array: NDArray[Any]) -> NDArray[Any]:
    """The same values, read-only; the array that was given stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view
