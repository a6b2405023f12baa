"""Colour tables for weights. All grow evenly in lightness, so they also read without colour vision."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from workbench.gui.attention.scales import ABSENT, FIRST, GREYED
from workbench.gui.theme import Palette

#: 17 equally spaced colours of well-known maps, from little to much; between them colours are interpolated
#: (at most 7 of 255 off the published tables). Viridis and magma: S. van der Walt and N. Smith, CC0.
#: Cividis: Nuñez, Anderton and Renslow (2018), CC0.
_ANCHORS = {
    "viridis": "440154 481769 472c7a 423f85 3b518b 33628d 2c718e 26818e 21908c 1f9f88 27ad80 3dbc73 5cc862 81d34c"
    " aadc31 d5e219 fde725",
    "cividis": "00204d 002b68 05366e 2c416c 404d6b 51586c 60646f 6e6f73 7c7b78 8b8779 9b9477 aca174 bcaf6f cebc67"
    " e0cb5d f2da4f ffea46",
    "magma": "000004 090721 1c1046 35106a 50127b 691c81 822581 9b2e7f b63679 cf406f e55063 f4695c fb8761 fea571"
    " fec287 fde0a1 fcfdbf",
}

#: The map for differences: blue for less, grey for nothing, orange for more; colour-blind eyes tell them apart.
DIFFERENCES = "differences"
_LESS_MORE = {
    "light": (("#154a94", "#7fa9dd"), ("#eda66b", "#b04a05")),
    "dark": (("#a6cbff", "#3c6fb0"), ("#a8611f", "#ffbd7d")),
}

#: The choices: key, title, help.
MAPS = (
    ("ink", "Ink", "One colour that grows out of the background: the calmest to read."),
    ("viridis", "Viridis", "Violet, green, yellow: many shades apart, made for colour-blind eyes."),
    ("cividis", "Cividis", "Blue to yellow: looks the same to nearly everyone, colour-blind or not."),
    ("magma", "Magma", "Black, red, cream: strong contrast for few strong weights."),
)


@lru_cache(maxsize=16)
def colour_table(name: str, palette: Palette) -> NDArray[np.uint32]:
    """What each colour number looks like, as 256 premultiplied ARGB values.

    `ABSENT` is transparent and `GREYED` a quiet grey. Ink and magma begin near the page's own colour, light or
    dark; viridis and cividis look the same on both, as people know them.
    """
    if name == "ink":
        stops = [*palette.heatmap]
    elif name == DIFFERENCES:
        less, more = _LESS_MORE[palette.name]
        stops = [*less, palette.raised, *more]
    else:
        stops = [f"#{part}" for part in _ANCHORS[name].split()]
    if name == "magma" and palette.name == "light":
        stops.reverse()
    rgb = np.array([_rgb(stop) for stop in stops], dtype=np.float64)
    at = np.linspace(0, len(stops) - 1, 256 - FIRST)
    channels = [np.interp(at, np.arange(len(stops)), rgb[:, c]).round().astype(np.uint32) for c in range(3)]
    table = np.zeros(256, dtype=np.uint32)
    table[FIRST:] = _argb(*channels)
    table[ABSENT] = 0
    grey = QColor(palette.blend("muted", 0.22))
    table[GREYED] = 0xFF000000 | (grey.red() << 16) | (grey.green() << 8) | grey.blue()
    table.flags.writeable = False
    return table


def _rgb(colour: str) -> tuple[int, int, int]:
    value = QColor(colour)
    return value.red(), value.green(), value.blue()


def _argb(red: NDArray[np.uint32], green: NDArray[np.uint32], blue: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue


def picture(numbers: NDArray[np.uint8], table: NDArray[np.uint32], ratio: float = 1.0) -> QImage:
    """Contiguous colour numbers of shape (height, width) as an image that owns its pixels."""
    height, width = numbers.shape
    view = QImage(numbers.data, width, height, width, QImage.Format.Format_Indexed8)
    view.setColorTable(table.tolist())
    # Qt looks colours up 10 times as fast as NumPy, and the result no longer borrows NumPy's memory.
    image = view.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    return image


def readable_on(colour: int) -> QColor:
    """Black or white, whichever reads better on an ARGB colour (weights of ITU-R BT.709)."""
    red, green, blue = (colour >> 16) & 255, (colour >> 8) & 255, colour & 255
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return QColor("#101114") if light > 140 else QColor("#ffffff")
