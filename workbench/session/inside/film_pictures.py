"""One frame of a training film as a picture without a window: the atlas, what was predicted, and the curve so far."""

from __future__ import annotations

import base64
import io
import math
from functools import lru_cache
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from workbench.run.inside.film import Reel, read_reel
from workbench.session.pictures import colour_table

_INK, _MUTED, _LINE, _PAPER = "#1d1f23", "#676b73", "#e2e2de", "#ffffff"
_ACCENT, _ABSENT = "#4a57cf", 0xF5
_MARGIN, _GAP, _LABELS = 20, 4, 30  # pixels
_WIDEST, _FOOT, _HEAD = 760, 96, 66
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf", "Arial.ttf")


def frame_picture(reel: Reel, index: int, title: str = "") -> Image.Image:
    """A frame: all heads on a square-root scale, the prediction, and the loss over the steps with this one marked."""
    frame, said = reel.frames[index], reel.said(index)
    layers, heads = reel.levels.shape[1:3]
    tile = max(12, min(60, (_WIDEST - _LABELS) // heads - _GAP))
    width = max(520, 2 * _MARGIN + _LABELS + heads * (tile + _GAP))
    height = _HEAD + 18 + layers * (tile + _GAP) + _FOOT
    picture = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(picture)
    words = _shortened(reel.pinned.text, 15, width - 2 * _MARGIN)
    draw.text((_MARGIN, 14), words, _INK, _font(15))
    about = f"{title} · " if title else ""
    draw.text((_MARGIN, 38), f"{about}step {frame.step} · epoch {frame.epoch:.2f}", _MUTED, _font(13))
    left = max(_MARGIN + _LABELS, (width - heads * (tile + _GAP)) // 2)
    for head in range(heads):
        if heads <= 16 or head % 4 == 0:
            draw.text(
                (left + head * (tile + _GAP) + tile / 2, _HEAD + 12),
                f"H{head + 1}",
                _MUTED,
                _font(11),
                anchor="ms",
            )
    for layer in range(layers):
        y = _HEAD + 18 + layer * (tile + _GAP)
        draw.text((left - 8, y + tile / 2), f"L{layer + 1}", _MUTED, _font(11), anchor="rm")
        for head in range(heads):
            image = _tile(reel, index, layer, head, tile)
            picture.paste(image, (left + head * (tile + _GAP), y))
    _draw_foot(draw, reel, index, height - _FOOT, width)
    if said.prediction:
        name, probability = said.prediction[0]
        right = f", should be {reel.pinned.label}" if reel.pinned.label not in ("", name) else ""
        kind = "Predicted" if reel.pinned.label or not reel.pinned.causal else "Next token"
        told = _shortened(f"{kind}: {name} {probability:.0%}{right}", 13, width // 2 - 2 * _MARGIN)
        draw.text((_MARGIN, height - _FOOT + 18), told, _INK, _font(13))
        y = height - _FOOT + 42
        for other, value in said.prediction[:2]:
            draw.rectangle((_MARGIN, y, _MARGIN + 150, y + 7), _LINE)
            colour = _ACCENT if other == name else _MUTED
            draw.rectangle((_MARGIN, y, _MARGIN + max(1, 150 * value), y + 7), colour)
            draw.text(
                (_MARGIN + 160, y + 4),
                _shortened(other, 11, width // 2 - 220),
                _MUTED,
                _font(11),
                anchor="lm",
            )
            y += 20
    return picture


def with_palette(picture: Image.Image) -> Image.Image:
    """The picture in the 256 colours that all frames share: 200 of weights, the rest of text and lines."""
    return picture.quantize(palette=_palette(), dither=Image.Dither.NONE)


def film_section(run: Path, frames: int = 4) -> str:
    """A few frames from the first to the last, for a report, as pictures inside the page; nothing without a film."""
    reel = read_reel(run)
    if reel is None or len(reel.frames) < 2:
        return ""
    figures = []
    for index in sorted({round(i) for i in np.linspace(0, len(reel.frames) - 1, frames)}):
        file = io.BytesIO()
        with_palette(frame_picture(reel, index)).save(file, "PNG")
        data = base64.b64encode(file.getvalue()).decode("ascii")
        words = escape(f"Attention of every head at step {reel.frames[index].step} on: {reel.pinned.text}")
        figures.append(f'<img alt="{words}" src="data:image/png;base64,{data}">')
    about = f"{len(figures)} of {len(reel.frames)} frames. {cost_words(reel)} The Film view shows them all."
    return f'<div class="plots">{"".join(figures)}</div><p class="muted">{about}</p>'


def cost_words(reel: Reel) -> str:
    """What filming took, as a sentence."""
    share = 100 * reel.cost
    said = "less than 0.1" if share < 0.05 else f"{share:.1f}"
    return f"The film took {said} % of the training time."


def _tile(reel: Reel, index: int, layer: int, head: int, size: int) -> Image.Image:
    levels = reel.levels[index, layer, head]
    if len(levels) > size:  # the strongest of the cells that share a pixel
        starts = np.arange(size) * len(levels) // size
        levels = np.maximum.reduceat(np.maximum.reduceat(levels, starts, 0), starts, 1)
    n = len(levels)
    scale = math.sqrt(float(reel.tops[index]) / float(reel.tops.max()))  # one scale for the whole film
    colours = colour_table()[(levels * scale).astype(np.uint8)]
    if reel.pinned.causal:
        colours[np.triu_indices(n, 1)] = _ABSENT
    cells = np.arange(size) * n // size
    return Image.fromarray(np.ascontiguousarray(colours[np.ix_(cells, cells)]))


def _draw_foot(draw: ImageDraw.ImageDraw, reel: Reel, index: int, y: int, width: int) -> None:
    """The loss of the sentence over the steps, this frame's marked."""
    losses = np.array([frame.said[reel.probe].loss for frame in reel.frames])
    steps = np.array([frame.step for frame in reel.frames], dtype=float)
    left, right, top, bottom = width // 2 + 10, width - _MARGIN, y + 30, y + _FOOT - 20
    known = np.isfinite(losses)
    if known.sum() > 1:
        draw.text((left, y + 18), "Loss of this sentence", _MUTED, _font(11), anchor="ls")
        most = float(losses[known].max()) or 1.0
        xs = left + (right - left) * steps / max(1.0, steps[-1])
        ys = bottom - (bottom - top) * losses / most
        points = [(float(a), float(b)) for a, b in zip(xs[known], ys[known], strict=True)]
        draw.line((left, bottom, right, bottom), _LINE, 1)
        draw.line(points, _MUTED, 1)
        if known[index]:
            x, at = float(xs[index]), float(ys[index])
            draw.line((x, top - 4, x, bottom), _ACCENT, 1)
            draw.ellipse((x - 3, at - 3, x + 3, at + 3), _ACCENT)
            draw.text((right, y + 18), f"{losses[index]:.3f}", _INK, _font(11), anchor="rs")
    draw.text((left, bottom + 4), "step 0", _MUTED, _font(10))
    draw.text((right, bottom + 4), f"{int(steps[-1])}", _MUTED, _font(10), anchor="ra")


def _shortened(text: str, size: int, width: int) -> str:
    font = _font(size)
    text = text.replace("\n", " ⏎ ")
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


@lru_cache(maxsize=1)
def _palette() -> Image.Image:
    weights = colour_table()[np.linspace(0, 255, 200).round().astype(int)]
    greys = np.linspace(0x1D, 0xFF, 40).round().astype(np.uint8)[:, None].repeat(3, axis=1)
    white = np.array([[int(_ACCENT[i : i + 2], 16) for i in (1, 3, 5)]], dtype=float)
    blues = white + (255 - white) * np.linspace(0, 1, 16)[:, None]
    image = Image.new("P", (1, 1))
    image.putpalette(np.concatenate([weights, greys, blues.round().astype(np.uint8)]).flatten().tolist())
    return image


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
