"""How many heads of each kind a layer has, as one stacked bar for each layer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.attention.colours import readable_on
from workbench.gui.attention.drawing import CENTRE, RIGHT
from workbench.gui.attention.kinds import kind_colour
from workbench.gui.theme import FONT_SMALL, SMALL, current, theme
from workbench.run.inside.census import Census
from workbench.run.inside.head_kinds import KINDS

_LEAST, _MOST, _LABEL = 12.0, 44.0, 30.0


class KindBars(QWidget):
    """A bar for each layer, the first at the top; point at one to read its counts."""

    def __init__(self) -> None:
        super().__init__()
        self._census: Census | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Kinds of heads by layer"))
        theme().changed.connect(self.update)

    def show_census(self, census: Census | None) -> None:
        """Draw the counts of a census."""
        self._census = census
        layers = len(census.kinds) if census else 0
        self.setMinimumHeight(round(_LEAST * layers))
        self.setAccessibleDescription("; ".join(self.words(layer) for layer in range(layers)))
        self.update()

    def words(self, layer: int) -> str:
        """The counts of a layer: Layer 1: 3 previous token, 1 self."""
        if self._census is None:
            return ""
        counts = self._census.counts()[layer]
        parts = [f"{n} {kind.title.lower()}" for kind, n in zip(KINDS, counts, strict=True) if n]
        return f"Layer {layer + 1}: {', '.join(parts)}"

    def sizeHint(self) -> QSize:
        """Room for a dozen layers."""
        return QSize(300, 260)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars."""
        if self._census is None:
            return
        painter, palette, pitch = QPainter(self), current(), self._pitch()
        font = QFont(self.font())
        font.setPixelSize(FONT_SMALL)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        counts = self._census.counts()
        unit = (self.width() - _LABEL - SMALL) / max(1, counts[0].sum())
        height = pitch - max(2.0, 0.2 * pitch)
        for layer, row in enumerate(counts):
            y = layer * pitch
            painter.setPen(palette.colour("muted"))
            painter.drawText(QRectF(0, y, _LABEL - SMALL, height), RIGHT, f"L{layer + 1}")
            x = _LABEL
            for kind, count in zip(KINDS, row.tolist(), strict=True):
                if not count:
                    continue
                box = QRectF(x, y, count * unit - 1, height)
                colour = kind_colour(kind.key, palette)
                painter.fillRect(box, colour)
                if box.width() > metrics.horizontalAdvance("00") + 4 and height >= metrics.height() - 2:
                    painter.setPen(readable_on(colour.rgb()))
                    painter.drawText(box, CENTRE, str(count))
                x += count * unit

    def event(self, event: QEvent) -> bool:
        """The counts of the layer under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._census:
            layer = int(event.pos().y() // self._pitch())
            words = self.words(layer) if layer < len(self._census.kinds) else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _pitch(self) -> float:
        layers = len(self._census.kinds) if self._census else 1
        return min(_MOST, max(_LEAST, self.height() / layers))
