"""How fast training is, and how good what comes of it, beside transformers' Trainer and beside a bare loop.

Run: python benchmarks/training.py [--case sst2 lora shakespeare news] [--rounds N] [--quick] [--window]. One
measurement is one fresh process; the contestants take turns, so that a change of the machine's speed meets all of
them, and ratios are taken within a round, which has a seed of its own. What is printed is a Markdown table of the
medians for docs/benchmarks.md.

The contestants: the workbench with its journal; `Trainer` with its defaults and dynamic padding (float32, the same
batch size, rate and schedule); `Trainer` with its best arguments (bfloat16, fused AdamW, group by length); and a
bare loop with the workbench's batches and levers, which shows what the engine costs. With --window, the workbench
in its window with plots being drawn. `benchmarks/contestants.py` says what the clock covers.

The cases, one epoch each, from the folder of --data:

- sst2: all weights of MiniLM on the 6 920 sentences of SST-2, batches of 32; held-out: its dev rows.
- lora: the same with LoRA on all linear layers.
- shakespeare: SmolLM2 on about 320 blocks of 128 tokens of tinyshakespeare, batches of 16; held-out: the end of the
  text. The model must be there: workbench models fetch smollm2, and --models for the shelf that it is on.
- news: texts as unlike in length as news are. SST-2 sentences of one class are strung together, as many as a
  log-normal number says (median 1.6, sigma 1.1, 1 to 30); 1 600 texts to learn from and 300 of other sentences
  held out; texts are cut at 512 tokens; the workbench takes batches of a token budget.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CASES = ("sst2", "lora", "shakespeare", "news")
NAMES = {
    "ours": "workbench",
    "window": "workbench, in its window",
    "defaults": "Trainer, defaults and dynamic padding",
    "best": "Trainer, bf16, fused, group by length",
    "bare": "bare loop, same batches and levers",
}
#: The share of a case's rows that --quick takes.
QUICK = 0.05

Rows = list[tuple[str, str]]


def sentences(path: Path) -> Rows:
    """SST-2's rows as (text, class)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        (text, {"0": "negative", "1": "positive"}[label])
        for text, _, label in (line.rpartition("\t") for line in lines)
    ]


def strung_together(rows: Rows, count: int, seed: int) -> Rows:
    """Long-tailed texts of one class each; see the top of this file."""
    chance = random.Random(seed)
    by_class = {label: [text for text, own in rows if own == label] for label in ("negative", "positive")}
    made = []
    for i in range(count):
        label = ("negative", "positive")[i % 2]
        parts = min(30, max(1, round(math.exp(chance.gauss(math.log(1.6), 1.1)))))
        made.append((" . ".join(chance.choices(by_class[label], k=parts)), label))
    return made


def write_rows(path: Path, rows: Iterable[tuple[str, str]]) -> str:
    """A CSV with the columns text and label."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        writer.writerows(rows)
    return str(path)


def make_recipe(case: str, data: Path, folder: Path, share: float, device: str) -> dict[str, Any]:
    """Write a case's files; returns its recipe."""
    trains: dict[str, Any] = {
        "epochs": 1.0,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "device": device,
        "eval_every": 1_000_000,
        "checkpoint_every": 1_000_000,
    }
    recipe: dict[str, Any] = {"model": {"source": "minilm"}, "training": trains}
    if case == "shakespeare":
        text = (data / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
        size = int(320 * 128 * 2.9 * share)  # letters; SmolLM2 has about 2.9 to a token here
        (folder / "train.txt").write_text(text[:size], encoding="utf-8")
        (folder / "held-out.txt").write_text(text[-int(12_000 * share) :], encoding="utf-8")
        files = {"train": str(folder / "train.txt"), "validation": str(folder / "held-out.txt")}
        trains |= {"batch_size": 16, "max_length": 128, "learning_rate": 5e-5}
        return recipe | {"model": {"source": "smollm2"}, "task": {"kind": "causal-lm"}, "data": files}
    rows, held_out = (sentences(data / "sst2" / name) for name in ("train.tsv", "dev.tsv"))
    random.Random(0).shuffle(rows)
    if case == "news":
        rows, held_out = strung_together(rows, 1600, 1), strung_together(held_out, 300, 2)
        trains |= {"max_length": 512, "batching": "token-budget"}
    if case == "lora":
        recipe["weights"] = {"kind": "lora"}
        trains["learning_rate"] = 1e-3
    files = {
        "train": write_rows(folder / "train.csv", rows[: int(len(rows) * share)]),
        "validation": write_rows(folder / "held-out.csv", held_out[: max(40, int(len(held_out) * share))]),
    }
    return recipe | {"data": files | {"text": "text", "label": "label"}}


def measured(who: str, recipe: dict[str, Any], models: Path | None) -> dict[str, Any]:
    """What one contestant says of itself in a fresh process with a home of its own; `wall` is the whole process."""
    with tempfile.TemporaryDirectory() as home:
        if models is not None:
            (Path(home) / "models").symlink_to(models)
        job = json.dumps({"who": who, "home": home, "recipe": recipe})
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(ROOT / "benchmarks" / "contestants.py"), job],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
        )
        if done.returncode:
            sys.exit(f"{who} failed:\n{done.stderr[-4000:]}")
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        answer["wall"] = time.perf_counter() - began
    if "seconds" in answer:  # of the whole epoch: the first step takes what an average one takes
        answer["epoch"] = answer["seconds"] * (answer["steps"] + 1) / answer["steps"]
    return answer


