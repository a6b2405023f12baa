"""Instruction and chat tuning: answer in a conversation, learnt from the answers alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM

from workbench.data.conversations import Conversation, chat_sides
from workbench.data.step import Context
from workbench.data.suggest import counted
from workbench.engine.chat_template import Marked, TemplateError, give_template, marked, refuse
from workbench.engine.generation import end_tokens, token_stream
from workbench.engine.live import untouched
from workbench.engine.loading import LoadedModel, fitting_length, load_tokenizer, load_weights
from workbench.engine.output_layer import at_places, scoring_only
from workbench.engine.packing import keeps_apart, packs, positions
from workbench.engine.sampling import Chance
from workbench.engine.task import Batch, Goods, Measurement, Rows, Split, Task, joint_fingerprint, padded
from workbench.run.generation import GenerationSettings
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.shelf.datasets import resolve_data

#: Held-out questions that are answered before and after, and the tokens of an answer.
SAMPLES, SAMPLE_TOKENS = 2, 64


@dataclass(frozen=True, slots=True)
class Content:
    """The conversations of each side; `test` may be empty."""

    train: tuple[Conversation, ...]
    validation: tuple[Conversation, ...]
    test: tuple[Conversation, ...]


class Scored(NamedTuple):
    """One batch of held-out rows: summed negative log-likelihood and the number of answer tokens."""

    loss: float
    tokens: int


class ChatTuning(Task):
    """Next-token prediction on the answers of conversations."""

    kind = "chat"
    title = "Chat"
    help = "Learns to answer as the answers in your conversations do."
    default_model = "smollm2"
    best_metric = "perplexity"
    metrics = ("loss", "perplexity")

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = chat_sides(recipe.data, context, lambda source, field: resolve_data(source, field=field))
        return Rows(
            Content(found.train, found.validation, found.test),
            len(found.train),
            len(found.validation),
            fingerprint=joint_fingerprint(found.fingerprints),
            notes=found.notes,
        )

    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        return load_weights(AutoModelForCausalLM, folder), load_tokenizer(folder)

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        limit = fitting_length(recipe.training.max_length, model)
        content: Content = rows.content
        notes = [told] if (told := give_template(tokenizer, recipe.chat.template)) else []
        train, more = _encoded(content.train, tokenizer, recipe.chat.system, limit, "training", "data.train")
        notes += more
        validation, more = _encoded(
            content.validation, tokenizer, recipe.chat.system, limit, "held-out", "data.validation"
        )
        notes += more
        test, _ = _encoded(content.test, tokenizer, recipe.chat.system, limit, "test", "data.test")
        tokens = sum(int(counts.sum()) for counts in train.counts or ())
        notes.append(
            f"Of {int(train.lengths.sum()):,} tokens of the training conversations, the {tokens:,} of answers are "
            "learned."
        )
        if recipe.chat.packing:
            if keeps_apart(model):
                train = packed(train, limit)
                notes.append(
                    f"The training conversations share {counted(len(train), 'row')} of up to {limit} tokens."
                )
            else:
                notes.append(
                    "This kind of model cannot keep packed conversations apart: they are not packed."
                )
        return Goods(model, tokenizer, train, validation, test if len(test) else None, tuple(notes))

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        assert split.counts is not None
        ids, mask = padded([split.input_ids[i] for i in indexes], pad)
        counts, _ = padded([split.counts[i].astype(np.int32) for i in indexes], 0)
        rows, columns = counts.nonzero(as_tuple=True)
        batch = {
            "input_ids": ids,
            "attention_mask": mask,
            "predicting": rows * ids.shape[1] + columns - 1,
            "labels": ids[rows, columns],
        }
        if split.places is not None:
            # Padding begins anew at every token, and so is seen by none.
            batch["position_ids"], _ = padded([split.places[i] for i in indexes], 0)
        return batch

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        assert split.counts is not None
        return int(sum(split.counts[i].sum() for i in indexes))

    def outputs(self, model: torch.nn.Module, batch: Batch, **more: Any) -> Any:
        if "position_ids" in batch:
            # Positions that begin anew are what tells transformers that rows are packed; a mask would hide it.
            more["position_ids"] = batch["position_ids"]
        # Rows are padded on the right, which a causal model never looks at: without a mask it takes its faster kernel.
        with scoring_only(model, batch["predicting"]):
            return model(input_ids=batch["input_ids"], use_cache=False, **more)

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        return at_places(outputs.logits, batch["predicting"]).float()

    def targets(self, batch: Batch) -> torch.Tensor:
        return batch["labels"]

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
        """The model's answers to the last questions of two held-out conversations, always taking the likeliest."""
        split = goods.validation
        chosen = list(range(0, len(split), max(1, len(split) // SAMPLES)))[:SAMPLES]
        return [
            {"prompt": split.texts[i], "text": _answered(goods, _before_last_answer(split, i), cancelled)}
            for i in chosen
        ]

    def sample_text(self, rows: Rows) -> str:
        content: Content = rows.content
        return _last_question(content.validation[0])[:200] if content.validation else ""


def packed(split: Split, limit: int) -> Split:
    """The same conversations with several in a row of at most `limit` tokens."""
    assert split.counts is not None
    rows = packs(split.lengths, limit)
    return Split(
        [np.concatenate([split.input_ids[i] for i in row]) for row in rows],
        counts=[np.concatenate([split.counts[i] for i in row]) for row in rows],
        places=[positions([len(split.input_ids[i]) for i in row]) for row in rows],
    )


def _encoded(
    conversations: Sequence[Conversation], tokenizer: Any, system: str, limit: int, side: str, field: str
) -> tuple[Split, list[str]]:
    """The conversations as tokens, cut at `limit`, and what there is to say of it; one whose answers lie behind the
    cut is left out."""
    found: list[Marked] = []
    texts: list[str] = []
    cut = 0
    for number, conversation in enumerate(conversations, 1):
        try:
            whole = marked(tokenizer, conversation, system=system)
        except TemplateError as error:
            raise refuse(f"Conversation {number} of the {side} ones: {error}") from error
        cut += len(whole.ids) > limit
        if whole.counts[:limit].any():
            found.append(Marked(whole.ids[:limit], whole.counts[:limit]))
            texts.append(_last_question(conversation))
    if conversations and not found:
        raise bad_input(
            f"No answer of the {side} conversations is within the maximum length.",
            f"They are cut at {limit} tokens, and all answers come after that.",
            "Allow more tokens (Maximum length), or take shorter conversations.",
            field=field,
        )
    split = Split([m.ids for m in found], texts=tuple(texts), counts=[m.counts for m in found])
    notes = []
    if cut:
        notes.append(f"Cut at {limit} tokens: {counted(cut, f'{side} conversation')}.")
    if lost := len(conversations) - len(found):
        left = counted(lost, f"{side} conversation")
        notes.append(f"Left out, since no answer begins within {limit} tokens: {left}.")
    return split, notes


def _last_question(conversation: Conversation) -> str:
    return next((turn["content"] for turn in reversed(conversation) if turn["role"] == "user"), "")


def _before_last_answer(split: Split, row: int) -> list[int]:
    """The tokens of a conversation up to its last answer."""
    assert split.counts is not None
    counts = split.counts[row]
    begins = np.flatnonzero(counts & ~np.concatenate([[False], counts[:-1]]))
    ids: list[int] = split.input_ids[row][: begins[-1]].tolist()
    return ids


def _answered(goods: Goods, ids: list[int], cancelled: Callable[[], bool]) -> str:
    device = next(goods.model.parameters()).device
    loaded = LoadedModel(goods.model, goods.tokenizer, "causal-lm", "", device)
    written: list[int] = []
    room = fitting_length(10**9, goods.model) - len(ids)
    ends = end_tokens(loaded)
    settings = GenerationSettings(temperature=0, max_new_tokens=SAMPLE_TOKENS)
    with untouched(goods.model):
        for token, _ in token_stream(loaded, ids, (), settings, Chance(0)):
            if token in ends:
                break
            written.append(token)
            if len(written) >= min(SAMPLE_TOKENS, room) or cancelled():
                break
    return str(goods.tokenizer.decode(written, skip_special_tokens=True))
