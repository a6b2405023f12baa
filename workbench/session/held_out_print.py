"""The fingerprint of a run's held-out rows: runs are ranked against each other only where it is the same."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError

if TYPE_CHECKING:
    from workbench.engine.task import Rows

#: Its name in a run's `environment.json`.
HELD_OUT = "held_out_fingerprint"


def held_out_print(rows: Rows) -> str:
    """SHA-256 of the held-out rows that a task read, as texts and what is to be said of them; empty where there are
    none. Of rows with one class each it is the fingerprint that `RowScores` has.
    """
    side = getattr(rows.content, "validation", None)
    texts = getattr(side, "texts", None)
    if side is None or (isinstance(side, str) and not side.strip()):
        return ""
    if (texts is None and not isinstance(side, str) and not _length(side)) or texts == ():
        return ""
    found = hashlib.sha256()
    labels = getattr(side, "labels", None)
    if texts is not None and labels is not None and all(isinstance(label, int) for label in labels):
        for text, label in zip(texts, labels, strict=True):
            for part in (text, rows.class_names[label]):
                content = part.encode("utf-8", "surrogatepass")
                found.update(len(content).to_bytes(8, "little") + content)
        return found.hexdigest()
    found.update(json.dumps(_plain(side), default=str).encode())
    return found.hexdigest()


def held_out_of(home: Home, folder: RunFolder) -> str:
    """The fingerprint that a run was begun with; of an older run, which has not noted it, that of its data as long as
    the files have not changed. Empty where nobody can tell any more."""
    environment = folder.environment()
    if HELD_OUT in environment or not environment.get("data_fingerprint"):
        return str(environment.get(HELD_OUT, ""))
    from workbench.session.preparing import own_recipe, step_context
    from workbench.tasks import task_named

    try:
        recipe = own_recipe(folder)
        rows = task_named(recipe.task.kind).read(recipe, step_context(recipe, home))
    except WorkbenchError:
        return ""
    return held_out_print(rows) if rows.fingerprint == environment["data_fingerprint"] else ""


def _length(side: Any) -> int:
    try:
        return len(side)
    except TypeError:
        return 1


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if hasattr(value, "tolist"):  # an array
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
