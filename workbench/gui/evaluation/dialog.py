"""Measures a language model on held-out questions, beside the model that it started from."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.evaluation.figures import Figures, Samples
from workbench.gui.evaluation.form import EvaluationForm
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY
from workbench.gui.widgets import (
    Card,
    EmptyState,
    GhostButton,
    Label,
    Muted,
    PrimaryButton,
    Title,
    explain_widget,
    scrolled,
)
from workbench.gui.workspace import Workspace
from workbench.run.evaluation import Evaluation, Progress
from workbench.run.problem import Problem, WorkbenchError
from workbench.session.evaluating import EvaluationRequest, evaluate, write_samples
from workbench.session.lanes import Ticket


class EvaluationDialog(QDialog):
    """The form above; below it what was found."""

    def __init__(self, workspace: Workspace, run: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation")
        self.setWindowTitle(self.tr("Evaluate"))
        self.resize(1060, 720)
        self.setMinimumSize(640, 480)
        self._workspace = workspace
        self._ticket: Ticket | None = None
        self.found: Evaluation | None = None
        self.form = EvaluationForm(workspace)
        if run:
            self.form.model.pick(run)
        self.figures, self.samples = Figures(), Samples()
        self.empty = EmptyState(
            "measure",
            self.tr("Nothing measured yet"),
            self.tr(
                "The model answers questions that it has not learned from. You see how often it is right, how well it "
                "foresees the expected answers, and whether it knows training rows by heart."
            ),
        )
        self.state = Label("", "section", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        explain_widget(self.bar, "", self.tr("Progress"))
        self.start = PrimaryButton(self.tr("Evaluate"), "measure", on_click=self.begin)
        self.stop = GhostButton(self.tr("Close"), on_click=self._stop)
        self.export = GhostButton(
            self.tr("Export answers…"),
            "export",
            help=self.tr("Write every row with each model's answer as JSON Lines."),
            on_click=self._ask_and_export,
        )
        for button in (self.stop, self.export, self.form.browse):
            button.setAutoDefault(False)  # Enter in a field evaluates, and opens no file
        self.start.setDefault(True)
        self._lay_out()
        self.form.changed.connect(self._refresh)
        self.finished.connect(lambda _: self._cancel())
        self._busy(False)

    def _lay_out(self) -> None:
        head = Card()
        head.add(self.form)
        results = QWidget()
        inner = QVBoxLayout(results)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SMALL)
        inner.addWidget(self.figures)
        inner.addWidget(self.samples, 1)
        self._pages = QWidget()
        self._stack = QStackedLayout(self._pages)
        self._stack.addWidget(self.empty)
        self._results = scrolled(results)  # in a low window nothing is squeezed
        self._stack.addWidget(self._results)
        buttons = QHBoxLayout()
        buttons.setSpacing(SMALL)
        buttons.addWidget(self.export)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, MEDIUM + TINY)
        layout.setSpacing(SMALL)
        layout.addWidget(Title(self.tr("Evaluate")))
        layout.addWidget(
            Muted(self.tr("Held-out questions for a language model, and for another one beside it."))
        )
        layout.addWidget(head)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.state)
        layout.addLayout(buttons)

    # ---- the work

    def begin(self) -> None:
        """Measure what the form asks for."""
        request = self._request()
        if request is None:
            return
        self._cancel()
        self._busy(True)
        self.state.setText(self._workspace.waiting_words)
        self._ticket = self._workspace.session.look_inside(
            evaluate, request, self._done, self._failed, self._heard, between_steps=False
        )

    def _request(self) -> EvaluationRequest | None:
        try:
            return self.form.request()
        except WorkbenchError as error:
            self.state.setText(str(error.problem))
            return None

    def _heard(self, news: object) -> None:
        if self._ticket is None:
            return  # a word that was on its way when it was cancelled
        if isinstance(news, Progress):
            self.bar.setRange(0, max(1, news.of))
            self.bar.setValue(news.done)
            self.state.setText(self.tr("{0}: {1} of {2}").format(news.words, news.done, news.of))
        elif isinstance(news, str):
            self.bar.setRange(0, 0)
            self.state.setText(news)

    def _done(self, found: Evaluation) -> None:
        self._ticket, self.found = None, found
        self._busy(False)
        of = self.tr(" of {0}").format(found.rows[1]) if found.rows[1] > found.rows[0] else ""
        self.state.setText(self.tr("{0}{1} rows, {2}").format(found.rows[0], of, found.data))
        self.state.setToolTip("\n".join(found.notes))
        runs = [self._workspace.summary(scores.model) for scores in found.models]
        titles = [run.title if run else s.model for run, s in zip(runs, found.models, strict=True)]
        self.figures.show_evaluation(found, titles)
        self.samples.show_evaluation(found, titles)
        self._stack.setCurrentWidget(self._results)

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self._busy(False)
        self.state.setText(" ".join(part for part in (problem.title, problem.cause, problem.remedy) if part))

    def _stop(self) -> None:
        if self._ticket is None:
            self.reject()
            return
        self._cancel()
        self._busy(False)
        self.state.setText(self.tr("Stopped."))

    def _cancel(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket = None

    def _busy(self, on: bool) -> None:
        self.bar.setRange(0, 0 if on else 1)
        self.bar.setVisible(on)
        self.form.setEnabled(not on)
        self.stop.setText(self.tr("Cancel") if on else self.tr("Close"))
        self._refresh()

    def _refresh(self) -> None:
        asked = None
        if self._ticket is None:
            asked = self._request()
            if asked is None and not self.state.text():
                self.state.setText(self.tr("Choose a model, and a file of questions and answers."))
            elif asked is not None and self.found is None:
                self.state.setText("")
        self.start.setEnabled(asked is not None)
        self.export.setEnabled(self.found is not None)

    def _ask_and_export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export answers"), "answers.jsonl", "JSON Lines (*.jsonl)"
        )
        if path:
            self.write(Path(path))

    def write(self, path: Path) -> None:
        """Write the rows and answers."""
        found = self.found
        if found is not None:
            self._workspace.session.files.submit(
                lambda desk: write_samples(path, found),
                done=lambda _: self.state.setText(self.tr("Written: {0}").format(path)),
                failed=self._failed,
            )


def open_evaluation(workspace: Workspace, run: str, parent: QWidget) -> EvaluationDialog:
    """Show the dialog for a run; it goes when it is closed."""
    dialog = EvaluationDialog(workspace, run, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    return dialog
