"""Mixes a run's model with the one that it started from: the held-out score along α, and one mixture saved."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QProgressBar, QSlider, QVBoxLayout, QWidget

from workbench.gui.runs_list import metric_text, metric_title
from workbench.gui.small_plot import Drawn, SmallPlot
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY
from workbench.gui.widgets import Card, GhostButton, Label, Muted, PrimaryButton, Title, explain_widget, row
from workbench.gui.workspace import Workspace
from workbench.run.along import Along
from workbench.run.problem import Problem
from workbench.session.interpolation import (
    ALPHAS,
    AlongRequest,
    MixtureRequest,
    measure_along,
    shelve_mixture,
)
from workbench.session.lanes import Ticket

_HUNDRED = 100


class MixtureDialog(QDialog):
    """Measures some mixtures, shows their score as a curve, and saves the one at the slider."""

    def __init__(self, workspace: Workspace, run: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mixture")
        self.setWindowTitle(self.tr("Mix with the base model"))
        self.setMinimumSize(620, 520)
        self._workspace, self._run = workspace, run
        self._ticket: Ticket | None = None
        self._saving = False
        self._measured: dict[float, Along] = {}  # what was found at each alpha
        self.measure = ""
        self.best: float | None = None
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _HUNDRED)
        self.slider.setValue(_HUNDRED)
        explain_widget(
            self.slider,
            self.tr(
                "The share of the tuned weights: at the left the base model, at the right the tuned one."
            ),
            self.tr("α, the share of the tuned weights"),
        )
        self.plot = SmallPlot(self.tr("Held-out score along α"), pickable=True)
        self.plot.picked.connect(lambda alpha: self.slider.setValue(round(alpha * _HUNDRED)))
        self.slider.valueChanged.connect(lambda _: self._moved())
        self.value = Label("", "section")
        self.state = Label("", wrap=True)
        self.note = Muted("")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        explain_widget(self.bar, "", self.tr("Progress"))
        self.name = QLineEdit()
        self._named = ""
        explain_widget(
            self.name, self.tr("What the mixture is called in the lists of models."), self.tr("Name")
        )
        self._buttons()
        self._lay_out()
        self.finished.connect(lambda _: self._cancel())
        self._moved()
        self.begin()

    def _buttons(self) -> None:
        tr = self.tr
        self.save = PrimaryButton(
            tr("Save this mixture as a model"), "save", on_click=self._save,
            help=tr("Write a model of its own, which can be asked, looked into and trained further."),
        )  # fmt: skip
        self.here = GhostButton(
            tr("Measure here"), "measure", on_click=self._measure_here,
            help=tr("Measure the held-out rows with the mixture at the slider, too."),
        )  # fmt: skip
        self.use_best = GhostButton(
            tr("Go to the best"),
            on_click=self._go_to_best,
            help=tr("Move the slider to the best measured mixture."),
        )
        self.stop = GhostButton(tr("Close"), on_click=self._stop)
        for button in (self.here, self.use_best, self.stop):
            button.setAutoDefault(False)  # Enter in the name saves
        self.save.setDefault(True)

    def _lay_out(self) -> None:
        run = self._workspace.summary(self._run)
        what = Muted(
            self.tr(
                "Weights between the two models: α · tuned + (1 − α) · base. A mixture often keeps more of what the "
                "base knew and is as good on the new task. α = 0 is the base exactly, α = 1 the tuned model."
            )
        )
        card = Card()
        card.add(self.plot, 1)
        ends = QHBoxLayout()
        ends.setSpacing(MEDIUM)
        self.ends = {0.0: Label(self.tr("base"), "caption"), 1.0: Label(self.tr("tuned"), "caption")}
        ends.addWidget(self.ends[0.0])
        ends.addWidget(self.slider, 1)
        ends.addWidget(self.ends[1.0])
        card.body.addLayout(ends)
        card.add(row(self.value, None, self.use_best, self.here))
        card.add(row(Label(self.tr("Name"), "caption"), self.name, self.save))
        buttons = QHBoxLayout()
        buttons.addWidget(self.state, 1)
        buttons.addWidget(self.stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, MEDIUM + TINY)
        layout.setSpacing(SMALL)
        layout.addWidget(Title(self.tr("Mix {0} with its base").format(run.title if run else self._run)))
        layout.addWidget(what)
        layout.addWidget(card, 1)
        layout.addWidget(self.note)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)

    @property
    def alpha(self) -> float:
        """The share of the tuned weights at the slider."""
        return self.slider.value() / _HUNDRED

    # ---- measuring and saving

    def begin(self) -> None:
        """Measure the usual mixtures."""
        self._measure(ALPHAS)

    def _measure_here(self) -> None:
        self._measure((self.alpha,))

    def _measure(self, alphas: tuple[float, ...]) -> None:
        self._cancel()
        self._busy(self._workspace.waiting_words)
        self._ticket = self._workspace.session.look_inside(
            measure_along, AlongRequest(self._run, alphas), self._measured_all, self._failed, self._heard,
            between_steps=False,
        )  # fmt: skip

    def _save(self) -> None:
        self._cancel()
        self._saving = True
        self._busy(self.tr("Saving…"))
        request = MixtureRequest(self._run, self.alpha, self.name.text())
        self._ticket = self._workspace.session.look_inside(
            shelve_mixture, request, self._saved, self._failed, self._heard, between_steps=False
        )

    def _heard(self, news: object) -> None:
        if self._ticket is None:
            return  # a word that was on its way when it was cancelled
        if isinstance(news, Along):
            self._take(news)
        elif isinstance(news, str):
            self.state.setText(news)

    def _measured_all(self, along: Along) -> None:
        self._ticket = None
        self._take(along)
        self._busy("")
        if along.kept:
            self.note.setText(
                self.tr("The base has no {0}: these weights are the tuned ones in every mixture.").format(
                    ", ".join(along.kept[:3]) + ("…" if len(along.kept) > 3 else "")
                )
            )

    def _take(self, along: Along) -> None:
        self.measure = along.metric
        before = self._best()
        self._measured |= {point.alpha: along for point in along.points}
        new = self._score(along.best)
        # The measured mixtures of one request are ordered by the task; those of several are compared by their best.
        lower = along.metric in ("loss", "perplexity")
        if before is None or new is None or (new < before if lower else new > before):
            self.best = along.best
        self._draw()
        self._moved()

    def _best(self) -> float | None:
        return None if self.best is None else self._score(self.best)

    def _score(self, alpha: float) -> float | None:
        along = self._measured.get(alpha)
        if along is None:
            return None
        return next(float(p.metrics[along.metric]) for p in along.points if p.alpha == alpha)

    def _saved(self, name: str) -> None:
        self._ticket = None
        self._busy("")
        self.state.setText(self.tr("Saved. The lists of models have it as “{0}”.").format(name))
        self._workspace.refresh_shelf()

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self._busy("")
        self.state.setText(" ".join(part for part in (problem.title, problem.cause, problem.remedy) if part))
        if not self._measured:
            self.plot.show_curves((), (0, 1, 0, 1), words=self.tr("There is nothing to draw."))

    def _stop(self) -> None:
        if self._ticket is None:
            self.reject()
            return
        self._cancel()
        self._busy("")
        self.state.setText(self.tr("Stopped."))

    def _cancel(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket = None

    # ---- what shows

    def _busy(self, words: str) -> None:
        on = bool(words)
        self.state.setText(words)
        self.bar.setRange(0, 0 if on else 1)
        self.bar.setVisible(on)
        self.stop.setText(self.tr("Cancel") if on else self.tr("Close"))
        self.save.setEnabled(not on)
        self.here.setEnabled(not on)
        if on and not self._measured:
            self.plot.show_curves((), (0, 1, 0, 1), words=self.tr("The curve grows here."))
        self.note.setVisible(bool(self.note.text()))
        self._saving = self._saving and on
        self._moved()

    def _go_to_best(self) -> None:
        if self.best is not None:
            self.slider.setValue(round(self.best * _HUNDRED))

    def _moved(self) -> None:
        score = self._score(self.alpha)
        words = self.tr("α = {0:.2f}").format(self.alpha)
        if score is not None:
            words += f": {metric_title(self.measure).lower()} {metric_text(self.measure, score)}"
        self.value.setText(words)
        self.use_best.setVisible(self.best is not None)
        self.here.setEnabled(score is None and self._ticket is None)
        if not self.name.text() or self.name.text() == self._named:
            run = self._workspace.summary(self._run)
            title = "".join(letter if letter.isalnum() or letter in " .-_" else "-" for letter in
                            (run.title if run else self._run))  # fmt: skip
            self._named = f"{title} alpha {self.alpha:.2f}"
            self.name.setText(self._named)
        self._draw()

    def _draw(self) -> None:
        found = [
            (alpha, score) for alpha in sorted(self._measured) if (score := self._score(alpha)) is not None
        ]
        if not found:
            return
        x, y = (np.array(values, dtype=np.float64) for values in zip(*found, strict=True))
        room = 0.08 * (float(np.ptp(y)) or abs(float(y[0])) or 1.0)
        curves = [Drawn(x, y)]
        for alpha, score in found:  # a curve of one point is a dot; the ends have colours of their own
            curves.append(Drawn(np.array([alpha]), np.array([score]), {0.0: 1, 1.0: 2}.get(alpha, 0)))
        for end, name in ((0.0, self.tr("base")), (1.0, self.tr("tuned"))):
            value = self._score(end)
            if value is not None:
                self.ends[end].setText(f"{name}: {metric_text(self.measure, value)}")
        bounds = (0.0, 1.0, float(y.min()) - room, float(y.max()) + room)
        title = metric_title(self.measure).lower()

        def reads(alpha: float) -> str:
            nearest, score = min(found, key=lambda pair: abs(pair[0] - alpha))
            return f"α = {nearest:g}: {title} {metric_text(self.measure, score)}"

        self.plot.show_curves(curves, bounds, marker=(self.alpha, f"α = {self.alpha:.2f}"), reads=reads)
        spoken = "; ".join(f"α {alpha:g}: {metric_text(self.measure, score)}" for alpha, score in found)
        self.plot.setAccessibleDescription(f"{title}: {spoken}")


def open_mixture(workspace: Workspace, run: str, parent: QWidget) -> MixtureDialog:
    """Show the dialog for a run; it goes when it is closed."""
    dialog = MixtureDialog(workspace, run, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    return dialog
