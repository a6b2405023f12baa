"""The status bar: what computes, how much memory is used, how far the run is and how long it will take."""

from __future__ import annotations

from collections import deque

import psutil
from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar

from workbench.gui.theme import LARGE, MEDIUM, SMALL
from workbench.gui.widgets import ElidedLabel, Label, explain_widget
from workbench.gui.workspace import Workspace

MEMORY_MS = 2000


def duration(seconds: float) -> str:
    """Seconds as a person says them: "8 s", "3 min 20 s", "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def gigabytes(size: float) -> str:
    """Bytes as "1.4 GB" or "380 MB"."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


class TimeLeft:
    """Estimates the time that is left from the last stretch of steps, so that a pause or a slow start counts
    for little."""

    def __init__(self, memory: int = 40) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=memory)

    def saw(self, time: float, step: int) -> None:
        """A step at a time in seconds; going back to an earlier step starts anew."""
        if self._seen and step < self._seen[-1][1]:
            self._seen.clear()
        if not self._seen or step > self._seen[-1][1]:
            self._seen.append((time, step))

    def seconds(self, total_steps: int) -> float | None:
        """The time until `total_steps`, or None while it cannot be told."""
        if len(self._seen) < 2:
            return None
        (early, first), (late, last) = self._seen[0], self._seen[-1]
        return max(0.0, (late - early) / (last - first) * (total_steps - last))


class StatusBar(QFrame):
    """A quiet line at the foot of the window."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.setProperty("role", "foot")
        self.setFixedHeight(30)
        self._workspace = workspace
        self._process = psutil.Process()
        self._left = TimeLeft()
        self.device = Label("", "caption")
        self.memory = Label("", "caption")
        self.note = ElidedLabel("", "caption")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(180)
        self.step = Label("", "caption")
        self.left = Label("", "caption")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MEDIUM, 0, MEDIUM, 0)
        layout.setSpacing(LARGE)
        layout.addWidget(self.device)
        layout.addWidget(self.memory)
        layout.addWidget(self.note, 1)
        layout.addWidget(self.step)
        layout.addWidget(self.progress)
        layout.addWidget(self.left)
        layout.setSpacing(MEDIUM + SMALL)
        explain_widget(self.device, self.tr("What the model computes on."), self.tr("Device"))
        explain_widget(self.progress, self.tr("How far the run in work is."), self.tr("Progress"))
        explain_widget(self.left, self.tr("About how long the run will still take."), self.tr("Time left"))
        self._timer = QTimer(self)
        self._timer.setInterval(MEMORY_MS)
        self._timer.timeout.connect(self._show_memory)
        workspace.device_changed.connect(self._show_device)
        workspace.active_changed.connect(self._show_run)
        workspace.history_changed.connect(self._progressed)
        workspace.checking.changed.connect(self._show_check)
        self._show_device()
        self._show_memory()
        self._show_run()

    def say(self, text: str) -> None:
        """A passing note, such as the progress of a download; empty takes it away."""
        self.note.setText(text)

    def _show_check(self) -> None:
        checking = self._workspace.checking
        self.say(self.tr("Checking: {0}…").format(checking.progress) if checking.busy else "")

    def showEvent(self, event: QShowEvent) -> None:
        """Measure memory only while someone can see it."""
        self._timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """See `showEvent`."""
        self._timer.stop()
        super().hideEvent(event)

    def _show_device(self) -> None:
        device = self._workspace.device
        if device is None:
            self.device.setText(self.tr("Getting the engine ready…"))
            return
        self.device.setText(device.name)
        versions = ", ".join(f"{name} {version}" for name, version in device.versions)
        explain_widget(
            self.device,
            self.tr("What the model computes on, in {0}. {1}").format(device.precision, versions),
            self.tr("Device"),
        )
        self._show_memory()

    def _show_memory(self) -> None:
        used = self._process.memory_info().rss
        whole = psutil.virtual_memory()
        self.memory.setText(self.tr("{0} in use").format(gigabytes(used)))
        explain_widget(
            self.memory,
            self.tr("This program uses {0}; {1} of {2} are free on this machine.").format(
                gigabytes(used), gigabytes(whole.available), gigabytes(whole.total)
            ),
            self.tr("Memory"),
        )

    def _show_run(self) -> None:
        active = self._workspace.active
        for widget in (self.progress, self.step, self.left):
            widget.setVisible(active is not None)
        if active is None:
            self._left = TimeLeft()
            self.progress.setRange(0, 1)
            return
        self._progressed(self._workspace.active_name or "")

    def _progressed(self, name: str) -> None:
        workspace = self._workspace
        if workspace.active is None or name != (workspace.active_name or ""):
            return
        history = workspace.histories.get(name)
        started = history.started if history else None
        waiting = workspace.waits(name)
        if waiting and waiting.problem and not workspace.active.stopping:
            self.progress.setRange(0, max(1, started.total_steps if started else 1))
            self.progress.setValue(history.step if history else 0)
            self.step.setText(self.tr("Step {0}").format(waiting.step) if waiting.step else "")
            self.left.setText(self.tr("Waiting for you"))
            return
        if history is None or started is None or not history.step:
            self.progress.setRange(0, 0)
            self.step.setText(self.tr("Preparing…"))
            self.left.setText("")
            return
        self.progress.setRange(0, max(1, started.total_steps))
        self.progress.setValue(history.step)
        self.step.setText(self.tr("Step {0} of {1}").format(history.step, started.total_steps))
        if history.last_step:
            self._left.saw(history.last_step.time, history.step)
        if workspace.active.stopping:
            self.left.setText(self.tr("Stopping: saving a checkpoint…"))
        elif workspace.active.paused:
            self.left.setText(self.tr("Paused"))
        else:
            told = history.last_step.seconds_left if history.last_step else 0.0
            seconds = told or self._left.seconds(started.total_steps)  # runs of older versions do not tell
            self.left.setText(self.tr("{0} left").format(duration(seconds)) if seconds is not None else "")
