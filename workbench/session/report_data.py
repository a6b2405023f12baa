"""What a report says of the data: its files, how it was divided, what the steps did, and what the checks find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from workbench.data.step import parse_step
from workbench.data.suggest import counted
from workbench.data.training_rows import training_rows
from workbench.run.folder import RunFolder
from workbench.run.history import History
from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import Recipe
from workbench.run.sources import places
from workbench.session.lanes import Desk
from workbench.session.preparing import own_recipe, step_context
from workbench.session.report_page import table
from workbench.session.requests import DataRequest
from workbench.shelf.datasets import resolve_data

#: More classes than these are told by their number.
_MOST_CLASSES = 30
#: More findings than these of one kind of weight are counted.
_MOST_FINDINGS = 12


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What a look at the data told.

    Attributes:
        classes: By side, how many rows each class has; empty without classes.
        findings: What the checks found, as (severity, title, why), the gravest first; None where nobody looked.
        steps: What each step did, in sentences.
    """

    classes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    findings: tuple[tuple[str, str, str], ...] | None = None
    steps: tuple[str, ...] = ()


def look_at_data(home: Home, run: RunFolder, desk: Desk, *, checks: bool = True) -> DataFacts:
    """Read a run's data again, as it is now.

    Raises:
        WorkbenchError: When it is gone or cannot be read as before.
    """
    recipe = own_recipe(run)
    classes: dict[str, dict[str, int]] = {}
    steps: tuple[str, ...] = ()
    if recipe.task.kind == "text-classification":
        found = training_rows(
            recipe.data,
            step_context(recipe, home, desk.check),
            lambda source, field: resolve_data(source, field=field),
        )
        for side, frame in (("training", found.train), ("held-out", found.validation), ("test", found.test)):
            if frame.rows:
                labels = Counter((label or "").strip() for label in frame.column(frame.label))
                classes[side] = {name: labels[name] for name in found.class_names}
        steps = tuple(map(str, found.reports))
    desk.check()
    findings = None
    if checks:
        from workbench.session.mending import look_for_problems

        try:
            looked = look_for_problems(home, DataRequest.of(recipe), desk)
        except WorkbenchError:  # a running text has no rows to look through
            looked = None
        if looked is not None:
            weight = {"error": 0, "warning": 1, "hint": 2}
            ordered = sorted(looked.found, key=lambda one: weight[one.severity])
            findings = tuple((one.severity, one.title, one.why) for one in ordered)
            steps = steps or tuple(map(str, looked.mended.reports))
    return DataFacts(classes, findings, steps)


def data_section(
    recipe: Recipe | None, history: History, environment: Mapping[str, Any], facts: DataFacts | None
) -> str:
    """Files, fingerprint, sides, classes, steps and findings."""
    if recipe is None:
        return ""
    rows = list(_files(recipe))
    if environment.get("data_fingerprint"):
        rows.append(("Fingerprint (SHA-256)", str(environment["data_fingerprint"])))
    if history.started:
        started = history.started
        rows.append(("Rows", f"{started.train_rows} to learn from, {started.validation_rows} held out"))
    rows.append(("How rows were divided", _division(recipe)))
    if recipe.data.text or recipe.data.label:
        said = [f"text “{recipe.data.text}”"] if recipe.data.text else []
        said += [f"label “{recipe.data.label}”"] if recipe.data.label else []
        rows.append(("Columns", ", ".join(said)))
    parts = [table((), rows)]
    if facts is not None:
        parts += [_classes(facts), _steps(facts), _findings(facts)]
    else:
        on = [parse_step(step.model_dump()).summary() for step in recipe.data.steps if step.on]
        parts.append(_list("Steps before training", on))
    return "".join(parts)


def _files(recipe: Recipe) -> list[tuple[str, str]]:
    data = recipe.data
    named = [("Data", data.train)]
    named += [("Held-out rows", data.validation)] if isinstance(data.validation, str) else []
    named += [("Test rows", data.test)] if isinstance(data.test, str) else []
    named += [("Edits by hand", Path(data.patch).name)] if data.patch else []
    return [(title, ", ".join(places(source))) for title, source in named]


def _division(recipe: Recipe) -> str:
    data = recipe.data
    if data.sides:
        return f"the same rows held out as in an earlier run ({Path(data.sides).name})"
    if data.folds:
        return f"fold {data.fold} of {data.folds} held out, {data.split}"
    by = f" by “{data.split_column}”" if data.split_column else ""
    shares = [
        f"{share:.0%} {name}"
        for name, share in (("held out", data.validation), ("for the test", data.test))
        if isinstance(share, float) and share > 0
    ]
    return f"{data.split}{by}; {', '.join(shares)}" if shares else "by files of their own"


def _classes(facts: DataFacts) -> str:
    if not facts.classes:
        return ""
    sides = list(facts.classes)
    names = list(next(iter(facts.classes.values())))
    if len(names) > _MOST_CLASSES:
        return f"<p>{counted(len(names), 'class', 'classes')}.</p>"
    rows = [(name, *(str(facts.classes[side].get(name, 0)) for side in sides)) for name in names]
    return f"<h3>Rows of each class</h3>{table(('class', *sides), rows, 1)}"


def _steps(facts: DataFacts) -> str:
    return _list("What the steps did", facts.steps)


def _findings(facts: DataFacts) -> str:
    if facts.findings is None:
        return ""
    if not facts.findings:
        return '<h3>Findings</h3><p class="muted">The checks found nothing to mend.</p>'
    lines = [
        f'<li class="{severity}"><b>{escape(title)}</b> <span class="muted">{escape(why)}</span></li>'
        for severity, title, why in facts.findings[:_MOST_FINDINGS]
    ]
    more = len(facts.findings) - _MOST_FINDINGS
    rest = f'<p class="muted">And {more} more.</p>' if more > 0 else ""
    return f"<h3>Findings in the rows as they are now</h3><ul>{''.join(lines)}</ul>{rest}"


def _list(title: str, lines: list[str] | tuple[str, ...]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h3>{escape(title)}</h3><ul>{items}</ul>" if items else ""