def run_case(
    case: str, recipe: dict[str, Any], who: list[str], rounds: int, models: Path | None
) -> dict[str, list[dict[str, Any]]]:
    """All rounds of a case; each has a seed of its own and begins with another contestant."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in (*who, "peak")}
    for turn in range(rounds):
        first = turn % len(who)
        recipe["training"]["seed"] = turn
        for name in ("peak", *who[first:], *who[:first]):
            answer = measured(name, recipe, models)
            found[name].append(answer)
            told = f"{answer['peak'] / 1e12:.2f} TFLOP/s" if name == "peak" else f"{answer['epoch']:.1f} s"
            print(f"{case}, round {turn + 1}: {name}: {told}", file=sys.stderr, flush=True)
    return found


def ratios(found: dict[str, list[dict[str, Any]]], name: str, base: str, key: str) -> list[float]:
    """How many times as long `name` takes as `base`, round by round."""
    return [a[key] / b[key] for a, b in zip(found[name], found[base], strict=True)]


def spread(values: list[float]) -> str:
    """The median, with the least and the greatest where there are several."""
    middle = f"{statistics.median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} [{min(values):.2f} to {max(values):.2f}]"


def print_table(case: str, found: dict[str, list[dict[str, Any]]]) -> None:
    """One Markdown table: everyone beside the workbench."""
    peak = statistics.median([one["peak"] for one in found["peak"]])
    one = found["ours"][0]
    print(f"\n### {case}\n")
    print(
        f"{one['rows']} rows, {one['tokens']:.0f} tokens; matmul peak {peak / 1e12:.2f} TFLOP/s in bfloat16\n"
    )
    measure = "loss" if case == "shakespeare" else "accuracy"
    print(f"| | epoch, s | workbench is faster by | whole process, s | held-out {measure} | of the peak |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, answers in found.items():
        if name == "peak":
            continue
        middle = {k: statistics.median([a[k] for a in answers]) for k in ("epoch", "wall", measure)}
        share = statistics.median(
            [a["flops"] / a["epoch"] / p["peak"] for a, p in zip(answers, found["peak"], strict=True)]
        )
        times = "1" if name == "ours" else spread(ratios(found, name, "ours", "epoch"))
        print(
            f"| {NAMES[name]} | {middle['epoch']:.1f} | {times} | {middle['wall']:.1f} | "
            f"{middle[measure]:.3f} | {share:.1%} |"
        )
    sys.stdout.flush()


def main() -> None:
    """Measure the wanted cases and print their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", nargs="+", choices=CASES, default=["sst2"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--quick", action="store_true", help="a twentieth of the rows and one round: does it work?"
    )
    parser.add_argument("--share", type=float, default=1.0, help="the share of the rows to learn from")
    parser.add_argument(
        "--window", action="store_true", help="only: the workbench with and without its window"
    )
    parser.add_argument("--who", nargs="+", choices=list(NAMES), help="only these, beside the workbench")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--models", type=Path, help="a model shelf (the folder models of a home), for smollm2"
    )
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    args = parser.parse_args()
    who = ["ours", *(["window"] if args.window else args.who or ["defaults", "best", "bare"])]
    if not args.data.is_dir():
        sys.exit(f"The folder {args.data} is not there: give the data's place with --data.")
    for case in args.case:
        with tempfile.TemporaryDirectory() as folder:
            recipe = make_recipe(
                case, args.data, Path(folder), QUICK if args.quick else args.share, args.device
            )
            models = args.models.resolve() if args.models else None
            print_table(case, run_case(case, recipe, who, 1 if args.quick else args.rounds, models))


if __name__ == "__main__":
    main()
