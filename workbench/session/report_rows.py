"""The rows that a report shows: those with the highest loss, and those whose label may be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from workbench.run.answer_losses import AnswerLosses
from workbench.run.row_scores import RowScores
from workbench.run.suspects import Suspects

#: How many rows of each kind.
SHOWN = 20
_LONGEST = 600  # characters of a text


def worst_rows_section(rows: RowScores | None) -> str:
    """The held-out rows with the highest loss, the worst first; nothing without labels."""
    if rows is None or rows.true is None or not len(rows):
        return ""
    order = np.argsort(-rows.losses, kind="stable")[:SHOWN]
    lines = []
    for i in order:
        true, said = int(rows.true[i]), int(rows.predicted[i])
        cells = (
            str(int(rows.row_ids.rows[i]) + 1), rows.texts[i], rows.names[true], rows.names[said],
            f"{rows.probabilities[i, said]:.1%}", f"{rows.probabilities[i, true]:.1%}", f"{rows.losses[i]:.3f}",
        )  # fmt: skip
        lines.append((cells, true != said))
    wrong = int(rows.wrong.sum())
    told = (
        f"{wrong} of {len(rows)} rows are taken for another class. The rows are numbered as in the file; a high loss "
        "is a wrong answer that the model is sure of, or a wrong label."
    )
    head = ("row", "text", "true", "predicted", "probability", "of true", "loss")
    return f'<p class="muted">{escape(told)}</p>{rows_table(head, lines)}'


def improbable_section(found: AnswerLosses | None) -> str:
    """The held-out rows whose expected answers are least probable to the model, the worst first."""
    if found is None or not len(found.sums):
        return ""
    losses = found.per_token
    lines = [
        (
            (str(int(found.rows[i]) + 1), found.questions[i], found.answers[i], str(int(found.tokens[i])),
             f"{losses[i]:.3f}"),
            False,
        )
        for i in np.argsort(-losses, kind="stable")[:SHOWN]
    ]  # fmt: skip
    told = (
        f"Measured on {len(found.sums)} of {found.of} held-out rows, numbered among them. The loss is that of the "
        "expected answer, for each of its tokens: where it is high, the model would hardly have said that."
    )
    head = ("row", "question", "expected answer", "tokens", "loss")
    return f'<p class="muted">{escape(told)}</p>{rows_table(head, lines, long=(1, 2))}'


def suspects_section(found: Suspects | None) -> str:
    """The training rows whose label may be wrong, the most suspicious first."""
    if found is None or not found.queue:
        return ""
    lines = [
        (
            (
                str(one.row + 1), one.text, one.label, one.likely if one.likely != one.label else "",
                "" if one.margin is None else f"{one.margin:.2f}",
                one.decision + (f": {one.decided}" if one.decision == "fix" else ""),
            ),
            one.flagged,
        )
        for one in found.queue[:SHOWN]
    ]  # fmt: skip
    told = f"Of {found.of} rows, {found.flagged} are marked. {found.told}"
    head = ("row", "text", "label", "likely", "margin", "decided")
    return f'<p class="muted">{escape(told)}</p>{rows_table(head, lines)}'


def rows_table(
    head: Sequence[str], lines: Sequence[tuple[Sequence[str], bool]], long: Sequence[int] = (1,)
) -> str:
    """A table of rows: their number, their text, two words about it, and figures; each with whether it stands out.

    Args:
        head: The columns' names.
        lines: The rows.
        long: The columns that hold texts.
    """

    def kind(column: int, wrong: bool = False) -> str:
        if wrong and column == 3:
            return ' class="bad"'
        if column in long:
            return ' class="text"'
        return ' class="n"' if column == 0 or column >= (4 if len(long) == 1 else 3) else ""

    body = []
    for values, wrong in lines:
        cells = "".join(f"<td{kind(i, wrong)}>{escape(_cut(value))}</td>" for i, value in enumerate(values))
        body.append(f'<tr class="{"wrong" if wrong else ""}">{cells}</tr>')
    names = "".join(f"<th{kind(i)}>{escape(name)}</th>" for i, name in enumerate(head))
    columns = "rows pairs" if len(long) > 1 else "rows"
    return f'<div class="wide"><table class="{columns}"><thead><tr>{names}</tr></thead>{"".join(body)}</table></div>'


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
