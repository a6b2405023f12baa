"""What a task is to the engine: how rows become batches, what is minimised, and what is measured.

A task is one file in `workbench/tasks/`; this contract is all that the training loop knows of it.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.data.step import Context
from workbench.run.method_fields import LossSection
from workbench.run.recipe import Recipe

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Split:
    """Encoded rows of one side (training, held-out or test).

    Attributes:
        input_ids: One int32 array of token ids per row.
        labels: int64, shape (rows,), for tasks whose rows have a label; otherwise None.
        texts: The rows as a person reads them, for samples.
        counts: For tasks that learn only some tokens, which of each row are learned, bool; otherwise None.
        places: Where several sequences share a row, the place of each token in its own one, int32; otherwise None.
    """

    input_ids: list[NDArray[np.int32]]
    labels: NDArray[np.int64] | None = None
    texts: tuple[str, ...] = ()
    counts: list[NDArray[np.bool_]] | None = None
    places: list[NDArray[np.int32]] | None = None

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per row, shape (rows,)."""
        return np.array([len(ids) for ids in self.input_ids], dtype=np.int64)

    def take(self, rows: Sequence[int]) -> Split:
        """These rows alone, in this order."""
        return Split(
            [self.input_ids[i] for i in rows],
            None if self.labels is None else self.labels[list(rows)],
            tuple(self.texts[i] for i in rows) if self.texts else (),
            None if self.counts is None else [self.counts[i] for i in rows],
            None if self.places is None else [self.places[i] for i in rows],
        )

    def shortened(self, length: int) -> Split:
        """The rows cut to at most this many tokens, to try what shorter ones would cost."""
        cut = [ids[:length] for ids in self.input_ids]
        counts, places = self.counts, self.places
        if counts is not None:  # at least one token of each row, since a batch needs something to learn
            counts = [c if c.any() else np.arange(len(c)) == len(c) - 1 for c in (c[:length] for c in counts)]
        if places is not None:
            places = [row[:length] for row in places]
        return replace(self, input_ids=cut, counts=counts, places=places)

    @property
    def all_ids(self) -> list[NDArray[np.int32]]:
        """Everything that the table of token vectors is asked for, in any order."""
        return self.input_ids


@dataclass(frozen=True, slots=True)
class Rows:
    """What a task read from the recipe's files, before any model is known. `content` belongs to the task."""

    content: Any
    train_rows: int
    validation_rows: int
    class_names: tuple[str, ...] = ()
    fingerprint: str = ""
    notes: tuple[str, ...] = ()
    #: Recipe fields that were guessed, with what was found; they are saved in the run's recipe.
    resolved: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Goods:
    """Everything that training needs: model, tokenizer and encoded rows."""

    model: torch.nn.Module
    tokenizer: Any
    train: Split
    validation: Split
    test: Split | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """The outcome of an evaluation. `samples` are rows for the report; `confusion[i][j]` counts rows of true
    class i that were predicted as j."""

    metrics: dict[str, float]
    confusion: tuple[tuple[int, ...], ...] = ()
    samples: list[dict[str, Any]] = field(default_factory=list)


