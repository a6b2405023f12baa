"""The files of edits by hand that a home keeps, and the data that each of them belongs to."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.run.home import Home


def edits_folder(home: Home) -> Path:
    """Where edits by hand are kept that were given no place of their own."""
    return home.root / "edits"


def data_of(file: Path) -> str:
    """The source whose rows a file edits (`run.sources.whole_source`); empty where the file does not name one."""
    try:
        with file.open("rb") as lines:
            data = json.loads(lines.readline())["data"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return data if isinstance(data, str) else ""


def kept_edits(home: Home) -> dict[str, Path]:
    """The newest file of edits by hand of each source of data that has one."""
    files = sorted(edits_folder(home).glob("*.jsonl"), key=lambda file: file.stat().st_mtime_ns)
    return {source: file for file in files if (source := data_of(file))}
