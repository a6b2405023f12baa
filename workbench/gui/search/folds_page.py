"""Cross-validation: into how many folds, which column stays whole, and how much the scores vary."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QComboBox

from workbench.gui.compare.columns import with_interval
from workbench.gui.runs_list import metric_text, metric_title
from workbench.gui.search.page import SeriesPage, SmallTable
from workbench.gui.search.work import Found
from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.widgets import IntBox, Label, Muted, explain_widget, show_if
from workbench.gui.workspace import Workspace
from workbench.run.cross_validation import CrossValidation


class FoldsPage(SeriesPage):
    """A run for each fold."""

    kind = "cross-validation"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Cross-validation", "New cross-validation")
        tr = self.tr
        self.empty.say(
            tr("How good is it really?"),
            tr(
                "The rows are divided into folds. Each run learns from all but one and is measured on that one, so "
                "that every row is judged once by a model that has not seen it. You see how much the score varies."
            ),
            "measure",
        )
        self.folds = IntBox(2, 100, tr("folds"))
        self.folds.setValue(5)
        explain_widget(self.folds, tr("How many runs there are; 5 and 10 are usual."), tr("Folds"))
        self.group = QComboBox()
        self.group.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.group.setMinimumContentsLength(12)
        explain_widget(
            self.group,
            tr("Rows of one patient, author or document belong in one fold: else the score is too good."),
            tr("Keep whole"),
        )  # fmt: skip
        for title, widget in ((tr("Folds"), self.folds), (tr("Rows that stay together"), self.group)):
            caption = Label(title, "caption")
            caption.setBuddy(widget)
            self.lines.addWidget(caption)
            self.lines.addWidget(widget)
        self.lines.addWidget(Muted(tr("Without a column every fold has the classes in the same proportion.")))
        self.lines.addStretch(1)
        self.plot = SmallPlot(tr("Score of each fold"))
        self.table = SmallTable(tr("Folds"))
        self.table.opened.connect(self.show_run)
        self.pooled = Label("", "", wrap=True)
        self.found_lines.addWidget(self.words)
        self.found_lines.addWidget(Label(tr("A dot for each fold; the line is their mean."), "caption"))
        self.found_lines.addWidget(self.plot, 2)
        self.found_lines.addWidget(self.table, 3)
        self.found_lines.addWidget(self.pooled)
        workspace.data_changed.connect(self._fill_columns)
        self._fill_columns()
        self._fill_names()
        self.refresh()

    def _fill_columns(self) -> None:
        before = self.group.currentData()
        self.group.clear()
        self.group.addItem(self.tr("none: by class"), "")
        data = self.workspace.data
        for name in data.table.columns if data is not None and data.table is not None else ():
            self.group.addItem(str(name), str(name))
        self.group.setCurrentIndex(max(0, self.group.findData(before or "")))

    def begin(self) -> None:
        """Begin with the recipe in hand."""
        self.work.cross_validate(
            self.workspace.recipe, self.folds.value(), str(self.group.currentData() or "")
        )

    def plan_in_words(self, found: Found) -> str:
        """How the folds are made, too."""
        said = super().plan_in_words(found)
        if not isinstance(found, CrossValidation):
            return said
        how = self.tr("rows with the same “{0}” stay together").format(found.group) if found.group else ""
        how = how or self.tr("each with the classes in the same proportion")
        return "\n".join([said, "", self.tr("{0} folds, {1}").format(found.folds, how)])

    def can_go_on(self, found: Found) -> bool:
        """Whether a fold is missing or failed."""
        return isinstance(found, CrossValidation) and sum(bool(f.metrics) for f in found.done) < found.folds

    def show_found(self, found: Found) -> None:
        """A line for each fold, their mean, and all rows together."""
        if not isinstance(found, CrossValidation):
            return
        spreads = found.spreads
        names = (
            [found.metric, *(name for name in spreads if name != found.metric)]
            if found.metric in spreads
            else [*spreads]
        )
        rows = [
            [
                str(fold.number),
                str(fold.rows),
                *(metric_text(name, fold.metrics[name]) if name in fold.metrics else "–" for name in names),
                fold.problem or fold.run,
            ]
            for fold in found.done
        ]
        for title, values in (
            (self.tr("Mean"), [spreads[name].mean for name in names]),
            (self.tr("± SD"), [spreads[name].deviation for name in names]),
        ):
            if len(found.done) > 1:
                rows.append([title, "", *map(metric_text, names, values), ""])
        titles = [self.tr("Fold"), self.tr("Rows"), *map(metric_title, names), self.tr("Run")]
        strong = len(rows) - 2 if len(found.done) > 1 else -1
        self.table.show_rows(titles, rows, [fold.run for fold in found.done], strong)
        others = [
            name for name in ("accuracy", "f1_macro", "log_loss") if name != found.metric
        ]  # that one is said above
        whole = [found.pooled[name] for name in others if name in found.pooled]
        said = "; ".join(f"{metric_title(one.name)} {with_interval(one)}" for one in whole)
        self.pooled.setText(self.tr("All held-out rows together (95 %): {0}").format(said) if said else "")
        show_if(self.pooled, bool(said))
        self._draw(found)

    def _draw(self, found: CrossValidation) -> None:
        done = [(f.number, f.metrics[found.metric]) for f in found.done if found.metric in f.metrics]
        if not done:
            self.plot.show_curves((), (0, 1, 0, 1), words=self.tr("The first fold is in work."))
            return
        x, y = np.array([n for n, _ in done], float), np.array([v for _, v in done], float)
        mean = float(y.mean())
        room = 0.1 * (float(y.max() - y.min()) or abs(mean) or 1.0)
        ends = np.array([0.0, found.folds + 1.0])  # from edge to edge
        curves = [Drawn(ends, np.array([mean, mean]), 1), Drawn(x, y, dots=True, strong=True)]

        def reads(at: float) -> str:
            number, value = min(done, key=lambda one: abs(one[0] - at))
            return self.tr("fold {0}: {1}").format(number, metric_text(found.metric, value))

        bounds = (0.5, found.folds + 0.5, float(y.min()) - room, float(y.max()) + room)
        self.plot.show_curves(curves, bounds, self.tr("fold"), reads=reads)
