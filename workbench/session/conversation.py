"""A conversation with a language model as a tree: each turn has versions, and what follows belongs to an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from workbench.run.results import Generated, GeneratedToken
from workbench.session.feedback import Rating
from workbench.session.requests import GenerationRequest

#: What ended an answer that is not being written any more, beside what `Generated.stopped_by` names.
STOPPED, NOT_WRITTEN, FAILED = "person", "not written", "failed"


@dataclass(slots=True, eq=False)
class Written:
    """One answer.

    Attributes:
        tokens: What came so far.
        text: All of it as text.
        ended: What ended it, as `Generated.stopped_by` or one of this module's words; "" while it is being written.
        seconds: How long the last part took.
        note: What the person should know about it ("the prompt was cut").
        liked: Thumbs up or down; None while the person has said nothing.
        better: The answer as the person would have it; "" while they have written none.
        key: What tells it from all others.
        following: What was asked next.
    """

    tokens: list[GeneratedToken] = field(default_factory=list)
    text: str = ""
    ended: str = ""
    seconds: float = 0.0
    note: str = ""
    liked: bool | None = None
    better: str = ""
    key: str = field(default_factory=lambda: uuid4().hex)
    following: Place = field(default_factory=lambda: Place())

    def add(self, token: GeneratedToken) -> None:
        """One more token."""
        self.tokens.append(token)
        self.text += token.text

    def end(self, whole: Generated | None) -> None:
        """It is complete, or was stopped with what it has (None)."""
        if whole is None:
            self.ended = STOPPED if self.tokens else NOT_WRITTEN
            return
        self.text, self.ended, self.seconds, self.note = (
            whole.text,
            whole.stopped_by,
            whole.seconds,
            whole.note,
        )

    @property
    def can_go_on(self) -> bool:
        """Whether it was cut before the model had ended it."""
        return bool(self.tokens) and self.ended not in ("", "end", FAILED)


@dataclass(slots=True, eq=False)
class Version:
    """One way in which a turn went: what was asked, and the answers, of which the chosen one is followed."""

    asked: GenerationRequest
    title: str
    answers: list[Written]
    chosen: int = 0

    @property
    def answer(self) -> Written:
        """The one that the conversation follows."""
        return self.answers[self.chosen]


@dataclass(slots=True, eq=False)
class Place:
    """A turn: all its versions, newest last, and the one that is shown."""

    versions: list[Version] = field(default_factory=list)
    chosen: int = 0

    @property
    def version(self) -> Version:
        """The one that is shown."""
        return self.versions[self.chosen]


class Talk:
    """A whole conversation."""

    def __init__(self) -> None:
        self.first = Place()

    def path(self) -> list[Place]:
        """The turns that are shown, from the first one on."""
        return list(self._places())

    def _places(self) -> Iterator[Place]:
        place = self.first
        while place.versions:
            yield place
            place = place.version.answer.following

    def end(self) -> Place:
        """The empty place after the last turn."""
        path = self.path()
        return path[-1].version.answer.following if path else self.first

    def add(self, place: Place, asked: GenerationRequest, title: str) -> Version:
        """Give a turn another version, which is shown from now on."""
        version = Version(asked, title, [Written() for _ in range(asked.settings.answers)])
        place.versions.append(version)
        place.chosen = len(place.versions) - 1
        return version

    def messages(self, before: Place | None = None, system: str = "") -> tuple[tuple[str, str], ...]:
        """The turns as (role, text) pairs; those before a place, or all. Turns without an answer are left out."""
        found: list[tuple[str, str]] = [("system", system)] if system.strip() else []
        for place in self.path():
            if place is before:
                break
            if text := place.version.answer.text:
                found += [("user", place.version.asked.prompt), ("assistant", text)]
        return tuple(found)


def rating_of(version: Version, written: Written) -> Rating:
    """What the person thinks of an answer, as it is kept."""
    asked = version.asked
    return Rating(
        key=written.key,
        model=version.title,
        turns=(*asked.earlier, ("user", asked.prompt)),
        answer=written.text,
        liked=written.liked,
        better=written.better,
        settings=asked.settings.model_dump(),
    )


def next_seed(place: Place, asked: GenerationRequest) -> int:
    """The seed with which a turn is answered anew, so that the answers are others: after those of all versions that
    were asked the same way."""
    used: Sequence[int] = [
        version.asked.settings.seed + len(version.answers)
        for version in place.versions
        if _same_but_seed(version.asked, asked)
    ]
    return max([asked.settings.seed, *used])


def _same_but_seed(one: GenerationRequest, other: GenerationRequest) -> bool:
    without = {"seed", "answers", "max_new_tokens"}
    return (one.model, one.prompt) == (other.model, other.prompt) and one.settings.model_dump(
        exclude=without
    ) == other.settings.model_dump(exclude=without)
