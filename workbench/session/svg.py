"""A plot as SVG inside a page, whose style gives the colours, so that it follows light and dark; and the map of heads
that matter as a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from workbench.run.inside.ablation import Importance, figure
from workbench.session.panels import Panel, Series, number, ticks

WIDTH, HEIGHT = 460, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 14, 10, 38


def panel_svg(panel: Panel) -> str:
    """The plot with axes, curves and a legend, as a `figure` element."""
    x0, x1 = panel.range_x()
    y0, y1 = panel.range_y()
    across, down = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def px(x: float) -> float:
        return _LEFT + (x - x0) / (x1 - x0) * across

    def py(y: float) -> float:
        # Beyond the frame by a pixel at most: a wild value is seen to leave the plot.
        return _TOP + min(max((y1 - y) / (y1 - y0), 0.0), 1.0) * down

    floor, end = _TOP + down, WIDTH - _RIGHT
    parts = []
    for value in ticks(y0, y1, 5):
        y = f"{py(value):.1f}"
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{end}" y1="{y}" y2="{y}"/>')
        parts.append(_label(_LEFT - 8, py(value) + 4, number(value), "end"))
    parts += [_label(px(value), floor + 18, number(value)) for value in ticks(x0, x1, 6)]
    parts.append(_label(_LEFT + across / 2, HEIGHT - 4, "step"))
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{end}" y1="{floor}" y2="{floor}"/>')
    for series in panel.series:
        points = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in zip(series.x, series.y, strict=True))
        parts.append(f'<polyline class="{_style(series)}" points="{points}"/>')
        if series.role == "held-out":
            parts += _dots(series, np.array([px(x) for x in series.x]), np.array([py(y) for y in series.y]))
    legend = "".join(
        f'<span class="key"><i class="swatch {_style(series)}"></i>{escape(series.name)}</span>'
        for series in panel.series
    )
    return (
        f'<figure class="plot"><figcaption><b>{escape(panel.title)}</b> {legend}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(panel.title)} over the steps">'
        f"{''.join(parts)}</svg></figure>"
    )


def _label(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _style(series: Series) -> str:
    return f"curve {series.role} c{series.colour}"


def _dots(series: Series, x: np.ndarray, y: np.ndarray) -> list[str]:
    if len(x) > 60:  # they would melt into a band
        return []
    return [
        f'<circle class="dot c{series.colour}" cx="{a:.1f}" cy="{b:.1f}" r="3">'
        f"<title>{escape(series.name)} {value:.4g} at step {step:.0f}</title></circle>"
        for a, b, step, value in zip(x, y, series.x, series.y, strict=True)
    ]


#: In pixels: a cell of the map of heads, its left and upper room, its margin.
_CELL_WIDE, _CELL_HIGH, _SIDE, _HEAD, _MARGIN = 54, 28, 68, 82, 20


def importance_svg(found: Importance, model: str) -> str:
    """How much each head matters: orange where it is missed, blue where the model is better off without it."""
    layers, heads = found.losses.shape
    width = max(420, _SIDE + heads * _CELL_WIDE + 2 * _MARGIN)
    height = _HEAD + layers * _CELL_HIGH + 2 * _MARGIN
    top = float(np.nanmax(np.abs(found.losses), initial=0.0)) or 1.0
    quick = found.kind == "gradient"
    told = (
        "Mean size of the loss's gradient by a gate on the head"
        if quick
        else "How much the loss rises without it"
    )
    lines = [
        f'<text x="{_MARGIN}" y="32" font-size="15" font-weight="600">Which heads matter: {escape(model)}</text>',
        f'<text x="{_MARGIN}" y="52" fill="#676b73">{escape(told)}, on {found.rows_read} held-out rows.</text>',
    ]
    left = _MARGIN + _SIDE
    for head in range(heads):
        x = left + (head + 0.5) * _CELL_WIDE
        lines.append(f'<text x="{x}" y="{_HEAD + 8}" text-anchor="middle" fill="#676b73">H{head + 1}</text>')
    for layer in range(layers):
        y = _HEAD + _MARGIN + layer * _CELL_HIGH
        lines.append(
            f'<text x="{left - 8}" y="{y + 17}" text-anchor="end" fill="#676b73">Layer {layer + 1}</text>'
        )
        for head, value in enumerate(found.losses[layer].tolist()):
            if np.isfinite(value):
                lines.append(_head_cell(left + head * _CELL_WIDE, y, value, value / top))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, DejaVu Sans, sans-serif" font-size="12" fill="#1d1f23">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(lines)}</svg>\n'
    )


def _head_cell(x: float, y: float, value: float, share: float) -> str:
    colour = "#d9730d" if value >= 0 else "#3f6fd1"
    return (
        f'<rect x="{x}" y="{y}" width="{_CELL_WIDE - 2}" height="{_CELL_HIGH - 2}" rx="3" fill="{colour}" '
        f'fill-opacity="{0.8 * abs(share):.3f}" stroke="#e2e2de"/>'
        f'<text x="{x + _CELL_WIDE / 2 - 1}" y="{y + 17}" text-anchor="middle">{figure(value)}</text>'
    )


def axes_svg(
    title: str,
    x: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    told: Sequence[str],
    names: tuple[str, str],
) -> str:
    """Points of two shares from 0 to 1, joined by a line, beside the dashed diagonal on which they are equal.

    Args:
        title: Above the plot.
        x, y: float64, shape (points,).
        weights: How much each point stands for, shape (points,): the more, the larger its dot.
        told: What each point says when it is pointed to.
        names: Of the two axes.
    """
    side, left, top, bottom = 260, 66, 12, 44
    width, height = left + side + 16, top + side + bottom

    def px(value: float) -> float:
        return left + value * side

    def py(value: float) -> float:
        return top + (1 - value) * side

    parts = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        level = f"{py(value):.1f}"
        parts.append(f'<line class="grid" x1="{left}" x2="{left + side}" y1="{level}" y2="{level}"/>')
        parts.append(_label(left - 8, py(value) + 4, f"{value:.0%}", "end"))
        parts.append(_label(px(value), top + side + 18, f"{value:.0%}"))
    parts.append(f'<line class="axis" x1="{left}" x2="{left + side}" y1="{top + side}" y2="{top + side}"/>')
    parts.append(
        f'<line class="axis" stroke-dasharray="4 4" x1="{px(0)}" y1="{py(0)}" x2="{px(1)}" y2="{py(1)}"/>'
    )
    points = [(px(float(a)), py(float(b))) for a, b in zip(x, y, strict=True)]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    parts.append(f'<polyline class="curve held-out c0" points="{line}"/>')
    parts += [
        f'<circle class="dot c0" cx="{a:.1f}" cy="{b:.1f}" r="{2 + 5 * size:.1f}"><title>{escape(words)}'
        "</title></circle>"
        for (a, b), size, words in zip(points, np.sqrt(weights / max(1, weights.max())), told, strict=True)
    ]
    parts.append(_label(left + side / 2, height - 6, names[0]))
    up = _label(-(top + side / 2), 14, names[1])
    parts.append(f'<g transform="rotate(-90)">{up}</g>')
    return (
        f'<figure class="plot square"><figcaption><b>{escape(title)}</b></figcaption>'
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg></figure>"
    )
