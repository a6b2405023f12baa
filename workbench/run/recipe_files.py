"""Reading and writing recipes: TOML files, overrides from the command line, old versions, and complaints."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import RECIPE_VERSION, Recipe
from workbench.run.section import Section
from workbench.run.sources import joined, matches, places

#: How a recipe of version n becomes one of version n + 1; each takes and returns the plain dictionary.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One recipe field as the form and the help show it."""

    path: str
    title: str
    help: str
    unit: str
    advanced: bool
    default: Any
    annotation: Any
    minimum: float | None
    maximum: float | None


def _row(path: str, info: FieldInfo) -> FieldRow:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    bounds: dict[str, float] = {}
    for item in info.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(item, name, None) is not None:
                bounds[name] = float(getattr(item, name))
    return FieldRow(
        path=path,
        title=info.title or path,
        help=info.description or "",
        unit=str(extra.get("unit", "")),
        advanced=bool(extra.get("advanced", False)),
        default=info.default,
        annotation=info.annotation,
        minimum=bounds.get("ge", bounds.get("gt")),
        maximum=bounds.get("le", bounds.get("lt")),
    )


def fields_of(section: type[Section], prefix: str = "") -> dict[str, FieldRow]:
    """Every field of a group by its dotted path, in the order of the file."""
    rows: dict[str, FieldRow] = {}
    for name, info in section.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            rows |= fields_of(info.annotation, f"{prefix}{name}.")
        else:
            rows[prefix + name] = _row(prefix + name, info)
    return rows


@cache  # the form asks hundreds of times; nobody changes it
def recipe_fields() -> dict[str, FieldRow]:
    """Every field of a recipe by its dotted path."""
    return fields_of(Recipe)


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(known)}."


def _complaint(error: ErrorDetails, fields: dict[str, FieldRow]) -> Problem:
    # The union of a share and a file name reports each branch; the location then has a part that is no field.
    parts = [str(part) for part in error["loc"]]
    path = ".".join(parts)
    while path not in fields and len(parts) > 1 and error["type"] != "extra_forbidden":
        parts.pop()
        path = ".".join(parts)
    row = fields.get(path)
    given = error.get("input")
    if error["type"] == "extra_forbidden":
        section, _, last = path.rpartition(".")
        siblings = [key.rpartition(".")[2] for key in fields if key.rpartition(".")[0] == section]
        if not section:
            siblings += [key for key in Recipe.model_fields if key not in siblings]
        return Problem(f"{path}: there is no such field.", "", _nearest(last, siblings), field=path)
    # "Input should be a valid integer, unable to parse string as an integer": the first half says enough.
    message = (
        error["msg"]
        .removeprefix("Value error, ")
        .replace("Input should", "it should")
        .partition(", unable to")[0]
        .rstrip(".")
    )
    title = f"{path} ({row.title})" if row else (path or "The recipe")
    unit = f" It is counted in {row.unit}." if row and row.unit else ""
    return Problem(
        f"{title}: {given!r} is not allowed: {message[0].lower()}{message[1:]}.{unit}",
        row.help if row else "",
        "",
        field=path,
    )


def parse_recipe(data: dict[str, Any]) -> Recipe:
    """A recipe from plain values, migrated from older versions.

    Raises:
        WorkbenchError: With one problem per wrong field, all at once.
    """
    version = data.get("version", RECIPE_VERSION)
    oldest = min(MIGRATIONS, default=RECIPE_VERSION)
    if type(version) is not int or not oldest <= version <= RECIPE_VERSION:
        readable = (
            f"version {oldest}" if oldest == RECIPE_VERSION else f"versions {oldest} to {RECIPE_VERSION}"
        )
        raise bad_input(
            f"This recipe has version {version!r}.",
            f"This program reads {readable}.",
            "Update the program, or correct the line that begins with version.",
            field="version",
        )
    while version < RECIPE_VERSION:
        data = MIGRATIONS[version](data)
        version += 1
        data["version"] = version
    return validated(Recipe, data)


S = TypeVar("S", bound=Section)


