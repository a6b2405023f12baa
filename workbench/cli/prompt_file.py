"""A file of prompts in, a file of answers out: `workbench generate --prompts FILE -o OUT.jsonl`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.asked import get_model_ready
from workbench.run.problem import bad_input

if TYPE_CHECKING:
    from workbench.data.tables import Table
    from workbench.run.generation import GenerationSettings
    from workbench.session.prompting import Answered

#: What a column of prompts is usually called, likeliest first.
_USUAL = ("prompt", "question", "instruction", "input", "text")


def add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments for a file of prompts."""
    parser.add_argument(
        "--prompts", metavar="FILE", help="answer every row of a CSV, TSV, JSON Lines, Parquet or text file"
    )
    parser.add_argument("--column", default="", metavar="NAME", help="the column of prompts (else guessed)")
    parser.add_argument("-o", "--output", metavar="FILE.jsonl", help="write the rows with their answers here")


def answer_file(args: argparse.Namespace, settings: GenerationSettings) -> int:
    """Answer every prompt; returns the exit code. After Ctrl-C the answers that are there are written."""
    from workbench.data.tables import read_table
    from workbench.run.files import writing
    from workbench.session.lanes import lone_desk
    from workbench.session.prompting import Answered, BatchRequest, answer_all

    if not args.output or Path(args.output).suffix.lower() not in (".jsonl", ".ndjson"):
        raise bad_input("The answers are written as JSON Lines.", "", "Say where with -o FILE.jsonl.")
    table = read_table(args.prompts, field="--prompts")
    column = _column(table, args.column)
    rows: tuple[dict[str, Any], ...] = tuple(table.data.to_pylist())
    get_model_ready(args, args.model)
    console = args.console
    found: list[Answered] = []

    def hear(message: object) -> None:
        if isinstance(message, Answered):
            found.append(message)
            console.progress.show(f"{len(found)} of {len(rows)} prompts answered")
        else:
            console.hear(message)

    interrupted = False
    try:
        answer_all(args.home, BatchRequest(args.model, rows, column, settings), lone_desk(hear))
    except KeyboardInterrupt:
        interrupted = True
    with writing(Path(args.output), newline="\n") as file:
        for line in _lines(args.model, rows, found, settings):
            file.write(line + "\n")
    failed = [answered for answered in found if answered.problem is not None]
    console.answer(
        {
            "output": args.output,
            "rows": len(rows),
            "answered": len(found) - len(failed),
            "column": column,
            "settings": settings.model_dump(),
            "problem": None,
        }
    )
    console.result(f"{len(found)} of {len(rows)} rows written: {args.output}")
    if failed:
        assert failed[0].problem is not None
        console.say(f"{len(failed)} rows have no answer; the first is row {failed[0].row + 1}: "
                    f"{failed[0].problem.title}")  # fmt: skip
    return 130 if interrupted else 0


def _column(table: Table, named: str) -> str:
    """The column of prompts: the named one, one that is called so, or the only one."""
    from workbench.data.tables import no_such_column

    if named:
        if named not in table.columns:
            raise no_such_column(table, named, field="--column")
        return named
    usual = {name.strip().lower(): name for name in reversed(table.columns)}
    for name in _USUAL:
        if name in usual:
            return usual[name]
    if len(table.columns) == 1:
        return table.columns[0]
    raise bad_input(
        "It is not clear which column holds the prompts.",
        f"There are {', '.join(table.columns)}.",
        "Name it with --column.",
        field="--column",
    )


def _lines(
    model: str, rows: Sequence[Mapping[str, Any]], found: Sequence[Answered], settings: GenerationSettings
) -> list[str]:
    """The rows with their answers, as JSON; a column of a row that is called as ours gets another name."""
    lines = []
    for answered in found:
        first = answered.answers[0] if answered.answers else None
        ours: dict[str, Any] = {
            "generated": first.text if first else None,
            "stopped_by": first.stopped_by if first else None,
            "generated_tokens": len(first.tokens) if first else 0,
            "note": first.note if first else "",
            "problem": answered.problem.title if answered.problem else None,
            "model": model,
            "settings": settings.model_dump(),
        }
        if len(answered.answers) > 1:
            ours["all_generated"] = [answer.text for answer in answered.answers]
        given = {
            f"{name} (given)" if name in ours else name: value for name, value in rows[answered.row].items()
        }
        lines.append(json.dumps(given | ours, ensure_ascii=False, default=str))
    return lines
