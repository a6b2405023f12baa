"""The report of a run: one HTML file with everything in it, which opens without the application or a network."""

from __future__ import annotations

import base64
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from workbench.run.energy import energy_of
from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.inside.ablation import Importance
from workbench.run.inside.explanation import Explanation
from workbench.run.inside.lens import Lens
from workbench.run.problem import Problem, WorkbenchError, bad_input
from workbench.run.recipe import Recipe
from workbench.run.recipe_files import recipe_fields
from workbench.run.results import AttentionMaps
from workbench.run.row_scores import RowScores
from workbench.run.scores import ClassificationScores
from workbench.run.sources import title_of
from workbench.run.suspects import Suspects
from workbench.session.inside.film_pictures import film_section
from workbench.session.load_snippet import load_snippet
from workbench.session.panels import panels
from workbench.session.pictures import atlas_png
from workbench.session.report_classes import classes_section, confusion_section
from workbench.session.report_data import DataFacts, data_section
from workbench.session.report_inside import (
    change_section,
    explanation_section,
    importance_section,
    kinds_section,
    lens_section,
)
from workbench.session.report_numbers import (
    calibration_section,
    classes_table,
    headline_section,
    numbers_of,
    numbers_section,
)
from workbench.session.report_page import FRESH, page, section, table
from workbench.session.report_pinned import pinned_section
from workbench.session.report_rows import suspects_section, worst_rows_section
from workbench.session.svg import panel_svg


@dataclass(frozen=True, slots=True)
class Looks:
    """What a report shows beyond the run's own files; None where nobody looked, and the report does without.

    Attributes:
        attention: Maps to show as a picture, of the trained model on one text.
        explanation: What made its prediction about that text.
        lens: What it would answer after each layer.
        importance: How much each head matters.
        rows: What it says of each held-out row.
        suspects: Training rows whose label may be wrong.
        data: Classes, steps and findings of the data.
    """

    attention: AttentionMaps | None = None
    explanation: Explanation | None = None
    lens: Lens | None = None
    importance: Importance | None = None
    rows: RowScores | None = None
    suspects: Suspects | None = None
    data: DataFacts | None = None


_NOTHING = Looks()


def write_report(folder: RunFolder, looks: Looks = _NOTHING, path: Path | None = None) -> Path:
    """Write the report of a run, at any time of its life.

    Args:
        folder: The run.
        looks: What is shown beyond its own files.
        path: Where to; None for its `report.html`.

    Raises:
        WorkbenchError: When the file cannot be written, naming it.
    """
    target = path or folder.report
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.write_text(report_html(folder, looks), encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        raise bad_input(
            f"The report {target} cannot be written.", f"The system says: {error.strerror or error}."
        ) from error
    return target


def report_html(folder: RunFolder, looks: Looks = _NOTHING) -> str:
    """The report as HTML. Everything that came from outside is escaped."""
    history = folder.history()
    recipe = _recipe(folder)
    title = (recipe.name if recipe else "") or folder.name
    names = history.started.class_names if history.started else ()
    measured = history.best_evaluation or history.last_evaluation
    confusion = measured.confusion if measured else ()
    scores = scores_of(looks.rows)
    numbers = numbers_of(history, scores)
    worst = worst_rows_section(looks.rows)
    return page(
        title,
        [
            f"<h1>{escape(title)}</h1>",
            f'<p class="lead">{escape(_lead(folder, history, recipe))}</p>',
            _problem(history.ended.problem if history.ended else None),
            section("How good it is", headline_section(history, numbers)),
            section("What was asked", _asked(folder, recipe, history)),
            section("The data", data_section(recipe, history, folder.environment(), looks.data), FRESH),
            section("How it went", _plots(history)),
            section("All numbers", numbers_section(numbers), FRESH),
            section("What is taken for what", confusion_section(confusion, names)),
            section("Each class", classes_table(scores) if scores else classes_section(confusion, names)),
            section(
                "How far it can be believed", calibration_section(scores.calibration if scores else None)
            ),
            section("Held-out rows with the highest loss", worst, FRESH),
            section("Samples", "" if worst else _samples(folder)),
            section("Labels that may be wrong", suspects_section(looks.suspects)),
            section("What it answered as it learned", pinned_section(folder.path)),
            section("Attention", _attention(looks.attention), FRESH),
            section("What the heads do", kinds_section(looks.attention)),
            section("Which heads matter", importance_section(looks.importance)),
            section("What made the prediction", explanation_section(looks.explanation)),
            section("After each layer", lens_section(looks.lens)),
            section("What training changed", change_section(folder.path)),
            section("Training film", film_section(folder.path)),
            section("What was said on the way", _notices(history)),
            section("The recipe", _fields(recipe), FRESH),
            section("Where it ran", _environment(folder.environment())),
            section("Time and energy", _cost(folder, history)),
            section("Load the model", _load(folder, history)),
        ],
    )


def scores_of(rows: RowScores | None) -> ClassificationScores | None:
    """The scores of rows with their right classes; None without any."""
    if rows is None or rows.true is None or not len(rows):
        return None
    from workbench.session.scoring.classification import classification_scores

    return classification_scores(rows.true, rows.probabilities, rows.names)


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


def _plots(history: History) -> str:
    figures = "".join(panel_svg(panel) for panel in panels(history))
    return f'<div class="plots">{figures}</div>' if figures else ""


def samples_of(folder: RunFolder) -> list[dict[str, Any]]:
    """The rows that the run kept as samples: what it was asked and what it answered; none where there are none."""
    rows: Any = None
    with suppress(OSError, ValueError):
        rows = json.loads((folder.path / "samples.json").read_text(encoding="utf-8"))
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else []


def _samples(folder: RunFolder) -> str:
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


def _asked(folder: RunFolder, recipe: Recipe | None, history: History) -> str:
    """The run in a few lines; the recipe says everything."""
    if recipe is None:
        return ""
    kind, weights, training = recipe.task.kind, recipe.weights.kind, recipe.training
    rows = [
        ("Task", kind),
        ("Begins with", recipe.model.source),
        ("Learns from", title_of(recipe.data.train)),
    ]
    rows.append(("Trained are", "all weights" if weights == "all" else weights))
    rows.append(
        (
            "For",
            f"{training.epochs:g} epochs, batch size {training.batch_size}, learning rate "
            f"{training.learning_rate:g}, seed {training.seed}",
        )
    )
    if history.started:
        rows.append(("Size", f"{history.started.parameters / 1e6:.1f} million weights"))
    rows.append(("Run", folder.name))
    return table((), rows)


def _fields(recipe: Recipe | None) -> str:
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


def _cost(folder: RunFolder, history: History) -> str:
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
    found = energy_of(folder.path)
    told = (
        f"{found.in_words()}. Everything that the machine did meanwhile is counted."
        if found
        else "not measured: this machine shows no meter that may be read (RAPL of the processor, NVML of the GPU)"
    )
    return table((), [*rows, ("Energy", told)])


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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
    recipe = _recipe(folder)
    task = history.started.task if history.started else recipe.task.kind if recipe else ""
    weights = recipe.weights.kind if recipe else "all"
    return f"<pre>{escape(load_snippet(task, weights, str(folder.model)))}</pre>"
