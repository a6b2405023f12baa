"""Replaces words of texts by what a masked language model would say there, for the step `augment-mask`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from workbench.data.augmentation import in_case_of, replaced
from workbench.data.blanks import Blanks
from workbench.engine.loading import explained, fitting_length, load_tokenizer, quiet
from workbench.run.problem import Problem, WorkbenchError

#: How many of the likeliest words one is drawn from.
_CHOICE = 12
_BATCH = 32


class WordReplacement:
    """A masked language model as a `workbench.data.blanks.ReplaceWords`: call it with texts and places.

    The words are drawn from the likeliest ones by their probability, with the seed of each text. A text's
    probabilities can differ in the last digits with the texts that stand in the same batch, so a draw at the very
    edge may come out otherwise when rows are added.
    """

    def __init__(self, model: Any, tokenizer: Any, device: torch.device) -> None:
        self._model, self._tokenizer, self._device = model, tokenizer, device
        self._length = fitting_length(10**6, model)
        self._words = _whole_words(tokenizer, model.config.vocab_size).to(device)

    @torch.no_grad()
    def __call__(self, asked: Sequence[Blanks]) -> list[str]:
        """One text for each given one. A word beyond the model's maximum length stays."""
        made = [one.text for one in asked]
        # A text that holds the mask itself would mix up which word is which.
        whole = [
            i for i, one in enumerate(asked) if one.places and self._tokenizer.mask_token not in one.text
        ]
        for start in range(0, len(whole), _BATCH):
            here = whole[start : start + _BATCH]
            for i, text in zip(here, self._batch([asked[i] for i in here]), strict=True):
                made[i] = text
        return made

    def _batch(self, asked: Sequence[Blanks]) -> list[str]:
        masked = [
            replaced(one.text, [(*place, self._tokenizer.mask_token) for place in one.places])
            for one in asked
        ]
        batch = self._tokenizer(
            masked, padding=True, truncation=True, max_length=self._length, return_tensors="pt"
        ).to(self._device)
        places = batch["input_ids"] == self._tokenizer.mask_token_id
        logits = self._model(**batch).logits[places].float()
        likely = logits.masked_fill(~self._words, -torch.inf)
        values, numbers = likely.topk(min(_CHOICE, int(self._words.sum())), dim=-1)
        weights = values.softmax(-1).cpu().tolist()
        ids = numbers.cpu().tolist()
        made: list[str] = []
        row = 0
        for one, count in zip(asked, places.sum(-1).tolist(), strict=True):
            chance = random.Random(one.seed)
            new = [
                (*place, self._word(one.text[slice(*place)], ids[row + i], weights[row + i], chance))
                for i, place in enumerate(one.places[:count])
            ]
            row += count
            made.append(replaced(one.text, new))
        return made

    def _word(self, old: str, ids: list[int], weights: list[float], chance: random.Random) -> str:
        """One of the likely words that is not the old one, with its capitals."""
        words = [self._tokenizer.decode([number]).strip() for number in ids]
        others = [i for i, word in enumerate(words) if word.lower() != old.lower()]
        if not others:
            return old
        drawn = chance.choices(others, [weights[i] for i in others])[0]
        return in_case_of(old, words[drawn])


def word_replacement(folder: Path, name: str, device: torch.device) -> WordReplacement:
    """The masked language model of a folder, in eval mode.

    Raises:
        WorkbenchError: When the model has no head that fills in masked words, or cannot be loaded.
    """
    with explained(folder):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    architecture = (getattr(config, "architectures", None) or [""])[0]
    if not architecture.endswith(("ForMaskedLM", "ForPreTraining")):
        raise _no_head(
            name, f"Its config names {architecture or 'no architecture'}, which ends in something else."
        )
    with explained(folder), quiet():
        model, report = AutoModelForMaskedLM.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])[0]
        raise _no_head(name, f"The file of weights does not hold {missing}.")
    tokenizer = load_tokenizer(folder)
    if tokenizer.mask_token_id is None:
        raise _no_head(name, "Its tokenizer has no mask token.")
    return WordReplacement(model.to(device).eval(), tokenizer, device)


def _no_head(name: str, cause: str) -> WorkbenchError:
    return WorkbenchError(
        Problem(
            f"The model {name} cannot replace words.",
            f"Replacing words takes a head that fills in masked words, and this model has none. {cause}",
            "Choose a model with that head, such as BERT, RoBERTa or DistilBERT as first published (their config names "
            "a class that ends with ForMaskedLM or ForPreTraining), or another kind of augmentation.",
            field="data.steps",
        )
    )


def _whole_words(tokenizer: Any, size: int) -> torch.Tensor:
    """Which tokens are words by themselves, bool, shape (vocabulary,): letters only, no continuation of a word."""
    pieces = tokenizer.convert_ids_to_tokens(range(min(size, len(tokenizer))))
    special = set(tokenizer.all_special_ids)
    # Byte-level and SentencePiece vocabularies mark the beginning of a word; WordPiece marks what continues one.
    marks = tuple(
        mark for mark in ("Ġ", "▁") if sum(str(piece).startswith(mark) for piece in pieces) > size // 20
    )
    chosen = torch.zeros(size, dtype=torch.bool)
    for number, piece in enumerate(pieces):
        word = str(piece)
        if marks:
            if not word.startswith(marks):
                continue
            word = word[1:]
        chosen[number] = number not in special and word.isalpha()
    return chosen
