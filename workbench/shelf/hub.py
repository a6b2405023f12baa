"""Hugging Face Hub models: those already on this machine, and a download where it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.shelf.packages import offline

_WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
_UNWANTED = ["*/*"]  # other formats of the same weights lie in folders


def cached_snapshot(name: str) -> Path | None:
    """The folder of a Hub model in this machine's Hugging Face cache, or None; the network is not used."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def cached_models() -> Iterator[tuple[str, Path]]:
    """The names and folders of the Hub models in this machine's Hugging Face cache, whole or not."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    for folder in sorted(cache.glob("models--*")):
        try:
            newest = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
        except OSError:
            continue  # a model of which only another version than the newest was fetched
        snapshot = folder / "snapshots" / newest
        if newest and snapshot.is_dir():
            yield folder.name.removeprefix("models--").replace("--", "/"), snapshot


def download_snapshot(name: str) -> Path:
    """Download a Hub model's configuration, tokenizer and safetensors into the Hugging Face cache.

    Raises:
        WorkbenchError: When `HF_HUB_OFFLINE=1` forbids it, or the Hub refuses or cannot be reached.
    """
    if offline():
        raise bad_input(
            f"The model {name} was not downloaded.",
            "HF_HUB_OFFLINE=1 forbids every use of the network.",
            "Unset HF_HUB_OFFLINE, or choose a model that is on this machine.",
            field="model.source",
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED, ignore_patterns=_UNWANTED))
    except Exception as error:  # the Hub's, its client's and the network's errors have no common base
        raise WorkbenchError(
            Problem(
                f"The model {name} could not be downloaded.",
                "The Hub refused it or could not be reached.",
                "Check the name and the network. A gated model needs its licence accepted and a login.",
                f"{type(error).__name__}: {error}",
                "model.source",
            ),
            usage=False,
        ) from error
