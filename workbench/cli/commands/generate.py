"""`workbench generate`: a language model's answer to a prompt, token by token."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli.asked import add_download_argument
from workbench.cli.console import Console
from workbench.run.results import Generated, GeneratedToken

NAME = "generate"
HELP = "let a language model answer a prompt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, a folder, a short name or a Hub id")
    parser.add_argument("prompt", metavar="PROMPT", help="what the model is asked")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="temperature, top_p, top_k, repetition_penalty, max_new_tokens, seed, answers or chat, "
        "such as temperature=0; may be given many times",
    )
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Generate; returns the exit code."""
    from workbench.cli.asked import get_model_ready
    from workbench.run.generation import GenerationSettings
    from workbench.run.recipe_files import validated, with_overrides
    from workbench.session import inspection
    from workbench.session.lanes import lone_desk
    from workbench.session.requests import GenerationRequest

    settings = validated(GenerationSettings, with_overrides({}, args.set, GenerationSettings))
    get_model_ready(args, args.model)
    stream = _Stream(args.console, settings.answers)
    request = GenerationRequest(args.model, args.prompt, settings)
    answers = inspection.generate(args.home, request, lone_desk(stream.hear))
    stream.end(answers)
    plain = [_plain(answer) for answer in answers]
    more = {"answers": plain} if len(plain) > 1 else {}
    args.console.answer({**plain[0], **more, "problem": None})
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
        # The engine keeps back what may still become one character with the next token.
        rest = answers[0].text.removeprefix(self._streamed)
        self._console.result(rest if rest != answers[0].text or not self._begun else "")
        for number, answer in enumerate(answers[1:], start=2):
            self._console.result(f"answer {number}:\n{answer.text}")


def _plain(answer: Generated) -> dict[str, Any]:
    return {
        "text": answer.text,
        "tokens": list(answer.tokens),
        "probabilities": list(answer.probabilities),
        "seconds": round(answer.seconds, 3),
        "stopped_by": answer.stopped_by,
    }
