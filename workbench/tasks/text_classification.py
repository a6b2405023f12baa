"""Text classification: put a text into one of several classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModelForSequenceClassification

from workbench.data.frame import Frame
from workbench.data.step import Context
from workbench.data.training_rows import TrainingRows, training_rows
from workbench.engine.encoding import token_ids
from workbench.engine.loading import fitting_length, load_tokenizer, load_weights
from workbench.engine.metrics import classification_metrics, confusion_matrix
from workbench.engine.task import Batch, Goods, Measurement, Rows, Split, Task, joint_fingerprint, padded
from workbench.run.recipe import Recipe
from workbench.shelf.datasets import resolve_data

SAMPLES = 12


@dataclass(frozen=True, slots=True)
class Side:
    """Texts and the numbers of their classes."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of each side; `test` may be empty. `learned` are the training rows with their origin."""

    train: Side
    validation: Side
    test: Side
    learned: Frame | None = field(default=None, compare=False)


class Scored(NamedTuple):
    """One batch of held-out rows: row numbers, log-probabilities (rows, classes)."""

    rows: NDArray[np.int64]
    log_probabilities: NDArray[np.float32]


class TextClassification(Task):
    """Any number of classes, one per text."""

    kind = "text-classification"
    title = "Text classification"
    help = "Learns to put each text into one of your classes, such as a topic, a mood or an urgency."
    default_model = "minilm"
    best_metric = "accuracy"
    metrics = ("loss", "accuracy", "f1_macro")

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = training_rows(recipe.data, context, lambda source, field: resolve_data(source, field=field))
        train, validation, test = (
            _side(found, frame) for frame in (found.train, found.validation, found.test)
        )
        return Rows(
            Content(train, validation, test, found.train),
            len(train.texts),
            len(validation.texts),
            found.class_names,
            joint_fingerprint(found.fingerprints),
            found.notes,
            found.resolved,
        )

    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        names = rows.class_names
        config.num_labels = len(names)
        config.id2label = dict(enumerate(names))
        config.label2id = {name: i for i, name in enumerate(names)}
        config.problem_type = "single_label_classification"
        model = load_weights(AutoModelForSequenceClassification, folder, config=config, new_head=True)
        tokenizer = load_tokenizer(folder)
        if model.config.pad_token_id is None:
            model.config.pad_token_id = tokenizer.pad_token_id
        return model, tokenizer

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        limit = fitting_length(recipe.training.max_length, model)
        tokenizer.model_max_length = limit  # whoever loads the model later cuts texts where training cut them
        content: Content = rows.content

        def encoded(side: Side) -> Split:
            if not side.texts:
                return Split([], np.empty(0, dtype=np.int64))
            ids = token_ids(tokenizer, side.texts, truncation=True, max_length=limit)
            return Split(ids, np.asarray(side.labels, dtype=np.int64), side.texts)

        train = encoded(content.train)
        notes = []
        cut = int(np.sum(train.lengths == limit))
        if cut:
            share = cut / len(train)
            notes.append(f"{cut} training texts ({share:.1%}) reach {limit} tokens and may be cut there.")
        if limit < recipe.training.max_length:
            notes.append(f"The model reads at most {limit} tokens; longer texts are cut there.")
        test = encoded(content.test) if content.test.texts else None
        return Goods(model, tokenizer, train, encoded(content.validation), test, tuple(notes))

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        ids, mask = padded([split.input_ids[i] for i in indexes], pad)
        assert split.labels is not None
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "labels": torch.from_numpy(split.labels[indexes]),
        }

    def training_batch(self, split: Split, indexes: NDArray[np.int64], pad: int, step: int) -> Batch:
        # Which rows they are: for what is remembered of each.
        return self.collate(split, indexes, pad) | {"rows": torch.from_numpy(np.asarray(indexes, np.int64))}

    def training_places(self, rows: Rows) -> tuple[NDArray[np.uint64], NDArray[np.int64]] | None:
        frame = rows.content.learned
        return None if frame is None else (frame.keys, frame.origin)

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        return len(indexes)

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        logits: torch.Tensor = outputs.logits
        return logits.float()

    def targets(self, batch: Batch) -> torch.Tensor:
        return batch["labels"]

    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Scored:
        logits = self.logits(self.outputs(model, batch), batch)
        return Scored(indexes, torch.log_softmax(logits, dim=-1).cpu().numpy())

    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        scored: list[Scored] = parts
        order = np.concatenate([part.rows for part in scored])
        scores = np.concatenate([part.log_probabilities for part in scored])
        assert split.labels is not None
        true = split.labels[order]
        confusion = confusion_matrix(true, scores.argmax(axis=1), len(rows.class_names))
        metrics = {"loss": float(-np.mean(scores[np.arange(len(true)), true], dtype=np.float64))}
        metrics |= classification_metrics(confusion)
        return Measurement(
            metrics,
            tuple(tuple(int(n) for n in row) for row in confusion),
            _samples(order, true, scores, split, rows.class_names),
        )

    def training_texts(self, rows: Rows) -> tuple[str, ...]:
        content: Content = rows.content
        return content.train.texts

    def sample_text(self, rows: Rows) -> str:
        content: Content = rows.content
        texts = sorted(content.validation.texts, key=len)
        return texts[len(texts) // 2] if texts else ""


def _side(found: TrainingRows, frame: Frame) -> Side:
    texts, labels = found.numbered(frame)
    return Side(tuple(texts), tuple(labels))


def _samples(
    order: NDArray[np.int64],
    true: NDArray[np.int64],
    scores: NDArray[np.float32],
    split: Split,
    names: tuple[str, ...],
) -> list[dict[str, Any]]:
    """The surest mistakes first, then the surest hits: what a person wants to read."""
    predicted = scores.argmax(axis=1)
    sureness = scores.max(axis=1)
    ranking = np.lexsort((-sureness, predicted == true))
    wrong = ranking[: int(np.sum(predicted != true))][: SAMPLES - 4]
    right = ranking[int(np.sum(predicted != true)) :][: SAMPLES - len(wrong)]
    return [
        {
            "text": split.texts[order[i]],
            "true": names[true[i]],
            "predicted": names[predicted[i]],
            "probability": round(float(np.exp(sureness[i])), 4),
        }
        for i in (*wrong, *right)
    ]
