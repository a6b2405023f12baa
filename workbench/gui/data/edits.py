"""Work by hand on rows: a patch that grows with every change, each of which can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal

from workbench.data.edits import Edit, Patch
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
        edit = self._patch.edits.get((place.key, column))
        first = found if edit is None else edit.old
        now = _State(
            None if new == first else Edit(place.key, column, first, new), *self._rest(place.key, column)
        )
        words = self.tr("change “{0}” of row {1}").format(column, place.number)
        self._do(words, place, column, now, self.value(place.key, column, found), new)

    def set_label(self, place: Place, column: str, found: str | None, new: str | None) -> None:
        """Give a row another label, or None for none; `column` is empty where rows have no such column."""
        before = self.value(place.key, column, found, label=True)
        edit = self._patch.edits.get((place.key, column))
        first = found if edit is None else edit.old
        taken_away = bool(column) and new is None and first is not None
        now = _State(
            Edit(place.key, column, first, None) if taken_away else None,
            new if new is not None and new != first else "",
            self.dropped(place.key),
            self.note(place.key),
        )
        shown = self.tr("label row {0} as “{1}”").format(place.number, (new or "")[:40])
        words = shown if new is not None else self.tr("take the label of row {0} away").format(place.number)
        self._do(words, place, column, now, before, new)

    def drop(self, place: Place, dropped: bool = True) -> None:
        """Leave a row out, or take it in again."""
        edit, label, _, note = self._parts(place.key, "")
        words = self.tr("drop row {0}") if dropped else self.tr("take row {0} in again")
        self._do(words.format(place.number), place, "", _State(edit, label, dropped, note))

    def set_note(self, place: Place, note: str) -> None:
        """Note something on a row; an empty note takes it away."""
        edit, label, dropped, _ = self._parts(place.key, "")
        words = self.tr("note on row {0}").format(place.number)
        self._do(words, place, "", _State(edit, label, dropped, note.strip()))

    def _parts(self, key: int, column: str) -> tuple[Edit | None, str, bool, str]:
        return self._patch.edits.get((key, column)), *self._rest(key, column)

    def _rest(self, key: int, column: str) -> tuple[str, bool, str]:
        return self._patch.labels.get(key, ""), self.dropped(key), self.note(key)

    def _do(
        self,
        words: str,
        place: Place,
        column: str,
        now: _State,
        old: str | None = None,
        new: str | None = None,
    ) -> None:
        before = _State(*self._parts(place.key, column))
        if now != before:
            told = Edit(place.key, column, old, new) if old != new else None
            put = partial(self._put, place.key, column)
            self.stack.do(Change(words, partial(put, now, told), partial(put, before, told and told.inverse)))

    def _put(self, key: int, column: str, state: _State, told: Edit | None) -> None:
        """Make the patch say this of a row."""
        patch = self._patch.without_edit(key, column) if (key, column) in self._patch.edits else self._patch
        if state.edit is not None:
            patch = patch.with_edit(state.edit)
        if patch.labels.get(key, "") != state.label:
            patch = patch.with_label(key, state.label)
        if (key in patch.dropped) != state.dropped:
            patch = patch.with_dropped(key) if state.dropped else patch.without_dropped(key)
        if patch.notes.get(key, "") != state.note:
            patch = patch.with_note(key, state.note)
        self._patch = patch
        self.changed.emit(key)
        if told is not None:
            self.edited.emit(told)
        self.patch_changed.emit(patch)
