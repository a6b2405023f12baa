"""Token classification: give each word a tag, as names of people and places are found in a text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import AutoModelForTokenClassification

from workbench.data.step import Context
from workbench.data.suggest import counted
from workbench.data.tagged import TaggedRow, TaggedSides, tagged_sides
from workbench.engine.task import Batch, Goods, Measurement, Rows, Split, Task, joint_fingerprint, padded
from workbench.engine.text_heads import give_outputs, middle_text, read_config, reading_length, with_head
from workbench.engine.word_pieces import word_pieces
from workbench.run.entity_tallies import EntityTallies, entities
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.run.tallies import class_metrics, confusion_matrix
from workbench.shelf.datasets import resolve_data

SAMPLES = 12


@dataclass(frozen=True, slots=True)
class Tagged(Split):
    """Encoded rows, of which each word has a tag.

    Attributes:
        words: The words of each row.
        tags: The number of each word's tag, one int64 array per row.
        first: The place of each word's first piece among the row's tokens, likewise; -1 where it has none.
        names: The tags.
        spans: Whether they say where something begins and goes on.
    """

    words: tuple[tuple[str, ...], ...] = ()
    tags: list[NDArray[np.int64]] = field(default_factory=list)
    first: list[NDArray[np.int64]] = field(default_factory=list)
    names: tuple[str, ...] = ()
    spans: bool = True

    def take(self, rows: Sequence[int]) -> Split:
        return replace(
            self,
            input_ids=[self.input_ids[i] for i in rows],
            texts=tuple(self.texts[i] for i in rows),
            words=tuple(self.words[i] for i in rows),
            tags=[self.tags[i] for i in rows],
            first=[self.first[i] for i in rows],
        )

    def shortened(self, length: int) -> Split:
        first = []
        for places in self.first:
            cut = np.where(places < length, places, -1)
            if not (cut >= 0).any():  # a batch needs something to learn
                cut[0] = 0
            first.append(cut)
        return replace(self, input_ids=[ids[:length] for ids in self.input_ids], first=first)


class Scored(NamedTuple):
    """One batch of held-out rows: row numbers, summed loss, words with a piece, and each row's predicted tags, int64,
    shape (words,); -1 for words without a piece."""

    rows: NDArray[np.int64]
    loss: float
    read: int
    tags: list[NDArray[np.int64]]


class TokenClassification(Task):
    """A tag for each word, learned at its first piece; all other tokens are no terms of the loss."""

    kind = "token-classification"
    title = "Token classification"
    help = "Learns to mark words in a text, such as the names of people, places and products."
    default_model = "minilm"
    best_metric = "f1"
    metrics = ("loss", "f1", "precision", "recall", "accuracy")

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = tagged_sides(recipe.data, context, lambda source, field: resolve_data(source, field=field))
        return Rows(
            found,
            len(found.train),
            len(found.validation),
            found.names,
            joint_fingerprint(found.fingerprints),
            found.notes,
            found.resolved,
        )

    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        config = read_config(folder)
        if type(config) not in AutoModelForTokenClassification._model_mapping:
            raise bad_input(
                f"The model {recipe.model.source} cannot learn to mark words.",
                f"A model of the kind {config.model_type} has no head for it.",
                "Choose an encoder of the kind of BERT, such as minilm.",
                field="model.source",
            )
        give_outputs(config, rows.class_names, None)
        return with_head(AutoModelForTokenClassification, folder, config)

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        limit = reading_length(recipe, model, tokenizer)
        content: TaggedSides = rows.content
        train = _encoded(content.train, content, tokenizer, limit)
        validation = _encoded(content.validation, content, tokenizer, limit)
        test = _encoded(content.test, content, tokenizer, limit) if content.test else None
        if not len(train):
            raise bad_input(
                "There is no word to learn from.",
                "This model's tokenizer leaves out every word of the training rows.",
                "Choose a model that knows their script.",
                field="model.source",
            )
        lost = sum(int((places < 0).sum()) for places in train.first)
        notes = []
        if lost:
            notes.append(
                f"{counted(lost, 'training word')} stand behind the first {limit} tokens of a text, or have no token "
                "of their own: their tags are not learned."
            )
        return Goods(model, tokenizer, train, validation, test, tuple(notes))

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        assert isinstance(split, Tagged)
        ids, mask = padded([split.input_ids[i] for i in indexes], pad)
        width = ids.shape[1]
        # Found here, on the host: on a GPU it would have to wait for their number.
        learned = [split.first[i] >= 0 for i in indexes]
        places = [
            row * width + split.first[i][some]
            for row, (i, some) in enumerate(zip(indexes, learned, strict=True))
        ]
        labels = [split.tags[i][some] for i, some in zip(indexes, learned, strict=True)]
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "tagged": torch.from_numpy(np.concatenate(places)),
            "labels": torch.from_numpy(np.concatenate(labels)),
        }

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        assert isinstance(split, Tagged)
        return int(sum((split.first[i] >= 0).sum() for i in indexes))

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        """Those of the words' first pieces: float32, shape (words, tags)."""
        width = batch["input_ids"].shape[1]  # virtual tokens stand before the text
        logits: torch.Tensor = outputs.logits[:, -width:].flatten(0, 1).index_select(0, batch["tagged"])
        return logits.float()

    def targets(self, batch: Batch) -> torch.Tensor:
        return batch["labels"]

    def class_counts(self, goods: Goods, rows: Rows) -> NDArray[np.int64] | None:
        """The training words of each tag."""
        assert isinstance(goods.train, Tagged)
        return np.bincount(np.concatenate(goods.train.tags), minlength=len(rows.class_names)).astype(np.int64)

    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Scored:
        logits, targets = self.logits(self.outputs(model, batch), batch), self.targets(batch)
        loss = float(functional.cross_entropy(logits, targets, reduction="sum"))
        width = batch["input_ids"].shape[1]
        owners = (batch["tagged"] // width).cpu().numpy()
        said = logits.argmax(-1).cpu().numpy()
        return Scored(indexes, loss, len(said), [said[owners == row] for row in range(len(indexes))])

    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        """Names that begin and go on are counted as seqeval's strict mode does, over all kinds together; words that the
        model does not read count as unmarked. Of other tags the F1, precision and recall are the means over the tags.
        Accuracy is that of the single words."""
        assert isinstance(split, Tagged)
        scored: list[Scored] = parts
        names, said = split.names, [np.empty(0, dtype=np.int64)] * len(split)
        for part in scored:
            for row, tags in zip(part.rows, part.tags, strict=True):
                said[row] = np.full(len(split.first[row]), -1, dtype=np.int64)
                said[row][split.first[row] >= 0] = tags
        seen = sorted(int(row) for part in scored for row in part.rows)
        true, marked = (np.concatenate([side[row] for row in seen]) for side in (split.tags, said))
        confusion = confusion_matrix(true[marked >= 0], marked[marked >= 0], len(names))
        found = {name: float(value) for name, value in class_metrics(confusion).items()}
        precision, recall, f1 = (found[f"{name}_macro"] for name in ("precision", "recall", "f1"))
        if split.spans:
            tallies = EntityTallies()
            for row in seen:
                tallies.add(_names(split.tags[row], names), _names(said[row], names))
            precision, recall, f1 = tallies.overall()
        metrics = {
            "loss": math.fsum(part.loss for part in scored) / sum(part.read for part in scored),
            "f1": f1,
            "precision": precision,
            "recall": recall,
            "accuracy": found["accuracy"],
        }
        samples = _samples(seen, split, said)
        return Measurement(metrics, tuple(tuple(int(n) for n in row) for row in confusion), samples)

    def training_texts(self, rows: Rows) -> tuple[str, ...]:
        content: TaggedSides = rows.content
        return tuple(row.text for row in content.train)

    def sample_text(self, rows: Rows) -> str:
        content: TaggedSides = rows.content
        return middle_text([row.text for row in content.validation])


def _encoded(side: Sequence[TaggedRow], content: TaggedSides, tokenizer: Any, limit: int) -> Tagged:
    """The rows of a side; one without any word that the tokenizer knows is left out."""
    number = {name: i for i, name in enumerate(content.names)}
    pieces = word_pieces(tokenizer, [row.text for row in side], [row.places for row in side], limit)
    able = [(row, found) for row, found in zip(side, pieces, strict=True) if (found.first >= 0).any()]
    return Tagged(
        [found.ids for _, found in able],
        texts=tuple(row.text for row, _ in able),
        words=tuple(tuple(row.text[start:end] for start, end in row.places) for row, _ in able),
        tags=[np.array([number[tag] for tag in row.tags], dtype=np.int64) for row, _ in able],
        first=[found.first for _, found in able],
        names=content.names,
        spans=content.spans,
    )


def _names(tags: NDArray[np.int64], names: tuple[str, ...]) -> list[str]:
    """Tags by their names; "O" for a word that was not read."""
    return [names[tag] if tag >= 0 else "O" for tag in tags]


def _samples(rows: Sequence[int], split: Tagged, said: list[NDArray[np.int64]]) -> list[dict[str, Any]]:
    """The rows with most wrong words first, then some that are right: what a person wants to read."""
    wrong = {row: int((split.tags[row] != said[row]).sum()) for row in rows}
    worst = [row for row in sorted(rows, key=lambda row: -wrong[row]) if wrong[row]][: SAMPLES - 4]
    marked = [row for row in rows if not wrong[row]]
    marked.sort(key=lambda row: -len(set(split.tags[row])))
    chosen = (*worst, *marked[: SAMPLES - len(worst)])

    def told(row: int, tags: NDArray[np.int64]) -> str:
        found, words = _names(tags, split.names), split.words[row]
        if not split.spans:
            return " ".join(f"{word}/{tag}" for word, tag in zip(words, found, strict=True))
        marks = entities(found)
        return ", ".join(f"{' '.join(words[one.start : one.end])} ({one.kind})" for one in marks) or "none"

    return [
        {"text": split.texts[row], "true": told(row, split.tags[row]), "predicted": told(row, said[row])}
        for row in chosen
    ]
