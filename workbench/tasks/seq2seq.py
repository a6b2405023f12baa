"""Sequence to sequence: write a target text from a source text, as translations and summaries are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import AutoConfig, AutoModelForSeq2SeqLM

from workbench.data.sources import SourceSide, SourceSides, source_sides
from workbench.data.step import Context
from workbench.data.suggest import counted
from workbench.engine.encoding import token_ids
from workbench.engine.live import untouched
from workbench.engine.loading import explained, fitting_length, load_tokenizer, load_weights
from workbench.engine.overlaps import OVERLAPS, overlaps
from workbench.engine.sharing import sharding_wanted
from workbench.engine.task import Batch, Goods, Measurement, Rows, Split, Task, joint_fingerprint, padded
from workbench.engine.translation import write_answers
from workbench.engine.trouble import out_of_memory
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.shelf.datasets import resolve_data

#: Held-out rows that are written before and after.
WRITTEN = 4


@dataclass(frozen=True, slots=True)
class Answered(Split):
    """Encoded rows. `input_ids` are the sources.

    Attributes:
        targets: One int32 array per row, with the end token.
        wanted: The target texts.
        begin: The token that the decoder begins with.
        ends: Tokens that end an answer.
        room: The most tokens that are written.
        writes: Which rows are written when they are measured; bool, shape (rows,).
        decode: Turns token ids into a text.
    """

    targets: list[NDArray[np.int32]] = field(default_factory=list)
    wanted: tuple[str, ...] = ()
    begin: int = 0
    ends: tuple[int, ...] = ()
    room: int = 0
    writes: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    decode: Callable[[Sequence[int]], str] = str

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per row, those that are read and those that are written, shape (rows,)."""
        return np.array(
            [len(a) + len(b) for a, b in zip(self.input_ids, self.targets, strict=True)], dtype=np.int64
        )

    @property
    def all_ids(self) -> list[NDArray[np.int32]]:
        return [*self.input_ids, *self.targets, np.array([self.begin], dtype=np.int32)]

    def take(self, rows: Sequence[int]) -> Split:
        return replace(
            self,
            input_ids=[self.input_ids[i] for i in rows],
            texts=tuple(self.texts[i] for i in rows),
            targets=[self.targets[i] for i in rows],
            wanted=tuple(self.wanted[i] for i in rows),
            writes=self.writes[list(rows)],
        )

    def shortened(self, length: int) -> Split:
        sources, targets = ([ids[:length] for ids in side] for side in (self.input_ids, self.targets))
        return replace(self, input_ids=sources, targets=targets)


class Scored(NamedTuple):
    """One batch of held-out rows: summed negative log-likelihood, predicted tokens, and what was written, by row."""

    loss: float
    tokens: int
    written: dict[int, list[int]]


