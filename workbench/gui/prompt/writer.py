"""Talking with language models: their conversations side by side, the prompt box, the settings, and one token."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from workbench.gui.model_choice import Choice
from workbench.gui.prompt.box import PromptBox
from workbench.gui.prompt.columns import Columns
from workbench.gui.prompt.conversation import Conversation
from workbench.gui.prompt.feedback_button import FeedbackButton
from workbench.gui.prompt.inspector import Inspector
from workbench.gui.prompt.prompts_button import PromptsButton
from workbench.gui.prompt.settings import SettingsForm
from workbench.gui.prompt.talk_menu import TalkMenu
from workbench.gui.prompt.turn import Turn
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, ElidedLabel, GhostButton, IconButton, PrimaryButton, scrolled, show_if
from workbench.gui.workspace import Workspace

_HINT = "Ctrl+Enter sends"
_SETTINGS = 232
#: A column narrower than this, in pixels, is hard to read: the settings make room.
_NARROW = 250


class Writer(QWidget):
    """Up to four conversations, one prompt box and one set of settings; `begun` tells of each prompt."""

    begun = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.form = SettingsForm()
        self.columns = Columns(workspace, lambda: self.form.settings)
        self.inspector = Inspector(workspace)
        self._folded: bool | None = None  # as the person wants it; None while they have not said
        self._followed: set[Conversation] = set()
        self.box = PromptBox(
            self.tr("Ask a question, or begin a text that the model continues"), self.tr("Prompt")
        )
        self.send = PrimaryButton(self.tr("Send"), "send", help=self.tr("Ctrl+Enter"), on_click=self.begin)
        self.stop = GhostButton(
            self.tr("Stop"), "stop", help=self.tr("Keeps what is written so far."), on_click=self.halt
        )
        self.clear = GhostButton(
            self.tr("Clear"),
            help=self.tr("Remove all prompts and answers from the page."),
            on_click=self.wipe,
        )
        self.prompts = PromptsButton(workspace, self.box.toPlainText)
        self.feedback = FeedbackButton(workspace)
        self.hint = ElidedLabel(self.tr(_HINT), "caption")
        self.out = TalkMenu(workspace, self.columns, self.hint.setText)
        self.show_settings = IconButton(
            "sliders", self.tr("Settings"), self.tr("Show or hide how answers are drawn."), checkable=True
        )
        self._lay_out()
        self._connect()
        self._count_changed()
        self._show_busy()

    def _lay_out(self) -> None:
        talk = self._talk = Card()
        talk.body.addWidget(self.columns, 1)
        talk.add(self.box)
        foot = QHBoxLayout()
        foot.addWidget(self.hint, 1)
        buttons = (
            self.clear,
            self.feedback,
            self.prompts,
            self.out,
            self.show_settings,
            self.stop,
            self.send,
        )
        for button in buttons:
            foot.addWidget(button)
        talk.body.addLayout(foot)
        settings = Card(self.tr("Settings"))
        settings.add(scrolled(self.form), 1)
        self.side = QStackedWidget(self)
        self.side.addWidget(settings)
        self.side.addWidget(self.inspector)
        self.side.setFixedWidth(_SETTINGS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(talk, 1)
        layout.addWidget(self.side)

    def _connect(self) -> None:
        self.box.sent.connect(self.begin)
        self.box.textChanged.connect(lambda: self.hint.setText(self.tr(_HINT)))
        self.prompts.taken.connect(self._take)
        self.form.shading.connect(self.columns.shade)
        self.form.system_changed.connect(self.columns.say_first)
        self.columns.begun.connect(self._show_busy)
        self.columns.begun.connect(self.begun)
        self.columns.ended.connect(self._show_busy)
        self.columns.changed.connect(self._count_changed)
        self.columns.told.connect(self.hint.setText)
        self.show_settings.clicked.connect(self._fold)
        self.inspector.opened.connect(lambda: self._show_side(1))
        self.inspector.closed.connect(lambda: self._show_side(0))

    # ---- the settings beside the conversations

    def _show_side(self, which: int) -> None:
        self.side.setFixedWidth((_SETTINGS, Inspector.WIDTH)[which])
        self.side.setCurrentIndex(which)
        self._arrange()

    def _fold(self, on: bool) -> None:
        self._folded = not on
        self._show_side(0)

    def _arrange(self) -> None:
        """Settings that nobody asked for make room where columns would become narrow."""
        count = len(self.columns.columns)
        room = self.width() - _SETTINGS - MEDIUM
        tight = room < self._talk.minimumSizeHint().width() or (
            count > 1 and (room - 3 * MEDIUM) // count < _NARROW
        )
        folded = tight if self._folded is None else self._folded
        show_if(self.side, not folded or self.side.currentIndex() == 1)
        self.show_settings.setChecked(not folded)

    def minimumSizeHint(self) -> QSize:
        """Without the settings, which make room."""
        hint = super().minimumSizeHint()
        if self.side.currentIndex() == 0:
            hint.setWidth(self._talk.minimumSizeHint().width())
        return hint

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The settings make room, or come back."""
        super().resizeEvent(event)
        self._arrange()

    def _count_changed(self) -> None:
        for column in self.columns.columns:
            if column.conversation not in self._followed:
                self._followed.add(column.conversation)
                self.inspector.follow(column.conversation)
        self._followed &= {column.conversation for column in self.columns.columns}
        self._folded = None
        self._arrange()

    # ---- asking

    @property
    def conversation(self) -> Conversation:
        """That of the page's own model."""
        return self.columns.first.conversation

    @property
    def turns(self) -> list[Turn]:
        """The turns that are shown of the page's own model."""
        return self.conversation.turns

    def use(self, choice: Choice) -> None:
        """Ask this model from now on; an answer being written is stopped."""
        self.columns.first.use(choice)

    def begin(self) -> None:
        """Send the prompt, unless it is empty or an answer is being written."""
        prompt = self.box.toPlainText().strip()
        if self.columns.busy:
            return
        if not prompt:
            self.hint.setText(self.tr("Write something first: a question, or the beginning of a text."))
            self.box.setFocus()
            return
        self.box.clear()
        self.columns.ask(prompt)

    def halt(self) -> None:
        """Stop writing, in all columns; what is there stays."""
        self.columns.halt()

    def wipe(self) -> None:
        """Remove all turns."""
        self.columns.wipe()
        self.box.setFocus()  # the button is gone from under the keyboard
        self._show_busy()

    def _take(self, text: str) -> None:
        self.box.setPlainText(text)
        self.box.setFocus()

    def _show_busy(self) -> None:
        busy = self.columns.busy
        self.send.setVisible(not busy)
        self.stop.setVisible(busy)
        self.clear.setEnabled(bool(self.turns))
        self.out.setEnabled(bool(self.turns))
