"""Heads as links on the screen: pointing at a token leaves only its lines and tells their exact weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from workbench.gui.attention.atlas import Head
from workbench.gui.attention.atlas_marks import name_of
from workbench.gui.attention.drawing import Look
from workbench.gui.attention.labels import key_names, query_names
from workbench.gui.attention.link_drawing import (
    CAPTION,
    ROW_LEAST,
    Columns,
    Token,
    draw_links,
    place_columns,
    strands_of,
)
from workbench.gui.attention.shown import Shown
from workbench.gui.theme import SMALL
from workbench.gui.widgets import Label, explain_widget, scrolled

#: How many links each token may have.
MOST, FIRST = 12, 2
_TOLD = 4  # links that are told in words


class LinkCanvas(QWidget):
    """The two columns and their lines. Arrows walk over the tokens, Left and Right change the column.

    Signals:
        pointed: Words about the token under the pointer or the keyboard mark; empty when there is none.
        closed: Escape was pressed.
        marked: The height of the token that was marked with a key, so that it can be brought into sight.
    """

    pointed = Signal(str)
    closed = Signal()
    marked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Links between tokens"))
        self._shown: Shown | None = None
        self._look: Look | None = None
        self._heads: tuple[Head, ...] = ()
        self._token: Token | None = None
        self.most = FIRST

    def show_heads(self, shown: Shown, heads: Sequence[Head], look: Look) -> None:
        """Draw these heads; the mark stays when the tokens are the same."""
        if self._shown is None or self._shown.maps.tokens != shown.maps.tokens:
            self._token = None
        self._shown, self._heads, self._look = shown, tuple(heads), look
        rows = max(len(query_names(shown)), len(key_names(shown)))
        self.setMinimumHeight(CAPTION + ROW_LEAST * rows + SMALL)
        self._tell()
        self.update()

    def show_most(self, most: int) -> None:
        """Draw at most so many links of each token."""
        self.most = most
        self.update()

    def columns(self) -> Columns | None:
        """Where the tokens are drawn now."""
        if self._shown is None or self._look is None:
            return None
        return place_columns(QRectF(self.rect()).adjusted(0, 0, 0, -SMALL), self._shown, self._look)

    def mark(self, token: Token | None) -> None:
        """Leave only the lines of a token."""
        if token != self._token:
            self._token = token
            self._tell()
            self.update()

    def words(self) -> str:
        """The strongest links of the marked token."""
        if self._shown is None or self._token is None:
            return ""
        queries, keys = query_names(self._shown), key_names(self._shown)
        found = strands_of(self._shown, self._heads, self._token)[::-1]
        name = (queries if self._token.looks else keys)[self._token.index]
        if not found:
            return self.tr("‘{0}’: no link that can be seen").format(name)
        several = len(self._heads) > 1
        told = ", ".join(
            f"‘{keys[s.key] if self._token.looks else queries[s.query]}’ {s.weight:.4f}"
            + (f" ({name_of(*self._heads[s.number])})" if several else "")
            for s in found[:_TOLD]
        )
        way = self.tr("‘{0}’ looks at {1}") if self._token.looks else self.tr("‘{0}’ is looked at by {1}")
        return way.format(name, told)

    def _tell(self) -> None:
        words = self.words()
        self.setAccessibleDescription(words)
        self.pointed.emit(words)

    # ---- events

    def sizeHint(self) -> QSize:
        """As the map of a head."""
        return QSize(480, 440)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the links."""
        columns = self.columns()
        if columns is None or self._shown is None or self._look is None:
            return
        seen = QRectF(event.rect())
        draw_links(
            QPainter(self), columns, self._shown, self._heads, self.most, self._look, self._token, seen
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at a token."""
        columns = self.columns()
        self.mark(columns.at(event.position()) if columns else None)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at."""
        self.mark(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down walk, Left and Right change the column, Escape goes back."""
        key, columns = Qt.Key(event.key()), self.columns()
        if key == Qt.Key.Key_Escape:
            self.closed.emit()
        elif columns and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            at = self._token or Token(True, -1)
            last = columns.counts[0 if at.looks else 1] - 1
            step = 1 if key == Qt.Key.Key_Down else -1
            self._walk(Token(at.looks, max(0, min(last, at.index + step))), columns)
        elif columns and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            looks = key == Qt.Key.Key_Left
            index = self._token.index if self._token else 0
            self._walk(Token(looks, min(index, columns.counts[0 if looks else 1] - 1)), columns)
        else:
            super().keyPressEvent(event)

    def _walk(self, token: Token, columns: Columns) -> None:
        self.mark(token)
        self.marked.emit(math.floor(columns.middle(token.index)))


class LinkView(QWidget):
    """The links, and above them how many each token may have."""

    def __init__(self) -> None:
        super().__init__()
        self.canvas = LinkCanvas()
        self.area = scrolled(self.canvas)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, MOST)
        self.slider.setValue(FIRST)
        self.slider.setMaximumWidth(160)
        self.count = Label("", "caption")
        explain_widget(
            self.slider,
            self.tr(
                "How many links of each token are drawn, the strongest first. Fainter than 0.01 are never drawn."
            ),
            self.tr("Links of each token"),
        )
        line = QHBoxLayout()
        line.setSpacing(SMALL)
        line.addWidget(Label(self.tr("Links of each token"), "caption"))
        line.addWidget(self.slider)
        line.addWidget(self.count)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addLayout(line)
        layout.addWidget(self.area, 1)
        self.slider.valueChanged.connect(self._count)
        self.canvas.marked.connect(lambda y: self.area.ensureVisible(0, y, 0, 3 * ROW_LEAST))
        self._count(FIRST)

    def _count(self, most: int) -> None:
        self.count.setText(str(most))
        self.canvas.show_most(most)
