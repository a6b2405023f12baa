"""Fix and train again: a recipe that goes on from a run's model on the corrected data, with the same rows held out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workbench.data.edits import Patch
from workbench.data.frame import Frame
from workbench.data.kept_sides import KeptSides, write_sides
from workbench.data.patch import read as read_patch
from workbench.data.pipeline import text_role
from workbench.data.row_sides import row_sides
from workbench.data.splitting import divides
from workbench.data.step import Context, parse_step
from workbench.data.suggest import counted
from workbench.data.training_rows import opened, training_rows
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.kept_edits import data_of, edits_folder
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import DataSection, Recipe
from workbench.run.sources import stem_of, whole_source
from workbench.session.cards import PARTS
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.shelf.datasets import resolve_data

#: Tasks that read a running text, which has no rows to mend or to hold out one by one.
_RUNNING_TEXT = ("causal-lm", "masked-lm")


@dataclass(frozen=True, slots=True)
class Again:
    """What is to be trained.

    Attributes:
        recipe: The run's recipe, beginning with its model, with the corrections and the same held-out rows.
        corrected: How many rows are corrected otherwise than when the run began.
        edits: The file of edits by hand.
        notes: What else there is to say.
    """

    recipe: Recipe
    corrected: int
    edits: Path
    notes: tuple[str, ...] = ()


def corrected_rows(run: RunFolder, edits: Path | None) -> int:
    """How many rows a file of edits by hand corrects otherwise than the run had them; 0 where there is no file.

    Raises:
        WorkbenchError: When the file is no file of edits.
    """
    return len(_changed(run, edits))


def recipe_again(home: Home, run: RunFolder, edits: str | Path, desk: Desk) -> Again:
    """The recipe that goes on from a run with the corrections as they stand.

    The rows that the run held out are written into its folder (`RunFolder.sides_file`), by their keys, which no
    correction changes.

    Args:
        home: Where data is looked up.
        run: The run; it must have saved a model.
        edits: The file of edits by hand; empty for the newest one of the run's data.
        desk: Where the work is done.

    Raises:
        WorkbenchError: When the run has no model or no rows, its data file has changed, or nothing was corrected.
    """
    recipe = own_recipe(run)
    if recipe.task.kind in _RUNNING_TEXT:
        raise bad_input(
            f"The data of {run.name} is a running text.",
            "It has no rows that could be corrected by hand and held out one by one.",
            "Mend the text in a copy of the file, and start a run on it.",
        )
    if not (run.model / "config.json").is_file():
        raise bad_input(
            f"The run {run.name} has no saved weights to go on from.",
            f"There is no model in {run.model}.",
            "Let the run finish, or start a new one on the corrected data.",
        )
    desk.report("Reading the rows…")
    kept, keys = _held_out(home, run, recipe, desk)
    file = Path(edits).expanduser() if edits else _newest_edits(home, run, recipe, keys)
    changed = _changed(run, file)
    if file is None or not changed:
        raise bad_input(
            f"Nothing was corrected since {run.name} was trained.",
            f"{file} holds the same edits as the run." if file else "There are no edits by hand of its data.",
            "Correct labels on the Data page or with workbench suspects --fix-file, and name that file.",
            field="data.patch",
        )
    notes = []
    if kept is not None:
        write_sides(run.sides_file, kept)
        in_held_out = len(changed & (kept.validation | kept.test))
        if in_held_out:
            notes.append(
                f"{counted(in_held_out, 'held-out row')} {'is' if in_held_out == 1 else 'are'} corrected as well: the "
                "rows are the same, their right answers are not."
            )
    source, note = _beginning(home, run, recipe)
    data = {"patch": str(file), "sides": str(run.sides_file) if kept is not None else ""}
    plain = recipe.model_dump()
    plain["data"] |= data | ({"folds": 0, "fold": 1} if kept is not None else {})
    plain["model"]["source"] = source
    plain["name"] = _name(recipe)
    return Again(Recipe.model_validate(plain), len(changed), file, (*notes, *note))


# ---- what was corrected


def _own_edits(run: RunFolder) -> Path | None:
    return run.edits_file if run.edits_file.is_file() else None


def _states(file: Path | None) -> set[tuple[object, ...]]:
    """What is said of each row, without notes, which correct nothing."""
    patch = read_patch(file) if file is not None else Patch()
    found: set[tuple[object, ...]] = {(key, "label", label) for key, label in patch.labels.items()}
    found |= {(edit.key, "cell", edit.column, edit.new) for edit in patch.edits.values()}
    return found | {(key, "drop") for key in patch.dropped}


def _changed(run: RunFolder, file: Path | None) -> set[int]:
    """The keys of the rows that the file corrects otherwise than the run had them."""
    if file is None:
        return set()
    return {int(str(state[0])) for state in _states(file) ^ _states(_own_edits(run))}


def _newest_edits(home: Home, run: RunFolder, recipe: Recipe, keys: set[int]) -> Path | None:
    """The newest file of edits that the Data page has kept for this data; some of its rows must be there."""
    own = re.sub(r"[^A-Za-z0-9._-]+", "-", stem_of(recipe.data.train))[:40]
    source = whole_source(recipe.data.train)
    files = edits_folder(home).glob("*.jsonl")
    named = [
        file
        for file in files
        if (data_of(file) or source) == source and re.fullmatch(rf"{re.escape(own)}-[0-9a-f]{{8}}", file.stem)
    ]
    for file in sorted(named, key=lambda found: found.stat().st_mtime, reverse=True):
        try:
            if not keys or any(int(str(state[0])) in keys for state in _states(file)):
                return file
        except WorkbenchError:
            continue
    return None


# ---- what is held out


def _held_out(home: Home, run: RunFolder, recipe: Recipe, desk: Desk) -> tuple[KeptSides | None, set[int]]:
    """The run's held-out and test rows, None where both have files of their own; and the keys of all rows."""
    steps = tuple(s for s in recipe.data.steps if not (s.on and parse_step(s.model_dump()).learning_only))
    data = recipe.data.model_copy(update={"steps": steps})
    train, validation, test, prints = _frames(recipe, data, step_context(recipe, home, desk.check))
    desk.check()
    from workbench.engine.task import joint_fingerprint

    known = run.environment().get("data_fingerprint")
    if known and not data.sides and joint_fingerprint(prints) != known:
        raise bad_input(
            f"The data of {run.name} has changed since it was trained.",
            "Which rows it held out can no longer be told, so they could not be kept apart.",
            "Put the file back and correct it with edits by hand, which leave it as it is; or start a new run.",
            field="data.train",
        )
    sides: dict[str, frozenset[int]] = {"validation": frozenset(), "test": frozenset()}
    for name, frame in (("validation", validation), ("test", test)):
        if not isinstance(getattr(data, name), str):
            sides[name] = frozenset(frame.keys.tolist())
    keys = set(train.keys.tolist()) | sides["validation"] | sides["test"]
    if not divides(data) or not (sides["validation"] or sides["test"]):
        return None, keys
    return KeptSides(sides["validation"], sides["test"]), keys


