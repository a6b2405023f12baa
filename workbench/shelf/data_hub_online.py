"""Talks to the Hugging Face Hub about a data set, in a process of its own: `python -m workbench.shelf.data_hub_online`.

Everything else keeps its libraries from the network; this process is started where a person asks for it, ends with the
answer, and can be ended at any moment. It is told what to do by one JSON value on its standard input and answers by
lines of JSON: shares of what is done, and at last an answer or a problem.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.data.suggest import did_you_mean, listed
from workbench.run.problem import Problem, WorkbenchError, bad_input, explain
from workbench.shelf.data_hub import FIELD, HubData, HubFile, name_and_config

_DATA = (".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".arrow")
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_CARDS = ("README.md", "dataset_infos.json")
#: Where the Hub keeps its own Parquet copy of data sets whose files only a script can read.
_CONVERTED = "refs/convert/parquet"
#: How the datasets library calls the splits that it finds in the names of files.
_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}


def look_up(name: str, first: bool) -> HubData:
    """What a download would bring; `first` takes the first of several configurations where none is named."""
    repository, config = name_and_config(name)
    info = _info(repository, None)
    card: Any = info.card_data.to_dict() if info.card_data else {}
    described = [c for c in card.get("configs") or [] if isinstance(c, dict) and c.get("config_name")]
    configs = tuple(str(c["config_name"]) for c in described)
    chosen = _chosen(repository, config, described, first)
    entry = next((c for c in described if c["config_name"] == chosen), None)
    files = _files(info, entry)
    if not any(_is_data(file.name) for file in files):
        info = _info(repository, _CONVERTED)
        files = _files(info, None, folder=config)
    if not any(_is_data(file.name) for file in files):
        raise bad_input(
            f"The data set {repository} cannot be opened.",
            "It holds no file of a known kind, and the Hub has made no Parquet copy of it.",
            f"Choose a data set with files of these kinds: {listed(_DATA)}.",
            field=FIELD,
        )
    licence = card.get("license") or ""
    return HubData(
        repository,
        chosen,
        configs,
        str(info.sha),
        files,
        listed([licence] if isinstance(licence, str) else licence),
        _splits(entry, files),
    )


def _splits(entry: dict[str, Any] | None, files: tuple[HubFile, ...]) -> tuple[str, ...]:
    """The names of the splits, as far as the card or the names of the files tell them."""
    told = (entry or {}).get("data_files")
    if isinstance(told, list):
        return tuple(str(one["split"]) for one in told if isinstance(one, dict) and one.get("split"))
    found: dict[str, None] = {}
    for file in files:
        words = (
            file.name.lower().replace("-", " ").replace("_", " ").replace("/", " ").replace(".", " ").split()
        )
        found |= {_SPLITS[word]: None for word in words if word in _SPLITS}
    return tuple(found)


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
        Problem(f"The data set {name} was not downloaded.", cause, remedy, details, FIELD), usage=False
    )


def _chosen(name: str, config: str, described: list[dict[str, Any]], first: bool) -> str:
    """The configuration to use: the one that is named, the usual one, or the only one."""
    names = [str(c["config_name"]) for c in described]
    if config and names and config not in names:
        raise bad_input(
            f"The data set {name} has no configuration “{config}”.",
            f"It has {listed(names, 20)}.",
            f"{did_you_mean(config, names)} Write {name}:{names[0]}, for example.".strip(),
            field=FIELD,
        )
    if config or len(names) < 2:
        return config or (names[0] if names else "")
    usual = [str(c["config_name"]) for c in described if c.get("default") or c["config_name"] == "default"]
    if usual or first:
        return (usual or names)[0]
    raise bad_input(
        f"The data set {name} has several configurations.",
        f"They are {listed(names, 20)}.",
        f"Name one of them: {name}:{names[0]}, for example.",
        field=FIELD,
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


def fetch(data: HubData, raw: Path, progress: Callable[[float], object]) -> None:
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
            progress(min(1.0, (done + self._read) / size))

    for file in data.files:
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
            # The disk's have words of their own.
            ours = type(error).__module__.startswith(("huggingface_hub", "httpx", "httpcore"))
            if not ours and not isinstance(error, ConnectionError | TimeoutError):
                raise
            raise _refused(data.name, error) from error
        done += file.size
        progress(min(1.0, done / size))


def main() -> None:
    """Do what standard input says."""
    lines = sys.stdout
    sys.stdout = sys.stderr  # a library that prints must not break the answer

    def tell(**value: Any) -> None:
        lines.write(f"{json.dumps(value)}\n")
        lines.flush()

    asked: Any = json.load(sys.stdin)
    try:
        if "name" in asked:
            tell(data=dataclasses.asdict(look_up(asked["name"], asked["first"])))
            return
        fetch(HubData.read(asked["data"]), Path(asked["raw"]), lambda share: tell(share=share))
        tell(fetched=True)
    except WorkbenchError as error:
        tell(problem=dataclasses.asdict(error.problem), usage=error.usage)
    except Exception as error:
        tell(problem=dataclasses.asdict(explain(error)), usage=False)


if __name__ == "__main__":
    main()
