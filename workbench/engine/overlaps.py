"""How much of a wanted text is in a written one: ROUGE, chrF and BLEU."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")
#: The names of the scores.
OVERLAPS = ("rouge1", "rouge2", "rougeL", "chrf", "bleu")


def overlaps(written: Sequence[str], wanted: Sequence[str]) -> dict[str, float]:
    """Scores from 0 to 100 by their names, more is better; none for no texts.

    ROUGE is the mean over the texts; chrF (Popović 2015: character n-grams up to 6) and BLEU (Papineni et al. 2002:
    word n-grams up to 4) are of the whole corpus, by sacrebleu with its own defaults.

    Args:
        written: The texts to be judged.
        wanted: What each should have been.
    """
    if not written:
        return {}
    # Half a second to import, and seldom wanted.
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    each = [rouge(text, target) for text, target in zip(written, wanted, strict=True)]
    found = {name: 100 * math.fsum(one[name] for one in each) / len(each) for name in each[0]}
    found["chrf"] = float(CHRF().corpus_score(list(written), [list(wanted)]).score)
    found["bleu"] = float(BLEU().corpus_score(list(written), [list(wanted)]).score)
    return found


def rouge(written: str, wanted: str) -> dict[str, float]:
    """ROUGE-1, ROUGE-2 and ROUGE-L of one text: the F1 of shared words, of shared pairs of words, and of the longest
    common subsequence of words, from 0 to 1 (Lin 2004).

    Words are runs of letters and digits in lower case, without stemming. For English that is what the package
    rouge-score gives; it knows no other letters than a to z, and comes without wheels.
    """
    one, other = (_WORD.findall(text.lower()) for text in (written, wanted))
    found = {}
    for name, length in (("rouge1", 1), ("rouge2", 2)):
        mine, theirs = (
            Counter(zip(*(words[i:] for i in range(length)), strict=False)) for words in (one, other)
        )
        found[name] = _f1((mine & theirs).total(), mine.total(), theirs.total())
    found["rougeL"] = _f1(longest_common(one, other), len(one), len(other))
    return found


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, with a whole row of the table as the bits of one number.

    Hyyrö 2004, "Bit-parallel LCS-length computation revisited".
    """
    places: dict[str, int] = {}
    for i, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << i
    row = whole = (1 << len(one)) - 1
    for word in other:
        hits = row & places.get(word, 0)
        row = (row + hits) | (row - hits)
    return len(one) - (row & whole).bit_count()


def _f1(shared: int, one: int, other: int) -> float:
    return 2 * shared / (one + other) if shared else 0.0
