"""Data, measured: how soon a large CSV shows its first rows, when it is counted, and what memory that takes.

    python benchmarks/data.py open --megabytes 1000

The file is generated: short texts, one in ten quoted with a line break inside, and a label. Each contestant opens it
in a fresh process, with the libraries imported before the clock runs and the file in the system's cache for all.
`pandas` is `read_csv` with every column as text, which is what the workbench does.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

Answer = dict[str, Any]
_ROWS_SHOWN = 200
_DISTINCT = 20_000


def make_csv(path: Path, megabytes: int) -> int:
    """Write a CSV of about that size; the number of its rows."""
    chance = random.Random(0)
    words = [f"word{i}" for i in range(5000)]
    lines = []
    for i in range(_DISTINCT):
        text = " ".join(chance.choices(words, k=chance.randrange(3, 40)))
        lines.append(f'"{text},\nso it is",{i % 5}\n' if i % 10 == 0 else f"{text},{i % 5}\n")
    rows = 0
    with path.open("wb") as file:
        file.write(b"id,text,label\n")
        while file.tell() < megabytes * 1_000_000:
            for line in lines:
                file.write(f"{rows},{line}".encode())
                rows += 1
    return rows


def peak_memory() -> Answer:
    """The process's largest resident memory, and what of it is its own now rather than a mapped file; in MB."""
    own = 0
    status = Path("/proc/self/status")
    if status.exists():
        own = int(status.read_text(encoding="ascii").split("RssAnon:")[1].split()[0]) // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
        1024 if sys.platform == "linux" else 1024**2
    )
    return {"peak": peak, "own": own}


def first(path: Path, cache: Path) -> int:
    """The workbench's first rows."""
    from workbench.data.tables import peek

    return peek(path, rows=_ROWS_SHOWN).rows


def full(path: Path, cache: Path) -> int:
    """The workbench's whole table."""
    from workbench.data.format import Opening
    from workbench.data.tables import open_table

    return open_table(path, Opening(cache=cache)).rows


def whole_pandas(path: Path, cache: Path) -> int:
    """What `pandas.read_csv` makes of it."""
    import pandas  # type: ignore[import-untyped]

    return len(pandas.read_csv(path, dtype=str, keep_default_na=False))


def first_pandas(path: Path, cache: Path) -> int:
    """Its first rows."""
    import pandas

    return len(pandas.read_csv(path, dtype=str, keep_default_na=False, nrows=_ROWS_SHOWN))


CONTESTANTS: dict[str, tuple[str, Callable[[Path, Path], int]]] = {
    "first": ("workbench, first rows", first),
    "first-pandas": ("pandas, first rows", first_pandas),
    "full": ("workbench, all rows", full),
    "again": ("workbench, all rows, second time", full),
    "pandas": ("pandas, all rows", whole_pandas),
}


def measure(name: str, path: Path, cache: Path) -> Answer:
    """One contestant, in this process."""
    if "pandas" in name:
        import pandas  # noqa: F401
    else:
        import pyarrow.csv  # noqa: F401

        from workbench.data.format import all_formats

        all_formats()
    before = peak_memory()["peak"]
    begun = time.perf_counter()
    rows = CONTESTANTS[name][1](path, cache)
    return {"seconds": time.perf_counter() - begun, "rows": rows, "before": before, **peak_memory()}


def in_fresh_process(name: str, path: Path, cache: Path) -> Answer:
    """The same, in a process of its own."""
    command = [sys.executable, __file__, "one", name, str(path), str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def opening(megabytes: int) -> None:
    """Print the times, the memory, and the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "large.csv"
        rows = make_csv(path, megabytes)
        size = path.stat().st_size / 1e6
        print(f"{size:.0f} MB, {rows} rows")
        found = {}
        for one, (title, _) in CONTESTANTS.items():
            found[one] = answer = in_fresh_process(one, path, folder / "cache")
            rate = f"{size / answer['seconds']:7.0f} MB/s" if answer["rows"] == rows else " " * 12
            print(
                f"{title:34s} {answer['seconds']:8.3f} s {rate}  {answer['rows']:9d} rows  "
                f"peak {answer['peak']:5d} MB (before {answer['before']:4d}, own at the end {answer['own']:5d})"
            )
        assert found["full"]["rows"] == found["again"]["rows"] == found["pandas"]["rows"] == rows
        print(
            f"all rows, workbench / pandas: {found['full']['seconds'] / found['pandas']['seconds']:.2f} of the time"
        )
        print(f"second time / first time:     {found['again']['seconds'] / found['full']['seconds']:.4f}")
        print(f"peak memory, workbench / pandas: {found['full']['peak'] / found['pandas']['peak']:.2f}")
        print(f"peak memory / size of the file:  {found['full']['peak'] / size:.2f}")


def main() -> None:
    """Take the part from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest="part", required=True)
    open_part = parts.add_parser("open", help="opening a large CSV")
    open_part.add_argument("--megabytes", type=int, default=200, help="size of the generated file")
    one = parts.add_parser("one", help=argparse.SUPPRESS)
    one.add_argument("name", choices=CONTESTANTS)
    one.add_argument("path", type=Path)
    one.add_argument("cache", type=Path)
    args = parser.parse_args()
    if args.part == "open":
        opening(args.megabytes)
    else:
        print(json.dumps(measure(args.name, args.path, args.cache)))


if __name__ == "__main__":
    main()
