"""What can be asked about rows; every method returns at once, and the answer comes by way of the mailbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.run.home import Home
from workbench.run.kept_edits import kept_edits
from workbench.run.problem import Problem
from workbench.session.lanes import Desk, Lane, Ticket
from workbench.session.requests import DataRequest

if TYPE_CHECKING:
    from workbench.data.column_profile import ColumnProfile
    from workbench.data.edits import Patch
    from workbench.data.frame import Frame
    from workbench.data.languages import Languages
    from workbench.data.mending import Looked
    from workbench.data.row_order import Arranged, Rows, Wish

Failed = Callable[[Problem], object]


class RowQuestions:
    """Questions about rows, answered on the files lane."""

    def __init__(self, home: Home, lane: Lane) -> None:
        self._home, self._lane = home, lane
        self._naming: Ticket | None = None

    def warm_up(self, failed: Failed) -> Ticket:
        """Import what mending needs: the first step that is added must not hold the window's thread for it."""

        def work(desk: Desk) -> None:
            import workbench.session.mending  # noqa: F401
            from workbench.data import near
            from workbench.data.check import all_checks
            from workbench.data.step import all_steps

            desk.check()
            all_steps()
            desk.check()
            all_checks()
            desk.check()
            near.warm_up()

        return self._lane.submit(work, done=lambda _: None, failed=failed)

    def make_keys(self, frame: Frame, failed: Failed) -> Ticket:
        """Make rows' keys once the rows are shown, so that nobody waits for them at the first edit by hand."""
        if self._naming:
            self._naming.cancel()
        self._naming = self._lane.submit(
            lambda desk: frame.make_keys(desk.check), done=lambda _: None, failed=failed
        )
        return self._naming

    def look_for_problems(
        self,
        request: DataRequest,
        done: Callable[[Looked], object],
        failed: Failed,
        progress: Callable[[str], object] | None = None,
    ) -> Ticket:
        """What the checks find in the rows of a data set."""

        def work(desk: Desk) -> Looked:
            from workbench.session import mending

            return mending.look_for_problems(self._home, request, desk)

        return self._lane.submit(work, done=done, failed=failed, progress=progress)

    def profile_columns(
        self,
        frame: Frame,
        done: Callable[[tuple[tuple[ColumnProfile, ...], Languages | None]], object],
        failed: Failed,
    ) -> Ticket:
        """What each column holds, and the languages of the texts."""

        def work(desk: Desk) -> tuple[tuple[ColumnProfile, ...], Languages | None]:
            from workbench.session import mending

            return mending.profile_columns(frame, desk)

        return self._lane.submit(work, done=done, failed=failed)

    def try_step(
        self,
        frame: Frame,
        record: Mapping[str, Any],
        request: DataRequest,
        done: Callable[[str], object],
        failed: Failed,
    ) -> Ticket:
        """What a step would do to these rows, in words."""

        def work(desk: Desk) -> str:
            from workbench.session import mending

            return mending.try_step(self._home, frame, record, request, desk)

        return self._lane.submit(work, done=done, failed=failed)

    def arrange_rows(
        self,
        rows: Rows,
        wish: Wish,
        by_hand: Patch,
        label: str,
        done: Callable[[Arranged], object],
        failed: Failed,
    ) -> Ticket:
        """Which rows are to be shown, and in which order, with the edits by hand as they are shown."""

        def work(desk: Desk) -> Arranged:
            from workbench.session import mending

            return mending.arrange(rows, wish, by_hand, label, desk)

        return self._lane.submit(work, done=done, failed=failed)

    def tokens_of(
        self, model: str, text: str, done: Callable[[tuple[str, ...]], object], failed: Failed
    ) -> Ticket:
        """A text's tokens as a model's tokenizer cuts it."""

        def work(desk: Desk) -> tuple[str, ...]:
            from workbench.session import mending

            return mending.tokens_of(self._home, model, text, desk)

        return self._lane.submit(work, done=done, failed=failed)

    def edits_file(self, data: Path) -> Path:
        """Where new edits by hand of a data file are kept; what is there already stays."""
        from workbench.session import mending

        return mending.edits_file(self._home, data)

    def read_edits(self, path: str, done: Callable[[Patch], object], failed: Failed) -> Ticket:
        """The edits by hand in a file; none where no file is named."""

        def work(desk: Desk) -> Patch:
            from workbench.session import mending

            return mending.read_edits(path)

        return self._lane.submit(work, done=done, failed=failed)

    def kept_edits(self, done: Callable[[dict[str, Path]], object], failed: Failed) -> Ticket:
        """The newest file of edits by hand that is kept of each source of data."""
        return self._lane.submit(lambda desk: kept_edits(self._home), done=done, failed=failed)

    def keep_edits(
        self, path: Path, edits: Patch, data: str, done: Callable[[Path], object], failed: Failed
    ) -> Ticket:
        """Write the edits by hand of some data, whole or not at all."""

        def work(desk: Desk) -> Path:
            from workbench.session import mending

            return mending.keep_edits(self._home, path, edits, data)

        return self._lane.submit(work, done=done, failed=failed)

    def save_rows(self, frame: Frame, path: Path, done: Callable[[int], object], failed: Failed) -> Ticket:
        """Write rows as CSV, JSON Lines or Parquet, as the file's ending says."""

        def work(desk: Desk) -> int:
            from workbench.session import mending

            return mending.save(frame, path, desk)

        return self._lane.submit(work, done=done, failed=failed)
