"""What a command says and where: answers on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from workbench.cli.progress import Progress
from workbench.run.problem import Problem


class Console:
    """The two streams of a command.

    Attributes:
        out: The real standard output, which no library can reach.
        json: Whether the answer is one JSON value instead of text for people.
        debug: Whether problems are printed with their technical details.
        speaks: False in all but the first of several processes that work together.
        progress: The line on standard error that shows how far things are.
    """

    def __init__(
        self, out: TextIO, err: TextIO, *, json: bool = False, debug: bool = False, speaks: bool = True
    ) -> None:
        self.out = out if speaks else io.StringIO()
        self.json, self.debug, self.speaks = json, debug, speaks
        self._err = err
        self.progress = Progress(err if speaks else io.StringIO())

    def result(self, text: str = "", *, end: str = "\n") -> None:
        """Print an answer for a person; nothing when JSON is wanted."""
        if not self.json:
            self.progress.clear()
            self.out.write(text + end)
            self.out.flush()

    def answer(self, value: object) -> None:
        """Print the answer as JSON; nothing when it is not wanted. Numbers that JSON lacks become null."""
        if self.json:
            self.progress.clear()
            text = json.dumps(_finite(value), ensure_ascii=False, indent=2, allow_nan=False)
            self.out.write(text + "\n")
            self.out.flush()

    def say(self, text: str) -> None:
        """Print a line for a person on standard error."""
        self.progress.line(text)

    def hear(self, message: object) -> None:
        """Take what a job reports on the way: a text is shown as progress."""
        if isinstance(message, str):
            self.progress.show(message)

    def problems(self, problems: Sequence[Problem]) -> None:
        """Print what went wrong, why, and what to do."""
        for problem in problems:
            # The silent processes break their silence for what the first one may not know.
            if self.speaks or problem.details:
                self.progress.clear()
                with contextlib.suppress(OSError, ValueError):
                    self._err.write(self._in_words(problem))
                    self._err.flush()

    def _in_words(self, problem: Problem) -> str:
        lines = [problem.title]
        lines += [f"  Why: {problem.cause}"] if problem.cause else []
        lines += [f"  What to do: {problem.remedy}"] if problem.remedy else []
        if problem.details and self.debug:
            lines += ["  Details:", *(f"    {line}" for line in problem.details.splitlines())]
        elif problem.details:
            lines += ["  (The same command with --debug shows the details.)"]
        return "\n".join(lines) + "\n"


def problem_as_plain(problem: Problem | None) -> dict[str, str] | None:
    """A problem as JSON shows it."""
    if problem is None:
        return None
    return {
        "title": problem.title,
        "cause": problem.cause,
        "remedy": problem.remedy,
        "field": problem.field,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


@contextlib.contextmanager
def kept_stdout() -> Iterator[TextIO]:
    """Keep standard output for answers: yields it, and sends whatever else prints there to standard error.

    In a process of its own the file descriptor itself is moved, so that not even C code can print into a
    JSON answer.
    """
    real = sys.stdout if sys.stdout is not None else io.StringIO()
    aside = sys.stderr if sys.stderr is not None else io.StringIO()
    try:
        moved = real.fileno() == 1 and aside.fileno() == 2
    except (OSError, ValueError):
        moved = False
    if not moved:
        with contextlib.redirect_stdout(aside):
            yield real
        return
    real.flush()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(aside):
            yield out
    finally:
        try:
            out.flush()
        except OSError:  # the reader has gone (`| head`): leave without a word
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        os.dup2(out.fileno(), 1)
        out.close()
