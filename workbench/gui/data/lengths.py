"""How long the texts are: a histogram with a line at the maximum length, and what the line cuts off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme import FONT_SMALL, TINY, current, theme
from workbench.gui.widgets import Card, GhostButton, Label, Muted, explain_widget

if TYPE_CHECKING:
    from workbench.data.profile import Profile


def percent(share: float) -> str:
    """A share in words: "3 %", "0.4 %", "fewer than 0.1 %"; the gap does not break."""
    if 0 < share < 0.001:
        return "fewer than 0.1\u00a0%"
    if share < 0.0995 and round(1000 * share) % 10:
        return f"{100 * share:.1f}\u00a0%"
    return "more than 99\u00a0%" if 0.995 <= share < 1 else f"{100 * share:.0f}\u00a0%"


class LengthHistogram(QWidget):
    """The histogram of a profile; what lies beyond the maximum length is dimmed."""

    def __init__(self) -> None:
        super().__init__()
        self._profile: Profile | None = None
        self.setMinimumHeight(112)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Lengths of the texts"))
        theme().changed.connect(self.update)

    def show_profile(self, profile: Profile | None) -> None:
        """Draw another profile."""
        self._profile = profile
        if profile:
            self.setAccessibleDescription(
                self.tr("From {0} to {1} {2}, half of them up to {3:.0f}.").format(
                    profile.shortest, profile.longest, profile.unit, profile.median
                )
            )
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as a side column."""
        return QSize(240, 112)

    def _plot(self) -> QRectF:
        return QRectF(0, 14, self.width() - 1, self.height() - 14 - 18)

    def _end(self, profile: Profile) -> float:
        """Where the axis ends: the line belongs into the picture unless that would squeeze the bars."""
        last = profile.bin_edges[-1]
        in_tokens = profile.unit == "tokens"
        return max(last, profile.max_length * 1.06) if in_tokens and profile.max_length <= 3 * last else last

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bars, line, and axis."""
        profile = self._profile
        if profile is None or not profile.sampled:
            return
        painter, palette, plot, end = QPainter(self), current(), self._plot(), self._end(profile)
        small = QFont(self.font())
        small.setPixelSize(FONT_SMALL)
        painter.setFont(small)
        top = max(profile.bin_counts)
        limit = profile.max_length if profile.unit == "tokens" else float("inf")
        solid, cut = QColor(palette.series[0]), QColor(palette.blend("warning", 0.75))
        for low, high, count in zip(
            profile.bin_edges, profile.bin_edges[1:], profile.bin_counts, strict=False
        ):
            if not count:
                continue
            x, right = (plot.left() + plot.width() * value / end for value in (low, high))
            height = max(1.5, plot.height() * count / top)
            painter.fillRect(
                QRectF(x, plot.bottom() - height, max(1.0, right - x - 1), height),
                cut if low >= limit else solid,
            )
        painter.setPen(palette.colour("line"))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        self._draw_axis(painter, profile, plot, end)
        if profile.unit == "tokens":
            self._draw_limit(painter, profile.max_length, plot, end)

    def _draw_axis(self, painter: QPainter, profile: Profile, plot: QRectF, end: float) -> None:
        painter.setPen(current().colour("muted"))
        step = _round_step(end / 4)
        metrics = painter.fontMetrics()
        unit = profile.unit
        room = plot.right() - metrics.horizontalAdvance(unit) - 2 * TINY
        value = 0
        while value <= end:
            x = plot.left() + plot.width() * value / end
            text = f"{value}"
            width = metrics.horizontalAdvance(text)
            left = min(max(plot.left(), x - width / 2), plot.right() - width)
            if left + width < room:
                painter.drawText(QPointF(left, self.height() - 4), text)
            value += step
        painter.drawText(QPointF(plot.right() - metrics.horizontalAdvance(unit), self.height() - 4), unit)

    def _draw_limit(self, painter: QPainter, limit: int, plot: QRectF, end: float) -> None:
        colour = current().colour("accent")
        painter.setPen(QPen(colour, 1.0, Qt.PenStyle.DashLine))
        metrics = painter.fontMetrics()
        text = self.tr("cut at {0}").format(limit)
        x = plot.left() + plot.width() * limit / end
        if x > plot.right():
            text, x = f"{text} →", plot.right() + 1  # the line lies beyond the picture
        else:
            painter.drawLine(QPointF(x, 12), QPointF(x, plot.bottom()))
        width = metrics.horizontalAdvance(text)
        painter.setPen(colour)
        left = x - width - TINY if x + width + TINY > plot.right() else x - width / 2
        painter.drawText(QPointF(max(0.0, left), 10), text)

    def event(self, event: QEvent) -> bool:
        """The tooltip tells the bin under the mouse."""
        profile = self._profile
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and profile:
            plot = self._plot()
            at = (event.pos().x() - plot.left()) / max(1.0, plot.width()) * self._end(profile)
            width = profile.bin_edges[1]
            index = int(at // width)
            if 0 <= index < len(profile.bin_counts):
                low, count = int(index * width), profile.bin_counts[index]
                span = f"{low}+" if index == len(profile.bin_counts) - 1 else _span(low, int(low + width - 1))
                told = self.tr("{0} {1}: {2} texts ({3})").format(
                    span, profile.unit, count, percent(count / max(1, profile.sampled))
                )
                QToolTip.showText(event.globalPos(), told, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)


def _span(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low}–{high}"


def _round_step(rough: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50, ..."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if step * scale >= rough:
                return step * scale
        scale *= 10


class LengthCard(Card):
    """The histogram, one sentence on what is cut, and a button where another length would be better."""

    length_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__(self.tr("Lengths"))
        self.figures = Muted("", wrap=False)
        self.add_action(self.figures)
        self.histogram = LengthHistogram()
        self.verdict = Label("", wrap=True)
        self.use = GhostButton("-", on_click=self._use)
        self._suggested = 0
        self.add(self.histogram)
        self.add(self.verdict)
        self.add(self.use)
        self.use.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_profile(self, profile: Profile) -> None:
        """Show another profile."""
        self.histogram.show_profile(profile)
        self.figures.setText(self.tr("median {0:.0f} · longest {1}").format(profile.median, profile.longest))
        self.verdict.setText(self._words(profile))
        better = profile.suggested_max_length
        self._suggested = better or 0
        wanted = better is not None and better > profile.max_length
        self.use.setVisible(wanted)
        if wanted:
            self.use.setText(self.tr("Use {0}").format(better))
            explain_widget(
                self.use,
                self.tr("Set the maximum length to {0} tokens. Longer is slower.").format(better),
                self.tr("Use {0} tokens as the maximum length").format(better),
            )

    def _words(self, profile: Profile) -> str:
        if not profile.sampled:
            return self.tr("There are no texts in this column.")
        if profile.over_share is None:
            return self.tr(
                "Counted in {0}; how many tokens that makes is known once the model is here."
            ).format(profile.unit)
        if profile.over_share == 0:
            return self.tr("No text is longer than {0} tokens, so none is cut.").format(profile.max_length)
        said = self.tr("{0} of the texts are longer than {1} tokens and will be cut").format(
            percent(profile.over_share).capitalize(), profile.max_length
        )
        better = profile.suggested_max_length
        if better is None or better <= profile.max_length:
            return f"{said}."
        return self.tr("{0}; {1} would cover {2}.").format(
            said, better, percent(1 - profile.share_longer(better))
        )

    def _use(self) -> None:
        self.length_wanted.emit(self._suggested)
