"""Multi-label classification: give each text any number of labels, each with a probability of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification

from workbench.data.label_sets import LabelSetSides, MarkedSide, label_set_sides
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
from workbench.run.label_tallies import label_metrics
from workbench.run.method_fields import LossSection
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.shelf.datasets import resolve_data

SAMPLES = 12


@dataclass(frozen=True, slots=True)
class Marked(Split):
    """Encoded rows, each with a yes or no for every label.

    Attributes:
        marks: bool, shape (rows, labels).
        thresholds: From which probability on each label is given, float64, shape (labels,).
    """

    marks: NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 0), dtype=bool))
    thresholds: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def take(self, rows: Sequence[int]) -> Split:
        return replace(
            self,
            input_ids=[self.input_ids[i] for i in rows],
            texts=tuple(self.texts[i] for i in rows),
            marks=self.marks[list(rows)],
        )


class Scored(NamedTuple):
    """One batch of held-out rows: row numbers, and a logit for each label (rows, labels)."""

    rows: NDArray[np.int64]
    logits: NDArray[np.float32]


class MultiLabel(Task):
    """Each label is a question of its own: p = σ(z), learned by binary cross-entropy.

    To the loss a row is as many terms as there are labels, each with the logits (0, z): their softmax is (1 − p, p), so
    that the cross-entropy over these two is the binary one, and whatever compares probabilities fits as it is.
    """

    kind = "multi-label"
    title = "Multi-label classification"
    help = "Learns to give each text all labels that fit, such as the topics of an article: none, one or several."
    default_model = "minilm"
    best_metric = "f1_micro"
    lower_is_better = frozenset({"loss", "hamming"})
    metrics = ("loss", "f1_micro", "f1_macro", "f1_samples", "accuracy", "hamming")

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = label_set_sides(recipe.data, context, lambda source, field: resolve_data(source, field=field))
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
        give_outputs(config, rows.class_names, "multi_label_classification")
        config.thresholds = [recipe.labels.threshold] * len(rows.class_names)
        return with_head(AutoModelForSequenceClassification, folder, config)

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        limit = reading_length(recipe, model, tokenizer)
        content: LabelSetSides = rows.content
        thresholds = np.full(len(rows.class_names), recipe.labels.threshold)

        def encoded(side: MarkedSide) -> Marked:
            marks = np.zeros((len(side.texts), len(rows.class_names)), dtype=bool)
            for row, numbers in enumerate(side.marks):
                marks[row, list(numbers)] = True
            ids = cut_texts(tokenizer, side.texts, limit)
            return Marked(ids, texts=side.texts, marks=marks, thresholds=thresholds)

        train = encoded(content.train)
        test = encoded(content.test) if content.test.texts else None
        notes = length_notes(recipe, limit, train.lengths)
        return Goods(model, tokenizer, train, encoded(content.validation), test, notes)

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        assert isinstance(split, Marked)
        ids, mask = padded([split.input_ids[i] for i in indexes], pad)
        labels = torch.from_numpy(split.marks[indexes].astype(np.int64))
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        assert isinstance(split, Marked)
        return len(indexes) * int(split.marks.shape[1])

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        """Two logits, of no and of yes, for each label of each row: float32, shape (rows · labels, 2)."""
        yes: torch.Tensor = outputs.logits.float()
        return torch.stack([torch.zeros_like(yes), yes], dim=-1).flatten(0, 1)

    def targets(self, batch: Batch) -> torch.Tensor:
        return batch["labels"].flatten()

    def loss_section(self, section: LossSection) -> LossSection:
        if section.kind in ("mse", "huber"):
            raise bad_input(
                f"loss.kind (Loss): {section.kind} does not go with this task.",
                "Each label is a yes or a no, of which the model learns the probability.",
                "Choose cross-entropy, bce (here the same) or focal.",
                field="loss.kind",
            )
        return section.model_copy(update={"kind": "cross-entropy"}) if section.kind == "bce" else section

    def class_counts(self, goods: Goods, rows: Rows) -> NDArray[np.int64] | None:
        """How often no and yes is the answer, over all labels together."""
        assert isinstance(goods.train, Marked)
        yes = int(goods.train.marks.sum())
        return np.array([goods.train.marks.size - yes, yes], dtype=np.int64)

    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Scored:
        return Scored(indexes, self.outputs(model, batch).logits.float().cpu().numpy())

    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        assert isinstance(split, Marked)
        scored: list[Scored] = parts
        order = np.concatenate([part.rows for part in scored])
        logits = np.concatenate([part.logits for part in scored]).astype(np.float64)
        true = split.marks[order]
        losses = np.logaddexp(0, logits) - true * logits  # −log σ(z) of a yes, −log(1 − σ(z)) of a no
        probabilities = np.exp(-np.logaddexp(0, -logits))
        said = probabilities >= split.thresholds
        found = {"loss": float(losses.mean())} | {
            name: float(value) for name, value in label_metrics(true, said).items()
        }
        samples = _samples(order, true, said, losses.mean(axis=1), split, rows.class_names)
        return Measurement({name: found[name] for name in self.metrics}, samples=samples)

    def training_texts(self, rows: Rows) -> tuple[str, ...]:
        content: LabelSetSides = rows.content
        return content.train.texts

    def sample_text(self, rows: Rows) -> str:
        content: LabelSetSides = rows.content
        return middle_text(content.validation.texts)


def _samples(
    order: NDArray[np.int64],
    true: NDArray[np.bool_],
    said: NDArray[np.bool_],
    losses: NDArray[np.float64],
    split: Split,
    names: tuple[str, ...],
) -> list[dict[str, Any]]:
    """The worst rows first, then those that are best: what a person wants to read."""
    wrong = (true != said).any(axis=1)
    ranking = np.argsort(-losses, kind="stable")
    worst = [i for i in ranking if wrong[i]][: SAMPLES - 4]
    best = [i for i in ranking[::-1] if not wrong[i]][: SAMPLES - len(worst)]

    def labels(marks: NDArray[np.bool_]) -> str:
        return ", ".join(name for name, mark in zip(names, marks, strict=True) if mark) or "none"

    return [
        {"text": split.texts[order[i]], "true": labels(true[i]), "predicted": labels(said[i])}
        for i in (*worst, *best)
    ]
