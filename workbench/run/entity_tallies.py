"""What is marked in sequences of tags, and how the marks that a model makes compare with the right ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Entity(NamedTuple):
    """A stretch of words, from `start` to before `end`, and its kind."""

    start: int
    end: int
    kind: str


class Fault(NamedTuple):
    """One mark that is wrong.

    Attributes:
        what: "boundary" (right kind, other words), "kind" (right words, other kind), "both" (they overlap, and neither
            is right), "missed" or "spurious".
        true: What is there; None for what is spurious.
        said: What was marked; None for what was missed.
    """

    what: str
    true: Entity | None
    said: Entity | None


#: The kinds of faults in the order in which they are told.
FAULTS = ("boundary", "kind", "both", "missed", "spurious")


@dataclass(slots=True)
class EntityTallies:
    """Counts over many rows, by kind: what was marked rightly, marked at all, and is there; and the faults."""

    hits: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, true: Sequence[str], predicted: Sequence[str]) -> None:
        """Take in the tags of one row."""
        right, marked = entities(true), entities(predicted)
        found = set(right) & set(marked)
        self.hits.update(one.kind for one in found)
        self.said.update(one.kind for one in marked)
        self.there.update(one.kind for one in right)
        self.faults.update(fault.what for fault in faults(right, marked))

    @property
    def kinds(self) -> list[str]:
        """Every kind that is there or was marked, in alphabetical order."""
        return sorted(self.said.keys() | self.there.keys())

    def shares(self, kind: str) -> tuple[float, float, float]:
        """Precision, recall and F1 of one kind; 0 where there is nothing to divide by."""
        return precision_recall_f1(self.hits[kind], self.said[kind], self.there[kind])

    def overall(self) -> tuple[float, float, float]:
        """Precision, recall and F1 over the entities of all kinds together (micro)."""
        return precision_recall_f1(self.hits.total(), self.said.total(), self.there.total())

    def f1_macro(self) -> float:
        """The mean of the kinds' F1."""
        each = [self.shares(kind)[2] for kind in self.kinds]
        return sum(each) / len(each) if each else 0.0


def precision_recall_f1(hits: int, said: int, there: int) -> tuple[float, float, float]:
    """The three numbers; 0 where there is nothing to divide by."""
    precision, recall = hits / said if said else 0.0, hits / there if there else 0.0
    return precision, recall, 2 * hits / (said + there) if said + there else 0.0


def entities(tags: Sequence[str]) -> list[Entity]:
    """What is marked by tags that say where something begins (B-) and goes on (I-), read strictly (IOB2): an I- that
    follows nothing of its kind marks nothing, as in seqeval's strict mode."""
    return list(_entities(tags))


def _entities(tags: Iterable[str]) -> Iterator[Entity]:
    start, kind, place = -1, "", -1
    for place, tag in enumerate(tags):
        letter, _, of = tag.partition("-")
        if start >= 0 and not (letter == "I" and of == kind):
            yield Entity(start, place, kind)
            start = -1
        if letter == "B":
            start, kind = place, of
    if start >= 0:
        yield Entity(start, place + 1, kind)


def _same_words(one: Entity, other: Entity) -> bool:
    return one[:2] == other[:2]


def _overlap(one: Entity, other: Entity) -> bool:
    return one.start < other.end and other.start < one.end


def _overlap_and_are_alike(one: Entity, other: Entity) -> bool:
    return one.kind == other.kind and _overlap(one, other)


def faults(true: Sequence[Entity], said: Sequence[Entity]) -> list[Fault]:
    """What is wrong, each entity of either side in at most one fault; what is right is in none.

    Those of the same words are paired first, then those that overlap and have the same kind, then those that overlap.
    """
    hits = set(true) & set(said)
    missing, extra = ([one for one in side if one not in hits] for side in (true, said))
    found: list[Fault] = []
    for what, fit in (("kind", _same_words), ("boundary", _overlap_and_are_alike), ("both", _overlap)):
        for one in list(missing):
            other = next((mark for mark in extra if fit(one, mark)), None)
            if other is not None:
                missing.remove(one)
                extra.remove(other)
                found.append(Fault(what, one, other))
    found += [Fault("missed", one, None) for one in missing]
    return [*found, *(Fault("spurious", None, mark) for mark in extra)]
