"""Care of the runs on the shelf: another title, the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.run.files import write_whole
from workbench.run.folder import RunFolder
from workbench.run.problem import bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_toml

if TYPE_CHECKING:
    pass


def rename(folder: RunFolder, title: str) -> RunFolder:
    """Give the run another title; its folder keeps its name."""
    recipe = folder.recipe()
    renamed = Recipe.model_validate(recipe.model_dump() | {"name": title.strip()[:80]})
    write_whole(folder.recipe_file, recipe_toml(renamed))
    return folder


def trash(folder: RunFolder) -> RunFolder:
    """Move the run to the system's trash.

    Raises:
        WorkbenchError: When it is in work, or the system has no trash for it.
    """
    if folder.is_alive():
        raise bad_input(f"The run {folder.name} is in work.", "", "Stop it first.")
    from send2trash import TrashPermissionError, send2trash

    try:
        send2trash(str(folder.path))
    except (TrashPermissionError, OSError) as error:
        raise bad_input(
            f"The run {folder.name} could not be moved to the trash.",
            f"The system says: {error}.",
            f"Delete the folder {folder.path} by hand.",
        ) from error
    return folder
