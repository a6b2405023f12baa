"""Data sets of the Hugging Face Hub, downloaded by name where a person asks for it, their size shown first."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.data.suggest import counted, did_you_mean, listed
from workbench.run.home import Home
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.shelf.packages import offline

_DATA = (".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".arrow")
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_CARDS = ("README.md", "dataset_infos.json")
#: Where the Hub keeps its own Parquet copy of data sets whose files only a script can read.
_CONVERTED = "refs/convert/parquet"
_ADDRESS = re.compile(r"^(?:https?://[^/]+/datasets/|hf://datasets/)")
_FIELD = "data.train"


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
    """

    name: str
    config: str
    configs: tuple[str, ...]
    revision: str
    files: tuple[HubFile, ...]
    licence: str

    @property
    def size(self) -> int:
        """The download's size in bytes; laid out as a table, it takes about as much again, or more."""
        return sum(file.size for file in self.files)


def size_of(name: str) -> HubData:
    """What a download would bring, to be shown before it.

    Args:
        name: "owner/name", an address of the Hub, or "owner/name:config".

    Raises:
        WorkbenchError: When `HF_HUB_OFFLINE=1` forbids it, there is no such data set, it may not be read, it has
            several configurations and none is named, or the Hub cannot be reached.
    """
    repository, _, config = _ADDRESS.sub("", name.strip()).partition(":")
    _refuse_offline(repository)
    info = _info(repository, None)
    card: Any = info.card_data.to_dict() if info.card_data else {}
    described = [c for c in card.get("configs") or [] if isinstance(c, dict) and c.get("config_name")]
    configs = tuple(str(c["config_name"]) for c in described)
    chosen = _chosen(repository, config, described)
    files = _files(info, next((c for c in described if c["config_name"] == chosen), None))
    if not any(_is_data(file.name) for file in files):
        info = _info(repository, _CONVERTED)
        files = _files(info, None, folder=config)
    if not any(_is_data(file.name) for file in files):
        raise bad_input(
            f"The data set {repository} cannot be opened.",
            "It holds no file of a known kind, and the Hub has made no Parquet copy of it.",
            f"Choose a data set with files of these kinds: {listed(_DATA)}.",
            field=_FIELD,
        )
    licence = card.get("license") or ""
    return HubData(
        repository,
        chosen,
        configs,
        str(info.sha),
        files,
        listed([licence] if isinstance(licence, str) else licence),
    )


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
    data = name if isinstance(name, HubData) else size_of(name)
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
            field=_FIELD,
        )
    _fetch(data, work / "raw", lambda share: progress(0.9 * share), check)
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
            field=_FIELD,
        )


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT", "").strip() or None


def _info(name: str, revision: str | None) -> Any:
    from huggingface_hub import HfApi

    try:
        return HfApi(endpoint=_endpoint()).dataset_info(name, revision=revision, files_metadata=True)
    except Exception as error:  # the Hub's, its client's and the network's errors have no common base
        raise _refused(name, error) from error


