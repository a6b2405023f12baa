"""`workbench alternatives`: what else each token of an answer could have been, and another one taken instead."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import add_download_argument, get_model_ready
from workbench.cli.commands.generate import asked_settings
from workbench.cli.tables import table
from workbench.run.problem import bad_input

if TYPE_CHECKING:
    from workbench.run.choices import Choices
    from workbench.run.inside.generation import WrittenRows

NAME = "alternatives"
HELP = "show what else each token of an answer could have been, with probabilities"
#: So many stand in the table of all tokens.
_FEW = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, a folder, a short name or a Hub id")
    parser.add_argument("prompt", metavar="PROMPT", help="what the model is asked")
    parser.add_argument(
        "--preset", metavar="NAME", help="balanced, exact, inventive, beam or raw; --set changes it"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="as for generate; may be given many times",
    )
    parser.add_argument(
        "--at",
        metavar="N",
        default="",
        help="only the N-th token, from 1: ten alternatives and its attention",
    )
    parser.add_argument(
        "--take",
        metavar="ID",
        default="",
        help="with --at: take this token instead, and write the answer anew",
    )
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Show; returns the exit code."""
    from workbench.session import inspection
    from workbench.session.lanes import lone_desk
    from workbench.session.prompting import ChoicesRequest, look_at_attention, look_at_choices
    from workbench.session.requests import GenerationRequest

    settings = asked_settings(args).model_copy(update={"answers": 1})
    at, taken = _number(args.at, "--at"), _number(args.take, "--take")
    if taken is not None and at is None:
        raise bad_input("It is not said where the token is taken.", "", "Give its place with --at N.")
    get_model_ready(args, args.model)
    asked, desk = GenerationRequest(args.model, args.prompt, settings), lone_desk(args.console.hear)
    written = inspection.generate(args.home, asked, lone_desk())[0].tokens
    if at is not None and not 1 <= at <= len(written):
        raise bad_input(
            f"There is no token {at}.", f"The answer has {len(written)}.", "Give --at a smaller N."
        )
    first, last = (0, None) if at is None else (at - 1, at)
    look = ChoicesRequest(asked, written, first, last)
    found = look_at_choices(args.home, look, desk)
    rows = None if at is None else look_at_attention(args.home, look, desk)
    _show(args, found, rows)
    plain = {"tokens": _plain(found), "settings": settings.model_dump()}
    if rows is not None:
        plain["attention"] = {"tokens": list(rows.tokens[:-1]), "weights": rows.row(0).tolist()}
    if taken is not None and at is not None:
        begun = (*written[: at - 1], taken)
        branch = GenerationRequest(args.model, args.prompt, settings, begun=begun)
        other = inspection.generate(args.home, branch, lone_desk())[0]
        args.console.result(f"\nWith the other token:\n{other.text}")
        plain["instead"] = {"text": other.text, "tokens": list(other.tokens)}
    args.console.answer({**plain, "problem": None})
    return 0


def _number(text: str, name: str) -> int | None:
    if not text:
        return None
    if not text.isdigit():
        raise bad_input(f"{name} {text} is no whole number.", "", f"Give {name} a number.")
    return int(text)


def _show(args: argparse.Namespace, found: Choices, rows: WrittenRows | None) -> None:
    few = _FEW if rows is None else found.other.shape[1]
    if rows is None:
        lines = [
            [str(place + 1), repr(word), f"{found.before[place]:.1%}", f"{found.after[place]:.1%}",
             f"{found.entropy_before[place]:.1f}", _others(found, place, few)]
            for place, word in enumerate(found.words)
        ]  # fmt: skip
        args.console.result(table(("", "token", "model", "drawn", "bits", "likeliest"), lines))
        return
    args.console.result(
        f"token {found.first + 1}: {found.words[0]!r}, {found.before[0]:.1%} for the model (number {found.rank[0]} of"
        f" all), drawn with {found.after[0]:.1%}; {found.entropy_before[0]:.1f} bits, {found.entropy_after[0]:.1f} when"
        " drawn"
    )
    lines = [
        [str(found.other[0, i]), repr(found.other_words[0][i]), f"{found.other_before[0, i]:.2%}",
         f"{found.other_after[0, i]:.2%}"]
        for i in range(few)
    ]  # fmt: skip
    args.console.result(table(("id", "token", "model", "drawn"), lines))
    weights = rows.row(0)
    best = [(repr(rows.tokens[i]), f"{weights[i]:.1%}") for i in (-weights).argsort()[:few]]
    args.console.result("\n" + table(("looked at", "mean of all heads"), best))


def _others(found: Choices, place: int, few: int) -> str:
    pairs = zip(found.other_words[place][:few], found.other_before[place][:few], strict=True)
    return ", ".join(f"{word!r} {chance:.0%}" for word, chance in pairs)


def _plain(found: Choices) -> list[dict[str, Any]]:
    return [
        {
            "id": int(found.tokens[place]),
            "word": word,
            "before": float(found.before[place]),
            "after": float(found.after[place]),
            "rank": int(found.rank[place]),
            "entropy_before": float(found.entropy_before[place]),
            "entropy_after": float(found.entropy_after[place]),
            "others": [
                {"id": int(token), "word": name, "before": float(before), "after": float(after)}
                for token, name, before, after in zip(
                    found.other[place], found.other_words[place], found.other_before[place],
                    found.other_after[place], strict=True,
                )
            ],
        }
        for place, word in enumerate(found.words)
    ]  # fmt: skip
