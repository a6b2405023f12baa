"""A file of prompts: its rows and column, and writing the rows with the answers of one or several models."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.data.saving import made_harmless
from workbench.data.tables import Table, read_table
from workbench.run.files import writing
from workbench.run.generation import GenerationSettings
from workbench.run.problem import bad_input
from workbench.run.saved_prompts import filled, placeholders
from workbench.session.prompting import Answered

#: What a column of prompts is usually called, likeliest first.
_USUAL = ("prompt", "question", "instruction", "input", "text")
SUFFIXES = (".jsonl", ".ndjson", ".csv")


@dataclass(frozen=True, slots=True, eq=False)
class PromptTable:
    """The rows of a file of prompts, and the column that most likely holds them ("" where that is not clear)."""

    path: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    column: str

    def prompts(self, column: str, template: str = "") -> list[str]:
        """Each row's prompt: its cell, or the template with its cells filled in."""
        return [prompt_of(row, column, template) for row in self.rows]


@dataclass(frozen=True, slots=True)
class ModelAnswers:
    """What one model answered, by the number of the row."""

    model: str
    answers: Mapping[int, Answered] = field(default_factory=dict)


def prompt_of(row: Mapping[str, Any], column: str, template: str = "") -> str:
    """A row's prompt; an empty cell of a template's column is left empty there."""
    if not template:
        return str(row.get(column) if row.get(column) is not None else "")
    return filled(template, {name: "" if value is None else value for name, value in row.items()})


def read_prompt_table(path: str, *, source: str = "") -> PromptTable:
    """The rows of a table, or the lines of a text file.

    Raises:
        WorkbenchError: When the file cannot be read; `source` is the field or argument that named it.
    """
    table = read_table(path, field=source)
    rows: tuple[dict[str, Any], ...] = tuple(table.data.to_pylist())
    return PromptTable(path, tuple(table.columns), rows, _guess(table))


def chosen_column(table: PromptTable, named: str, *, source: str = "") -> str:
    """The named column, or the one that most likely holds the prompts.

    Raises:
        WorkbenchError: When there is no such column, or it is not clear which one it is.
    """
    if named and named not in table.columns:
        raise bad_input(
            f"There is no column {named!r}.",
            f"There are {', '.join(table.columns)}.",
            "Name one of these.",
            field=source,
        )
    found = named or table.column
    if not found:
        raise bad_input(
            "It is not clear which column holds the prompts.",
            f"There are {', '.join(table.columns)}.",
            "Name it with --column.",
            field=source,
        )
    return found


def check_template(table: PromptTable, template: str) -> None:
    """Refuse a template that names no column, or one that is not there.

    Raises:
        WorkbenchError: Naming it.
    """
    names = placeholders(template)
    missing = [name for name in names if name not in table.columns]
    if missing or not names:
        raise bad_input(
            f"The template names the column {missing[0]!r}, which is not there."
            if missing
            else "The template names no column, so every prompt would be the same.",
            f"There are {', '.join(table.columns)}.",
            "Write a column's name in braces where its text is to stand, such as {" + table.columns[0] + "}.",
        )


def write_answers(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    models: Sequence[ModelAnswers],
    settings: GenerationSettings,
    prompts: Sequence[str] = (),
) -> int:
    """Write every row that has an answer, with it; the file's ending says how.

    In CSV, cells that a spreadsheet would carry out as a formula get an apostrophe in front.

    Args:
        path: Ends in one of `SUFFIXES`.
        rows: The rows as they were read.
        models: What each model answered.
        settings: How the answers were drawn.
        prompts: What each row asked, where that is not one of its cells.

    Returns:
        How many rows were written.

    Raises:
        WorkbenchError: When the ending is another one or the file cannot be written.
    """
    require_suffix(path)
    records = list(_records(rows, models, settings, prompts))
    if path.suffix.lower() != ".csv":
        with writing(path, newline="\n") as file:
            for record in records:
                file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
        return len(records)
    names = list(dict.fromkeys(name for record in records for name in record))
    with writing(path, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([made_harmless(name) for name in names])
        for record in records:
            writer.writerow([made_harmless(_cell(record.get(name))) for name in names])
    return len(records)


def require_suffix(path: Path) -> None:
    """Refuse a name that does not say how answers are written.

    Raises:
        WorkbenchError: Naming the endings that do.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise bad_input(
            f"Answers cannot be saved as {path.name or 'a file without a name'}.",
            "They are written as JSON Lines or CSV.",
            "Say where with -o FILE.jsonl or -o FILE.csv.",
        )


def _guess(table: Table) -> str:
    usual = {name.strip().lower(): name for name in reversed(table.columns)}
    for name in _USUAL:
        if name in usual:
            return usual[name]
    return table.columns[0] if len(table.columns) == 1 else ""


def _records(
    rows: Sequence[Mapping[str, Any]],
    models: Sequence[ModelAnswers],
    settings: GenerationSettings,
    prompts: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """The rows with their answers; a column of a row that is called as ours gets another name."""
    for number, row in enumerate(rows):
        if not any(number in one.answers for one in models):
            continue
        ours: dict[str, Any] = {"asked": prompts[number]} if prompts else {}
        for place, one in enumerate(models):
            mark = "" if place == 0 else f" ({one.model})"
            if number in one.answers:
                ours |= {f"{name}{mark}": value for name, value in _plain(one.answers[number]).items()}
            ours[f"model{mark}"] = one.model
        ours["settings"] = settings.model_dump()
        yield {f"{name} (given)" if name in ours else name: value for name, value in row.items()} | ours


def _plain(answered: Answered) -> dict[str, Any]:
    first = answered.answers[0] if answered.answers else None
    found: dict[str, Any] = {
        "generated": first.text if first else None,
        "stopped_by": first.stopped_by if first else None,
        "generated_tokens": len(first.tokens) if first else 0,
        "note": first.note if first else "",
        "problem": answered.problem.title if answered.problem else None,
    }
    if len(answered.answers) > 1:
        found["all_generated"] = [answer.text for answer in answered.answers]
    return found


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
