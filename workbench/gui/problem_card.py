"""The one place where problems appear: what happened, why, and what to do now."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout

from workbench.gui.icons import pixmap
from workbench.gui.theme import MEDIUM, SMALL, current, mono_font, theme
from workbench.gui.widgets import FoldSection, GhostButton, IconButton, Label, column, row
from workbench.run.problem import Problem


class ProblemCard(QFrame):
    """A banner that shows one problem at a time; further ones wait their turn. It never blocks the window."""

    emptied = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "banner")
        self._queue: deque[Problem] = deque()
        self._picture = QLabel()
        self.title = Label("", "section", wrap=True)
        self.cause = Label(wrap=True)
        self.remedy = Label(wrap=True)
        for label in (self.title, self.cause, self.remedy):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.waiting = Label("", "caption")
        self.copy = GhostButton(
            self.tr("&Copy"), "copy", help=self.tr("Copy everything about this problem."), on_click=self._copy
        )
        self.dismiss = IconButton(
            "close", self.tr("Dismiss"), self.tr("Put this problem away."), on_click=self.next
        )
        self.details = FoldSection(self.tr("Details"))
        self.details_text = QPlainTextEdit()
        self.details_text.setReadOnly(True)
        self.details_text.setFont(mono_font(11))
        self.details_text.setFixedHeight(150)
        self.details_text.setAccessibleName(self.tr("Technical details"))
        self.details.add(self.details_text)

        words = column(self.title, self.cause, self.remedy, self.details, spacing=3)
        right = QVBoxLayout()
        right.addWidget(row(self.waiting, self.copy, self.dismiss), 0, Qt.AlignmentFlag.AlignTop)
        right.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MEDIUM, MEDIUM, SMALL, MEDIUM)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(words, 1)
        layout.addLayout(right)
        theme().changed.connect(self._redraw)
        self._redraw()
        self.hide()

    @property
    def problem(self) -> Problem | None:
        """The problem that shows."""
        return self._queue[0] if self._queue else None

    def show_problem(self, problem: Problem) -> None:
        """Show a problem, now or after those that are there; one that is there already is not repeated."""
        if problem not in self._queue:
            self._queue.append(problem)
            self._fill()

    def next(self) -> None:
        """Put the shown problem away and show the next one."""
        if self._queue:
            self._queue.popleft()
            self._fill()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape puts the problem away."""
        if event.key() == Qt.Key.Key_Escape:
            self.next()
        else:
            super().keyPressEvent(event)

    def _fill(self) -> None:
        problem = self.problem
        self.setVisible(problem is not None)
        if problem is None:
            self.emptied.emit()
            return
        for label, text in (
            (self.title, problem.title),
            (self.cause, problem.cause),
            (self.remedy, problem.remedy),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        more = len(self._queue) - 1
        self.waiting.setText(self.tr("{0} more").format(more) if more else "")
        self.details.setVisible(bool(problem.details))
        self.details.set_open(False)
        self.details_text.setPlainText(problem.details)
        self.setAccessibleName(self.tr("Problem: {0}").format(problem.title))
        self.setAccessibleDescription(f"{problem.cause} {problem.remedy}")

    def _copy(self) -> None:
        if self.problem:
            QGuiApplication.clipboard().setText(f"{self.problem}\n\n{self.problem.details}".strip())

    def _redraw(self) -> None:
        self._picture.setPixmap(pixmap("alert", current().bad, 20, self.devicePixelRatioF()))
