"""How a run came out, as the stable JSON object of `train`, `resume` and `runs`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.cli.console import problem_as_plain
from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.problem import Problem


def outcome(folder: RunFolder, history: History) -> dict[str, Any]:
    """The run as plain values: run, status, steps, seconds, samples_per_second, metrics, problem.

    `seconds` is training only; `samples_per_second` is over those seconds and None before there are any;
    `metrics` are the held-out ones of the weights that were kept.
    """
    ended = history.ended
    measured = history.best_evaluation or history.last_evaluation
    seconds = ended.seconds if ended else 0.0
    return {
        "run": str(folder.path),
        "status": folder.status(history),
        "steps": ended.step if ended and ended.step else history.step,
        "seconds": round(seconds, 3),
        "samples_per_second": round(ended.samples / seconds, 2) if ended and seconds > 0 else None,
        "metrics": dict(ended.metrics if ended and ended.metrics else measured.metrics if measured else {}),
        "problem": problem_as_plain(ended.problem if ended else None),
    }


def refusal(problems: Sequence[Problem]) -> dict[str, Any]:
    """The same object where nothing was run; `problems` then lists every complaint."""
    return {
        "run": None,
        "status": "failed",
        "steps": 0,
        "seconds": 0.0,
        "samples_per_second": None,
        "metrics": {},
        "problem": problem_as_plain(problems[0]),
        "problems": [problem_as_plain(problem) for problem in problems],
    }


def metrics_in_words(metrics: dict[str, float]) -> str:
    """Metrics as a person reads them: "accuracy 0.912, macro F1 0.905, loss 0.31"."""
    names = {"f1_macro": "macro F1", "f1_micro": "micro F1", "r2": "R²"}
    order = sorted(metrics, key=lambda name: (name == "loss", list(metrics).index(name)))
    return ", ".join(f"{names.get(name, name)} {metrics[name]:.4g}" for name in order)
