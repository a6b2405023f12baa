"""A plot as SVG inside a page: colours come from the page's style, so that it follows light and dark."""

from __future__ import annotations

from html import escape

import numpy as np

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
