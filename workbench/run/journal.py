"""The journal: every event of a run, one JSON object a line, append-only and readable while it grows."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from workbench.run.events import Event, Step, event_from_plain, event_to_plain


class Journal:
    """Appends events, giving each its index and time.

    Steps are handed to the system at once; every other kind is also fsynced, which costs some milliseconds, so that
    a power cut loses at most a few points of a curve.
    """

    def __init__(self, path: Path) -> None:
        kept, self._next = _sound_prefix(path)
        self._file = path.open("ab", buffering=0)
        if (
            self._file.tell() > kept
        ):  # a torn last line of an earlier crash: cut it, or the next would join it
            self._file.truncate(kept)

    def append(self, event: Event) -> Event:
        """Write the event and return it with its index and time.

        Raises:
            OSError: When it cannot be written; the journal is then as it was before.
        """
        numbered = dataclasses.replace(event, index=self._next, time=time.time())
        line = json.dumps(event_to_plain(numbered), ensure_ascii=False, allow_nan=False)
        rest = line.encode() + b"\n"
        before = os.fstat(self._file.fileno()).st_size
        try:
            while rest:  # a disk that is nearly full takes a part of it
                rest = rest[self._file.write(rest) :]
            if not isinstance(event, Step):
                os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file.truncate(before)
            raise
        self._next += 1
        return numbered

    def close(self) -> None:
        """Close the file; appending afterwards is an error."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sound_prefix(path: Path) -> tuple[int, int]:
    """The length in bytes of the whole lines of a journal, and the index that comes next."""
    if not path.exists():
        return 0, 0
    data = path.read_bytes()
    kept = data.rfind(b"\n") + 1
    index = max((event.index for event in events_of(data[:kept])), default=-1) + 1
    return kept, index


def events_of(data: bytes) -> Iterator[Event]:
    """The events of whole lines of a journal; lines that cannot be understood are passed over."""
    for line in data.splitlines():
        try:
            plain = json.loads(line)
        except (json.JSONDecodeError, UnicodeDecodeError):
            continue
        event = event_from_plain(plain) if isinstance(plain, dict) else None
        if event is not None:
            yield event


def read_journal(path: Path) -> list[Event]:
    """All whole events of a journal; a torn last line and lines of unknown kinds are passed over."""
    data = path.read_bytes() if path.exists() else b""
    return list(events_of(data[: data.rfind(b"\n") + 1]))
