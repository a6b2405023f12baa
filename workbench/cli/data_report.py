"""What `workbench data` found, as the stable JSON object and in words."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

from workbench.cli.tables import table
from workbench.data.check import as_json
from workbench.data.frame import Frame
from workbench.data.guess import KIND_WORDS, Guess
from workbench.data.label_columns import named_columns
from workbench.data.label_sets import label_counts
from workbench.data.labelled import natural_key
from workbench.data.mending import Looked, Source
from workbench.data.pipeline import as_table
from workbench.data.profile import Profile, profile
from workbench.data.span_cells import stretches_in, tags_in
from workbench.data.step import Context
from workbench.data.suggest import counted
from workbench.data.tables import Table
from workbench.run.recipe import Recipe

_CLASSES = 20  # shown to a person
_NOTES = 12


def as_plain(
    source: Source, recipe: Recipe, guessed: Guess, first: Looked, last: Looked, context: Context
) -> dict[str, Any]:
    """The answer as plain values.

    Args:
        source: The file.
        recipe: The recipe with all steps.
        guessed: What the file is taken for.
        first: What was found before any fix; `last` what is left after them, the same object where none was asked for.
        last: See `first`.
        context: The model's tokens and maximum length.
    """
    opened = source.table
    lengths = _lengths(source, first.mended.frame, context)
    return {
        "file": str(opened.path),
        "rows": opened.rows,
        "columns": list(opened.columns),
        "task": recipe.task.kind,
        "kind": guessed.kind,
        "text": recipe.data.text,
        "label": recipe.data.label,
        "reasons": list(guessed.reasons) if recipe.data.text in (*guessed.texts, "") else [],
        "classes": _classes(as_table(first.mended.frame, opened), recipe, guessed),
        "lengths": lengths,
        "findings": _found(first),
        "steps": [step.model_dump(mode="json") for step in recipe.data.steps],
        "done": [
            {
                "kind": report.kind,
                "summary": report.summary,
                "rows": report.rows,
                "changed": report.changed,
                "removed": report.removed,
                "added": report.added,
                "notes": list(report.notes),
            }
            for report in last.mended.reports
        ],
        "left": _found(last),
        "notes": [*opened.notes, *last.mended.notes],
        "set_aside": [{"row": one.row, "why": one.why, "content": one.content} for one in opened.set_aside],
    }


def _found(looked: Looked) -> list[dict[str, Any]]:
    return [as_json(one, looked.mended.frame, looked.sides.get(one.side)) for one in looked.found]


def _classes(frame: Table, recipe: Recipe, guessed: Guess) -> dict[str, int]:
    """The rows of each class or label; where every word has a tag, the words of each tag; of marked stretches, how many
    there are of each kind. None where numbers are learned."""
    label, kind = recipe.data.label, recipe.task.kind
    if kind == "regression":
        return {}
    if kind == "multi-label":
        counts = label_counts(frame, named_columns(label, frame.columns))
    elif label not in frame.columns:
        return {}
    elif guessed.kind == "token-classification":
        cells = [(cell, stretches_in(cell)) for cell in frame.column(label)]
        counts = Counter(
            kind
            for cell, marks in cells
            for kind in ([m.kind for m in marks] if marks is not None else tags_in(cell))
        )
    else:
        counts = Counter(name.strip() for name in frame.column(label) if name and name.strip())
    return {name: counts[name] for name in sorted(counts, key=natural_key)}


def _lengths(source: Source, frame: Frame, context: Context) -> dict[str, Any] | None:
    if frame.text not in frame.columns:
        return None
    rows = as_table(frame, source.table)
    found: Profile | None = profile(
        rows, frame.text, "", context.tokenizer_file, context.max_length, lambda: False
    )
    if found is None or not found.sampled:
        return None
    return {
        "unit": found.unit,
        "shortest": found.shortest,
        "median": found.median,
        "longest": found.longest,
        "max_length": found.max_length,
        "over_share": found.over_share,
        "suggested_max_length": found.suggested_max_length,
    }


def in_words(report: dict[str, Any]) -> str:
    """The same for a person at a terminal."""
    parts = ["\n".join(_head(report)), _classes_in_words(report), *_findings(report)]
    if report["done"]:
        rows = [
            (one["summary"], *(str(one[what] or "") for what in ("removed", "changed", "added", "rows")))
            for one in report["done"]
        ]
        parts.append(table(("step", "removed", "changed", "added", "rows after it"), rows))
        left = [one["title"] for one in report["left"]]
        if left:
            parts.append("Still there: " + "; ".join(left) + ".")
    notes = report["notes"][:_NOTES]
    more = len(report["notes"]) - len(notes)
    notes += [f"and {more} more notes (--json)"] if more > 0 else []
    parts += ["\n".join(f"- {note}" for note in notes)] if notes else []
    return "\n\n".join(part for part in parts if part)


def _head(report: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{report['file']}: {counted(report['rows'], 'row')}, {counted(len(report['columns']), 'column')}; "
        f"taken for {KIND_WORDS[report['kind']]}."
    )
    yield from report["reasons"]
    lengths = report["lengths"]
    if lengths is None:
        return
    told = (
        f"Lengths in {lengths['unit']}: {lengths['shortest']} to {lengths['longest']}, "
        f"half of the texts up to {lengths['median']:.0f}."
    )
    if lengths["over_share"] is not None:
        told += (
            f" {lengths['over_share']:.1%} are longer than {lengths['max_length']}; {lengths['suggested_max_length']} "
            "is enough for nearly all."
        )
    yield told


def _classes_in_words(report: dict[str, Any]) -> str:
    classes: dict[str, int] = report["classes"]
    if not classes:
        return ""
    total = sum(classes.values())
    rows = [(name[:60], str(count), f"{count / total:.1%}") for name, count in classes.items()]
    rows = sorted(rows, key=lambda row: -int(row[1])) if len(rows) > _CLASSES else rows
    head = ("tag", "words") if report["kind"] == "token-classification" else ("class", "rows")
    shown = table((*head, "share"), rows[:_CLASSES])
    return shown if len(rows) <= _CLASSES else f"{shown}\nand {len(rows) - _CLASSES} smaller ones"


def _findings(report: dict[str, Any]) -> Iterator[str]:
    if not report["findings"]:
        yield "Nothing was found that stands in the way."
        return
    width = max(60, shutil.get_terminal_size((110, 24)).columns)
    rows = []
    for one in report["findings"]:
        fix = one["fixes"][0]["title"] if one["fixes"] else ""
        rows.append((one["kind"], one["severity"], one["title"], fix))
    yield table(("finding", "", "what was found", "how it can be mended"), rows)
    examples = [
        _cut(f"{one['kind']}: {example}", width)
        for one in report["findings"]
        for example in one["examples"][:1]
    ]
    yield "\n".join(examples)
    if not report["done"] and any(one["fixes"] for one in report["findings"]):
        yield "Mend some with --fix KIND …, or --fix all; -o FILE saves the rows, --recipe FILE.toml the steps."


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"
