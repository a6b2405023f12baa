"""The settings with which a language model writes an answer, and a few sets of them that go well together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.run.section import Section, field


class GenerationSettings(Section):
    """How an answer is drawn, token by token. Together with the model and the prompt they determine it."""

    temperature: float = field(
        0.7, "Temperature", "0 always takes the most probable token; higher is more varied.", ge=0, le=5
    )
    top_p: float = field(
        0.95, "Top-p", "Draw only from the most probable tokens that together hold this share.", gt=0, le=1
    )
    top_k: int = field(
        50, "Top-k", "Draw only from this many most probable tokens. 0 means all.", ge=0, le=1_000_000
    )
    min_p: float = field(
        0.0,
        "Min-p",
        "Draw only tokens at least this share as probable as the most probable one. 0 means all.",
        ge=0,
        le=1,
    )
    repetition_penalty: float = field(
        1.0, "Repetition penalty", "Above 1, tokens that already occurred become less likely.", gt=0, le=10
    )
    beams: int = field(
        1,
        "Beams",
        "Above 1, follow so many beginnings at once and keep the most probable whole. Nothing is drawn then, and"
        " the answer appears when it is finished.",
        ge=1,
        le=16,
    )
    max_new_tokens: int = field(
        128,
        "Max new tokens",
        "The answer stops after this many tokens at the latest.",
        unit="tokens",
        ge=1,
        le=131_072,
    )
    stop: str = field(
        "",
        "Stop at",
        "The answer ends before this text. Part several with |, and write \\n for a new line.",
    )
    seed: int = field(
        0,
        "Seed",
        "The number that chance comes from: the same seed gives the same answer.",
        ge=0,
        le=2**31 - 1,
    )
    answers: int = field(1, "Answers", "How many answers to draw, each with the next seed.", ge=1, le=16)
    chat: bool = field(
        True, "Chat template", "Wrap the prompt as a turn of a chat when the model has a template."
    )

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts before which an answer ends."""
        return tuple(part.replace("\\n", "\n").replace("\\t", "\t") for part in self.stop.split("|") if part)


@dataclass(frozen=True, slots=True)
class GenerationPreset:
    """Settings that go well together; what `changes` does not name is left as it is."""

    name: str
    title: str
    help: str
    changes: dict[str, Any]

    def applied(self, settings: GenerationSettings) -> GenerationSettings:
        """The settings with these changes."""
        return GenerationSettings.model_validate(settings.model_dump() | self.changes)


def _preset(name: str, title: str, help: str, **changes: Any) -> GenerationPreset:
    plain = {
        "temperature": 1.0,
        "top_p": 1.0,
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "beams": 1,
    }
    return GenerationPreset(name, title, help, plain | changes)


#: Each sets every rule of drawing, and neither length, seed nor the number of answers.
PRESETS: tuple[GenerationPreset, ...] = (
    _preset(
        "balanced",
        "Balanced",
        "Varied but sensible; suits most models.",
        temperature=0.7,
        top_p=0.95,
        top_k=50,
    ),
    _preset(
        "exact", "Exact", "Always the most probable token: for facts, numbers and code.", temperature=0.0
    ),
    _preset(
        "inventive", "Inventive", "More surprising words, without the nonsense.", temperature=1.1, min_p=0.08
    ),
    _preset(
        "beam",
        "Beam search",
        "The most probable whole among four: for short answers.",
        temperature=0.0,
        beams=4,
    ),
    _preset("raw", "As the model says", "Draws from the model's own probabilities, with no rule at all."),
)
