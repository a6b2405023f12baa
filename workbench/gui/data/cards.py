"""The chooser of data sets: a card for each shipped one and a card for the person's own file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QFontMetrics, QPainter, QPaintEvent, QPen, QTextLayout
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QGridLayout, QSizePolicy, QWidget

from workbench.data.suggest import counted
from workbench.gui.icons import pixmap
from workbench.gui.theme import CONTROL_HEIGHT, FONT_SMALL, MEDIUM, RADIUS, SMALL, TINY, current, theme
from workbench.gui.widgets import GhostButton, column, explain_widget, row
from workbench.run.sources import is_place, title_of

if TYPE_CHECKING:
    from workbench.shelf.datasets import ShippedDataset

_ACROSS = 4
_NARROW = 180  # pixels of a card's width below which its icon makes room for the words
_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class ChoiceCard(QAbstractButton):
    """A card that can be chosen: an icon, a title, a summary, and lines of facts below it.

    The summary takes the lines that the facts leave: four in all.
    """

    HEIGHT = 108

    def __init__(
        self,
        icon: str,
        title: str,
        summary: str,
        facts: Sequence[str] = (),
        *,
        dashed: bool = False,
        height: int = HEIGHT,
    ) -> None:
        super().__init__()
        self._height, self._lines = height, 4 if height == self.HEIGHT else 2
        self._icon, self._summary, self._facts = icon, summary, tuple(facts)
        self._dashed = dashed
        self.wanted = False  # a file is being dragged over the page
        self._by_keyboard = False
        self.setText(title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def say(self, title: str, summary: str) -> None:
        """Change the words."""
        self.setText(title)
        self._summary = summary
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Only the keyboard needs to see where it is; after a click a ring would look like a choice."""
        self._by_keyboard = event.reason() in _KEYBOARD
        super().focusInEvent(event)

    def show_wanted(self, wanted: bool) -> None:
        """Light up, or stop."""
        self.wanted = wanted
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough for a title, high enough for four lines."""
        return QSize(210, self._height)

    def minimumSizeHint(self) -> QSize:
        """Narrow cards shorten their texts."""
        return QSize(120, self._height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the frame and the texts."""
        palette, painter = current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked() or self.wanted
        strong = on or (self.hasFocus() and self._by_keyboard)
        pen = QPen(palette.colour("accent" if strong else "line"), 1.6 if strong else 1.0)
        if self._dashed and not strong:
            pen = QPen(palette.colour("muted"), 1.0, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        ground = "selection" if on else ("raised" if self.underMouse() or self.isDown() else "surface")
        painter.setBrush(palette.colour("background" if self._dashed and ground == "surface" else ground))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        self._draw_texts(painter)

    def _draw_texts(self, painter: QPainter) -> None:
        palette = current()
        narrow = self.width() < _NARROW
        left, top = SMALL + 1 if narrow else MEDIUM, SMALL + 2
        width = self.width() - 2 * left
        if not narrow:
            colour = palette.accent if self.isChecked() else palette.muted
            painter.drawPixmap(left, top + 1, pixmap(self._icon, colour, 16, self.devicePixelRatioF()))
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        small = QFont(self.font())
        small.setPixelSize(FONT_SMALL + 1)
        painter.setFont(bold)
        painter.setPen(palette.colour("text"))
        indent = 0 if narrow else 16 + SMALL
        title = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, width - indent)
        painter.drawText(
            QRectF(left + indent, top, width - indent, 18), int(Qt.AlignmentFlag.AlignVCenter), title
        )
        painter.setFont(small)
        painter.setPen(palette.colour("muted"))
        line_height = painter.fontMetrics().height()
        y = float(top + 18 + TINY)
        for line in wrapped(self._summary, small, width, self._lines - len(self._facts)):
            painter.drawText(QPointF(left, y + painter.fontMetrics().ascent()), line)
            y += line_height
        small.setPixelSize(FONT_SMALL)
        painter.setFont(small)
        painter.setPen(palette.colour("text"))
        y = self.height() - SMALL - 3.0 - (len(self._facts) - 1) * (FONT_SMALL + TINY + 1)
        for fact in self._facts:
            shown = painter.fontMetrics().elidedText(fact, Qt.TextElideMode.ElideRight, width)
            painter.drawText(QPointF(left, y), shown)
            y += FONT_SMALL + TINY + 1


def wrapped(text: str, font: QFont, width: float, lines: int) -> list[str]:
    """The text cut into at most so many lines of a width, the last one shortened when there is more."""
    layout = QTextLayout(text, font)
    layout.beginLayout()
    found: list[str] = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        rest = text[line.textStart() :]
        if len(found) == lines - 1:
            found.append(QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideRight, int(width)))
            break
        found.append(rest[: line.textLength()].rstrip())
    layout.endLayout()
    return found


#: The card of one's own files, which leaves room for the other two ways below it.
_OWN_HEIGHT = ChoiceCard.HEIGHT - CONTROL_HEIGHT - SMALL


