"""Preference tuning: of two answers to a prompt, find the one that people chose the likelier one."""

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
from transformers import AutoModelForCausalLM

from workbench.data.preferences import Pair, PreferenceSides, preference_sides
from workbench.data.step import Context
from workbench.data.suggest import counted
from workbench.engine.chat_template import TemplateError, give_template, marked, refuse
from workbench.engine.generation import generate
from workbench.engine.loading import LoadedModel, fitting_length, load_tokenizer, load_weights
from workbench.engine.output_layer import scoring_only
from workbench.engine.preferences import answer_log_probabilities, log_odds, rewards
from workbench.engine.task import Batch, Goods, Measurement, Rows, Split, Task, joint_fingerprint, padded
from workbench.run.generation import GenerationSettings
from workbench.run.recipe import Recipe
from workbench.run.task_fields import PreferenceSection
from workbench.shelf.datasets import resolve_data

#: Held-out prompts that are answered before and after, and the tokens of an answer.
WRITTEN, WRITTEN_TOKENS = 2, 64


@dataclass(frozen=True, slots=True)
class Pairs(Split):
    """Encoded pairs. `input_ids` are the prompts with their chosen answers.

    Attributes:
        rejected: One int32 array per pair: the prompt with the rejected answer.
        starts: Tokens before the chosen and before the rejected answer, int64, shape (pairs, 2).
        settings: What is minimised.
    """

    rejected: list[NDArray[np.int32]] = field(default_factory=list)
    starts: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    settings: PreferenceSection = field(default_factory=PreferenceSection)

    @property
    def lengths(self) -> NDArray[np.int64]:
        pairs = zip(self.input_ids, self.rejected, strict=True)
        return np.array([max(len(a), len(b)) for a, b in pairs], dtype=np.int64)

    @property
    def all_ids(self) -> list[NDArray[np.int32]]:
        return [*self.input_ids, *self.rejected]

    def take(self, rows: Sequence[int]) -> Split:
        return replace(
            self,
            input_ids=[self.input_ids[i] for i in rows],
            texts=tuple(self.texts[i] for i in rows),
            rejected=[self.rejected[i] for i in rows],
            starts=self.starts[list(rows)],
        )

    def shortened(self, length: int) -> Split:
        chosen, rejected = ([ids[:length] for ids in side] for side in (self.input_ids, self.rejected))
        return replace(self, input_ids=chosen, rejected=rejected, starts=np.minimum(self.starts, length - 1))


class Scored(NamedTuple):
    """One batch of held-out pairs: summed loss, and the worth of both answers (pairs, 2)."""

    loss: float
    worth: NDArray[np.float32]


