"""The plan of a search as a file: a recipe with a table `[search]`, which says what may vary and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import anchored, parse_recipe, read_toml, recipe_toml, validated
from workbench.run.search import SearchSettings, complaints
from workbench.run.search_ranges import Range, parse_range, range_as_plain, usual_ranges


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What a search is asked for."""

    recipe: Recipe
    ranges: tuple[Range, ...]
    settings: SearchSettings = field(default_factory=SearchSettings)

    @classmethod
    def usual(cls, recipe: Recipe) -> SearchPlan:
        """The plan for a person who names no ranges."""
        return cls(recipe, usual_ranges(recipe))

    def complaints(self) -> list[Problem]:
        """What is wrong with it, as far as can be seen without reading data."""
        return complaints(self.recipe, self.ranges, self.settings)


def parse_search(table: Any) -> tuple[SearchSettings, tuple[Range, ...]]:
    """The settings and ranges of a table `[search]`.

    Raises:
        WorkbenchError: With everything that is wrong in it.
    """
    if not isinstance(table, Mapping) or not isinstance(table.get("ranges", {}), Mapping):
        raise bad_input(
            "search: this is no table.", "", "Write [search] and [search.ranges].", field="search"
        )
    problems: list[Problem] = []
    settings, ranges = SearchSettings(), []
    try:
        settings = validated(SearchSettings, {key: value for key, value in table.items() if key != "ranges"})
    except WorkbenchError as error:
        problems += [*error.problems]
    for path, given in _fields(table.get("ranges", {})):
        try:
            ranges.append(parse_range(path, given))
        except WorkbenchError as error:
            problems += error.problems
    if problems:
        raise WorkbenchError(*problems)
    return settings, tuple(ranges)


def plan_toml(plan: SearchPlan) -> str:
    """The plan as a TOML document: the recipe, and the table `[search]`; reading it back gives an equal plan."""
    settings = tomli_w.dumps({"search": plan.settings.model_dump()})
    # Each on a line of its own, in their order: what a study proposes depends on it.
    ranges = "".join(_line(one) for one in plan.ranges)
    return f"{recipe_toml(plan.recipe)}\n{settings}\n[search.ranges]\n{ranges}"


def _line(one: Range) -> str:
    if one.choices:
        return tomli_w.dumps({one.path: range_as_plain(one)})
    log = str(one.log).lower()
    return f'"{one.path}" = {{ low = {one.low!r}, high = {one.high!r}, log = {log} }}\n'


def load_plan(path: Path) -> SearchPlan:
    """The plan in a TOML file; one without a table `[search]` gets the usual ranges.

    Raises:
        WorkbenchError: When the file cannot be read, or something in it is wrong.
    """
    data = read_toml(path)
    table = data.pop("search", None)
    recipe = parse_recipe(anchored(data, path.resolve().parent))
    if table is None:
        return SearchPlan.usual(recipe)
    settings, ranges = parse_search(table)
    return SearchPlan(recipe, ranges or usual_ranges(recipe), settings)


def _fields(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The fields named in a table, whether as "training.epochs" or as tables within tables."""
    for key, given in table.items():
        if isinstance(given, Mapping) and not {"low", "high"} & set(given):
            yield from _fields(given, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", given
