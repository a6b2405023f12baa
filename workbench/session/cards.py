"""The model card that is saved beside the weights, in the Hub's metadata format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workbench
from workbench.run.energy import energy_of
from workbench.run.files import write_whole
from workbench.run.folder import RunFolder, slug
from workbench.run.history import History
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.run.scores import Number
from workbench.run.scratch_fields import is_new
from workbench.run.sources import title_of
from workbench.session.report_numbers import interval, numbers_of, shown, title_of_metric

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

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

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
        folder: Where the model lies, as Python has it: a name, or a text in quotes.
    """
    loader = LOADERS.get(task, "AutoModel")
    tokens = f"tokenizer = AutoTokenizer.from_pretrained({folder})"
    if weights not in PARTS:
        return (
            f"from transformers import AutoTokenizer, {loader}\n\n{tokens}\n"
            f"model = {loader}.from_pretrained({folder})"
        )
    if _has_peft(task, weights):
        return (
            f"from peft import PeftModel\nfrom transformers import AutoTokenizer, {loader}\n\n{tokens}\n"
            f"base = {loader}.from_pretrained({folder})\n"
            f'model = PeftModel.from_pretrained(base, {folder} + "/peft")'
        )
    return (
        f"from pathlib import Path\n\nfrom transformers import AutoTokenizer, {loader}\n"
        f"from workbench.engine.loading import load_weights\n\n{tokens}\n"
        f"model = load_weights({loader}, Path({folder}))"
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
    """The card's text while a run is in work, to which the engine appends the held-out numbers; see `write_card`."""
    pipeline = PIPELINES.get(recipe.task.kind, recipe.task.kind)
    head = f"library_name: transformers\npipeline_tag: {pipeline}\ntags:\n- model-workbench\n"
    return f"---\n{head}---\n\n{_body(recipe, rows.class_names)}"


def _body(recipe: Recipe, class_names: Sequence[str]) -> str:
    """What the model is, how it was trained, and how it is loaded."""
    kind, data = recipe.task.kind, title_of(recipe.data.train)
    names = ", ".join(class_names)
    classes = f"\n{_OUTPUTS.get(kind, 'Classes')}: {names}.{_READING.get(kind, '')}\n" if names else ""
    return f"""# {recipe.name or f"{recipe.model.source} on {data}"}

{_began(recipe)} on `{data}` with Model Workbench {workbench.__version__}.
{classes}
Training: {recipe.training.epochs:g} epochs, batch size {recipe.training.batch_size}, learning rate
{recipe.training.learning_rate:g}, {recipe.training.schedule} schedule, maximum length
{recipe.training.max_length} tokens, seed {recipe.training.seed}.
{_warning(recipe)}
```python
{loading_code(kind, recipe.weights.kind, '"model"')}
```
"""


#: The Hub's name of each metric, where it differs from ours; those that it does not know are given by ours.
_HUB_METRICS = {
    "f1_macro": "f1",
    "matthews": "matthews_correlation",
    "r2": "r_squared",
    "mae": "mae",
    "loss": "loss",
}
#: What the card tells of many metrics: those that were measured in training, and these.
_TOLD = ("balanced_accuracy", "matthews", "calibration_error")


def write_card(run: RunFolder, known: Mapping[str, Number] | None = None) -> Path:
    """Write the card of a run's model, with its numbers in the Hub's metadata (`model-index`).

    Args:
        run: The run; it must have a model.
        known: Numbers of its held-out rows with their intervals, where the rows were measured one by one.

    Raises:
        WorkbenchError: When the recipe cannot be read or the card cannot be written.
    """
    path = run.model / "README.md"
    try:
        write_whole(path, final_card(run, known))
    except OSError as error:
        raise bad_input(
            f"The model card {path} cannot be written.", f"The system says: {error.strerror or error}."
        ) from error
    return path


def final_card(run: RunFolder, known: Mapping[str, Number] | None = None) -> str:
    """The card of a run's model, as `write_card` writes it."""
    import yaml  # type: ignore[import-untyped]

    recipe, history = run.recipe(), run.history()
    measured = history.best_evaluation or history.last_evaluation
    numbers = numbers_of(history, known)
    names = [*(measured.metrics if measured else ()), *(name for name in _TOLD if name in numbers)]
    told = {name: numbers[name] for name in dict.fromkeys(names) if name in numbers}
    metadata = yaml.safe_dump(_metadata(recipe, told), sort_keys=False, allow_unicode=True)
    classes = history.started.class_names if history.started else ()
    parts = [f"---\n{metadata}---\n", _body(recipe, classes)]
    if told and measured:
        rows = [(title_of_metric(name), shown(name, one.value), interval(one)) for name, one in told.items()]
        lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
        parts.append(
            f"## Held-out measurement at step {measured.step}\n\n"
            f"| metric | value | 95 % interval |\n| --- | --- | --- |\n{lines}"
        )
    parts.append(_background(run, history))
    return "\n".join(part for part in parts if part)


def _metadata(recipe: Recipe, numbers: Mapping[str, Number]) -> dict[str, Any]:
    """The Hub's metadata of a card (https://huggingface.co/docs/hub/model-cards)."""
    kind = recipe.task.kind
    pipeline = PIPELINES.get(kind, kind)
    found: dict[str, Any] = {
        "library_name": "transformers",
        "pipeline_tag": pipeline,
        "tags": ["model-workbench"],
    }
    if _HUB_ID.fullmatch(recipe.model.source):
        found["base_model"] = recipe.model.source
    if numbers:
        metrics = [
            {
                "type": _HUB_METRICS.get(name, name),
                "value": round(one.value, 6),
                "name": title_of_metric(name),
            }
            for name, one in numbers.items()
        ]
        data = title_of(recipe.data.train)
        result = {
            "task": {"type": pipeline, "name": kind},
            "dataset": {"name": data, "type": slug(data), "split": "validation"},
            "metrics": metrics,
        }
        found["model-index"] = [{"name": recipe.name or slug(data), "results": [result]}]
    return found


def _background(run: RunFolder, history: History) -> str:
    """Data, time, energy and versions in a few lines."""
    environment = run.environment()
    lines = []
    if history.started:
        lines.append(
            f"- Rows: {history.started.train_rows} to learn from, {history.started.validation_rows} held out"
        )
    if environment.get("data_fingerprint"):
        lines.append(f"- Fingerprint of the data (SHA-256): `{environment['data_fingerprint']}`")
    if history.ended and history.ended.seconds:
        lines.append(
            f"- Training: {history.ended.seconds:.0f} s on {history.started.device if history.started else ''}"
        )
    energy = energy_of(run.path)
    lines.append(f"- Energy: {energy.in_words() if energy else 'not measured'}")
    packages = environment.get("packages") or {}
    if packages:
        lines.append(f"- With: {', '.join(f'{name} {packages[name]}' for name in sorted(packages))}")
    return "## How it was made\n\n" + "\n".join(lines) + "\n"
