"""Where to draw the line for one class against the others: a slider, what mistakes cost, and what comes of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider

from workbench.data.suggest import counted
from workbench.gui.attention.options import captioned
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import Card, FloatBox, GhostButton, Label, explain_widget
from workbench.run.evaluated import Sorted

_STEPS = 1000


class ThresholdCard(Card):
    """A row counts as of the class where its probability is at least the threshold.

    Signals:
        moved: The threshold is another one.
        mistakes_wanted: The rows that are wrong at this threshold: "alarms" or "misses".
    """

    moved = Signal(float)
    mistakes_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__("Threshold")
        self._sorted: Sorted | None = None
        self._name = ""
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setValue(_STEPS // 2)
        explain_widget(
            self.slider,
            self.tr("From which probability on a row counts as of this class."),
            self.tr("Threshold"),
        )
        self.value = Label("0.500", "section")
        self.alarm, self.miss = FloatBox(0, 1e6), FloatBox(0, 1e6)
        for box, help, name in (
            (self.alarm, self.tr("What a false alarm costs, in any unit."), self.tr("Cost of a false alarm")),
            (self.miss, self.tr("What a missed row costs, in the same unit."), self.tr("Cost of a miss")),
        ):
            box.setValue(1.0)
            box.setSingleStep(1.0)
            box.setFixedWidth(84)
            explain_widget(box, help, name)
            box.valueChanged.connect(lambda _: self._show())
        self.cheapest = GhostButton(
            self.tr("Cheapest"),
            "check",
            help=self.tr("Go to the threshold at which the mistakes on these rows cost least."),
            on_click=self.go_cheapest,
        )
        self.alarms = GhostButton(
            "", help=self.tr("Show these rows."), on_click=lambda: self.mistakes_wanted.emit("alarms")
        )
        self.misses = GhostButton(
            "", help=self.tr("Show these rows."), on_click=lambda: self.mistakes_wanted.emit("misses")
        )
        self.told = Label("", "muted", wrap=True)
        self._lay_out()
        self.slider.valueChanged.connect(lambda _: self._moved())

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        first.setSpacing(MEDIUM)
        first.addWidget(self.slider, 1)
        first.addWidget(self.value)
        second.setSpacing(SMALL)
        second.addWidget(captioned(self.tr("False alarm costs"), self.alarm))
        second.addWidget(captioned(self.tr("Miss costs"), self.miss))
        second.addWidget(self.cheapest, 0, Qt.AlignmentFlag.AlignBottom)
        second.addStretch(1)
        second.addWidget(self.alarms, 0, Qt.AlignmentFlag.AlignBottom)
        second.addWidget(self.misses, 0, Qt.AlignmentFlag.AlignBottom)
        self.body.addLayout(first)
        self.body.addLayout(second)
        self.add(self.told)

    @property
    def threshold(self) -> float:
        """Where the line is drawn."""
        return self.slider.value() / _STEPS

    def show_class(self, found: Sorted, name: str) -> None:
        """Draw the line for another class, or for other rows."""
        self._sorted, self._name = found, name
        self.title.setText(self.tr("Threshold for “{0}”").format(name))
        self._show()

    def go_cheapest(self) -> None:
        """Go to the threshold at which mistakes cost least."""
        if self._sorted is not None:
            best = self._sorted.cheapest(self.alarm.value(), self.miss.value())
            self.slider.setValue(round(best * _STEPS))

    def _moved(self) -> None:
        self._show()
        self.moved.emit(self.threshold)

    def _show(self) -> None:
        found = self._sorted
        self.value.setText(f"{self.threshold:.3f}")
        if found is None:
            return
        alarms, misses = found.at(self.threshold)
        hits = found.positives - misses
        self.alarms.setText(
            self.tr("{0} false alarms").format(alarms) if alarms != 1 else self.tr("1 false alarm")
        )
        self.misses.setText(self.tr("{0} missed").format(misses))
        self.alarms.setAccessibleName(self.alarms.text())
        self.misses.setAccessibleName(self.misses.text())
        self.alarms.setEnabled(alarms > 0)
        self.misses.setEnabled(misses > 0)
        cost = (self.alarm.value() * alarms + self.miss.value() * misses) / max(1, found.rows)
        taken = hits + alarms
        precision = f"{100 * hits / taken:.1f} %" if taken else "–"
        recall = f"{100 * hits / found.positives:.1f} %" if found.positives else "–"
        self.told.setText(
            self.tr(
                "At {0:.3f}, {1} count as “{2}”: precision {3}, recall {4}, {5:.1f} % of all rows right. Mistakes cost "
                "{6:.3g} a row."
            ).format(
                self.threshold,
                counted(taken, "row"),
                self._name,
                precision,
                recall,
                100 * (1 - (alarms + misses) / max(1, found.rows)),
                cost,
            )
        )
