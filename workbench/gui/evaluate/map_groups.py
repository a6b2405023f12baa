"""How the points of a map are coloured: groups of rows by class, by error, or by which of two models is right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from workbench.gui.evaluate.scatter import Group
from workbench.gui.theme import TINY, theme
from workbench.gui.widgets import explain_widget
from workbench.run.evaluated import Evaluated

#: Classes with a colour of their own, two rounds of them; the rest shares a quiet one.
_COLOURS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A group of rows of the evaluation, in words."""

    words: str
    rows: NDArray[np.int64]
    colour: int | str


def groups_of(found: Evaluated, by: str) -> list[Named]:
    """The groups by "true", "predicted", "error" or "against"; those that stand out come last, and lie above."""
    rows = found.rows
    if by == "against" and found.against is not None and rows.true is not None:
        first, second = rows.predicted == rows.true, found.against.predicted == rows.true
        kinds = (
            ("both are right", first & second, "muted"),
            ("both are wrong", ~first & ~second, 1),
            ("only this model is right", first & ~second, 0),
            (f"only {found.against.model} is right", ~first & second, 3),
        )
        return [Named(words, np.flatnonzero(mask), colour) for words, mask, colour in kinds]
    if by == "error" and rows.true is not None:
        wrong = rows.predicted != rows.true
        return [Named("right", np.flatnonzero(~wrong), "good"), Named("wrong", np.flatnonzero(wrong), "bad")]
    classes = rows.true if by == "true" and rows.true is not None else rows.predicted
    counts = np.bincount(classes, minlength=len(rows.names))
    order = np.argsort(-counts, kind="stable")
    own = order if len(order) <= _COLOURS else order[: _COLOURS - 1]
    # Colours go by the class, not by how many there are: they stay with other rows.
    found_groups = [
        Named(rows.names[i], np.flatnonzero(classes == i), place)
        for place, i in enumerate(sorted(own.tolist()))
    ]
    rest = [i for i in order if i not in own]
    if rest:
        others = Named(f"{len(rest)} other classes", np.flatnonzero(np.isin(classes, rest)), "muted")
        return [others, *found_groups]
    return found_groups


class Legend(QWidget):
    """A line for each group; a click chooses its rows."""

    picked = Signal(object)  # Named

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[QToolButton] = []
        self._groups: tuple[Named, ...] = ()
        self._line = QVBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(TINY)
        self._line.addStretch(1)
        self.setFixedWidth(168)
        theme().changed.connect(self._paint)

    def show_groups(self, groups: list[Named], kept: NDArray[np.int64]) -> None:
        """Name these groups, with how many points each has among those of the map."""
        for button in self.buttons:
            self._line.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = []
        self._groups = tuple(groups)
        for number, group in enumerate(groups):
            button = QToolButton(self)
            button.setProperty("role", "kind")
            button.setCheckable(True)
            button.setIconSize(QSize(10, 10))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.setMinimumWidth(168)
            count = int(np.isin(group.rows, kept).sum())
            text = f"{group.words[:18]}…" if len(group.words) > 19 else group.words
            button.setText(f"{text}  {count}")
            explain_widget(
                button,
                self.tr("{0}: {1} points. A click shows only their rows.").format(group.words, count),
                group.words,
            )
            button.clicked.connect(partial(self.picked.emit, group))
            self._line.insertWidget(number, button)
            self.buttons.append(button)
        self._paint()

    def show_chosen(self, words: object) -> None:
        """Press the group whose rows are shown."""
        for button, group in zip(self.buttons, self._groups, strict=True):
            button.setChecked(group.words == words)

    def _paint(self) -> None:
        for button, group in zip(self.buttons, self._groups, strict=True):
            button.setIcon(_dot(Group(group.rows, group.colour).drawn()))


def _dot(colour: QColor) -> QIcon:
    drawn = QPixmap(20, 20)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(1, 1, 18, 18)
    painter.end()
    drawn.setDevicePixelRatio(2.0)
    return QIcon(drawn)
