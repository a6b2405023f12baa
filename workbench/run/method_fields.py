"""The recipe's optional methods: which weights learn, the loss, regularisation, adversaries and teachers."""

from __future__ import annotations

from typing import Literal

from workbench.run.section import Section, field

WeightsKind = Literal["all", "lora", "dora", "adalora", "ia3", "bottleneck", "prefix", "prompt"]


class WeightsSection(Section):
    """Which weights learn, and how fast each layer does."""

    kind: WeightsKind = field(
        "all",
        "Weights",
        "all trains every weight. The others leave the model as it is and train a small addition, which needs much "
        "less memory: lora beside the weights; dora also their lengths; adalora moves its ranks to where they are "
        "needed; ia3 only factors; bottleneck a narrow network behind each layer; prefix and prompt only virtual "
        "tokens before each text.",
        advanced=True,
    )
    lora_rank: int = field(
        16, "LoRA rank", "How large the additions are. Larger can learn more.", advanced=True, ge=1, le=1024
    )
    lora_alpha: float = field(
        32.0,
        "LoRA alpha",
        "How strongly the additions count: alpha divided by rank multiplies them.",
        advanced=True,
        gt=0,
        le=10_000,
    )
    lora_dropout: float = field(
        0.0, "LoRA dropout", "Dropout in front of the additions.", advanced=True, ge=0, lt=1
    )
    lora_targets: str = field(
        "all-linear",
        "LoRA targets",
        "Which layers get additions: all-linear, or names of modules separated by commas.",
        advanced=True,
        min_length=1,
    )
    orthogonality: float = field(
        0.1,
        "AdaLoRA orthogonality",
        "How strongly the vectors of adalora's additions are held at right angles to each other.",
        advanced=True,
        ge=0,
        le=10,
    )
    base_bits: Literal["full", "8-bit", "4-bit"] = field(
        "full",
        "Base weights",
        "How the frozen weights under lora or dora are kept. 8-bit and 4-bit need much less memory (QLoRA), an NVIDIA "
        "GPU and the package bitsandbytes.",
        advanced=True,
    )
    bottleneck_size: int = field(
        64,
        "Bottleneck width",
        "How many numbers the networks of bottleneck have inside. More can learn more.",
        advanced=True,
        ge=1,
        le=8192,
    )
    virtual_tokens: int = field(
        20,
        "Virtual tokens",
        "How many trained tokens prefix and prompt put before each text. They take room in the context.",
        unit="tokens",
        advanced=True,
        ge=1,
        le=4096,
    )
    freeze_layers: int = field(
        0,
        "Freeze layers",
        "How many of the first layers stay as they are.",
        unit="layers",
        advanced=True,
        ge=0,
        le=1000,
    )
    freeze_embeddings: bool = field(
        False, "Freeze embeddings", "Leave the table of token vectors as it is.", advanced=True
    )
    unfreeze: float = field(
        0.0,
        "Unfreeze gradually",
        "The share of the run over which the layers begin to learn, one after the other from the last to the first. "
        "0: all learn from the beginning.",
        unit="share of steps",
        advanced=True,
        ge=0,
        le=1,
    )
    layer_decay: float = field(
        1.0,
        "Layer-wise rate",
        "Each layer further from the output learns this many times as fast as the next. 1: all alike; 0.9 is usual.",
        advanced=True,
        gt=0,
        le=1,
    )


class LossSection(Section):
    """What is minimised."""

    kind: Literal["cross-entropy", "focal", "bce", "mse", "huber"] = field(
        "cross-entropy",
        "Loss",
        "What is minimised. focal looks harder at rows that are still wrong; bce, mse and huber compare with "
        "one-or-zero targets for each class. Where numbers are learned it is mse or huber; cross-entropy then means "
        "mse.",
        advanced=True,
    )
    focal_gamma: float = field(
        2.0,
        "Focal gamma",
        "How little the focal loss counts rows that are right already.",
        advanced=True,
        ge=0,
        le=10,
    )
    huber_delta: float = field(
        1.0, "Huber delta", "Where the Huber loss turns from square to straight.", advanced=True, gt=0, le=100
    )
    label_smoothing: float = field(
        0.0,
        "Label smoothing",
        "The share of certainty that is taken from the right class and given to all. 0.1 is usual.",
        advanced=True,
        ge=0,
        lt=1,
    )
    class_weights: Literal["none", "balanced"] = field(
        "none",
        "Class weights",
        "balanced lets rare classes count as much as frequent ones.",
        advanced=True,
    )


class RegularisationSection(Section):
    """What guards against learning by heart."""

    dropout: float = field(
        -1.0,
        "Dropout",
        "The share of values that are zeroed by chance while training. -1 leaves the model's own.",
        advanced=True,
        ge=-1,
        lt=1,
    )
    averaging: Literal["none", "ema", "swa"] = field(
        "none",
        "Average weights",
        "Measure and keep an average of the weights instead of the last ones: ema forgets slowly, swa takes the "
        "plain mean of the end of the run.",
        advanced=True,
    )
    ema_decay: float = field(
        0.999, "EMA decay", "How much of the average each step keeps.", advanced=True, ge=0, lt=1
    )
    swa_start: float = field(
        0.75, "SWA start", "The share of the run after which the mean begins.", advanced=True, ge=0, lt=1
    )
    mixup: float = field(
        0.0,
        "Mixup",
        "Blend pairs of rows and their labels; the shape α of the Beta distribution. 0 is off; 0.2 is usual.",
        advanced=True,
        ge=0,
        le=10,
    )
    neftune: float = field(
        0.0,
        "NEFTune noise",
        "Noise added to token vectors while training. 0 is off; 5 is usual for language models.",
        advanced=True,
        ge=0,
        le=100,
    )
    r_drop: float = field(
        0.0,
        "R-Drop",
        "Each batch goes through twice with different dropout, and the two answers must agree; the weight of that. "
        "0 is off; takes twice the time.",
        advanced=True,
        ge=0,
        le=100,
    )


class AdversarialSection(Section):
    """Training against small malicious changes of the token vectors."""

    kind: Literal["none", "fgm", "pgd"] = field(
        "none",
        "Adversary",
        "fgm moves the token vectors once towards a larger loss and learns from that as well; pgd does so in "
        "several small moves. Takes two to five times the time.",
        advanced=True,
    )
    epsilon: float = field(
        1.0,
        "Adversary's reach",
        "How far token vectors are moved, per row (L2 norm).",
        advanced=True,
        gt=0,
        le=100,
    )
    steps: int = field(3, "PGD moves", "How many moves pgd makes.", unit="moves", advanced=True, ge=1, le=20)
    step_size: float = field(0.3, "PGD move", "How long one move of pgd is.", advanced=True, gt=0, le=100)


class DistillationSection(Section):
    """Learning from another run's answers."""

    teacher: str = field(
        "",
        "Teacher",
        "A run or model with the same classes whose answers are learnt from. Empty: none.",
        advanced=True,
    )
    temperature: float = field(
        2.0, "Temperature", "How much the teacher's second thoughts count.", advanced=True, gt=0, le=100
    )
    alpha: float = field(
        0.5,
        "Teacher's share",
        "0 learns from the labels alone, 1 from the teacher alone.",
        advanced=True,
        ge=0,
        le=1,
    )
    hidden: float = field(
        0.0,
        "Hidden states",
        "The weight of the difference between the two models' last hidden states; needs the same width.",
        advanced=True,
        ge=0,
        le=1000,
    )
