"""What stands at the right of "Take heads away": what the model loses, and pruning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QWidget

from workbench.gui.attention.prune_curve import PruneCurve
from workbench.gui.probabilities import ProbabilityBars
from workbench.gui.theme import LARGE, MEDIUM, SMALL
from workbench.gui.widgets import (
    Card,
    GhostButton,
    Label,
    Muted,
    PrimaryButton,
    Segmented,
    column,
    explain_widget,
    row,
)
from workbench.run.inside.ablation import (
    Ablation,
    Measured,
    Mode,
    PrunedModel,
    by_layer,
    figure,
)


class TakenCard(Card):
    """What is gone, the sentence before and after, and the held-out metric."""

    def __init__(self) -> None:
        super().__init__("Without")
        self.modes = Segmented(
            [
                (
                    "zero",
                    self.tr("Zero"),
                    "",
                    self.tr("Nothing stands in a head's place: its output becomes zero."),
                ),
                (
                    "mean",
                    self.tr("Mean"),
                    "",
                    self.tr(
                        "A head gives its mean output over all held-out tokens, whatever it reads: what is lost is "
                        "only what it tells from one token to another."
                    ),
                ),
            ],
            self.tr("In a head's place"),
        )
        self.add_action(Label(self.tr("instead"), "caption"))
        self.add_action(self.modes)
        self.words = Label("", wrap=True)
        self.before, self.after = ProbabilityBars(limit=4), ProbabilityBars(limit=4)
        self.left = column(Label(self.tr("With all heads"), "caption"), self.before, None)
        self.right = column(Label(self.tr("Without them"), "caption"), self.after, None)
        self.no_text = Muted(self.tr("Type a sentence above to see its prediction before and after."))
        both = QWidget()
        sides = QHBoxLayout(both)
        sides.setContentsMargins(0, 0, 0, 0)
        sides.setSpacing(LARGE)
        for side in (self.left, self.right):
            side.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            sides.addWidget(side, 1)
        self.sides = both
        self.add(self.words)
        self.add(both)
        self.add(self.no_text)
        self.announce(0)

    def mode(self) -> Mode:
        """What stands in the place of a head."""
        return cast("Mode", self.modes.current())

    def announce(self, count: int) -> None:
        """So many heads are chosen; what that does is not known yet."""
        self.title.setText(
            self.tr("The whole model")
            if not count
            else self.tr("Without 1 head")
            if count == 1
            else self.tr("Without {0} heads").format(count)
        )
        self.words.setText(self.tr("Measuring the held-out rows…"))

    def show_taken(self, found: Ablation) -> None:
        """Prediction and metric; the metric may still be on its way."""
        self.announce(len(found.heads))
        which = by_layer(found.heads, found.layers) if found.heads else self.tr("No head is taken away.")
        explain_widget(self.title, which)
        if found.measured is not None:
            self.words.setText(metric_words(self, found.measured, len(found.heads)))
        self.before.show_rows(found.before)
        self.after.show_rows(found.after)
        self.sides.setVisible(bool(found.before))
        self.right.setVisible(bool(found.heads))
        self.no_text.setVisible(not found.text)


def metric_words(widget: QWidget, measured: Measured, heads: int) -> str:
    """The metric in a sentence, with the number of rows."""
    if not heads:
        name = measured.metric.replace("_", " ")
        words = widget.tr("Held-out {0} {1}.").format(name, figure(measured.before))
    else:
        said = measured.in_words()
        words = widget.tr("Held-out {0}").format(said)
        words += widget.tr(" Loss {0} → {1}.").format(
            figure(measured.loss_before), figure(measured.loss_after)
        )
    return f"{words} " + widget.tr("{0} rows.").format(measured.rows)


class PruneCard(Card):
    """Take the N least important away, see the metric along N, and save."""

    def __init__(self) -> None:
        super().__init__("Prune")
        self.title.setText(self.tr("Take the least important away"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        explain_widget(
            self.slider,
            self.tr("Takes so many heads away, the least important first, by the map at the left."),
            self.tr("Heads to take away"),
        )
        self.count = Label("")
        self.count.setMinimumWidth(64)
        self.curve = PruneCurve()
        self.words = Muted("")
        self.along = GhostButton(
            self.tr("Measure curve"),
            help=self.tr("Measures at up to ten numbers of heads, from few to all, for the curve."),
        )
        self.save = PrimaryButton(
            self.tr("Save without these heads…"),
            help=self.tr(
                "Saves a model folder without the heads that are taken away now; other tools load it."
            ),
        )
        self.room = QWidget()  # takes the room where there is no curve
        self.add(row(self.slider, self.count, spacing=MEDIUM))
        self.add(self.curve, 1)
        self.add(self.words)
        self.add(self.room, 1)
        self.add(row(self.along, None, self.save, spacing=SMALL))
        self.forget()

    def forget(self) -> None:
        """Nothing is known."""
        self._saved = False
        self.show_state({}, 0, None, 0)

    def show_state(self, points: Mapping[int, Measured], total: int, on_order: int | None, gone: int) -> None:
        """How things stand.

        Args:
            points: The metric by number of heads taken away.
            total: How many heads are in the order of importance; 0 while there is none.
            on_order: How many of the least important are gone; None when others are.
            gone: How many heads are gone.
        """
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(1, total - 1))
        self.slider.setPageStep(max(1, total // 10))
        self.slider.setValue(on_order or 0)
        self.slider.blockSignals(False)
        self.slider.setEnabled(total > 0)
        self.along.setEnabled(total > 0)
        self.save.setEnabled(gone > 0)
        by_order = (
            self.tr("{0} of {1}").format(on_order, total) if on_order is not None else self.tr("by hand")
        )
        self.count.setText(by_order if total else "")
        curve = len(points) > 1 and total > 0
        self.curve.setVisible(curve)
        self.room.setVisible(not curve)
        if curve:
            self.curve.show_points(points, total, on_order)
        if not self._saved:
            hint = self.tr("Measure all heads first, or have them estimated: that gives the order.")
            self.words.setText("" if total else hint)
        self.words.setVisible(bool(self.words.text()))

    def forget_saved(self) -> None:
        """Other heads are chosen than those that the saved model lacks."""
        self._saved = False

    def show_saved(self, found: PrunedModel) -> None:
        """Where it is and what it scores."""
        self._saved = True
        self.words.show()
        self.words.setText(
            self.tr("Saved: {0}. Held-out {1} {2}").format(
                found.folder, found.measured.in_words(), found.in_words()
            )
        )
