"""What can go wrong before the workbench runs, each as one sentence that ends with the remedy."""

from __future__ import annotations

import errno
import importlib.util
import re
import shutil
import sys
from pathlib import Path

NEEDED_GB = 3.0


class SetUpError(Exception):
    """Setting up cannot go on; the message is the one sentence that the person reads."""


NO_NETWORK = re.compile(
    r"NewConnectionError|Failed to establish a new connection|NameResolutionError|getaddrinfo failed"
    r"|name resolution|Name or service not known|nodename nor servname|Network is unreachable"
    r"|Connection refused|Connection reset|Cannot connect to proxy|ProxyError|ConnectTimeout|Read timed out"
    r"|Max retries exceeded|Could not connect|dns error|error sending request|IncompleteRead",
    re.IGNORECASE,
)
BAD_CERTIFICATE = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|UnknownIssuer", re.IGNORECASE
)
DISK_FULL = re.compile(r"No space left on device|Errno 28|not enough space on the disk", re.IGNORECASE)
NOT_FOUND = re.compile(r"No matching distribution found for (\S+)|no wheels with a matching", re.IGNORECASE)
NOT_ALLOWED = re.compile(r"Permission denied|Access is denied|Errno 13|Read-only file system", re.IGNORECASE)


def check_venv_module() -> None:
    """Raises SetUpError where this Python came without `venv` or `ensurepip`, as Debian ships it."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    raise SetUpError(missing_venv(sys.version_info[:2], debian=shutil.which("apt-get") is not None))


def missing_venv(version: tuple[int, int], *, debian: bool) -> str:
    """The sentence for a Python that cannot make a private environment."""
    name = "python{}.{}-venv".format(*version)
    remedy = (
        f"run: sudo apt install {name}"
        if debian
        else "install your system's package for Python's venv module"
    )
    return f"This Python cannot make a private environment because its venv module is missing: {remedy}"


def check_disk(folder: Path, needed_gb: float = NEEDED_GB) -> None:
    """Raises SetUpError where the disk of `folder` has less than `needed_gb` (10^9 bytes) free."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed_gb:
        raise SetUpError(
            f"Setting up needs about {needed_gb:.1f} GB of disk space and {folder} has {free:.1f} GB left: "
            "free some space there, or move the folder to another disk, and start again."
        )


def explain_install_failure(log: str, log_file: Path, code: int = 1) -> str:
    """One sentence for a failed installation, read from what the installer wrote.

    Args:
        log: The installer's output of this attempt.
        log_file: Where that output can be read again; named in the sentence that explains nothing.
        code: The installer's exit code; negative when a signal ended it.
    """
    if DISK_FULL.search(log):
        return (
            "The disk became full while packages were unpacked (PyTorch with its GPU libraries takes up to 8 GB): "
            "free some space and start again."
        )
    if BAD_CERTIFICATE.search(log):
        return (
            "The package index could not be trusted, because its certificate is signed by an authority that Python "
            "does not know: set PIP_CERT to your organisation's certificate file and start again."
        )
    if NO_NETWORK.search(log):
        return (
            "The packages could not be fetched because the package index cannot be reached: connect to the network "
            "(behind a proxy, set HTTPS_PROXY) and start again; what is already fetched is kept."
        )
    if NOT_ALLOWED.search(log):
        return (
            "The system refused to write a file of the private environment: give yourself write access to this "
            f"folder, or move it to your home folder, and start again; the details are in {log_file}."
        )
    if missing := NOT_FOUND.search(log):
        version = "{}.{}".format(*sys.version_info[:2])
        what = missing.group(1) or "one of the packages"
        return (
            f"No ready-made package of {what} exists for Python {version} on this system: "
            "install a 64-bit Python 3.11, 3.12 or 3.13 and start again with it."
        )
    if code in (-9, 137):
        return "The system ended the installation, probably for want of memory: close other programs and start again."
    errors = [line for line in log.splitlines() if line.upper().startswith("ERROR")]
    reason = (
        errors[-1].split(":", 1)[-1].strip().rstrip(".")
        if errors
        else f"the installer ended with code {code}"
    )
    return (
        f"The packages could not be installed ({reason}): start again, and if it fails again read {log_file}."
    )


def explain_os_error(error: OSError) -> str:
    """One sentence for a file or disk error met while setting up."""
    if error.errno == errno.ENOSPC:
        return explain_install_failure("No space left on device", Path())
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"The system refused to write in this folder{where}: give yourself write access to it, "
            "or move it to your home folder, and start again."
        )
    return f"The set-up met an error{where}, {error.strerror or error}: start again to repair what is incomplete."
