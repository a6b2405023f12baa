"""What can be exported of the layer lens: the whole grid of guesses, or the curves of the classes; tables, arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.lens_grid import LensGrid
from workbench.gui.attention.plate import Plate, Recorded, recorded
from workbench.gui.theme import current
from workbench.run.inside.lens import WARNING, ClassLens, Lens, TokenLens
from workbench.run.inside.tables import lens_table

#: A picture of the grid has so many tokens in a row of it.
_ACROSS = 10
_GUESSES = "The stronger the colour, the surer; framed is what really follows."


def lens_parts(found: Lens, drawn: tuple[QWidget, ...], facts: str, font: QFont) -> list[Part]:
    """The lens as one part.

    Args:
        found: What was read out.
        drawn: The widgets that show a classifier's classes.
        facts: What is said of it above the picture.
        font: The font of its words.
    """
    title = f"After each layer: {found.model}"

    def picture() -> Plate:
        if isinstance(found, TokenLens):
            return Plate(title, facts, f"{_GUESSES} {WARNING}", _grids(found, font), current(), font)
        return Plate(title, facts, WARNING, tuple(map(recorded, drawn)), current(), font)

    name = "Guesses" if isinstance(found, TokenLens) else "Classes"
    return [Part(name, "lens", picture, partial(lens_table, found), partial(_arrays, found))]


def _grids(found: TokenLens, font: QFont) -> tuple[Recorded, ...]:
    """The grid in rows of some tokens, none of them scrolled away."""
    made = []
    for start in range(0, len(found.tokens), _ACROSS):
        grid = LensGrid()
        grid.setFont(font)
        grid.show_lens(found.part(start, start + _ACROSS))
        grid.selection = (-1, -1)
        grid.resize(grid.whole())
        made.append(recorded(grid))
        grid.deleteLater()
    return tuple(made)


def _arrays(found: Lens) -> dict[str, Any]:
    arrays: dict[str, Any] = {"tokens": np.array(found.tokens), "probabilities": found.probabilities}
    if isinstance(found, ClassLens):
        return {**arrays, "classes": np.array(found.class_names)}
    return {
        **arrays,
        "guesses": found.guesses,
        "following": found.following,
        "following_probability": found.following_probability,
        "following_rank": found.following_rank,
    }
