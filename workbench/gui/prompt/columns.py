"""Up to four models side by side: a column each, which all answer the same prompt with the same seed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.gui.model_choice import LANGUAGE_MODEL, Choice, ModelChooser
from workbench.gui.prompt.conversation import Conversation
from workbench.gui.theme import MEDIUM, SMALL
from workbench.gui.widgets import ElidedLabel, IconButton, Rule
from workbench.gui.workspace import Workspace
from workbench.run.generation import GenerationSettings
from workbench.session.prompting import MOST_MODELS
from workbench.session.requests import LIVE
from workbench.session.talk_export import Told


class Column(QWidget):
    """One model with its conversation; `removed` says that the person wants it away.

    The first one has no list of models of its own: it is lent the page's.
    """

    removed = Signal()

    def __init__(self, workspace: Workspace, settings: Callable[[], GenerationSettings], first: bool) -> None:
        super().__init__()
        self.conversation = Conversation(workspace, settings)
        self.choice: Choice | None = None
        self._waiting: list[str] = []  # prompts that the other columns have answered already
        self.chooser = None if first else ModelChooser(workspace, _writes_now)
        self.facts = ElidedLabel("", "caption")
        self.remove = IconButton(
            "close",
            self.tr("Remove this model"),
            self.tr("Its answers go with it."),
            on_click=self.removed.emit,
            size=24,
        )
        self.remove.setVisible(False) if first else None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self._lay_out(first)
        self.conversation.ended.connect(self._ended)
        self.conversation.begun.connect(self._say)
        if self.chooser is not None:
            self.chooser.chosen.connect(self._chosen)
            self.conversation.begun.connect(self.chooser.hold)

    def _lay_out(self, first: bool) -> None:
        self.head = QWidget()
        lines = QVBoxLayout(self.head)
        lines.setContentsMargins(0, 0, MEDIUM, 0)
        lines.setSpacing(2)
        self.line = QHBoxLayout()
        self.line.setSpacing(SMALL)
        if self.chooser is not None:
            self.line.addWidget(self.chooser, 1)
        if not first:
            self.line.addWidget(self.remove)
        else:
            self.remove.setParent(self.head)
        lines.addLayout(self.line)
        lines.addWidget(self.facts)
        lines.addWidget(Rule())
        self.head.setVisible(not first)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SMALL)
        layout.addWidget(self.head)
        layout.addWidget(self.conversation, 1)

    def use(self, choice: Choice) -> None:
        """Ask this model from now on."""
        self.choice = choice
        self.conversation.use(choice.model, choice.title)
        self._say()

    def catch_up(self, prompts: list[str]) -> None:
        """Answer what the other columns were asked before."""
        self._waiting = prompts
        self._next()

    def halt(self) -> None:
        """Stop writing, also what was to come."""
        self._waiting = []
        self.conversation.halt()

    def _chosen(self) -> None:
        choice = self.chooser.choice() if self.chooser else None
        if choice is not None:
            self.halt()
            self.use(choice)

    def _next(self) -> None:
        if self._waiting and not self.conversation.busy:
            self.conversation.ask(self._waiting.pop(0))

    def _ended(self) -> None:
        self._say()
        if self.conversation.turns and self.conversation.turns[-1].version.answer.ended == "failed":
            self._waiting = []
        self._next()

    def _say(self) -> None:
        """What the model is, and how fast it wrote last."""
        words = [what_it_is(self.choice)] if self.choice else []
        turns = self.conversation.turns
        if self.conversation.busy:
            words.append(self.tr("writing"))
        elif turns:
            answers = [one for one in turns[-1].version.answers if one.seconds > 0]
            if answers:
                speed = sum(len(one.tokens) for one in answers) / sum(one.seconds for one in answers)
                words.append(self.tr("{0:.1f} tokens a second").format(speed))
        self.facts.setText(" · ".join(words))


class Columns(QWidget):
    """The columns; each prompt goes to all of them.

    Signals:
        begun, ended: As a conversation tells, of any of them.
        changed: There are more or fewer of them.
        told: Something to be said beside them, in words.
    """

    begun = Signal()
    ended = Signal()
    changed = Signal()
    told = Signal(str)

    def __init__(self, workspace: Workspace, settings: Callable[[], GenerationSettings]) -> None:
        super().__init__()
        self._workspace, self._settings = workspace, settings
        self.columns: list[Column] = []
        self._shaded = False
        self._system = ""
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(MEDIUM)
        self._make()

    @property
    def first(self) -> Column:
        """The column of the page's own model."""
        return self.columns[0]

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return len(self.columns) > 1

    @property
    def full(self) -> bool:
        """Whether no further model can be added."""
        return len(self.columns) >= MOST_MODELS

    @property
    def busy(self) -> bool:
        """Whether any of them is writing."""
        return any(column.conversation.busy for column in self.columns)

    def add(self) -> Column | None:
        """One more model, which answers at once what the first one was asked; None when there are enough."""
        if self.full:
            return None
        column = self._make()
        assert column.chooser is not None
        other = self._another(column.chooser.choices())
        if other is not None:
            column.chooser.pick(other.model)
        self._count_changed()
        asked = [turn.version.asked.prompt for turn in self.first.conversation.turns]
        if asked and other is not None:
            column.catch_up(asked)
        return column

    def remove(self, column: Column) -> None:
        """Take a model away, with its answers."""
        column.halt()
        column.conversation.wipe()
        self.columns.remove(column)
        self._layout.removeWidget(column)
        column.hide()
        column.deleteLater()
        self._count_changed()
        self.ended.emit()

    def ask(self, prompt: str) -> None:
        """The next prompt for all."""
        for column in self.columns:
            column.conversation.ask(prompt)

    def halt(self) -> None:
        """Stop all."""
        for column in self.columns:
            column.halt()

    def wipe(self) -> None:
        """Remove all turns."""
        for column in self.columns:
            column.halt()
            column.conversation.wipe()

    def shade(self, on: bool) -> None:
        """Shade tokens by their probability, or not."""
        self._shaded = on
        for column in self.columns:
            column.conversation.shade(on)

    def say_first(self, system: str) -> None:
        """The system prompt of all."""
        self._system = system
        for column in self.columns:
            column.conversation.system = system

    def told_by_all(self) -> list[Told]:
        """The conversations as they are exported."""
        return [
            Told(column.choice.title if column.choice else "", column.conversation.talk, self._system)
            for column in self.columns
        ]

    def _make(self) -> Column:
        column = Column(self._workspace, self._settings, first=not self.columns)
        self.columns.append(column)
        self._layout.addWidget(column, 1)
        conversation = column.conversation
        conversation.system = self._system
        conversation.shade(self._shaded)
        conversation.begun.connect(self.begun)
        conversation.ended.connect(self.ended)
        conversation.told.connect(self.told)
        column.removed.connect(lambda: self.remove(column))
        return column

    def _count_changed(self) -> None:
        self.first.head.setVisible(self.several)
        self.changed.emit()

    def _another(self, choices: tuple[Choice, ...]) -> Choice | None:
        """A model that is not there yet: the one that the first was tuned from, else the next of the list."""
        there = {column.choice.model for column in self.columns if column.choice}
        free = [choice for choice in choices if choice.model not in there]
        first = self.first.choice
        run = self._workspace.summary(first.run) if first and first.run else None
        bases = [choice for choice in free if run and choice.model == run.model]
        found = [*bases, *free, *choices]
        return found[0] if found else None


def _writes_now(choice: Choice) -> bool:
    return choice.task == LANGUAGE_MODEL and choice.ready


def what_it_is(choice: Choice) -> str:
    """The kind of a model in a word or two."""
    if choice.model == LIVE:
        return "in training"
    if choice.group.startswith("Checkpoints"):
        return f"checkpoint, {choice.title.rpartition(', ')[2]}"
    return "run" if choice.run else "base model"
