"""The recipe's fields of single tasks: preferences, answers to a source text, several labels, and masked words."""

from __future__ import annotations

from typing import Literal

from workbench.run.section import Section, field


class PreferenceSection(Section):
    """How the better of two answers is told from the worse."""

    objective: Literal["dpo", "orpo"] = field(
        "dpo",
        "Preference loss",
        "dpo compares the two answers with what the model thought of them before training. orpo needs no such "
        "comparison: it learns the better answer as such, and to find the other one less likely.",
        advanced=True,
    )
    beta: float = field(
        0.1,
        "DPO beta",
        "How strongly dpo holds the model near what it was. Smaller lets it move further away.",
        advanced=True,
        gt=0,
        le=100,
    )
    odds_weight: float = field(
        0.1,
        "ORPO weight",
        "How much the comparison of the two answers counts in orpo, beside learning the better one.",
        advanced=True,
        gt=0,
        le=100,
    )


class AnswerSection(Section):
    """How a target text is written from a source text."""

    prefix: str = field(
        "",
        "Prefix",
        "What is put in front of each source text. T5 knows its tasks by it, such as “summarize: ” or “translate "
        "English to German: ”.",
        advanced=True,
        max_length=200,
    )
    written: int = field(
        50,
        "Written rows",
        "How many held-out rows the model answers at each measurement, for ROUGE, chrF and BLEU. Writing takes longer "
        "than reading; 0 means none.",
        unit="rows",
        advanced=True,
        ge=0,
        le=100_000,
    )


class LabelsSection(Section):
    """When a text is given a label, where it may have several."""

    threshold: float = field(
        0.5,
        "Threshold",
        "From which probability on a label is given to a text. Lower finds more of them, and is wrong more often.",
        advanced=True,
        gt=0,
        lt=1,
    )


class MaskingSection(Section):
    """Which words are hidden while an encoder learns to fill them in."""

    share: float = field(
        0.15,
        "Masked share",
        "How much of each text the model has to fill in. Of these tokens 80 % are hidden, 10 % stand as another token, "
        "and 10 % as they are.",
        unit="share of tokens",
        advanced=True,
        gt=0,
        le=0.9,
    )
    next_sentence: bool = field(
        False,
        "Next sentence",
        "Each row is two stretches of text, and the model also says whether the second one followed the first, as BERT "
        "learned it. Half of them do.",
        advanced=True,
    )
