"""One answer of a language model: its text, its count and speed, and what can be done with it."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QRadioButton, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.prompt.answer_text import AnswerText
from workbench.gui.prompt.box import PromptBox
from workbench.gui.theme import TINY
from workbench.gui.widgets import ElidedLabel, GhostButton, IconButton, Label, explain_widget, row, show_if
from workbench.run.results import GeneratedToken
from workbench.session.conversation import FAILED, NOT_WRITTEN, STOPPED, Written

_ENDINGS = {
    "end": "ended by itself",
    "length": "cut at the token limit",
    "stop": "ended at a stop text",
    STOPPED: "stopped by you",
    NOT_WRITTEN: "not written",
    FAILED: "failed",
}
#: Below this width, in pixels, the buttons have a line of their own.
_NARROW = 440
_BUTTON = 24


class Answer(QWidget):
    """An answer that grows; `written` is what it shows.

    Signals:
        picked: The number of a token that is to be looked at.
        left: Nothing is looked at any more.
        followed: The conversation goes on from this one of several answers.
        continued: It is to go on where it was cut.
        rated: The person changed what they think of it, or wrote a better one.
        attention_wanted: What it looked at is to be shown.
    """

    picked = Signal(int)
    left = Signal()
    followed = Signal()
    continued = Signal()
    rated = Signal()
    attention_wanted = Signal()

    def __init__(self, written: Written, name: str, shaded: bool) -> None:
        super().__init__()
        self.written = written
        self._began: float | None = None
        self._fresh = 0  # tokens since then
        self._busy = False
        self.text = AnswerText()
        self.text.shade(shaded)
        self.text.picked.connect(self.picked)
        self.text.left.connect(self.left)
        self.facts = ElidedLabel("", "caption")
        self.note = Label("", "caption", wrap=True)
        self.note.hide()
        self.follow = QRadioButton(name)
        explain_widget(self.follow, self.tr("The conversation goes on from this answer."), name)
        self.follow.clicked.connect(self.followed)
        self._make_buttons()
        self._make_better()
        self._lay_out(name)
        for token in written.tokens:
            self.text.add(token)
        if written.ended:
            self.finish()

    def _make_buttons(self) -> None:
        self.go_on = GhostButton(
            self.tr("Continue"),
            help=self.tr("Write on where the answer was cut."),
            on_click=self.continued.emit,
        )
        self.up = self._button("thumb-up", self.tr("Good answer"), self.tr("Keeps it as feedback."), True)
        self.down = self._button(
            "thumb-down",
            self.tr("Bad answer"),
            self.tr("Keeps it as feedback; with a better one it can be trained on."),
            True,
        )
        self.pencil = self._button(
            "pencil", self.tr("Write a better answer"), self.tr("Kept as feedback."), True
        )
        self.look = self._button(
            "attention",
            self.tr("See its attention"),
            self.tr("On the Attention page: the same prompt, continued with the likeliest tokens."),
        )
        self.copy_button = self._button("copy", self.tr("Copy this answer"))
        self.up.clicked.connect(lambda on: self._rate(True if on else None))
        self.down.clicked.connect(lambda on: self._rate(False if on else None))
        self.pencil.toggled.connect(self._edit)
        self.look.clicked.connect(self.attention_wanted)
        self.copy_button.clicked.connect(self.copy)

    @staticmethod
    def _button(icon: str, name: str, help: str = "", checkable: bool = False) -> IconButton:
        return IconButton(icon, name, help, checkable=checkable, size=_BUTTON)

    def _make_better(self) -> None:
        self.editor = PromptBox(self.tr("The answer as it should be"), self.tr("A better answer"))
        self.keep = GhostButton(
            self.tr("Keep"),
            help=self.tr("Put it into the feedback data set (Ctrl+Enter). An empty one is taken out."),
            on_click=self._keep_better,
        )
        self.cancel = GhostButton(self.tr("Cancel"), on_click=lambda: self.pencil.setChecked(False))
        self.editor.sent.connect(self._keep_better)
        self.editor.left.connect(lambda: self.pencil.setChecked(False))
        self.better = Label("", "muted", wrap=True)
        self.better.hide()

    def _lay_out(self, name: str) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TINY)
        layout.addWidget(self.follow)
        show_if(self.follow, bool(name))
        layout.addWidget(self.text)
        layout.addWidget(self.better)
        self._editing = QWidget()
        inside = QVBoxLayout(self._editing)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(TINY)
        inside.addWidget(self.editor)
        inside.addWidget(row(None, self.cancel, self.keep))
        layout.addWidget(self._editing)
        self._editing.hide()
        layout.addWidget(self.note)
        self._buttons = row(self.up, self.down, self.pencil, self.look, self.copy_button, spacing=TINY)
        self._foot = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._foot.setSpacing(TINY)
        self._foot.addWidget(self.facts, 1)
        self._foot.addWidget(self.go_on)
        self._foot.addWidget(self._buttons)
        layout.addLayout(self._foot)
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow, the buttons stand below the facts."""
        super().resizeEvent(event)
        down = self.width() < _NARROW
        self._foot.setDirection(
            QBoxLayout.Direction.TopToBottom if down else QBoxLayout.Direction.LeftToRight
        )
        side = Qt.AlignmentFlag.AlignLeft if down else Qt.AlignmentFlag.AlignRight
        for part in (self.go_on, self._buttons):
            self._foot.setAlignment(part, side)

    # ---- as it grows

    def add(self, token: GeneratedToken) -> None:
        """Append a token and count it."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self.text.add(token)
        self._fresh += 1
        # The first token's time goes into reading the prompt, so speed is that of the others.
        elapsed = now - self._began
        speed = (self._fresh - 1) / elapsed if elapsed > 0.3 else 0.0
        self._say(speed, self.tr("writing"))

    def finish(self) -> None:
        """The answer is complete, or was stopped with what it has."""
        written = self.written
        self._began, fresh, self._fresh = None, self._fresh, 0
        if written.ended not in (STOPPED, FAILED, NOT_WRITTEN):
            self.text.complete(written.text)
        speed = fresh / written.seconds if written.seconds > 0 else 0.0
        self._say(speed, _ENDINGS.get(written.ended, written.ended))
        self.note.setText(written.note)
        show_if(self.note, bool(written.note))
        self._refresh()

    def copy(self) -> None:
        """Put the text on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def set_busy(self, busy: bool) -> None:
        """While anything is being written, nothing else can be asked for."""
        self._busy = busy
        self._refresh()

    def _refresh(self) -> None:
        written = self.written
        there = bool(written.tokens) and bool(written.ended)
        show_if(self.go_on, there and written.can_go_on)
        self.go_on.setEnabled(not self._busy)
        self.look.setEnabled(there)
        for button in (self.up, self.down, self.pencil, self.copy_button):
            button.setEnabled(there)
        self.up.setChecked(written.liked is True)
        self.down.setChecked(written.liked is False)
        self.better.setText(self.tr("Better: {0}").format(written.better))
        show_if(self.better, bool(written.better) and not self.pencil.isChecked())

    def _say(self, speed: float, state: str) -> None:
        count = self.text.tokens
        if not count:
            self.facts.setText(state)
            return
        parts = [self.tr("1 token") if count == 1 else self.tr("{0} tokens").format(count)]
        if speed:
            parts.append(self.tr("{0:.1f} a second").format(speed))
        self.facts.setText(" · ".join((*parts, state)))

    # ---- what the person thinks of it

    def _rate(self, liked: bool | None) -> None:
        self.written.liked = liked
        self._refresh()
        self.rated.emit()

    def _edit(self, on: bool) -> None:
        self._editing.setVisible(on)
        if on:
            self.editor.setPlainText(self.written.better or self.text.toPlainText())
            line = self.editor.fontMetrics().lineSpacing()
            lines = min(12, max(3, int(self.text.document().size().height()) // line))
            self.editor.setFixedHeight(line * lines + 20)
            self.editor.setFocus()
        self._refresh()

    def _keep_better(self) -> None:
        better = self.editor.toPlainText().strip()
        self.written.better = "" if better == self.written.text.strip() else better
        self.pencil.setChecked(False)
        self.rated.emit()
