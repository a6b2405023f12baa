"""What a person can order of a run in work, as a tidy group of buttons, and the editor of its learning rate."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from workbench.gui.icons import icon
from workbench.gui.theme import LARGE, MEDIUM, SMALL
from workbench.gui.widgets import Badge, FloatBox, IconButton, Label, Muted, explain_widget
from workbench.gui.workspace import Workspace
from workbench.run.recipe_files import recipe_fields


def order_obstacle(workspace: Workspace) -> str:
    """Why no order can be given to a run now, in words; empty when one can."""
    reason = pause_obstacle(workspace)
    alike = "It is one run of a series, and all of them are made alike." if workspace.series.busy else ""
    return reason or alike


def pause_obstacle(workspace: Workspace) -> str:
    """Why a run cannot be paused or go on now; those of a series can."""
    active, name = workspace.active, workspace.active_name
    if active is None:
        return "No run is in work."
    if active.stopping:
        return "The run is stopping."
    waiting = workspace.waits(name)
    if waiting and waiting.problem:
        return "The run waits for your answer."
    history = workspace.histories.get(name or "")
    if history is None or history.started is None:
        return "The run is being prepared."
    return ""


def measure_obstacle(workspace: Workspace) -> str:
    """Why the held-out rows cannot be measured now."""
    reason = order_obstacle(workspace)
    history = workspace.histories.get(workspace.active_name or "")
    nothing = history is not None and history.started is not None and not history.started.validation_rows
    return reason or ("This run holds no rows out." if nothing else "")


class RateDialog(QDialog):
    """Asks for another peak learning rate, beginning with the present one."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rate")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Change learning rate"))
        self.setMinimumWidth(380)
        self._workspace = workspace
        present = workspace.peak_rate
        field = recipe_fields()["training.learning_rate"]
        self.box = FloatBox(0.0, field.maximum or 1.0, by_size=True)
        self.box.setValue(present)
        explain_widget(self.box, field.help, field.title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, MEDIUM)
        layout.setSpacing(SMALL)
        layout.addWidget(Label(self.tr("Peak learning rate"), "section"))
        layout.addWidget(self.box)
        layout.addWidget(
            Muted(
                self.tr(
                    "Now {0:g}. The new one is used from the next step on; the schedule keeps its shape. The change "
                    "is recorded with the run."
                ).format(present)
            )
        )
        buttons = QDialogButtonBox()
        self.change = buttons.addButton(self.tr("Change"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addSpacing(SMALL)
        layout.addWidget(buttons)
        self.box.valueChanged.connect(self._edited)
        self._present = present
        self._edited(present)
        self.box.selectAll()

    def accept(self) -> None:
        """Order the change, if the run is still in work."""
        active = self._workspace.active
        if active and not active.stopping and self._allowed():
            active.change_rate(self.box.value())
        super().accept()

    def _allowed(self) -> bool:
        return self.box.value() > 0 and self.box.value() != self._present

    def _edited(self, value: float) -> None:
        self.change.setEnabled(self._allowed())


class RunControls(QFrame):
    """Save, measure, learning rate and more, for the run in work; hidden while another run is shown."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.setProperty("role", "segmented")
        self._workspace = workspace
        tr = self.tr
        self.save = IconButton("save", tr("Save now"), on_click=self._save)
        self.measure = IconButton("measure", tr("Measure now"), on_click=self._measure)
        self.rate = IconButton("rate", tr("Change learning rate"), on_click=self.change_rate)
        self.more = IconButton(
            "more", tr("More"), tr("Pause, stop, and stop after this epoch."), on_click=self._open_menu
        )
        self.until = Badge(tr("stops after this epoch"), "accent")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 1, 2, 1)
        layout.setSpacing(2)
        layout.addWidget(self.until)
        for button in (self.save, self.measure, self.rate, self.more):
            layout.addWidget(button)
        explain_widget(self, "", tr("Orders for the run in work"))
        workspace.active_changed.connect(self.refresh)
        workspace.selection_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what can be ordered now, and why not."""
        workspace, tr = self._workspace, self.tr
        active = workspace.active
        self.setVisible(active is not None and workspace.selected == workspace.active_name)
        self.until.setVisible(active is not None and active.stops_after_epoch)
        reason = order_obstacle(workspace)
        for button, why, title, help in (
            (self.save, reason, tr("Save now"), tr("Write a checkpoint that is never deleted (Ctrl+Shift+S).")),
            (
                self.measure, measure_obstacle(workspace), tr("Measure now"),
                tr("Measure the held-out rows (Ctrl+M)."),
            ),
            (
                self.rate, reason, tr("Change learning rate"),
                tr("Use another peak learning rate from the next step on (Ctrl+Shift+L)."),
            ),
        ):  # fmt: skip
            button.setEnabled(not why)
            explain_widget(button, f"{title}. {help} {why}".strip(), title)

    def menu(self) -> QMenu:
        """Everything that can be ordered, with words."""
        workspace, menu, tr = self._workspace, QMenu(self), self.tr
        active = workspace.active
        menu.setToolTipsVisible(True)
        free, pausable = not order_obstacle(workspace), not pause_obstacle(workspace)
        paused = active is not None and active.paused
        menu.addAction(icon("save"), tr("Save now"), self._save).setEnabled(free)
        measure = menu.addAction(icon("measure"), tr("Measure now"), self._measure)
        measure.setEnabled(not measure_obstacle(workspace))
        menu.addAction(icon("rate"), tr("Change learning rate…"), self.change_rate).setEnabled(free)
        menu.addSeparator()
        hold = menu.addAction(
            icon("play" if paused else "pause"),
            tr("Go on") if paused else tr("Pause"),
            workspace.toggle_pause,
        )
        hold.setEnabled(pausable)
        if workspace.device and workspace.device.kind != "cpu" and not paused:
            release = menu.addAction(
                icon("pause"), tr("Pause and give back device memory"), lambda: workspace.pause(release=True)
            )
            release.setEnabled(pausable)
        epoch = menu.addAction(tr("Stop after this epoch"))
        epoch.setCheckable(True)
        epoch.setChecked(active is not None and active.stops_after_epoch)
        epoch.setEnabled(free)
        epoch.toggled.connect(workspace.stop_after_epoch)
        stop = menu.addAction(icon("stop"), tr("Stop now"), workspace.stop)
        stop.setEnabled(active is not None and not active.stopping)
        return menu

    def change_rate(self) -> None:
        """Ask for another learning rate."""
        RateDialog(self._workspace, self.window()).open()

    def _open_menu(self) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _save(self) -> None:
        self._workspace.save_now()

    def _measure(self) -> None:
        self._workspace.measure_now()
