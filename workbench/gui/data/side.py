"""The column at the right of the Data page: four pages behind one switch, two of them with a count."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QStyle,
    QStyleOptionToolButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.data.findings_card import FindingsCard
from workbench.gui.data.profile_card import ProfileCard
from workbench.gui.data.split_card import SplitCard
from workbench.gui.data.steps_card import StepsCard
from workbench.gui.theme import CONTROL_HEIGHT, FONT_SMALL, SMALL, TINY, current, theme
from workbench.gui.widgets import column, explain_widget, scrolled

ABOUT, FINDINGS, STEPS, SPLIT = "about", "findings", "steps", "split"
NARROWEST, WIDEST = 290, 400
_MOST = 99  # a badge says 99+ beyond


class CountedSegment(QToolButton):
    """A choice of the switch that may carry a count; it draws its own words, to keep close to its neighbours."""

    def __init__(self, text: str, help: str) -> None:
        super().__init__()
        self._help = help
        self._count, self._tone = "", "neutral"
        self.setText(text)
        self.setCheckable(True)
        self.setProperty("role", "segment")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(CONTROL_HEIGHT - 4)
        explain_widget(self, help, text)
        theme().changed.connect(self.update)

    def show_count(self, count: int, tone: str) -> None:
        """Carry a count, in a tone; 0 or less: none."""
        self._count = "" if count <= 0 else (str(count) if count <= _MOST else f"{_MOST}+")
        self._tone = tone
        explain_widget(self, self._help, f"{self.text()} {count}" if self._count else self.text())
        self.updateGeometry()
        self.update()

    def count(self) -> str:
        """What the badge says."""
        return self._count

    def sizeHint(self) -> QSize:
        """Words and badge with a little room."""
        return QSize(self._words() + self._badge() + 2 * (TINY + 2), CONTROL_HEIGHT - 4)

    def minimumSizeHint(self) -> QSize:
        """As in `sizeHint`."""
        return self.sizeHint()

    def _small(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        return font

    def _words(self) -> int:
        return self.fontMetrics().horizontalAdvance(self.text())

    def _badge(self) -> int:
        # About 6 pixels a figure at this size, and half of the height at each end.
        return TINY + max(16, 6 * len(self._count) + 9) if self._count else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        """The style draws the ground; words and badge stand in its middle together."""
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = ""
        painter, palette = QPainter(self), current()
        self.style().drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option, painter, self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = (self.width() - self._words() - self._badge()) / 2
        strong = self.isChecked() or self.underMouse()
        painter.setPen(palette.colour("text" if strong else "muted"))
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(left, 0, self._words() + 2, self.height()), centre, self.text())
        if not self._count:
            return
        area = QRectF(left + self._words() + TINY, self.height() / 2 - 8, self._badge() - TINY, 16)
        toned = self._tone in ("bad", "warning")
        ground = palette.blend(self._tone, 0.22) if toned else palette.blend("muted", 0.22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(area, 8, 8)
        painter.setPen(palette.colour(self._tone if toned else "text"))
        painter.setFont(self._small())
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self._count)


class DataSide(QWidget):
    """Everything about the data in hand that is not its rows.

    Args:
        about: The cards of the first page; what the columns hold comes below them.
    """

    page_changed = Signal(str)  # "about", "findings", "steps" or "split"

    def __init__(self, *about: QWidget) -> None:
        super().__init__()
        self.findings, self.steps = FindingsCard(), StepsCard()
        self.split, self.profile = SplitCard(), ProfileCard()
        self._buttons: dict[str, CountedSegment] = {}
        self._group = QButtonGroup(self)
        self.stack = QStackedWidget()
        frame = QFrame()
        frame.setProperty("role", "segmented")
        frame.setAccessibleName(self.tr("What to show beside the rows"))
        line = QHBoxLayout(frame)
        line.setContentsMargins(2, 2, 2, 2)
        line.setSpacing(1)
        pages = (
            (ABOUT, self.tr("About"), self.tr("What the data is: columns, classes, lengths."), about),
            (FINDINGS, self.tr("Findings"), self.tr("What is wrong with the data, and how to mend it."), ()),
            (STEPS, self.tr("Steps"), self.tr("What is done to the rows before training."), ()),
            (SPLIT, self.tr("Split"), self.tr("Which rows are put aside for measuring."), ()),
        )
        own = {ABOUT: self.profile, FINDINGS: self.findings, STEPS: self.steps, SPLIT: self.split}
        for key, title, help, cards in pages:
            button = self._buttons[key] = CountedSegment(title, help)
            button.setProperty("key", key)
            self._group.addButton(button)
            line.addWidget(button)
            self.stack.addWidget(scrolled(column(*cards, own[key], None)))
        self._buttons[ABOUT].setChecked(True)
        self._quiet = False
        self._group.buttonToggled.connect(self._toggled)
        self.findings.counted.connect(self._buttons[FINDINGS].show_count)
        self.steps.counted.connect(lambda count: self._buttons[STEPS].show_count(count, "neutral"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(frame)
        layout.addWidget(self.stack, 1)
        self.setMinimumWidth(NARROWEST)
        self.setMaximumWidth(WIDEST)

    def page(self) -> str:
        """The key of the page that shows."""
        return tuple(self._buttons)[self.stack.currentIndex()]

    def show_page(self, key: str) -> None:
        """Turn to a page without telling; an unknown key is ignored."""
        if key in self._buttons:
            self._quiet = True
            self._buttons[key].setChecked(True)
            self._quiet = False

    def button(self, key: str) -> CountedSegment:
        """The button of a page."""
        return self._buttons[key]

    def show_unavailable(self, why: str) -> None:
        """The data has no rows in columns: say on the last three pages why they are empty."""
        for card in (self.findings, self.steps, self.split):
            card.show_unavailable(why)

    def _toggled(self, button: QToolButton, on: bool) -> None:
        if on:
            key = str(button.property("key"))
            self.stack.setCurrentIndex(tuple(self._buttons).index(key))
            if not self._quiet:
                self.page_changed.emit(key)
