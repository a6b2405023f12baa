"""The models on this machine, and the folder behind the name that a recipe gives."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from workbench.data.suggest import did_you_mean, listed
from workbench.run.folder import find_run, run_folders
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.scratch_fields import is_new
from workbench.shelf.hub import cached_models, cached_snapshot, download_snapshot
from workbench.shelf.model_folder import Kind, inspect_model
from workbench.shelf.packages import PACKAGES, ModelPackage, installed_folder, package_named, verify

State = Literal["ready", "not installed", "not converted", "unusable"]

_FIELD = "model.source"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the shelf.

    Attributes:
        name: What a recipe gives as its model.
        title: What it is called.
        description: What it is, in a line; for an unusable one, why.
        kind: What it can do.
        state: "ready" to load; "not installed" must be fetched; "not converted" is on the machine and has to
            be converted once; "unusable" is a folder that is no model.
        path: Its folder, or None where there is none yet.
        megabytes: The size of its weights or of its download, in 10^6 bytes.
        licence: Its licence, or empty where that is not known.
        embedded: Whether it is one of the program's own.
    """

    name: str
    title: str
    description: str
    kind: Kind
    state: State
    path: Path | None
    megabytes: float
    licence: str
    embedded: bool


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """Where a model lies.

    Attributes:
        path: The folder to load from.
        name: What to call it.
        kind: What it can do.
        architecture: The transformers class of its weights.
        needs_conversion: True when `path` has yet to be made from the embedded package.
    """

    path: Path
    name: str
    kind: Kind
    architecture: str
    needs_conversion: bool = False


def models(home: Home) -> tuple[ModelEntry, ...]:
    """The embedded models, then those in the home's model folder, then those of the Hub that are on this machine, by
    name. Weights of runs are not listed."""
    own = {row.name for row in PACKAGES}
    folders = sorted(home.models.iterdir()) if home.models.is_dir() else []
    others = (
        _shelf_entry(f) for f in folders if f.is_dir() and f.name not in own and not f.name.startswith(".")
    )
    cached = (_cached_entry(name, snapshot) for name, snapshot in cached_models())
    return (
        *(_embedded_entry(row, home) for row in PACKAGES),
        *others,
        *(entry for entry in cached if entry.state == "ready"),
    )


def resolve_model(source: str, home: Home, *, download: bool = False) -> ModelPlace:
    """The folder that a recipe's model source stands for.

    Tried in this order: a short name, a folder, a name in the model shelf, a run's name, a Hub id, an unambiguous
    part of a run's name. A folder of the same name as something earlier is reached by "./name".

    Args:
        source: What the recipe gives.
        home: Where the shelf and the runs are.
        download: Whether a Hub id that is not on this machine may be downloaded.

    Raises:
        WorkbenchError: When nothing of that name is here, or what is here is not a model that may be loaded.
    """
    source = source.strip()
    if is_new(source):
        raise bad_input(
            f"The model {source} is made when a run begins.",
            "It starts from nothing, in the shape that the run's recipe gives it.",
            "Choose the run once it has begun, or a model that is there.",
            field=_FIELD,
        )
    if row := package_named(source):
        return _embedded_place(row, home)
    given = Path(source).expanduser()
    for folder in (given, home.models / source, home.runs / source):
        if source and folder.exists():
            return _folder_place(folder.resolve())
    if _HUB_ID.fullmatch(source):
        return _hub_place(source, download)
    if source and any(source in run.name for run in run_folders(home)):
        return _folder_place(find_run(home, source).path)  # or a problem, where several are meant
    raise _unknown(source, home)


def converted_folder(row: ModelPackage, home: Home) -> Path:
    """Where the converted weights of an embedded GGUF model lie, or will lie."""
    return home.models / row.name


def _needs_conversion(row: ModelPackage) -> bool:
    return row.weights.endswith(".gguf")


