"""A series: several runs that belong together, such as the trials of a search or the folds of a cross-validation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import tomli_w

from workbench.run.events import Event
from workbench.run.files import write_whole
from workbench.run.folder import RunFolder, run_folders, slug
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import anchored, parse_recipe, read_toml, recipe_toml

SeriesKind = Literal["search", "cross-validation", "learning-curve"]
#: In the folder of a series.
PLAN_FILE = "series.toml"


@dataclass(frozen=True, slots=True)
class PartOf:
    """Which series a run belongs to.

    Attributes:
        kind: What the series is for.
        series: Its name.
        number: The run's number in it, from 1.
        values: The recipe fields that make it differ from the others.
    """

    kind: SeriesKind
    series: str
    number: int
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeriesEvent:
    """An event of one run of a series."""

    number: int
    of: int
    run: str
    event: Event


def part_of(folder: RunFolder) -> PartOf | None:
    """The series that a run belongs to; None for a run by itself."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        plain = json.loads(_part_file(folder).read_text(encoding="utf-8"))
        return PartOf(plain["kind"], plain["series"], int(plain["number"]), dict(plain["values"]))
    return None


def write_part(folder: RunFolder, part: PartOf) -> None:
    """Note in the run's folder which series it belongs to."""
    plain = {"kind": part.kind, "series": part.series, "number": part.number, "values": dict(part.values)}
    write_whole(_part_file(folder), json.dumps(plain, indent=2, ensure_ascii=False))


def runs_of(home: Home, series: str) -> dict[int, RunFolder]:
    """The runs of a series by their numbers; of several with one number the newest."""
    found: dict[int, RunFolder] = {}
    for folder in run_folders(home):  # the newest first
        part = part_of(folder)
        if part is not None and part.series == series:
            found.setdefault(part.number, folder)
    return found


def series_folder(home: Home, name: str) -> Path:
    """Where a series keeps its plan, and what it found.

    Raises:
        WorkbenchError: When the name cannot be that of a folder.
    """
    if not re.fullmatch(r"[\w][\w .-]{0,79}", name) or name.endswith((".", " ")):
        raise bad_input(
            f"A series cannot be called {name!r}.",
            "Its name is also that of a folder.",
            "Use letters, digits, spaces, points, - and _.",
            field="name",
        )
    return home.root / "series" / name


def new_name(home: Home, title: str, kind: SeriesKind) -> str:
    """A name that no series has yet."""
    stem = f"{slug(title)}-{kind}"
    number = 1
    while series_folder(home, name := stem if number == 1 else f"{stem}-{number}").exists():
        number += 1
    return name


def save_plan(home: Home, name: str, kind: SeriesKind, recipe: Recipe, table: Mapping[str, Any]) -> None:
    """Keep what a series is to do: its recipe, and a table of its own.

    Raises:
        WorkbenchError: When a series of this name has another plan.
    """
    file = series_folder(home, name) / PLAN_FILE
    text = f"{recipe_toml(recipe)}\n{tomli_w.dumps({'series': {'kind': kind, **table}})}"
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        raise bad_input(
            f"There is a series called {name} already.",
            "Its runs belong to its own plan.",
            "Choose another name, or go on with that one.",
            field="name",
        )
    home.make(file.parent)
    write_whole(file, text)


def load_plan(home: Home, name: str, kind: SeriesKind) -> tuple[Recipe, dict[str, Any]]:
    """The recipe of a series, and its table.

    Raises:
        WorkbenchError: When there is no such series of this kind.
    """
    file = series_folder(home, name) / PLAN_FILE
    data = read_toml(file) if file.is_file() else {}
    table = data.pop("series", {})
    if table.get("kind") != kind:
        raise bad_input(f"There is no {kind} called {name!r}.", f"They are kept in {file.parent.parent}.")
    return parse_recipe(anchored(data, file.parent)), table


def series_names(home: Home, kind: SeriesKind) -> tuple[str, ...]:
    """The names of all series of a kind, the newest first."""
    found = []
    for file in (home.root / "series").glob(f"*/{PLAN_FILE}"):
        with suppress(WorkbenchError):
            if read_toml(file).get("series", {}).get("kind") == kind:
                found.append((file.stat().st_mtime, file.parent.name))
    return tuple(name for _, name in sorted(found, reverse=True))


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """A copy with several fields changed at once and everything validated.

    Raises:
        WorkbenchError: With one problem per wrong field.
    """
    data: dict[str, Any] = recipe.model_dump()
    for path, value in values.items():
        section, _, last = path.rpartition(".")
        (data[section] if section else data)[last] = value
    return parse_recipe(data)


def _part_file(folder: RunFolder) -> Path:
    return folder.path / "part-of.json"
