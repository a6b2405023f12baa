"""What a view hands out, as bytes: PNG, SVG, CSV, a NumPy file, and one page of HTML that needs nothing else."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from workbench.gui.attention.plate import Drawing
from workbench.gui.theme import Palette
from workbench.run.inside.tables import Table, delimited

_SCALE = 2.0  # PNG files are drawn at twice the size, for print and for dense displays
#: Larger tables are left out of pages of HTML, which would take long to open.
_MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a view hands out. What is None cannot be had.

    Attributes:
        title: As the menu calls it: "This head".
        name: As files are called: "layer-1-head-2".
        drawing: Makes the picture as it is now; called on the window's thread.
        table: Makes the table; called on any thread.
        arrays: Makes the arrays; called on any thread.
    """

    title: str
    name: str
    drawing: Callable[[], Drawing] | None = None
    table: Callable[[], Table] | None = None
    arrays: Callable[[], dict[str, Any]] | None = None


def image(drawing: Drawing) -> QImage:
    """The picture at twice its size."""
    made = QImage(drawing.size() * _SCALE, QImage.Format.Format_ARGB32_Premultiplied)
    made.setDevicePixelRatio(_SCALE)
    made.fill(0)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    drawing.draw(painter)
    painter.end()
    return made


def png(drawing: Drawing) -> bytes:
    """The picture as PNG."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image(drawing).save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs want the format as bytes, Qt a str
    return bytes(buffer.data().data())


def svg(drawing: Drawing) -> bytes:
    """The picture as vectors; maps of many cells are a picture in them."""
    size = drawing.size()
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(drawing.title())
    # One unit is one pixel; the generator's own 90 dpi would make letters smaller than their places.
    generator.setResolution(96)
    painter = QPainter(generator)
    drawing.draw(painter)
    painter.end()
    # Tokens may hold control characters, which no XML may hold.
    made = re.sub(
        rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\N{REPLACEMENT CHARACTER}".encode(), buffer.data().data()
    )
    # A system's name for its own font, such as "Sans Serif", means nothing to a browser.
    return re.sub(rb'font-family="([^"]*)"', rb'font-family="\1, sans-serif"', made)


def csv(table: Table) -> bytes:
    """A table with commas."""
    return delimited(table).encode()


def npz(arrays: dict[str, Any]) -> bytes:
    """Arrays in one compressed file."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class Shown:
    """A part of a page: its title, its picture, its table."""

    title: str
    drawing: Drawing | None
    table: Callable[[], Table] | None


def page(title: str, parts: Sequence[Shown], palette: Palette) -> str:
    """One page of HTML that holds everything: pictures as vectors, and the tables behind them."""
    return _PAGE.format(
        title=html.escape(title), body="\n".join(_section(i, part) for i, part in enumerate(parts)),
        ground=palette.background, text=palette.text, muted=palette.muted,
        line=palette.line, scheme=palette.name,
    )  # fmt: skip


def _section(number: int, part: Shown) -> str:
    if part.drawing is None:
        inside = f"<h2>{html.escape(part.title)}</h2>"
    else:
        drawn = svg(part.drawing).decode("utf-8")
        drawn = drawn[drawn.index("<svg") :]
        # Several pictures stand in one page: each has its own names for colours and clips.
        drawn = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>p{number}-", drawn)
        title, words = html.escape(part.drawing.title()), html.escape(part.drawing.told())
        # The picture itself may have no room for all of it.
        caption = f"<figcaption>{words}</figcaption>" if words else ""
        inside = f'<figure aria-label="{title}">{drawn}{caption}</figure>'
    return f"<section>{inside}{_table(part)}</section>"


def _table(part: Shown) -> str:
    rows = part.table() if part.table else []
    if not rows:
        return ""
    if len(rows) * len(rows[0]) > _MOST_CELLS:
        return f"<p>The table of {len(rows) - 1} lines is too long for this page: export it as CSV.</p>"
    head, *body = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    lines = "".join(f"<tr>{line}</tr>" for line in body)
    opened = "" if part.drawing else " open"
    return (
        f'<details{opened}><summary>Numbers</summary><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div></details>"
    )


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{scheme}"><title>{title}</title>
<style>body{{margin:2rem auto;max-width:64rem;padding:0 1rem;background:{ground};color:{text};
font:15px/1.5 system-ui,sans-serif}}h1{{font-size:1.3rem}}h2{{font-size:1.05rem}}section{{margin:2rem 0}}
figure{{margin:0}}figcaption,summary{{color:{muted}}}summary{{cursor:pointer}}
figure svg{{max-width:100%;height:auto;border:1px solid {line};border-radius:8px}}
.wide{{overflow-x:auto}}table{{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}}
td{{padding:.15rem .5rem;border-bottom:1px solid {line};white-space:pre}}thead td{{font-weight:600}}</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""