def _frames(
    recipe: Recipe, data: DataSection, context: Context
) -> tuple[Frame, Frame, Frame, tuple[str, ...]]:
    def resolve(source: str, field: str) -> Path:
        return resolve_data(source, field=field)

    if recipe.task.kind == "text-classification":
        rows = training_rows(data, context, resolve)
        return rows.train, rows.validation, rows.test, rows.fingerprints
    table = opened(data, data.train, "data.train", context, resolve)
    found = row_sides(data, context, resolve, table, text_role(table, data))
    return found.train, found.validation, found.test, found.fingerprints


# ---- where it begins


def _beginning(home: Home, run: RunFolder, recipe: Recipe) -> tuple[str, tuple[str, ...]]:
    """The model to begin with, and what is to be said of it."""
    part = PARTS.get(recipe.weights.kind)
    if part is not None:
        note = f"It begins with {recipe.model.source} again, since a model has {part} only once."
        return recipe.model.source, (note,)
    inside = run.path.parent.resolve() == home.runs.resolve()
    return run.name if inside else str(run.path), ()


def _name(recipe: Recipe) -> str:
    title = recipe.name or stem_of(recipe.data.train)
    before = re.fullmatch(r"(.*) again(?: (\d+))?", title)
    ending = " again" if before is None else f" again {int(before[2] or 1) + 1}"
    return f"{(before[1] if before else title)[: 80 - len(ending)]}{ending}"
