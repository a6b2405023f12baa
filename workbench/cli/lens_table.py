"""`workbench attend --lens`: what a model would answer after each of its layers, as a table."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from workbench.cli.tables import table
from workbench.run.files import writing
from workbench.run.inside.lens import WARNING, ClassLens, Lens, TokenLens, row_name
from workbench.run.inside.tables import delimited
from workbench.run.inside.tables import lens_table as lens_rows

#: More columns do not fit into a terminal; of deeper models some layers are printed, the last one always.
_COLUMNS, _WIDE = 9, 10


def add_lens_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--lens`."""
    parser.add_argument(
        "--lens", action="store_true",
        help="tell what the model would answer after each layer: its next-token guesses, or its classes; -o then "
        "writes a table (.csv)",
    )  # fmt: skip


def lens_text(args: argparse.Namespace) -> int:
    """Read the layers out and tell it; returns the exit code."""
    from workbench.cli.asked import asked_length, get_model_ready
    from workbench.session.inside.lens import LensRequest, read_layers
    from workbench.session.lanes import lone_desk

    request = LensRequest(args.model, args.text, asked_length(args.max_tokens))
    get_model_ready(args, args.model)
    console = args.console
    found = read_layers(args.home, request, lone_desk(console.hear))
    if args.output:
        with writing(Path(args.output)) as file:
            file.write(delimited(lens_rows(found)))
    console.answer(_as_plain(found) | {"output": args.output})
    console.result(f"{found.model}: {found.rows - 1} layers, {len(found.tokens)} tokens")
    if isinstance(found, ClassLens):
        rows = [
            (row_name(row), *(f"{value:.1%}" for value in values))
            for row, values in enumerate(found.probabilities)
        ]
        console.result(table(("", *found.class_names), rows))
    else:
        console.result(_token_table(found))
        console.result("* the guess is the token that really follows")
    written = f"Written: {args.output}" if args.output else ""
    for words in filter(None, (found.note, WARNING, written)):
        console.result(words)
    return 0


def _token_table(found: TokenLens) -> str:
    """A line for each token, with the guesses of the layers after it."""
    step = max(1, math.ceil((found.rows - 1) / (_COLUMNS - 1)))
    layers = sorted(set(range(found.rows - 1, 0, -step)) | {0})
    lines = []
    for place, token in enumerate(found.tokens):
        guesses = [
            f"{'*' if found.is_right(row, place) else ''}{_short(found.guess(row, place))}" for row in layers
        ]
        rank = found.following_rank[-1, place]
        lines.append((_short(token), *guesses, str(rank) if rank else ""))
    return table(("token", *map(row_name, layers), "rank of what follows"), lines)


def _short(token: str) -> str:
    return repr(token)[1:-1] if len(token) <= _WIDE else f"{token[: _WIDE - 1]}…"


def _as_plain(found: Lens) -> dict[str, object]:
    """The answer as JSON shows it."""
    common = {
        "model": found.model,
        "tokens": list(found.tokens),
        "rows": [row_name(row) for row in range(found.rows)],
        "note": found.note,
        "warning": WARNING,
        "problem": None,
    }
    if isinstance(found, ClassLens):
        classes = [dict(zip(found.class_names, map(float, row), strict=True)) for row in found.probabilities]
        return common | {"classes": classes, "settled": found.settled()}
    places = range(len(found.tokens))
    return common | {
        "guesses": [[found.likely(row, place) for place in places] for row in range(found.rows)],
        "following_probability": [
            [None if math.isnan(value) else value for value in row]
            for row in found.following_probability.tolist()
        ],
        "following_rank": [[rank or None for rank in row] for row in found.following_rank.tolist()],
        "settled": [found.settled(place) for place in places],
    }
