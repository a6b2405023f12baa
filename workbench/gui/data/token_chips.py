"""A text's tokens as chips, with the place at which the model's maximum length cuts them off."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.data.suggest import counted
from workbench.gui.theme import SMALL, TINY, current, mono_font, theme

MOST = 2000  # chips that are laid out: some milliseconds
_HEIGHT = 22
_LONGEST = 40  # characters of one token that are shown


class TokenChips(QWidget):
    """Chips in lines, as words in a paragraph; only those in sight are drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._tokens: tuple[str, ...] = ()
        self._cut: int | None = None
        self._places: list[QRect] = []
        self.setFont(mono_font())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(self.tr("Tokens of the chosen row"))
        theme().changed.connect(self.update)

    def show_tokens(self, tokens: Sequence[str], cut_at: int | None) -> None:
        """Show other tokens; those from `cut_at` on are cut off, None for none."""
        self._tokens, self._cut = tuple(tokens), cut_at
        self.setAccessibleDescription(f"{self.summary()}. {' '.join(self._tokens[:200])}")
        self._arrange()

    def tokens(self) -> tuple[str, ...]:
        """What is shown."""
        return self._tokens

    def lost(self) -> int:
        """How many tokens are cut off."""
        return 0 if self._cut is None else max(0, len(self._tokens) - self._cut)

    def summary(self) -> str:
        """How many tokens there are, and how many of them are lost."""
        said = counted(len(self._tokens), "token")
        if self.lost():
            said += self.tr(", the last {0} cut off at {1}").format(counted(self.lost(), "token"), self._cut)
        more = len(self._tokens) - MOST
        return said + (
            self.tr("; the first {0} shown").format(f"{MOST:,}".replace(",", "\u202f")) if more > 0 else ""
        )

    def sizeHint(self) -> QSize:
        """As high as the lines that are needed."""
        return QSize(200, self._bottom())

    def minimumSizeHint(self) -> QSize:
        """The same, so that a scroll area scrolls."""
        return QSize(60, self._bottom())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has other lines."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._arrange()

    def _bottom(self) -> int:
        return self._places[-1].bottom() + SMALL if self._places else _HEIGHT

    def _arrange(self) -> None:
        metrics, places = self.fontMetrics(), []
        left = top = 0
        for place, token in enumerate(self._tokens[:MOST]):
            width = min(metrics.horizontalAdvance(_shown(token)) + 10, max(40, self.width()))
            gap = SMALL + TINY if place == self._cut else 0
            if left and left + gap + width > self.width():
                left, top = 0, top + _HEIGHT + TINY
            places.append(QRect(left + gap, top, width, _HEIGHT))
            left += gap + width + 3
        self._places = places
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the chips in sight, and a line where the text is cut."""
        palette, painter = current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        grounds = (QColor(palette.raised), QColor(palette.blend("accent", 0.16)))
        for place, area in enumerate(self._places):
            if area.bottom() < event.rect().top() or area.top() > event.rect().bottom():
                continue
            lost = self._cut is not None and place >= self._cut
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(palette.blend("warning", 0.12)) if lost else grounds[place % 2])
            painter.drawRoundedRect(QRectF(area), TINY, TINY)
            painter.setPen(palette.colour("muted" if lost else "text"))
            shown = self.fontMetrics().elidedText(
                _shown(self._tokens[place]), Qt.TextElideMode.ElideRight, area.width()
            )
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, shown)
            if place == self._cut:
                painter.setPen(QPen(palette.colour("warning"), 2))
                x = area.left() - 5
                painter.drawLine(x, area.top() - 1, x, area.bottom() + 1)

    def event(self, event: QEvent) -> bool:
        """The tooltip has the whole token and its number."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            before = takewhile(lambda area: not area.contains(event.pos()), self._places)
            place = sum(1 for _ in before)
            if place < len(self._places):
                words = self.tr("Token {0}: {1}").format(place + 1, self._tokens[place])
                lost = self._cut is not None and place >= self._cut
                QToolTip.showText(event.globalPos(), words + (self.tr(" (cut off)") if lost else ""), self)
                return True
        return super().event(event)


def _shown(token: str) -> str:
    """A token on one line: line breaks and blanks are to be seen."""
    shown = token.replace("\n", "↵").replace("\t", "⇥").replace(" ", "·")
    return shown[:_LONGEST] + "…" if len(shown) > _LONGEST else shown or "·"
