"""A conversation with a language model: its turns, the prompt box, the settings, and a closer look at a token."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from workbench.gui.examples import PROMPTS, ExamplesButton
from workbench.gui.prompt.box import PromptBox
from workbench.gui.prompt.conversation import Conversation
from workbench.gui.prompt.feedback_button import FeedbackButton
from workbench.gui.prompt.inspector import Inspector
from workbench.gui.prompt.settings import SettingsForm
from workbench.gui.prompt.turn import Turn
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import Card, ElidedLabel, GhostButton, PrimaryButton, scrolled
from workbench.gui.workspace import Workspace

_HINT = "Ctrl+Enter sends. With the chat template on, the model sees what was said before."
_SETTINGS = 232


class Writer(QWidget):
    """Conversation, prompt box and settings for one language model at a time; `begun` tells of each prompt."""

    begun = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.form = SettingsForm()
        self.conversation = Conversation(workspace, lambda: self.form.settings)
        self.inspector = Inspector(workspace)
        self.inspector.follow(self.conversation)
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
        self.examples = ExamplesButton(workspace, PROMPTS, self.box.setPlainText, rows=False)
        self.feedback = FeedbackButton(workspace)
        self.hint = ElidedLabel(self.tr(_HINT), "caption")
        self._lay_out()
        self.box.sent.connect(self.begin)
        self.box.textChanged.connect(lambda: self.hint.setText(self.tr(_HINT)))
        self.form.shading.connect(self.conversation.shade)
        self.conversation.begun.connect(self._show_busy)
        self.conversation.begun.connect(self.begun)
        self.conversation.ended.connect(self._show_busy)
        self.conversation.told.connect(self.hint.setText)
        self.inspector.opened.connect(lambda: self._show_side(1))
        self.inspector.closed.connect(lambda: self._show_side(0))
        self._show_busy()

    def _lay_out(self) -> None:
        talk = Card()
        talk.body.addWidget(self.conversation, 1)
        talk.add(self.box)
        foot = QHBoxLayout()
        foot.addWidget(self.hint, 1)
        for button in (self.clear, self.feedback, self.examples, self.stop, self.send):
            foot.addWidget(button)
        talk.body.addLayout(foot)
        settings = Card(self.tr("Settings"))
        settings.add(scrolled(self.form), 1)
        self.side = QStackedWidget()
        self.side.addWidget(settings)
        self.side.addWidget(self.inspector)
        self.side.setFixedWidth(_SETTINGS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(talk, 1)
        layout.addWidget(self.side)

    def _show_side(self, which: int) -> None:
        self.side.setFixedWidth((_SETTINGS, Inspector.WIDTH)[which])
        self.side.setCurrentIndex(which)

    @property
    def turns(self) -> list[Turn]:
        """The turns that are shown."""
        return self.conversation.turns

    def use(self, model: str, title: str) -> None:
        """Ask this model from now on; an answer being written is stopped."""
        self.conversation.use(model, title)

    def begin(self) -> None:
        """Send the prompt, unless it is empty or an answer is being written."""
        prompt = self.box.toPlainText().strip()
        if self.conversation.busy:
            return
        if not prompt:
            self.hint.setText(self.tr("Write something first: a question, or the beginning of a text."))
            self.box.setFocus()
            return
        self.box.clear()
        self.conversation.ask(prompt)

    def halt(self) -> None:
        """Stop writing; what is there stays."""
        self.conversation.halt()

    def wipe(self) -> None:
        """Remove all turns."""
        self.conversation.wipe()
        self._show_busy()

    def _show_busy(self) -> None:
        busy = self.conversation.busy
        self.send.setVisible(not busy)
        self.stop.setVisible(busy)
        self.clear.setEnabled(bool(self.turns))
