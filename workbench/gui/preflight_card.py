"""The card of the check before the start: does the run fit, how long does it take, and what could be changed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.offer_list import OfferList
from workbench.gui.status import duration, gigabytes
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY, current, theme
from workbench.gui.widgets import (
    Badge,
    Card,
    GhostButton,
    IconButton,
    Label,
    Muted,
    Title,
    explain_widget,
    row,
)
from workbench.gui.workspace import Workspace
from workbench.run.preflight import Preflight


class MemoryBar(QWidget):
    """How much of what is there would be used: filled up to the peak, red where it is too much."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self.setFixedHeight(8)
        self.setMinimumWidth(180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def show_share(self, share: float) -> None:
        """Fill this share; above 1 the line of what is there is drawn inside the bar."""
        self._share = share
        self.update()

    def sizeHint(self) -> QSize:
        """A line."""
        return QSize(200, 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar."""
        palette, painter = current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        over = self._share > 1
        tone = "bad" if over else "warning" if self._share > 0.9 else "good"
        painter.setBrush(palette.colour(tone))
        width = self.width() * min(1.0, self._share)
        painter.drawRoundedRect(QRectF(0, 0, max(4.0, width), self.height()), 4, 4)
        if over:
            painter.setBrush(palette.colour("text"))
            painter.drawRect(QRectF(self.width() / self._share - 1, 0, 2, self.height()))


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the numbers: caption, value, and what belongs to it in small letters."""

    caption: str
    value: str
    note: str = ""


def figures(found: Preflight) -> list[Figure]:
    """The numbers of a check, but for memory, which has a bar."""
    result = []
    if found.fits:
        parts = [("training", found.training_seconds), ("measuring", found.measuring_seconds)]
        parts.append(("saving", found.saving_seconds))
        note = ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts if seconds >= 0.5)
        result.append(Figure("Time", f"about {duration(found.seconds)}", note))
    each = f"{found.step_seconds:.2g} s each" if found.step_seconds else ""
    split = f"batch split in {found.accumulation}" if found.accumulation > 1 else ""
    result.append(
        Figure("Steps", f"{found.total_steps}", ", ".join(filter(None, (each, split))) or "of the optimizer")
    )
    result.append(
        Figure("Disk", f"up to {gigabytes(found.disk_needed)}", f"{gigabytes(found.disk_free)} are free")
    )
    if found.fits and found.watts:
        cost = f"costs {found.cost:.2f}" if found.cost >= 0.01 else "costs less than 0.01"
        cost = cost if found.price else f"at {found.watts:g} watts"
        result.append(Figure("Energy", _energy(found.energy), cost))
    learn = (
        "all learn"
        if found.trained == found.parameters
        else f"{100 * found.trained / found.parameters:.2g} % learn"
    )
    result.append(Figure("Weights", f"{found.parameters / 1e6:.1f} M", learn))
    return result


def _energy(kilowatt_hours: float) -> str:
    return f"{kilowatt_hours:.2f} kWh" if kilowatt_hours >= 0.1 else f"{1000 * kilowatt_hours:.1f} Wh"


class FigureTile(QWidget):
    """A number with its caption above and its note below."""

    def __init__(self) -> None:
        super().__init__()
        self.caption, self.value, self.note = Label("", "caption"), Title(), Label("", "caption")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, LARGE, 0)
        layout.setSpacing(1)
        for label in (self.caption, self.value, self.note):
            layout.addWidget(label)

    def show_figure(self, figure: Figure) -> None:
        """Show other words."""
        self.caption.setText(figure.caption)
        self.value.setText(figure.value)
        self.note.setText(figure.note)
        explain_widget(self, "", f"{figure.caption}: {figure.value}, {figure.note}")


