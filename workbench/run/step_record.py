"""A step on rows as a recipe keeps it: its kind, its name, whether it is on, and the fields of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, model_serializer, model_validator
from pydantic_core.core_schema import SerializerFunctionWrapHandler

from workbench.run.section import Section, field

_PLAIN = (str, bool, int, float)


class StepRecord(Section):
    """One table `[[data.steps]]`. What its fields mean is known where the kinds of steps are (`data.step`)."""

    model_config = ConfigDict(extra="allow")

    kind: str = field("", "Step", "What is done to the rows, such as remove-duplicates.")
    name: str = field(
        "", "Name", "What the step is called in lists. Empty: after what it does.", max_length=80
    )
    on: bool = field(True, "On", "Whether the step is done; a step that is off stays in the recipe.")

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of its kind; lists are tuples."""
        return dict(self.model_extra or {})

    def __str__(self) -> str:
        told = ", ".join(f"{key} = {_words(value)}" for key, value in self.fields.items())
        off = "" if self.on else " (off)"
        return f"{self.name or self.kind}{off}{': ' if told else ''}{told}"

    @model_validator(mode="before")
    @classmethod
    def _freeze(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        if not values.get("kind"):
            raise ValueError('a step says what is done, as in kind = "remove-duplicates"')
        return {str(key): _frozen(str(key), value) for key, value in values.items()}

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As it was written: a name and a switch only where they say something."""
        written: dict[str, Any] = handler(self)
        idle = {"name": "", "on": True}
        return {key: value for key, value in written.items() if key not in idle or value != idle[key]}


def _frozen(key: str, value: Any) -> Any:
    """The value with tuples for lists, so that nobody changes a recipe in place."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, list | tuple):
        return tuple(_frozen(key, one) for one in value)
    if isinstance(value, Mapping):
        return {str(name): _frozen(key, one) for name, one in value.items()}
    raise ValueError(f"“{key}” should be text, a number, true or false, or a list or table of these")


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{old} → {new}" for old, new in value.items())
    return str(value)


#: A recipe's steps in their order; files give a list.
Steps = Annotated[
    tuple[StepRecord, ...], BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given)
]
