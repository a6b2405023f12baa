"""What a new model would take, estimated from its shape: weights, memory and the time of a step."""

from __future__ import annotations

import os
from dataclasses import dataclass

from workbench.run.recipe import Recipe
from workbench.run.scratch_fields import tokeniser_of, weight_count

#: A text in an alphabet has about so many different characters.
CHARACTERS = 100
#: Floating-point operations per second that a core does in steps of small models, measured on an Intel Xeon.
CORE = 30e9
#: Seconds of a step that no arithmetic explains: for the step, and for each layer.
STEP, LAYER = 0.012, 0.004


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a new model would take.

    Attributes:
        weights: How many weights it has; exact, but for the vocabulary that a short text may not fill.
        memory: Bytes while it learns, roughly.
        seconds: Of one step on this computer's processor, roughly.
    """

    weights: int
    memory: int
    seconds: float


def outlook(recipe: Recipe) -> Outlook:
    """The estimate for the new model of a recipe.

    Weights, gradients and the two averages of AdamW take 16 bytes for each weight; a layer keeps about 34 numbers of 4
    bytes per token and unit of width for the way back (after Korthikanti et al. 2022), the output three logits. A step
    takes 6 operations per token and weight (Kaplan et al. 2020), and the attention 12 · width · context per token and
    layer.
    """
    shape, training = recipe.scratch, recipe.training
    vocabulary = CHARACTERS if tokeniser_of(recipe) == "characters" else shape.vocabulary
    weights = weight_count(recipe.model.source.strip(), shape, training.max_length, vocabulary)
    tokens = training.batch_size * training.max_length
    kept = tokens * (34 * shape.layers * shape.width + 3 * vocabulary) * 4
    work = tokens * (6 * weights + 12 * shape.layers * shape.width * training.max_length)
    cores = os.cpu_count() or 1
    seconds = STEP + LAYER * shape.layers + work / (CORE * cores)
    return Outlook(weights, 16 * weights + kept, seconds)


def in_short(count: float) -> str:
    """A large number in few figures: "820 thousand", "1.2 million"."""
    if count >= 1e9:
        return f"{count / 1e9:.3g} billion"
    if count >= 1e6:
        return f"{count / 1e6:.3g} million"
    return f"{count / 1e3:.3g} thousand"
