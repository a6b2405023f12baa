"""The learning curve: the score for more and more rows, and what twice as many would bring."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QCheckBox

from workbench.gui.runs_list import metric_text, metric_title
from workbench.gui.search.page import SeriesPage, SmallTable
from workbench.gui.search.work import Found
from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.widgets import Muted, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.learning_curve import LearningCurve


class CurvePage(SeriesPage):
    """Runs on 10, 25, 50 and 100 % of the rows."""

    kind = "learning-curve"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Learning curve", "New learning curve")
        tr = self.tr
        self.empty.say(
            tr("Would more rows help?"),
            tr(
                "Four runs learn from 10, 25, 50 and 100 % of the rows and are measured on the same held-out ones. "
                "From how the score rises you see what twice as many rows would bring, and how sure that is."
            ),
            "train",
        )
        self.same = QCheckBox(tr("As many steps for each"))
        self.same.setChecked(True)
        explain_widget(
            self.same,
            tr(
                "Without, a tenth of the rows is learned from for a tenth of the time: quicker, but more rows look "
                "better than they are."
            ),
            tr("As many steps for each"),
        )  # fmt: skip
        self.lines.addWidget(self.same)
        self.lines.addWidget(
            Muted(
                tr(
                    "Each part lies in the next larger one, with the classes in the same proportion. It takes about "
                    "four times as long as one run."
                )
            )
        )  # fmt: skip
        self.lines.addStretch(1)
        self.plot = SmallPlot(tr("Score over the rows that were learned from"))
        self.key = Muted(tr("Ahead: the middle of what is likely; dashes are the ends of its 95 % interval."))
        self.table = SmallTable(tr("Runs"))
        self.table.opened.connect(self.show_run)
        self.found_lines.addWidget(self.words)
        self.found_lines.addWidget(self.plot, 3)
        self.found_lines.addWidget(self.key)
        self.found_lines.addWidget(self.table, 2)
        self._drawn: LearningCurve | None = None
        self._fill_names()
        self.refresh()

    def begin(self) -> None:
        """Begin with the recipe in hand."""
        self.work.learning_curve(self.workspace.recipe, self.same.isChecked())

    def plan_in_words(self, found: Found) -> str:
        """The shares too."""
        said = super().plan_in_words(found)
        if not isinstance(found, LearningCurve):
            return said
        shares = ", ".join(f"{100 * share:g}" for share in found.shares)
        steps = self.tr("as many steps for each") if found.same_steps else self.tr("as many epochs for each")
        return "\n".join([said, "", self.tr("{0} % of the rows, {1}").format(shares, steps)])

    def can_go_on(self, found: Found) -> bool:
        """Whether a run is missing or failed."""
        return isinstance(found, LearningCurve) and sum(bool(p.metrics) for p in found.points) < len(
            found.shares
        )

    def show_found(self, found: Found) -> None:
        """A line for each run, and the curve."""
        if not isinstance(found, LearningCurve) or found is self._drawn:
            return
        self._drawn = found
        known = dict.fromkeys(name for point in found.points for name in point.metrics)
        names = sorted(known, key=lambda name: name != found.metric)
        rows = [
            [
                f"{100 * point.share:g} %",
                str(point.rows),
                *(metric_text(name, point.metrics[name]) if name in point.metrics else "–" for name in names),
                point.problem or point.run,
            ]
            for point in found.points
        ]
        titles = [self.tr("Share"), self.tr("Rows"), *map(metric_title, names), self.tr("Run")]
        self.table.show_rows(titles, rows, [point.run for point in found.points])
        self._draw(found)

    def _draw(self, found: LearningCurve) -> None:
        done = [(p.rows, p.metrics[found.metric]) for p in found.points if found.metric in p.metrics]
        if not done:
            self.plot.show_curves((), (0, 1, 0, 1), words=self.tr("The first run is in work."))
            return
        x, y = np.array([n for n, _ in done], float), np.array([v for _, v in done], float)
        curves, values = [Drawn(x, y)], [*y]
        law = found.law()
        outlook = found.outlook(law=law)
        if law is not None and outlook is not None:
            ahead = np.geomspace(1.0, 2.0, 5)
            told = [one.then for times in ahead if (one := found.outlook(float(times), law)) is not None]
            at = np.array([one.rows for one in told])
            curves.append(Drawn(at, np.array([one.value for one in told]), 1))
            for end in ("low", "high"):
                ends = np.array([getattr(one, end) for one in told])
                curves.append(Drawn(at, ends, 1, dashed=True))
                values += [*ends]
        curves.append(Drawn(x, y, dots=True, strong=True))
        low, high = float(min(values)), float(max(values))
        room = 0.08 * ((high - low) or abs(high) or 1.0)

        def reads(at: float) -> str:
            rows, value = min(done, key=lambda one: abs(one[0] - at))
            return self.tr("{0} rows: {1}").format(rows, metric_text(found.metric, value))

        bounds = (0.0, float(x.max()) * 2.15, low - room, high + room)
        self.plot.show_curves(curves, bounds, self.tr("rows"), reads=reads)
        self.plot.setAccessibleDescription(found.words)
