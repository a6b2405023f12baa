"""What can be exported of a census: the kinds of each layer as a picture, every head as a table and as arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFont

from workbench.gui.attention.atlas_marks import draw_kind_legend
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.export_files import Part
from workbench.gui.attention.kind_bars import KindBars
from workbench.gui.attention.plate import Block, Plate, plate
from workbench.gui.attention.scales import Scale
from workbench.gui.theme import current
from workbench.run.inside.census import Census
from workbench.run.inside.head_kinds import KEYS
from workbench.run.inside.tables import census_table

#: In pixels: the width, a bar with its gap, and three lines of kinds.
_WIDE, _BAR, _LEGEND = 620, 30.0, 48


def census_parts(census: Census, model: str, font: QFont) -> list[Part]:
    """The counts and the heads."""

    def picture() -> Plate:
        look, size = Look(current(), "ink", Scale("sqrt"), font), QSize(_WIDE, _LEGEND)
        bars = KindBars()
        bars.show_census(census)
        bars.resize(_WIDE, round(_BAR * len(census.kinds)))
        read = "" if census.texts == 1 else f"{census.texts} sentences, "
        made = plate(
            f"What the heads do: {model}",
            f"How many heads of each kind a layer has. Read: {read}{census.tokens} tokens.",
            "",
            bars,
            Block(
                size, lambda painter: draw_kind_legend(painter, QRectF(0, 0, _WIDE, _LEGEND), census, look)
            ),
            font=font,
        )
        bars.deleteLater()
        return made

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
