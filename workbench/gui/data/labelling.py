"""Labelling by hand: one row after another, a key for each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.data.tables import as_text
from workbench.gui.data.class_keys import ClassKeys
from workbench.gui.data.edits import Edits, Place
from workbench.gui.data.label_card import LabelCard
from workbench.gui.data.label_head import LabelHead
from workbench.gui.data.label_queue import LabelQueue
from workbench.gui.data.undo import undo_actions
from workbench.gui.table_model import grouped, one_line
from workbench.gui.theme import SMALL
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    Muted,
    row,
    scrolled,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from workbench.data.frame import Frame, Indices


class LabellingPage(QWidget):
    """Shows rows that want a label, in an order by chance or by doubt; labels end in the edits."""

    done = Signal()  # back to the rows
    guess_wanted = Signal(int)  # the number in the frame of the row that is shown
    class_added = Signal(str)
    uncertainties_wanted = Signal()  # the order by doubt was chosen before doubts are known

    def __init__(self, edits: Edits) -> None:
        super().__init__()
        self.edits = edits
        self._frame: Frame | None = None
        self._text = self._label = ""
        self._rows: Indices = np.zeros(0, dtype=np.int64)
        self._doubts: npt.NDArray[np.float64] | None = None
        self._classes: dict[str, int] = {}
        self._guess = ""
        self._by_key: dict[int, int] = {}
        self._seed = 0
        self._choosing = False
        self.queue = LabelQueue(self._rows)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Labelling by hand"))
        self.undo, self.redo = undo_actions(edits.stack, self)
        self.card = LabelCard()
        self.keys = ClassKeys()
        self.message = EmptyState("check", "-", "-", self.tr("Back to the rows"), self._go_on)
        self.head = LabelHead(self.undo.trigger, self.done.emit)
        self._lay_out()
        self.keys.chosen.connect(self.choose)
        self.keys.added.connect(self._add_class)
        self.keys.left.connect(self.setFocus)
        self.keys.height_wanted.connect(self._give_room)
        self.head.order.chosen.connect(self._reorder)
        edits.undo_changed.connect(self.head.show_undo)
        edits.changed.connect(self._edited)
        self.head.show_undo(edits.stack.undo_words)
        self._show()

    def _lay_out(self) -> None:
        self.last = ElidedLabel("", "caption")
        self.last.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.hint = Muted(
            self.tr("Space skips · Backspace goes back · N names a new class · Ctrl+Z undoes"), wrap=False
        )
        keys = Card()
        self._keys_area = scrolled(self.keys)
        keys.add(self._keys_area)
        keys.add(row(self.hint, self.last))
        self.work = QWidget()
        work = QVBoxLayout(self.work)
        work.setContentsMargins(0, 0, 0, 0)
        work.setSpacing(SMALL)
        work.addWidget(self.card, 1)
        work.addWidget(keys)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.work)
        self.stack.addWidget(self.message)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(self.head)
        layout.addWidget(self.stack, 1)

    # ---- what is shown

    def show_rows(
        self,
        frame: Frame,
        text: str,
        label: str,
        rows: Indices | None,
        classes: Mapping[str, int],
        seed: int = 0,
    ) -> None:
        """Begin with other rows.

        Args:
            frame: The rows of the untouched file.
            text: The column to read.
            label: The column of labels; empty where there is none.
            rows: The numbers in the frame of the rows to label, those without a label or doubtful ones; None for all.
            classes: The known classes in the order of their keys, and how many rows of the file have them.
            seed: The same seed gives the same order by chance.
        """
        self._frame, self._text, self._label, self._seed = frame, text, label, seed
        self._rows = np.arange(frame.rows, dtype=np.int64) if rows is None else rows
        self._classes = dict(classes)
        for given in self.edits.patch.labels.values():
            self._classes.setdefault(given, 0)
        self._doubts = None
        self.head.order.choose("random")
        self.last.setText("")
        self._begin({}, set())

    def show_uncertainties(self, doubts: npt.NDArray[np.float64] | None, why: str = "") -> None:
        """Take how doubtful each of the rows is, in the order in which they were given.

        None goes back to the order by chance; `why` says why doubts are not known, and closes the choice.
        """
        self._doubts = doubts
        self.head.show_doubts_known(doubts is not None, why)
        if doubts is None:
            self.head.order.choose("random")
        elif self.head.order.current() == "uncertain" and self._frame is not None:
            self._begin(self.queue.given, self.queue.skipped)

    def show_guess(self, row: int, guess: Sequence[tuple[str, float]]) -> None:
        """Show what the model takes a row for: classes with their probabilities from 0 to 1."""
        if row == self.queue.current and guess:
            self._guess, probability = max(guess, key=lambda one: one[1])
            self.card.show_guess(self._guess, probability)
            self.keys.mark(self.queue.given.get(row, ""), self._guess)

    def _begin(self, given: Mapping[int, str], skipped: set[int]) -> None:
        frame = self._frame
        assert frame is not None
        doubts = self._doubts if self.head.order.current() == "uncertain" else None
        self.queue = LabelQueue(self._rows, self._seed, doubts)
        self._by_key = {int(frame.keys[r]): int(r) for r in self.queue.rows}
        labels = self.edits.patch.labels
        self.queue.given = {r: labels[key] for key, r in self._by_key.items() if key in labels} | dict(given)
        self.queue.skipped = set(skipped)
        self.queue.advance()
        self._show()

    def _reorder(self, order: str) -> None:
        if order == "uncertain" and self._doubts is None:
            self.uncertainties_wanted.emit()
        elif self._frame is not None:
            self._begin(self.queue.given, self.queue.skipped)

    def _show(self) -> None:
        """Show the row of the queue, its classes, and how far one has come."""
        current = self.queue.current
        queue = self.queue
        self.head.show_progress(len(queue.given), queue.total, len(queue.skipped))
        self._guess = ""
        self.card.show_guess("", 0)
        if current is None:
            self._show_end()
            return
        given = self.queue.given.get(current)
        self.card.show_row(self._place(current).number, self._value(current, self._text) or "", given)
        counts = self._counts()
        self.keys.show_classes(list(counts), list(counts.values()))
        self.keys.mark(given or "")
        self.stack.setCurrentWidget(self.work)
        self.guess_wanted.emit(current)

    def _show_end(self) -> None:
        done, skipped = len(self.queue.given), len(self.queue.skipped)
        rows = counted(done, "row")
        if not self.queue.total:
            title = self.tr("No row is without a label")
            sentence = self.tr("Labels can be changed in the table: F2 on a cell, or the menu of a row.")
        elif skipped:
            title = self.tr("That was the last row")
            sentence = self.tr("{0} labelled, {1} skipped. Skipped rows stay as they are.").format(
                rows, skipped
            )
        else:
            title = self.tr("Everything is labelled")
            sentence = self.tr("{0} labelled. Ctrl+Z takes the last label back.").format(rows)
        self.message.say(title, sentence, "check")
        action = self.tr("Go through the skipped rows") if skipped else self.tr("Back to the rows")
        self.message.action.setText(action)
        self.message.action.setAccessibleName(action)
        self.stack.setCurrentWidget(self.message)

    def _give_room(self) -> None:
        """The classes get the height that they need, up to half of the page."""
        needed = self.keys.sizeHint().height()
        self._keys_area.setFixedHeight(min(needed, max(100, self.height() // 2)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Half of the page is another height now."""
        super().resizeEvent(event)
        self._give_room()

    def _counts(self) -> dict[str, int]:
        """Rows of each class: those of the file, and what was done here."""
        given = Counter(self.queue.given.values())
        before = Counter(self._found(r) for r in self.queue.given) if self._label else Counter[str | None]()
        return {name: rows + given[name] - before[name] for name, rows in self._classes.items()}

    # ---- what a row is

    def _place(self, row: int) -> Place:
        assert self._frame is not None
        return Place(int(self._frame.keys[row]), int(self._frame.origin[row]) + 1)

    def _found(self, row: int, column: str | None = None) -> str | None:
        frame, name = self._frame, self._label if column is None else column
        if frame is None or name not in frame.columns:
            return None
        return as_text(frame.data.column(frame.columns.index(name))[row].as_py())

    def _value(self, row: int, column: str) -> str | None:
        return self.edits.value(self._place(row).key, column, self._found(row, column))

    # ---- what is done

    def choose(self, name: str) -> None:
        """Label the row, and go on."""
        current = self.queue.current
        if current is None or name not in self._classes:
            return
        place = self._place(current)
        self._choosing = True
        self.edits.set_label(place, self._label, self._found(current), name)
        self._choosing = False
        self.queue.give(current, name)
        self.last.setText(self.tr("Row {0}: {1}").format(grouped(place.number), one_line(name)))
        self.queue.advance()
        self._show()

    def skip(self) -> None:
        """Leave the row for later."""
        self.queue.skip()
        self.queue.advance()
        self._show()

    def back(self) -> None:
        """To the row that was shown before."""
        self.queue.back()
        self._show()

    def _go_on(self) -> None:
        """Through the skipped rows once more; without any, back to the table."""
        if not self.queue.skipped:
            self.done.emit()
            return
        self.queue.skipped.clear()
        self.queue.advance()
        self._show()
        self.setFocus()

    def _add_class(self, name: str) -> None:
        self._classes[name] = 0
        self.class_added.emit(name)
        self._show()

    def _edited(self, key: int | None) -> None:
        """Something was undone or done again, here or in the table: go to that row, as it is now."""
        row = self._by_key.get(key) if key is not None else None
        if self._choosing or row is None:
            return
        found = self._found(row)
        now = self.edits.value(key or 0, self._label, found, label=True)
        if now is None or now == found:
            self.queue.take_back(row)
        else:
            self._classes.setdefault(now, 0)
            self.queue.give(row, now)
        self.last.setText("")
        self.queue.go_to(row)
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of classes, and the few others."""
        key = event.key()
        plain = not event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if not plain or (not self.queue.total and key != Qt.Key.Key_Escape):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Space:
            self.skip()
        elif key == Qt.Key.Key_Backspace:
            self.back()
        elif key == Qt.Key.Key_N and self.queue.current is not None:
            self.keys.ask()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._guess:
            self.choose(self._guess)
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self.card.turn_page(1 if key == Qt.Key.Key_PageDown else -1)
        elif key == Qt.Key.Key_Escape:
            self.done.emit()
        elif self.queue.current is None or not self.keys.press(event.text()):
            super().keyPressEvent(event)
