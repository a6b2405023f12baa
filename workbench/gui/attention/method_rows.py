"""One row for each method: its name, what the deletion test says of it, and its strip of tokens."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.gui.attention.token_strip import TokenStrip, signed
from workbench.gui.theme import SMALL, TINY, current, theme
from workbench.gui.widgets import ElidedLabel, Label, explain_widget
from workbench.run.inside.explanation import METHODS, Explanation, Method, points


class Swatch(QWidget):
    """The colour of a method's curve."""

    def __init__(self, colour: int) -> None:
        super().__init__()
        self._colour = colour
        self.setFixedSize(14, 14)
        theme().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a short line."""
        palette, painter = current(), QPainter(self)
        painter.fillRect(QRectF(0, 6, 14, 3), QColor(palette.series[self._colour % len(palette.series)]))


class MethodRow(QWidget):
    """A method's name with its strip below."""

    def __init__(self, method: Method, colour: int) -> None:
        super().__init__()
        self.method = method
        self.strip = TokenStrip(self.tr(method.title))
        self.words = ElidedLabel("", "caption")
        self.score = Label("", "caption")
        name = Label(self.tr(method.title), "section")
        explain_widget(name, self.tr(method.help))
        top = QHBoxLayout()
        top.setSpacing(SMALL)
        top.addWidget(Swatch(colour))
        top.addWidget(name)
        top.addWidget(self.words, 1)
        top.addWidget(self.score)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TINY)
        layout.addLayout(top)
        layout.addWidget(self.strip)

    def show_found(self, found: Explanation) -> None:
        """Show this method's part of an explanation, or that it is still missing, or why it is."""
        row, refused = found.of(self.method.key), dict(found.refused).get(self.method.key, "")
        self.strip.show_tokens(found.tokens, found.special, row.scores if row else None)
        self.strip.setVisible(not refused)
        self.score.clear()
        parts = [refused] if refused else [] if row else ["…"]
        curve = (
            next((c for c in found.test.curves if c.method == self.method.key), None) if found.test else None
        )
        if curve is not None:
            parts.append(self.tr("top tokens removed: {0}").format(signed(points(-curve.area))))
        if row is not None and row.gap is not None:
            gap = self.tr("gap {0}, too wide to trust") if row.is_rough else self.tr("gap {0}")
            parts.insert(0, gap.format(signed(f"{row.gap:.2g}")))
            explain_widget(
                self.words,
                self.tr(
                    "The scores should sum to how much higher the log-odds are than for a neutral input. The gap is "
                    "what the sum misses; more steps would make it smaller."
                ),
            )
        self.words.setText(" · ".join(parts))

    def point(self, number: int) -> None:
        """Frame one token and say its score; -1 for none."""
        self.strip.mark(number)
        self.score.setText(self.strip.words(number) if 0 <= number < len(self.strip.tokens) else "")


class MethodRows(QWidget):
    """All methods below each other; a token that is pointed at is framed, and its score said, in every row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = tuple(MethodRow(method, colour) for colour, method in enumerate(METHODS))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, SMALL, 0)
        layout.setSpacing(SMALL + TINY)
        for row in self.rows:
            layout.addWidget(row)
            row.strip.pointed.connect(self.point)
        layout.addStretch(1)

    def show_found(self, found: Explanation) -> None:
        """Show an explanation, or as much of it as there is."""
        for row in self.rows:
            row.show_found(found)

    def point(self, number: int) -> None:
        """Frame one token in all rows."""
        for row in self.rows:
            row.point(number)
