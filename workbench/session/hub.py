"""What can be asked of the Hugging Face Hub; every method returns at once, and nothing else reaches the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.run.home import Home
from workbench.run.problem import Problem
from workbench.session.lanes import Desk, Lane, Ticket

if TYPE_CHECKING:
    from workbench.shelf.data_hub import HubData

Failed = Callable[[Problem], object]


class HubQuestions:
    """Questions about data sets of the Hub, answered on a lane that may wait for the network."""

    def __init__(self, home: Home, lane: Lane) -> None:
        self._home, self._lane = home, lane

    def size_of(self, name: str, done: Callable[[HubData], object], failed: Failed) -> Ticket:
        """What a download of a data set would bring; of several configurations the first, where none is named."""

        def work(desk: Desk) -> HubData:
            from workbench.shelf import data_hub

            return data_hub.size_of(name, desk.check, first=True)

        return self._lane.submit(work, done=done, failed=failed)

    def download(
        self,
        found: HubData,
        done: Callable[[Path], object],
        failed: Failed,
        progress: Callable[[float], object],
    ) -> Ticket:
        """Download what was found; the answer is the folder that opens, the progress a share from 0 to 1."""

        def work(desk: Desk) -> Path:
            from workbench.shelf import data_hub

            return data_hub.download(found, self._home, desk.report, desk.check)

        return self._lane.submit(work, done=done, failed=failed, progress=progress)
