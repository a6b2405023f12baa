"""A button with texts to try: rows of the loaded data, and built-in ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtWidgets import QMenu

from workbench.gui.widgets import GhostButton
from workbench.gui.workspace import Workspace

SENTENCES = (
    "The film was not good, but the music saved it.",
    "The keys that the man left on the tables are gone.",
    "Anna told Maria that she would bring her book tomorrow.",
    "My order arrived late and the box was damaged.",
    "The bank by the river raised its interest rates.",
)
PROMPTS = (
    "What is the capital of France, and what is it known for?",
    "Explain in two sentences why the sky is blue.",
    "Write a short poem about rain on a tin roof.",
    "Give me three tips for sleeping better.",
    "Once upon a time, in a village by the sea,",
)
_ROWS, _LONGEST = 8, 90


def shortened(text: str, longest: int = _LONGEST) -> str:
    """A text as one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


class ExamplesButton(GhostButton):
    """Opens a menu of texts; `taken` receives the one that is picked."""

    def __init__(
        self,
        workspace: Workspace,
        built_in: Sequence[str],
        taken: Callable[[str], object],
        *,
        rows: bool = True,
    ) -> None:
        super().__init__("Examples", help="Pick a text to try.")
        self._workspace, self._built_in, self._taken, self._with_rows = workspace, built_in, taken, rows
        self.list = QMenu(self)
        self.list.aboutToShow.connect(self.fill)
        self.setMenu(self.list)

    def fill(self) -> None:
        """Rows of the loaded data first, then the built-in texts."""
        self.list.clear()
        for heading, texts in (
            (self.tr("From the loaded data"), tuple(self._rows())),
            (self.tr("Built in"), self._built_in),
        ):
            if texts:
                self.list.addSection(heading)
            for text in texts:
                action = self.list.addAction(shortened(text).replace("&", "&&"))
                action.triggered.connect(lambda _=False, text=text: self._taken(text))

    def _rows(self) -> Iterator[str]:
        data = self._workspace.data
        if not self._with_rows or data is None or data.table is None or data.text not in data.table.columns:
            return
        for text in data.table.column(data.text, 0, _ROWS):
            if text and text.strip():
                yield " ".join(text.split())