class DatasetStrip(QWidget):
    """The cards side by side, the person's own file last."""

    chosen = Signal(str)  # a shipped name
    open_wanted = Signal()
    folder_wanted = Signal()
    hub_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SMALL)
        self._group = QButtonGroup(self)
        self._cards: dict[str, ChoiceCard] = {}
        self._datasets: tuple[ShippedDataset, ...] = ()
        self._source = ""
        self.open_card = ChoiceCard("file", "-", "-", dashed=True, height=_OWN_HEIGHT)
        explain_widget(
            self.open_card,
            self.tr("Choose a file of your own, or several: tables with texts and labels, or plain texts."),
            self.tr("Open files"),
        )
        self.folder_button = GhostButton(
            self.tr("Folder…"), on_click=self.folder_wanted.emit,
            help=self.tr("Open all data files of a folder as one table, or a folder of pictures."),
        )  # fmt: skip
        self.hub_button = GhostButton(
            self.tr("Hub…"), on_click=self.hub_wanted.emit,
            help=self.tr("Open a data set of the Hugging Face Hub by its name. Its size is shown first."),
        )  # fmt: skip
        for button in (self.folder_button, self.hub_button):
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        ways = row(self.folder_button, self.hub_button, spacing=SMALL)
        self._own = column(self.open_card, ways, spacing=SMALL)
        self._own.setParent(self)
        self._group.addButton(self.open_card)
        self.open_card.clicked.connect(self._open_clicked)
        self._place()
        self.mark("")

    def card(self, name: str) -> ChoiceCard:
        """The card of a shipped set."""
        return self._cards[name]

    def show_datasets(self, datasets: Sequence[ShippedDataset]) -> None:
        """Make a card for each; the same ones again change nothing."""
        if tuple(datasets) == self._datasets:
            return
        self._datasets = tuple(datasets)
        for card in self._cards.values():
            self._group.removeButton(card)
            card.setParent(None)
            card.deleteLater()
        self._cards = {dataset.name: self._make(dataset) for dataset in datasets}
        self._place()
        self.mark(self._source)

    def mark(self, source: str) -> None:
        """Show which one is in hand; a file marks the last card."""
        self._source = source
        own = bool(source) and source not in self._cards and is_place(source)
        self.open_card.say(
            title_of(source) if own else self.tr("Open files…"),
            self.tr("Your own. Choose or drop others here.")
            if own
            else self.tr("Tables, texts and more. Or drop them here."),
        )
        self._group.setExclusive(False)  # so that none may be on
        for name, card in self._cards.items():
            card.setChecked(name == source)
        self.open_card.setChecked(own)
        self._group.setExclusive(True)

    def _make(self, dataset: ShippedDataset) -> ChoiceCard:
        card = ChoiceCard(
            "file" if dataset.task == "causal-lm" else "data",
            dataset.title,
            dataset.summary,
            self._facts(dataset),
        )
        card.setObjectName(dataset.name)
        explain_widget(
            card, self._told(dataset), dataset.title, f"{dataset.summary} {', '.join(self._facts(dataset))}"
        )
        self._group.addButton(card)
        card.clicked.connect(lambda: self.chosen.emit(dataset.name))
        return card

    def _facts(self, dataset: ShippedDataset) -> list[str]:
        """Two lines: how much it is, and what to compare with and under which licence."""
        size = [counted(dataset.rows, "line" if dataset.task == "causal-lm" else "row")]
        if dataset.classes:
            size.append(counted(len(dataset.classes), "class", "classes"))
        terms = [dataset.licence] if dataset.licence else []
        if dataset.baseline_accuracy is not None:
            terms.insert(0, self.tr("baseline {0:.0f} %").format(100 * dataset.baseline_accuracy))
        elif dataset.task == "causal-lm":
            terms.insert(0, self.tr("plain text"))
        return [" · ".join(line) for line in (size, terms) if line]

    def _told(self, dataset: ShippedDataset) -> str:
        parts = [dataset.summary]
        if dataset.classes:
            parts.append(self.tr("Classes: {0}.").format(", ".join(dataset.classes)))
        if dataset.baseline_accuracy is not None:
            what = dataset.baseline or self.tr("a simple method")
            parts.append(
                self.tr("To compare with: {0} reaches {1:.1f} % held-out accuracy.").format(
                    what.rstrip("."), 100 * dataset.baseline_accuracy
                )
            )
        if dataset.licence:
            parts.append(self.tr("Licence: {0}.").format(dataset.licence))
        parts.append(dataset.how_made)
        return " ".join(part for part in parts if part)

    def _place(self) -> None:
        cells = [*self._cards.values(), self._own]
        across = len(cells) if len(cells) <= _ACROSS + 1 else _ACROSS
        for index, cell in enumerate(cells):
            self._layout.addWidget(cell, index // across, index % across)
        order = [*self._cards.values(), self.open_card, self.folder_button, self.hub_button]
        for earlier, later in itertools.pairwise(order):
            self.setTabOrder(earlier, later)

    def _open_clicked(self) -> None:
        self.mark(self._source)  # nothing is chosen before the dialog says so
        self.open_wanted.emit()
