"""The check before the start, as the window asks for it: one at a time, with its progress, outcome and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from workbench.run.offers import Offer
from workbench.run.preflight import Preflight
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.session.lanes import Ticket

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace


class Checking(QObject):
    """Asks whether the recipe in hand fits, and keeps the answer until it is put away or a run is started."""

    changed = Signal()  # .busy, .progress, .found

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._ticket: Ticket | None = None
        #: The recipe that is or was checked.
        self.recipe: Recipe | None = None
        self.progress = ""
        self.found: Preflight | None = None
        workspace.recipe_changed.connect(self._recipe_changed)
        workspace.active_changed.connect(self._active_changed)

    @property
    def busy(self) -> bool:
        """Whether a check is under way."""
        return self._ticket is not None

    @property
    def outdated(self) -> bool:
        """Whether the recipe in hand is no longer the one that was checked."""
        return self.found is not None and self.recipe != self._workspace.recipe

    def begin(self) -> None:
        """Check the recipe in hand, unless it has complaints, a run is in work, or a check is under way."""
        workspace = self._workspace
        if self.busy or workspace.active or workspace.complaints:
            return
        if workspace.refusals:
            workspace.set_refusals(())
        self.recipe, self.found = workspace.recipe, None
        self.progress = self.tr("waiting for the engine")
        self._ticket = workspace.session.preflight(
            workspace.recipe,
            self._arrived,
            self._failed,
            watts=workspace.settings.decimal("cost/watts"),
            price=workspace.settings.decimal("cost/price"),
            progress=self._told,
        )
        self.changed.emit()

    def cancel(self) -> None:
        """Give up the check under way."""
        if self._ticket:
            self._ticket.cancel()
            self._ticket = None
            self.changed.emit()

    def put_away(self) -> None:
        """Forget the outcome."""
        if self.found is not None:
            self.found = None
            self.changed.emit()

    def take(self, offer: Offer) -> None:
        """Change the recipe as the offer says, and check again."""
        for path, value in offer.changes:
            self._workspace.set_field(path, value)
        self.begin()

    def _told(self, text: str) -> None:
        self.progress = text
        self.changed.emit()

    def _arrived(self, found: Preflight) -> None:
        self._ticket, self.found = None, found
        self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self._workspace.set_refusals((problem,) if problem.field else ())
        self.changed.emit()
        self._workspace.problem_raised.emit(problem)

    def _recipe_changed(self) -> None:
        if self.found is not None:
            self.changed.emit()

    def _active_changed(self) -> None:
        if self._workspace.active is not None:  # the run checks by itself
            self.cancel()
            self.put_away()