class Task(ABC):
    """One kind of thing that a model can learn."""

    #: The name in recipes.
    kind: ClassVar[str]
    #: What a person reads.
    title: ClassVar[str]
    #: One sentence for a newcomer.
    help: ClassVar[str]
    #: The embedded model that fits when none is chosen.
    default_model: ClassVar[str]
    #: The held-out metric that decides which weights are kept.
    best_metric: ClassVar[str]
    #: Metrics for which a smaller value is better; every other one is better when larger.
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"loss", "perplexity"})
    #: Every metric that `summarise` returns.
    metrics: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        """Read, mend and split the data.

        Args:
            recipe: The recipe.
            context: What its steps are told; None: its seed and maximum length, and no tokenizer.

        Raises:
            WorkbenchError: With every complaint about the data, naming file, row or field.
        """

    @abstractmethod
    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        """The model (float32, on the CPU) with the right head, and its tokenizer, from a model folder."""

    @abstractmethod
    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        """Turn rows into token ids."""

    @abstractmethod
    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        """The rows of one batch as int64 tensors of shape (rows, longest)."""

    def training_batch(self, split: Split, indexes: NDArray[np.int64], pad: int, step: int) -> Batch:
        """The rows of a batch to learn from; for tasks whose batches are another one at each step (from 1)."""
        return self.collate(split, indexes, pad)

    def training_places(self, rows: Rows) -> tuple[NDArray[np.uint64], NDArray[np.int64]] | None:
        """Where the training rows come from, in their order: their keys, by which edits by hand name them, and their
        numbers in the untouched file, from 0. None where a row of training is no row of a file."""
        return None

    def training_texts(self, rows: Rows) -> tuple[str, ...]:
        """What a new model's tokeniser is learned from; none where the task cannot begin with a new model."""
        return ()

    @abstractmethod
    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        """How many terms the summed loss of these rows has."""

    def outputs(self, model: torch.nn.Module, batch: Batch, **more: Any) -> Any:
        """What the model returns for a batch; further arguments go to the model."""
        return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], **more)

    @abstractmethod
    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        """The predictions that the loss compares, float32 of shape (terms, classes)."""

    @abstractmethod
    def targets(self, batch: Batch) -> torch.Tensor:
        """What they should be, of shape (terms,), in the order of `logits`: int64; of numbers, float32."""

    def summed_loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        batch: Batch,
        each: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """The loss summed over the terms of a batch, a scalar; `each` gives the recipe's loss of each term."""
        return each(logits, targets).sum()

    def loss_section(self, section: LossSection) -> LossSection:
        """What the recipe's choice of a loss means to this task.

        Raises:
            WorkbenchError: When the task cannot be learned with it.
        """
        return section

    def class_counts(self, goods: Goods, rows: Rows) -> NDArray[np.int64] | None:
        """How often each class is the right one in the training rows, for class weights; None without classes."""
        if goods.train.labels is None or not rows.class_names:
            return None
        return np.bincount(goods.train.labels, minlength=len(rows.class_names)).astype(np.int64)

    def further_loss(self, outputs: Any, batch: Batch) -> torch.Tensor | None:
        """What is learned beside the terms, a scalar that is added to their summed loss; None: nothing."""
        return None

    @abstractmethod
    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Any:
        """What one held-out batch contributes to the metrics: plain values or NumPy arrays."""

    @abstractmethod
    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        """The metrics, from what `score` returned for all batches."""

    def written_samples(self, goods: Goods, cancelled: Callable[[], bool]) -> list[dict[str, str]]:
        """What the model writes now, as {"prompt", "text"}; for tasks that write. Asked before and after.
        `cancelled` is asked before each token; True ends the writing with what there is."""
        return []

    def saved_tokenizer(self, tokenizer: Any) -> Any:
        """The tokenizer as it is saved beside the trained weights."""
        return tokenizer

    def sample_text(self, rows: Rows) -> str:
        """A held-out text that stands for the data, to be looked at in the report; empty for none."""
        return ""

    def is_better(self, metric: str, value: float, than: float | None) -> bool:
        """Whether a held-out value is an improvement; NaN never is."""
        if np.isnan(value):
            return False
        if than is None:
            return True
        return value < than if metric in self.lower_is_better else value > than


def joint_fingerprint(fingerprints: Sequence[str]) -> str:
    """One SHA-256 for the files of all sides; that of the file itself where there is only one."""
    if len(fingerprints) == 1:
        return fingerprints[0]
    return hashlib.sha256("".join(fingerprints).encode()).hexdigest()


def padded(ids: list[NDArray[np.int32]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of token ids as (input_ids, attention_mask), both int64 of shape (rows, longest)."""
    longest = max(len(row) for row in ids)
    array = np.full((len(ids), longest), pad, dtype=np.int64)
    mask = np.zeros_like(array)
    for i, row in enumerate(ids):
        array[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return torch.from_numpy(array), torch.from_numpy(mask)
