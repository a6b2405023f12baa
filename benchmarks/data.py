"""Data, measured: opening a large CSV, profiling and tokenising a million texts, and how smooth the window stays.

    python benchmarks/data.py open --megabytes 1000
    python benchmarks/data.py million
    python benchmarks/data.py ticks

Each part takes some minutes on a machine that does nothing else, and prints its goals; `--rows 100000` is a quick try.

- open: first rows, all rows and the second opening of a CSV of short texts, one in ten quoted with a line break inside,
  beside `pandas.read_csv` with every column as text. Each contestant in a fresh process, with the libraries imported
  before the clock runs and the file in the system's cache for all.
- million: a table of short texts is opened, profiled, searched for problems, and cut into tokens, in a process of its
  own: seconds, and the peak of resident memory after each. Then the tokens once more, from the cache.
- ticks: the lateness of a 10 ms timer in the real window, with nothing at work, while the Data page does the same, and
  while texts are cut into tokens. With --why, what the threads were doing when a tick was late.

`million` and `ticks` need the embedded model minilm (workbench models fetch minilm).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

Answer = dict[str, Any]
_ROWS_SHOWN = 200
_DISTINCT = 20_000
_MAX_LENGTH = 128


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


def in_fresh_process(*arguments: str | Path) -> Answer:
    """What this file answers when it is called with these arguments."""
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def goal(what: str, value: float, most: float, unit: str = "") -> None:
    """Print a figure beside its goal."""
    print(f"{what:42s} {value:8.3f}{unit}, goal: below {most}{unit}: {'met' if value < most else 'MISSED'}")


# ---- open


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


def open_once(name: str, path: Path, cache: Path) -> Answer:
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


def opening(folder: Path, megabytes: int) -> None:
    """Print the times, the memory, and the ratios."""
    path = folder / "large.csv"
    rows = make_csv(path, megabytes)
    size = path.stat().st_size / 1e6
    print(f"{size:.0f} MB, {rows} rows")
    found = {}
    for one, (title, _) in CONTESTANTS.items():
        found[one] = answer = in_fresh_process("one-opening", one, path, folder / "cache")
        rate = f"{size / answer['seconds']:7.0f} MB/s" if answer["rows"] == rows else " " * 12
        print(
            f"{title:34s} {answer['seconds']:8.3f} s {rate}  {answer['rows']:9d} rows  "
            f"peak {answer['peak']:5d} MB (before {answer['before']:4d}, own at the end {answer['own']:5d})",
            flush=True,
        )
    assert found["full"]["rows"] == found["again"]["rows"] == found["pandas"]["rows"] == rows
    goal("first rows", found["first"]["seconds"], 1.0, " s")
    full, again, pandas = found["full"], found["again"], found["pandas"]
    print(f"all rows, workbench / pandas:    {full['seconds'] / pandas['seconds']:.2f} of the time")
    print(f"second time / first time:        {again['seconds'] / full['seconds']:.4f}")
    print(f"peak memory, workbench / pandas: {full['peak'] / pandas['peak']:.2f}")
    print(f"peak memory / size of the file:  {full['peak'] / size:.2f}")


# ---- million


def write_texts(path: Path, rows: int) -> Path:
    """A CSV of short texts in four classes, of words as frequent as those of a language; 2 % are (near) copies."""
    import numpy as np

    known = json.loads((minilm() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    # The vocabulary's order is that of how frequent words are, but for its first thousand tokens.
    words = np.array([word for word in known if len(word) > 1 and word.isascii() and word.isalpha()][:8000])
    chance = np.random.default_rng(0)
    weights = np.cumsum(1 / (np.arange(len(words)) + 3.0))
    with path.open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        for start in range(0, rows, 10_000):
            lengths = chance.integers(6, 30, min(10_000, rows - start))
            drawn = words[np.searchsorted(weights, chance.random(lengths.sum()) * weights[-1])]
            ends = np.cumsum(lengths)
            texts = [" ".join(drawn[end - length : end]) for end, length in zip(ends, lengths, strict=True)]
            texts[1::100] = texts[0::100]
            texts[3::100] = [f"{text} {text[:4]}" for text in texts[2::100]]
            file.writelines(f"{text},class {row % 4}\n" for row, text in enumerate(texts, start))
    return path


def all_of_it(path: Path, home: Path) -> Answer:
    """Open, profile, look for problems, tokenise and tokenise again, in this process."""
    from workbench.data.check import all_checks
    from workbench.data.column_profile import profile_columns
    from workbench.data.format import Opening
    from workbench.data.frame import frame_of
    from workbench.data.languages import languages_of
    from workbench.data.profile import profile
    from workbench.data.step import Context
    from workbench.data.tables import open_table
    from workbench.engine.encoding import keeping_tokens, token_ids
    from workbench.engine.loading import load_tokenizer

    model = minilm()
    tokenizer = load_tokenizer(model)
    found: Answer = {"before": peak_memory()["peak"], "steps": {}}

    @contextmanager
    def step(name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        found["steps"][name] = {"seconds": time.perf_counter() - begun, **peak_memory()}

    with step("open"):
        table = open_table(path, Opening(cache=home))
    frame = frame_of(table, "text", "label")
    with step("profile"):
        file = model / "tokenizer.json"
        profile(table, "text", "label", file, _MAX_LENGTH)
        profile_columns(frame)
        languages_of(frame, "text")
    found["findings"] = {}
    for check in all_checks():
        with step(f"find {check.kind}"):
            problems = check.find(frame, None, Context(max_length=_MAX_LENGTH, tokenizer_file=file))
            found["findings"][check.kind] = sum(problem.count for problem in problems)
    with step("row keys"):
        frame.make_keys(lambda: None)
    with step("texts"):
        texts = [text or "" for text in table.column("text")]
    with keeping_tokens(home / "tokens"):
        for name in ("tokens", "tokens again"):
            with step(name):
                ids = token_ids(tokenizer, texts, truncation=True, max_length=_MAX_LENGTH)
            found["tokens"] = sum(map(len, ids))
            del ids
    return found


def minilm() -> Path:
    """The folder of the model whose tokens are made."""
    from workbench.run.home import find_home
    from workbench.shelf.models import resolve_model

    return resolve_model("minilm", find_home()).path


def million(folder: Path, rows: int) -> None:
    """Print seconds and memory of each step, and the goals."""
    path = write_texts(folder / "texts.csv", rows)
    print(f"{path.stat().st_size / 1e6:.0f} MB, {rows} rows", flush=True)
    answer = in_fresh_process("one-million", path, folder / "cache")
    print(f"{'libraries and the tokenizer':34s} {'':10s}  peak {answer['before']:5d} MB")
    for name, one in answer["steps"].items():
        told = f"  {answer['findings'][name[5:]]} found" if name.startswith("find ") else ""
        print(f"{name:34s} {one['seconds']:8.3f} s  peak {one['peak']:5d} MB (own {one['own']:5d}){told}")
    steps = answer["steps"]
    print(f"{answer['tokens']} tokens, {answer['tokens'] / rows:.1f} a text")
    goal("peak resident memory", max(one["peak"] for one in steps.values()) / 1000, 1.5, " GB")
    goal(
        "tokens, second time / first time",
        steps["tokens again"]["seconds"] / steps["tokens"]["seconds"],
        0.02,
    )


# ---- ticks


def ticks(folder: Path, rows: int, seconds: float, why: bool) -> None:
    """Idle, then the Data page at work, then tokens, then idle again."""
    import numpy as np
    from smoothness import Ticks, open_window, print_ticks, spin, wait

    from workbench.run.recipe import Recipe
    from workbench.session.requests import DataRequest

    file, model = write_texts(folder / "texts.csv", rows), minilm()
    with open_window(folder) as bench:
        workspace = bench.workspace
        bench.window.show_page("data")
        spin(3)
        timer = Ticks(why)

        def measured(what: str, work: Callable[[], Callable[[], bool]] | None) -> list[float]:
            timer.start()
            if work is None:
                spin(seconds)
            else:
                wait(work(), what, 1200)
            return print_ticks(what, timer.stop())

        def look() -> Callable[[], bool]:
            workspace.set_recipe(Recipe.model_validate({"data": {"train": str(file)}}))
            return lambda: not workspace.data_busy and workspace.data is not None and lane_is_free()

        def lane_is_free() -> bool:
            answered: list[object] = []
            ticket = workspace.session.files.submit(
                lambda desk: None, done=answered.append, failed=workspace.problem_raised.emit
            )
            wait(lambda: ticket.over, "the files", 1200)
            return True

        def find() -> Callable[[], bool]:
            ticket = workspace.session.rows.look_for_problems(
                DataRequest.of(workspace.recipe), lambda found: None, workspace.problem_raised.emit
            )
            return lambda: ticket.over

        def tokenise() -> Callable[[], bool]:
            table = workspace.data.table if workspace.data else None
            assert table is not None

            def work(desk: object) -> int:
                from workbench.engine.encoding import keeping_tokens, token_ids
                from workbench.engine.loading import load_tokenizer

                texts = [text or "" for text in table.column("text")]
                with keeping_tokens(folder / "tokens"):
                    return len(
                        token_ids(load_tokenizer(model), texts, truncation=True, max_length=_MAX_LENGTH)
                    )

            ticket = workspace.session.engine.submit(
                work, done=lambda rows: None, failed=workspace.problem_raised.emit
            )
            return lambda: ticket.over

        idle = measured("idle", None)
        busy = [
            *measured(f"the Data page reads and measures {rows} rows", look),
            *measured("problems are looked for", find),
            *measured("tokens are made", tokenise),
            *measured("tokens are taken from the cache", tokenise),
        ]
        idle += measured("idle again", None)
        print_ticks("idle, both", idle)
        print_ticks("all work together", busy)
        p99, idle_p99 = np.percentile(busy, 99), np.percentile(idle, 99)
        goal("p99 at work", float(p99), 20, " ms")
        goal("maximum at work", max(busy), 100, " ms")
        print(
            f"p99, at work / idle: {p99 / max(0.1, idle_p99):.1f}; maximum: {max(busy) / max(0.1, max(idle)):.1f}"
        )


def main() -> None:
    """Take the part from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest="part", required=True)
    part = parts.add_parser("open", help="opening a large CSV")
    part.add_argument("--megabytes", type=int, default=1000, help="size of the generated file")
    part = parts.add_parser("million", help="profiling and tokenising many texts")
    part.add_argument("--rows", type=int, default=1_000_000)
    part = parts.add_parser("ticks", help="the window's timer while data is read")
    part.add_argument("--rows", type=int, default=1_000_000)
    part.add_argument("--seconds", type=float, default=15, help="of each idle measurement")
    part.add_argument("--why", action="store_true")
    part = parts.add_parser("one-opening", help=argparse.SUPPRESS)
    part.add_argument("name", choices=CONTESTANTS)
    part.add_argument("path", type=Path)
    part.add_argument("cache", type=Path)
    part = parts.add_parser("one-million", help=argparse.SUPPRESS)
    part.add_argument("path", type=Path)
    part.add_argument("cache", type=Path)
    args = parser.parse_args()
    if args.part == "one-opening":
        print(json.dumps(open_once(args.name, args.path, args.cache)))
    elif args.part == "one-million":
        print(json.dumps(all_of_it(args.path, args.cache)))
    else:
        if hasattr(os, "getloadavg"):
            print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}", flush=True)
        with tempfile.TemporaryDirectory() as name:
            if args.part == "open":
                opening(Path(name), args.megabytes)
            elif args.part == "million":
                million(Path(name), args.rows)
            else:
                ticks(Path(name), args.rows, args.seconds, args.why)


if __name__ == "__main__":
    main()
