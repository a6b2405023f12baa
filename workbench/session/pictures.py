"""Pictures without a window: the atlas of all heads, one head with its tokens, and the curves of a run."""

from __future__ import annotations

import io
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from workbench.run.history import History
from workbench.run.inside.comparison import DIFFERENCE
from workbench.run.results import AttentionMaps, PooledMaps
from workbench.session.panels import SERIES, Panel, number, panels, ticks

#: 17 equally spaced colours of the map viridis by S. van der Walt and N. Smith (CC0); between them, interpolated.
_VIRIDIS = (
    "440154 481769 472c7a 423f85 3b518b 33628d 2c718e 26818e 21908c 1f9f88 27ad80 3dbc73 5cc862 81d34c "
    "aadc31 d5e219 fde725"
)
#: For differences: less, nothing, more. Blue and orange are told apart by colour-blind eyes.
_LESS_MORE = "154a94 7fa9dd efefed eda66b b04a05"
_INK, _MUTED, _LINE, _PAPER = "#1d1f23", "#676b73", "#e2e2de", "#ffffff"
_TILE, _GAP, _MARGIN = 104, 6, 20  # pixels
_MOST_PIXELS = 4200  # on the longer side of an atlas
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf", "Arial.ttf")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def atlas_png(maps: AttentionMaps | PooledMaps) -> bytes:
    """All heads as one picture: a row per layer, a column per head, each tile a map of query rows by key columns.

    Maps larger than a tile are shrunk by block maxima, so that no strong weight is lost.
    """
    layers, heads = _cells(maps).shape[:2]
    tile = max(24, min(_TILE, _MOST_PIXELS // max(layers, heads) - _GAP))
    left, small = 34, _font(12)
    width = max(2 * _MARGIN + left + heads * (tile + _GAP) - _GAP, 720)
    top = brightest(maps)
    head = _heading(maps, width - 2 * _MARGIN, top)
    start = _MARGIN + 21 * len(head) + 26
    picture, draw = _sheet(width, start + layers * (tile + _GAP) - _GAP + 2 * _MARGIN + 14)
    _write_heading(draw, head)
    seen = _possible(maps)
    for layer in range(layers):
        y = start + layer * (tile + _GAP)
        draw.text((_MARGIN + 20, y + tile / 2), str(layer + 1), _MUTED, small, anchor="rm")
        for column in range(heads):
            x = _MARGIN + left + column * (tile + _GAP)
            picture.paste(_tile(seen[layer, column], tile, top, maps.kind == DIFFERENCE), (x, y))
            if layer == 0:
                draw.text((x + tile / 2, y - 6), str(column + 1), _MUTED, small, anchor="md")
    draw.text((_MARGIN, start - 6), "layer", _MUTED, small, anchor="ld")
    foot = (
        "Columns are heads. In each tile: rows look, columns are looked at, from the first token to the last."
    )
    draw.text((_MARGIN, picture.height - _MARGIN), foot, _MUTED, small, anchor="ls")
    return _png(picture)


def head_png(maps: AttentionMaps, layer: int, head: int) -> bytes:
    """One head, counted from 0, with its tokens along both sides.

    Raises:
        IndexError: When there is no such layer or head.
    """
    weights = maps.weights[layer, head]
    n = len(maps.tokens)
    side = n * max(2, min(36, 900 // n))
    cell, font = side / n, _font(12 if side / n >= 14 else 9)
    stride = max(1, math.ceil(13 / cell))  # label every so many tokens, so that labels do not touch
    names = [_readable(token) for token in maps.tokens]
    room = int(max((font.getlength(name) for name in names), default=0)) + 12
    title = [
        f"Layer {layer + 1}, head {head + 1} of {maps.model}",
        _scale_words(maps, float(np.abs(weights).max())),
    ]
    width = max(2 * _MARGIN + room + side, 560)
    top = _MARGIN + 21 * len(title) + room
    picture, draw = _sheet(width, top + side + _MARGIN)
    _write_heading(draw, title)
    largest = float(np.abs(weights).max()) or 1.0
    colours = _coloured(_possible(maps)[layer, head], largest, maps.kind == DIFFERENCE)
    scaled = Image.fromarray(colours).resize((side, side), Image.Resampling.NEAREST)
    picture.paste(scaled, (_MARGIN + room, top))
    for index in range(0, n, stride):
        middle = (index + 0.5) * cell
        draw.text((_MARGIN + room - 6, top + middle), names[index], _INK, font, anchor="rm")
        label = Image.new("L", (room, 16), 0)
        ImageDraw.Draw(label).text((4, 8), names[index], 255, font, anchor="lm")
        turned = label.rotate(90, expand=True)
        picture.paste(_INK, (int(_MARGIN + room + middle - 8), top - room), turned)
    return _png(picture)


def curves_png(history: History) -> bytes:
    """Loss and held-out scores, one plot under the other; an empty sheet says that nothing was recorded."""
    shown = [panel for panel in panels(history) if panel.title in ("Loss", "Held-out score")]
    # Drawn at twice the size and shrunk: Pillow's lines have no smooth edges of their own.
    picture, draw = _sheet(2 * 900, 2 * max(60, 340 * len(shown) + _MARGIN))
    for index, panel in enumerate(shown):
        _draw_panel(draw, panel, 2 * 340 * index)
    if not shown:
        draw.text((2 * _MARGIN, 2 * _MARGIN), "Nothing was recorded yet.", _MUTED, _font(26))
    return _png(picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS))


def brightest(maps: AttentionMaps | PooledMaps) -> float:
    """The weight from which on a cell has the strongest colour.

    The 99th percentile of the weights between ordinary tokens: special tokens take over half of the mass in many
    heads and would leave everything else dark.
    """
    rows, columns = _plain(maps)
    cells = np.abs(_cells(maps))
    whole = rows.sum() < 2 or columns.sum() < 2
    chosen = cells if whole else cells[:, :, rows][:, :, :, columns]
    if maps.causal:
        chosen = chosen[:, :, *np.tril_indices(chosen.shape[-1])]
    level = float(np.quantile(chosen, 0.99)) if chosen.size else 0.0
    return level if level > 0 else float(cells.max()) or 1.0


def _cells(maps: AttentionMaps | PooledMaps) -> NDArray[np.float32]:
    """What is drawn as cells: weights, or the maxima of blocks."""
    return maps.tiles.astype(np.float32) if isinstance(maps, PooledMaps) else maps.weights


def _plain(maps: AttentionMaps | PooledMaps) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows and columns stand for ordinary tokens."""
    sides = (maps.special, maps.special if maps.keys_special is None else maps.keys_special)
    if not isinstance(maps, PooledMaps):
        return ~sides[0], ~sides[1]
    starts = (maps.rows, maps.columns)
    rows, columns = (~np.logical_and.reduceat(side, at[:-1]) for side, at in zip(sides, starts, strict=True))
    return rows, columns


@lru_cache(maxsize=2)
def colour_table(signed: bool = False) -> NDArray[np.uint8]:
    """256 colours from little to much, or from less over nothing to more, uint8 of shape (256, 3)."""
    colours = _LESS_MORE if signed else _VIRIDIS
    stops = np.array([tuple(bytes.fromhex(stop)) for stop in colours.split()], dtype=np.float64)
    at = np.linspace(0, len(stops) - 1, 256)
    channels = [np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def _possible(maps: AttentionMaps | PooledMaps) -> NDArray[np.float32]:
    """The cells, with -1 where a token cannot look: above the diagonal of a causal model."""
    cells = _cells(maps)
    if not maps.causal or maps.kind == DIFFERENCE:
        return cells
    return np.where(np.tri(cells.shape[-1], dtype=bool), cells, np.float32(-1))


def _coloured(weights: NDArray[np.float32], top: float, signed: bool = False) -> NDArray[np.uint8]:
    """Colours on a square-root scale that ends at `top`, uint8 of shape (..., 3); negative cells stay empty.
    Differences (`signed`) are coloured from -`top` to `top`, in proportion."""
    if signed:
        shares = (np.clip(weights / top, -1, 1) + 1) / 2
        differences: NDArray[np.uint8] = colour_table(True)[(shares * 255).round().astype(np.uint8)]
        return differences
    colours: NDArray[np.uint8] = colour_table()[
        (np.sqrt(np.clip(weights / top, 0, 1)) * 255).astype(np.uint8)
    ]
    colours[weights < 0] = 0xF5
    return colours


def _tile(weights: NDArray[np.float32], size: int, top: float, signed: bool = False) -> Image.Image:
    """A map as a square: block maxima where it is larger than `size`, repeated cells where it is smaller. Of
    differences (`signed`) the one furthest from 0 stands for its block."""
    for axis in (0, 1):
        n = weights.shape[axis]
        if n > size:
            starts = np.arange(size) * n // size
            most = np.maximum.reduceat(weights, starts, axis=axis)
            least = np.minimum.reduceat(weights, starts, axis=axis) if signed else most
            weights = np.where(most >= -least, most, least) if signed else most
        weights = np.take(weights, np.arange(size) * weights.shape[axis] // size, axis=axis)
    return Image.fromarray(_coloured(weights, top, signed))


def _heading(maps: AttentionMaps | PooledMaps, width: int, top: float) -> list[str]:
    layers, heads = _cells(maps).shape[:2]
    kind = "" if maps.kind in ("self", DIFFERENCE) else f", {maps.kind} attention"
    what = "Differences of attention," if maps.kind == DIFFERENCE else "Attention in"
    lines = [f"{what} {maps.model}: {layers} layers × {heads} heads, {len(maps.tokens)} tokens{kind}"]
    if maps.picture is None:
        lines += _wrapped(" ".join(_readable(token) for token in maps.tokens), width, 2)
    if maps.keys:
        lines += _wrapped("looking at: " + " ".join(_readable(token) for token in maps.keys), width, 1)
    if isinstance(maps, PooledMaps):
        lines.append(f"Each cell is the strongest weight of up to {np.diff(maps.rows).max()} tokens a side")
    if maps.prediction:
        name, probability = maps.prediction[0]
        lines.append(f"Predicted: {name} ({probability:.0%})")
    return [*lines, _scale_words(maps, top), *([maps.note] if maps.note else [])]


def _scale_words(maps: AttentionMaps | PooledMaps, top: float) -> str:
    if maps.kind == DIFFERENCE:
        return f"Blue: less, down to −{top:.2g}; orange: more, up to {top:.2g}; special tokens shown"
    return f"Square-root scale, special tokens shown; brightest from a weight of {top:.2g} on"


def _readable(token: str) -> str:
    return token.replace("\n", "⏎").replace("\t", "⇥").strip() or "·"


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """The text in at most `most` lines that fit; what does not fit becomes an ellipsis."""
    lines, font = [""], _font(14)
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        elif len(lines) < most:
            lines.append(word)
        else:
            lines[-1] += " …"
            break
    return lines


def _sheet(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (int(width), int(height)), _PAPER)
    return picture, ImageDraw.Draw(picture)


def _write_heading(draw: ImageDraw.ImageDraw, lines: list[str]) -> None:
    for index, line in enumerate(lines):
        colour = _INK if index == 0 else _MUTED
        draw.text((_MARGIN, _MARGIN + 21 * index), line, colour, _font(15 if index == 0 else 14))


def _draw_panel(draw: ImageDraw.ImageDraw, panel: Panel, y: int) -> None:
    left, right, top, bottom = 2 * 74, 2 * (900 - _MARGIN), y + 2 * 52, y + 2 * 318
    (x0, x1), (y0, y1) = panel.range_x(), panel.range_y()
    font = _font(24)
    draw.text((2 * _MARGIN, y + 2 * _MARGIN), panel.title, _INK, _font(30), anchor="ls")
    for value in ticks(y0, y1, 5):
        at = bottom - (value - y0) / (y1 - y0) * (bottom - top)
        draw.line((left, at, right, at), _LINE, 2)
        draw.text((left - 14, at), number(value), _MUTED, font, anchor="rm")
    for value in ticks(x0, x1, 8):
        at = left + (value - x0) / (x1 - x0) * (right - left)
        draw.text((at, bottom + 10), number(value), _MUTED, font, anchor="ma")
    legend = float(left + 260)
    for series in panel.series:
        colour = SERIES[series.colour][0]
        pale = _mixed(colour, 0.35) if series.role == "raw" else colour
        xs = left + (series.x - x0) / (x1 - x0) * (right - left)
        ys = bottom - np.clip((series.y - y0) / (y1 - y0), 0, 1) * (bottom - top)
        points = [(float(a), float(b)) for a, b in zip(xs, ys, strict=True)]
        draw.line(points, pale, 2 if series.role == "raw" else 4, joint="curve")
        for a, b in points if series.role == "held-out" and len(points) <= 60 else []:
            draw.ellipse((a - 6, b - 6, a + 6, b + 6), colour)
        draw.line((legend, y + 30, legend + 36, y + 30), pale, 6)
        draw.text((legend + 46, y + 30), series.name, _MUTED, font, anchor="lm")
        legend += 46 + font.getlength(series.name) + 40
    draw.line((left, bottom, right, bottom), _MUTED, 2)


def _mixed(colour: str, share: float) -> tuple[int, int, int]:
    """The colour thinned with white."""
    red, green, blue = (round(255 - share * (255 - part)) for part in bytes.fromhex(colour[1:]))
    return red, green, blue


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)  # Pillow's own: Latin letters only


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
