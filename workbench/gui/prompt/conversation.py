"""One model's conversation: its turns as they are written, asked again, changed, branched and continued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from workbench.gui.prompt.turn import Turn
from workbench.gui.theme import MEDIUM
from workbench.gui.widgets import EmptyState, scrolled
from workbench.gui.workspace import Workspace
from workbench.run.generation import GenerationSettings
from workbench.run.problem import Problem
from workbench.run.results import Generated, GeneratedToken
from workbench.session.conversation import FAILED, Place, Talk, Version, Written, next_seed, rating_of
from workbench.session.feedback import Feedback, keep
from workbench.session.lanes import Ticket
from workbench.session.requests import GenerationRequest

#: Answers side by side, as many as leave each a readable column.
_COLUMN = 240


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A token that is to be looked at: its turn, the number of its answer, and its own number in it."""

    conversation: Conversation
    turn: Turn
    answer: int
    index: int


class Conversation(QWidget):
    """The turns of one model, without the box where prompts are written.

    Signals:
        begun: An answer begins.
        ended: Nothing is being written any more.
        picked: A `Look`, or None when no token is looked at any more.
        told: Something to be said beside the conversation, in words.
    """

    begun = Signal()
    ended = Signal()
    picked = Signal(object)
    told = Signal(str)

    def __init__(self, workspace: Workspace, settings: Callable[[], GenerationSettings]) -> None:
        super().__init__()
        self._workspace, self._settings = workspace, settings
        self._model, self._title = "", ""
        self._ticket: Ticket | None = None
        self._writing: tuple[Turn, Sequence[Written]] | None = None
        self._made: dict[Version, Turn] = {}
        self._shaded = False
        self.system = ""
        self.talk = Talk()
        self.turns: list[Turn] = []
        self.empty = EmptyState(
            "prompt",
            self.tr("Write a prompt"),
            self.tr(
                "The answer appears here, token by token. An instruction model answers questions; a model trained"
                " on a text of yours continues in its manner."
            ),
        )
        self.transcript = QVBoxLayout()
        self.transcript.setContentsMargins(0, 0, 0, 0)
        self.transcript.addStretch(1)
        holder = QWidget()
        holder.setLayout(self.transcript)
        self.area = scrolled(holder)
        self.area.verticalScrollBar().rangeChanged.connect(self._stay_at_end)
        self._at_end = True
        self.area.verticalScrollBar().valueChanged.connect(self._moved)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.area)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)

    @property
    def busy(self) -> bool:
        """Whether an answer is being written."""
        return self._ticket is not None

    # ---- what is asked

    def use(self, model: str, title: str) -> None:
        """Ask this model from now on; an answer being written is stopped."""
        if model != self._model:
            self.halt()
        self._model, self._title = model, title

    def ask(self, prompt: str) -> None:
        """The next turn. Nothing happens while an answer is being written."""
        self._ask(self.talk.end(), prompt)

    def _ask(self, place: Place, prompt: str, *, anew: bool = False) -> None:
        if self.busy or not prompt.strip():
            return
        settings = self._settings()
        # Without a chat each prompt stands alone, as a text that the model continues does.
        earlier = self.talk.messages(place, self.system) if settings.chat else ()
        request = GenerationRequest(self._model, prompt.strip(), settings, earlier)
        if anew:
            seed = next_seed(place, request)
            request = replace(request, settings=settings.model_copy(update={"seed": seed}))
        version = self.talk.add(place, request, self._title)
        self._show_path()
        self._write(self._made[version], request, version.answers)

    def branch(self, look: Look, token: int, words: str, chance: float) -> None:
        """Answer again, the same up to the token that is looked at, and with this one in its place."""
        if self.busy:
            return
        turn, index = look.turn, look.index
        kept = [replace(old, answer=0) for old in turn.version.answers[look.answer].tokens[:index]]
        begun = [*kept, GeneratedToken(token, words, chance)]
        asked = turn.version.asked
        seed = asked.settings.seed + look.answer
        alone = asked.settings.model_copy(update={"seed": seed, "answers": 1})
        request = replace(asked, settings=alone, begun=tuple(old.id for old in begun))
        title = self.tr("{0}, with another token {1}").format(turn.version.title, index + 1)
        version = self.talk.add(turn.place, request, title)
        for old in begun:
            version.answer.add(old)
        self._show_path()
        self._write(self._made[version], request, version.answers)

    def go_on(self, turn: Turn, number: int) -> None:
        """Continue an answer where it was cut, as it would have gone on."""
        written = turn.version.answers[number]
        if self.busy or not written.can_go_on:
            return
        settings = turn.version.asked.settings
        begun = tuple(token.id for token in written.tokens)
        more = settings.max_new_tokens + (len(begun) if len(begun) >= settings.max_new_tokens else 0)
        changes = {"seed": settings.seed + number, "answers": 1, "max_new_tokens": more}
        request = replace(turn.version.asked, settings=settings.model_copy(update=changes), begun=begun)
        written.ended, written.text = "", "".join(token.text for token in written.tokens)
        turn.answers[number].text.start_again(written.tokens)
        turn.say(self.tr("Going on…"))
        self._write(turn, request, (written,))

    def _write(self, turn: Turn, request: GenerationRequest, answers: Sequence[Written]) -> None:
        """Have the answers written into a turn; they may be only some of its own."""
        numbers = [turn.version.answers.index(written) for written in answers]
        writing = self._writing = (turn, answers)
        self._at_end = turn is self.turns[-1]
        self.picked.emit(None)

        def token(value: object) -> None:
            # Tokens that were on their way when the person stopped are not written any more.
            if self._writing is not writing:
                return
            if isinstance(value, GeneratedToken):
                answers[value.answer].add(value)
                turn.add(numbers[value.answer], value)
            else:
                turn.say(str(value))

        def done(found: tuple[Generated, ...]) -> None:
            for number, written in enumerate(answers):
                written.end(found[number] if number < len(found) else None)
            self._over()
            for number, written in zip(numbers, answers, strict=True):
                if written.liked is not None or written.better:  # it went on after it was rated
                    self._keep_rating(turn, number)

        def failed(problem: Problem) -> None:
            for written in answers:
                written.ended = FAILED
            self._over()
            turn.say(f"{problem.title} {problem.remedy}".strip())
            self._workspace.problem_raised.emit(problem)

        self._ticket = self._workspace.session.generate(request, token, done, failed)
        self._set_busy()
        self.begun.emit()

    def halt(self) -> None:
        """Stop writing; what is there stays."""
        if self._ticket is not None and self._writing is not None:
            self._ticket.cancel()
            for written in self._writing[1]:
                written.end(None)
            self._over()

    def wipe(self) -> None:
        """Remove all turns."""
        self.halt()
        self.picked.emit(None)
        self.talk = Talk()
        for turn in self._made.values():
            self.transcript.removeWidget(turn)
            turn.hide()
            turn.deleteLater()
        self._made.clear()
        self.turns = []
        self.stack.setCurrentWidget(self.empty)

    def shade(self, on: bool) -> None:
        """Shade tokens by their probability, or not."""
        self._shaded = on
        for turn in self._made.values():
            for answer in turn.answers:
                answer.text.shade(on)

    def _over(self) -> None:
        if self._writing is not None:
            self._writing[0].finish()
        self._ticket = self._writing = None
        self._set_busy()
        self.ended.emit()

    def _set_busy(self) -> None:
        for turn in self.turns:
            turn.set_busy(self.busy)

    # ---- what is shown

    def _show_path(self) -> None:
        """Show the versions that are chosen, from the first turn on. The keyboard goes to the first other one: it
        must not leave the conversation with what is hidden."""
        self.picked.emit(None)
        before, focused = list(self.turns), QApplication.focusWidget()
        within = focused is not None and self.isAncestorOf(focused)
        for turn in self.turns:
            self.transcript.removeWidget(turn)
            turn.hide()
        self.turns = []
        for number, place in enumerate(self.talk.path()):
            turn = self._made.get(place.version) or self._make(place)
            self.transcript.insertWidget(number, turn)
            turn.show()
            turn.arrange(self.columns)
            turn.refresh()
            self.turns.append(turn)
        self._set_busy()
        self.stack.setCurrentWidget(self.area if self.turns else self.empty)
        fresh = [turn for turn in self.turns if turn not in before]
        if within and self.turns:
            (fresh or self.turns[-1:])[0].answers[0].text.setFocus()

    def _make(self, place: Place) -> Turn:
        turn = self._made[place.version] = Turn(place, place.version, self._shaded)
        turn.setParent(self.area.widget())
        turn.picked.connect(lambda answer, index: self.picked.emit(Look(self, turn, answer, index)))
        turn.left.connect(lambda: self.picked.emit(None))
        turn.edited.connect(lambda prompt: self._ask(place, prompt))
        turn.again_wanted.connect(lambda: self._ask(place, turn.version.asked.prompt, anew=True))
        turn.switched.connect(lambda by: self._switch(place, by))
        turn.followed.connect(lambda number: self._follow(turn, number))
        turn.continued.connect(lambda number: self.go_on(turn, number))
        turn.attention_wanted.connect(lambda number: self._see_attention(turn))
        turn.rated.connect(lambda number: self._keep_rating(turn, number))
        return turn

    def _switch(self, place: Place, by: int) -> None:
        if self.busy:
            self.halt()
        place.chosen = max(0, min(len(place.versions) - 1, place.chosen + by))
        self._at_end = False
        self._show_path()
        self._made[place.version].focus_switch(by)

    def _follow(self, turn: Turn, number: int) -> None:
        if turn.version.chosen != number:
            self.halt()
            turn.version.chosen = number
            self._at_end = False
            self._show_path()

    def _see_attention(self, turn: Turn) -> None:
        asked = turn.version.asked
        self._workspace.attention_wish = (asked.model, asked.prompt, asked.settings.chat)
        self._workspace.page_wanted.emit("attention")

    def _keep_rating(self, turn: Turn, number: int) -> None:
        rating = rating_of(turn.version, turn.version.answers[number])
        session = self._workspace.session

        def kept(found: Feedback) -> None:
            self.told.emit(
                self.tr(
                    "Kept as feedback. Good answers: {0}; pairs of a better and a worse one: {1}."
                ).format(found.chats, found.pairs)
            )

        session.files.submit(
            lambda desk: keep(session.home, rating), done=kept, failed=self._workspace.problem_raised.emit
        )

    @property
    def columns(self) -> int:
        """How many answers stand side by side."""
        return (self.width() - 2 * MEDIUM) // _COLUMN

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many answers side by side as the width allows."""
        super().resizeEvent(event)
        for turn in self.turns:
            turn.arrange(self.columns)

    # ---- the newest token stays in sight, unless the person has scrolled up

    def _moved(self, value: int) -> None:
        self._at_end = value >= self.area.verticalScrollBar().maximum() - 4

    def _stay_at_end(self, _: int, maximum: int) -> None:
        if self._at_end:
            self.area.verticalScrollBar().setValue(maximum)
