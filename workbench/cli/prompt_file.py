"""A file of prompts in, a file of answers out: `workbench generate --prompts FILE -o OUT.jsonl`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.asked import get_model_ready

if TYPE_CHECKING:
    from workbench.run.generation import GenerationSettings
    from workbench.session.prompting import Answered


def add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments for a file of prompts."""
    parser.add_argument(
        "--prompts", metavar="FILE", help="answer every row of a CSV, TSV, JSON Lines, Parquet or text file"
    )
    parser.add_argument("--column", default="", metavar="NAME", help="the column of prompts (else guessed)")
    parser.add_argument(
        "--template",
        default="",
        metavar="TEXT",
        help="a prompt with column names in braces, such as {question}",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the rows with their answers here (.jsonl or .csv)"
    )


def answer_file(args: argparse.Namespace, settings: GenerationSettings) -> int:
    """Answer every prompt with every model; returns the exit code. After Ctrl-C the answers that are there are
    written."""
    from workbench.session.batch import (
        ModelAnswers,
        check_template,
        chosen_column,
        read_prompt_table,
        require_suffix,
        write_answers,
    )
    from workbench.session.lanes import lone_desk
    from workbench.session.prompting import Answered, BatchRequest, answer_all

    output = Path(args.output or "")
    require_suffix(output)
    table = read_prompt_table(args.prompts, source="--prompts")
    if args.template:
        check_template(table, args.template)
    column = "" if args.template else chosen_column(table, args.column, source="--column")
    prompts = table.prompts(column, args.template)
    console = args.console
    models = (args.model, *args.beside)
    for model in models:
        get_model_ready(args, model)
    found: list[dict[int, Answered]] = [{} for _ in models]
    interrupted = False
    try:
        for model, answers in zip(models, found, strict=True):
            whose = f" by {model}" if len(models) > 1 else ""

            def hear(message: object, answers: dict[int, Answered] = answers, whose: str = whose) -> None:
                if isinstance(message, Answered):
                    answers[message.row] = message
                    console.progress.show(f"{len(answers)} of {len(prompts)} prompts answered{whose}")
                else:
                    console.hear(message)

            answer_all(args.home, BatchRequest(model, tuple(prompts), settings), lone_desk(hear))
    except KeyboardInterrupt:
        interrupted = True
    columns = [ModelAnswers(*pair) for pair in zip(models, found, strict=True)]
    written = write_answers(output, table.rows, columns, settings, prompts if args.template else ())
    failed = [one for answers in found for one in answers.values() if one.problem is not None]
    console.answer(
        {
            "output": args.output,
            "rows": len(prompts),
            "answered": sum(map(len, found)) - len(failed),
            "column": column,
            "settings": settings.model_dump(),
            "problem": None,
        }
    )
    console.result(f"{written} of {len(prompts)} rows written: {args.output}")
    if failed:
        assert failed[0].problem is not None
        console.say(f"{len(failed)} rows have no answer; the first is row {failed[0].row + 1}: "
                    f"{failed[0].problem.title}")  # fmt: skip
    return 130 if interrupted else 0
