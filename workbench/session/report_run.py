"""What a report says of the run itself: what was asked, how it went, its samples, its recipe, and what it took."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from html import escape
from typing import Any

from workbench.run.energy import Energy, energy_of
from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.problem import Problem
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_fields
from workbench.run.sources import title_of
from workbench.session.load_snippet import load_snippet
from workbench.session.panels import panels
from workbench.session.report_page import section, table
from workbench.session.svg import panel_svg


def lead(folder: RunFolder, history: History, recipe: Recipe | None) -> str:
    """The run in one line: model, data, device, status and speed."""
    words = []
    if recipe:
        words.append(f"{recipe.model.source} on {recipe.data.train}, {recipe.task.kind}")
    started, ended = history.started, history.ended
    if started:
        words.append(f"{started.device}, {started.precision}")
    status = folder.status(history)
    steps = f"{history.step} of {started.total_steps} steps" if started else "no step"
    words.append(f"{status} after {steps}")
    if ended and ended.seconds:
        words.append(f"{ended.seconds:.0f} s of training, {ended.samples / ended.seconds:.0f} samples/s")
    if history.first_time:
        words.append(time.strftime("%Y-%m-%d %H:%M", time.localtime(history.first_time)))
    return " · ".join(words)


def problem_section(problem: Problem | None) -> str:
    """What went wrong, where something did."""
    if problem is None:
        return ""
    lines = [f"<p>{escape(text)}</p>" for text in (problem.cause, problem.remedy) if text]
    if problem.details:
        lines.append(f"<details><summary>Details</summary><pre>{escape(problem.details)}</pre></details>")
    return section(problem.title, "".join(lines) or " ", "problem")


def plots_section(history: History) -> str:
    """The curves."""
    figures = "".join(panel_svg(panel) for panel in panels(history))
    return f'<div class="plots">{figures}</div>' if figures else ""


def samples_of(folder: RunFolder) -> list[dict[str, Any]]:
    """The rows that the run kept as samples: what it was asked and what it answered; none where there are none."""
    rows: Any = None
    with suppress(OSError, ValueError):
        rows = json.loads((folder.path / "samples.json").read_text(encoding="utf-8"))
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else []


def samples_section(folder: RunFolder) -> str:
    """The rows that the run kept as samples."""
    rows = samples_of(folder)
    if not rows:
        return ""
    if "prompt" in rows[0]:
        columns = [("prompt", "Prompt"), ("before", "Before the training"), ("after", "After it")]
    else:
        columns = [
            ("text", "Text"),
            ("true", "True"),
            ("predicted", "Predicted"),
            ("probability", "Probability"),
        ]
    head = "".join(f"<th>{name}</th>" for _, name in columns)
    lines = []
    for row in rows[:40]:
        cells = "".join(f'<td class="text">{escape(_value(row.get(key)))}</td>' for key, _ in columns)
        wrong = "predicted" in row and row.get("true") != row.get("predicted")
        lines.append(f'<tr class="{"wrong" if wrong else ""}">{cells}</tr>')
    return f'<div class="wide"><table class="texts"><tr>{head}</tr>{"".join(lines)}</table></div>'


def _value(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if len(text) <= 600 else f"{text[:600]} …"


def notices_section(history: History) -> str:
    """What was said on the way."""
    lines = [f'<li class="{notice.level}">{escape(notice.text)}</li>' for notice in history.notices]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def asked_section(folder: RunFolder, recipe: Recipe | None, history: History) -> str:
    """The run in a few lines; the recipe says everything."""
    if recipe is None:
        return ""
    kind, weights, training = recipe.task.kind, recipe.weights.kind, recipe.training
    rows = [
        ("Task", kind),
        ("Begins with", recipe.model.source),
        ("Learns from", title_of(recipe.data.train)),
    ]
    rows.append(("What is trained", "all weights" if weights == "all" else weights))
    rows.append(
        (
            "Training",
            f"{training.epochs:g} epochs, batch size {training.batch_size}, learning rate "
            f"{training.learning_rate:g}, seed {training.seed}",
        )
    )
    if history.started:
        rows.append(("Size", f"{history.started.parameters / 1e6:.1f} million weights"))
    rows.append(("Run", folder.name))
    return table((), rows)


def recipe_section(recipe: Recipe | None) -> str:
    """Every field of the recipe; those that were left as they were are folded away."""
    if recipe is None:
        return ""
    changed: list[tuple[str, str, str]] = []
    untouched: list[tuple[str, str, str]] = []
    for path, row in recipe_fields().items():
        value = recipe.value(path)
        said = "; ".join(map(str, value)) if isinstance(value, tuple) else f"{value} {row.unit}".strip()
        line = (row.title, said or "—", path)
        (changed if value != row.default or not row.advanced else untouched).append(line)
    more = f"<details><summary>Fields left as they were</summary>{table((), untouched)}</details>"
    return table((), changed) + (more if untouched else "")


def cost_section(folder: RunFolder, history: History) -> str:
    """How long it took, and what energy the machine's own meters counted."""
    rows = []
    if history.first_time and history.last_time:
        rows.append(("From beginning to end", duration(history.last_time - history.first_time)))
    ended = history.ended
    if ended and ended.seconds:
        speed = f", {ended.samples / ended.seconds:.0f} rows a second"
        rows.append(("Training alone", f"{duration(ended.seconds)}{speed}"))
    if not rows:
        return ""
    return table((), [*rows, ("Energy", _energy(energy_of(folder.path), history))])


def _energy(found: Energy | None, history: History) -> str:
    """What the meters counted, and which of those that matter could not be read."""
    if found is None:
        return "not measured: this machine shows no meter that may be read (RAPL of the processor, NVML of the GPU)"
    told = f"{found.in_words()}. Everything that the machine did meanwhile is counted."
    needed = {"processor": "processor (RAPL)"}
    if history.started and not history.started.device.endswith(("thread", "threads")):  # a processor
        needed["GPU"] = "GPU (NVML)"
    absent = [words for name, words in needed.items() if name not in found.joules]
    return (
        f"{told} Not measured: the {' and the '.join(absent)}, whose meter cannot be read."
        if absent
        else told
    )


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def environment_section(values: dict[str, Any]) -> str:
    """Versions, device and seed."""
    rows = _flat(values)
    return table((), rows) if rows else ""


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            rows += _flat(value, f"{name} · ")
        else:
            rows.append((name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return rows


def load_section(folder: RunFolder, recipe: Recipe | None, history: History) -> str:
    """How the model is loaded in Python."""
    if not folder.model.is_dir():
        return ""
    task = history.started.task if history.started else recipe.task.kind if recipe else ""
    weights = recipe.weights.kind if recipe else "all"
    return f"<pre>{escape(load_snippet(task, weights, str(folder.model)))}</pre>"
