"""The pages of the window: a table of frozen rows. A page's module is imported when it is first shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from workbench.gui.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the key that commands use, its words, and the class that shows it."""

    key: str
    title: str
    icon: str
    help: str
    module: str
    widget: str

    def build(self, workspace: Workspace) -> QWidget:
        """Make the page's widget; importing it may take a second."""
        made: QWidget = getattr(importlib.import_module(self.module), self.widget)(workspace)
        return made


PAGES: tuple[Page, ...] = (
    Page(
        "data", "Data", "data", "What the model learns from (Ctrl+1).", "workbench.gui.panes.data", "DataPane"
    ),
    Page("train", "Train", "train", "How learning goes (Ctrl+2).", "workbench.gui.panes.train", "TrainPane"),
    Page(
        "evaluate",
        "Evaluate",
        "measure",
        "How good the model is, and on which rows it is wrong (Ctrl+3).",
        "workbench.gui.panes.evaluate",
        "EvaluatePane",
    ),
    Page(
        "compare",
        "Compare",
        "layers",
        "Runs beside each other: what differs, what came out, and who is first (Ctrl+4).",
        "workbench.gui.panes.compare",
        "ComparePane",
    ),
    Page(
        "attention",
        "Attention",
        "attention",
        "What the model looks at (Ctrl+5).",
        "workbench.gui.panes.attention",
        "AttentionPane",
    ),
    Page("prompt", "Prompt", "prompt", "Try the model (Ctrl+6).", "workbench.gui.panes.prompt", "PromptPane"),
)
