"""Evaluation, measured: reading rows beside transformers' pipeline, intervals beside a loop over scikit-learn, slices.

    python benchmarks/evaluating.py --data ../shared/data/sst2/train.tsv --rows 2000

Takes some minutes on a machine that does nothing else; `--rounds 1 --rows 500` is a quick try. Contestants take turns
in one process; ratios are medians of the rounds, with the smallest and the largest.

- reading: class probabilities of all rows by MiniLM with a new head: the workbench (batches of similar length) beside
  `pipeline("text-classification")` with the same batch size and weights, rows as they come and sorted by length.
  Both compute in float32; the largest difference between their probabilities is printed.
- intervals: all numbers of a classification with 2 000 resamples behind their 95 % intervals, beside the obvious loop:
  rows drawn again, scikit-learn's functions on each draw. The loop does a tenth of the draws and is multiplied by ten.
- slices: finding weak groups, words and languages included, in a table of scored rows.

Needs the embedded model minilm (workbench models fetch minilm).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BATCH = 64
LOOP_PART = 10


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it took, and what it gave."""
    begun = time.perf_counter()
    found = work()
    return time.perf_counter() - begun, found


def ratios(title: str, others: Sequence[float], ours: Sequence[float]) -> None:
    """Print by how much we are faster, round by round."""
    each = [other / own for other, own in zip(others, ours, strict=True)]
    print(
        f"{title:44s} {statistics.median(others):8.2f} s beside {statistics.median(ours):8.2f} s: "
        f"{statistics.median(each):6.2f} times [{min(each):.2f} to {max(each):.2f}]",
        flush=True,
    )


def classifier(folder: Path) -> Path:
    """MiniLM with a new head for two classes, saved where both contestants find it."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from workbench.run.home import find_home
    from workbench.shelf.models import resolve_model

    source = resolve_model("minilm", find_home()).path
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=2, dtype=torch.float32)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return folder


def reading(folder: Path, texts: list[str], rounds: int) -> Floats:
    """Print how fast rows are read; the probabilities, shape (rows, 2)."""
    import torch
    from transformers import pipeline

    from workbench.engine.loading import load_for_use
    from workbench.engine.row_scores import class_probabilities

    ours_loaded = load_for_use(folder, "minilm", torch.device("cpu"))
    pipe = pipeline("text-classification", model=str(folder), device="cpu", batch_size=BATCH)
    by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))

    def piped(order: Sequence[int]) -> Floats:
        found = np.zeros((len(texts), 2))
        answers = pipe([texts[row] for row in order], top_k=None, truncation=True)
        for row, answer in zip(order, answers, strict=True):
            for one in answer:
                found[row, int(one["label"].removeprefix("LABEL_"))] = one["score"]
        return found

    def own() -> Floats:
        return class_probabilities(ours_loaded, texts, batch_size=BATCH)[0]

    class_probabilities(ours_loaded, texts[:BATCH])
    pipe(texts[:BATCH], top_k=None, truncation=True)
    times: dict[str, list[float]] = {"ours": [], "plain": [], "sorted": []}
    for _ in range(rounds):
        took, ours = seconds(own)
        times["ours"].append(took)
        took, plain = seconds(lambda: piped(range(len(texts))))
        times["plain"].append(took)
        took, _ = seconds(lambda: piped(by_length))
        times["sorted"].append(took)
    print(f"largest difference of a probability: {np.abs(ours - plain).max():.1e}")
    ratios("reading: pipeline, rows as they come", times["plain"], times["ours"])
    ratios("reading: pipeline, sorted by length", times["sorted"], times["ours"])
    return ours


def loop(true: NDArray[np.int64], probabilities: Floats, draws: int) -> None:
    """The obvious bootstrap."""
    from sklearn import metrics

    chance = np.random.default_rng(0)
    for _ in range(draws):
        rows = chance.integers(len(true), size=len(true))
        right, sure = true[rows], probabilities[rows]
        said = sure.argmax(axis=1)
        metrics.accuracy_score(right, said)
        metrics.balanced_accuracy_score(right, said)
        for average in ("micro", "macro", "weighted"):
            metrics.precision_recall_fscore_support(right, said, average=average, zero_division=0)
        metrics.matthews_corrcoef(right, said)
        metrics.log_loss(right, sure, labels=[0, 1])
        metrics.roc_auc_score(right, sure[:, 1])
        metrics.average_precision_score(right, sure[:, 1])


def intervals(true: NDArray[np.int64], probabilities: Floats, rounds: int) -> None:
    """Print how long the numbers with their intervals take."""
    from workbench.session.scoring.classification import classification_scores
    from workbench.session.scoring.intervals import RESAMPLES

    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(seconds(lambda: classification_scores(true, probabilities, ("no", "yes")))[0])
        theirs.append(LOOP_PART * seconds(lambda: loop(true, probabilities, RESAMPLES // LOOP_PART))[0])
    ratios(f"intervals from {RESAMPLES} resamples: scikit-learn", theirs, ours)


def slices(texts: list[str], true: NDArray[np.int64], probabilities: Floats) -> None:
    """Print how long weak groups are looked for."""
    from workbench.run.row_scores import RowScores
    from workbench.session.scoring.slices import find_slices

    rows = RowScores.of(texts, true, probabilities, ("no", "yes"))
    took, found = seconds(lambda: find_slices(rows))
    print(f"slices: {found.looked} groups of {len(texts)} rows looked at in {took:.1f} s")


def main() -> None:
    """Measure everything."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True, help="lines of text, tab, 0 or 1")
    asked.add_argument("--rows", type=int, default=2000)
    asked.add_argument("--rounds", type=int, default=3)
    args = asked.parse_args()
    lines = args.data.read_text(encoding="utf-8").splitlines()[: args.rows]
    texts = [line.rsplit("\t", 1)[0] for line in lines]
    true = np.array([int(line.rsplit("\t", 1)[1]) for line in lines])
    print(f"{len(texts)} rows, {args.rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        reading(classifier(Path(folder)), texts, args.rounds)
    # A model that is right in four rows of five: a head that learned nothing would have no weak groups.
    chance = np.random.default_rng(0)
    sure = np.clip(0.5 + (true - 0.5) * 0.6 + chance.normal(0, 0.35, len(true)), 0.01, 0.99)
    probabilities = np.stack([1 - sure, sure], axis=1)
    intervals(true, probabilities, args.rounds)
    slices(texts, true, probabilities)


if __name__ == "__main__":
    main()
