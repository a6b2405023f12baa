"""Kinds of heads on the screen: their colours, their words, and the chips that filter by them."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QToolButton, QWidget

from workbench.gui.theme import TINY, Palette, current, theme
from workbench.gui.widgets import explain_widget
from workbench.run.inside.census import Census, HeadFacts
from workbench.run.inside.head_kinds import KEYS, KINDS

#: Okabe and Ito's colours (2008), which colour-blind people tell apart; on a dark ground as they are, on a light one
#: darker where they would fade. "Broad" is a quiet grey, "other" has none.
_DARK = ("#e69f00", "#56b4e9", "#2fbf93", "#f0e442", "#4d94d8", "#e8743b", "#d992bd")
_LIGHT = ("#d98c00", "#56b4e9", "#009e73", "#c9b800", "#0072b2", "#d55e00", "#cc79a7")


def kind_colour(key: str, palette: Palette) -> QColor:
    """The colour of a kind."""
    if key == "broad":
        return QColor(palette.blend("muted", 0.75))
    if key == "other":
        return QColor(palette.line)
    return QColor((_LIGHT if palette.name == "light" else _DARK)[KEYS.index(key)])


def facts_text(facts: HeadFacts) -> str:
    """What a head is and by which score: Previous token 0.87, then Self 0.10."""
    second = f"{facts.runner_up.title.lower()} {facts.runner_up_score:.2f}"
    if facts.kind.key == "other":
        return f"no clear kind (nearest: {second})"
    return f"{facts.kind.title.lower()} {facts.score:.2f} (next: {second})"


class KindChips(QWidget):
    """One small button for each kind that occurs, with its colour and how many heads are of it.

    None pressed means all. `changed` comes when a chip is pressed or released.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._flow = Flow(self)
        self._chips: dict[str, QToolButton] = {}
        for kind in KINDS:
            chip = QToolButton()
            chip.setProperty("role", "kind")
            chip.setCheckable(True)
            chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.setIconSize(QSize(10, 10))
            chip.toggled.connect(lambda _: self.changed.emit())
            self._flow.addWidget(chip)
            self._chips[kind.key] = chip
        self.setAccessibleName(self.tr("Kinds of heads"))
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme().changed.connect(self._colour)
        self._colour()
        self.show_census(None)

    def chosen(self) -> frozenset[str]:
        """The kinds whose chips are pressed; empty for all."""
        return frozenset(key for key, chip in self._chips.items() if chip.isChecked() and not chip.isHidden())

    def chip(self, key: str) -> QToolButton:
        """The button of a kind."""
        return self._chips[key]

    def show_census(self, census: Census | None) -> None:
        """Say how many heads are of each kind; kinds without any have no chip."""
        counts = [0] * len(KINDS) if census is None else census.counts().sum(axis=0).tolist()
        for kind, count in zip(KINDS, counts, strict=True):
            chip = self._chips[kind.key]
            words = f"{kind.title} {count}"
            if chip.text() != words:
                chip.setText(words)
                score = f"{kind.help} Named so from {kind.threshold:.2g} on." if kind.source else kind.help
                explain_widget(
                    chip, self.tr("Point out these heads. {0}").format(score), f"{kind.title}: {count} heads"
                )
            if chip.isHidden() == bool(count):
                chip.setVisible(bool(count))
        self._flow.invalidate()
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        """More lines where it is narrow."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height of all lines."""
        return self._flow.heightForWidth(width)

    def _colour(self) -> None:
        for key, chip in self._chips.items():
            chip.setIcon(_swatch(kind_colour(key, current()), self.devicePixelRatioF()))


def _swatch(colour: QColor, ratio: float) -> QIcon:
    square = QPixmap(QSize(10, 10) * ratio)
    square.setDevicePixelRatio(ratio)
    square.fill(Qt.GlobalColor.transparent)
    painter = QPainter(square)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(0, 0, 10, 10, 3, 3)
    painter.end()
    return QIcon(square)


class Flow(QLayout):
    """Widgets side by side, in as many lines as the width needs."""

    def __init__(self, parent: QWidget, spacing: int = TINY) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        """Put one at the end."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """One of them."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take one out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """As wide as there is room."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """More lines where it is narrow."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height of all lines."""
        *_, last = [QRect(0, 0, 0, 0), *(rect for _, rect in self._placed(width))]
        return last.y() + last.height()

    def sizeHint(self) -> QSize:
        """One line."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        """The widest of them."""
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        return QSize(max((s.width() for s in sizes), default=0), max((s.height() for s in sizes), default=0))

    def setGeometry(self, rect: QRect) -> None:
        """Put each in its place."""
        super().setGeometry(rect)
        for item, place in self._placed(rect.width()):
            item.setGeometry(place.translated(rect.topLeft()))

    def _placed(self, width: int) -> Iterator[tuple[QLayoutItem, QRect]]:
        x = y = line = 0
        for item in self._items:
            if item.isEmpty():  # hidden
                continue
            size = item.sizeHint()
            if x and x + size.width() > width:
                x, y, line = 0, y + line + self.spacing(), 0
            yield item, QRect(QPoint(x, y), size)
            x += size.width() + self.spacing()
            line = max(line, size.height())
