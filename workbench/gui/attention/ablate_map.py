"""What stands at the left of "Take heads away": the map of heads with the buttons that fill it."""

from __future__ import annotations

import math
from typing import cast

from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.attention.head_map import HeadMap
from workbench.gui.attention.map_legend import MapLegend
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    GhostButton,
    IntBox,
    Muted,
    PrimaryButton,
    Segmented,
    explain_widget,
    row,
)
from workbench.run.inside.ablation import (
    Ablation,
    By,
    Head,
    Importance,
    figure,
)
from workbench.session.inside.ablate import ROWS

#: What a head that is taken away costs on average, as a share of a whole pass over the rows.
_SHARE = 0.65
_HINT = "Click a head to take it away. Drag takes several, Ctrl adds."


class MapCard(Card):
    """The map of heads with its legend and the buttons that fill it."""

    def __init__(self) -> None:
        super().__init__("All heads")
        self.title.setText(self.tr("Which heads matter"))
        self._found: Importance | None = None
        self.note = ElidedLabel("", "caption")
        self.map = HeadMap()
        self.words = ElidedLabel(self.tr(_HINT), "muted")
        self.legend = MapLegend()
        self.scale = Muted("")
        self.busy = ElidedLabel("", "caption")
        self.measure = PrimaryButton(
            self.tr("Measure all heads"),
            help=self.tr(
                "Takes each head away in turn and measures the held-out rows. The map fills as it goes on."
            ),
        )
        self.quick = GhostButton(
            self.tr("Quick estimate"),
            help=self.tr(
                "Estimates from gradients, in one pass over the rows, how much the loss depends on each head "
                "(Michel et al. 2019). Right about the order more than about the size."
            ),
        )
        self.stop = GhostButton(
            self.tr("Stop"), help=self.tr("What is measured so far stays; it can be gone on with.")
        )
        self.by = Segmented(
            [
                (
                    "loss",
                    self.tr("Loss"),
                    "",
                    self.tr("By how much the held-out loss rises: the finer measure."),
                ),
                ("metric", self.tr("Accuracy"), "", self.tr("By how much the task's metric gets worse.")),
            ],
            self.tr("Importance by"),
        )
        self.add_action(self.by)
        self.add(self.note)
        self.add(self.map, 1)
        self.add(self.words)
        self.add(self.legend)
        self.add(self.scale)
        self.rows = IntBox(10, 1_000_000, self.tr("rows"))
        self.rows.setValue(ROWS)
        self.rows.setFixedWidth(92)
        explain_widget(
            self.rows,
            self.tr(
                "At most so many held-out rows are measured, always the same ones. More rows make narrower intervals "
                "and take longer."
            ),
            self.tr("Held-out rows, at most"),
        )
        self.add(row(self.measure, self.quick, self.stop, self.busy, self.rows))
        self.busy.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.map.hovered.connect(self._hovered)
        self.forget()

    def forget(self) -> None:
        """No values."""
        self._found = None
        self.map.show_values(None)
        self.legend.hide()
        self.scale.setText(self.tr("No colours yet: measure all heads, or have them estimated."))
        self.show_busy("")

    def show_model(self, found: Ablation) -> None:
        """The shape of a model, and how long the map of it takes."""
        self.map.show_heads(found.layers, found.heads_per_layer)
        seconds = _SHARE * found.seconds * found.total
        time = self.tr("{0} s").format(max(1, round(seconds)))
        if seconds > 100:
            time = self.tr("{0} min").format(round(seconds / 60))
        self.note.setText(
            self.tr("{0} layers, {1} heads. Measuring all takes about {2}.").format(
                len(found.layers), found.total, time
            )
        )
        if found.measured is not None:
            name = found.measured.metric.replace("_", " ")
            self.by.button("metric").setText(name[:1].upper() + name[1:])

    def importance_by(self) -> By:
        """By what heads are compared."""
        return cast("By", self.by.current())

    def show_importance(self, found: Importance) -> None:
        """Colour the map by the loss or the metric."""
        self._found = found
        values, low, high = found.side(self.importance_by())
        unsure = (low <= 0) & (high >= 0)  # false where there are no intervals
        self.map.show_values(values, unsure)
        known = [float(v) for v in values.flat if math.isfinite(v)]
        self.legend.setVisible(bool(known))
        self.by.setEnabled(found.kind != "gradient")
        if not known:
            return
        self.legend.show_range(min(known), max(known))
        if found.kind == "gradient":
            words = self.tr(
                "Mean size of the loss's gradient by a gate on the head: an estimate, in one pass."
            )
        else:
            metric = found.metric.replace("_", " ")
            name = self.tr("loss") if self.importance_by() == "loss" else metric
            place = self.tr("nothing") if found.kind == "zero" else self.tr("its mean")
            words = self.tr(
                "How much worse {0} is with {1} in the head's place. Orange: missed. Blue: better without."
            ).format(name, place)
            if found.complete:
                words += self.tr(" Pale: may be chance (95 %).")
        if not found.complete:
            words = self.tr("{0} Not finished: {1} of {2} rows.").format(words, found.rows_read, found.rows)
        self.scale.setText(words)

    def show_busy(self, words: str) -> None:
        """What is being measured; empty when nothing is."""
        self.busy.setText(words)
        self.stop.setVisible(bool(words))
        for button in (self.measure, self.quick):
            button.setVisible(not words)

    def _hovered(self, head: Head | None) -> None:
        if head is None:
            self.words.setText(self.tr(_HINT))
            return
        name, found = self.map.head_words(head), self._found
        value = float(found.losses[head]) if found is not None else math.nan
        if found is None or not math.isfinite(value):
            self.words.setText(self.tr("{0}: not measured yet").format(name))
        elif found.kind == "gradient":
            self.words.setText(self.tr("{0}: gradient {1}").format(name, figure(value)))
        else:
            self.words.setText(f"{name}: {harm_words(self, found, head)}")


def harm_words(widget: QWidget, found: Importance, head: Head) -> str:
    """What one head's absence does, in words."""
    value, loss = float(found.values[head]), float(found.losses[head])
    how = widget.tr("worse") if value > 0 else widget.tr("better") if value < 0 else widget.tr("the same")
    words = f"{found.metric.replace('_', ' ')} {how}"
    if value:
        words += widget.tr(" by {0}").format(figure(abs(value)))
    if math.isfinite(float(found.low[head])) and value:
        ends = sorted(math.copysign(1, value) * float(end[head]) for end in (found.low, found.high))
        words += widget.tr(" (95 %: {0} to {1})").format(figure(ends[0]), figure(ends[1]))
    moved = widget.tr("loss {0}{1}").format("+" if loss >= 0 else "−", figure(abs(loss)))
    return f"{words}, {moved}"


def progress_words(widget: QWidget, found: Importance) -> str:
    """How far the map is and how long the rest takes."""
    left = math.ceil(found.seconds)
    time = widget.tr("{0} s").format(left) if left < 100 else widget.tr("{0} min").format(round(left / 60))
    words = widget.tr("{0} of {1} rows for every head; about {2} left")
    return words.format(found.rows_read, found.rows, time)
