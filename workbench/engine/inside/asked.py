"""One prediction of one model: the tokens it reads, the class or token explained, and how strongly that is held."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.engine.attention import readable_tokens
from workbench.engine.layers import input_embeddings
from workbench.engine.live import LiveModel
from workbench.engine.loading import LoadedModel, fitting_length
from workbench.run.problem import Problem, WorkbenchError, bad_input


@dataclass(frozen=True, slots=True)
class Asked:
    """A prediction to be explained.

    Attributes:
        loaded: The model.
        ids: int64 on the model's device, shape (n,): what the model reads.
        special: bool, shape (n,): tokens that stand for no text.
        tokens: The n tokens as a person reads them.
        output: Which logit is explained: the class, or the number of the next token.
        target: Number and words of it among `choices`.
        choices: What could be explained.
        note: Something the person should know.
    """

    loaded: LoadedModel | LiveModel
    ids: torch.Tensor
    special: NDArray[np.bool_]
    tokens: tuple[str, ...]
    output: int
    target: tuple[int, str]
    choices: tuple[tuple[int, str], ...]
    note: str = ""

    @property
    def language(self) -> bool:
        """Whether the next token is explained."""
        return self.loaded.head == "causal-lm"

    @property
    def can_batch(self) -> bool:
        """Whether several texts may be read at once: classifiers of the GPT kind look for padding, and need its
        number for that."""
        return self.language or self.loaded.model.config.get_text_config().pad_token_id is not None

    def table(self) -> torch.nn.Module:
        """The table of token vectors.

        Raises:
            WorkbenchError: When the model has none.
        """
        found = input_embeddings(self.loaded.model)
        if found is None:
            raise _refused("The model has no table of token vectors.")
        return found

    def scores(self, ids: torch.Tensor) -> torch.Tensor:
        """Log-odds of the target for texts of token numbers, (batch, n) in, (batch,) out."""
        return self.log_odds(logits_of(self.loaded, ids)[0])

    def log_odds(self, logits: torch.Tensor) -> torch.Tensor:
        """log p − log(1 − p) of the target, from logits of shape (batch, outputs).

        Unlike the probability they do not flatten where the model is nearly certain, so gradients stay meaningful.
        """
        others = logits.clone()
        others[:, self.output] = float("-inf")
        return logits[:, self.output] - others.logsumexp(-1)

    def probability(self) -> float:
        """The probability of the target for the whole text."""
        with torch.no_grad():
            return float(torch.sigmoid(self.scores(self.ids[None]).cpu().double()))


def logits_of(loaded: LoadedModel | LiveModel, ids: torch.Tensor, **more: Any) -> tuple[torch.Tensor, Any]:
    """The logits of the class or of the next token, (batch, n) in, (batch, outputs) out, and the whole output."""
    model = loaded.model
    if loaded.head == "causal-lm":
        more["use_cache"] = False
        if "logits_to_keep" in inspect.signature(model.forward).parameters:
            more["logits_to_keep"] = 1  # a batch of all positions × the vocabulary would be gigabytes
    output = model(input_ids=ids, attention_mask=torch.ones_like(ids), **more)
    logits = output.logits[:, -1] if loaded.head == "causal-lm" else output.logits
    return (logits if logits.dtype == torch.float64 else logits.float()), output


def ask(loaded: LoadedModel | LiveModel, text: str, target: int | str | None, max_tokens: int) -> Asked:
    """Read a text, and settle what is explained; call it in `untouched`.

    Args:
        loaded: A classifier or a language model.
        text: The text.
        target: Class number or name; for a language model the number of a token of the text (from 0, special tokens
            counted), which is then explained by what stands before it. A text that is no name counts from 1, as people
            do. None takes the most probable class or next token.
        max_tokens: Longer texts are cut.

    Raises:
        WorkbenchError: When the model predicts nothing of that kind, the text is too short, or there is no such target.
    """
    _check_kind(loaded)
    if not text.strip():
        raise bad_input("There is no text to look at.", "", "Type a sentence.")
    most = fitting_length(max_tokens, loaded.model)
    encoded = loaded.tokenizer(text, truncation=True, max_length=most)
    row: list[int] = list(encoded["input_ids"])
    special = np.isin(np.array(row), _marks(loaded.tokenizer))
    if loaded.head == "causal-lm":  # some tokenizers close every text, and nothing follows an end
        end = int(np.flatnonzero(~special).max(initial=-1)) + 1
        row, special = row[:end], special[:end]
    tokens = readable_tokens(loaded.tokenizer, row)
    whole = len(loaded.tokenizer(text, truncation=False, verbose=False)["input_ids"])
    note = f"Cut after {len(row)} of {whole} tokens." if whole > most else ""
    ids = torch.tensor(row, device=loaded.device)
    _check_length(special)
    if loaded.head == "classifier":
        choices = tuple(enumerate(loaded.class_names))
        chosen = _choice(choices, target)
        chosen = _likeliest(loaded, ids) if chosen is None else chosen
        return Asked(loaded, ids, special, tokens, chosen, choices[chosen], choices, note)
    seen = np.cumsum(~special)
    later = tuple((i, tokens[i]) for i in range(1, len(row)) if not special[i] and seen[i - 1] >= 2)
    chosen = _choice(later, target)
    if chosen is not None:
        output, name, ids = row[chosen], tokens[chosen], ids[:chosen]
        special, tokens = special[:chosen], tokens[:chosen]
    else:
        output, chosen = _likeliest(loaded, ids), len(row)
        name = readable_tokens(loaded.tokenizer, [output])[0]
    return Asked(loaded, ids, special, tokens, output, (chosen, name), later, note)


def _marks(tokenizer: Any) -> list[int]:
    """Tokens that stand for no text. An unknown word is text, unless its token has another job as well."""
    others = [getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad", "cls", "sep", "mask")]
    unknown = None if tokenizer.unk_token_id in others else tokenizer.unk_token_id
    return [number for number in tokenizer.all_special_ids if number != unknown]


def _check_kind(loaded: LoadedModel | LiveModel) -> None:
    if loaded.head not in ("classifier", "causal-lm"):
        raise WorkbenchError(
            Problem(
                "This model makes no prediction that could be explained.",
                f"{loaded.name} has no classes, and writes no text.",
                "Choose a run that was trained on classes, or a language model.",
            )
        )
    if getattr(loaded.model.config, "is_encoder_decoder", False):
        raise _refused("The model reads and writes with two separate stacks of layers.")
    if loaded.head == "classifier" and len(loaded.class_names) < 2:
        raise _refused("The model predicts a number, and no class.")


def _refused(cause: str) -> WorkbenchError:
    return WorkbenchError(
        Problem(
            "The predictions of this model cannot be explained here.",
            cause,
            "Choose a classifier of the BERT kind or a language model.",
        )
    )


def _check_length(special: NDArray[np.bool_]) -> None:
    if (~special).sum() < 2:
        raise bad_input(
            "One token alone cannot be compared with others.",
            "Explanations say which tokens matter more than others.",
            "Type at least two words.",
        )


def _choice(choices: tuple[tuple[int, str], ...], target: int | str | None) -> int | None:
    """The number of the wanted choice; None where none is wanted."""
    if target is None or target == "":
        return None
    for number, name in choices:
        if target in (number, name, name.strip()):
            return number
    if isinstance(target, str) and target.isdecimal() and int(target) - 1 in dict(choices):
        return int(target) - 1
    known = ", ".join(f"{number + 1} ({name.strip()})" for number, name in choices[:12])
    raise bad_input(
        f"There is nothing called {target!r} to explain.",
        f"It can be: {known}{', …' if len(choices) > 12 else ''}." if known else "The text is too short.",
        "Choose one of them, or leave it open.",
    )


def _likeliest(loaded: LoadedModel | LiveModel, ids: torch.Tensor) -> int:
    with torch.no_grad():
        return int(logits_of(loaded, ids[None])[0][0].argmax())
