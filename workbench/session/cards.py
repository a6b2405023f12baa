"""The model card that is saved beside the weights, in the Hub's metadata format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import workbench
from workbench.run.recipe import Recipe
from workbench.run.scratch_fields import is_new
from workbench.run.sources import title_of

if TYPE_CHECKING:
    from workbench.engine.task import Rows

LOADERS = {
    "text-classification": "AutoModelForSequenceClassification",
    "multi-label": "AutoModelForSequenceClassification",
    "regression": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "causal-lm": "AutoModelForCausalLM",
    "masked-lm": "AutoModelForMaskedLM",
    "chat": "AutoModelForCausalLM",
    "preference": "AutoModelForCausalLM",
    "seq2seq": "AutoModelForSeq2SeqLM",
}
PIPELINES = {
    "text-classification": "text-classification",
    "multi-label": "text-classification",
    "regression": "text-classification",
    "token-classification": "token-classification",
    "causal-lm": "text-generation",
    "masked-lm": "fill-mask",
    "chat": "text-generation",
    "preference": "text-generation",
    "seq2seq": "text2text-generation",
}


#: What the names of a model's outputs are.
_OUTPUTS = {"multi-label": "Labels", "regression": "Numbers", "token-classification": "Tags"}
#: How the outputs are read.
_READING = {
    "multi-label": " Each has a probability of its own, σ(output); it is given from `model.config.thresholds` on.",
    "regression": (
        " In the data's own units they are `output * model.config.target_std + model.config.target_mean`."
    ),
    "token-classification": " A word's tag is read at its first token.",
}

#: Trained parts that cannot become part of the weights, as a card calls them.
PARTS = {
    "bottleneck": "networks behind the layers",
    "prompt": "virtual tokens",
    "prefix": "virtual tokens",
}


def loading_code(task: str, weights: str, folder: str) -> str:
    """Python lines that load a trained model and its tokenizer.

    Args:
        task: The recipe's `task.kind`.
        weights: Its `weights.kind`.
        folder: Where the model lies.
    """
    loader = LOADERS.get(task, "AutoModel")
    tokens = f"tokenizer = AutoTokenizer.from_pretrained({folder!r})"
    if weights not in PARTS:
        return (
            f"from transformers import AutoTokenizer, {loader}\n\n{tokens}\n"
            f"model = {loader}.from_pretrained({folder!r})"
        )
    if _has_peft(task, weights):
        return (
            f"from peft import PeftModel\nfrom transformers import AutoTokenizer, {loader}\n\n{tokens}\n"
            f"base = {loader}.from_pretrained({folder!r})\n"
            f"model = PeftModel.from_pretrained(base, {f'{folder}/peft'!r})"
        )
    return (
        f"from pathlib import Path\n\nfrom transformers import AutoTokenizer, {loader}\n"
        f"from workbench.engine.loading import load_weights\n\n{tokens}\n"
        f"model = load_weights({loader}, Path({folder!r}))"
    )


def _has_peft(task: str, weights: str) -> bool:
    """Whether the part is saved in peft's format too."""
    return weights in ("prompt", "prefix") and LOADERS.get(task) == "AutoModelForCausalLM"


def _warning(recipe: Recipe) -> str:
    """Where the trained part stays beside the weights: that other tools load the base, and what to do."""
    part = PARTS.get(recipe.weights.kind)
    if part is None:
        return ""
    remedy = (
        "peft adds them" if _has_peft(recipe.task.kind, recipe.weights.kind) else "Model Workbench adds them"
    )
    return (
        f"\n> **`from_pretrained` alone gives the base model.** What was trained are {part} beside its weights, which "
        f"other tools leave out with no more than a warning. {remedy}:\n"
    )


def _began(recipe: Recipe) -> str:
    if not is_new(recipe.model.source):
        return f"Fine-tuned from `{recipe.model.source}`"
    shape = recipe.scratch
    name = "GPT" if recipe.model.source.strip() == "new-gpt" else "BERT"
    return f"A small {name} ({shape.layers} layers, {shape.heads} heads, width {shape.width}), trained from nothing"


def model_card(recipe: Recipe, rows: Rows) -> str:
    """The card's text, to which the engine appends the held-out numbers."""
    kind = recipe.task.kind
    data = title_of(recipe.data.train)
    names = ", ".join(rows.class_names)
    classes = f"\n{_OUTPUTS.get(kind, 'Classes')}: {names}.{_READING.get(kind, '')}\n" if names else ""
    return f"""---
library_name: transformers
pipeline_tag: {PIPELINES.get(kind, kind)}
tags:
- model-workbench
---

# {recipe.name or f"{recipe.model.source} on {data}"}

{_began(recipe)} on `{data}` with Model Workbench {workbench.__version__}.
{classes}
Training: {recipe.training.epochs:g} epochs, batch size {recipe.training.batch_size}, learning rate
{recipe.training.learning_rate:g}, {recipe.training.schedule} schedule, maximum length
{recipe.training.max_length} tokens, seed {recipe.training.seed}.
{_warning(recipe)}
```python
{loading_code(kind, recipe.weights.kind, "model")}
```
"""
