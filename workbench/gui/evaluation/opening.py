"""Where a run is evaluated: a language model in a dialog of its own, any other model on the Evaluate page."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from workbench.gui.workspace import Workspace
from workbench.run.folder import RunSummary
from workbench.run.target_rows import TARGETS
from workbench.run.task_kinds import has_classes, writes


def can_be_evaluated(task: str) -> bool:
    """Whether models of a task can be measured in the window."""
    return has_classes(task) or writes(task) or task in TARGETS


def evaluate_run(workspace: Workspace, run: RunSummary, parent: QWidget) -> None:
    """Go where this run is evaluated."""
    if writes(run.task):
        from workbench.gui.evaluation.dialog import open_evaluation  # what few ask for, no start waits for

        open_evaluation(workspace, run.name, parent)
        return
    workspace.evaluate_wish = run.name
    workspace.page_wanted.emit("evaluate")
