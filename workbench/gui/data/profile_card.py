"""What each column holds: its kind, how much of it is filled, its most frequent values, and its languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from workbench.data.suggest import counted
from workbench.gui.data.card_parts import (
    RowButton,
    SmallNote,
    breakable,
    bring_to_sight,
    empty,
    set_words,
)
from workbench.gui.data.folding_row import Chevron
from workbench.gui.data.lengths import percent
from workbench.gui.theme import FONT_SMALL, MEDIUM, SMALL, TINY, current, theme
from workbench.gui.widgets import Card, GhostButton, Label, Muted, column, explain_widget, show_if

if TYPE_CHECKING:
    from workbench.data.column_profile import ColumnProfile
    from workbench.data.languages import Languages

_AT_ONCE = 12  # columns that get a row at once
_LANGUAGES = 6


class ValueBars(QWidget):
    """Values with the share of rows that have them, as tiny bars; the shares are of a given whole."""

    ROW = 20

    def __init__(self, rows: Sequence[tuple[str, float]], name: str) -> None:
        super().__init__()
        self._rows = tuple(rows)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.ROW * max(1, len(self._rows)))
        explain_widget(self, "", name)
        self.setAccessibleDescription(", ".join(f"{value} {percent(share)}" for value, share in self._rows))
        theme().changed.connect(self.update)

    def rows(self) -> tuple[tuple[str, float], ...]:
        """What is shown."""
        return self._rows

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(200, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw value, bar and share of each line."""
        painter, palette = QPainter(self), current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        shares = metrics.horizontalAdvance("< 0.1\u00a0%")
        widest = max((metrics.horizontalAdvance(_one_line(value)) for value, _ in self._rows), default=0)
        names = min(widest + 4, int(self.width() * 0.5))
        left = names + SMALL
        room = max(16, self.width() - left - shares - SMALL)
        centre = Qt.AlignmentFlag.AlignVCenter
        for place, (value, share) in enumerate(self._rows):
            y = place * self.ROW
            told = metrics.elidedText(_one_line(value), Qt.TextElideMode.ElideRight, names)
            painter.setPen(palette.colour("text"))
            painter.drawText(QRectF(0, y, names + 1, self.ROW), centre, told)
            painter.setPen(Qt.PenStyle.NoPen)
            middle = y + self.ROW / 2
            painter.setBrush(palette.colour("raised"))
            painter.drawRoundedRect(QRectF(left, middle - 2.5, room, 5), 2.5, 2.5)
            painter.setBrush(QColor(palette.series[0]))
            painter.drawRoundedRect(QRectF(left, middle - 2.5, max(3.0, room * share), 5), 2.5, 2.5)
            painter.setPen(palette.colour("muted"))
            area = QRectF(0, y, self.width(), self.ROW)
            shown = percent(share).replace("fewer than ", "< ").replace("more than ", "> ")
            painter.drawText(area, centre | Qt.AlignmentFlag.AlignRight, shown)

    def event(self, event: QEvent) -> bool:
        """The tooltip has the whole value."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = int(event.pos().y() // self.ROW)
            if 0 <= place < len(self._rows):
                value, share = self._rows[place]
                QToolTip.showText(event.globalPos(), f"{value[:400]}: {percent(share)}", self)
                return True
        return super().event(event)


def _one_line(value: str) -> str:
    return " ".join(value[:80].split()) or "(blank)"


class ColumnRow(QWidget):
    """One column: a line, and its most frequent values below it."""

    def __init__(self, shown: ColumnProfile) -> None:
        super().__init__()
        self.column = shown
        facts = " · ".join(self._facts(shown))
        kind = {
            "text": self.tr("text"),
            "category": self.tr("category"),
            "number": self.tr("number"),
            "date": self.tr("date"),
            "id": self.tr("names rows"),
            "empty": self.tr("empty"),
        }[shown.kind]
        odd = self._odd(shown)
        help = self.tr("Show its most frequent values.") if shown.frequent else ""
        self.head = RowButton(shown.name, help)
        self.head.setCheckable(True)
        self.head.setAccessibleDescription(". ".join(part for part in (kind, facts, odd) if part))
        self._title = Label(breakable(shown.name), wrap=True)
        said = Label(facts, "caption", wrap=True)
        show_if(said, bool(facts))
        self._chevron = Chevron()
        show_if(self._chevron, bool(shown.frequent))
        first = QHBoxLayout()
        first.setSpacing(SMALL)
        first.addWidget(self._title, 1)
        for part in (Muted(kind, wrap=False), self._chevron):
            first.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        words = QWidget()
        lines = QVBoxLayout(words)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(2)
        lines.addLayout(first)
        lines.addWidget(said)
        self.head.put(words, 1)
        self.head.setEnabled(bool(shown.frequent))
        self.warning = SmallNote("warning")
        self.warning.setContentsMargins(SMALL, 0, SMALL, TINY)
        self.warning.say(odd)
        self.values: ValueBars | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self.head)
        self._layout.addWidget(self.warning)
        self.head.toggled.connect(self._fold)

    def _facts(self, shown: ColumnProfile) -> list[str]:
        """What is worth knowing of its kind, in a few words each."""
        if shown.kind == "empty":
            return []
        facts = [self.tr("{0} filled").format(percent(shown.filled / shown.rows))]
        if shown.distinct == shown.filled > 1:
            facts.append(self.tr("all different"))
        else:
            facts.append(counted(shown.distinct, "value") if shown.distinct > 1 else self.tr("one value"))
        if shown.kind == "text":
            facts.append(self.tr("median {0:.0f} characters").format(shown.median))
        if shown.lowest and shown.lowest != shown.highest:
            facts.append(self.tr("{0} to {1}").format(breakable(shown.lowest), breakable(shown.highest)))
        return facts

    def _odd(self, shown: ColumnProfile) -> str:
        """What is wrong with it as something to learn from; empty for nothing."""
        if shown.kind == "empty":
            return self.tr("Nothing stands in this column.")
        if not shown.constant:
            return ""
        value, rows = shown.frequent[0]
        said = breakable(_one_line(value)[:40])
        if rows == shown.filled:
            return self.tr("All filled rows say “{0}”: there is nothing to learn from it.").format(said)
        share = percent(rows / shown.filled).capitalize()
        return self.tr("{0} of the filled rows say “{1}”: there is next to nothing to learn from it.").format(
            share, said
        )

    def _fold(self, on: bool) -> None:
        if on and self.values is None:
            shares = [(value, count / self.column.rows) for value, count in self.column.frequent]
            name = self.tr("Most frequent values of {0}").format(self.column.name)
            self.values = ValueBars(shares, name)
            inner = column(self.values)
            inner.setContentsMargins(SMALL, 0, SMALL, SMALL)
            self._layout.addWidget(inner)
        if self.values is not None:
            holder = self.values.parentWidget()
            if holder is not None:
                show_if(holder, on)
        self._chevron.show_open(on)
        set_words(self._title, "section" if on else "")
        if on:
            bring_to_sight(self)


class ProfileCard(Card):
    """The columns of the data in hand; hidden while nothing is known of them."""

    def __init__(self) -> None:
        super().__init__(self.tr("What the columns hold"))
        self.rows: list[ColumnRow] = []
        self._columns: tuple[ColumnProfile, ...] = ()
        listed = QWidget()
        self._list = QVBoxLayout(listed)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(2)
        self.more = GhostButton("-", on_click=self._show_all)
        self.languages_title = Label(self.tr("Languages"), "section")
        self.languages_title.setContentsMargins(SMALL, SMALL, 0, 0)
        self._languages_place = QWidget()
        self._languages_layout = QVBoxLayout(self._languages_place)
        self._languages_layout.setContentsMargins(SMALL, 0, SMALL, 0)
        for widget in (listed, self.more, self.languages_title, self._languages_place):
            self.add(widget)
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(SMALL, MEDIUM, SMALL, MEDIUM)
        self.title.setContentsMargins(SMALL, 0, 0, 0)
        self.show_profile(())

    def show_profile(self, columns: Sequence[ColumnProfile], languages: Languages | None = None) -> None:
        """Show other columns, and what the texts are written in; no columns hide the card."""
        self._columns = tuple(columns)
        self._fill(self._columns[:_AT_ONCE])
        empty(self._languages_layout)
        told = bool(languages and languages.found)
        if languages is not None and told:
            shares = [(each.name, languages.share(each)) for each in languages.found[:_LANGUAGES]]
            self._languages_layout.addWidget(ValueBars(shares, self.tr("Languages of the texts")))
            if languages.unsure:
                rest = self.tr("{0} too short to tell.").format(counted(languages.unsure, "text"))
                self._languages_layout.addWidget(Label(rest, "caption", wrap=True))
        show_if(self.languages_title, told)
        show_if(self._languages_place, told)
        show_if(self, bool(self._columns))

    def _fill(self, columns: Sequence[ColumnProfile]) -> None:
        empty(self._list)
        self.rows = [ColumnRow(each) for each in columns]
        for place, each in enumerate(self.rows):
            self._list.addWidget(each)
            each.head.stepped.connect(lambda by, place=place: self._walk(place, by))
        left = len(self._columns) - len(columns)
        self.more.setText(self.tr("Show {0}").format(counted(left, "more column", "more columns")))
        show_if(self.more, left > 0)

    def _show_all(self) -> None:
        self._fill(self._columns)

    def _walk(self, place: int, by: int) -> None:
        if 0 <= place + by < len(self.rows):
            self.rows[place + by].head.step_here()
