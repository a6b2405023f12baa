"""Training in several processes: how torchrun and its processes are started, watched, asked to stop and ended.

The launcher starts an agent (torchrun) in a session of its own, and the agent starts the processes, called ranks.
Ranks carry out the same recipe together; rank 0 writes the journal, which the launcher follows. They tell the
launcher what it cannot read there through a folder that only they know.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from workbench.run.files import write_whole
from workbench.run.folder import RunFolder
from workbench.run.journal import read_journal
from workbench.run.launcher import LAUNCHER
from workbench.run.lock import me
from workbench.run.problem import Problem, WorkbenchError, bad_input

Strategy = Literal["ddp", "fsdp2"]
#: The environment variable that names the folder in which ranks tell.
TOLD = "WORKBENCH_LAUNCH"
#: What Accelerate reads of its environment to shard a model with FSDP2; `accelerate launch` sets the same.
FSDP2 = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "false",
}


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many processes on how many machines, how they find each other, and how they share the model.

    Attributes:
        processes: Ranks on each machine; one per GPU.
        nodes: Machines; each of them runs the launcher with the same arguments.
        endpoint: `host:port` of one of the machines, where all meet; empty for one machine.
        rendezvous: The name under which they meet; the same on all.
        strategy: ddp gives each rank the whole model; fsdp2 gives each a part of it.
    """

    processes: int = 1
    nodes: int = 1
    endpoint: str = ""
    rendezvous: str = ""
    strategy: Strategy = "ddp"

    def complaints(self) -> list[Problem]:
        """What is wrong with it, all at once."""
        found = []
        if self.processes < 1 or self.nodes < 1:
            found.append(
                Problem("There must be at least one process and one machine.", "", "Give 1 or more.")
            )
        host, _, port = self.endpoint.rpartition(":")
        if self.nodes > 1 and not (host and port.isdecimal()):
            found.append(
                Problem(
                    f"{self.nodes} machines need a place to meet.",
                    f"--rdzv-endpoint is {self.endpoint!r}."
                    if self.endpoint
                    else "--rdzv-endpoint is missing.",
                    "Give the name and a free port of one of them, the same on all: --rdzv-endpoint host:29500",
                )
            )
        return found

    def torchrun(self) -> list[str]:
        """The arguments of torchrun."""
        if self.nodes == 1 and not self.endpoint:
            meeting = ["--standalone"]
        else:
            meeting = ["--rdzv-backend=c10d", f"--rdzv-endpoint={self.endpoint}"]
            meeting += [f"--rdzv-id={self.rendezvous or 'workbench'}"]
            if self.endpoint.startswith(
                ("localhost:", "127.")
            ):  # else the machine's name is given to the others
                meeting += ["--local-addr=127.0.0.1"]
        return [f"--nnodes={self.nodes}", f"--nproc-per-node={self.processes}", "--max-restarts=0", *meeting]

    def environment(self) -> dict[str, str]:
        """The environment variables of its ranks: how the model is shared, and threads that suffice for all."""
        threads = max(1, (os.cpu_count() or 1) // self.processes)
        shared = FSDP2 if self.strategy == "fsdp2" else {}
        return {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads)), **shared}


class Launched:
    """The agent of one machine and its ranks, seen from the launcher."""

    def __init__(self, fleet: Fleet, command: Sequence[str], folder: Path) -> None:
        """Start them.

        Args:
            fleet: How many and how.
            command: The arguments of `python -m workbench` that each rank is given.
            folder: An empty folder, for the log and for what ranks tell.
        """
        self._folder = folder
        self.log = folder / "ranks.log"
        started = me()
        environment = {
            TOLD: str(folder),
            LAUNCHER: f"{started.pid} {started.started!r}",
            "PYTHONUNBUFFERED": "1",
        }
        with self.log.open("wb") as log:
            self._agent = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "workbench.engine.agent",
                    *fleet.torchrun(),
                    "-m",
                    "workbench",
                    *command,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | fleet.environment() | environment,
                # Ctrl-C is for the launcher alone, which then asks the ranks to save: see `stop`.
                start_new_session=True,
            )

    def poll(self) -> int | None:
        """The agent's exit code; None while it works."""
        return self._agent.poll()

    def ranks(self) -> list[psutil.Process]:
        """The ranks of this machine that are alive."""
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self._agent.pid).children()
            return [child for child in children if _is_rank(child)]
        return []

    def stop(self) -> None:
        """Ask the ranks to end after their present step and to save. One of them passes it on to all."""
        for rank in self.ranks():
            with contextlib.suppress(psutil.Error):
                rank.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)

    def kill(self) -> None:
        """End everything at once."""
        with contextlib.suppress(psutil.Error):
            agent = psutil.Process(self._agent.pid)
            for process in [*agent.children(recursive=True), agent]:
                with contextlib.suppress(psutil.Error):
                    process.kill()
        self._agent.wait()

    def wait(self, seconds: float) -> int:
        """The agent's exit code, once it ended by itself; after so many seconds it is killed."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._agent.wait(seconds)
        if self._agent.poll() is None:
            self.kill()
        return self._agent.returncode

    def run(self) -> tuple[RunFolder, int] | None:
        """The run folder, and the index of its last event before the ranks began; None until rank 0 tells."""
        told = self._read("run.json")
        return (RunFolder(Path(told["run"])), int(told["after"])) if told else None

    def problems(self) -> tuple[list[Problem], bool]:
        """What the ranks of this machine complained about, the first rank first, without repeating it; and
        whether it was the person's input."""
        found: list[Problem] = []
        usage = False
        for path in sorted(self._folder.glob("problems-*.json")):
            told = self._read(path.name)
            new = [Problem(**problem) for problem in told["problems"]] if told else []
            found += [problem for problem in new if str(problem) not in map(str, found)]
            usage = usage or bool(told and told["usage"])
        return found, usage

    def last_words(self, lines: int = 60) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _read(self, name: str) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self._folder / name).read_text(encoding="utf-8"))
            return found
        return {}


def _is_rank(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return TOLD in process.environ() and "RANK" in process.environ()
    return False


# ---- in a rank


def is_rank() -> bool:
    """Whether this process is a rank that a launcher started."""
    return TOLD in os.environ and "RANK" in os.environ


def tell_run(folder: RunFolder) -> None:
    """Tell the launcher which run it is; rank 0 does, before it writes any event."""
    if os.environ["RANK"] == "0":
        after = max((event.index for event in read_journal(folder.journal_file)), default=-1)
        _tell("run.json", {"run": str(folder.path), "after": after})


def tell_problems(error: WorkbenchError) -> None:
    """Tell the launcher why this rank ends."""
    problems = [dataclasses.asdict(problem) for problem in error.problems]
    rank = int(os.environ["RANK"])
    _tell(f"problems-{rank:05}.json", {"problems": problems, "usage": error.usage})


def _tell(name: str, value: dict[str, object]) -> None:
    write_whole(Path(os.environ[TOLD]) / name, json.dumps(value))


def settled(fleet: Fleet) -> Fleet:
    """The fleet, if nothing is wrong with it.

    Raises:
        WorkbenchError: With all complaints.
    """
    problems = fleet.complaints()
    if problems:
        raise WorkbenchError(*problems)
    if fleet.nodes > 1 and os.name == "nt":
        raise bad_input("Several machines need Linux or macOS.", "", "Run it on one machine.")
    return fleet
