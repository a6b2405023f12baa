"""What the Compare page hands out: its pictures, and the tables behind them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.plate import plate
from workbench.gui.compare.columns import Column
from workbench.run.comparison import Agreement, ComparedRun
from workbench.run.inside.tables import Table


def chart_part(
    chart: QWidget, title: str, told: str, runs: Sequence[ComparedRun], columns: Sequence[Column]
) -> Part:
    """A chart of runs over some columns, as a picture and as the numbers in it."""
    return Part(
        title,
        title.lower().replace(" ", "-"),
        lambda: plate(title, told, "", chart, font=chart.font()),
        lambda: runs_table(runs, columns),
    )


def runs_table(runs: Sequence[ComparedRun], columns: Sequence[Column]) -> Table:
    """A line for each run: its folder's name, its title, and what the columns say of it."""
    body = [[run.name, run.title, *(column.text(run) for column in columns)] for run in runs]
    return [["run", "title", *(column.title for column in columns)], *body]


def agreement_table(found: Agreement) -> Table:
    """Every row that both runs were asked about, and what became of it."""
    state = dict.fromkeys(range(len(found.texts)), "both right")
    for word, rows in (
        ("fixed", found.fixed),
        ("newly broken", found.broken),
        ("both wrong", found.both_wrong),
    ):
        state |= dict.fromkeys(rows.tolist(), word)
    body = [
        [text, true, *said, state[row]]
        for row, (text, true, said) in enumerate(zip(found.texts, found.true, found.said, strict=True))
    ]
    return [["text", "right", found.first, found.second, "what became of it"], *body]
