"""What can be asked of a session: frozen values that completely determine the work."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.run.generation import GenerationSettings
from workbench.run.recipe import DataSection, Recipe

#: The name that stands for the model in training, where one is.
LIVE = "live"


@dataclass(frozen=True, slots=True)
class AttentionRequest:
    """Attention of one text; `model` is a short name, folder, run, checkpoint folder, Hub id, or `LIVE`.

    `kind` is "encoder", "decoder" or "cross" for an encoder-decoder; `target` what its decoder reads, empty to let
    it write that itself; `image` a picture file, for a model that reads pictures.
    """

    model: str
    text: str
    max_tokens: int = 128
    kind: str = ""
    target: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class HeadRequest:
    """One head in full, counted from 0, of what the other request asks about."""

    attention: AttentionRequest
    layer: int
    head: int


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """An answer to a prompt; `model` as in `AttentionRequest`.

    `earlier` are the turns of the chat before it, as (role, text) pairs; `begun` the token ids that the answer begins
    with: an answer that was stopped goes on from its own tokens, and another choice at one place goes on from the
    tokens before it and the other one.
    """

    model: str
    prompt: str
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    earlier: tuple[tuple[str, str], ...] = ()
    begun: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """Class probabilities of texts; `model` as in `AttentionRequest`."""

    model: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FillRequest:
    """What a masked language model would write into the gaps of a text; `model` as in `AttentionRequest`."""

    model: str
    text: str


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A look at a data set: a recipe's data and task, and the model whose tokens are counted."""

    data: DataSection
    model: str = "minilm"
    max_length: int = 128
    task: str = "text-classification"
    seed: int = 0

    @classmethod
    def of(cls, recipe: Recipe) -> DataRequest:
        """The look that a recipe's data needs."""
        training = recipe.training
        return cls(recipe.data, recipe.model.source, training.max_length, recipe.task.kind, training.seed)


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What computes here, in words ("CPU, 2 threads", "NVIDIA H100"); memory in bytes."""

    name: str
    kind: str
    precision: str
    total_memory: int
    versions: tuple[tuple[str, str], ...] = ()
