"""What a recipe is made of: frozen groups of fields, each field with its title, help, range and unit."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0.0, le=0.9)]


class Section(BaseModel):
    """A frozen group of fields; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def field(
    default: Any, title: str, help: str, *, unit: str = "", advanced: bool = False, **bounds: Any
) -> Any:  # the value's type is the annotation's; pydantic's own Field returns Any as well
    """A recipe field: its default, what it is called, what it means, its unit and its range."""
    extra: dict[str, Any] = {"unit": unit, "advanced": advanced}
    return Field(default, title=title, description=help, json_schema_extra=extra, **bounds)
