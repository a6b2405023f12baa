"""Steps as a person writes them on the command line: `--step 'kind=strip-html columns=title,body'`."""

from __future__ import annotations

import shlex
import tomllib
import typing
from typing import Any

from workbench.data.step import Step, all_steps, parse_step
from workbench.run.problem import bad_input
from workbench.run.step_record import StepRecord

_FIELD = "--step"


def asked_step(text: str) -> StepRecord:
    """The step that a text describes: `kind=…` and the fields of its kind, apart by blanks, quoted as in a shell.

    A value is read as TOML, or else as text; several values of a list stand apart by commas.

    Raises:
        WorkbenchError: When it is no step, naming what is wrong.
    """
    try:
        parts = [part.partition("=") for part in shlex.split(text)]
    except ValueError as error:
        raise _not_understood(text, f"{error}") from None
    lone = [name for name, sign, _ in parts if not sign]
    if lone or not parts:
        raise _not_understood(text, f"{lone[0]!r} has no value" if lone else "it is empty")
    given = {name: value for name, _, value in parts}
    kind = all_steps().get(given.get("kind", ""))
    record = {name: _value(kind, name, value) for name, value in given.items()}
    parse_step(record, field=_FIELD)
    return StepRecord.model_validate(record)


def _value(kind: type[Step] | None, name: str, text: str) -> Any:
    field = kind.model_fields.get(name) if kind else None
    if name == "kind" or field is None or field.annotation is str:
        return text
    try:
        value: Any = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if typing.get_origin(field.annotation) is tuple and not isinstance(value, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    return value


def _not_understood(text: str, why: str) -> Exception:
    return bad_input(
        f"The step {text!r} was not understood.",
        f"{why[0].upper()}{why[1:]}.",
        "Write it as --step 'kind=strip-html columns=title,body'",
        field=_FIELD,
    )
