"""Decisions about label suspects: they become edits by hand of the data in hand, as on the Data page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from workbench.data.edits import Patch
from workbench.data.suggest import counted
from workbench.gui.data.edits import Edits
from workbench.gui.workspace import Workspace
from workbench.run.folder import RunFolder
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.run.sources import same_source
from workbench.run.suspects import Decision, Suspect, Suspects
from workbench.session.lanes import Desk


class Deciding(QObject):
    """What is decided about the rows of a queue. Only rows of the data in hand can be decided about: that is whose
    edits by hand are kept. `fetch` takes the run's data in hand."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.edits: Edits = workspace.mending.edits
        self.found: Suspects | None = None
        self._then: Callable[[], object] | None = None
        self.edits.changed.connect(self.changed)
        workspace.data_changed.connect(self._data_changed)

    # ---- asking

    @property
    def in_hand(self) -> bool:
        """Whether the queue's rows are those of the data in hand."""
        found = self.found
        return found is not None and same_source(self._workspace.recipe.data.train, found.file)

    def decision(self, suspect: Suspect) -> tuple[Decision | str, str]:
        """What is decided about a row now ("" for nothing), and the class it was given by hand."""
        found = self.found
        if found is None or not self.in_hand:
            return suspect.decision, suspect.decided
        patch = self.edits.patch
        if suspect.key in patch.dropped:
            return "drop", ""
        edit = patch.edits.get((suspect.key, found.label))
        label = patch.labels.get(suspect.key, edit.new if edit is not None else None)
        if label is None:
            return "", ""
        label = label.strip()
        now = next((name for name, written in found.written.items() if written == label), label)
        return ("keep" if now == suspect.label else "fix"), now

    # ---- doing

    def decide(self, suspects: Sequence[Suspect], decision: Decision | str, label: str = "") -> None:
        """Decide about rows, as one step on the way back; "" takes back what was decided.

        Args:
            suspects: The rows.
            decision: What is decided.
            label: For "fix": the class; empty for the likely one of each row.
        """
        from workbench.session.suspects import decide, decided

        found, before = self.found, self.edits.patch
        if found is None or not suspects or not self.in_hand:
            return
        after = before
        if decision in ("keep", "fix", "drop"):
            chosen: Decision = decision
            after = decide(found, before, [(one, chosen, label) for one in suspects])
        else:
            for one in suspects:
                after = decided(after, one.key, "", "", found.label).without_dropped(one.key)
        of = (
            self.tr("row {0}").format(suspects[0].row + 1)
            if len(suspects) == 1
            else counted(len(suspects), "row")
        )
        words = {
            "keep": self.tr("keep the label of {0}"),
            "fix": self.tr("fix the label of {0}"),
            "drop": self.tr("drop {0}"),
        }.get(decision, self.tr("take back what was decided of {0}"))
        self.edits.take(words.format(of), after, suspects[0].key)

    # ---- taking the run's data in hand

    def fetch(self, then: Callable[[], object]) -> None:
        """Take the recipe of the queue's run in hand, with its edits, then do something."""
        found = self.found
        if found is None:
            return
        self._then = then
        if self.in_hand:
            self._data_changed()
            return

        def arrived(recipe: Recipe) -> None:
            self._workspace.set_recipe(self._workspace.mending.with_edits(recipe))

        folder = RunFolder(self._workspace.session.home.runs / found.run)
        self._workspace.session.read_recipe(folder, arrived, self._failed)

    def _failed(self, problem: Problem) -> None:
        self._then = None
        self._workspace.problem_raised.emit(problem)

    def _data_changed(self) -> None:
        workspace = self._workspace
        if workspace.data_problem and not workspace.data_busy:
            self._then = None
        elif (
            self._then is not None and not workspace.data_busy and workspace.data is not None and self.in_hand
        ):
            then, self._then = self._then, None
            # The data's own edits are being read in this lane: they come first, or they would undo the decision.
            workspace.session.files.submit(_nothing, done=lambda _: then(), failed=self._failed)
        self.changed.emit()


def _nothing(desk: Desk) -> Patch | None:
    return None
