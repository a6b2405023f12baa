"""How many tokens a second a language model is tuned on, beside TRL's SFTTrainer.

Run: python benchmarks/tuning.py --trl PYTHON [--case full lora packed] [--turns N] [--steps N] [--precision bf16|fp32].
PYTHON is an interpreter that has the workbench's packages and trl (`pip install trl`). The model is
SmolLM2-135M-Instruct; it must be there: workbench models fetch smollm2, and --models for the shelf that it is on. The
rows are the first of GSM8K's test questions, from the folder of --data.

Each contestant is a process of its own; both are loaded, and then take turns of a few steps (A B A B), so that a change
of the machine's speed meets both. Both get the same rows of token ids with loss on the answers alone, the same batch
size, precision and method, and fused AdamW. TRL's default of recomputing activations is off: it is slower. The first
turn of each does not count. Tokens are those of the rows, without padding. Peak memory is the most resident memory
during a turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CASES: dict[str, dict[str, Any]] = {
    "full": {"weights": {"kind": "all"}},
    "lora": {"weights": {"kind": "lora"}},
    "packed": {"weights": {"kind": "all"}, "chat": {"packing": True}},
}


class Contestant:
    """A process that learns when it is told to."""

    def __init__(self, python: str, job: dict[str, Any], log: Path, threads: int) -> None:
        self.turns: list[dict[str, Any]] = []
        self.log = log
        self._process = subprocess.Popen(
            [python, str(ROOT / "benchmarks" / "tuners.py"), json.dumps(job)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True,
            env=os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {}),
        )  # fmt: skip
        self._heard()

    def take_turn(self) -> dict[str, Any]:
        """Let it make some steps; what it says of them."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        self.turns.append(self._heard())
        return self.turns[-1]

    def end(self) -> None:
        """It is not needed any more."""
        assert self._process.stdin is not None
        self._process.stdin.write("stop\n")
        self._process.stdin.close()
        self._process.wait(60)

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"A contestant ended:\n{self.log.read_text()[-3000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def make_recipe(case: str, data: Path, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Write the rows; the recipe of a case."""
    lines = (data / "gsm8k" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "train.jsonl").write_text("\n".join(lines[:600]), encoding="utf-8")
    (folder / "held-out.jsonl").write_text("\n".join(lines[600:602]), encoding="utf-8")
    return {
        "model": {"source": "smollm2"},
        "task": {"kind": "chat"},
        "film": {"on": False},
        "pinned": {"on": False},
        "data": {"train": str(folder / "train.jsonl"), "validation": str(folder / "held-out.jsonl")},
        "training": {
            "batch_size": args.batch_size,
            "max_length": 384,
            "max_steps": 10_000,
            "epochs": 1000.0,
            "learning_rate": 5e-5,
            "precision": args.precision,
            "device": "cpu",
            "eval_every": 1_000_000,
            "checkpoint_every": 1_000_000,
        },
        **CASES[case],
    }


def run_case(case: str, args: argparse.Namespace) -> None:
    """Both in turn; prints a line of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe = make_recipe(case, args.data, folder, args)
        both: dict[str, Contestant] = {}
        for who, python in (("ours", sys.executable), ("trl", args.trl)):
            home = folder / who
            home.mkdir()
            if args.models is not None:
                (home / "models").symlink_to(args.models.resolve())
            job = {"who": who, "home": str(home), "recipe": recipe, "steps": args.steps}
            both[who] = Contestant(python, job, folder / f"{who}.log", args.threads)
        try:
            for turn in range(args.turns + 1):
                for who in ("ours", "trl") if turn % 2 else ("trl", "ours"):
                    told = both[who].take_turn()
                    print(
                        f"{case}, turn {turn}: {who}: {told['tokens'] / told['seconds']:.0f} tokens/s, "
                        f"{told['tokens'] / max(1, told['places']):.0%} of the places are tokens",
                        file=sys.stderr, flush=True,
                    )  # fmt: skip
        finally:
            for contestant in both.values():
                contestant.end()
    print_line(case, both)


def print_line(case: str, both: dict[str, Contestant]) -> None:
    """Speeds, the median of the paired ratios, and the peaks."""
    ours, theirs = (both[who].turns[1:] for who in ("ours", "trl"))
    speeds = [[t["tokens"] / t["seconds"] for t in turns] for turns in (ours, theirs)]
    ratios = [a / b for a, b in zip(*speeds, strict=True)]
    used = [[t["tokens"] / t["processor"] for t in turns] for turns in (ours, theirs)]
    by_processor = [a / b for a, b in zip(*used, strict=True)]
    peaks = [max(t["peak"] for t in turns) / 1e9 for turns in (ours, theirs)]
    print(
        f"| {case} | {statistics.median(speeds[0]):.0f} | {statistics.median(speeds[1]):.0f} | "
        f"{statistics.median(ratios):.2f} [{min(ratios):.2f} to {max(ratios):.2f}] | "
        f"{statistics.median(by_processor):.2f} | {peaks[0]:.2f} GB | {peaks[1]:.2f} GB |",
        flush=True,
    )


def main() -> None:
    """Measure the wanted cases and print their table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trl", required=True, metavar="PYTHON")
    parser.add_argument("--case", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--steps", type=int, default=2, help="steps of a turn")
    parser.add_argument(
        "--threads", type=int, default=0, help="of each contestant; 1 where the machine is busy"
    )
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--models", type=Path, help="a model shelf (the folder models of a home), for smollm2"
    )
    args = parser.parse_args()
    if hasattr(os, "getloadavg"):
        print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print(
        "| case | workbench, tokens/s | SFTTrainer, tokens/s | times | by processor time | peak | SFTTrainer's peak |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for case in args.case:
        run_case(case, args)


if __name__ == "__main__":
    main()
