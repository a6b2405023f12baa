"""The recipe: everything that is needed to do a run again, immutable and validated.

Each field's title, help, range and unit stand together here; the form, the command line, the JSON schema and
the error texts are all derived from these lines.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RECIPE_VERSION = 1

Share = Annotated[float, Field(ge=0.0, le=0.9)]


class Section(BaseModel):
    """A frozen group of fields; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def field(
    default: Any, title: str, help: str, *, unit: str = "", advanced: bool = False, **bounds: Any
) -> Any:  # the value's type is the annotation's; pydantic's own Field returns Any as well
    """A recipe field: its default, what it is called, what it means, its unit and its range."""
    extra: dict[str, Any] = {"unit": unit, "advanced": advanced}
    return Field(default, title=title, description=help, json_schema_extra=extra, **bounds)


class ModelSection(Section):
    """Which model the run starts from."""

    source: str = field(
        "minilm",
        "Model",
        "The model to start from: a short name (minilm, smollm2), a model folder, an earlier run, or a Hub id "
        "that is already on this machine.",
        min_length=1,
    )


class DataSection(Section):
    """Which rows the run learns from, and which it is measured on."""

    train: str = field(
        "support-messages",
        "Data",
        "The rows to learn from: a shipped data set by name, or a CSV, TSV, JSON Lines, Parquet or text file.",
        min_length=1,
    )
    validation: Share | str = field(
        0.1,
        "Held-out",
        "The rows that the model is measured on and never learns from: a share of the data, or a file.",
    )
    test: Share | str = field(
        0.0,
        "Test",
        "Rows put aside for a last measurement after the run: a share of the data, or a file. 0 means none.",
        advanced=True,
    )
    text: str = field("", "Text column", "The column that is read. Empty: guessed.")
    label: str = field("", "Label column", "The column that is to be predicted. Empty: guessed.")
    header: Literal["auto", "yes", "no"] = field(
        "auto", "Header row", "Whether the first line names the columns. auto: guessed.", advanced=True
    )
    encoding: str = field(
        "", "Encoding", "How the file's characters are stored, such as utf-8. Empty: detected.", advanced=True
    )


class TaskSection(Section):
    """What the model is to learn."""

    kind: str = field(
        "text-classification",
        "Task",
        "What the model learns: text-classification (put a text into a class) or causal-lm (continue a text).",
        min_length=1,
    )


class TrainingSection(Section):
    """How the model learns."""

    epochs: float = field(
        3.0, "Epochs", "How many times the model sees all the training rows.", unit="passes", gt=0, le=1000
    )
    max_steps: int = field(
        0,
        "Step limit",
        "Stop after this many steps, even if the epochs are not over. 0 means no limit.",
        unit="steps",
        advanced=True,
        ge=0,
        le=100_000_000,
    )
    batch_size: int = field(
        32,
        "Batch size",
        "How many rows one step learns from. Larger is steadier and needs more memory.",
        unit="rows",
        ge=1,
        le=4096,
    )
    learning_rate: float = field(
        1e-4,
        "Learning rate",
        "How far one step moves the weights. Too high and the loss jumps; too low and nothing is learned.",
        gt=0,
        le=1,
    )
    schedule: Literal["linear", "cosine", "constant"] = field(
        "linear", "Schedule", "How the learning rate changes after the warm-up.", advanced=True
    )
    warmup_ratio: float = field(
        0.1,
        "Warm-up",
        "The share of the run in which the learning rate rises from 0 to its full value.",
        unit="share of steps",
        advanced=True,
        ge=0,
        le=1,
    )
    weight_decay: float = field(
        0.01,
        "Weight decay",
        "Pulls weights towards zero, which guards against learning by heart. Not used on biases and norms.",
        advanced=True,
        ge=0,
        le=1,
    )
    optimizer: Literal["adamw", "sgd"] = field(
        "adamw", "Optimizer", "The rule that turns gradients into steps.", advanced=True
    )
    max_grad_norm: float = field(
        1.0,
        "Gradient clip",
        "Gradients longer than this are shortened to it. 0 means never.",
        advanced=True,
        ge=0,
        le=1000,
    )
    max_length: int = field(
        128,
        "Maximum length",
        "Texts are cut after this many tokens. Shorter is faster; too short loses what is said at the end.",
        unit="tokens",
        ge=8,
        le=131_072,
    )
    batching: Literal["by-length", "shuffled"] = field(
        "by-length",
        "Batching",
        "by-length puts texts of similar length together, which is faster; shuffled takes them as they come.",
        advanced=True,
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = field(
        "auto",
        "Precision",
        "The number format of the arithmetic. auto takes what the device does well.",
        advanced=True,
    )
    device: Literal["auto", "cpu", "cuda", "mps", "xpu"] = field(
        "auto", "Device", "What computes. auto takes the fastest that is there.", advanced=True
    )
    seed: int = field(
        0,
        "Seed",
        "The number that all chance comes from. The same seed gives the same run.",
        advanced=True,
        ge=0,
        le=2**31 - 1,
    )
    eval_every: int = field(
        0,
        "Measure every",
        "Measure the held-out rows after this many steps. 0 chooses it so that measuring stays cheap.",
        unit="steps",
        advanced=True,
        ge=0,
        le=10_000_000,
    )
    checkpoint_every: int = field(
        0,
        "Save every",
        "Save a checkpoint after this many steps. 0 saves at the end of each epoch.",
        unit="steps",
        advanced=True,
        ge=0,
        le=10_000_000,
    )
    keep_checkpoints: int = field(
        2,
        "Keep checkpoints",
        "How many of the newest checkpoints stay on the disk.",
        unit="checkpoints",
        advanced=True,
        ge=1,
        le=1000,
    )
    best_metric: str = field(
        "",
        "Best model by",
        "The held-out metric that decides which weights are kept. Empty: the task's own choice.",
        advanced=True,
    )


class Recipe(Section):
    """A complete, immutable description of one run."""

    version: Literal[1] = field(RECIPE_VERSION, "Version", "The version of the recipe format.", advanced=True)
    name: str = field(
        "", "Name", "What the run is called. Empty: made from the data and the model.", max_length=80
    )
    model: ModelSection = ModelSection()
    data: DataSection = DataSection()
    task: TaskSection = TaskSection()
    training: TrainingSection = TrainingSection()

    def value(self, path: str) -> Any:
        """The value of a field by its dotted path."""
        found: Any = self
        for part in path.split("."):
            found = getattr(found, part)
        return found
