"""The report of a run: one HTML file with everything in it, which opens without the application or a network."""

from __future__ import annotations

import base64
import json
import time
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.inside.ablation import Importance
from workbench.run.inside.explanation import Explanation
from workbench.run.inside.lens import Lens
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_fields
from workbench.run.results import AttentionMaps
from workbench.run.task_kinds import writes
from workbench.session.cards import loading_code
from workbench.session.inside.film_pictures import film_section
from workbench.session.panels import panels
from workbench.session.pictures import atlas_png
from workbench.session.report_classes import classes_section, confusion_section
from workbench.session.report_inside import (
    change_section,
    explanation_section,
    importance_section,
    kinds_section,
    lens_section,
)
from workbench.session.report_page import page, section, table
from workbench.session.report_pinned import pinned_section
from workbench.session.svg import panel_svg

_METRICS = {
    "f1_macro": "macro F1",
    "f1_micro": "micro F1",
    "f1_samples": "F1 by row",
    "hamming": "wrong answers",
    "r2": "R²",
    "mae": "mean error",
}


def write_report(
    folder: RunFolder,
    *,
    attention: AttentionMaps | None = None,
    explanation: Explanation | None = None,
    lens: Lens | None = None,
    importance: Importance | None = None,
) -> Path:
    """Write `report.html` of a run, at any time of its life.

    Args:
        folder: The run.
        attention: Maps to show as a picture, of the trained model on one text; None for no picture.
        explanation: What made its prediction about that text; None for nothing.
        lens: What it would answer after each layer; None for nothing.
        importance: How much each head matters; None for nothing.

    Raises:
        WorkbenchError: When the file cannot be written, naming it.
    """
    draft = folder.report.with_suffix(".part")
    try:
        draft.write_text(report_html(folder, attention, explanation, lens, importance), encoding="utf-8")
        draft.replace(folder.report)
    except OSError as error:
        raise bad_input(
            f"The report {folder.report} cannot be written.", f"The system says: {error.strerror or error}."
        ) from error
    return folder.report


def report_html(
    folder: RunFolder,
    attention: AttentionMaps | None = None,
    explanation: Explanation | None = None,
    lens: Lens | None = None,
    importance: Importance | None = None,
) -> str:
    """The report as HTML. Everything that came from outside is escaped."""
    history = folder.history()
    recipe = _recipe(folder)
    title = (recipe.name if recipe else "") or folder.name
    names = history.started.class_names if history.started else ()
    measured = history.best_evaluation or history.last_evaluation
    confusion = measured.confusion if measured else ()
    return page(
        title,
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="lead">{escape(_lead(folder, history, recipe))}</p>',
            _problem(history.ended.problem if history.ended else None),
            section("How good it is", _headline(history)),
            section("How it went", _plots(history)),
            section("What is taken for what", confusion_section(confusion, names)),
            section("Each class", classes_section(confusion, names)),
            section("Samples", _samples(folder)),
            section("What it answered as it learned", pinned_section(folder.path)),
            section("Attention", _attention(attention)),
            section("What the heads do", kinds_section(attention)),
            section("Which heads matter", importance_section(importance)),
            section("What made the prediction", explanation_section(explanation)),
            section("After each layer", lens_section(lens)),
            section("What training changed", change_section(folder.path)),
            section("Training film", film_section(folder.path)),
            section("What was said on the way", _notices(history)),
            section("What was asked", _asked(recipe)),
            section("Where it ran", _environment(folder.environment())),
            section("Load the model", _load(folder, history)),
        ],
    )


def _recipe(folder: RunFolder) -> Recipe | None:
    try:
        return folder.recipe()
    except WorkbenchError:  # a report of a damaged run says what is still known
        return None


def _lead(folder: RunFolder, history: History, recipe: Recipe | None) -> str:
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


def _problem(problem: Problem | None) -> str:
    if problem is None:
        return ""
    lines = [f"<p>{escape(text)}</p>" for text in (problem.cause, problem.remedy) if text]
    if problem.details:
        lines.append(f"<details><summary>Details</summary><pre>{escape(problem.details)}</pre></details>")
    return section(problem.title, "".join(lines) or " ", "problem")


def _headline(history: History) -> str:
    measured = history.best_evaluation or history.last_evaluation
    if measured is None:
        return ""
    metrics = sorted(measured.metrics.items(), key=lambda item: item[0] == "loss")
    figures = "".join(_figure(name, value, "held-out") for name, value in metrics)
    test = {
        name[5:]: curve.y[-1] for name, curve in history.curves.items() if name[:5] == "test/" and len(curve)
    }
    figures += "".join(_figure(name, float(value), "test") for name, value in test.items())
    rows = f" on {history.started.validation_rows} held-out rows" if history.started else ""
    return (
        f'<div class="figures">{figures}</div><p class="muted">Measured at step {measured.step}, epoch '
        f"{measured.epoch:.2f}{rows}, which the model never learned from.</p>"
    )


def _plots(history: History) -> str:
    figures = "".join(panel_svg(panel) for panel in panels(history))
    return f'<div class="plots">{figures}</div>' if figures else ""


def _figure(name: str, value: float, split: str) -> str:
    share = name in ("accuracy", "precision", "recall") or name.startswith("f1")
    shown = f"{value:.1%}" if share else f"{value:.4g}"
    return f"<div><b>{shown}</b><small>{split} {escape(_METRICS.get(name, name))}</small></div>"


def _samples(folder: RunFolder) -> str:
    rows: Any = None
    with suppress(OSError, ValueError):
        rows = json.loads((folder.path / "samples.json").read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
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
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def _value(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if len(text) <= 600 else f"{text[:600]} …"


def _attention(maps: AttentionMaps | None) -> str:
    if maps is None:
        return ""
    data = base64.b64encode(atlas_png(maps)).decode("ascii")
    words = f"Attention of every head on: {' '.join(maps.tokens)}"
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{data}">'


def _notices(history: History) -> str:
    lines = [f'<li class="{notice.level}">{escape(notice.text)}</li>' for notice in history.notices]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _asked(recipe: Recipe | None) -> str:
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


def _environment(values: dict[str, Any]) -> str:
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


def _load(folder: RunFolder, history: History) -> str:
    if not folder.model.is_dir():
        return ""
    task = history.started.task if history.started else ""
    last = (
        'print(tokenizer.decode(model.generate(**tokenizer("Once", return_tensors="pt"), max_new_tokens=50)[0]))'
        if writes(task)
        else 'print(model.config.id2label[int(model(**tokenizer("A text", return_tensors="pt")).logits.argmax())])'
    )
    if task == "masked-lm":
        last = (
            'tokens = tokenizer(f"It is {tokenizer.mask_token} today.", return_tensors="pt")\n'
            "hidden = tokens.input_ids[0] == tokenizer.mask_token_id\n"
            "print(tokenizer.decode(model(**tokens).logits[0, hidden].argmax(-1)))"
        )
    recipe = _recipe(folder)
    weights = recipe.weights.kind if recipe else "all"
    code = f"{loading_code(task or 'text-classification', weights, str(folder.model))}\n{last}"
    return f"<pre>{escape(code)}</pre>"
