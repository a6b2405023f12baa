"""The words that start.py understands, and what each of them does."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable

from launch import libraries, shortcut
from launch.environment import WINDOWS, Environment, clean_env, set_up
from launch.failures import SetUpError, explain_os_error
from launch.progress import say

USAGE = """\
usage: python3 start.py [COMMAND] [ARGUMENT ...]

  (no command)   open the window
  demo           fine-tune the embedded model on shipped data and say how well it does
  test           run every check and test; arguments go to pytest
  models         fetch the embedded models now
  setup          only set up
  shortcut       put Model Workbench into the system's menu
  libraries      list the Debian packages that the window lacks
  anything else  goes to the command line of Model Workbench: train, runs, attend, generate, ...

Whatever is missing is set up first, inside this folder.
"""

# What runs before the tests, each as arguments for Python.
CHECKS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "import contracts": [
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-logo",
    ],
}


def main(arguments: list[str]) -> int:
    """Runs one command; returns the exit code. Every foreseen failure is one sentence on standard error."""
    word, *rest = arguments or [""]
    environment = Environment()
    try:
        command = COMMANDS.get(word)
        if command is not None:
            return command(environment, rest)
        get_ready(environment, [])
        return hand_over(environment, arguments)
    except SetUpError as error:
        if error.args:
            say(str(error))
    except OSError as error:
        say(explain_os_error(error))
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    return 1


def get_ready(environment: Environment, models: list[str], *, test: bool = False) -> None:
    """Sets up what is missing: the environment, and the named embedded models."""
    set_up(environment, test=test)
    if not models:
        return
    fetched = environment.stamp().get("models", {})
    # The hash of their table, so that another pinned version is fetched, and a second start asks nothing.
    table = environment.root / "workbench" / "shelf" / "packages.py"
    key = hashlib.sha256(table.read_bytes()).hexdigest()
    for model in models:
        if fetched.get(model) == key:
            continue
        command = [str(environment.python), "-m", "workbench.shelf.packages", "fetch", model]
        if subprocess.run(command, cwd=environment.root, env=clean_env(), check=False).returncode:
            raise SetUpError  # the fetching has said why in its own words
        fetched[model] = key
        environment.mark(models=fetched)


def hand_over(environment: Environment, arguments: list[str], *, windowed: bool = False) -> int:
    """Runs the workbench in the private environment, in place of this process where the system can."""
    command = [str(environment.python), "-m", "workbench", *arguments]
    if not WINDOWS:
        sys.stdout.flush()
        os.execve(command[0], command, clean_env())
    if windowed:  # pythonw has no console, and the window outlives the one that start.py was started from
        command[0] = str(environment.scripts / "pythonw.exe")
        subprocess.Popen(command, env=clean_env(), creationflags=getattr(subprocess, "DETACHED_PROCESS", 0))
        return 0
    return subprocess.run(command, env=clean_env(), check=False).returncode


def window(environment: Environment, rest: list[str]) -> int:
    """Opens the window; the first time it also puts itself into the system's menu."""
    if sys.platform == "linux" and not shortcut.has_screen() and "QT_QPA_PLATFORM" not in os.environ:
        raise SetUpError(
            "There is no screen to open the window on: start it from a desktop session, "
            "or use the command line, for example: python3 start.py demo"
        )
    if lacking := libraries.missing():
        raise SetUpError(libraries.sentence(lacking))
    get_ready(environment, ["minilm"])
    if shortcut.has_screen() and not environment.stamp().get("shortcut"):
        try:
            shortcut.make(environment.root)
        except (OSError, KeyError) as error:  # a menu entry is a kindness; never a reason not to start
            say(f"The entry in the system's menu could not be made ({error}); the window opens all the same.")
        # Once only: an entry that the person removed stays removed.
        environment.mark(shortcut=True)
    return hand_over(environment, rest, windowed=True)


def demo(environment: Environment, rest: list[str]) -> int:
    """Fine-tunes the embedded model on shipped data."""
    get_ready(environment, ["minilm"])
    return hand_over(environment, ["demo", *rest])


def test(environment: Environment, rest: list[str]) -> int:
    """Runs the checks, then the whole test suite offscreen; all of them, even where an early one fails."""
    get_ready(environment, ["minilm", "smollm2"], test=True)
    env = clean_env(QT_QPA_PLATFORM="offscreen")
    python, failed = str(environment.python), []
    for name, arguments in CHECKS.items():
        began = time.monotonic()
        done = subprocess.run(
            [python, *arguments], cwd=environment.root, env=env, check=False, capture_output=True, text=True
        )
        word = "failed" if done.returncode else "passed"
        say(f"{name}: {word}, {time.monotonic() - began:.1f} s")
        if done.returncode:
            failed.append(name)
            say(done.stdout + done.stderr)
    # One test process for each core, each with one torch thread: threads that wait for each other's core take
    # several times as long.
    several = [] if any(word.startswith("-n") for word in rest) else ["-n", "auto", "--maxprocesses", "4"]
    env["OMP_NUM_THREADS"] = "1"
    tests = subprocess.run(
        [python, "-m", "pytest", *several, *rest], cwd=environment.root, env=env, check=False
    )
    if failed:
        say(f"Failed before the tests: {', '.join(failed)}")
    return tests.returncode or int(bool(failed))


def models(environment: Environment, rest: list[str]) -> int:
    """Fetches every embedded model, for a machine that will have no network later."""
    get_ready(environment, ["minilm", "smollm2"])
    say("The embedded models are here.")
    return 0


def setup(environment: Environment, rest: list[str]) -> int:
    """Only sets up; with the word "test", the tools for the tests too."""
    get_ready(environment, [], test="test" in rest)
    say("Ready.")
    return 0


def make_shortcut(environment: Environment, rest: list[str]) -> int:
    """Puts Model Workbench into the system's menu and beside start.py."""
    for made in shortcut.make(environment.root):
        say(f"Made {made}")
    return 0


def list_libraries(environment: Environment, rest: list[str]) -> int:
    """Prints the Debian packages that Qt lacks here, for a script to install."""
    sys.stdout.write(" ".join(libraries.missing().values()) + "\n")
    return 0


def usage(environment: Environment, rest: list[str]) -> int:
    """Prints what start.py understands, without setting anything up."""
    sys.stdout.write(USAGE)
    return 0


def version(environment: Environment, rest: list[str]) -> int:
    """Prints the version, without setting anything up."""
    from workbench import __version__

    sys.stdout.write(f"Model Workbench {__version__}\n")
    return 0


COMMANDS: dict[str, Callable[[Environment, list[str]], int]] = {
    "": window,
    "demo": demo,
    "test": test,
    "models": models,
    "setup": setup,
    "shortcut": make_shortcut,
    "libraries": list_libraries,
    "help": usage,
    "--help": usage,
    "-h": usage,
    "--version": version,
}
