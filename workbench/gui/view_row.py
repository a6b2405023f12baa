"""One view of a page that has several: a row in the page's table of views."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ViewRow:
    """Its key, its words, and the class that shows it; without a module the page shows only its table.

    Attributes:
        module: Below `workbench.gui`; imported when the view is first shown.
    """

    key: str
    title: str
    help: str
    module: str = ""
    widget: str = ""

    def build(self, *given: Any) -> Any:
        """Make the view's widget of what the page's views are made of."""
        return getattr(importlib.import_module(f"workbench.gui.{self.module}"), self.widget)(*given)
