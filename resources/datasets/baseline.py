"""Scores a linear bag-of-words baseline on each shipped classification set, as stated in the cards.

Run `python resources/datasets/baseline.py` for a table. The method: TF-IDF over words and word pairs, logistic
regression, one stratified split of 80 to 20 with a fixed seed; no tuning.
"""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

HERE = Path(__file__).parent
SEED = 0
HELD_OUT = 0.2


def read(name: str, folder: Path = HERE) -> tuple[list[str], list[str]]:
    """The texts and the labels of one data set."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def score(name: str, folder: Path = HERE) -> tuple[float, float]:
    """Held-out accuracy and macro F1 of the baseline on one data set, each between 0 and 1."""
    texts, labels = read(name, folder)
    train_x, test_x, train_y, test_y = train_test_split(
        texts, labels, test_size=HELD_OUT, random_state=SEED, stratify=labels
    )
    # A tight tolerance: the last digits must not depend on where the solver happens to stop.
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=5000, tol=1e-6),
    )
    predicted = model.fit(train_x, train_y).predict(test_x)
    return float(accuracy_score(test_y, predicted)), float(f1_score(test_y, predicted, average="macro"))


def main() -> None:
    """Prints the measured scores next to those of the cards."""
    print(f"{'data set':<20} {'rows':>5} {'accuracy':>9} {'macro F1':>9}   card")
    for path in sorted(HERE.glob("*.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        if card["task"] != "text-classification":
            continue
        accuracy, f1 = score(path.stem)
        stated = f"{card['baseline_accuracy']:.4f} {card['baseline_f1_macro']:.4f}"
        print(f"{path.stem:<20} {card['rows']:>5} {accuracy:>9.4f} {f1:>9.4f}   {stated}")


if __name__ == "__main__":
    main()
