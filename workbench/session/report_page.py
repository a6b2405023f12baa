"""The page around a report: its style, light and dark, on the screen and on paper; and small pieces of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workbench.session.panels import SERIES

_COLOURS = {
    "light": "--back:#f5f5f3;--card:#fff;--line:#e2e2de;--text:#1d1f23;--muted:#676b73;--accent:74,87,207;"
    "--bad:#c2362b;--warn:#9a6100;--good:#17804f",
    "dark": "--back:#17181b;--card:#1e2023;--line:#303339;--text:#e8e9eb;--muted:#989ca5;--accent:139,149,246;"
    "--bad:#f0766a;--warn:#e0a94a;--good:#56c08b",
}
#: The colours of a light page by their names, for those who draw without its style; and the accent as red, green, blue.
LIGHT = dict(part[2:].split(":") for part in _COLOURS["light"].split(";"))
ACCENT = LIGHT["accent"]
_LIGHT, _DARK = (
    _COLOURS[name] + "".join(f";--s{index}:{pair[side]}" for index, pair in enumerate(SERIES))
    for side, name in enumerate(("light", "dark"))
)
_CURVES = "".join(
    f".c{index}{{stroke:var(--s{index});color:var(--s{index})}}.dot.c{index}{{fill:var(--s{index})}}"
    for index in range(len(SERIES))
)

_STYLE = (
    f":root{{color-scheme:light dark;{_LIGHT}}}"
    f"@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}"
    f"@media print{{:root{{{_LIGHT};color-scheme:light}}}}"
    + """
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:0 0 .75rem}
section>:last-child{margin-bottom:0}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.1rem 1.25rem;margin:1rem 0}
.muted,small{color:var(--muted)}
.lead{color:var(--muted);margin:0 0 1.25rem}
.figures{display:flex;flex-wrap:wrap;gap:1rem 2.5rem}
.figures b{display:block;font-size:1.9rem;line-height:1.2;font-variant-numeric:tabular-nums;font-weight:600}
.problem{border-color:var(--bad)}.problem h2{color:var(--bad)}
.warning{color:var(--warn)}
.wide{overflow-x:auto}
.facts td{overflow-wrap:anywhere}.facts td:first-child{overflow-wrap:normal;min-width:7rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-weight:600}tr:last-child>*{border-bottom:0}thead tr:last-child>th{border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right}
.confusion td{text-align:center;min-width:3rem;border:1px solid var(--line)}
.confusion th{border:0;white-space:nowrap;font-weight:500}
.confusion th.top{writing-mode:vertical-rl;transform:rotate(180deg);padding:.4rem .2rem;max-height:12rem}
.confusion td.strong{color:#fff;text-shadow:0 0 2px #0008}
.cells{font-size:.86rem;border-collapse:separate;border-spacing:3px}
.cells td,.cells th{text-align:center;padding:.25rem .4rem;border:2px solid transparent;white-space:nowrap}
.cells td{min-width:2.6rem;border-radius:5px}
.cells td.right{border-color:var(--good)}
.cells th:first-child{text-align:right}
td.text{max-width:34rem;overflow-wrap:anywhere;white-space:pre-wrap}
.wrong td{color:var(--bad)}
pre{overflow-x:auto;background:var(--back);border-radius:6px;padding:.8rem 1rem;margin:.5rem 0;font-size:.86rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:1.4rem 1.6rem}
figure{margin:0}
figcaption{margin-bottom:.25rem;font-size:.9rem}.key{color:var(--muted);font-size:.8rem;margin-left:.7rem;white-space:nowrap}
.swatch{display:inline-block;width:1.2rem;height:3px;background:currentColor;vertical-align:middle;margin-right:.4rem}
.swatch.raw{opacity:.4}
svg{width:100%;height:auto;display:block;overflow:visible}
.tick{fill:var(--muted);font-size:12px}.grid{stroke:var(--line)}.axis{stroke:var(--muted)}
.curve{fill:none;stroke-width:1.6;stroke-linejoin:round}.curve.raw{opacity:.35;stroke-width:1}
img{max-width:100%;border-radius:6px}
details summary{cursor:pointer;color:var(--muted)}
h3{font-size:.95rem;margin:1.1rem 0 .4rem}
.figures small{display:block}
.rows td:first-child,.rows th:first-child{color:var(--muted)}
.plot.square{max-width:22rem}
li.error{color:var(--bad)}
.rows td.text{min-width:14rem;width:50%}.pairs td.text{width:45%}
.rows .wrong td{color:inherit}.rows .wrong td:first-child{color:var(--muted)}
.rows .wrong td.bad{color:var(--bad);font-weight:600}
@page{size:A4;margin:16mm 14mm 18mm}
@media print{
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{background:#fff;font-size:9.5pt}
main{padding:0;max-width:none}
h1{font-size:17pt}h2{font-size:12.5pt;break-after:avoid}h3{break-after:avoid}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:10pt 0;margin:0}
section.fresh{break-before:page;border-top:0}
figure,img,tr,pre,.figures>div{break-inside:avoid}
table.short{break-inside:avoid}
thead{display:table-header-group}
.wide,pre{overflow:visible}
.wide table{width:100%}
th,td{padding:2.5pt 5pt;overflow-wrap:anywhere}
td.n{white-space:nowrap}th.n{overflow-wrap:normal}
.confusion th,.confusion td,.rows th,.rows td{overflow-wrap:normal}
.rows td.text{overflow-wrap:anywhere;min-width:45mm}
td.text{max-width:none}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line)}
.plots{grid-template-columns:1fr 1fr;break-inside:avoid}
img{max-height:225mm}
details:not([open])>summary{display:none}
}
"""
    + _CURVES
)


#: The kind of a section that begins a page of paper.
FRESH = "fresh"
#: Tables of at most so many rows stay on one page of paper.
_SHORT = 24


def page(title: str, body: Sequence[str]) -> str:
    """A whole document that needs nothing else; the policy in its head lets nothing be loaded or run."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body></html>\n"
    )


def section(title: str, content: str, kind: str = "") -> str:
    """A titled card; nothing when there is no content. On paper one of the kind `FRESH` begins a page."""
    if not content:
        return ""
    return f'<section class="{kind}"><h2>{escape(title)}</h2>\n{content}\n</section>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int = 99) -> str:
    """A table of plain texts; columns from `numbers_from` on are set flush right."""

    def line(tag: str, values: Sequence[str]) -> str:
        cells = (
            f'<{tag} class="{"n" if i >= numbers_from else ""}">{escape(v)}</{tag}>'
            for i, v in enumerate(values)
        )
        return f"<tr>{''.join(cells)}</tr>"

    first = f"<thead>{line('th', head)}</thead>" if head else ""
    kinds = " ".join(filter(None, ("short" if len(rows) <= _SHORT else "", "" if head else "facts")))
    kind = f' class="{kinds}"' if kinds else ""
    return f'<div class="wide"><table{kind}>{first}{"".join(line("td", row) for row in rows)}</table></div>'