def _refused(name: str, error: Exception) -> WorkbenchError:
    """The Hub's answer in plain words."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, HFValidationError):
        cause, remedy = "A name of the Hub is written owner/name.", "Copy the name from the data set's page."
    elif isinstance(error, GatedRepoError):
        cause = "Its owner lets in only those who have agreed to terms."
        remedy = "Agree to them on its page, log in with a token (HF_TOKEN), and try again."
    elif isinstance(error, RepositoryNotFoundError):
        cause = "The Hub has no data set of this name, or it is private."
        remedy = "Check the name; for a private one, log in with a token (HF_TOKEN)."
    elif isinstance(error, RevisionNotFoundError):
        cause = "It holds no file of a known kind, and the Hub has made no Parquet copy of it."
        remedy = f"Choose a data set with files of these kinds: {listed(_DATA)}."
    else:
        cause = "The Hub could not be reached, or broke off."
        remedy = "Check the network (and HF_ENDPOINT, where it is set), and try again; what is there already is kept."
    details = f"{type(error).__name__}: {error}"
    return WorkbenchError(
        Problem(f"The data set {name} was not downloaded.", cause, remedy, details, _FIELD), usage=False
    )


def _chosen(name: str, config: str, described: list[dict[str, Any]]) -> str:
    """The configuration to use: the one that is named, the usual one, or the only one."""
    names = [str(c["config_name"]) for c in described]
    if config and names and config not in names:
        raise bad_input(
            f"The data set {name} has no configuration “{config}”.",
            f"It has {listed(names, 20)}.",
            f"{did_you_mean(config, names)} Write {name}:{names[0]}, for example.".strip(),
            field=_FIELD,
        )
    if config or len(names) < 2:
        return config or (names[0] if names else "")
    usual = [str(c["config_name"]) for c in described if c.get("default") or c["config_name"] == "default"]
    if usual:
        return usual[0]
    raise bad_input(
        f"The data set {name} has several configurations.",
        f"They are {listed(names, 20)}.",
        f"Name one of them: {name}:{names[0]}, for example.",
        field=_FIELD,
    )


def _files(info: Any, config: dict[str, Any] | None, folder: str = "") -> tuple[HubFile, ...]:
    """The data files of a configuration, and the card."""
    found = [HubFile(str(s.rfilename), int(s.size or 0)) for s in info.siblings or ()]
    patterns = _patterns(config)
    kept = []
    for file in found:
        wanted = _is_data(file.name) and (
            not patterns or any(fnmatch.fnmatch(file.name, p) for p in patterns)
        )
        wanted = wanted and (not folder or file.name.startswith(f"{folder}/"))
        if wanted or file.name in _CARDS:
            kept.append(file)
    return tuple(kept)


def _patterns(config: dict[str, Any] | None) -> list[str]:
    """The patterns of a configuration's files; a card gives one, a list, or some for each split."""
    given = config or {}
    entries = given.get("data_files") or (f"{given['data_dir']}/*" if given.get("data_dir") else None)
    found: list[str] = []
    for entry in entries if isinstance(entries, list) else [entries]:
        path = entry.get("path") if isinstance(entry, dict) else entry
        found += [str(p) for p in (path if isinstance(path, list) else [path]) if p]
    return found


def _is_data(name: str) -> bool:
    path = Path(name)
    if path.name in _CARDS or any(part.startswith((".", "__", "/")) for part in path.parts):
        return False
    endings = [ending.lower() for ending in path.suffixes]
    return bool(endings) and (endings[-1] in _DATA or endings[-1] in _PACKED)


def _fetch(
    data: HubData, raw: Path, progress: Callable[[float], object], check: Callable[[], object]
) -> None:
    """Download the files one after another; the client keeps what was broken off and goes on with it."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import tqdm

    size = max(1, data.size)
    done = 0

    class Bar(tqdm):
        """The client's progress bar, which is told to the caller and drawn nowhere."""

        def __init__(self, *args: Any, **given: Any) -> None:
            self._read = int(given.get("initial") or 0)
            super().__init__(*args, **{**given, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            self._read += int(n or 0)
            check()
            progress(min(1.0, (done + self._read) / size))

    for file in data.files:
        check()
        try:
            hf_hub_download(
                data.name,
                file.name,
                repo_type="dataset",
                revision=data.revision,
                local_dir=raw,
                endpoint=_endpoint(),
                tqdm_class=Bar,
            )
        except Exception as error:
            # The caller's own, and the disk's, have words of their own.
            ours = type(error).__module__.startswith(("huggingface_hub", "httpx", "httpcore"))
            if not ours and not isinstance(error, ConnectionError | TimeoutError):
                raise
            raise _refused(data.name, error) from error
        done += file.size
        progress(min(1.0, done / size))


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
                _FIELD,
            ),
            usage=False,
        )
