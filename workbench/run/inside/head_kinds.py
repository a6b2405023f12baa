"""The kinds of heads that the census knows: how each score is defined, where it comes from, its threshold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of head: its key, what people call it, how its score is defined, and from where that comes.

    `threshold` is the smallest score that counts. Shares must also be twice what even attention would give.
    `fewest` is how many tokens must have had the chance to show it.
    """

    key: str
    title: str
    help: str
    source: str
    threshold: float = 0.4
    fewest: int = 1


#: A share that even attention would give must be beaten this many times; in short texts 0.4 is little. No threshold
#: rises above the ceiling by that.
TWICE, CEILING = 2.0, 0.9

KINDS = (
    Kind(
        "previous",
        "Previous token",
        "The share of a token's attention that goes to the token before it.",
        "Clark et al. 2019, section 3.1; Voita et al. 2019, section 5.2",
    ),
    Kind(
        "next",
        "Next token",
        "The share of a token's attention that goes to the token after it.",
        "Clark et al. 2019, section 3.1; Voita et al. 2019, section 5.2",
    ),
    Kind(
        "self",
        "Self",
        "The share of a token's attention that goes to itself.",
        "Clark et al. 2019, section 3.1",
    ),
    Kind(
        "first",
        "First token",
        "The share that goes to the first token, such as [CLS]: often a place to rest, where a head looks when it "
        "finds nothing.",
        "Clark et al. 2019, section 3.2; Xiao et al. 2023, section 3.1",
    ),
    Kind(
        "separator",
        "Separator",
        "The share that goes to special tokens after the first, such as [SEP]: mostly a place to rest.",
        "Clark et al. 2019, section 3.2",
    ),
    Kind(
        "same",
        "Same token",
        "The share that goes to other places with the same token, over the tokens that have such a place.",
        "Wang et al. 2022, section 3.1 (duplicate token heads)",
        fewest=4,
    ),
    Kind(
        "induction",
        "Induction",
        "The share that goes to the token that followed an earlier occurrence of this token, over the tokens that "
        "occurred before. Shows on texts that repeat themselves.",
        "Olsson et al. 2022 (prefix matching score)",
        fewest=4,
    ),
    Kind(
        "broad",
        "Broad",
        "The entropy of a token's attention, as a share of the largest that is possible: 1 is even attention.",
        "Clark et al. 2019, section 3.3",
        threshold=0.8,
    ),
    Kind("other", "Other", "No score reaches its threshold.", ""),
)
KEYS = tuple(kind.key for kind in KINDS)
