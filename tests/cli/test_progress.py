"""Progress: a bar on a terminal, sparse plain lines in a log."""

from __future__ import annotations

import io

import pytest

from workbench.cli.progress import Progress, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def show_ten_seconds(stream: io.StringIO) -> None:
    """A thousand updates within ten seconds."""
    now = [0.0]
    progress = Progress(stream, clock=lambda: now[0])
    for index in range(1000):
        now[0] = index / 100
        progress.show(f"step {index}", index / 1000)
    progress.clear()


def test_a_log_gets_a_line_every_five_seconds() -> None:
    log = io.StringIO()
    show_ten_seconds(log)
    assert log.getvalue() == "  0%  step 0\n 50%  step 500\n"


def test_a_terminal_gets_one_line_that_is_taken_away() -> None:
    terminal = Terminal()
    show_ten_seconds(terminal)
    text = terminal.getvalue()
    assert "\n" not in text
    assert 90 <= text.count("step") <= 101
    assert text.endswith("\r\x1b[K")


def test_a_line_that_stays_stands_on_its_own() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    progress.show("working", 0.5)
    progress.line("measured")
    assert terminal.getvalue().endswith("\r\x1b[Kmeasured\n")


def test_a_closed_stream_is_no_reason_to_lose_a_run() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    stream.close()
    progress.line("nobody reads this")
    progress.show("nor this", 0.5)
    assert stream.closed  # and nothing was raised on the way


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.84, "0.8 s"), (42.4, "42 s"), (59.7, "1:00"), (185, "3:05"), (7807, "2:10:07")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
