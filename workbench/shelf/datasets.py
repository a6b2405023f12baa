"""The data sets that are shipped with the program, and the file behind a name that a recipe gives."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.data.suggest import did_you_mean, listed
from workbench.run.problem import bad_input
from workbench.run.resources import resources_folder
from workbench.run.sources import joined, matches, places


@dataclass(frozen=True, slots=True)
class ShippedDataset:
    """A shipped data set and its card.

    Attributes:
        name: The short name, which a recipe may give as its data.
        path: The file.
        title: What it is called.
        summary: What it holds, in a sentence or two.
        task: The task it is made for: "text-classification" or "causal-lm".
        rows: How many rows it has; lines for plain text.
        columns: Its columns; empty for plain text.
        text: The text column, or empty.
        label: The label column, or empty.
        classes: The names of the classes.
        licence: The licence's short name.
        how_made: How the rows came about.
        baseline: The simple method to compare with, or empty.
        baseline_accuracy: The baseline's held-out accuracy, 0 to 1.
        baseline_f1_macro: The baseline's held-out macro F1, 0 to 1.
    """

    name: str
    path: Path
    title: str
    summary: str
    task: str
    rows: int
    columns: tuple[str, ...]
    text: str
    label: str
    classes: tuple[str, ...]
    licence: str
    how_made: str
    baseline: str
    baseline_accuracy: float | None
    baseline_f1_macro: float | None


def shipped(folder: Path | None = None) -> tuple[ShippedDataset, ...]:
    """The shipped data sets in the order of their names; a card without its data is passed over.

    Args:
        folder: Where the cards lie; None for the program's own.
    """
    folder = folder or resources_folder() / "datasets"
    found = (_read_card(card) for card in sorted(folder.glob("*.toml")))
    return tuple(dataset for dataset in found if dataset is not None)


def _read_card(card: Path) -> ShippedDataset | None:
    data = next((p for p in (card.with_suffix(".csv"), card.with_suffix(".txt")) if p.is_file()), None)
    if data is None:
        return None
    values: dict[str, Any] = tomllib.loads(card.read_text(encoding="utf-8"))
    return ShippedDataset(
        name=card.stem,
        path=data,
        title=str(values.get("title", card.stem)),
        summary=str(values.get("summary", "")),
        task=str(values.get("task", "text-classification")),
        rows=int(values.get("rows", 0)),
        columns=_names(values.get("columns")),
        text=str(values.get("text", "")),
        label=str(values.get("label", "")),
        classes=_names(values.get("classes")),
        licence=str(values.get("licence", "")),
        how_made=str(values.get("how_made", "")),
        baseline=str(values.get("baseline", "")),
        baseline_accuracy=values.get("baseline_accuracy"),
        baseline_f1_macro=values.get("baseline_f1_macro"),
    )


def _names(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list | dict) else ()


def resolve_data(source: str, base: Path | None = None, *, field: str = "data.train") -> Path:
    """The file that a recipe's data source stands for; several, or a pattern, in one path as `open_table` takes it.

    Args:
        source: A shipped data set's name, a file, a folder, a pattern, or several of them, one a line; a shipped name
            wins over a file of the same name, which "./name" reaches.
        base: The folder that a relative file is looked for in first (that of the recipe); then the current one.
        field: The recipe field that gave the source.

    Raises:
        WorkbenchError: When there is neither, with the nearest name.
    """
    several = places(source)
    if len(several) > 1:
        return Path(joined(resolve_data(place, base, field=field) for place in several))
    names = {dataset.name: dataset.path for dataset in shipped()}
    if source.strip() in names:
        return names[source.strip()]
    given = Path(source.strip()).expanduser()
    folders = [folder for folder in (base, Path.cwd()) if folder is not None]
    candidates = [folder / given for folder in folders]  # an absolute path replaces the folder
    for candidate in candidates:
        if source.strip() and candidate.exists():
            return candidate.resolve()
        if matches(candidate):
            return candidate.parent.resolve() / candidate.name
    nearby = [
        p.name for folder in {c.parent for c in candidates} if folder.is_dir() for p in folder.iterdir()
    ]
    suggestion = did_you_mean(given.name, [*names, *nearby])
    raise bad_input(
        f"The data “{source}” was not found.",
        f"It is neither a file ({listed(list(dict.fromkeys(candidates)), 2)}) nor a shipped data set "
        f"({listed(list(names))}).",
        f"{suggestion} Give a shipped name or the path of a file.".strip(),
        field=field,
    )
