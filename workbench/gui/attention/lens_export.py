"""What can be exported of the layer lens: the whole grid of guesses, or the curves of the classes; tables, arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from workbench.gui.attention.export_files import Part
from workbench.gui.attention.lens_drawing import grids
from workbench.gui.attention.plate import Plate, plate
from workbench.gui.theme import current
from workbench.run.inside.lens import WARNING, ClassLens, Lens, TokenLens
from workbench.run.inside.tables import lens_table

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
            palette = current()
            return Plate(title, facts, f"{_GUESSES} {WARNING}", grids(found, palette, font), palette, font)
        return plate(title, facts, WARNING, *drawn, font=font)

    name = "Guesses" if isinstance(found, TokenLens) else "Classes"
    return [Part(name, "lens", picture, partial(lens_table, found), partial(_arrays, found))]


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