class PreferenceTuning(Task):
    """Direct preference optimisation (DPO) or odds-ratio preference optimisation (ORPO).

    The worth of an answer is a number: DPO's implicit reward, or ORPO's log odds. The two of a pair are its logits,
    and the chosen answer is the right class; so the cross-entropy is −log σ(worth of chosen − worth of rejected).
    """

    kind = "preference"
    title = "Preferences"
    help = "Learns from pairs of answers, of which people chose one, to write more like the chosen ones."
    default_model = "smollm2"
    best_metric = "loss"
    metrics = ("loss", "accuracy", "margin", "chosen", "rejected")

    def read(self, recipe: Recipe, context: Context | None = None) -> Rows:
        context = context or Context(recipe.training.seed, recipe.training.max_length)
        found = preference_sides(
            recipe.data, context, lambda source, field: resolve_data(source, field=field)
        )
        return Rows(
            found,
            len(found.train),
            len(found.validation),
            fingerprint=joint_fingerprint(found.fingerprints),
            notes=found.notes,
        )

    def load(self, recipe: Recipe, rows: Rows, folder: Path) -> tuple[torch.nn.Module, Any]:
        return load_weights(AutoModelForCausalLM, folder), load_tokenizer(folder)

    def encode(self, recipe: Recipe, rows: Rows, model: torch.nn.Module, tokenizer: Any) -> Goods:
        limit = fitting_length(recipe.training.max_length, model)
        content: PreferenceSides = rows.content
        notes = [told] if (told := give_template(tokenizer, recipe.chat.template)) else []
        cut = 0

        def encoded(pairs: tuple[Pair, ...]) -> Pairs:
            nonlocal cut
            found = [_encoded(tokenizer, pair, recipe.chat.system, limit) for pair in pairs]
            cut += sum(pair.cut for pair in found)
            return Pairs(
                [pair.chosen for pair in found],
                texts=tuple(pair.prompt[-1]["content"] if pair.prompt else "" for pair in pairs),
                rejected=[pair.rejected for pair in found],
                starts=np.array([pair.starts for pair in found], dtype=np.int64).reshape(-1, 2),
                settings=recipe.preference,
            )

        train, validation = encoded(content.train), encoded(content.validation)
        test = encoded(content.test) if content.test else None
        if cut:
            notes.append(
                f"{counted(cut, 'pair')} of more than {limit} tokens: the beginning of the prompt was cut off, or the "
                "end of an answer."
            )
        return Goods(model, tokenizer, train, validation, test, tuple(notes))

    def collate(self, split: Split, indexes: NDArray[np.int64], pad: int) -> Batch:
        """All chosen answers, then all rejected ones; see `answer_log_probabilities` for the rest."""
        assert isinstance(split, Pairs)
        rows = [side[i] for side in (split.input_ids, split.rejected) for i in indexes]
        ids, mask = padded(rows, pad)
        # Found here, on the host: on a GPU it would have to wait for their number.
        starts = split.starts[indexes].T.flatten()
        spans = [np.arange(start - 1, len(row) - 1) for start, row in zip(starts, rows, strict=True)]
        width = ids.shape[1]
        places = np.concatenate([i * width + span for i, span in enumerate(spans)])
        owners = np.repeat(np.arange(len(rows)), [len(span) for span in spans])
        batch = {
            "input_ids": ids,
            "attention_mask": mask,
            "answering": torch.from_numpy(places),
            "answer_row": torch.from_numpy(owners),
        }
        if split.settings.objective == "dpo":
            return batch | {"beta": torch.tensor(split.settings.beta)}
        return batch | {"odds_weight": torch.tensor(split.settings.odds_weight)}

    def terms(self, split: Split, indexes: NDArray[np.int64]) -> int:
        return len(indexes)

    def outputs(self, model: torch.nn.Module, batch: Batch, **more: Any) -> Any:
        # Rows are padded on the right, which a causal model never looks at: without a mask it takes its faster kernel.
        with scoring_only(model, batch["answering"]):
            return model(input_ids=batch["input_ids"], use_cache=False, **more)

    def logits(self, outputs: Any, batch: Batch) -> torch.Tensor:
        """The worth of the chosen and of the rejected answers, float32, shape (pairs, 2).

        Without a `reference` in the batch, as where a finished model is looked at, DPO's rewards are β times the
        log-probabilities themselves.
        """
        found = answer_log_probabilities(outputs.logits, batch)
        if "beta" in batch:
            worth = rewards(found, batch.get("reference", torch.zeros_like(found)), batch["beta"])
        else:
            ones = torch.ones_like(batch["answer_row"], dtype=found.dtype)
            worth = log_odds(found, torch.zeros_like(found).index_add(0, batch["answer_row"], ones))
        return worth.view(2, -1).T

    def targets(self, batch: Batch) -> torch.Tensor:
        ids = batch["input_ids"]
        return ids.new_zeros(len(ids) // 2)

    def summed_loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        batch: Batch,
        each: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """DPO: the comparison alone. ORPO: −log P(chosen) per token, and the comparison by its weight.

        Rafailov et al. 2023, equation 7; Hong et al. 2024, equation 6. P per token is σ(log odds).
        """
        compared = each(logits, targets).sum()
        if "odds_weight" not in batch:
            return compared
        return batch["odds_weight"] * compared - functional.logsigmoid(logits[:, 0]).sum()

    def score(self, model: torch.nn.Module, batch: Batch, indexes: NDArray[np.int64]) -> Scored:
        worth = self.logits(self.outputs(model, batch), batch)
        loss = self.summed_loss(worth, self.targets(batch), batch, _compared)
        return Scored(float(loss), worth.cpu().numpy())

    def summarise(self, parts: list[Any], split: Split, rows: Rows) -> Measurement:
        """How often the chosen answer is worth more, by how much on average, and the mean worth of both."""
        scored: list[Scored] = parts
        worth = np.concatenate([part.worth for part in scored]).astype(np.float64)
        margins = worth[:, 0] - worth[:, 1]
        metrics = {
            "loss": math.fsum(part.loss for part in scored) / len(worth),
            "accuracy": float(np.mean(margins > 0)),
            "margin": float(np.mean(margins)),
            "chosen": float(np.mean(worth[:, 0])),
            "rejected": float(np.mean(worth[:, 1])),
        }
        return Measurement(metrics)

    def written_samples(self, goods: Goods, cancelled: Callable[[], bool]) -> list[dict[str, str]]:
        """What the model answers to the last turns of two held-out prompts, always taking the likeliest token."""
        device = next(goods.model.parameters()).device
        loaded = LoadedModel(goods.model, goods.tokenizer, "causal-lm", "", device)
        settings = GenerationSettings(temperature=0, max_new_tokens=WRITTEN_TOKENS)
        prompts = [text for text in goods.validation.texts if text.strip()][:WRITTEN]
        return [
            {"prompt": text, "text": generate(loaded, text, settings, cancelled=cancelled)[0].text}
            for text in prompts
        ]

    def sample_text(self, rows: Rows) -> str:
        content: PreferenceSides = rows.content
        return content.validation[0].chosen[:200]


def _compared(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, targets, reduction="none")


class _Encoded(NamedTuple):
    """A pair's token ids up to the ends of its answers, where these begin, and whether anything was cut off."""

    chosen: NDArray[np.int32]
    rejected: NDArray[np.int32]
    starts: tuple[int, int]
    cut: bool


def _encoded(tokenizer: Any, pair: Pair, system: str, limit: int) -> _Encoded:
    """A pair as at most `limit` tokens with either answer; both answers keep the same part of the prompt."""
    spans = []
    for answer in (pair.chosen, pair.rejected):
        try:
            ids, counts = marked(
                tokenizer, [*pair.prompt, {"role": "assistant", "content": answer}], system=system
            )
        except TemplateError as error:
            raise refuse(str(error)) from error
        # Earlier answers of the conversation belong to the prompt, and what a template writes behind the end of the
        # last one to nothing.
        end = int(np.flatnonzero(counts)[-1]) + 1 if counts.any() else len(ids)
        start = int(np.flatnonzero(~counts[:end])[-1]) + 1
        spans.append((ids[:start], ids[start:end]))
    longest = max(len(answer) for _, answer in spans)
    # The question's last words matter most, and the answers' first ones; a quarter is kept for the question.
    room = max(limit - longest, limit // 4, 1)
    whole = [np.concatenate([prompt[-room:], answer])[:limit] for prompt, answer in spans]
    before = [len(prompt) + len(answer) for prompt, answer in spans]
    first, second = (min(room, len(prompt)) for prompt, _ in spans)
    return _Encoded(whole[0], whole[1], (first, second), [len(ids) for ids in whole] != before)
