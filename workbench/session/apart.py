"""Training in a process of its own: a crash there leaves the window alive and is told with its cause.

The child runs the same generator on the run folder and writes its journal; its events come as lines of JSON on
its standard output, and what the person asks for goes as lines of JSON to its standard input. When that closes,
the window has gone, and the child saves and ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import workbench
from workbench.run.events import Ended, Event, Paused, event_from_plain, event_to_plain
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.offers import STOP, Answer, Offer
from workbench.run.orders import ChangeRate, MeasureNow, Order, PinPrompts, SaveNow, StopAfterEpoch
from workbench.run.problem import Problem, WorkbenchError, explain
from workbench.session import training

if TYPE_CHECKING:
    from workbench.engine.train import Control as EngineControl

#: Seconds between two looks at what the person asks for.
LOOK_EVERY = 0.1
#: Seconds after which a child whose window has gone ends, saved or not.
ORPHAN_SECONDS = 2.5
_ORDERS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (SaveNow, MeasureNow, StopAfterEpoch, ChangeRate, PinPrompts)
}


# ---- in the window's process


def carry_out(prepared: training.Prepared, control: EngineControl) -> Iterator[Event]:
    """Train in a child process and yield its events; the last one is the only `Ended`.

    A crash of the child ends with a failed `Ended` that names its cause. The journal does not have it: to every
    reader the run is interrupted, and can be resumed.
    """
    with tempfile.TemporaryFile() as complaints, _child(prepared, complaints) as child:
        told = _Told(child)
        lines = _lines(child)
        ended = False
        event: Event | None
        while (line := _next(lines, control, told)) is not None:
            event = None
            with contextlib.suppress(ValueError):  # half a line, of a child that was killed
                event = event_from_plain(json.loads(line))
            if event is None:
                continue
            ended = ended or isinstance(event, Ended)
            yield event
            if isinstance(event, Paused) and event.problem:
                answer = control.hold(event.problem, event.offers, None)
                told.say("answer", stop=answer.what == "stop", changes=list(answer.changes))
        code = child.wait()
        if not ended:
            yield Ended(status="failed", problem=_crash(code, complaints))


@contextlib.contextmanager
def _child(prepared: training.Prepared, complaints: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    root = str(Path(workbench.__file__).parent.parent)
    known = os.environ.get("PYTHONPATH")
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, str(prepared.folder.path), str(prepared.home.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, known] if known else [root])},
    )
    try:
        yield child
    finally:
        with contextlib.suppress(OSError):
            if child.stdin:
                child.stdin.close()
        try:
            child.wait(ORPHAN_SECONDS + 1)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()


def _lines(child: subprocess.Popen[bytes]) -> queue.SimpleQueue[bytes | None]:
    """What the child says, line by line, and None when it says no more; read on a thread, because a pipe
    cannot be waited for together with the person on every system."""
    said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def read() -> None:
        assert child.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # closed while it was read
            for line in child.stdout:
                said.put(line)
        said.put(None)

    threading.Thread(target=read, name="separate training", daemon=True).start()
    return said


def _next(lines: queue.SimpleQueue[bytes | None], control: EngineControl, told: _Told) -> bytes | None:
    """The next line; meanwhile what the person asks for is passed on, and questions to models are served."""
    while True:
        told.pass_on(control)
        control.serve(None)
        with contextlib.suppress(queue.Empty):
            return lines.get(timeout=LOOK_EVERY)


class _Told:
    """What the child was told so far."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self._stopped = self._paused = False

    def say(self, what: str, **more: Any) -> None:
        """One line; a child that has gone does not hear it."""
        assert self._child.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._child.stdin.write(json.dumps({"what": what, **more}).encode() + b"\n")
            self._child.stdin.flush()

    def pass_on(self, control: EngineControl) -> None:
        """Tell what has changed since the last time."""
        for order in control.orders():
            self.say("order", order=type(order).__name__, **asdict(order))
        if control.paused != self._paused:
            self._paused = control.paused
            self.say("pause", on=self._paused, release=control.releases)
        if control.stopping and not self._stopped:
            self._stopped = True
            self.say("stop")


def _crash(code: int, complaints: IO[bytes]) -> Problem:
    """Why the child is no more, in plain words."""
    complaints.seek(0)
    details = complaints.read()[-4000:].decode(errors="replace")
    if code < 0:
        name = signal.Signals(-code).name
        causes = {
            "SIGKILL": "The system or a person ended it; usually the machine's memory was full.",
            "SIGSEGV": "A library or a driver touched memory that is not its own.",
            "SIGABRT": "A library or a driver gave up.",
        }
        cause = f"It was ended by {name}. {causes.get(name, '')}".strip()
    else:
        cause = f"It ended with code {code}."
    return Problem(
        "The training process has crashed.",
        cause,
        "Nothing that was saved is lost: resume the run from its last checkpoint. After a full memory, split the batch "
        "in more parts first.",
        details,
    )


# ---- in the child


class _ByLines:
    """A control that is driven by lines of JSON."""

    def __init__(self, lines: IO[bytes]) -> None:
        self.stopping = False
        self.paused = False
        self.releases = False
        self._orders: list[Order] = []
        self._answers: list[Answer] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._listen, args=(lines,), name="orders", daemon=True).start()

    def _listen(self, lines: IO[bytes]) -> None:
        for line in lines:
            with self._changed:
                self._hear(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self.stopping, self.paused = True, False
            self._changed.notify_all()
        time.sleep(ORPHAN_SECONDS)  # the window has gone
        os._exit(1)

    def _hear(self, said: dict[str, Any]) -> None:
        match said.pop("what"):
            case "stop":
                self.stopping, self.paused = True, False
            case "pause":
                self.paused, self.releases = said["on"], said["release"]
            case "order":
                self._orders.append(_ORDERS[said.pop("order")](**said))
            case "answer":
                changes = tuple((path, value) for path, value in said["changes"])
                self._answers.append(STOP if said["stop"] else Answer("retry", changes))

    def orders(self) -> list[Order]:
        with self._changed:
            found, self._orders = self._orders, []
            return found

    def serve(self, live: object) -> None:
        """Questions are not passed on to this process."""

    def between_steps(self, live: object) -> None:
        with self._changed:
            while self.paused and not self.stopping and not self._orders:
                self._changed.wait()

    def hold(self, problem: Problem, offers: Sequence[Offer], live: object) -> Answer:
        with self._changed:
            self._answers.clear()
            while not self._answers and not self.stopping:
                self._changed.wait()
            return self._answers.pop() if self._answers else STOP


def main(folder: str, home: str) -> None:
    """Carry out the run in this folder: from its newest checkpoint, or from its beginning where it has none."""
    # Libraries may print; only events go where the window reads.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    control = _ByLines(sys.stdin.buffer)

    def say(event: Event) -> None:
        rest = json.dumps(event_to_plain(event)).encode() + b"\n"
        with contextlib.suppress(BrokenPipeError):
            while rest:
                rest = rest[events.write(rest) :]

    try:
        prepared = training.take_up(RunFolder(Path(folder)), Home(Path(home)))
    except WorkbenchError as error:
        say(Ended(status="failed", problem=explain(error)))
        return
    for event in training.carry_out(prepared, control):
        say(event)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    # The listening thread holds standard input, which the interpreter could not close in peace.
    os._exit(0)