def _embedded_place(row: ModelPackage, home: Home) -> ModelPlace:
    if not _needs_conversion(row):
        return ModelPlace(verify(row), row.name, row.kind, row.architecture)
    folder = converted_folder(row, home)
    try:
        inspect_model(folder)
    except WorkbenchError:  # absent, or a conversion that was cut short: it is made (again)
        verify(row)
        return ModelPlace(folder, row.name, row.kind, row.architecture, needs_conversion=True)
    return ModelPlace(folder, row.name, row.kind, row.architecture)


def _folder_place(folder: Path) -> ModelPlace:
    model, name = folder, folder.name
    if (folder / "recipe.toml").is_file():
        model = folder / "model"
        if not model.is_dir():
            raise bad_input(
                f"The run {folder.name} has no saved weights yet.",
                f"There is no folder {model}.",
                "Let the run finish, or name one of its checkpoints "
                f"({listed([p.name for p in sorted((folder / 'checkpoints').glob('step-*'))], 4) or 'none yet'}).",
                field=_FIELD,
            )
    elif folder.is_dir() and not (folder / "config.json").is_file() and (folder / "model").is_dir():
        model = folder / "model"  # a checkpoint
        if folder.parent.name == "checkpoints":
            name = f"{folder.parent.parent.name} {folder.name}"
    elif folder.name == "model" and (folder.parent / "recipe.toml").is_file():
        name = folder.parent.name
    facts = inspect_model(model)
    return ModelPlace(model, name, facts.kind, facts.architecture)


def _hub_place(source: str, download: bool) -> ModelPlace:
    snapshot = cached_snapshot(source)
    if snapshot is None and not download:
        raise _not_cached(source)
    try:
        facts = inspect_model(snapshot) if snapshot else None
    except WorkbenchError:
        if not download:
            raise
        facts = None  # the cache may hold a part of the model, such as its tokenizer alone
    if snapshot is None or facts is None:
        snapshot = download_snapshot(source)
        facts = inspect_model(snapshot)
    return ModelPlace(snapshot, source, facts.kind, facts.architecture)


def _embedded_entry(row: ModelPackage, home: Home) -> ModelEntry:
    installed = installed_folder(row)
    path = installed
    state: State = "ready" if installed else "not installed"
    if _needs_conversion(row):
        folder = converted_folder(row, home)
        converted = (folder / "config.json").is_file() and (folder / "model.safetensors").is_file()
        path = folder if converted else None
        state = "ready" if converted else "not converted" if installed else "not installed"
    return ModelEntry(
        row.name, row.title, row.description, row.kind, state, path, row.size_mb, row.licence, embedded=True
    )


def _shelf_entry(folder: Path) -> ModelEntry:
    try:
        facts = inspect_model(folder)
    except WorkbenchError as error:
        return ModelEntry(
            folder.name,
            folder.name,
            str(error.problem),
            "unknown",
            "unusable",
            folder,
            0.0,
            "",
            embedded=False,
        )
    return ModelEntry(
        folder.name,
        folder.name,
        facts.architecture,
        facts.kind,
        "ready",
        folder,
        facts.megabytes,
        "",
        embedded=False,
    )


def _cached_entry(name: str, snapshot: Path) -> ModelEntry:
    return replace(_shelf_entry(snapshot), name=name, title=name)


def _not_cached(source: str) -> WorkbenchError:
    return bad_input(
        f"The model {source} is not on this machine.",
        "Its name is that of a Hub model, and nothing is downloaded without being asked for. "
        "(There is no folder of that name either.)",
        "Allow the download with --download, or choose a model that is here, such as minilm.",
        field=_FIELD,
    )


def _unknown(source: str, home: Home) -> WorkbenchError:
    shelf = [entry.name for entry in models(home)]
    runs = [p.name for p in home.runs.iterdir()] if home.runs.is_dir() else []
    suggestion = did_you_mean(source, [*shelf, *runs])
    return bad_input(
        f"There is no model “{source}”.",
        f"It is no folder, no run, and not one of the models on this machine ({listed(shelf)}).",
        f"{suggestion} Give a short name, a model folder, a run, or a Hub id (owner/name).".strip(),
        field=_FIELD,
    )
