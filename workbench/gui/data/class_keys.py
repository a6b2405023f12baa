"""Classes as buttons with a key each, and a line in which a new class is named."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.table_model import grouped, one_line
from workbench.gui.theme import SMALL, TINY
from workbench.gui.widgets import (
    Badge,
    ElidedLabel,
    GhostButton,
    Label,
    Muted,
    PrimaryButton,
    explain_widget,
    restyle,
    row,
)

#: The keys of the classes, in order; N is kept for a new class.
KEYS = "123456789abcdefghijklmopqrstuvwxyz"
_NARROWEST = 180
_LONGEST = 120  # characters of a class's name


class ClassButton(QPushButton):
    """One class: its key, its name, and how many rows have it."""

    def __init__(self, key: str, name: str) -> None:
        super().__init__()
        self.name = name
        self.setProperty("role", "class")
        self.setCheckable(True)
        # The keyboard reaches it, a click leaves the keys to the page.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(38)
        self.cap = Badge(key.upper())
        self.cap.setVisible(bool(key))
        self.said = ElidedLabel(one_line(name))
        self.said.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.count = Muted("", wrap=False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SMALL, 0, SMALL + TINY, 0)
        for part in (self.cap, self.said, self.count):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            layout.addWidget(part, 1 if part is self.said else 0)
        self._key = key

    def show_count(self, count: int) -> None:
        """Say how many rows have the class."""
        self.count.setText(grouped(count))
        keyed = self.tr("Key {0}. ").format(self._key.upper()) if self._key else ""
        rows = self.tr("{0} rows").format(grouped(count))
        explain_widget(self, f"{keyed}{self.name}: {rows}", self.name, f"{keyed}{rows}")


class ClassKeys(QWidget):
    """The buttons in as many columns as there is room for."""

    chosen = Signal(str)  # the class
    added = Signal(str)  # a class that was not there before
    height_wanted = Signal()  # more or less room is needed
    left = Signal()  # nothing is typed any more: the keys belong to the page again

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[ClassButton] = []
        self._names: tuple[str, ...] = ()
        self._room = QWidget()
        self._grid = QGridLayout(self._room)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SMALL)
        self.new = GhostButton(self.tr("New class…"), "plus", help=self.tr("Name another class (N)."))
        self.new.setParent(self)  # it stands behind the classes once there are any
        self.new.hide()
        self.new.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.new.setFixedHeight(38)
        self.new.clicked.connect(self.ask)
        self.question = Label("", wrap=True)
        self.field = QLineEdit()
        self.field.setMaxLength(_LONGEST)
        self.field.setMinimumWidth(220)
        self.field.setAccessibleName(self.tr("Name of the new class"))
        self.field.setPlaceholderText(self.tr("Name of the class"))
        self.field.returnPressed.connect(self._add)
        self.field.textEdited.connect(lambda _: self._complain(""))
        self.field.installEventFilter(self)
        self.add = PrimaryButton(self.tr("Add"), on_click=self._add)
        self.cancel = GhostButton(self.tr("Cancel"), on_click=self._leave)
        self.complaint = Label("", "complaint", wrap=True)
        self._asking = row(self.field, self.add, self.cancel, None)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        for widget in (self._room, self.question, self._asking, self.complaint):
            layout.addWidget(widget)
        layout.addStretch(1)
        self._complain("")
        self._show_asking(False)

    @property
    def asking(self) -> bool:
        """Whether a new class is being named."""
        return not self._asking.isHidden()

    def show_classes(self, names: Sequence[str], counts: Sequence[int]) -> None:
        """Show these classes and their rows; without any, ask for the first one."""
        if tuple(names) != self._names or not self.buttons:
            self._names = tuple(names)
            for old in self.buttons:
                old.hide()
                old.deleteLater()
            keys = [*KEYS, *[""] * max(0, len(names) - len(KEYS))]
            self.buttons = [ClassButton(key, name) for key, name in zip(keys, names, strict=False)]
            for button in self.buttons:
                button.clicked.connect(lambda _=False, name=button.name: self.chosen.emit(name))
            self._place()
            self._show_asking(self.asking and bool(names))
        for button, count in zip(self.buttons, counts, strict=True):
            button.show_count(count)
        if not names and not self.asking:
            self.ask()

    def mark(self, given: str, guess: str = "") -> None:
        """Mark the class that the row has, and the one that the model takes for right; nothing marks none."""
        for button in self.buttons:
            button.setChecked(button.name == given)
            restyle(button, guess=button.name == guess)

    def press(self, key: str) -> bool:
        """Choose the class of a key; says whether there is one."""
        place = KEYS.find(key.lower()) if len(key) == 1 else -1
        if not 0 <= place < len(self.buttons):
            return False
        self.chosen.emit(self.buttons[place].name)
        return True

    def ask(self) -> None:
        """Ask for the name of another class."""
        first = not self._names
        self.question.setText(self.tr("There are no classes yet. Name the first one.") if first else "")
        self.field.clear()
        self._complain("")
        self._show_asking(True)
        self.cancel.setVisible(not first)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has room for another number of columns."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._place()

    def event(self, event: QEvent) -> bool:
        """Only after Qt has laid out anew is the height known."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.height_wanted.emit()
        return done

    def _place(self) -> None:
        while self._grid.count():
            self._grid.takeAt(0)
        widgets: list[QWidget] = [*self.buttons, self.new]
        columns = max(1, min(len(widgets), self.width() // (_NARROWEST + SMALL)))
        for place, widget in enumerate(widgets):
            self._grid.addWidget(widget, place // columns, place % columns)
            widget.show()
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def _show_asking(self, asking: bool) -> None:
        self._asking.setVisible(asking)
        self.question.setVisible(asking and bool(self.question.text()))
        self._room.setVisible(bool(self._names))
        self.new.setEnabled(not asking)

    def _add(self) -> None:
        name = " ".join(self.field.text().split())
        twin = next((known for known in self._names if known.casefold() == name.casefold()), None)
        if not name:
            self._complain(self.tr("A class needs a name."))
        elif twin is not None:
            self._complain(self.tr("There is a class “{0}” already.").format(twin))
        else:
            self.added.emit(name)
            self._leave()

    def _leave(self) -> None:
        self._complain("")
        self._show_asking(False)
        self.left.emit()

    def _complain(self, words: str) -> None:
        self.complaint.setText(words)
        self.complaint.setVisible(bool(words))
        restyle(self.field, invalid=bool(words))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape names nothing."""
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if watched is self.field and escape and event.type() == QEvent.Type.KeyPress and self._names:
            self._leave()
            return True
        return False
