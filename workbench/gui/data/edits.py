"""Work by hand on rows: a patch that grows with every change, each of which can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from workbench.data.edits import Edit, Patch
from workbench.data.suggest import counted
from workbench.gui.data.undo import Change, UndoStack


@dataclass(frozen=True, slots=True)
class Place:
    """A row: its key, and its number in the untouched file, counted from 1 as a person reads it."""

    key: int
    number: int


@dataclass(frozen=True, slots=True)
class _State:
    """What a patch says of one row and one of its columns."""

    edit: Edit | None
    label: str
    dropped: bool
    note: str


@dataclass(frozen=True, slots=True)
class _Doing:
    """What is to be done to a row, and the value of its cell before and after where that is another one."""

    place: Place
    column: str
    now: _State
    old: str | None = None
    new: str | None = None


class Edits(QObject):
    """The patch in hand, and the way back through everything that was done to it.

    A label is kept as a label of the patch, any other value, and a label that is taken away, as an edit of its cell.
    """

    edited = Signal(object)  # Edit: a cell or label was changed or changed back: key, column, old, new
    patch_changed = Signal(object)  # Patch: something was done or undone, and is to be saved
    undo_changed = Signal(str)  # what would be undone now; empty for nothing
    changed = Signal(object)  # the key of the row that looks different now; None where all may

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stack = UndoStack(self)
        self.stack.moved.connect(lambda: self.undo_changed.emit(self.stack.undo_words))
        self._patch = Patch()
        #: The key of the row that was changed last, the first of several; None before the first change.
        self.last: int | None = None

    @property
    def patch(self) -> Patch:
        """All that was done by hand, to be saved beside the recipe."""
        return self._patch

    def show_patch(self, patch: Patch) -> None:
        """Take another patch in hand, as from a file; there is no way back before it."""
        if patch is not self._patch:
            self.stack.clear()
            self._patch = patch
            self.changed.emit(None)

    # ---- asking

    def value(self, key: int, column: str, found: str | None, *, label: bool = False) -> str | None:
        """What a cell holds now; `found` is what the file has, `label` says that it is the row's label."""
        if label and key in self._patch.labels:
            return self._patch.labels[key]
        edit = self._patch.edits.get((key, column))
        return found if edit is None else edit.new

    def dropped(self, key: int) -> bool:
        """Whether the row is left out."""
        return key in self._patch.dropped

    def note(self, key: int) -> str:
        """The note on a row; empty for none."""
        return self._patch.notes.get(key, "")

    # ---- doing

    def set_cell(self, place: Place, column: str, found: str | None, new: str | None) -> None:
        """Put another value into a cell; `found` is what the file has."""
        words = self.tr("change “{0}” of row {1}").format(column, place.number)
        edit = self._patch.edits.get((place.key, column))
        first = found if edit is None else edit.old
        now = replace(self._state(place.key, column), edit=_edit(place.key, column, first, new))
        self._do(words, [_Doing(place, column, now, self.value(place.key, column, found), new)])

    def set_label(self, place: Place, column: str, found: str | None, new: str | None) -> None:
        """Give a row another label, or None for none; `column` is empty where rows have no such column."""
        self.set_labels([(place, found)], column, new)

    def set_labels(self, rows: Sequence[tuple[Place, str | None]], column: str, new: str | None) -> None:
        """Give rows another label, or None for none, in one step; with each row comes what the file has."""
        given, taken = self.tr("label {0} as “{1}”"), self.tr("take the label of {0} away")
        of = self._told([place for place, _ in rows])
        words = given.format(of, new[:40]) if new is not None else taken.format(of)
        self._do(words, [self._labelling(place, column, found, new) for place, found in rows])

    def _labelling(self, place: Place, column: str, found: str | None, new: str | None) -> _Doing:
        before = self.value(place.key, column, found, label=True)
        state = self._state(place.key, column)
        first = found if state.edit is None else state.edit.old
        taken_away = bool(column) and new is None and first is not None
        now = replace(
            state,
            edit=Edit(place.key, column, first, None) if taken_away else None,
            label=new if new is not None and new != first else "",
        )
        return _Doing(place, column, now, before, new)

    def drop(self, place: Place, dropped: bool = True) -> None:
        """Leave a row out, or take it in again."""
        self.drop_all([place], dropped)

    def drop_all(self, places: Sequence[Place], dropped: bool = True) -> None:
        """Leave rows out, or take them in again, in one step."""
        words = self.tr("drop {0}") if dropped else self.tr("take {0} in again")
        changed = [
            _Doing(place, "", replace(self._state(place.key, ""), dropped=dropped)) for place in places
        ]
        self._do(words.format(self._told(places)), changed)

    def set_note(self, place: Place, note: str) -> None:
        """Note something on a row; an empty note takes it away."""
        self.set_notes([place], note)

    def set_notes(self, places: Sequence[Place], note: str) -> None:
        """Note the same on rows, in one step; an empty note takes theirs away."""
        noted = [
            _Doing(place, "", replace(self._state(place.key, ""), note=note.strip())) for place in places
        ]
        self._do(self.tr("note on {0}").format(self._told(places)), noted)

    def take(self, words: str, patch: Patch, key: int) -> None:
        """Take another patch that says more or less of some rows, the first with this key, as one step on the way
        back; `words` go on after “Undo”."""
        before = self._patch
        if patch != before:
            self.stack.do(Change(words, partial(self._take, patch, key), partial(self._take, before, key)))

    def _take(self, patch: Patch, key: int) -> None:
        self._patch, self.last = patch, key
        self.changed.emit(None)
        self.patch_changed.emit(patch)

    def _told(self, places: Sequence[Place]) -> str:
        if len(places) == 1:
            return self.tr("row {0}").format(places[0].number)
        return counted(len(places), "row")

    def _state(self, key: int, column: str) -> _State:
        patch = self._patch
        edit, label = patch.edits.get((key, column)), patch.labels.get(key, "")
        return _State(edit, label, self.dropped(key), self.note(key))

    def _do(self, words: str, rows: Sequence[_Doing]) -> None:
        """Make all of this one step on the way back; rows on which nothing changes are left out."""
        before = [self._state(row.place.key, row.column) for row in rows]
        changed = [(row, state) for row, state in zip(rows, before, strict=True) if row.now != state]
        if not changed:
            return
        told = [Edit(row.place.key, row.column, row.old, row.new) for row, _ in changed if row.old != row.new]
        there = [(row.place.key, row.column, row.now) for row, _ in changed]
        back = [(row.place.key, row.column, state) for row, state in changed]
        self.stack.do(
            Change(
                words,
                partial(self._put, there, told),
                partial(self._put, back, [edit.inverse for edit in told]),
            )
        )

    def _put(self, states: Sequence[tuple[int, str, _State]], told: Sequence[Edit]) -> None:
        """Make the patch say this of rows. What it holds is copied once, however many rows there are."""
        patch = self._patch
        edits, labels, notes = dict(patch.edits), dict(patch.labels), dict(patch.notes)
        dropped = set(patch.dropped)
        for key, column, state in states:
            _keep(edits, (key, column), state.edit)
            _keep(labels, key, state.label or None)
            _keep(notes, key, state.note or None)
            (dropped.add if state.dropped else dropped.discard)(key)
        self._patch = Patch(edits, frozenset(dropped), notes, labels)
        self.last = states[0][0]
        self.changed.emit(self.last if len(states) == 1 else None)
        for edit in told:
            self.edited.emit(edit)
        self.patch_changed.emit(self._patch)


def _edit(key: int, column: str, first: str | None, new: str | None) -> Edit | None:
    return None if new == first else Edit(key, column, first, new)


def _keep(kept: dict[Any, Any], place: Any, value: Any) -> None:
    if value is None:
        kept.pop(place, None)
    else:
        kept[place] = value
