"""What a classifier takes for what: the confusion matrix as a shaded table, and precision and recall per class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workbench.session.report_page import table

Confusion = Sequence[Sequence[int]]

_MOST_CLASSES = 30  # a larger matrix is not readable: the worst confusions are listed instead


def class_scores(confusion: Confusion) -> list[tuple[float, float, float, int]]:
    """Precision, recall, F1 and number of true rows of each class; 0 where a denominator is 0.

    Args:
        confusion: `confusion[i][j]` counts rows of class i that were predicted as class j.
    """
    scores = []
    for index in range(len(confusion)):
        hits, true = confusion[index][index], sum(confusion[index])
        predicted = sum(row[index] for row in confusion)
        precision = hits / predicted if predicted else 0.0
        recall = hits / true if true else 0.0
        both = precision + recall
        scores.append((precision, recall, 2 * precision * recall / both if both else 0.0, true))
    return scores


def classes_section(confusion: Confusion, names: Sequence[str]) -> str:
    """Precision, recall and F1 of each class as a table."""
    rows = [
        (name, f"{precision:.1%}", f"{recall:.1%}", f"{f1:.1%}", str(count))
        for name, (precision, recall, f1, count) in zip(
            _all(names, confusion), class_scores(confusion), strict=True
        )
    ]
    return table(("class", "precision", "recall", "F1", "rows"), rows, 1) if rows else ""


def confusion_section(confusion: Confusion, names: Sequence[str]) -> str:
    """The confusion matrix, or for many classes its largest entries off the diagonal."""
    names = _all(names, confusion)
    if not confusion:
        return ""
    if len(confusion) > _MOST_CLASSES:
        return _worst(confusion, names)
    head = "".join(f'<th class="top">{escape(name)}</th>' for name in names)
    lines = []
    for i, row in enumerate(confusion):
        total = sum(row) or 1
        cells = "".join(_cell(count, count / total, names[i], names[j]) for j, count in enumerate(row))
        lines.append(f"<tr><th>{escape(names[i])}</th>{cells}</tr>")
    return (
        '<p class="muted">Rows are the true class, columns the predicted one; the shade is the share of the row.</p>'
        f'<div class="wide"><table class="confusion"><tr><th></th>{head}</tr>{"".join(lines)}</table></div>'
    )


def _cell(count: int, share: float, true: str, predicted: str) -> str:
    strong = "strong" if share > 0.55 else ""
    words = escape(f"{true} taken for {predicted}: {count} rows, {share:.0%}")
    style = f"background:rgba(var(--accent),{0.9 * share:.3f})"
    return f'<td class="{strong}" style="{style}" title="{words}">{count or ""}</td>'


def _worst(confusion: Confusion, names: Sequence[str]) -> str:
    pairs = sorted(
        ((count, i, j) for i, row in enumerate(confusion) for j, count in enumerate(row) if i != j and count),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    rows = [(names[i], names[j], str(count)) for count, i, j in pairs[:_MOST_CLASSES]]
    if not rows:
        return '<p class="muted">No held-out row was taken for another class.</p>'
    return table(("true class", "taken for", "rows"), rows, 2)


def _all(names: Sequence[str], confusion: Confusion) -> list[str]:
    """The classes' names, made up where they are missing."""
    return [names[i] if i < len(names) else str(i) for i in range(len(confusion))]