class PreflightCard(Card):
    """Shows the check under way, and then its outcome; hidden while there is neither."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._checking = workspace.checking
        self.verdict = Badge()
        self.outdated = Label(self.tr("The recipe has changed since."), "caption")
        self.device = Label("", "caption")
        self.again = GhostButton(
            self.tr("Check again"), "refresh", help=self.tr("Check the recipe as it is now."),
            on_click=self._checking.begin,
        )  # fmt: skip
        self.close_button = IconButton(
            "close", self.tr("Put away"), self.tr("Put the outcome of the check away."),
            on_click=self._checking.put_away,
        )  # fmt: skip
        self.progress = Muted("", wrap=False)
        self.cancel = GhostButton(
            self.tr("Cancel"), help=self.tr("Give up this check."), on_click=self._checking.cancel
        )
        self.offers = OfferList()
        self.offers.taken.connect(self._checking.take)
        self._lay_out()
        explain_widget(self, "", self.tr("Check before the start"))
        self._checking.changed.connect(self.refresh)
        theme().changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.setSpacing(SMALL)
        heading.addWidget(Title(self.tr("Before the start")))
        heading.addWidget(self.verdict)
        heading.addWidget(self.outdated)
        heading.addStretch(1)
        for widget in (self.device, self.again, self.close_button, self.cancel):
            heading.addWidget(widget)
        self.body.addLayout(heading)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        self._busy = row(bar, self.progress, spacing=MEDIUM)
        bar.setMaximumWidth(240)
        explain_widget(bar, "", self.tr("The check is under way"))
        self.memory_text = Title()
        self.memory_note = Label("", "caption")
        self.memory = MemoryBar()
        memory = QWidget()
        column = QVBoxLayout(memory)
        column.setContentsMargins(0, 0, LARGE, 0)
        column.setSpacing(1)
        column.addWidget(Label(self.tr("Memory"), "caption"))
        column.addWidget(self.memory_text)
        column.addWidget(self.memory_note)
        column.addSpacing(TINY)
        column.addWidget(self.memory)
        memory.setMaximumWidth(320)
        self._figures = QWidget()
        line = QHBoxLayout(self._figures)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(memory, 2)
        self.tiles = [FigureTile() for _ in range(5)]
        for tile in self.tiles:
            line.addWidget(tile, 0, Qt.AlignmentFlag.AlignTop)
        line.addStretch(1)
        self.reason = Label("", wrap=True)
        self.notes = Muted()
        for part in (self._busy, self._figures, self.reason, self.offers, self.notes):
            self.add(part)

    def refresh(self) -> None:
        """Show how far the check is, or its outcome."""
        checking = self._checking
        found, busy = checking.found, checking.busy
        self.setVisible(busy or found is not None)
        self._busy.setVisible(busy)
        self.cancel.setVisible(busy)
        for widget in (self._figures, self.verdict, self.device, self.again, self.close_button):
            widget.setVisible(found is not None)
        for widget in (self.reason, self.notes, self.outdated):
            widget.setVisible(False)
        self.progress.setText(self.tr("Checking: {0}…").format(checking.progress))
        if found is None:
            self.offers.show_offers(())
            return
        self._show(found)

    def _show(self, found: Preflight) -> None:
        outdated = self._checking.outdated
        self.verdict.show_status(
            self.tr("fits") if found.fits else self.tr("does not fit"), "good" if found.fits else "bad"
        )
        self.outdated.setVisible(outdated)
        self.device.setText(
            self.tr("{0}, {1}, checked in {2:.1f} s").format(found.device, found.precision, found.took)
        )
        self.memory_text.setText(self.tr("about {0}").format(gigabytes(found.memory_peak)))
        self.memory_note.setText(
            self.tr("of {0} that can be used; longest text {1} tokens").format(
                gigabytes(found.memory_total), found.longest
            )
        )
        self.memory.show_share(found.memory_peak / max(1, found.memory_total))
        explain_widget(self.memory, "", f"{self.memory_text.text()} {self.memory_note.text()}")
        shown = figures(found)
        for place, tile in enumerate(self.tiles):
            tile.setVisible(place < len(shown))
            if place < len(shown):
                tile.show_figure(shown[place])
        problem = found.problem
        self.reason.setText(f"{problem.title} {problem.cause} {problem.remedy}" if problem else "")
        self.reason.setVisible(problem is not None)
        self.notes.setText("\n".join(found.notes))
        self.notes.setVisible(bool(found.notes))
        self.offers.show_offers(() if outdated else found.offers)
