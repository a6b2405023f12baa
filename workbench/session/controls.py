"""What drives a run where nobody sits at a window: it can be stopped, and has no one to ask."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from workbench.run.offers import STOP, Answer, Offer
from workbench.run.orders import Order
from workbench.run.problem import Problem


class Control:
    """A plain control: stops when told to."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        """End within one step, with a checkpoint."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether the run is to end after the present step."""
        return self._stop.is_set()

    @property
    def paused(self) -> bool:
        """Nobody pauses it."""
        return False

    @property
    def releases(self) -> bool:
        """Nothing to give back."""
        return False

    def orders(self) -> Sequence[Order]:
        """Nobody orders anything."""
        return ()

    def serve(self, live: object) -> None:
        """Nothing to serve."""

    def between_steps(self, live: object) -> None:
        """Nothing to serve, nothing to wait for."""

    def hold(self, problem: Problem, offers: Sequence[Offer], live: object | None) -> Answer:
        """Nobody is there to decide: the run ends."""
        return STOP


class TakesFirstOffer(Control):
    """Takes the first offer that changes something, a few times; it never waits for a person."""

    def __init__(self, times: int = 4) -> None:
        super().__init__()
        self._left = times

    def hold(self, problem: Problem, offers: Sequence[Offer], live: object | None) -> Answer:
        """The first offer with changes, or the end of the run."""
        self._left -= 1
        changes = next((offer.changes for offer in offers if offer.changes), ())
        return Answer("retry", changes) if changes and self._left >= 0 else STOP
