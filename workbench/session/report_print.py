"""A report in the plain HTML that Qt's rich text understands, with its drawings as pictures, to be printed."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

from workbench.session.panels import SERIES
from workbench.session.report_page import ACCENT, FRESH, LIGHT

#: Pixels at 96 to the inch: the width of what is written on an A4 page.
WIDE = 640
#: A cell that only puts something in its place.
_BARE = ' style="border-bottom-style:none"'
_VOID = frozenset({"img", "br", "meta", "hr"})
_DROPPED = frozenset({"head", "style", "script", "details"})
_KEPT = frozenset(
    {"h1", "h3", "p", "table", "thead", "tr", "th", "td", "ul", "li", "b", "i", "pre", "br", "span", "small"}
)
#: Styles for classes, as Qt's rich text knows them.
STYLE = f"""
body {{ font-size: 9pt; color: {LIGHT["text"]}; }}
h1 {{ font-size: 17pt; }} h2 {{ font-size: 12.5pt; margin-top: 14px; }} h3 {{ font-size: 10pt; }}
th, td {{ padding: 2px 6px; border-bottom: 0.5px solid {LIGHT["line"]}; }} th {{ text-align: left; }}
.muted, .lead, small {{ color: {LIGHT["muted"]}; font-size: 8pt; }}
.n {{ text-align: right; }} .strong {{ color: #ffffff; }} .warning {{ color: {LIGHT["warn"]}; }}
.error, .bad {{ color: {LIGHT["bad"]}; }}
.big {{ font-size: 15pt; }} pre {{ font-size: 7.5pt; }}
"""


@dataclass(frozen=True, slots=True)
class Printable:
    """A report to be printed.

    Attributes:
        title: What it is called.
        html: Its text; pictures are named by the keys of `pictures`.
        pictures: PNG, and SVG for drawings.
        sizes: The width of each picture in pixels at 96 to the inch.
    """

    title: str
    html: str
    pictures: Mapping[str, bytes]
    sizes: Mapping[str, int]


def printable(report: str) -> Printable:
    """What a report's HTML (`report_html`) says, to be printed by Qt."""
    reader = _Reader()
    reader.feed(report)
    reader.close()
    body = "".join(reader.out)
    return Printable(reader.title, f"<body>{body}</body>", reader.pictures, reader.sizes)


class _Reader(HTMLParser):
    """Writes the page anew while it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self.pictures: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        self.title = ""
        self._dropped: list[str] = []  # open elements inside one that is left out
        self._drawing: list[str] | None = None  # the SVG that is being read
        self._closing: list[tuple[str, str]] = []  # open elements, and what closes each in the new page
        self._fresh = False
        self._share = 0  # per cent of the width for the texts of the present table; 0 where it has no rows
        self._figures = 0  # in the present row of plots
        self._caption: list[tuple[str, str]] | None = None  # colours and words of what stands above a drawing

    # ---- what the parser meets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropped or tag in _DROPPED:
            if tag not in _VOID:
                self._dropped.append(tag)
            return
        given = {name: value or "" for name, value in attrs}
        if tag == "figcaption" or (self._caption is not None and tag in ("b", "span", "i")):
            self._caption = [] if self._caption is None else self._caption
            if tag != "figcaption":
                plain = LIGHT["muted"] if tag == "span" else LIGHT["text"]
                self._caption.append((_colour(given.get("class", "").split(), plain), ""))
            self._closing.append((tag, ""))
            return
        if tag == "svg" or self._drawing is not None:
            self._draw(tag, given)
            return
        opening, closing = self._opened(tag, given)
        self.out.append(opening)
        if tag not in _VOID:
            self._closing.append((tag, closing))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._drawing is not None:
            self._draw(tag, {name: value or "" for name, value in attrs}, closed=True)
        else:
            self.handle_starttag(tag, attrs)
            if tag not in _VOID:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            self._dropped.pop()
        elif self._drawing is not None:
            self._drawing.append(f"</{tag}>")
            if tag == "svg":
                self._add_drawing()
        elif self._closing:
            self.out.append(self._closing.pop()[1])

    def handle_data(self, data: str) -> None:
        if self._dropped:
            if self._dropped[-1] == "title":
                self.title += data
        elif self._drawing is not None:
            self._drawing.append(escape(data))
        elif self._caption is not None:
            if data.strip():
                colour, words = self._caption[-1] if self._caption else (LIGHT["muted"], "")
                self._caption[-1:] = [(colour, f"{words} {data.strip()}".strip())]
        else:
            self.out.append(escape(data))

    # ---- what becomes of it

    def _opened(self, tag: str, given: dict[str, str]) -> tuple[str, str]:
        kinds = given.get("class", "").split()
        inside = self._closing[-1] if self._closing else ("", "")
        if tag == "section":
            self._fresh = FRESH in kinds
            return "", ""
        if tag == "h2":
            style = ' style="page-break-before:always"' if self._fresh else ""
            self._fresh = False
            return f"<h2{style}>", "</h2>"
        if tag == "div" and ("figures" in kinds or "plots" in kinds):
            self._figures = 0
            return '<table width="100%" cellpadding="4"><tr>', "</tr></table>"
        if tag == "div" and inside[1] == "</tr></table>":
            return f"<td{_BARE}>", "</td>"
        if tag == "b" and inside == ("div", "</td>"):
            return '<span class="big">', "</span>"
        if tag == "small":
            return '<br><small class="muted">', "</small>"
        if tag == "figure":
            return self._figure(inside)
        if tag == "img":
            return self._picture(given), ""
        if tag in _KEPT:
            return self._plain(tag, given), f"</{tag}>"
        return "", ""

    def _figure(self, inside: tuple[str, str]) -> tuple[str, str]:
        """A plot: two of them stand side by side where the page has a row of them."""
        if inside[1] != "</tr></table>":
            return "<p></p>", ""
        self._figures += 1
        row = "</tr><tr>" if self._figures % 2 and self._figures > 1 else ""
        return f"{row}<td{_BARE}>", "</td>"

    def _plain(self, tag: str, given: dict[str, str]) -> str:
        kept = [
            f'{name}="{escape(given[name])}"' for name in ("class", "rowspan", "colspan") if given.get(name)
        ]
        if tag == "table":
            kinds = given.get("class", "").split()
            self._share = 38 if "pairs" in kinds else 44 if "rows" in kinds else 0
            kept.append('cellspacing="0" border="0"')
            if (
                "rows" in kinds or "texts" in kinds
            ):  # else texts would have no more room than their longest word
                kept.append('width="100%"')
        elif tag == "th" and self._share:
            kept.append(f'width="{ {"text": self._share, "n": 8}.get(given.get("class", ""), 13) }%"')
        elif given.get("style"):
            kept.append(f'style="{_style(given["style"])}"')
        return f"<{' '.join((tag, *kept))}>"

    def _picture(self, given: dict[str, str]) -> str:
        kind, _, data = given.get("src", "").partition(";base64,")
        if kind not in ("data:image/png", "data:image/gif"):
            return f'<p class="muted">{escape(given.get("alt", ""))}</p>'
        content = base64.b64decode(data)
        if kind.endswith("gif"):
            width = int.from_bytes(content[6:8], "little")
        else:
            width = int.from_bytes(content[16:20], "big")
        return self._add(content, min(WIDE, width))

    # ---- drawings

    def _draw(self, tag: str, given: dict[str, str], *, closed: bool = False) -> None:
        if self._drawing is None:
            self._drawing = []
            width, height = given.get("viewbox", "0 0 460 230").split()[2:]
            above = _ABOVE if self._caption else 0
            box = f"0 {-above} {width} {float(height) + above:g}"
            given = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": box}
        look = _look(tag, given.pop("class", ""))
        values = "".join(f' {name}="{escape(value)}"' for name, value in (given | look).items())
        self._drawing.append(f"<{tag}{values}{'/' if closed else ''}>")
        if tag == "svg" and self._caption:
            self._drawing.append(_captioned(self._caption))

    def _add_drawing(self) -> None:
        assert self._drawing is not None
        text, self._drawing, self._caption = "".join(self._drawing), None, None
        found = re.search(r'viewBox="\S+ \S+ (\S+) ', text)
        width = float(found[1]) if found else 460.0
        self.out.append(self._add(text.encode(), round(min(WIDE / 2 - 16, width))))

    def _add(self, content: bytes, width: int) -> str:
        name = f"picture-{len(self.pictures) + 1}"
        self.pictures[name], self.sizes[name] = content, width
        return f'<p><img src="{name}" width="{width}"></p>'


#: Room above a drawing for what stands there, and the width of a letter, in pixels of the drawing.
_ABOVE, _LETTER = 24, 6.4


def _captioned(caption: Sequence[tuple[str, str]]) -> str:
    """Title and legend in a line above a drawing, so that no page comes between them."""
    found, x = [], 0.0
    for place, (colour, told) in enumerate((colour, told) for colour, told in caption if told):
        weight = ' font-weight="bold"' if place == 0 else ""
        words = told if colour in (LIGHT["text"], LIGHT["muted"]) else f"━ {told}"
        found.append(
            f'<text x="{x:.0f}" y="-10" fill="{colour}" font-size="12" font-family="sans-serif"{weight}>'
            f"{escape(words)}</text>"
        )
        x += _LETTER * len(words) + (20 if place else 26)
    return "".join(found)


def _colour(kinds: Sequence[str], plain: str = LIGHT["text"]) -> str:
    """The colour of a curve by its classes; `plain` without any."""
    return next((SERIES[int(kind[1:])][0] for kind in kinds if re.fullmatch(r"c\d", kind)), plain)


def _look(tag: str, kinds: str) -> dict[str, str]:
    """The attributes that a drawing's classes stand for; a file of its own has no page that styles it."""
    found = kinds.split()
    colour = _colour(found)
    look: dict[str, str] = {}
    if "tick" in found:
        look = {"fill": LIGHT["muted"], "font-size": "12", "font-family": "sans-serif"}
    elif "grid" in found:
        look = {"stroke": LIGHT["line"]}
    elif "axis" in found:
        look = {"stroke": LIGHT["muted"]}
    elif "dot" in found:
        look = {"fill": colour}
    elif "curve" in found:
        raw = "raw" in found
        look = {"fill": "none", "stroke": colour, "stroke-width": "1" if raw else "1.6"}
        look |= {"stroke-opacity": "0.35"} if raw else {}
    return look


def _style(style: str) -> str:
    """Colours as plain ones: Qt's rich text knows no variables, and no ground that is half transparent."""
    style = style.replace("var(--accent)", ACCENT).replace("var(--muted)", LIGHT["muted"])

    def blended(match: re.Match[str]) -> str:
        red, green, blue, share = (float(part) for part in match[1].split(","))
        mixed = (round(255 + share * (part - 255)) for part in (red, green, blue))
        return "#" + "".join(f"{part:02x}" for part in mixed)

    style = re.sub(r"rgba\(([^)]*)\)", blended, style)
    return escape(re.sub(r"background:", "background-color:", style))
