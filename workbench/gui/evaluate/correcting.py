"""Changing the labels of evaluated rows: decisions go into the edits by hand of their data, as on the Data page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from workbench.data.edits import Patch
from workbench.gui.data.edits import Edits, Place
from workbench.gui.evaluate.board import Board
from workbench.gui.evaluate.rows_model import NOTHING, ByHand
from workbench.gui.workspace import Workspace
from workbench.run.folder import RunFolder
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.run.sources import same_source

if TYPE_CHECKING:
    from workbench.data.frame import Frame


class Correcting(QObject):
    """The labels of the evaluation's rows as they are now.

    Only rows of the data in hand can be changed: that is whose edits by hand are kept. `fetch` takes the evaluated
    run's data in hand.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace, board: Board, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._board = workspace, board
        self.edits: Edits = workspace.mending.edits
        #: The run whose recipe the evaluated rows were read by; empty for rows of a file.
        self.run = ""
        #: The file of rows that are no classes, and can be seen but not changed.
        self.given = ""
        self._then: Callable[[], object] | None = None
        self._written: tuple[object, dict[str, str]] | None = None
        self.edits.changed.connect(lambda _: self.changed.emit())
        workspace.data_changed.connect(self._data_changed)
        board.evaluated_changed.connect(self.changed)

    # ---- whether it can be done

    @property
    def file(self) -> str:
        """Where the evaluated rows come from; empty while there are none."""
        found = self._board.evaluated
        return found.rows.row_ids.file if found else self.given

    @property
    def in_hand(self) -> bool:
        """Whether the evaluated rows are those of the data in hand."""
        return bool(self.file) and same_source(self._workspace.recipe.data.train, self.file)

    @property
    def frame(self) -> Frame | None:
        """The untouched rows of the data in hand, where they are the evaluated ones and have been read."""
        preview = self._workspace.data
        if preview is None or not self.in_hand or not same_source(preview.source, self.file):
            return None
        return preview.untouched

    def fetch(self, then: Callable[[], object]) -> None:
        """Take the data of the evaluated rows in hand, then do something."""
        self._then = then
        if self.in_hand:
            self._data_changed()
            return
        if not self.run:
            self._workspace.choose_data(self.file)
            return

        def arrived(recipe: Recipe) -> None:
            if same_source(recipe.data.train, self.file):
                self._workspace.set_recipe(self._workspace.mending.with_edits(recipe))
            else:  # held-out rows with a file of their own
                self._workspace.choose_data(self.file)

        folder = RunFolder(self._workspace.session.home.runs / self.run)
        self._workspace.session.read_recipe(folder, arrived, self._failed)

    def _failed(self, problem: Problem) -> None:
        self._then = None
        self._workspace.problem_raised.emit(problem)

    def _data_changed(self) -> None:
        if self._workspace.data_problem and not self._workspace.data_busy:
            self._then = None
        elif self._then is not None and self.frame is not None and not self._workspace.data_busy:
            then, self._then = self._then, None
            then()
        self.changed.emit()

    # ---- asking

    def by_hand(self, place: int) -> ByHand:
        """What was done to a row of the evaluation since."""
        found, patch = self._board.evaluated, self.edits.patch
        if found is None or not patch or not self.in_hand or found.rows.true is None:
            return NOTHING
        key, column = int(found.rows.row_ids.keys[place]), self._column
        label = patch.labels.get(key)
        if label is None and (key, column) in patch.edits:
            label = patch.edits[key, column].new
        if label is None:
            return ByHand("", key in patch.dropped)
        now = self._name(label)
        true = found.rows.names[found.rows.true[place]]
        return ByHand("" if now == true else now, key in patch.dropped)

    @property
    def count(self) -> int:
        """How many of the evaluation's rows have another label now, or are left out."""
        found, patch = self._board.evaluated, self.edits.patch
        if found is None or not patch or not self.in_hand:
            return 0
        touched = _keys_of(patch)
        keys = found.rows.row_ids.keys
        return sum(self.by_hand(i) != NOTHING for i in range(len(keys)) if int(keys[i]) in touched)

    # ---- doing

    def give(self, places: Sequence[int], name: str) -> None:
        """Give rows another class, as one step on the way back."""
        frame, found = self.frame, self._board.evaluated
        if frame is None or found is None:
            return
        written = self._as_written(frame).get(name, name)
        rows = [(self._place(i), self._raw(frame, i)) for i in places if self._is_there(frame, i)]
        if rows:
            self.edits.set_labels(rows, self._column, written)

    def drop(self, places: Sequence[int], dropped: bool = True) -> None:
        """Leave rows out, or take them in again."""
        frame = self.frame
        if frame is not None:
            self.edits.drop_all([self._place(i) for i in places if self._is_there(frame, i)], dropped)

    def number(self, place: int) -> int:
        """A row's number in its file, from 0."""
        found = self._board.evaluated
        assert found is not None
        return int(found.rows.row_ids.rows[place])

    @property
    def _column(self) -> str:
        preview = self._workspace.data
        return preview.label if preview is not None else ""

    def _place(self, place: int) -> Place:
        found = self._board.evaluated
        assert found is not None
        return Place(int(found.rows.row_ids.keys[place]), self.number(place) + 1)

    def _is_there(self, frame: Frame, place: int) -> bool:
        """Whether the file still has this row in its place; edits name rows by their content."""
        number = self.number(place)
        return number < frame.rows and int(frame.keys[number]) == self._place(place).key

    def _raw(self, frame: Frame, place: int) -> str | None:
        """The label as the untouched file has it."""
        if self._column not in frame.columns:
            return None
        number = self.number(place)
        return frame.column(self._column, number, number + 1)[0]

    def _as_written(self, frame: Frame) -> dict[str, str]:
        """How each class is written in the untouched file, where steps of the recipe rename labels."""
        found = self._board.evaluated
        assert found is not None
        steps = any(step.on for step in self._workspace.recipe.data.steps)
        if found.rows.true is None or not steps or self._column not in frame.columns:
            return {}
        if self._written is None or self._written[0] is not found.rows:
            cells = frame.column(self._column)
            counts: dict[str, Counter[str]] = {}
            rows = found.rows.row_ids.rows
            for number, true in zip(rows.tolist(), found.rows.true.tolist(), strict=True):
                cell = (cells[number] or "").strip() if number < len(cells) else ""
                if cell:
                    counts.setdefault(found.rows.names[true], Counter())[cell] += 1
            known = {name: count.most_common(1)[0][0] for name, count in counts.items()}
            self._written = found.rows, known
        return self._written[1]

    def _name(self, label: str) -> str:
        """The class of a label as the file writes it."""
        label = label.strip()
        for name, written in (self._written[1] if self._written else {}).items():
            if written == label:
                return name
        return label


def _keys_of(patch: Patch) -> set[int]:
    return {*patch.labels, *patch.dropped, *(key for key, _ in patch.edits)}
