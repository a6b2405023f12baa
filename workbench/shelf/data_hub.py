"""Data sets of the Hugging Face Hub, downloaded by name where a person asks for it, their size shown first."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import workbench
from workbench.data.suggest import counted
from workbench.run.home import Home
from workbench.run.network import asked_environment
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.shelf.packages import offline

#: The recipe field to which a problem belongs.
FIELD = "data.train"
_ADDRESS = re.compile(r"^(?:https?://[^/]+/datasets/|hf://datasets/)")
_TALKER = "workbench.shelf.data_hub_online"


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a data set, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class HubData:
    """What a download would bring.

    Attributes:
        name: The data set, as "owner/name".
        config: Which of its configurations; empty where it has one.
        configs: All of its configurations.
        revision: The exact version, so that what is shown is what is downloaded.
        files: The files with data, and the card.
        licence: The licence that the card names, or empty.
        splits: The names of its splits, as far as they are known before the download.
    """

    name: str
    config: str
    configs: tuple[str, ...]
    revision: str
    files: tuple[HubFile, ...]
    licence: str
    splits: tuple[str, ...] = ()

    @classmethod
    def read(cls, plain: dict[str, Any]) -> HubData:
        """From the plain values that `dataclasses.asdict` makes."""
        files = tuple(HubFile(**file) for file in plain["files"])
        lists = {key: tuple(plain[key]) for key in ("configs", "splits")}
        return cls(**{**plain, **lists, "files": files})

    @property
    def size(self) -> int:
        """The download's size in bytes; laid out as a table, it takes about as much again, or more."""
        return sum(file.size for file in self.files)


def name_and_config(name: str) -> tuple[str, str]:
    """The parts of "owner/name:config" or of an address of the Hub; the configuration may be empty."""
    repository, _, config = _ADDRESS.sub("", name.strip()).partition(":")
    return repository.strip().strip("/"), config.strip()


def size_of(name: str, check: Callable[[], object] = lambda: None, *, first: bool = False) -> HubData:
    """What a download would bring, to be shown before it.

    Args:
        name: "owner/name", an address of the Hub, or "owner/name:config".
        check: Called often; may raise to give it up.
        first: Where there are several configurations and none is named, whether the first one is taken.

    Raises:
        WorkbenchError: When `HF_HUB_OFFLINE=1` forbids it, there is no such data set, it may not be read, it has
            several configurations and none is named, or the Hub cannot be reached.
    """
    _refuse_offline(name_and_config(name)[0])
    for told in _talk({"name": name, "first": first}, check):
        if "data" in told:
            return HubData.read(told["data"])
    raise AssertionError("the talk ends with an answer or a problem")


def download(
    name: str | HubData,
    home: Home,
    progress: Callable[[float], object] = lambda _: None,
    check: Callable[[], object] = lambda: None,
) -> Path:
    """Download a data set, and lay it out as Arrow files that open as a memory map.

    What is there already is not downloaded again, and a download that was broken off goes on where it ended.

    Args:
        name: As for `size_of`, or its answer.
        home: Where it is kept.
        progress: Told how much is done, from 0 to 1.
        check: Called often; may raise to break the download off.

    Returns:
        The folder, which `open_table` opens; with several splits, a column "split" names each row's.

    Raises:
        WorkbenchError: As `size_of`, and when the disk is full or the files do not fit together.
    """
    data = name if isinstance(name, HubData) else size_of(name, check)
    slug = re.sub(r"[^\w.-]+", "--", f"{data.name}--{data.config}" if data.config else data.name)
    folder = home.root / "datasets" / f"{slug}-{data.revision[:8]}"
    if (folder / "dataset_info.json").is_file():
        return folder
    _refuse_offline(data.name)
    work = home.make(folder.with_name(f"{folder.name}.part"))
    free = shutil.disk_usage(work).free
    if free < 3 * data.size:
        raise bad_input(
            f"The disk has no room for {data.name}.",
            f"It needs about {counted(3 * data.size // 2**20, 'MiB', 'MiB')} while it is laid out, and "
            f"{counted(free // 2**20, 'MiB is', 'MiB are')} free.",
            "Free some space, or choose another place with WORKBENCH_HOME.",
            field=FIELD,
        )
    for told in _talk({"data": asdict(data), "raw": str(work / "raw")}, check):
        progress(0.9 * told.get("share", 1.0))
    _prepare(data, work, check)
    (work / "out").rename(folder)
    shutil.rmtree(work, ignore_errors=True)
    progress(1.0)
    return folder


def _refuse_offline(name: str) -> None:
    if offline():
        raise bad_input(
            f"The data set {name} was not downloaded.",
            "HF_HUB_OFFLINE=1 forbids every use of the network.",
            "Unset HF_HUB_OFFLINE, or choose a file that is on this machine.",
            field=FIELD,
        )


def _talk(asked: dict[str, Any], check: Callable[[], object]) -> Iterator[dict[str, Any]]:
    """What the process that has the network tells, one value after the other.

    Raises:
        WorkbenchError: With the problem that it tells, or when it ends without an answer.
    """
    check()
    root = str(Path(workbench.__file__).parent.parent)
    environment = asked_environment()
    known = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([root, known] if known else [root])
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, "-P", "-m", _TALKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            encoding="utf-8",
            env=environment,
        ) as process,
    ):
        assert process.stdin and process.stdout
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = threading.Thread(target=_read, args=(process.stdout, lines.put), name="hub")
        reader.start()
        try:
            with contextlib.suppress(BrokenPipeError), process.stdin as way:
                json.dump(asked, way)
            yield from _answers(lines, check)
        except BaseException:  # the person no longer wants it
            process.kill()
            raise
        finally:
            reader.join()
        if process.wait() == 0:
            return
        said.seek(0)
        details = said.read().decode("utf-8", "replace")[-4000:]
    raise WorkbenchError(
        Problem("The talk with the Hub broke off.", "Its process ended.", "Try again.", details, FIELD),
        usage=False,
    )


def _read(stream: Any, put: Callable[[str], object]) -> None:
    for line in stream:
        put(line)
    put("")


def _answers(lines: queue.SimpleQueue[str], check: Callable[[], object]) -> Iterator[dict[str, Any]]:
    while True:
        try:
            line = lines.get(timeout=0.1)
        except queue.Empty:
            check()
            continue
        check()
        if not line:
            return
        told: dict[str, Any] = json.loads(line)
        if "problem" in told:
            raise WorkbenchError(Problem(**told["problem"]), usage=told["usage"])
        yield told


def _prepare(data: HubData, work: Path, check: Callable[[], object]) -> None:
    """Lay the files out as Arrow, in a process that has no network."""
    out = work / "out"
    shutil.rmtree(out, ignore_errors=True)
    command = [
        sys.executable,
        "-P",
        str(Path(__file__).with_name("data_prepare.py")),
        str(work / "raw"),
        str(out),
    ]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(
        [*command, data.config] if data.config in data.configs else command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        while True:
            try:
                check()
                _, said = process.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                continue
            except BaseException:
                process.kill()
                raise
    if process.returncode:
        raise WorkbenchError(
            Problem(
                f"The data set {data.name} was downloaded, and cannot be laid out as a table.",
                "Its files do not fit together, or one of them is damaged.",
                f"Open one of its files instead; they are in {work / 'raw'}.",
                said.strip()[-4000:],
                FIELD,
            ),
            usage=False,
        )