class SequenceToSequence(Task):
    """Encoder-decoder models such as T5 and BART: the decoder, told the target so far, predicts the next token."""

    kind = "seq2seq"
    title = "Sequence to sequence"
    help = "Learns to write one text from another, such as a translation or a summary."
    default_model = ""
    best_metric = "loss"
    metrics = ("loss", "perplexity", *OVERLAPS)

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = source_sides(recipe.data, context, lambda source, field: resolve_data(source, field=field))
        return Rows(
            found,
            len(found.train.sources),
            len(found.validation.sources),
            fingerprint=joint_fingerprint(found.fingerprints),
            notes=found.notes,
            resolved=found.resolved,
        )

    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        with explained(folder):
            config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if not getattr(config, "is_encoder_decoder", False):
            raise bad_input(
                f"The model {recipe.model.source} cannot be trained to write one text from another.",
                f"A model of the kind {config.model_type} has no encoder with a decoder beside it.",
                "Choose one that has, such as T5 or BART; or the task chat, which language models learn.",
                field="model.source",
            )
        return load_weights(AutoModelForSeq2SeqLM, folder), load_tokenizer(folder)

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        _require_written(recipe)
        limit = fitting_length(recipe.training.max_length, model)
        tokenizer.model_max_length = limit  # whoever loads the model later cuts texts where training cut them
        content: SourceSides = rows.content
        config: Any = model.config
        end = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else config.eos_token_id
        begin = config.decoder_start_token_id
        if begin is None:
            begin = config.bos_token_id if config.bos_token_id is not None else tokenizer.pad_token_id or 0

        def encoded(side: SourceSide, written: int, longest: int = 0) -> Answered:
            sources = [recipe.answer.prefix + text for text in side.sources]
            with _writing(tokenizer):
                targets = token_ids(tokenizer, side.targets, truncation=True, max_length=limit)
            if (
                end is not None
            ):  # some tokenizers do not close their texts, and the model is to learn when to end
                targets = [_closed(ids, int(end), limit) for ids in targets]
            writes = np.zeros(len(sources), dtype=bool)
            writes[np.linspace(0, len(sources) - 1, min(written, len(sources))).round().astype(int)] = True
            return Answered(
                token_ids(tokenizer, sources, truncation=True, max_length=limit),
                texts=side.sources,
                targets=targets,
                wanted=side.targets,
                begin=int(begin),
                ends=() if end is None else (int(end),),
                # An answer that is half as long again as any that was learned will not become a good one.
                room=min(limit, max(8, longest * 3 // 2)),
                writes=writes,
                decode=lambda ids: str(tokenizer.decode(ids, skip_special_tokens=True)),
            )

        # Processes that share one model would have to write the same rows at the same time.
        written = 0 if sharding_wanted() else recipe.answer.written
        train = encoded(content.train, 0)
        longest = max(map(len, train.targets))
        validation = encoded(content.validation, written, longest)
        test = encoded(content.test, written, longest) if content.test.sources else None
        cut = sum(max(len(a), len(b)) >= limit for a, b in zip(train.input_ids, train.targets, strict=True))
        notes = (f"{counted(cut, 'training row')} reach {limit} tokens and may be cut there.",) if cut else ()
        return Goods(model, tokenizer, train, validation, test, notes)

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        assert isinstance(split, Answered)
        ids, mask = padded([split.input_ids[i] for i in indexes], pad)
        targets = [split.targets[i] for i in indexes]
        wanted, counts = padded(targets, pad)
        told = torch.cat([torch.full((len(indexes), 1), split.begin), wanted[:, :-1]], dim=1)
        # Found here, on the host: on a GPU it would have to wait for their number.
        predicting = counts.flatten().nonzero()[:, 0]
        batch = {
            "input_ids": ids,
            "attention_mask": mask,
            "decoder_input_ids": told,
            "predicting": predicting,
            "wanted": wanted.flatten()[predicting],
        }
        writes = np.flatnonzero(split.writes[indexes])
        if len(writes):
            batch |= {
                "writes": torch.from_numpy(writes),
                "room": torch.tensor(split.room),
                "begin": torch.tensor(split.begin),
                "ends": torch.tensor(split.ends, dtype=torch.int64),
            }
        return batch

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        assert isinstance(split, Answered)
        return int(sum(len(split.targets[i]) for i in indexes))

    def outputs(self, model: torch.nn.Module, batch: Batch, **more: Any) -> Any:
        return model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            decoder_input_ids=batch["decoder_input_ids"],
            use_cache=False,
            **more,
        )

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        logits: torch.Tensor = outputs.logits.flatten(0, 1)
        return logits.index_select(0, batch["predicting"]).float()

    def targets(self, batch: Batch) -> torch.Tensor:
        return batch["wanted"]

    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Scored:
        targets = self.targets(batch)
        loss = functional.cross_entropy(
            self.logits(self.outputs(model, batch), batch), targets, reduction="sum"
        )
        rows = batch.get("writes")
        written: dict[int, list[int]] = {}
        if rows is not None:
            answers = _answers(model, batch, rows)
            written = dict(zip(indexes[rows.cpu().numpy()].tolist(), answers, strict=True))
        return Scored(float(loss), len(targets), written)

    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        assert isinstance(split, Answered)
        scored: list[Scored] = parts
        loss = math.fsum(part.loss for part in scored) / sum(part.tokens for part in scored)
        written = {row: split.decode(ids) for part in scored for row, ids in sorted(part.written.items())}
        order = sorted(written)
        wanted, texts = [split.wanted[row] for row in order], [written[row] for row in order]
        # Above exp(700) a float overflows; the loss then says enough.
        metrics = {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), **overlaps(texts, wanted)}
        return Measurement(metrics)

    def written_samples(self, goods: Goods, cancelled: Callable[[], bool]) -> list[dict[str, str]]:
        """What the model writes from four held-out sources, always taking the likeliest token."""
        split = goods.validation
        assert isinstance(split, Answered)
        device = next(goods.model.parameters()).device
        samples = []
        for row in np.linspace(0, len(split) - 1, min(WRITTEN, len(split))).round().astype(int):
            if cancelled():
                break
            ids, mask = (t.to(device) for t in padded([split.input_ids[row]], 0))
            with untouched(goods.model):
                answer = write_answers(
                    goods.model,
                    ids,
                    mask,
                    begin=split.begin,
                    ends=split.ends,
                    room=split.room,
                    cancelled=cancelled,
                )
            samples.append({"prompt": split.texts[row], "text": split.decode(answer[0])})
        return samples

    def sample_text(self, rows: Rows) -> str:
        content: SourceSides = rows.content
        return content.validation.sources[0][:200]


def _answers(model: Any, batch: Batch, rows: torch.Tensor) -> list[list[int]]:
    """What the model writes for rows of a batch: all at once, or one after the other where memory does not suffice."""

    def write(some: torch.Tensor) -> list[list[int]]:
        return write_answers(
            model,
            batch["input_ids"][some],
            batch["attention_mask"][some],
            begin=int(batch["begin"]),
            ends=batch["ends"].tolist(),
            room=int(batch["room"]),
        )

    try:
        return write(rows)
    except (RuntimeError, MemoryError) as error:
        if len(rows) == 1 or not out_of_memory(error):
            raise
        error.__traceback__ = None  # it holds the tensors that did not fit
    return [write(row[None])[0] for row in rows]


def _require_written(recipe: Recipe) -> None:
    """Refuse to choose weights by what is not measured."""
    wanted = recipe.training.best_metric
    if wanted in OVERLAPS and (recipe.answer.written == 0 or sharding_wanted()):
        raise bad_input(
            f"training.best_metric (Best model by): {wanted} is not measured in this run.",
            "It is measured on written answers, and none are written here.",
            "Choose loss, or write answers to some held-out rows (answer.written) in a single process.",
            field="training.best_metric",
        )


def _closed(ids: NDArray[np.int32], end: int, limit: int) -> NDArray[np.int32]:
    """A target that ends with the end token, at most `limit` tokens."""
    if len(ids) and ids[-1] == end:
        return ids
    return np.append(ids[: limit - 1], np.int32(end)).astype(np.int32)


@contextmanager
def _writing(tokenizer: Any) -> Iterator[None]:
    """While this is entered, a tokenizer that has another vocabulary for what is written uses that one."""
    if not hasattr(tokenizer, "_switch_to_target_mode"):
        yield
        return
    tokenizer._switch_to_target_mode()
    try:
        yield
    finally:
        tokenizer._switch_to_input_mode()
