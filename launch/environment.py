"""The private environment in the clone: made once, pinned, stamped, and repaired after an interrupted start."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launch import failures
from launch.failures import SetUpError
from launch.progress import Progress, say

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = sys.platform == "win32"
POLL_S = 0.2
#: Nothing is compiled on a newcomer's machine; what is published as source alone is plain Python, built in a second.
SOURCES = ("--no-binary", "seqeval")


@dataclass(frozen=True)
class Environment:
    """The environment of one clone; every path follows from `root`."""

    root: Path = ROOT

    @property
    def folder(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def scripts(self) -> Path:
        """Where the environment keeps its commands."""
        return self.folder / ("Scripts" if WINDOWS else "bin")

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.scripts / ("python.exe" if WINDOWS else "python")

    @property
    def log_file(self) -> Path:
        """Everything that the installers wrote, newest last."""
        return self.root / "logs" / "setup.log"

    @property
    def stamp_file(self) -> Path:
        """What is installed; lies inside the environment so that it vanishes with it."""
        return self.folder / "set-up.json"

    @property
    def unfinished(self) -> Path:
        """Exists while files are being unpacked; found at the next start, the environment is made anew."""
        return self.folder / "unfinished"

    def packages(self, version: str) -> Path:
        """The folder that holds the installed packages of a Python such as "3.11.7"."""
        if WINDOWS:
            return self.folder / "Lib" / "site-packages"
        return self.folder / "lib" / "python{}.{}".format(*version.split(".")[:2]) / "site-packages"

    def version(self) -> str:
        """The version of the environment's Python as it runs now; empty where it does not run.

        Asked of the interpreter itself (about 20 ms), because a system upgrade can take it away or swap it
        under the environment's link.
        """
        if not self.python.exists():
            return ""
        ask = [str(self.python), "-c", "import sys, encodings; print(sys.version.split()[0])"]
        try:
            answer = subprocess.run(ask, capture_output=True, text=True, env=clean_env(), check=False)
        except OSError:
            return ""
        return answer.stdout.strip() if answer.returncode == 0 else ""

    def requirements(self, *, test: bool) -> list[str]:
        """The project's own requirements, read from pyproject.toml so that they stand in one place."""
        project = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        wanted: list[str] = list(project["dependencies"])
        if test:
            wanted += project["optional-dependencies"]["test"]
        return [requirement.replace(" ", "") for requirement in wanted]

    def key(self, version: str, *, test: bool) -> str:
        """A hash that changes whenever something must be installed again.

        It takes the requirements and not the whole pyproject.toml, so that a changed lint setting installs
        nothing; and the folder, because the commands in an environment name it.
        """
        parts = [version, str(self.root), *self.requirements(test=test)]
        parts.append((self.root / "constraints.txt").read_text(encoding="utf-8"))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def stamp(self) -> dict[str, Any]:
        """What earlier starts left done; empty where nothing is, or where it cannot be read."""
        try:
            stamp = json.loads(self.stamp_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def mark(self, **entries: Any) -> None:
        """Adds entries to the stamp; replaced in one step, so that it is never half written."""
        fresh = self.stamp_file.with_suffix(".new")
        fresh.write_text(json.dumps(self.stamp() | entries, indent=2), encoding="utf-8")
        fresh.replace(self.stamp_file)

    def is_ready(self, *, test: bool) -> bool:
        """Whether nothing needs to be installed."""
        stamp = self.stamp()
        if not stamp or self.unfinished.exists():
            return False
        version = self.version()
        return bool(version) and stamp.get("test" if test else "app") == self.key(version, test=test)


def set_up(environment: Environment, *, test: bool = False) -> bool:
    """Makes the environment ready; returns whether anything had to be done.

    Raises:
        SetUpError: With the one sentence that says why it cannot be.
    """
    if environment.is_ready(test=test):
        return False
    environment.log_file.parent.mkdir(exist_ok=True)
    with only_one_set_up(environment.log_file.with_name("set-up.lock")):
        if environment.is_ready(test=test):  # another start did it while this one waited
            return False
        say("Setting up Model Workbench in its own folder .venv; only this once, about 1.5 GB.")
        progress = Progress(environment.folder)
        version = make_venv(environment, progress)
        install(environment, version, progress, test=test)
        make_importable(environment, version)
        # Both at once: a stamp of packages that were replaced just now must not stay. The test extra contains the
        # application, so it stamps both.
        environment.mark(
            app=environment.key(version, test=False), test=environment.key(version, test=True) if test else ""
        )
        environment.unfinished.unlink(missing_ok=True)
        say(f"Set up in {time.monotonic() - progress.started:.0f} s. The log is {environment.log_file}")
    return True


def make_venv(environment: Environment, progress: Progress) -> str:
    """Makes the environment where there is no sound one; returns the version of its Python."""
    version = "" if environment.unfinished.exists() else environment.version()
    if version and (environment.packages(version) / "pip").is_dir():
        return version
    if environment.folder.exists():
        progress.begin("Removing an environment that is incomplete")
        shutil.rmtree(environment.folder)
    failures.check_venv_module()
    failures.check_disk(environment.root)
    environment.folder.mkdir()
    environment.unfinished.touch()
    progress.begin("Making a private Python environment")
    # The base interpreter, in case start.py is run by the very environment that is made anew.
    base = getattr(sys, "_base_executable", None) or sys.executable
    code, log = run_logged(environment, [base, "-m", "venv", str(environment.folder)], progress)
    version = environment.version()
    if code or not version:
        if "ensurepip" in log:
            raise SetUpError(
                failures.missing_venv(sys.version_info[:2], debian=shutil.which("apt-get") is not None)
            )
        raise SetUpError(failures.explain_install_failure(log, environment.log_file, code))
    environment.unfinished.unlink()
    return version


def install(environment: Environment, version: str, progress: Progress, *, test: bool) -> None:
    """Installs the pinned packages in one call: with uv where it helps, otherwise with pip."""
    progress.packages = environment.packages(version)
    what = ["--only-binary", ":all:", *SOURCES, "-c", str(environment.root / "constraints.txt")]
    what += environment.requirements(test=test)
    if uv := uv_for_torch():
        progress.begin("Installing with uv, which picks the PyTorch build for this machine")
        command = [uv, "pip", "install", "--python", str(environment.python), "--torch-backend=auto", *what]
        code, _ = run_logged(environment, command, progress)
        if code == 0:
            return
        progress.begin("That did not work; going on with pip")
    progress.begin("Finding packages")
    # Not compiling saves half a minute: Python compiles the few modules that are used when they are first imported.
    command = [
        str(environment.python),
        "-m",
        "pip",
        "install",
        "--no-compile",
        "--no-input",
        "--retries",
        "2",
    ]
    command += ["--disable-pip-version-check", "--progress-bar", "off", *what]
    code, log = run_logged(environment, command, progress)
    if code:
        raise SetUpError(failures.explain_install_failure(log, environment.log_file, code))


def uv_for_torch() -> str | None:
    """The uv command where its choice of PyTorch build is better than pip's, otherwise None.

    With an NVIDIA driver it picks the build for that driver; on a Linux without one it picks the build that
    leaves out 2.5 GB of GPU libraries. Elsewhere both install the same.
    """
    uv = shutil.which("uv")
    return uv if uv and (shutil.which("nvidia-smi") or sys.platform == "linux") else None


def run_logged(environment: Environment, command: list[str], progress: Progress) -> tuple[int, str]:
    """Runs an installer into the log file while its progress is shown; returns its exit code and its output.

    Raises:
        SetUpError: When the person stops it.
    """
    environment.log_file.parent.mkdir(exist_ok=True)
    with environment.log_file.open("a+", encoding="utf-8", errors="replace") as log:
        log.write(f"\n{time.strftime('%Y-%m-%d %H:%M:%S')} {shlex.join(command)}\n")
        log.flush()
        start = log.tell()
        # A file and not a pipe: nothing blocks, no reader thread is needed, and the log is there after a crash.
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=environment.root,
            env=clean_env(PIP_USER="0", PYTHONUNBUFFERED="1"),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        with environment.log_file.open(encoding="utf-8", errors="replace") as written:
            written.seek(start)
            try:
                while process.poll() is None:
                    progress.read(written.read())
                    if progress.unpacking:
                        environment.unfinished.touch()
                    progress.tick()
                    time.sleep(POLL_S)
            except KeyboardInterrupt:
                process.terminate()
                process.wait()
                raise SetUpError("The set-up was stopped: start again to go on with it.") from None
            finally:
                progress.end()
            progress.read(written.read() + "\n")
            written.seek(start)
            return process.returncode, written.read()


def make_importable(environment: Environment, version: str) -> None:
    """Lets the environment import `workbench` from the clone, and gives it the command `workbench`.

    A line in a .pth file and a two-line command take no time; `pip install -e` would fetch a build tool and
    run it for the same result. The line is relative, so it is plain ASCII wherever the clone lies.
    """
    packages = environment.packages(version)
    (packages / "model-workbench.pth").write_text(os.path.relpath(environment.root, packages) + "\n")
    if WINDOWS:
        command = environment.scripts / "workbench.cmd"
        command.write_text('@"%~dp0python.exe" -m workbench %*\r\n', encoding="utf-8")
    else:
        command = environment.scripts / "workbench"
        python = shlex.quote(str(environment.python))
        command.write_text(f'#!/bin/sh\nexec {python} -m workbench "$@"\n', encoding="utf-8")
        command.chmod(0o755)


def clean_env(**more: str) -> dict[str, str]:
    """The process environment without what would mix foreign packages into the private environment."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return kept | more


@contextmanager
def only_one_set_up(lock_file: Path) -> Iterator[None]:
    """Lets one set-up of a clone run at a time; the system drops the lock when its process ends, however it ends."""
    with lock_file.open("w") as lock:
        if not try_lock(lock.fileno()):
            say("Another start is setting up this folder; waiting for it.")
            while not try_lock(lock.fileno()):
                time.sleep(POLL_S)
        yield


def try_lock(descriptor: int) -> bool:
    """Takes the lock on an open file if nobody holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
