"""The Attention page: what goes on inside a model, for a sentence of one's own, in several views."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.attention.question import Question
from workbench.gui.attention.view import HeadWish, View
from workbench.gui.attention.views import VIEWS
from workbench.gui.attention.views.heads import HeadsView
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import ElidedLabel, FoldingSwitch, tall
from workbench.gui.workspace import Workspace

TYPING_MS = 300
#: What the engine does is told beside the views in at least so many pixels.
_BUSY = 90


@runtime_checkable
class Writing(Protocol):
    """The view of what a model looks at while it writes; its module is imported when it is first shown."""

    def write_as(self, how: str) -> None:
        """Take the text as it is ("plain"), or as a turn of a chat ("chat"), from the next question on."""


class AttentionPane(QWidget):
    """Sentence and model above, one of several views below. A view is built when it is first wanted."""

    view_shown = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.workspace = workspace
        self.question = Question(workspace)
        self.heads = HeadsView(workspace, self.question)
        self.views: dict[str, View] = {}
        self.busy = ElidedLabel("", "caption")
        self.switcher = FoldingSwitch([(row.key, row.title, "", row.help) for row in VIEWS], self.tr("View"))
        self.switcher.setProperty("dense", True)
        self.stack = QStackedWidget()
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._lay_out()
        self._add("heads", self.heads)
        self.switcher.chosen.connect(self.show_view)
        self.question.edited.connect(self._typing.start)
        self.question.asked.connect(self.ask)
        self._typing.timeout.connect(self.ask)

    def _lay_out(self) -> None:
        switch = QHBoxLayout()
        switch.setSpacing(MEDIUM)
        switch.addWidget(self.switcher)
        self.busy.setMinimumWidth(_BUSY)
        self.busy.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        switch.addWidget(self.busy, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(self.question)
        layout.addLayout(switch)
        layout.addWidget(self.stack, 1)

    def _add(self, key: str, view: View) -> None:
        self.views[key] = view
        self.stack.addWidget(tall(view))
        view.busy_changed.connect(lambda words: self._tell(view, words))
        view.head_wanted.connect(self.open_head)
        view.heads_rated.connect(lambda found: self.heads.filter.rate(found.key, found.model, found.values))

    def _tell(self, view: View, words: str) -> None:
        if view is self.view:
            self.busy.setText(words)

    @property
    def view(self) -> View:
        """The view that is on."""
        return self.views.get(self.switcher.current(), self.heads)

    def show_view(self, key: str) -> None:
        """Go to a view; an unknown key is ignored."""
        row = next((row for row in VIEWS if row.key == key), None)
        if row is None:
            return
        if key not in self.views:
            self._add(key, row.build(self.workspace, self.question))
        self.switcher.choose(key)
        self.busy.setText("")
        self.stack.setCurrentIndex(list(self.views).index(key))
        self.view_shown.emit(key)

    def open_head(self, wish: HeadWish) -> None:
        """Go to the heads and enlarge one of them, in the sentence and the model of the wish."""
        before = self.question.text(), self.question.chooser.choice()
        if wish.text:
            self.question.line.setText(wish.text)
        if wish.model:
            with QSignalBlocker(self.question.chooser):
                self.question.chooser.pick(wish.model)
        changed = before != (self.question.text(), self.question.chooser.choice())
        self.show_view("heads")
        if changed:
            self.ask()
        self.heads.choose(wish.layer, wish.head)

    def showEvent(self, event: QShowEvent) -> None:
        """Take what another page asked to see here."""
        super().showEvent(event)
        wish, self.workspace.attention_wish = self.workspace.attention_wish, None
        if wish is not None:
            self._watch_writing(*wish)
        look, self.workspace.look_wish = self.workspace.look_wish, None
        if look is not None:
            self._look_into(*look)

    def _look_into(self, model: str, text: str) -> None:
        """Show a text in a model, in the view that is on where it is about one sentence."""
        self.question.line.setText(text)
        with QSignalBlocker(self.question.chooser):
            self.question.chooser.pick(model)
        if not self.view.needs_text or self.view.reads_pictures:
            self.show_view("heads")
        self.ask()

    def _watch_writing(self, model: str, text: str, chat: bool) -> None:
        """Show what a model looks at while it answers a prompt."""
        self.question.line.setText(text)
        with QSignalBlocker(self.question.chooser):
            self.question.chooser.pick(model)
        self.show_view("generation")
        if isinstance(self.view, Writing):
            self.view.write_as("chat" if chat else "plain")
        self.ask()

    def ask(self) -> None:
        """The sentence or the model is another one: the view that is on asks now, the others when they are seen."""
        self._typing.stop()
        for view in self.views.values():
            view.ask()


if __name__ == "__main__":
    from workbench.gui.preview import preview

    preview(AttentionPane)
