"""`workbench attend --census`: what each head mostly does with a text, as a table."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from workbench.cli.tables import table
from workbench.run.files import writing
from workbench.run.inside.census import HeadFacts
from workbench.run.inside.tables import census_table as census_rows
from workbench.run.inside.tables import delimited


def add_census_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--census`."""
    parser.add_argument(
        "--census", action="store_true",
        help="tell what each head mostly does (previous token, self, separator, …), and by which score; -o then "
        "writes a table (.csv)",
    )  # fmt: skip


def census_text(args: argparse.Namespace) -> int:
    """Take the census of the text and tell it; returns the exit code."""
    from workbench.cli.asked import asked_length, get_model_ready
    from workbench.session.inside.census import CensusRequest, take_census
    from workbench.session.lanes import lone_desk

    request = CensusRequest(args.model, (args.text,), max_tokens=asked_length(args.max_tokens))
    get_model_ready(args, args.model)
    console = args.console
    found = take_census(args.home, request, lone_desk(console.hear))
    heads = list(found.heads())
    plain = [_as_plain(facts) for facts in heads]
    if args.output:
        with writing(Path(args.output)) as file:
            file.write(delimited(census_rows(found)))
    answer = {"model": args.model, "tokens": found.tokens, "census": plain, "output": args.output}
    console.answer(answer | {"problem": None})
    headings = ("Layer", "Head", "Kind", "Score", "Next", "Entropy", "Distance", "Offset")
    console.result(table(headings, [_as_row(facts) for facts in heads]))
    if args.output:
        console.result(f"Written: {args.output}")
    return 0


def _as_row(facts: HeadFacts) -> tuple[str, ...]:
    score = "" if facts.kind.key == "other" else f"{facts.score:.2f}"
    second = f"{facts.runner_up.title} {facts.runner_up_score:.2f}"
    measures = f"{facts.entropy:.2f}", _figure(facts.distance), _figure(facts.offset)
    return f"{facts.layer + 1}", f"{facts.head + 1}", facts.kind.title, score, second, *measures


def _as_plain(facts: HeadFacts) -> dict[str, object]:
    return {
        "layer": facts.layer + 1,
        "head": facts.head + 1,
        "kind": facts.kind.key,
        "score": None if facts.kind.key == "other" else _number(facts.score),
        "next": facts.runner_up.key,
        "next_score": _number(facts.runner_up_score),
        "entropy": _number(facts.entropy),
        "distance": _number(facts.distance),
        "offset": _number(facts.offset),
    }


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
