"""The learning-rate schedule drawn before the start, anew whenever a field or the data changes."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.data_size import data_size, total_steps
from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.theme import TINY
from workbench.gui.widgets import Muted
from workbench.gui.workspace import Workspace
from workbench.run.problem import WorkbenchError
from workbench.run.schedules import learning_rate, schedule_curve, warmup_steps

UNKNOWN = 1000  # steps for which the shape is drawn while the data is not known


class ScheduleCurve(QWidget):
    """The curve, and one sentence that says the same."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.plot = SmallPlot(self.tr("Learning rate over the run"))
        self.sentence = Muted()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TINY)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.sentence)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.plot.setFixedHeight(140)
        workspace.recipe_changed.connect(self.refresh)
        workspace.data_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Draw the schedule of the recipe in hand."""
        training, size = self._workspace.recipe.training, data_size(self._workspace)
        total = total_steps(self._workspace.recipe, size) if size else UNKNOWN
        try:
            steps, rates = schedule_curve(training, total)
        except WorkbenchError as error:
            self.plot.show_curves((), (0, 1, 0, 1), words=error.problem.remedy)
            self.sentence.setText(error.problem.cause)
            return
        share = 1.0 if size else 100 / total
        x = np.asarray(steps, dtype=np.float64) * share

        def reads(place: float) -> str:
            step = min(total, max(1, round(place / share)))
            where = self.tr("step {0}").format(step) if size else f"{place:.0f} %"
            return f"{where}: {learning_rate(training, step, total):.3g}"

        top = float(rates.max()) * 1.02
        unit = self.tr("steps") if size else self.tr("% of the run")
        self.plot.show_curves([Drawn(x, rates)], (0.0, max(float(x[-1]), share), 0.0, top), unit, reads=reads)
        self.sentence.setText(self._words(total, known=size is not None))
        self.plot.setAccessibleDescription(self.sentence.text())

    def _words(self, total: int, *, known: bool) -> str:
        training = self._workspace.recipe.training
        warmup = warmup_steps(training, total)
        last = learning_rate(training, total, total)
        parts = []
        if known:
            parts.append(self.tr("About {0} steps").format(f"{total:,}".replace(",", "\u202f")))
        else:
            parts.append(self.tr("How many steps that makes is known once the data is read"))
        if known and warmup:
            parts.append(self.tr("{0} of warm-up").format(warmup))
        if training.schedule == "plateau":
            parts.append(self.tr("then lower whenever the held-out score stands still"))
        elif known:
            parts.append(self.tr("{0} at the end").format(f"{last:.2g}"))
        return f"{', '.join(parts)}."
