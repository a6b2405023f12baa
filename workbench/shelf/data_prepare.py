"""Lays a downloaded data set out as Arrow files, in a process of its own: `python -P data_prepare.py RAW OUT [CONFIG]`.

The library that does it holds the interpreter for a quarter of a second at a time, which a window would feel. It runs
without the network: everything that it needs lies in the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path


def prepare(raw: Path, out: Path, config: str) -> None:
    """Write every split of the data in `raw` to `out`, as the datasets library's own Arrow files.

    Args:
        raw: The data set's files, with its card where there is one.
        out: The folder for the Arrow files.
        config: Which of several configurations; empty for the only or the usual one.
    """
    import datasets  # type: ignore[import-untyped]

    datasets.disable_progress_bars()
    cache = str(raw.parent / "cache")
    builder = datasets.load_dataset_builder(str(raw), config or None, cache_dir=cache)
    builder.download_and_prepare(str(out), verification_mode="no_checks")


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")
