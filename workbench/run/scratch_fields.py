"""The recipe's scratch section: the shape of a model that starts from nothing, and its tokeniser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from workbench.run.problem import Problem
from workbench.run.section import Section, field

if TYPE_CHECKING:
    from workbench.run.recipe import Recipe

#: What a recipe gives as its model for a new one, and which kind of model that is.
NEW_MODELS = {"new-gpt": "causal-lm", "new-bert": "encoder"}
#: Tasks that a model can learn which knows nothing yet.
LEARNABLE = (
    "causal-lm", "masked-lm", "text-classification", "multi-label", "regression", "token-classification",
)  # fmt: skip
#: What a new model wants in place of the defaults, which suit a model that knows its language already.
STARTING: tuple[tuple[str, float | str], ...] = (
    ("training.learning_rate", 1e-3),
    ("training.schedule", "cosine"),
    ("training.final_rate", 0.1),
    ("training.weight_decay", 0.1),
    ("training.beta2", 0.99),
)
#: Single bytes and the end token: no vocabulary of byte pairs is smaller.
LEAST_VOCABULARY = 300

Tokeniser = Literal["auto", "characters", "byte-pairs", "word-pieces"]


class ScratchSection(Section):
    """The shape of a new model; its context is the recipe's maximum length."""

    layers: int = field(
        4,
        "Layers",
        "How many layers lie one above the other. More can learn longer chains of thought and take longer.",
        unit="layers",
        advanced=True,
        ge=1,
        le=48,
    )
    heads: int = field(
        4,
        "Heads",
        "How many attention heads each layer has; they must divide the width.",
        unit="heads",
        advanced=True,
        ge=1,
        le=64,
    )
    width: int = field(
        128,
        "Width",
        "How many numbers stand for each token. Twice the width is four times the weights.",
        unit="numbers",
        advanced=True,
        ge=8,
        le=4096,
    )
    tokeniser: Tokeniser = field(
        "auto",
        "Tokeniser",
        "What a token is, learned from your own training text. characters: each character. byte-pairs: frequent runs "
        "of bytes, as GPT has them. word-pieces: words and parts of words in small letters, as BERT has them. auto: "
        "byte-pairs for a GPT, word-pieces for a BERT.",
        advanced=True,
    )
    vocabulary: int = field(
        4000,
        "Vocabulary",
        "How many different tokens there are at most. A larger one makes texts shorter and the model larger.",
        unit="tokens",
        advanced=True,
        ge=LEAST_VOCABULARY,
        le=200_000,
    )


def is_new(source: str) -> bool:
    """Whether a recipe's model is one that starts from nothing."""
    return source.strip() in NEW_MODELS


def tokeniser_of(recipe: Recipe) -> Tokeniser:
    """The tokeniser of a new model, without "auto"."""
    chosen = recipe.scratch.tokeniser
    if chosen != "auto":
        return chosen
    return "byte-pairs" if recipe.model.source.strip() == "new-gpt" else "word-pieces"


def weight_count(source: str, shape: ScratchSection, context: int, vocabulary: int) -> int:
    """How many weights a new model has.

    Both have 12·w² + 13·w weights in each layer of width w (four w × w matrices of attention, two of w × 4w behind it,
    their biases and two norms), a table of tokens that is the output as well, and a table of positions.

    Args:
        source: "new-gpt" or "new-bert".
        shape: Layers, heads and width.
        context: The number of positions.
        vocabulary: The number of tokens.
    """
    w = shape.width
    body = shape.layers * (12 * w * w + 13 * w) + (vocabulary + context) * w + 2 * w
    if source == "new-gpt":
        return body
    # Beside it: two kinds of segment, the pooler, the heads for masked tokens and for the next sentence.
    return body + 2 * w + (w * w + w) + (w * w + w + 2 * w + vocabulary) + (2 * w + 2)


def scratch_problems(recipe: Recipe) -> list[Problem]:
    """What stands against the new model of a recipe; nothing where it starts from one that is there."""
    if not is_new(recipe.model.source):
        return []
    shape, source = recipe.scratch, recipe.model.source.strip()
    problems = []
    if shape.width % shape.heads:
        fitting = [n for n in range(1, min(shape.width, 64) + 1) if shape.width % n == 0]
        near = min(fitting, key=lambda n: abs(n - shape.heads))
        problems.append(
            Problem(
                f"scratch.heads (Heads): {shape.heads} heads do not divide a width of {shape.width}.",
                "Each head takes an equal part of the width.",
                f"Take {near} heads, or a width that {shape.heads} divides.",
                field="scratch.heads",
            )
        )
    if source == "new-gpt" and shape.tokeniser == "word-pieces":
        problems.append(
            Problem(
                "scratch.tokeniser (Tokeniser): a new GPT cannot write with word pieces.",
                "They forget capitals and spaces, so that what it writes could not be put together again.",
                "Choose byte-pairs or characters.",
                field="scratch.tokeniser",
            )
        )
    return problems + _misfits(recipe, source)


def _misfits(recipe: Recipe, source: str) -> list[Problem]:
    kind = recipe.task.kind
    if kind not in LEARNABLE:
        return [
            Problem(
                f"model.source (Model): a model that starts from nothing cannot learn the task {kind}.",
                "It has to know the language first.",
                "Train it with the task causal-lm, then choose that run as the model.",
                field="model.source",
            )
        ]
    wanted = {"causal-lm": "new-gpt", "masked-lm": "new-bert"}.get(kind, source)
    if source != wanted:
        return [
            Problem(
                f"model.source (Model): {source} cannot learn the task {kind}.",
                "A GPT continues texts, a BERT fills in what is masked.",
                f"Choose {wanted}, or the other task.",
                field="model.source",
            )
        ]
    if recipe.weights.kind != "all":
        return [
            Problem(
                "weights.kind (Weights that learn): a new model has to learn all its weights.",
                "It knows nothing yet that small additions could build on.",
                "Choose all.",
                field="weights.kind",
            )
        ]
    return []
