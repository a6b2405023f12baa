"""What can be exported of a model that writes: a step as a picture, all steps as a table and as arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.plate import plate
from workbench.run.inside.generation import WrittenRows
from workbench.run.inside.tables import writing_table

_SCALE = "In this step. Square-root scale, up to the largest weight of all heads."


def writing_parts(
    rows: WrittenRows, words: tuple[str, str], strip: QWidget, tiles: QWidget, font: QFont
) -> list[Part]:
    """The text and all heads of this step; `words` stand above and below."""
    told, legend = words
    return [
        Part(
            "This step",
            "writing",
            lambda: plate(f"What is looked at while writing: {rows.model}", told, legend, strip, font=font),
            partial(writing_table, rows),
            partial(_arrays, rows),
        ),
        Part(
            "All heads",
            "writing-heads",
            lambda: plate(f"Strongest weight of each head: {rows.model}", "", _SCALE, tiles, font=font),
        ),
    ]


def _arrays(rows: WrittenRows) -> dict[str, Any]:
    return {
        "tokens": np.array(rows.tokens),
        "prompt": np.array(rows.prompt),
        "attention": rows.weights,
        "probabilities": rows.probabilities,
    }
