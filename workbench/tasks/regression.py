"""Regression: read a number off each text, such as a rating, a price or how alike two sentences are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification

from workbench.data.amounts import AmountSide, AmountSides, amount_sides
from workbench.data.step import Context
from workbench.engine.task import Batch, Goods, Measurement, Rows, Split, Task, joint_fingerprint, padded
from workbench.engine.text_heads import (
    cut_texts,
    give_outputs,
    length_notes,
    middle_text,
    read_config,
    reading_length,
    with_head,
)
from workbench.run.deviations import number_metrics
from workbench.run.method_fields import LossSection
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.shelf.datasets import resolve_data

SAMPLES = 12


@dataclass(frozen=True, slots=True)
class Measured(Split):
    """Encoded rows, each with a number for every column.

    Attributes:
        amounts: The numbers as they stand in the file, float64, shape (rows, columns).
        mean: What stands for 0 in each column, float64, shape (columns,).
        scale: What stands for 1, likewise.
    """

    amounts: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    mean: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    scale: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def take(self, rows: Sequence[int]) -> Split:
        return replace(
            self,
            input_ids=[self.input_ids[i] for i in rows],
            texts=tuple(self.texts[i] for i in rows),
            amounts=self.amounts[list(rows)],
        )


class Scored(NamedTuple):
    """One batch of held-out rows: row numbers, and what the model gives, (rows, columns), in scaled units."""

    rows: NDArray[np.int64]
    outputs: NDArray[np.float32]


class Regression(Task):
    """A number for each column, learned by its squared error.

    What is learned is (y − mean) / standard deviation of the training rows, since a head cannot get far from 0 in a
    short training. Both are kept in the model's config as `target_mean` and `target_std`, and y = output · std + mean.
    """

    kind = "regression"
    title = "Regression"
    help = "Learns to read a number off each text, such as a rating, a price or a degree of likeness."
    default_model = "minilm"
    best_metric = "r2"
    lower_is_better = frozenset({"loss", "mae", "rmse"})
    metrics = ("loss", "r2", "mae", "rmse", "spearman")

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = amount_sides(recipe.data, context, lambda source, field: resolve_data(source, field=field))
        return Rows(
            found,
            len(found.train.texts),
            len(found.validation.texts),
            found.names,
            joint_fingerprint(found.fingerprints),
            found.notes,
            found.resolved,
        )

    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        config = read_config(folder)
        named = [str(config.id2label.get(i)) for i in range(len(rows.class_names))]
        # A model that gives these numbers already goes on in its own units, so that it knows at once what it knew.
        same = named == list(rows.class_names) and len(getattr(config, "target_mean", ())) == len(named)
        give_outputs(config, rows.class_names, "regression")
        content: AmountSides | None = rows.content
        if content is not None and not same:
            amounts = np.array(content.train.amounts, dtype=np.float64)
            config.target_mean, config.target_std = (
                amounts.mean(axis=0).tolist(),
                amounts.std(axis=0).tolist(),
            )
        return with_head(AutoModelForSequenceClassification, folder, config)

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        limit = reading_length(recipe, model, tokenizer)
        content: AmountSides = rows.content
        config: Any = model.config
        mean, scale = (
            np.array(values, dtype=np.float64) for values in (config.target_mean, config.target_std)
        )

        def encoded(side: AmountSide) -> Measured:
            amounts = np.array(side.amounts, dtype=np.float64).reshape(len(side.texts), len(mean))
            ids = cut_texts(tokenizer, side.texts, limit)
            return Measured(ids, texts=side.texts, amounts=amounts, mean=mean, scale=scale)

        train = encoded(content.train)
        test = encoded(content.test) if content.test.texts else None
        notes = length_notes(recipe, limit, train.lengths)
        return Goods(model, tokenizer, train, encoded(content.validation), test, notes)

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        assert isinstance(split, Measured)
        ids, mask = padded([split.input_ids[i] for i in indexes], pad)
        wanted = ((split.amounts[indexes] - split.mean) / split.scale).astype(np.float32)
        return {"input_ids": ids, "attention_mask": mask, "labels": torch.from_numpy(wanted)}

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        assert isinstance(split, Measured)
        return len(indexes) * int(split.amounts.shape[1])

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        """What the model gives for each column of each row: float32, shape (rows · columns, 1)."""
        logits: torch.Tensor = outputs.logits
        return logits.float().reshape(-1, 1)

    def targets(self, batch: Batch) -> torch.Tensor:
        """What it should give, float32, shape (rows · columns,)."""
        return batch["labels"].flatten()

    def loss_section(self, section: LossSection) -> LossSection:
        if section.kind in ("focal", "bce"):
            raise bad_input(
                f"loss.kind (Loss): {section.kind} does not go with this task.",
                "It is for classes, and here numbers are learned.",
                "Choose mse or huber.",
                field="loss.kind",
            )
        return section.model_copy(update={"kind": "mse"}) if section.kind == "cross-entropy" else section

    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Scored:
        return Scored(indexes, self.outputs(model, batch).logits.float().cpu().numpy())

    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        """The loss is the mean squared error in scaled units; the other metrics are in the file's, and of several
        columns their mean."""
        assert isinstance(split, Measured)
        scored: list[Scored] = parts
        order = np.concatenate([part.rows for part in scored])
        predicted = (
            np.concatenate([part.outputs for part in scored]).astype(np.float64) * split.scale + split.mean
        )
        true = split.amounts[order]
        each = number_metrics(true, predicted)
        apart = (predicted - true) / split.scale
        metrics = {"loss": float(np.square(apart).mean())}
        metrics |= {name: float(values.mean()) for name, values in each.items()}
        samples = _samples(order, true, predicted, np.abs(apart).mean(axis=1), split)
        return Measurement({name: metrics[name] for name in self.metrics}, samples=samples)

    def training_texts(self, rows: Rows) -> tuple[str, ...]:
        content: AmountSides = rows.content
        return content.train.texts

    def sample_text(self, rows: Rows) -> str:
        content: AmountSides = rows.content
        return middle_text(content.validation.texts)


def _samples(
    order: NDArray[np.int64],
    true: NDArray[np.float64],
    predicted: NDArray[np.float64],
    apart: NDArray[np.float64],
    split: Split,
) -> list[dict[str, Any]]:
    """The rows that are furthest off first, then the nearest: what a person wants to read."""
    ranking = np.argsort(-apart, kind="stable")
    chosen = ranking if len(ranking) <= SAMPLES else np.concatenate([ranking[: SAMPLES - 4], ranking[-4:]])

    def written(values: NDArray[np.float64]) -> str:
        return ", ".join(f"{value:.4g}" for value in values)

    return [
        {"text": split.texts[order[i]], "true": written(true[i]), "predicted": written(predicted[i])}
        for i in chosen
    ]
