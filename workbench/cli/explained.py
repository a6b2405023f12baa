"""`workbench attend --method`: what each token did for a prediction, as a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.console import Console
from workbench.cli.tables import table
from workbench.run.inside.explanation import (
    METHOD_KEYS,
    Explanation,
    correlations,
    method_named,
    verdict,
)
from workbench.run.inside.tables import delimited, scores_table


def add_method_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that ask for scores of tokens instead of maps."""
    parser.add_argument(
        "--method",
        choices=[*METHOD_KEYS, "all"],
        help="score the tokens for a prediction by this method; all of them are compared and tested by deletion. "
        "-o then writes a table (.csv)",
    )
    parser.add_argument(
        "--explain",
        metavar="CLASS|POSITION|TEXT",
        help="what is explained with --method: a class, or the position of a token in the text of a language model "
        "(default: the most probable class or next token); without --method: the text that the decoder of an "
        "encoder-decoder reads (default: the model writes one)",
    )


def explain_text(args: argparse.Namespace) -> int:
    """Explain a prediction; returns the exit code."""
    from workbench.cli.asked import asked_length, get_model_ready
    from workbench.run.files import writing
    from workbench.session.inside.explain import ExplainRequest, explain
    from workbench.session.lanes import lone_desk

    everything = args.method == "all"
    methods = METHOD_KEYS if everything else (args.method,)
    length = asked_length(args.max_tokens)
    request = ExplainRequest(args.model, args.text, args.explain, methods, everything, length)
    get_model_ready(args, args.model)
    found = explain(args.home, request, lone_desk(args.console.hear))
    if not found.attributions:
        from workbench.run.problem import Problem, WorkbenchError

        title = method_named(args.method).title if not everything else "No method"
        raise WorkbenchError(Problem(f"{title} gives no scores here.", found.refused[0][1]))
    if args.output:
        with writing(Path(args.output), "w") as file:
            file.write(delimited(scores_table(found)))
    args.console.answer(_as_plain(found) | {"output": args.output, "problem": None})
    _print(args.console, found)
    if args.output:
        args.console.result(f"Written: {args.output}")
    return 0


def _print(console: Console, found: Explanation) -> None:
    what = "next token" if found.language else "class"
    console.result(f"{found.model}: {what} ‘{found.target[1]}’, probability {found.probability:.1%}")
    head = ["token", *(row.method for row in found.attributions)]
    rows = [
        [
            f"({token})" if found.special[i] else token,
            *(f"{row.scores[i]:+.4f}" for row in found.attributions),
        ]
        for i, token in enumerate(found.tokens)
    ]
    console.result(table(head, rows))
    if found.special.any():
        console.result("Tokens in brackets are special: the model adds them; they are not ranked.")
    for row in found.attributions:
        if row.gap is not None:
            trust = ": too far to be trusted" if row.is_rough else ""
            console.result(f"{row.method}: the sum misses its exact value by {row.gap:+.2g}{trust}.")
    for method, reason in found.refused:
        console.result(f"{method}: {reason}")
    if found.test:
        areas = [f"{curve.method} {curve.area:+.3f}" for curve in found.test.curves]
        areas.append(f"random {found.test.random_areas.mean():+.3f}")
        console.result("Deletion test, mean fall of the probability: " + ", ".join(areas))
        console.result(verdict(found))
    if found.note:
        console.result(found.note)


def _as_plain(found: Explanation) -> dict[str, Any]:
    """The answer as JSON shows it."""
    test = found.test
    return {
        "model": found.model,
        "tokens": list(found.tokens),
        "special": found.special.tolist(),
        "target": found.target[1],
        "probability": found.probability,
        "predicted": found.predicted,
        "scores": {row.method: row.scores.tolist() for row in found.attributions},
        "refused": dict(found.refused),
        "gap": next((row.gap for row in found.attributions if row.gap is not None), None),
        "correlations": correlations(found).tolist(),
        "deletion": test
        and {
            "removed": test.removed.tolist(),
            "curves": {curve.method: curve.first.tolist() for curve in test.curves},
            "areas": {curve.method: curve.area for curve in test.curves},
            "random_areas": test.random_areas.tolist(),
        },
        "verdict": verdict(found),
        "note": found.note,
    }
