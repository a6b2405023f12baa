"""The settings with which a language model writes an answer."""

from __future__ import annotations

from workbench.run.section import Section, field


class GenerationSettings(Section):
    """How an answer is drawn, token by token."""

    temperature: float = field(
        0.7, "Temperature", "0 always takes the most probable token; higher is more varied.", ge=0, le=5
    )
    top_p: float = field(
        0.95, "Top-p", "Draw only from the most probable tokens that together hold this share.", gt=0, le=1
    )
    top_k: int = field(
        50, "Top-k", "Draw only from this many most probable tokens. 0 means all.", ge=0, le=1_000_000
    )
    repetition_penalty: float = field(
        1.0, "Repetition penalty", "Above 1, tokens that already occurred become less likely.", gt=0, le=10
    )
    max_new_tokens: int = field(
        128,
        "Max new tokens",
        "The answer stops after this many tokens at the latest.",
        unit="tokens",
        ge=1,
        le=131_072,
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
