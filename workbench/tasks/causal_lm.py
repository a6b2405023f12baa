"""Causal language modelling: continue a text, learnt from plain text in blocks."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM

from workbench.data.running_text import text_sides
from workbench.data.step import Context
from workbench.engine.encoding import token_ids
from workbench.engine.generation import generate
from workbench.engine.loading import LoadedModel, fitting_length, load_tokenizer, load_weights
from workbench.engine.task import Batch, Goods, Measurement, Rows, Split, Task, joint_fingerprint, padded
from workbench.run.generation import GenerationSettings
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.shelf.datasets import resolve_data


@dataclass(frozen=True, slots=True)
class Content:
    """The text of each side; `test` may be empty."""

    train: str
    validation: str
    test: str


class Scored(NamedTuple):
    """One batch of held-out blocks: summed negative log-likelihood and the number of predicted tokens."""

    loss: float
    tokens: int


class CausalLM(Task):
    """Next-token prediction on blocks of `max_length` tokens."""

    kind = "causal-lm"
    title = "Language model"
    help = "Learns to go on writing in the manner of your text."
    default_model = "smollm2"
    best_metric = "perplexity"
    metrics = ("loss", "perplexity")

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = text_sides(recipe.data, context, lambda source, field: resolve_data(source, field=field))
        return Rows(
            Content(found.train, found.validation, found.test),
            0,
            0,
            fingerprint=joint_fingerprint(found.fingerprints),
            notes=found.notes,
        )

    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        return load_weights(AutoModelForCausalLM, folder), load_tokenizer(folder)

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        length = fitting_length(recipe.training.max_length, model)
        content: Content = rows.content

        def blocks(text: str) -> Split:
            # Cut at line breaks before tokenising: the tokenizer's time grows faster than the text's length.
            lines = text.splitlines(keepends=True)
            pieces = ["".join(lines[i : i + 200]) for i in range(0, len(lines), 200)]
            flat = np.concatenate(
                [np.empty(0, dtype=np.int32), *token_ids(tokenizer, pieces, add_special_tokens=False)]
            )
            cut = [flat[i : i + length] for i in range(0, len(flat), length)]
            return Split([block for block in cut if len(block) > 1])

        train, validation = blocks(content.train), blocks(content.validation)
        for split, name, field in (
            (train, "training", "data.train"),
            (validation, "held-out", "data.validation"),
        ):
            if not len(split):
                raise bad_input(
                    f"The {name} text is too short.",
                    "It has fewer than two tokens, so there is nothing to predict.",
                    "Give more text, or hold out a larger share.",
                    field=field,
                )
        test = blocks(content.test) if content.test.strip() else None
        tokens = int(train.lengths.sum())
        notes = (f"The training text has {tokens:,} tokens in {len(train):,} blocks of {length}.",)
        return Goods(model, tokenizer, train, validation, test, notes)

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        ids, mask = padded([split.input_ids[i] for i in indexes], pad)
        # Found here, on the host: a boolean mask on a GPU would make the host wait for its number of entries.
        predicting = mask.clone()
        predicting[:, :-1] = mask[:, 1:]
        predicting[:, -1] = 0
        return {"input_ids": ids, "attention_mask": mask, "predicting": predicting.flatten().nonzero()[:, 0]}

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        return int(sum(len(split.input_ids[i]) - 1 for i in indexes))

    def outputs(self, model: torch.nn.Module, batch: Batch, **more: Any) -> Any:
        ids = batch["input_ids"]
        # Without padding no mask is given, so that attention may take its faster causal kernel.
        whole = len(batch["predicting"]) == ids.shape[0] * (ids.shape[1] - 1)
        mask = None if whole else batch["attention_mask"]
        return model(input_ids=ids, attention_mask=mask, use_cache=False, **more)

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        logits: torch.Tensor = outputs.logits.flatten(0, 1)
        return logits.index_select(0, batch["predicting"]).float()

    def targets(self, batch: Batch) -> torch.Tensor:
        # The token after each predicting position is its target; rows are contiguous.
        return batch["input_ids"].flatten().index_select(0, batch["predicting"] + 1)

    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Scored:
        targets = self.targets(batch)
        logits = self.logits(self.outputs(model, batch), batch)
        loss = torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
        return Scored(float(loss), len(targets))

    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        scored: list[Scored] = parts
        loss = math.fsum(part.loss for part in scored) / sum(part.tokens for part in scored)
        # Above exp(700) a float overflows; the loss then says enough.
        return Measurement({"loss": loss, "perplexity": math.exp(min(loss, 700.0))})

    def written_samples(self, goods: Goods, cancelled: Callable[[], bool]) -> list[dict[str, str]]:
        """How the model goes on after the first words of two held-out blocks, always taking the likeliest."""
        device = next(goods.model.parameters()).device
        loaded = LoadedModel(goods.model, self.saved_tokenizer(goods.tokenizer), "causal-lm", "", device)
        settings = GenerationSettings(temperature=0, max_new_tokens=40)
        samples = []
        for block in goods.validation.input_ids[:: max(1, len(goods.validation) // 2)][:2]:
            prompt = loaded.tokenizer.decode(block[:24].tolist(), skip_special_tokens=True)
            if prompt.strip():
                samples.append(
                    {
                        "prompt": prompt,
                        "text": generate(loaded, prompt, settings, cancelled=cancelled)[0].text,
                    }
                )
        return samples

    def training_texts(self, rows: Rows) -> tuple[str, ...]:
        content: Content = rows.content
        return (content.train,)

    def sample_text(self, rows: Rows) -> str:
        content: Content = rows.content
        return content.validation.strip()[:200]

    def saved_tokenizer(self, tokenizer: Any) -> Any:
        """Without the chat template: the model was tuned to continue plain text, and says so to every tool."""
        if not getattr(tokenizer, "chat_template", None):
            return tokenizer
        plain = copy.deepcopy(tokenizer)
        plain.chat_template = None
        return plain
