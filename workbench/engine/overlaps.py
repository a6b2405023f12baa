"""How much of a wanted text is in a written one: ROUGE, chrF and BLEU, by the libraries that papers use."""

from __future__ import annotations

import math
from collections.abc import Sequence


def overlaps(written: Sequence[str], wanted: Sequence[str]) -> dict[str, float]:
    """Scores from 0 to 100, more is better; NaN for no texts.

    - rouge1, rouge2, rougeL: the mean F1 of shared words, pairs of words, and the longest common subsequence of words
      (Lin 2004), by rouge-score with its default, without stemming. Its words are made of Latin letters and digits.
    - chrf: shared character n-grams up to 6 over the whole corpus (Popović 2015), by sacrebleu; for any script.
    - bleu: shared word n-grams up to 4 over the whole corpus (Papineni et al. 2002), by sacrebleu with its own
      tokenisation.
    """
    names = ("rouge1", "rouge2", "rougeL")
    if not written:
        return dict.fromkeys((*names, "chrf", "bleu"), math.nan)
    # Seconds to import, and seldom wanted.
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    scorer = RougeScorer(list(names))
    each = [scorer.score(target, text) for text, target in zip(written, wanted, strict=True)]
    found = {name: 100 * math.fsum(one[name].fmeasure for one in each) / len(each) for name in names}
    found["chrf"] = float(CHRF().corpus_score(list(written), [list(wanted)]).score)
    found["bleu"] = float(BLEU().corpus_score(list(written), [list(wanted)]).score)
    return found
