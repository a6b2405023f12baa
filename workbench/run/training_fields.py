"""The recipe's training section: steps, batches, learning rate, arithmetic, measuring and saving."""

from __future__ import annotations

from typing import Literal

from workbench.run.section import Section, field

OptimizerKind = Literal[
    "adamw",
    "adam",
    "sgd",
    "momentum",
    "nesterov",
    "adafactor",
    "lion",
    "ademamix",
    "adamw-8bit",
    "lion-8bit",
]
ScheduleKind = Literal[
    "linear",
    "cosine",
    "constant",
    "cosine-restarts",
    "exponential",
    "polynomial",
    "inverse-sqrt",
    "warmup-stable-decay",
    "plateau",
]


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
    accumulation: int = field(
        1,
        "Split batch in",
        "Work through each batch in this many parts. The result is the same and needs less memory, but it is slower. "
        "0 finds the fewest parts that fit.",
        unit="parts",
        advanced=True,
        ge=0,
        le=4096,
    )
    learning_rate: float = field(
        1e-4,
        "Learning rate",
        "How far one step moves the weights. Too high and the loss jumps; too low and nothing is learned.",
        gt=0,
        le=1,
    )
    schedule: ScheduleKind = field(
        "linear",
        "Schedule",
        "How the learning rate changes after the warm-up. plateau lowers it when the held-out score stands still.",
        advanced=True,
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
    warmup_steps: int = field(
        0,
        "Warm-up steps",
        "The warm-up as a number of steps; it counts instead of the share when it is above 0.",
        unit="steps",
        advanced=True,
        ge=0,
        le=10_000_000,
    )
    final_rate: float = field(
        0.0,
        "Final rate",
        "The share of the learning rate that is left at the end of the schedule. exponential needs more than 0.",
        unit="share of rate",
        advanced=True,
        ge=0,
        le=1,
    )
    restarts: int = field(
        3,
        "Restarts",
        "Into how many cosine waves the schedule cosine-restarts is cut.",
        unit="waves",
        advanced=True,
        ge=1,
        le=1000,
    )
    power: float = field(
        2.0,
        "Power",
        "The exponent of the polynomial schedule; 1 is a straight line.",
        advanced=True,
        gt=0,
        le=10,
    )
    decay_ratio: float = field(
        0.2,
        "Decay",
        "The share of the run in which warmup-stable-decay goes down at the end.",
        unit="share of steps",
        advanced=True,
        ge=0,
        le=1,
    )
    plateau_patience: int = field(
        2,
        "Plateau patience",
        "How many measurements without gain the plateau schedule waits before it lowers the rate.",
        unit="measurements",
        advanced=True,
        ge=1,
        le=1000,
    )
    plateau_factor: float = field(
        0.5, "Plateau factor", "By what the plateau schedule multiplies the rate.", advanced=True, gt=0, lt=1
    )
    weight_decay: float = field(
        0.01,
        "Weight decay",
        "Pulls weights towards zero, which guards against learning by heart. "
        "Not used on biases, norms and token embeddings.",
        advanced=True,
        ge=0,
        le=1,
    )
    optimizer: OptimizerKind = field(
        "adamw",
        "Optimizer",
        "The rule that turns gradients into steps. lion wants a rate about ten times smaller than adamw; "
        "the 8-bit forms keep their averages in a quarter of the memory and need the package bitsandbytes.",
        advanced=True,
    )
    beta2: float = field(
        0.999,
        "Beta 2",
        "How long adam and adamw remember the size of gradients; lower forgets sooner, which small batches and models "
        "that start from nothing like.",
        advanced=True,
        ge=0.5,
        lt=1,
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
    batching: Literal["by-length", "token-budget", "shuffled"] = field(
        "by-length",
        "Batching",
        "by-length puts texts of similar length together, which is faster; token-budget also puts more short texts "
        "or fewer long ones into a batch, for texts of very different lengths; shuffled takes them as they come.",
        advanced=True,
    )
    token_budget: int = field(
        0,
        "Token budget",
        "How many tokens, padding included, a batch of token-budget may hold. 0: as many as a batch of average texts.",
        unit="tokens",
        advanced=True,
        ge=0,
        le=100_000_000,
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
    gradient_checkpointing: bool = field(
        False,
        "Recompute activations",
        "Keep fewer intermediate results and compute them again when needed: "
        "much less memory, about a third slower, the same result.",
        advanced=True,
    )
    compile: Literal["auto", "on", "off"] = field(
        "auto",
        "Compile",
        "Let torch compile the model. It takes a minute or two at the start; auto does it only where a long run "
        "gains more than that.",
        advanced=True,
    )
    deterministic: bool = field(
        False,
        "Deterministic",
        "Only arithmetic that gives the same bits every time. On the CPU it always does; on a GPU this costs speed.",
        advanced=True,
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
    early_stopping: int = field(
        0,
        "Early stopping",
        "End the run after this many measurements without gain. 0 never does.",
        unit="measurements",
        advanced=True,
        ge=0,
        le=10_000,
    )
    minimum_gain: float = field(
        0.0,
        "Minimum gain",
        "By how much the held-out score must improve to count as a gain for early stopping and plateau.",
        advanced=True,
        ge=0,
        le=1000,
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
        "How many of the newest checkpoints stay on the disk; the best and those you saved yourself stay besides.",
        unit="checkpoints",
        advanced=True,
        ge=1,
        le=1000,
    )
    margins: bool = field(
        True,
        "Row margins",
        "Remember how sure the model was of each training row's label, from which rows with a wrong label are told "
        "afterwards. The training comes to the same with it and without.",
        advanced=True,
    )
    best_metric: str = field(
        "",
        "Best model by",
        "The held-out metric that decides which weights are kept. Empty: the task's own choice.",
        advanced=True,
    )
