"""Mending the data in hand, as the window does it: problems found, steps and edits by hand, and rows in any order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.data.edits import Patch
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import changed
from workbench.run.sources import same_source, whole_source
from workbench.session.lanes import Ticket
from workbench.session.requests import DataRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.data.check import Fix
    from workbench.data.mending import Looked
    from workbench.data.row_order import Arranged, Rows, Wish
    from workbench.gui.data.edits import Edits
    from workbench.gui.workspace import Workspace

#: Milliseconds after the last edit until all of them are written.
KEEP_AFTER = 400


class Mending(QObject):
    """What is known of the rows beyond the preview; one look for problems at a time."""

    changed = Signal()  # .busy, .looked, .problem, .ignored, .outdated
    arranged = Signal(object)  # Arranged
    not_arranged = Signal(object)  # Problem
    outcome = Signal(str, str)  # what the step that is being set up would do; "hint" or "error"
    tokens = Signal(str, object)  # the text, its tokens
    columns = Signal(object, object)  # the profiles of the columns, the languages or None
    edits_read = Signal(object)  # Patch

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace
        self._rows = workspace.session.rows
        self._ticket: Ticket | None = None
        self._ordering: Ticket | None = None
        self._trying: Ticket | None = None
        self._again = False
        self._source = ""  # the data whose edits by hand are in hand
        self._patch_read: str | None = None  # their file, "" for none; None while nobody has looked
        self._unwritten: Patch | None = None
        self._writing = False
        self._kept: dict[str, Path] = {}  # the newest file of edits of each data
        #: The look that `looked` answers.
        self.request: DataRequest | None = None
        self.looked: Looked | None = None
        self.problem: Problem | None = None
        self.progress = ""
        #: The names of findings that are let be (`Finding.name`).
        self.ignored: frozenset[tuple[str, str, str]] = frozenset()
        self._keeping = QTimer(self)
        self._keeping.setSingleShot(True)
        self._keeping.setInterval(KEEP_AFTER)
        self._keeping.timeout.connect(self._keep)
        workspace.data_changed.connect(self._data_changed)
        self._edits: Edits | None = None
        self._rows.kept_edits(self._know_kept, workspace.problem_raised.emit)

    @property
    def edits(self) -> Edits:
        """The edits by hand of the data in hand, and the way back through them, for every page that makes some."""
        if self._edits is None:
            from workbench.gui.data.edits import Edits  # no page, no edits

            self._edits = Edits(self)
            self._edits.patch_changed.connect(self.edited)
            self.edits_read.connect(self._edits.show_patch)
        return self._edits

    # ---- problems

    @property
    def busy(self) -> bool:
        """Whether somebody looks."""
        return self._ticket is not None

    @property
    def outdated(self) -> bool:
        """Whether the rows are no longer those that were looked at."""
        return self.looked is not None and self.request != DataRequest.of(self._workspace.recipe)

    def look(self) -> None:
        """Look for problems in the rows of the recipe in hand."""
        self.cancel()
        self.request, self.problem = DataRequest.of(self._workspace.recipe), None
        self._ticket = self._rows.look_for_problems(self.request, self._found, self._failed, self._told)
        self.changed.emit()

    def cancel(self) -> None:
        """Give up looking."""
        if self._ticket:
            self._ticket.cancel()
            self._ticket, self.progress = None, ""
            self.changed.emit()

    def ignore(self, name: tuple[str, str, str]) -> None:
        """Let a finding be; others of its kind are still told."""
        self.ignored |= {name}
        self.changed.emit()

    def restore(self, name: tuple[str, str, str]) -> None:
        """Show a finding again."""
        self.ignored -= {name}
        self.changed.emit()

    def _told(self, text: str) -> None:
        self.progress = text
        self.changed.emit()

    def _found(self, looked: Looked) -> None:
        self._ticket, self.progress, self.looked = None, "", looked
        self.changed.emit()

    def _failed(self, problem: Problem) -> None:
        self._ticket, self.progress, self.looked, self.problem = None, "", None, problem
        self.changed.emit()

    # ---- steps

    def fix(self, fix: Fix) -> None:
        """Add the steps of a fix to the recipe, and look again."""
        steps = self._workspace.recipe.data.steps
        self._again = True
        self.set_steps((*(step.model_dump() for step in steps), *fix.steps))

    def set_steps(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Take these steps in place of the recipe's."""
        self._workspace.set_field("data.steps", tuple(dict(record) for record in records))

    def try_step(self, record: Mapping[str, Any]) -> None:
        """Find out what a step that is being set up would do to the rows as they are."""
        if self._trying:
            self._trying.cancel()
        data = self._workspace.data
        if data is None or data.mended is None:
            return
        self._trying = self._rows.try_step(
            data.mended.frame,
            record,
            DataRequest.of(self._workspace.recipe),
            lambda words: self.outcome.emit(words, "hint"),
            lambda problem: self.outcome.emit(f"{problem.title} {problem.remedy}".strip(), "error"),
        )

    # ---- rows

    def arrange(self, rows: Rows, wish: Wish, by_hand: Patch, label: str) -> None:
        """Search, sort and filter rows with the edits as they are shown; an older wish is given up."""
        if self._ordering:
            self._ordering.cancel()

        def done(arranged: Arranged) -> None:
            self.arranged.emit(arranged)

        self._ordering = self._rows.arrange_rows(rows, wish, by_hand, label, done, self.not_arranged.emit)

    def ask_tokens(self, text: str) -> None:
        """Cut a text into the tokens of the model in hand."""
        model = self._workspace.recipe.model.source
        self._rows.tokens_of(
            model, text, lambda found: self.tokens.emit(text, found), self._workspace.problem_raised.emit
        )

    def ask_columns(self) -> None:
        """Look at what each column holds."""
        data = self._workspace.data
        if data and data.mended:
            self._rows.profile_columns(
                data.mended.frame, lambda found: self.columns.emit(*found), lambda problem: None
            )

    def save_rows(self, path: str) -> None:
        """Write the mended rows to a file."""
        data = self._workspace.data
        if data and data.mended:
            self._rows.save_rows(
                data.mended.frame, Path(path), lambda harmless: None, self._workspace.problem_raised.emit
            )

    # ---- edits by hand

    @property
    def waiting(self) -> bool:
        """Whether edits by hand are still to be written."""
        return self._unwritten is not None or self._writing

    def kept(self, source: str) -> str:
        """The newest file of edits by hand that were made of some data; empty for none."""
        found = self._kept.get(whole_source(source))
        return str(found) if found and found.is_file() else ""

    def of(self, source: str) -> str:
        """The file of the edits by hand of some data as they stand: the recipe's where it is the data in hand."""
        data = self._workspace.recipe.data
        return data.patch if same_source(data.train, source) else self.kept(source)

    def with_edits(self, recipe: Recipe) -> Recipe:
        """A run's recipe with what was edited of its data since then."""
        kept = self.kept(recipe.data.train)
        return changed(recipe, "data.patch", kept) if kept and _newer(kept, recipe.data.patch) else recipe

    def _know_kept(self, kept: dict[str, Path]) -> None:
        self._kept = kept | self._kept
        data = self._workspace.recipe.data
        found = self.kept(data.train)
        if found and not data.patch and not data.steps and not self.waiting:
            # The data with which the window opened, with what was done to it the last time.
            self._workspace.set_field("data.patch", found)

    def edited(self, patch: Patch) -> None:
        """Keep the edits by hand soon."""
        self._unwritten = patch
        self._keeping.start()

    def _keep(self) -> None:
        """Write the edits beside the data they were made in, also where other data has just been taken in hand."""
        patch, self._unwritten = self._unwritten, None
        data, source = self._workspace.data, self._source
        if data is None or patch is None:
            return
        self._keeping.stop()
        path = Path(self._patch_read).expanduser() if self._patch_read else self._rows.edits_file(data.path)
        self._writing = True

        def done(path: Path) -> None:
            self._writing, self._kept[whole_source(source)] = False, path
            workspace = self._workspace
            if workspace.recipe.data.train != source:
                return  # they are kept, and the data in hand has none of them
            self._patch_read = str(path)
            if workspace.recipe.data.patch == str(path):
                workspace.look_at_data()  # the same name, other edits
            else:
                workspace.set_field("data.patch", str(path))

        def failed(problem: Problem) -> None:
            self._writing = False
            self._workspace.problem_raised.emit(problem)

        self._rows.keep_edits(path, patch, source, done, failed)

    # ---- other data

    def _data_changed(self) -> None:
        workspace = self._workspace
        if workspace.recipe.data.train != self._source:
            self._keep()  # what was just done belongs to the data before
            self._source, self._patch_read = workspace.recipe.data.train, None
            self.edits_read.emit(Patch())  # of other rows; those of these come when they have been read
            self.cancel()
            self.looked = self.problem = None
            self.ignored = frozenset()
            self.changed.emit()
        if workspace.data_busy:
            return
        if self._again and workspace.data is not None:
            self._again = False
            self.look()
        self._read_edits(workspace.recipe.data.patch)
        self.changed.emit()

    def _read_edits(self, path: str) -> None:
        if path == self._patch_read or self._unwritten is not None:
            return
        self._patch_read = path
        if not path:
            self.edits_read.emit(Patch())
            return

        def arrived(patch: Patch) -> None:
            if self._patch_read == path:
                _ = self.edits  # whichever page asks for them first will find them
                self.edits_read.emit(patch)

        self._rows.read_edits(path, arrived, self._workspace.problem_raised.emit)


def _newer(file: str, other: str) -> bool:
    """Whether a file was written after another one, which may be none or gone."""
    try:
        return not other or Path(file).stat().st_mtime_ns > Path(other).expanduser().stat().st_mtime_ns
    except OSError:
        return True
