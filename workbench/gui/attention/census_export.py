"""What can be exported of a census: the kinds of each layer as a picture, every head as a table and as arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter

from workbench.gui.attention.atlas_marks import draw_kind_legend
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.kind_bars import KindBars
from workbench.gui.attention.plate import Plate, plate
from workbench.gui.attention.scales import Scale
from workbench.gui.theme import current
from workbench.run.inside.census import Census
from workbench.run.inside.head_kinds import KEYS
from workbench.run.inside.tables import census_table

_LEGEND = 48  # pixels: three lines of kinds


def census_parts(census: Census, model: str, told: str, bars: KindBars) -> list[Part]:
    """The counts and the heads."""

    def picture() -> Plate:
        look = Look(current(), "ink", Scale("sqrt"), bars.font())
        size = QSize(max(bars.width(), 520), _LEGEND)

        def kinds(painter: QPainter) -> None:
            draw_kind_legend(painter, QRectF(0, 0, size.width(), size.height()), census, look)

        return plate(f"What the heads do: {model}", told, "", bars, (size, kinds), font=bars.font())

    counts = Part("Kinds by layer", "kinds-by-layer", picture)
    return [counts, Part("Heads", "heads", None, partial(census_table, census), partial(_arrays, census))]


def _arrays(found: Census) -> dict[str, Any]:
    return {
        "kind_names": np.array(KEYS),
        "kinds": found.kinds,
        "scores": found.scores,
        "thresholds": found.thresholds,
        "entropy": found.entropy,
        "distance": found.distance,
        "offset": found.offset,
    }
