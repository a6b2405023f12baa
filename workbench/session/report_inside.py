"""What a report tells of the inside of a model: what its heads do and which matter, what made a prediction, what the
layers would answer, what training changed."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

import numpy as np

from workbench.run.inside.ablation import Importance, figure
from workbench.run.inside.census import census
from workbench.run.inside.comparison import Comparison, compare
from workbench.run.inside.explanation import Explanation, method_named, verdict, whole_words
from workbench.run.inside.film import Reel, read_reel
from workbench.run.inside.head_kinds import KINDS
from workbench.run.inside.lens import WARNING, ClassLens, Lens, TokenLens, row_name
from workbench.run.results import AttentionMaps
from workbench.session.pictures import atlas_png
from workbench.session.report_page import table

#: More layers than these are thinned out in the report; the input and the last one always stay.
_ROWS = 13


def kinds_section(maps: AttentionMaps | None) -> str:
    """How many heads of each kind each layer has, on the text of the attention picture."""
    if maps is None or maps.keys:
        return ""
    counts = census(maps).counts()
    there = np.flatnonzero(counts.sum(axis=0))
    head = ("layer", *(KINDS[kind].title.lower() for kind in there))
    rows = [(str(layer + 1), *(str(row[kind] or "") for kind in there)) for layer, row in enumerate(counts)]
    words = "".join(f"<li><b>{escape(KINDS[k].title)}</b>: {escape(KINDS[k].help)}</li>" for k in there)
    told = f"<details><summary>What the kinds mean</summary><ul>{words}</ul></details>"
    return table(head, rows, 1) + told


def explanation_section(found: Explanation | None) -> str:
    """The words of a text shaded by what each method says that they did for the prediction."""
    if found is None or not found.attributions:
        return ""
    merged = whole_words(found)
    lines = []
    for row in merged.attributions:
        top = float(np.abs(row.scores[~merged.special]).max(initial=0.0)) or 1.0
        words = "".join(
            _word(token, float(score) / top, bool(special))
            for token, score, special in zip(merged.tokens, row.scores, merged.special, strict=True)
        )
        lines.append(f"<tr><th>{escape(method_named(row.method).title)}</th><td>{words}</td></tr>")
    what = f"What speaks for ‘{found.target[1].strip()}’ ({found.probability:.0%}): blue for, orange against."
    return (
        f'<p>{escape(what)}</p><div class="wide"><table>{"".join(lines)}</table></div>'
        f'<p class="muted">{escape(verdict(found))}</p>'
    )


def _word(token: str, share: float, special: bool) -> str:
    """A word on a ground as strong as its score; special tokens are left pale, for they are not ranked."""
    colour = "74,87,207" if share > 0 else "217,115,13"
    ground = "" if special else f"background:rgba({colour},{min(1.0, abs(share)) * 0.75:.2f})"
    tone = "color:var(--muted);" if special else ""
    return (
        f'<span style="{tone}{ground};padding:.1rem .25rem;border-radius:4px">{escape(token.strip())}</span> '
    )


def importance_section(found: Importance | None) -> str:
    """A square for each head, the darker the more the loss depends on it."""
    if found is None or not np.isfinite(found.losses).any():
        return ""
    top = float(np.nanmax(np.abs(found.losses))) or 1.0
    heads = range(found.losses.shape[1])
    figures = found.losses.shape[1] <= 12
    lines = [f"<tr><th></th>{''.join(f'<th>{head + 1}</th>' for head in heads)}</tr>"]
    for layer, values in enumerate(found.losses.tolist()):
        cells = "".join(
            _cell(
                figure(value) if figures else "",
                value / top,
                f"Layer {layer + 1}, head {head + 1}: {value:.4g}",
            )
            if np.isfinite(value)
            else "<td></td>"
            for head, value in enumerate(values)
        )
        lines.append(f"<tr><th>Layer {layer + 1}</th>{cells}</tr>")
    most = ", ".join(f"layer {layer + 1} head {head + 1}" for layer, head in reversed(found.order()[-3:]))
    return (
        f'<div class="wide"><table class="cells">{"".join(lines)}</table></div>'
        f"<p>The loss depends most on {escape(most)}.</p>"
        f'<p class="muted">An estimate from gradients on {found.rows_read} held-out rows (Michel et al. 2019): the '
        "mean size of the loss's gradient by a gate on the head. It is right about the order more than about the size. "
        "Take heads away on the page Attention, or workbench ablate, measures what is really lost without a head.</p>"
    )


def lens_section(found: Lens | None) -> str:
    """The classes after each layer, or the next token guessed at each place after some of the layers."""
    if found is None:
        return ""
    layers = (
        range(found.rows) if found.rows <= _ROWS else sorted({*range(found.rows - 1, 0, -_step(found)), 0})
    )
    if isinstance(found, ClassLens):
        names = [escape(name) for name in found.class_names]
        lines = [
            "".join(_cell(f"{value:.1%}", value) for value in found.probabilities[at].tolist())
            for at in layers
        ]
        told = f"The likeliest class is that of the last layer from {row_name(found.settled()).lower()} on."
    else:
        names = [escape(_token(token)) for token in found.tokens]
        lines = ["".join(_guess(found, at, place) for place in range(len(names))) for at in layers]
        told = "After each token of the first line: the likeliest next one. Framed: what really follows."
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(f"<tr><th>{row_name(at)}</th>{line}</tr>" for at, line in zip(layers, lines, strict=True))
    text = " ".join(_token(token) for token in found.tokens)
    return (
        f'<p class="warning">An untuned lens misleads easily. {escape(WARNING)}</p><p>{escape(text)}</p>'
        f'<div class="wide"><table class="cells"><tr><th>After</th>{head}</tr>{rows}</table></div>'
        f'<p class="muted">{escape(told)} The stronger the colour, the surer.</p>'
    )


def _step(found: Lens) -> int:
    return -(-(found.rows - 1) // (_ROWS - 1))


def _guess(found: TokenLens, at: int, place: int) -> str:
    name, chance = found.likely(at, place)[0]
    told = f"{_token(name)} {chance:.1%}"
    return _cell(_token(name), chance, told, framed=found.is_right(at, place))


def _cell(words: str, share: float, told: str = "", framed: bool = False) -> str:
    """A cell on a ground as strong as its share, 0 to 1."""
    kind = ' class="right"' if framed else ""
    title = f' title="{escape(told)}"' if told else ""
    ground = f"background:rgba(var(--accent),{max(0.0, min(1.0, share)) * 0.6:.2f})"
    return f'<td{kind}{title} style="{ground}">{escape(words)}</td>'


def _token(token: str) -> str:
    return token.replace("\n", "⏎").strip() or "␣"


def change_section(run: Path) -> str:
    """What training changed in the heads, from the first and the last frame of the film; nothing without one."""
    reel = read_reel(run)
    if reel is None or len(reel.frames) < 2:
        return ""
    found = before_and_after(reel)
    picture = base64.b64encode(atlas_png(found.difference)).decode("ascii")
    steps = f"{reel.frames[0].step} and step {reel.frames[-1].step}"
    words = escape(f"How the attention of every head differs between step {steps} on: {reel.pinned.text}")
    most = "; ".join(
        f"layer {layer + 1} head {head + 1} by {found.divergence[layer, head]:.2f} bit"
        for layer, head in found.ranked()[:5]
    )
    return (
        f'<img alt="{words}" src="data:image/png;base64,{picture}">'
        f'<p class="muted">Changed most (Jensen-Shannon divergence of the rows): {escape(most)}. From the film, whose '
        "weights are kept to within a 255th on a square-root scale.</p>"
    )


def before_and_after(reel: Reel) -> Comparison:
    """The first and the last frame of a film, compared; a cell is a token, or a block of tokens in a long text."""
    last = len(reel.frames) - 1
    return compare(_maps(reel, 0), _maps(reel, last))


def _maps(reel: Reel, frame: int) -> AttentionMaps:
    weights = reel.weights(frame)
    sums = weights.sum(axis=-1, keepdims=True)
    weights = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
    weights.flags.writeable = False
    tokens = reel.tokens()
    special = np.zeros(len(tokens), dtype=bool)
    special.flags.writeable = False
    step = reel.frames[frame].step
    return AttentionMaps(weights, tokens, special, f"step {step}", reel.pinned.causal, step)
