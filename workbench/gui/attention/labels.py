"""Words about tokens and heads, and how many labels fit."""

from __future__ import annotations

import math

from workbench.gui.attention.shown import Link, Shown


def every(cell: float, height: float) -> int:
    """Label every n-th cell, so that labels of this height do not touch."""
    return max(1, math.ceil(height / max(cell, 0.01) - 0.25))


def fits_across(widest: float, cell: float) -> bool:
    """Whether labels fit side by side without being turned."""
    return widest + 6 <= cell


def token_name(token: str) -> str:
    """A token so that it can be seen: white space alone becomes a sign."""
    return token.strip() or ("⏎" if "\n" in token else "␣")


def query_names(shown: Shown) -> tuple[str, ...]:
    """The tokens that look, so that they can be seen."""
    return tuple(token_name(token) for token in shown.maps.tokens)


def key_names(shown: Shown) -> tuple[str, ...]:
    """The tokens that are looked at."""
    return tuple(token_name(token) for token in shown.maps.keys or shown.maps.tokens)


def head_name(layer: int, head: int) -> str:
    """A head as a person counts, from 1."""
    return f"Layer {layer + 1}, head {head + 1}"


def link_text(shown: Shown, link: Link | None) -> str:
    """A link in words: 'good' → 'film' 0.42."""
    if link is None:
        return "nothing visible: every token is special, and special tokens are hidden"
    figures = ".2f" if abs(link.weight) >= 0.005 else ".1g"  # in long texts the strongest may be small
    weight = f"{link.weight:{'+' if shown.signed else ''}{figures}}"
    keys = shown.maps.keys or shown.maps.tokens
    return f"‘{token_name(shown.maps.tokens[link.query])}’ → ‘{token_name(keys[link.key])}’ {weight}"


def cell_text(shown: Shown, layer: int, head: int, row: int, column: int) -> str:
    """What the cell under the pointer says, with the exact weight of the float map."""
    tokens, keys = shown.maps.tokens, shown.maps.keys or shown.maps.tokens
    if row >= len(tokens) or column >= len(keys):
        return ""  # one text is longer than the other
    query, key = token_name(tokens[row]), token_name(keys[column])
    if not shown.possible[row, column]:
        return f"‘{query}’ cannot see ‘{key}’: in this model a token sees only itself and earlier ones."
    if not shown.visible[row, column]:
        name = query if shown.hidden[row] else key
        return f"‘{name}’ is a special token, and these are hidden."
    weight = float(shown.weights[layer, head, row, column])
    if shown.signed:
        return (
            f"How much more ‘{query}’ (token {row + 1}) looks at ‘{key}’ (token {column + 1}): {weight:+.4f}"
        )
    return f"‘{query}’ (token {row + 1}) looks at ‘{key}’ (token {column + 1}) with weight {weight:.4f}"
