"""What a run's model answered to pinned prompts, from its first step to its last: one sees it learn."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.attention.film_player import FilmPlayer
from workbench.gui.model_choice import Choice
from workbench.gui.prompt.answer_text import AnswerText
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    GhostButton,
    Label,
    explain_widget,
    scrolled,
    show_if,
)
from workbench.gui.workspace import Workspace
from workbench.run.folder import find_run
from workbench.run.pinned import Pinned, PinnedAnswer, read_pinned
from workbench.run.results import GeneratedToken
from workbench.session.lanes import Ticket

#: While a training goes on, its answers are read at most this often.
FOLLOW_SECONDS = 1.0
_MOST = 8


class AskedThen(QWidget):
    """A pinned prompt with its answer at one moment."""

    def __init__(self, prompt: str) -> None:
        super().__init__()
        self.prompt = Label(prompt, "section", wrap=True)
        self.prompt.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text = AnswerText()
        self.facts = ElidedLabel("", "caption")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, MEDIUM, LARGE)
        layout.setSpacing(TINY)
        layout.addWidget(self.prompt)
        layout.addWidget(self.text)
        layout.addWidget(self.facts)

    def show_answer(self, answer: PinnedAnswer | None, shaded: bool) -> None:
        """The answer of a moment; None where the prompt was not asked."""
        tokens = answer.pieces if answer else ()
        self.text.shade(shaded)
        self.text.start_again([GeneratedToken(-1, text, chance) for text, chance in tokens])
        if answer is None:
            self.facts.setText(self.tr("Not asked at this step."))
            return
        self.text.complete(answer.text)
        mean = sum(chance for _, chance in tokens) / len(tokens) if tokens else 0.0
        words = [self.tr("{0} tokens").format(len(tokens))]
        words += [self.tr("probable by {0:.0%} on average").format(mean)] if tokens else []
        words += [self.tr("ended by itself")] if answer.stopped_by == "end" else []
        self.facts.setText(" · ".join(words))


class Learning(QWidget):
    """The answers at one step with a slider over all steps; prompts are pinned, and answering is switched off, here."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._choice: Choice | None = None
        self._run = ""
        self.found: Pinned | None = None
        self._ticket: Ticket | None = None
        self._read_at = 0.0
        self.parts: list[AskedThen] = []
        self.on = QCheckBox(self.tr("Answer while training"))
        explain_widget(
            self.on,
            self.tr(
                "Whether the model answers the pinned prompts now and then while it learns. The result is the same."
            ),
        )
        self.on.clicked.connect(self._switch)
        self.shade = QCheckBox(self.tr("Shade by probability"))
        explain_widget(self.shade, self.tr("The less probable a token was, the stronger its shade."))
        self.shade.toggled.connect(lambda _: self._show_moment())
        self.box = QLineEdit()
        self.box.setPlaceholderText(self.tr("Another prompt to pin"))
        explain_widget(
            self.box, self.tr("It is answered from the next step on, or in the next run."), self.tr("Prompt")
        )
        self.box.returnPressed.connect(self.pin)
        self.pin_button = GhostButton(
            self.tr("Pin"), "plus", help=self.tr("Ask this too, 8 prompts at most."), on_click=self.pin
        )
        self.hint = ElidedLabel("", "caption")
        self.player = FilmPlayer()
        self.player.moved.connect(lambda _: self._show_moment())
        self.empty = EmptyState("play", "-")
        self._lay_out()
        self._show()
        workspace.history_changed.connect(self._follow)
        workspace.active_changed.connect(self._refresh)

    def _lay_out(self) -> None:
        card = Card()
        line = QHBoxLayout()
        line.setSpacing(MEDIUM)
        line.addWidget(self.on)
        line.addWidget(self.hint, 1)
        line.addWidget(self.box, 2)
        line.addWidget(self.pin_button)
        line.addWidget(self.shade)
        card.body.addLayout(line)
        holder = QWidget()
        self.answers = QVBoxLayout(holder)
        self.answers.setContentsMargins(0, SMALL, 0, 0)
        self.answers.setSpacing(0)
        self.answers.addStretch(1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(scrolled(holder))
        card.body.addWidget(self.stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(MEDIUM)
        layout.addWidget(card, 1)
        layout.addWidget(self.player)

    # ---- reading; on the files lane, which a training does not occupy

    def use(self, choice: Choice) -> None:
        """Show the run that a model belongs to."""
        self._choice = choice
        if choice.run != self._run:
            self._run, self.found = choice.run, None
            self._show()
        if self.isVisible():
            self.read()

    def read(self) -> None:
        """Read the answers, or what is new of them."""
        if not self._run or self._ticket is not None:
            return
        home, run = self._workspace.session.home, self._run
        self._read_at = time.monotonic()

        def arrived(found: Pinned | None) -> None:
            self._ticket = None
            if run != self._run:
                self.read()
            elif found != self.found:
                first, self.found = self.found is None, found
                self._show()
                if first and found is not None:
                    self.player.go_to(len(found.moments) - 1)

        def failed(_: object) -> None:
            self._ticket = None

        self._ticket = self._workspace.session.files.submit(
            lambda desk: read_pinned(find_run(home, run).path), done=arrived, failed=failed
        )

    def _follow(self, name: str) -> None:
        if name == self._run and self.isVisible() and time.monotonic() - self._read_at >= FOLLOW_SECONDS:
            self.read()

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody looks."""
        super().showEvent(event)
        self.read()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: it stands still."""
        super().hideEvent(event)
        self.player.pause()

    # ---- showing

    def _show(self) -> None:
        found = self.found
        there = found is not None and bool(found.moments)
        if not there:
            self._say_empty()
        self.stack.setCurrentIndex(1 if there else 0)
        show_if(self.player, there)
        show_if(self.shade, there)
        asked = found.asked if found else ()
        if [part.prompt.text() for part in self.parts] != list(asked):
            for part in self.parts:
                self.answers.removeWidget(part)
                part.hide()
                part.deleteLater()
            self.parts = [AskedThen(prompt) for prompt in asked]
            for number, part in enumerate(self.parts):
                self.answers.insertWidget(number, part)
        if found is not None and there:
            grows = self._run == self._workspace.active_name
            self.player.show_frames(found.moments, found.cost, grows=grows)
            self.player.cost.setText(
                self.tr("{0} rounds of answers. {1}").format(len(found.moments), found.cost_words())
            )
        self._show_moment()
        self._refresh()

    def _show_moment(self) -> None:
        found = self.found
        if found is None or not found.moments:
            return
        moment = found.moments[min(self.player.frame, len(found.moments) - 1)]
        then = {answer.prompt: answer for answer in moment.answers}
        for part in self.parts:
            part.show_answer(then.get(part.prompt.text()), self.shade.isChecked())

    def _say_empty(self) -> None:
        if not self._run:
            title = self.tr("Answers belong to a run")
            words = self.tr(
                "While a language model trains, it answers a few pinned prompts again and again. Choose a run above, "
                "or pin a prompt here and start a run on the Train page."
            )
        elif self._run == self._workspace.active_name:
            title = self.tr("No answers yet")
            words = self.tr("The first ones come before the first step, unless answering is off.")
        else:
            title = self.tr("This run has no answers")
            words = self.tr(
                "It was trained with Answers while training off in its recipe, or before there were such answers."
            )
        self.empty.say(title, words)

    def _refresh(self) -> None:
        """What can be changed: the run in work, or else the next one."""
        live = bool(self._run) and self._run == self._workspace.active_name
        pinned = self._workspace.recipe.pinned
        self.on.setChecked(self.found.on if live and self.found else (not live and pinned.on))
        if live:
            self.hint.setText("")
        else:
            count = len(pinned.prompts)
            self.hint.setText(
                self.tr("{0} pinned for the next run").format(count) if count else self.tr("For the next run")
            )

    # ---- changing

    def _switch(self, on: bool) -> None:
        active = self._workspace.active
        if active is not None and self._run and self._run == self._workspace.active_name:
            active.pin((), on)
        else:
            self._workspace.set_field("pinned.on", on)
            self._refresh()

    def pin(self) -> None:
        """Ask another prompt: in the run in work, or in the next one."""
        prompt = self.box.text().strip()
        active = self._workspace.active
        live = active is not None and bool(self._run) and self._run == self._workspace.active_name
        before = self.found.prompts if live and self.found else self._workspace.recipe.pinned.prompts
        if not prompt:
            self.hint.setText(self.tr("Write a prompt first."))
            return
        if len(before) >= _MOST and prompt not in before:
            self.hint.setText(self.tr("{0} prompts are pinned already.").format(_MOST))
            return
        self.box.clear()
        prompts = tuple(dict.fromkeys((*before, prompt)))
        if live and active is not None:
            active.pin(prompts)
            self.hint.setText(self.tr("Answered from the next step on."))
        else:
            self._workspace.set_field("pinned.prompts", prompts)
            self._workspace.set_field("pinned.on", True)
            self._refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from moment to moment, the space bar plays."""
        if not self.player.take_key(Qt.Key(event.key())):
            super().keyPressEvent(event)
