"""What each measure is called, what it says, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricWords:
    """A measure in words.

    Attributes:
        title: What it is called.
        help: What it says, in a sentence for a newcomer.
        share: Whether it is a share, shown in per cent.
        less_is_better: Whether a smaller value is better.
    """

    title: str
    help: str
    share: bool = True
    less_is_better: bool = False


#: In the order in which they are shown.
METRICS: dict[str, MetricWords] = {
    "accuracy": MetricWords("Accuracy", "The share of rows that the model gets right."),
    "balanced_accuracy": MetricWords(
        "Balanced accuracy", "The mean over the classes of the share that is found: rare classes count as much."
    ),
    "f1_macro": MetricWords(
        "F1, mean of classes", "Precision and recall in one number for each class, averaged over the classes."
    ),
    "f1_weighted": MetricWords("F1, weighted", "The same, each class weighted by how often it occurs."),
    "f1_micro": MetricWords("F1, all rows", "Over all rows together; with one class a row this is the accuracy."),
    "precision_macro": MetricWords(
        "Precision, mean", "Of what is said to be a class, the share that is; averaged over the classes."
    ),
    "precision_weighted": MetricWords("Precision, weighted", "The same, weighted by how often a class occurs."),
    "precision_micro": MetricWords("Precision, all rows", "The same over all rows together."),
    "recall_macro": MetricWords("Recall, mean", "Of each class, the share that is found; averaged over the classes."),
    "recall_weighted": MetricWords("Recall, weighted", "The same, weighted by how often a class occurs."),
    "recall_micro": MetricWords("Recall, all rows", "The same over all rows together."),
    "matthews": MetricWords(
        "Matthews correlation",
        "1 for a perfect model, 0 for chance, whatever the classes' sizes; below 0 is worse than chance.",
        share=False,
    ),
    "log_loss": MetricWords(
        "Log loss", "How surprised the model is by the right classes; 0 is best.", share=False, less_is_better=True
    ),
    "auc": MetricWords(
        "AUC", "How likely the model gives a row of a class a higher probability than any other row; 0.5 is chance.",
        share=False,
    ),
    "auc_micro": MetricWords("AUC, all answers", "The same over all classes together.", share=False),
    "average_precision": MetricWords(
        "Average precision", "The area under the precision-recall curve; for rare classes it says more than AUC.",
        share=False,
    ),
    "average_precision_micro": MetricWords(
        "Average precision, all answers", "The same over all classes together.", share=False
    ),
    "calibration_error": MetricWords(
        "Calibration error", "How far the probabilities are from how often the model is right, on average.",
        less_is_better=True,
    ),
    "top_2": MetricWords("Among the best 2", "The share of rows whose right class is among the two likeliest."),
    "top_3": MetricWords("Among the best 3", "The share of rows whose right class is among the three likeliest."),
    "top_5": MetricWords("Among the best 5", "The share of rows whose right class is among the five likeliest."),
    "f1": MetricWords(
        "Entity F1", "Precision and recall of marked stretches in one number; kind and both ends have to be right."
    ),
    "precision": MetricWords("Precision", "Of the stretches that are marked, the share that is right."),
    "recall": MetricWords("Recall", "Of the stretches that are there, the share that is found."),
    "f1_samples": MetricWords("F1, mean of rows", "Precision and recall of each row's labels in one number, averaged."),
    "hamming": MetricWords("Wrong answers", "The share of single answers that are wrong.", less_is_better=True),
    "r2": MetricWords(
        "R²", "The share of the numbers' spread that the model explains; below 0 is worse than the mean.", share=False
    ),
    "mae": MetricWords("Mean error", "How far off a number is on average.", share=False, less_is_better=True),
    "rmse": MetricWords(
        "Root mean square error", "The same, where large errors count more.", share=False, less_is_better=True
    ),
    "spearman": MetricWords(
        "Spearman correlation", "Whether the numbers come in the right order: 1 is perfect, 0 chance.", share=False
    ),
    "loss": MetricWords("Loss", "What training makes small; 0 is best.", share=False, less_is_better=True),
}  # fmt: skip


def words_of_metric(name: str) -> MetricWords:
    """A measure in words; an unknown one is called by its name."""
    return METRICS.get(name) or MetricWords(name.replace("_", " ").capitalize(), "", share=False)


def shown(name: str, value: float) -> str:
    """A measure's value as it is shown: 93.4 %, or 0.412."""
    if value != value:  # NaN: it cannot be measured on these rows
        return "–"
    return f"{100 * value:.1f} %" if words_of_metric(name).share else f"{value:.3f}"
