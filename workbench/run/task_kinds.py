"""What the floors above the engine need to know of a task by its kind, without importing torch."""

from __future__ import annotations

#: Which kind of model each task starts from.
MODEL_KIND = {
    "text-classification": "encoder",
    "multi-label": "encoder",
    "regression": "encoder",
    "token-classification": "encoder",
    "causal-lm": "causal-lm",
    "masked-lm": "encoder",
    "chat": "causal-lm",
    "preference": "causal-lm",
    "seq2seq": "seq2seq",
}
#: The embedded model of each of those kinds; no encoder-decoder is embedded.
DEFAULT_MODEL = {"encoder": "minilm", "causal-lm": "smollm2"}


def has_classes(kind: str) -> bool:
    """Whether the task's rows have a class each, in a column of their own."""
    return kind == "text-classification"


def learns_running_text(kind: str) -> bool:
    """Whether the task learns plain text in blocks, of which rows are only parts."""
    return kind in ("causal-lm", "masked-lm")


def writes(kind: str) -> bool:
    """Whether the task's models write text, word after word."""
    return MODEL_KIND.get(kind) in ("causal-lm", "seq2seq")
