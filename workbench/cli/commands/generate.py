"""`workbench generate`: a language model's answer to a prompt, token by token, or to every prompt of a file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import add_download_argument, get_model_ready
from workbench.cli.console import Console
from workbench.cli.prompt_file import add_file_arguments, answer_file
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.results import Generated, GeneratedToken

if TYPE_CHECKING:
    from workbench.run.generation import GenerationSettings
    from workbench.session.requests import GenerationRequest

NAME = "generate"
HELP = "let a language model answer a prompt, or all prompts of a file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, a folder, a short name or a Hub id")
    parser.add_argument("prompt", metavar="PROMPT", nargs="?", default="", help="what the model is asked")
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="settings that go well together: balanced, exact, inventive, beam or raw; --set changes them",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="temperature, top_p, top_k, min_p, repetition_penalty, beams, max_new_tokens, stop, seed, answers or"
        " chat, such as temperature=0; may be given many times",
    )
    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="RUN|MODEL",
        help="ask this model the same with the same seed; may be given up to three times",
    )
    parser.add_argument(
        "--turn",
        nargs=2,
        action="append",
        default=[],
        metavar=("ROLE", "TEXT"),
        help="an earlier turn of the chat: system, user or assistant and what was said; may be given many times",
    )
    parser.add_argument("--saved", metavar="NAME", help="ask a saved prompt or a template, by its name")
    parser.add_argument(
        "--fill", action="append", default=[], metavar="NAME=TEXT", help="what stands for {NAME} in it"
    )
    add_file_arguments(parser)
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Generate; returns the exit code."""
    from workbench.session import inspection
    from workbench.session.lanes import lone_desk
    from workbench.session.requests import GenerationRequest

    settings = asked_settings(args)
    if args.prompts:
        if args.prompt or args.saved or args.turn:
            raise bad_input(
                "A file of prompts is answered alone.", "", "Leave out the PROMPT, --saved and --turn."
            )
        return answer_file(args, settings)
    if args.output or args.column or args.template:
        raise bad_input(
            "-o, --column and --template belong to a file of prompts.", "", "Name one with --prompts FILE."
        )
    request = GenerationRequest(args.model, _prompt(args), settings, _turns(args))
    if args.beside:
        return _beside(args, request)
    get_model_ready(args, args.model)
    stream = _Stream(args.console, settings.answers)
    answers = inspection.generate(args.home, request, lone_desk(stream.hear))
    stream.end(answers)
    args.console.answer({**_all_plain(answers), "settings": settings.model_dump(), "problem": None})
    return 0


def asked_settings(args: argparse.Namespace) -> GenerationSettings:
    """The settings of --preset and --set.

    Raises:
        WorkbenchError: When there is no such preset, or a value is not allowed.
    """
    from workbench.run.generation import PRESETS, GenerationSettings
    from workbench.run.recipe_files import validated, with_overrides

    begun: dict[str, Any] = {}
    if args.preset:
        known = {preset.name: preset for preset in PRESETS}
        if args.preset not in known:
            raise bad_input(f"There is no preset {args.preset!r}.", "", f"There are {', '.join(known)}.")
        begun = dict(known[args.preset].changes)
    return validated(GenerationSettings, with_overrides(begun, args.set, GenerationSettings))


def _prompt(args: argparse.Namespace) -> str:
    """The prompt of the command line, or a saved one with its placeholders filled in."""
    from workbench.run.saved_prompts import filled, placeholders, prompt_named

    if not args.saved:
        if args.fill:
            raise bad_input("--fill belongs to a saved prompt.", "", "Name one with --saved NAME.")
        return str(args.prompt)
    if args.prompt:
        raise bad_input("There are two prompts.", "", "Give either a PROMPT or --saved NAME.")
    text = prompt_named(args.home, args.saved, templates=True).text
    values = dict(pair.partition("=")[::2] for pair in args.fill)
    names = placeholders(text)
    if wrong := [name for name in (*names, *values) if (name in names) != (name in values)]:
        raise bad_input(
            f"The placeholders of {args.saved!r} are not filled in.",
            f"It has {', '.join(names) or 'none'}; wrong or missing: {', '.join(wrong)}.",
            "Give each one once with --fill NAME=TEXT.",
        )
    return filled(text, values)


def _turns(args: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    for role, _ in args.turn:
        if role not in ("system", "user", "assistant"):
            raise bad_input(f"There is no role {role!r}.", "", "A turn is of system, user or assistant.")
    return tuple((role, text) for role, text in args.turn)


def _beside(args: argparse.Namespace, request: GenerationRequest) -> int:
    """Several models, each answer printed when it is there."""
    from workbench.cli.console import problem_as_plain
    from workbench.session.lanes import lone_desk
    from workbench.session.prompting import SideBySideRequest, SideToken, side_by_side

    def hear(message: object) -> None:
        if isinstance(message, SideToken) and isinstance(message.said, str):
            args.console.hear(message.said)

    models = (args.model, *args.beside)
    for model in models:
        get_model_ready(args, model)
    sides = side_by_side(args.home, SideBySideRequest(models, request), lone_desk(hear))
    for side in sides:
        for number, answer in enumerate(side.answers, start=1):
            which = f", answer {number}" if len(side.answers) > 1 else ""
            args.console.result(f"{side.model}{which}:\n{answer.text}\n")
    problems = [side.problem for side in sides if side.problem is not None]
    if len(problems) == len(sides):
        raise WorkbenchError(*problems)
    args.console.problems(problems)
    plain = [
        {
            "model": side.model,
            "answers": [plain_answer(answer) for answer in side.answers],
            "problem": problem_as_plain(side.problem),
        }
        for side in sides
    ]
    args.console.answer({"models": plain, "settings": request.settings.model_dump(), "problem": None})
    return 0


class _Stream:
    """Prints the first answer as it comes, and the others when they are there."""

    def __init__(self, console: Console, answers: int) -> None:
        self._console, self._answers = console, answers
        self._begun = False
        self._streamed = ""

    def hear(self, message: object) -> None:
        """Take a token or a text about progress."""
        if not isinstance(message, GeneratedToken):
            self._console.hear(message)
        elif message.answer == 0:
            if self._answers > 1 and not self._begun:
                self._console.result("answer 1:")
            self._begun = True
            self._console.result(message.text, end="")
            self._streamed += message.text

    def end(self, answers: tuple[Generated, ...]) -> None:
        """Complete what was streamed."""
        # The engine keeps back what may still become one character, or a stop text, with the next token.
        rest = answers[0].text.removeprefix(self._streamed)
        self._console.result(rest if rest != answers[0].text or not self._begun else "")
        for number, answer in enumerate(answers[1:], start=2):
            self._console.result(f"answer {number}:\n{answer.text}")
        if answers[0].note:
            self._console.say(answers[0].note)


def _all_plain(answers: tuple[Generated, ...]) -> dict[str, Any]:
    plain = [plain_answer(answer) for answer in answers]
    return {**plain[0], **({"answers": plain} if len(plain) > 1 else {})}


def plain_answer(answer: Generated) -> dict[str, Any]:
    """An answer as JSON shows it."""
    return {
        "text": answer.text,
        "tokens": list(answer.tokens),
        "probabilities": list(answer.probabilities),
        "seconds": round(answer.seconds, 3),
        "stopped_by": answer.stopped_by,
        "note": answer.note,
    }