def validated(section: type[S], data: dict[str, Any]) -> S:
    """The group made of plain values.

    Raises:
        WorkbenchError: With one problem per wrong field, all at once.
    """
    try:
        return section.model_validate(data)
    except ValidationError as error:
        fields = fields_of(section)
        problems: dict[str, Problem] = {}
        for detail in error.errors(include_url=False):
            problem = _complaint(detail, fields)
            problems.setdefault(problem.field, problem)
        raise WorkbenchError(*problems.values()) from None


def changed(recipe: Recipe, path: str, value: object) -> Recipe:
    """A copy with one field changed and everything validated, as `changed(recipe, "training.epochs", 2)`.

    Raises:
        WorkbenchError: When the value is not allowed, naming the field.
    """
    data: dict[str, Any] = recipe.model_dump()
    section, _, last = path.rpartition(".")
    (data[section] if section else data)[last] = value
    return parse_recipe(data)


def read_toml(path: Path) -> dict[str, Any]:
    """The plain values of a recipe file; raises a `WorkbenchError` that names file and line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise bad_input(
            f"The recipe {path} does not exist.", "", "Check the name, or make one with: workbench recipe"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise bad_input(
            f"The recipe {path} cannot be read.", f"It is not valid TOML: {error}.", "Correct that line."
        ) from None
    except OSError as error:
        raise bad_input(f"The recipe {path} cannot be read.", f"The system says: {error.strerror}.") from None


def load_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file; data paths in it are relative to the file.

    Raises:
        WorkbenchError: When the file cannot be read or a field is wrong.
    """
    return parse_recipe(anchored(read_toml(path), path.resolve().parent))


def anchored(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The values with files and model folders that lie next to the recipe made absolute, so that it works
    anywhere."""
    placed = dict(data)
    for section, keys in (
        ("data", ("train", "validation", "test", "sides", "patch")),
        ("model", ("source",)),
    ):
        values = data.get(section)
        if not isinstance(values, dict):
            continue
        given = {key: values[key] for key in keys if isinstance(values.get(key), str) and values[key].strip()}
        # "minilm" is a short name even where a folder of that name lies near; "./minilm" is the folder.
        near = {key: v for key, v in given.items() if section == "data" or "/" in v or "\\" in v}
        placed[section] = values | {
            key: joined(_near(v, folder) for v in places(v)) for key, v in near.items()
        }
    return placed


def _near(place: str, folder: Path) -> str:
    """A place that lies next to the recipe, as an absolute path; any other one as it stands."""
    near = folder / place
    return str(near.resolve()) if near.exists() or matches(near) else place


def with_overrides(
    data: dict[str, Any], overrides: Iterable[str], section: type[Section] = Recipe
) -> dict[str, Any]:
    """The values with `path=value` overrides applied; a value is TOML, or else a string.

    Raises:
        WorkbenchError: When an override has no `=` or names no field.
    """
    result: dict[str, Any] = {key: dict(v) if isinstance(v, dict) else v for key, v in data.items()}
    known = fields_of(section)
    problems = []
    for override in overrides:
        path, separator, text = override.partition("=")
        path = path.strip()
        if not separator or path not in known:
            example = f"{next(reversed(known))}=…"
            why = _nearest(path, known) if separator else f"Write it as field=value, such as {example}"
            problems.append(Problem(f"--set {override}: there is no such field.", "", why, field=path))
            continue
        try:
            value: Any = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        if known[path].annotation is str and not isinstance(value, str):
            value = text  # a column may well be called 1
        group, _, last = path.rpartition(".")
        (result.setdefault(group, {}) if group else result)[last] = value
    if problems:
        raise WorkbenchError(*problems)
    return result


def recipe_toml(recipe: Recipe) -> str:
    """The recipe as a TOML document; reading it back gives an equal recipe.

    The steps stand at the end, each as a table `[[data.steps]]`, so that another one can be written below them.
    """
    plain = recipe.model_dump()
    steps = plain["data"].pop("steps")
    return "\n".join([tomli_w.dumps(plain), *map(_step_toml, steps)])


def _step_toml(step: dict[str, Any]) -> str:
    return tomli_w.dumps({"data": {"steps": step}}).replace("[data.steps]", "[[data.steps]]", 1)
