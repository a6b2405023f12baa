"""The recipe bar: model, data, task and the important fields, and Start, Pause and Stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QWidget

from workbench.gui.field_choice import Choice
from workbench.gui.fitting import fitting_model
from workbench.gui.icons import keep_icon
from workbench.gui.preset_choice import PresetChoice
from workbench.gui.rate_finder_dialog import RateFinderDialog
from workbench.gui.recipe_form import FieldEdit, FieldSet, bar_fields, task_choices
from workbench.gui.recipe_groups import ELSEWHERE
from workbench.gui.recipe_panel import RecipePanel
from workbench.gui.scratch_dialog import ScratchDialog
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import GhostButton, IconButton, PrimaryButton, explain_widget, row
from workbench.gui.workspace import Workspace
from workbench.run.scratch_fields import LEARNABLE, is_new
from workbench.run.scratch_hints import in_short, outlook
from workbench.run.task_kinds import MODEL_KIND

if TYPE_CHECKING:
    from workbench.shelf.models import ModelEntry


def _about(entry: ModelEntry) -> str:
    size = f"{entry.megabytes:.0f} MB" if entry.megabytes else ""
    facts = ", ".join(fact for fact in (size, entry.licence, entry.state) if fact)
    return f"{entry.description} ({facts})"


class RecipeBar(QFrame):
    """The recipe in hand, and what can be done with it."""

    start_wanted = Signal()
    check_wanted = Signal()
    data_file_wanted = Signal()
    model_folder_wanted = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self._workspace = workspace
        self.model = Choice("model.source", self.tr("Choose a model folder…"))
        self.data = Choice("data.train", self.tr("Open a file…"))
        self.task = Choice("task.kind")
        self.preset = PresetChoice(workspace)
        self.quick = FieldSet(workspace, [FieldEdit(field, resettable=True) for field in bar_fields()])
        self.more: RecipePanel | None = None  # built when it is first unfolded
        self._complained: set[str] = set()  # fields outside the bar, when last shown
        self._buttons()
        self._lay_out()
        self.model.chosen.connect(lambda source: workspace.set_field("model.source", source))
        self.model.other.connect(self.model_folder_wanted)
        self.model.scratch.connect(self.open_scratch)
        self.data.chosen.connect(workspace.choose_data)
        self.data.other.connect(self.data_file_wanted)
        self.task.chosen.connect(self._choose_task)
        workspace.recipe_changed.connect(self.refresh)
        workspace.shelf_changed.connect(self.refresh)
        workspace.runs_changed.connect(self.refresh)
        workspace.active_changed.connect(self._show_active)
        workspace.checking.changed.connect(self._show_active)
        workspace.page_wanted.connect(lambda _: self.unfold.setChecked(False))  # the page must be seen
        self.refresh()
        self._show_active()

    def _buttons(self) -> None:
        tr = self.tr
        self.start = PrimaryButton(
            tr("Start"),
            "play",
            help=tr("Start a run of this recipe (Ctrl+Return)."),
            on_click=self.start_wanted.emit,
        )
        self.check = GhostButton(
            tr("Check"), "gauge", help=tr("Say whether it fits and how long it takes (Ctrl+Shift+Return)."),
            on_click=self.check_wanted.emit,
        )  # fmt: skip
        self.pause = GhostButton(
            tr("Pause"), "pause", help=tr("Wait after the present step, or go on (Ctrl+P)."),
            on_click=self._workspace.toggle_pause,
        )  # fmt: skip
        self.stop = GhostButton(
            tr("Stop"), "stop", help=tr("Stop within one step; it saves first and can be resumed (Ctrl+.)."),
            on_click=self._workspace.stop,
        )  # fmt: skip
        self.find_rate = IconButton(
            "zoom",
            tr("Find the learning rate"),
            on_click=self.open_rate_finder,
        )
        self.unfold = IconButton(
            "sliders",
            tr("Advanced fields"),
            tr("All other fields of the recipe (Ctrl+Shift+A)."),
            checkable=True,
        )
        self.unfold.toggled.connect(self._unfold)

    def _lay_out(self) -> None:
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(MEDIUM, SMALL, MEDIUM, MEDIUM)
        self._grid.setSpacing(SMALL)
        self._grid.setColumnStretch(0, 5)
        self._grid.setColumnStretch(1, 3)
        self._grid.setColumnStretch(2, 1)
        bottom = Qt.AlignmentFlag.AlignBottom
        self._choices, self._figures = QWidget(), QWidget()
        line = QHBoxLayout(self._choices)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SMALL)
        for choice, stretch, widest in ((self.model, 5, 220), (self.data, 6, 260), (self.task, 3, 180)):
            choice.setMaximumWidth(widest)
            line.addWidget(choice, stretch, bottom)
        line.addWidget(self.preset, 2, bottom)
        line.addStretch(0)
        self._choices_line = line
        self.preset.setMaximumWidth(130)
        line = QHBoxLayout(self._figures)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(SMALL)
        for path, edit in self.quick.edits.items():
            # Room for three figures (a learning rate has no unit and more figures), the unit and the arrows.
            figures = f"000 {edit.field.unit}" if edit.field.unit else "0.00001"
            edit.setMinimumWidth(40 + edit.fontMetrics().horizontalAdvance(figures))
            edit.setMaximumWidth(130)
            line.addWidget(edit, 1, bottom)
            if path == "training.learning_rate":
                line.addWidget(self.find_rate, 0, bottom)
        line.addWidget(self.unfold, 0, bottom)
        line.addStretch(1)
        self._actions = row(self.check, self.start, self.pause, self.stop)
        self._wide: bool | None = None
        self._arrange(wide=True)

    def _arrange(self, *, wide: bool) -> None:
        """All in one line where there is room, else the figures in a line of their own."""
        if wide == self._wide:
            return
        self._wide = wide
        self._choices_line.setStretch(self._choices_line.count() - 1, 0 if wide else 1)
        bottom = Qt.AlignmentFlag.AlignBottom
        for part in (self._choices, self._figures, self._actions):
            self._grid.removeWidget(part)
        self._grid.addWidget(self._choices, 0, 0, 1, 1 if wide else 2, bottom)
        self._grid.addWidget(self._figures, *((0, 1, 1, 1) if wide else (1, 0, 1, 3)), bottom)
        self._grid.addWidget(self._actions, 0, 2, bottom | Qt.AlignmentFlag.AlignRight)

    def _line_width(self) -> int:
        """Pixels that everything in one line takes at least."""
        parts = (self._choices, self._figures, self._actions)
        return sum(part.minimumSizeHint().width() for part in parts) + 2 * SMALL + 2 * MEDIUM

    def minimumSizeHint(self) -> QSize:
        """That of two lines: the window may become narrower than one line is."""
        first = self._choices.minimumSizeHint().width() + self._actions.minimumSizeHint().width() + SMALL
        width = max(first, self._figures.minimumSizeHint().width()) + 2 * MEDIUM
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has two lines."""
        super().resizeEvent(event)
        self._arrange(wide=self.width() >= self._line_width())

    # ---- what shows

    def refresh(self) -> None:
        """Show the recipe in hand and its complaints."""
        workspace = self._workspace
        recipe = workspace.recipe
        wanted = MODEL_KIND.get(recipe.task.kind)
        models = [
            (entry.name, entry.title, _about(entry))
            for entry in workspace.models
            if wanted in (None, entry.kind) and entry.state != "unusable"
        ]
        runs = [
            (run.name, self.tr("Run {0}").format(run.title), run.name)
            for run in workspace.runs[:20]
            if run.task == recipe.task.kind and run.status == "finished"
        ]
        learnable = recipe.task.kind in LEARNABLE
        self.model.show_choices(
            [*self._new_model(), *models, *runs],
            recipe.model.source,
            self.tr("From scratch…") if learnable else "",
        )
        sets = [(d.name, d.title, d.summary) for d in workspace.datasets]
        self.data.show_choices(sets, recipe.data.train)
        self.task.show_choices([(kind, title, kind) for kind, title in task_choices()], recipe.task.kind)
        complaints = {problem.field: problem.title for problem in workspace.marks}
        for choice in (self.model, self.data, self.task):
            choice.complain(complaints.get(choice.path, ""))
        self.quick.refresh()
        if self.more:
            self.more.refresh()
        self._reveal({path for path in complaints if path not in (*self.quick.edits, *ELSEWHERE)})
        self._show_active()

    def _new_model(self) -> list[tuple[str, str, str]]:
        """The new model of the recipe, where it has one."""
        recipe = self._workspace.recipe
        if not is_new(recipe.model.source):
            return []
        name = "GPT" if recipe.model.source == "new-gpt" else "BERT"
        shape, weights = recipe.scratch, outlook(recipe).weights
        title = self.tr("New {0} ({1:.2g} M)").format(name, weights / 1e6)
        help = self.tr("{0} layers, {1} heads, width {2}, {3} weights: starts from nothing.").format(
            shape.layers, shape.heads, shape.width, in_short(weights)
        )
        return [(recipe.model.source, title, help)]

    def _reveal(self, wrong: set[str]) -> None:
        """A complaint of a folded field must be seen; one that the person folded away stays folded."""
        new = sorted(wrong - self._complained)
        self._complained = wrong
        if new:
            self.unfold.setChecked(True)
            if self.more:
                self.more.reveal(new)

    def _show_active(self) -> None:
        active = self._workspace.active
        self._arrange(wide=self.width() >= self._line_width())  # other buttons, other widths
        self.start.setVisible(active is None)
        self.check.setVisible(active is None)
        self.check.setEnabled(not self._workspace.complaints and not self._workspace.checking.busy)
        complaints = self._workspace.complaints
        self.start.setEnabled(not complaints)
        help = self.tr("Start a run of this recipe (Ctrl+Return).")
        explain_widget(self.start, complaints[0].title if complaints else help, self.tr("Start"))
        busy, wrong = active is not None, bool(complaints)
        self.find_rate.setEnabled(not busy and not wrong)
        why = self.tr("It has to wait until the run in work is over.") if busy else ""
        why = why or (self.tr("First mend what is marked.") if wrong else "")
        what = self.tr(
            "Find the learning rate: tries rising rates on a copy of the model and draws the loss."
        )
        explain_widget(self.find_rate, f"{what} {why}".strip(), self.tr("Find the learning rate"))
        self.pause.setVisible(active is not None)
        self.stop.setVisible(active is not None)
        if active is None:
            return
        waiting = self._workspace.waits(self._workspace.active_name)
        asked = bool(waiting and waiting.problem)
        self.pause.setEnabled(not active.stopping and not asked)
        explain_widget(
            self.pause,
            self.tr("The run waits for your answer on the Train page.")
            if asked
            else self.tr("Wait after the present step, or go on (Ctrl+P)."),
        )
        self.stop.setEnabled(not active.stopping)
        self.pause.setText(self.tr("Go on") if active.paused else self.tr("Pause"))
        keep_icon(self.pause, "play" if active.paused else "pause")
        self.stop.setText(self.tr("Stopping…") if active.stopping else self.tr("Stop"))

    def _choose_task(self, kind: str) -> None:
        workspace = self._workspace
        workspace.set_field("task.kind", kind)
        present = workspace.recipe.model.source
        if (model := fitting_model(workspace.models, kind, present)) != present:
            workspace.set_field("model.source", model)

    def _unfold(self, on: bool) -> None:
        host = self.parentWidget()
        if on and self.more is None and host is not None:
            self.more = RecipePanel(self._workspace)
            self.more.closed.connect(lambda: self.unfold.setChecked(False))
            self.more.lie_over(host, self)
            self.more.after(self.unfold)
        if self.more:
            self.more.setVisible(on)
            (self.more.search if on else self.unfold).setFocus()

    def open_scratch(self) -> None:
        """Shape a model that starts from nothing."""
        dialog = ScratchDialog(self._workspace, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def open_rate_finder(self) -> None:
        """Look for a learning rate that suits the recipe in hand."""
        dialog = RateFinderDialog(self._workspace, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
