"""`workbench score`: how well a language model foresees a text, token by token, and what another one does better."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import add_download_argument, get_model_ready
from workbench.cli.tables import table

if TYPE_CHECKING:
    from workbench.run.inside.perplexity import ScoredText, TokenScores

NAME = "score"
HELP = "tell how probable a text is for a language model, token by token"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, a folder, a short name or a Hub id")
    parser.add_argument("text", metavar="TEXT", help="the text to read")
    parser.add_argument(
        "--compare",
        metavar="RUN|MODEL",
        default="",
        help="another model that reads it too: what did tuning change?",
    )
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Score; returns the exit code."""
    from workbench.session.inside.perplexity import ScoreRequest, score
    from workbench.session.lanes import lone_desk

    for model in filter(None, (args.model, args.compare)):
        get_model_ready(args, model)
    found = score(args.home, ScoreRequest(args.model, args.text, args.compare), lone_desk(args.console.hear))
    _show(args, found)
    plain = _plain(found.first)
    if found.other is not None:
        gain = None if found.gain is None else found.gain.tolist()
        plain |= {"other": _plain(found.other), "same_tokens": found.same_tokens, "gain": gain}
    args.console.answer({**plain, "problem": None})
    return 0


def _show(args: argparse.Namespace, found: ScoredText) -> None:
    console = args.console
    for scores in filter(None, (found.first, found.other)):
        console.result(
            f"{scores.model}: perplexity {scores.perplexity:.2f}, {scores.bits_per_character:.3f} bits per character,"
            f" {len(scores.tokens)} tokens"
        )
        if scores.note:
            console.result(scores.note)
    gain = found.gain
    if found.other is not None and gain is None:
        console.result(
            "The models read different tokens: compare the bits per character, not the perplexity."
        )
    both = gain is not None and found.other is not None
    rows = []
    for place, word in enumerate(found.first.words):
        cells = [repr(word), *_cells(found.first, place)]
        if both and found.other is not None and gain is not None:
            cells += [*_cells(found.other, place), f"{gain[place]:+.3f}" if place else ""]
        rows.append(cells)
    heads = ["token", "probability", "rank"]
    if both:
        heads = ["token", "probability", "rank", "other's", "rank", "gain (nats)"]
    console.result(table(heads, rows))


def _cells(scores: TokenScores, place: int) -> list[str]:
    import math

    if not place:
        return ["", ""]
    return [f"{math.exp(scores.log_probability[place]):.2%}", str(scores.rank[place])]


def _plain(scores: TokenScores) -> dict[str, Any]:
    return {
        "model": scores.model,
        "perplexity": scores.perplexity,
        "loss": scores.loss,
        "bits_per_character": scores.bits_per_character,
        "tokens": scores.tokens.tolist(),
        "words": list(scores.words),
        "spans": scores.spans.tolist(),
        "log_probabilities": scores.log_probability.tolist(),
        "ranks": scores.rank.tolist(),
        "entropies": scores.entropy.tolist(),
        "note": scores.note,
    }
