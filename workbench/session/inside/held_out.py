"""The held-out texts of a run: what it never learnt from, to look at and to search through."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from workbench.run.folder import RunFolder, find_run
from workbench.run.home import Home
from workbench.run.problem import bad_input
from workbench.run.recipe_files import load_recipe


def held_out_texts(home: Home, run: str, most: int = 1000) -> tuple[str, ...]:
    """The first held-out texts of a run, in the order of its data; of a running text, its lines.

    Raises:
        WorkbenchError: When there is no such run, its data is gone, or it held nothing out.
    """
    folder: RunFolder = find_run(home, run)
    texts = _texts(folder.recipe_file, folder.recipe_file.stat().st_mtime_ns)
    if not texts:
        raise bad_input(
            f"The run {folder.name} has no held-out examples.",
            "",
            "Look into a sentence of your own instead.",
        )
    return texts[:most]


@lru_cache(maxsize=2)  # reading and dividing a large file again for every search would take seconds
def _texts(recipe_file: Path, changed: int) -> tuple[str, ...]:
    from workbench.tasks import task_named

    recipe = load_recipe(recipe_file)
    content = task_named(recipe.task.kind).read(recipe).content
    side = content.validation
    if isinstance(side, str):
        found = side.splitlines()
    else:  # texts by themselves, or rows that have one each
        found = side.texts if hasattr(side, "texts") else [row.text for row in side]
    return tuple(" ".join(text.split()) for text in found if text.strip())
