"""Which fields a search may vary, and a range to begin with for each."""

from __future__ import annotations

import typing

from workbench.run.recipe import Recipe
from workbench.run.recipe_files import FieldRow, recipe_fields
from workbench.run.search_ranges import Range, parse_range

#: The largest value of a field that says none.
MOST = 1e12


def searchable() -> tuple[FieldRow, ...]:
    """The fields that a search may vary, those that it usually does first."""
    usual = ("learning_rate", "batch_size", "epochs", "weight_decay", "warmup_ratio", "schedule", "optimizer")
    found = []
    for path, field in recipe_fields().items():
        if path in ("name", "version", "training.seed", "task.kind") or path.startswith(("data.", "film.")):
            continue
        if (
            field.annotation in (int, float, bool, str)
            or typing.get_origin(field.annotation) is typing.Literal
        ):
            found.append(field)
    order = {f"training.{name}": place for place, name in enumerate(usual)}
    return tuple(sorted(found, key=lambda field: order.get(field.path, len(order))))


def sensible(recipe: Recipe, path: str) -> Range:
    """A range for a field around what the recipe has."""
    field, value = recipe_fields()[path], recipe.value(path)
    if typing.get_origin(field.annotation) is typing.Literal:
        return parse_range(path, list(typing.get_args(field.annotation)))
    if field.annotation is bool:
        return parse_range(path, [True, False])
    if field.annotation is int and not isinstance(value, bool):
        lowest = int(field.minimum or 0)
        highest = int(field.maximum) if field.maximum is not None else 2**31 - 1
        near = sorted({min(highest, max(lowest, one)) for one in (value // 2, value, value * 2 or 1)})
        return parse_range(path, near)
    if field.annotation is float and isinstance(value, int | float):
        least = field.minimum if field.minimum is not None else 0.0
        most = field.maximum if field.maximum is not None else MOST
        if path == "training.learning_rate" and value > 0:
            return parse_range(
                path, {"low": float(f"{value / 10:.3g}"), "high": min(most, float(f"{value * 10:.3g}"))}
            )
        high = min(most, value * 2) if value > 0 else min(most, 0.1)
        low = max(least, value / 2) if value > 0 else least
        return parse_range(path, {"low": low, "high": high, "log": False})
    return parse_range(path, [value])
