"""A problem as a person reads it: what happened, why, and what to do now."""

from __future__ import annotations

import traceback
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong, in plain words.

    Attributes:
        title: What happened, one short sentence ("The file cannot be read").
        cause: Why it happened, naming the file, row or field.
        remedy: What the person can do now.
        details: Foldable technical text (a traceback, library output); may be empty.
        field: The recipe field it belongs to ("data.text"), or empty.
    """

    title: str
    cause: str = ""
    remedy: str = ""
    details: str = ""
    field: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.title, self.cause, self.remedy) if part)


class WorkbenchError(Exception):
    """An error that is already explained: it carries one or more problems.

    Raise it wherever the cause is known. `usage` marks errors of the person's input (a bad recipe, an
    unreadable file), which the command line answers with exit code 2; other errors end with 1.
    """

    def __init__(self, *problems: Problem, usage: bool = True) -> None:
        if not problems:
            raise ValueError("a WorkbenchError needs at least one problem")
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
        self.usage = usage

    @property
    def problem(self) -> Problem:
        """The first problem, with the others listed in its details."""
        first, *others = self.problems
        if not others:
            return first
        more = "\n".join(str(other) for other in others)
        details = f"{first.details}\n{more}".strip()
        return Problem(first.title, first.cause, first.remedy, details, first.field)


class CutOffError(WorkbenchError):
    """The run cannot go on, through no fault of its own: it gets no end, stays interrupted, and can be resumed."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem, usage=False)


def bad_input(title: str, cause: str = "", remedy: str = "", *, field: str = "") -> WorkbenchError:
    """A `WorkbenchError` for input that the person gave."""
    return WorkbenchError(Problem(title, cause, remedy, field=field))


def explain(error: BaseException) -> Problem:
    """The problem behind any exception; an unforeseen one keeps its traceback in the details."""
    if isinstance(error, WorkbenchError):
        return error.problem
    details = "".join(traceback.format_exception(error))
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return Problem(
            "Out of memory.",
            "The model and the batch need more memory than the device has free.",
            "Choose a smaller batch size or a shorter maximum length, or close other programs, and start again.",
            details,
        )
    if isinstance(error, PermissionError):
        where = f" ({error.filename})" if error.filename else ""
        return Problem(
            "Writing or reading was not allowed.",
            f"The system refused access{where}.",
            "Choose another folder or change its permissions, and try again.",
            details,
        )
    # safetensors reports a full disk in an error of its own, by the system's number.
    if (isinstance(error, OSError) and error.errno == 28) or "os error 28" in str(error):
        return Problem("The disk is full.", str(error), "Free some space and try again.", details)
    return Problem(
        "Something unexpected went wrong.",
        f"{type(error).__name__}: {error}",
        "Nothing that was saved is lost. Try again; if it happens again, copy the details into a report.",
        details,
    )
