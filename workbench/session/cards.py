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
    "causal-lm": "AutoModelForCausalLM",
    "masked-lm": "AutoModelForMaskedLM",
    "chat": "AutoModelForCausalLM",
    "preference": "AutoModelForCausalLM",
    "seq2seq": "AutoModelForSeq2SeqLM",
}
PIPELINES = {
    "text-classification": "text-classification",
    "causal-lm": "text-generation",
    "masked-lm": "fill-mask",
    "chat": "text-generation",
    "preference": "text-generation",
    "seq2seq": "text2text-generation",
}


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
    loader = LOADERS.get(kind, "AutoModel")
    classes = f"\nClasses: {', '.join(rows.class_names)}.\n" if rows.class_names else ""
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

```python
from transformers import AutoTokenizer, {loader}

tokenizer = AutoTokenizer.from_pretrained("model")
model = {loader}.from_pretrained("model")
```
"""
