"""Masked language modelling: fill in hidden tokens, as encoders are pre-trained, learnt from plain text in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForNextSentencePrediction,
    AutoModelForPreTraining,
)

from workbench.data.running_text import text_sides
from workbench.data.sentence_pairs import sentence_pairs, sentences
from workbench.data.step import Context
from workbench.engine.encoding import token_ids
from workbench.engine.live import untouched
from workbench.engine.loading import explained, fitting_length, load_tokenizer, load_weights
from workbench.engine.masking import Vocabulary, chosen_count, masked, only_at, vocabulary_of
from workbench.engine.task import Batch, Goods, Measurement, Rows, Split, Task, joint_fingerprint, padded
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.shelf.datasets import resolve_data

#: Held-out rows that are filled in before and after, and their tokens.
SAMPLES, SAMPLE_TOKENS = 2, 40


@dataclass(frozen=True, slots=True)
class Content:
    """The text of each side; `test` may be empty."""

    train: str
    validation: str
    test: str


@dataclass(frozen=True, slots=True)
class Hidden(Split):
    """Encoded rows, of which each batch hides another part. `labels`: 1 where a pair's second half comes from
    elsewhere, as transformers numbers them; None without pairs.

    Attributes:
        vocabulary: What masking needs to know of the tokenizer.
        share: How many tokens are chosen.
        seed: What the choice comes from.
        segments: The number of tokens of the first segment of each row; empty without pairs.
    """

    vocabulary: Vocabulary = field(
        default_factory=lambda: Vocabulary(0, np.empty(0, np.int32), np.empty(0, bool))
    )
    share: float = 0.15
    seed: int = 0
    segments: tuple[int, ...] = ()

    @property
    def all_ids(self) -> list[NDArray[np.int32]]:
        # The mask stands in no text, and any token can be put in the place of another.
        return [*self.input_ids, self.vocabulary.ordinary, np.array([self.vocabulary.mask], dtype=np.int32)]

    def take(self, rows: Sequence[int]) -> Split:
        return replace(
            self,
            input_ids=[self.input_ids[i] for i in rows],
            labels=None if self.labels is None else self.labels[list(rows)],
            segments=tuple(self.segments[i] for i in rows) if self.segments else (),
        )

    def shortened(self, length: int) -> Split:
        return replace(self, input_ids=[ids[: max(2, length)] for ids in self.input_ids])


class Scored(NamedTuple):
    """One batch of held-out rows: summed losses of tokens and of pairs, their weights, and how many were right."""

    loss: float
    tokens: int
    right: int
    pair_loss: float
    pairs: int
    pairs_right: int


class MaskedLM(Task):
    """The masked tokens of blocks of `max_length` tokens; with pairs also whether the second half follows the first."""

    kind = "masked-lm"
    title = "Masked language model"
    help = "Learns to fill in hidden words, so that it reads texts like yours better."
    default_model = "minilm"
    best_metric = "perplexity"
    metrics = ("loss", "perplexity", "accuracy", "next_sentence")

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = text_sides(recipe.data, context, lambda source, field: resolve_data(source, field=field))
        if recipe.training.best_metric == "next_sentence" and not recipe.masking.next_sentence:
            raise bad_input(
                "training.best_metric (Best model by): next_sentence is not measured in this run.",
                "It is learned only with pairs of sentences.",
                "Choose perplexity, or switch Next sentence on.",
                field="training.best_metric",
            )
        return Rows(
            Content(found.train, found.validation, found.test),
            0,
            0,
            fingerprint=joint_fingerprint(found.fingerprints),
            notes=found.notes,
        )

    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        with explained(folder):
            config = AutoConfig.from_pretrained(folder, local_files_only=True)
        _require(recipe, config)
        tokenizer = load_tokenizer(folder)
        if tokenizer.mask_token_id is None:
            raise bad_input(
                f"The model {recipe.model.source} cannot learn to fill in masked words.",
                "Its tokeniser has no mask token.",
                "Choose an encoder of the kind of BERT, such as minilm.",
                field="model.source",
            )
        auto = AutoModelForPreTraining if recipe.masking.next_sentence else AutoModelForMaskedLM
        return load_weights(auto, folder), tokenizer

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        length = fitting_length(recipe.training.max_length, model)
        content: Content = rows.content
        config: Any = model.config
        made = _Rows(recipe, tokenizer, length, vocabulary_of(tokenizer, int(config.vocab_size)))
        train = made.split(content.train, "training", "data.train")
        validation = made.split(content.validation, "held-out", "data.validation")
        test = made.split(content.test, "test", "data.test") if content.test.strip() else None
        notes = [
            f"The training text has {int(train.lengths.sum()):,} tokens in {len(train):,} "
            f"{'pairs' if train.segments else 'blocks'} of up to {length}."
        ]
        named = (getattr(config, "architectures", None) or [""])[0]
        if not named.endswith(("ForMaskedLM", "ForPreTraining")):
            notes.append(
                "The model comes without a head for masked words: a new one is learned, which takes a while."
            )
        return Goods(model, tokenizer, train, validation, test, tuple(notes))

    def training_batch(self, split: Split, indexes: NDArray[np.int64], pad: int, step: int) -> Batch:
        """Other tokens are hidden at every step."""
        assert isinstance(split, Hidden)
        rows = [split.input_ids[i] for i in indexes]
        found = [
            masked(ids, split.vocabulary, split.share, split.seed, step, int(i))
            for ids, i in zip(rows, indexes, strict=True)
        ]
        ids, mask = padded([shown for shown, _ in found], pad)
        width = ids.shape[1]
        batch = {
            "input_ids": ids,
            "attention_mask": mask,
            "masked": torch.from_numpy(np.concatenate([n * width + at for n, (_, at) in enumerate(found)])),
            "labels": torch.from_numpy(
                np.concatenate([row[at] for row, (_, at) in zip(rows, found, strict=True)]).astype(np.int64)
            ),
        }
        if split.segments and split.labels is not None:
            begins = torch.tensor([split.segments[i] for i in indexes])
            batch["token_type_ids"] = (torch.arange(width) >= begins[:, None]).long() * mask
            batch["random"] = torch.from_numpy(split.labels[indexes])
            batch["counts"] = torch.tensor([len(at) for _, at in found], dtype=torch.float32)
        return batch

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        """The same tokens are hidden every time."""
        return self.training_batch(split, indexes, pad, 0)

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        assert isinstance(split, Hidden)
        return sum(chosen_count(split.input_ids[i], split.vocabulary, split.share) for i in indexes)

    def outputs(self, model: torch.nn.Module, batch: Batch, **more: Any) -> Any:
        if "token_type_ids" in batch:
            more["token_type_ids"] = batch["token_type_ids"]
        with only_at(model, batch["masked"]):
            return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], **more)

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        logits: torch.Tensor = outputs.prediction_logits if "random" in batch else outputs.logits
        if logits.ndim == 3:
            logits = logits.flatten(0, 1).index_select(0, batch["masked"])
        return logits.float()

    def targets(self, batch: Batch) -> torch.Tensor:
        return batch["labels"]

    def further_loss(self, outputs: Any, batch: Batch) -> torch.Tensor | None:
        """The cross-entropy of the pairs. BERT adds the means of both losses; here a pair counts as often as its masked
        tokens, so that parts of a batch add up to the same, which is BERT's sum where all rows are of one length."""
        if "random" not in batch:
            return None
        return (self._pair_losses(outputs, batch) * batch["counts"]).sum()

    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Scored:
        outputs, targets = self.outputs(model, batch), self.targets(batch)
        logits = self.logits(outputs, batch)
        loss = functional.cross_entropy(logits, targets, reduction="sum")
        right = int((logits.argmax(-1) == targets).sum())
        if "random" not in batch:
            return Scored(float(loss), len(targets), right, 0.0, 0, 0)
        pair_loss = float((self._pair_losses(outputs, batch) * batch["counts"]).sum())
        pairs_right = int((outputs.seq_relationship_logits.argmax(-1) == batch["random"]).sum())
        return Scored(float(loss), len(targets), right, pair_loss, len(batch["random"]), pairs_right)

    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        scored: list[Scored] = parts
        tokens, pairs = sum(part.tokens for part in scored), sum(part.pairs for part in scored)
        loss = math.fsum(part.loss for part in scored) / tokens
        metrics = {
            "loss": loss + math.fsum(part.pair_loss for part in scored) / tokens,
            "perplexity": math.exp(min(loss, 700.0)),
            "accuracy": sum(part.right for part in scored) / tokens,
        }
        if pairs:
            metrics["next_sentence"] = sum(part.pairs_right for part in scored) / pairs
        return Measurement(metrics)

    def written_samples(self, goods: Goods, cancelled: Callable[[], bool]) -> list[dict[str, str]]:
        """Held-out beginnings with their hidden tokens, and how the model fills them in."""
        split, tokenizer = goods.validation, goods.tokenizer
        device = next(goods.model.parameters()).device
        samples = []
        for row in range(0, len(split), max(1, len(split) // SAMPLES))[:SAMPLES]:
            if cancelled():
                break
            batch = self.collate(split.shortened(SAMPLE_TOKENS), np.array([row]), 0)
            with untouched(goods.model):
                on_device = {name: tensor.to(device) for name, tensor in batch.items()}
                found = self.logits(self.outputs(goods.model, on_device), on_device).argmax(-1).cpu()
            ids = batch["input_ids"].flatten()
            # The exchanged ones are shown as hidden too: what stands there is as good as nothing.
            ids[batch["masked"]] = int(tokenizer.mask_token_id)
            filled = ids.clone()
            filled[batch["masked"]] = found
            first = int(split.input_ids[row][0] in tokenizer.all_special_ids)
            samples.append(
                {
                    "prompt": str(tokenizer.decode(ids[first:].tolist())),
                    "text": str(tokenizer.decode(filled[first:].tolist(), skip_special_tokens=True)),
                }
            )
        return samples

    def training_texts(self, rows: Rows) -> tuple[str, ...]:
        content: Content = rows.content
        return (content.train,)

    def sample_text(self, rows: Rows) -> str:
        content: Content = rows.content
        return content.validation.strip()[:200]

    @staticmethod
    def _pair_losses(outputs: Any, batch: Batch) -> torch.Tensor:
        return functional.cross_entropy(
            outputs.seq_relationship_logits.float(), batch["random"], reduction="none"
        )


class _Rows:
    """Makes the rows of a side from its text."""

    def __init__(self, recipe: Recipe, tokenizer: Any, length: int, vocabulary: Vocabulary) -> None:
        self._recipe, self._tokenizer, self._length = recipe, tokenizer, length
        self._vocabulary = vocabulary

    def split(self, text: str, side: str, field: str) -> Hidden:
        recipe = self._recipe
        pairs = recipe.masking.next_sentence
        ids, segments, labels = self._pairs(text, side, field) if pairs else (self._blocks(text), [], [])
        able = [i for i, row in enumerate(ids) if not self._vocabulary.special[row].all()]
        if not able or max(len(ids[i]) for i in able) < self._edges + 2:
            raise bad_input(
                f"The {side} text is too short.",
                "It has fewer than two tokens, so there is nothing to hide and nothing to tell it from.",
                "Give more text, or hold out a larger share.",
                field=field,
            )
        return Hidden(
            [ids[i] for i in able],
            labels=np.array([labels[i] for i in able], dtype=np.int64) if pairs else None,
            vocabulary=self._vocabulary,
            share=recipe.masking.share,
            seed=recipe.training.seed,
            segments=tuple(segments[i] for i in able) if pairs else (),
        )

    @property
    def _edges(self) -> int:
        """How many special tokens a row has."""
        return int(self._tokenizer.num_special_tokens_to_add(self._recipe.masking.next_sentence))

    def _blocks(self, text: str) -> list[NDArray[np.int32]]:
        """The text in blocks of the maximum length, each between the tokenizer's marks."""
        # Cut at line breaks before tokenising: the tokenizer's time grows faster than the text's length.
        lines = text.splitlines(keepends=True)
        pieces = ["".join(lines[i : i + 200]) for i in range(0, len(lines), 200)]
        flat = np.concatenate(
            [np.empty(0, dtype=np.int32), *token_ids(self._tokenizer, pieces, add_special_tokens=False)]
        )
        before, after = self._marks()
        room = self._length - len(before) - len(after)
        cut = (flat[i : i + room] for i in range(0, len(flat), room))
        return [np.concatenate([before, block, after]).astype(np.int32) for block in cut]

    def _marks(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The special tokens that the tokenizer puts before and behind a text."""
        word = self._tokenizer.convert_ids_to_tokens(int(self._vocabulary.ordinary[-1]))
        plain, whole = (
            token_ids(self._tokenizer, [word], add_special_tokens=special)[0] for special in (False, True)
        )
        begin = next(
            i for i in range(len(whole) - len(plain) + 1) if np.array_equal(whole[i : i + len(plain)], plain)
        )
        return whole[:begin], whole[begin + len(plain) :]

    def _pairs(
        self, text: str, side: str, field: str
    ) -> tuple[list[NDArray[np.int32]], list[int], list[int]]:
        """The text in pairs of stretches as [CLS] first [SEP] second [SEP]; where each second part begins, and
        whether it comes from elsewhere."""
        tokens = token_ids(self._tokenizer, sentences(text), add_special_tokens=False)
        tokens = [ids for ids in tokens if len(ids)]
        found = sentence_pairs(tokens, self._length - 3, self._recipe.training.seed, side, field)
        begin, end = np.int32(self._tokenizer.cls_token_id), np.int32(self._tokenizer.sep_token_id)
        rows = [np.concatenate([[begin], p.first, [end], p.second, [end]]).astype(np.int32) for p in found]
        return rows, [len(p.first) + 2 for p in found], [int(p.random) for p in found]


def _require(recipe: Recipe, config: Any) -> None:
    """Refuse a model that has no head for what is to be learned."""
    if type(config) not in AutoModelForMaskedLM._model_mapping:
        raise bad_input(
            f"The model {recipe.model.source} cannot learn to fill in masked words.",
            f"A model of the kind {config.model_type} has no head for it.",
            "Choose an encoder of the kind of BERT, such as minilm.",
            field="model.source",
        )
    if recipe.masking.next_sentence and type(config) not in AutoModelForNextSentencePrediction._model_mapping:
        raise bad_input(
            "masking.next_sentence (Next sentence): this model cannot learn it.",
            f"A model of the kind {config.model_type} has no head for it; BERT has.",
            "Switch it off, or choose a BERT.",
            field="masking.next_sentence",
        )
