"""`workbench evaluate`: a model on held-out rows with known answers: a classifier's metrics and weak slices, or what a
language model answers, beside its base or other models."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli import classified, targeted
from workbench.cli.asked import add_download_argument, get_model_ready, hear_progress
from workbench.cli.tables import table

if TYPE_CHECKING:
    from workbench.run.evaluation import Evaluation, ModelScores, Recital, Share

NAME = "evaluate"
HELP = (
    "measure a model on held-out rows: a classifier's metrics, classes and weak slices; labels, numbers, marked words; "
    "a language model's answers"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar="RUN|MODEL", help="a run, a folder, a short name or a Hub id")
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs="?",
        default="",
        help="a file of texts with their classes; for language models of questions and answers, or with choices (else "
        "the run's own held-out rows)",
    )
    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="RUN|MODEL",
        help="measure this model on the same rows; the word base means what the run started from; may be given many"
        " times",
    )
    parser.add_argument(
        "--training",
        default="",
        metavar="FILE",
        help="training rows, to see whether the model knows them by heart (else those of the run)",
    )
    parser.add_argument(
        "--question", default="", metavar="COLUMN", help="the column of questions (else guessed)"
    )
    parser.add_argument("--answer", default="", metavar="COLUMN", help="the column of answers (else guessed)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="rows, max_new_tokens, pattern, system, batch_size, recited or begun, such as rows=50; may be given many"
        " times",
    )
    parser.add_argument("--samples", type=int, default=3, metavar="N", help="how many answers are shown (3)")
    parser.add_argument(
        "-o", "--output", metavar="FILE.jsonl", help="write every row with each model's answer here"
    )
    classified.add_arguments(parser)
    add_download_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate, as the model's task asks for; returns the exit code."""
    from workbench.run.target_rows import TARGETS
    from workbench.session.scoring.measuring import kind_of

    get_model_ready(args, args.model)
    kind = kind_of(args.home, args.model)
    if kind in TARGETS:
        return targeted.run(args)
    return classified.run(args) if kind == "text-classification" else _answers(args)


def _answers(args: argparse.Namespace) -> int:
    from workbench.run.evaluation import EvaluationSettings
    from workbench.run.problem import bad_input
    from workbench.run.recipe_files import validated, with_overrides
    from workbench.session.evaluating import BASE, EvaluationRequest, evaluate, plain_samples, write_samples
    from workbench.session.lanes import lone_desk

    if args.against:
        raise bad_input(
            "--against answers for classifiers.",
            f"{args.model} is none.",
            "Measure language models on the same rows with --beside.",
        )
    settings = validated(EvaluationSettings, with_overrides({}, args.set, EvaluationSettings))
    if args.output and Path(args.output).suffix.lower() not in (".jsonl", ".ndjson"):
        raise bad_input("The answers are written as JSON Lines.", "", "Give -o a name that ends with .jsonl.")
    for model in (args.model, *args.beside):
        if model != BASE:
            get_model_ready(args, model)

    request = EvaluationRequest(
        args.model, tuple(args.beside), args.data, args.training, args.question, args.answer, settings
    )
    found = evaluate(args.home, request, lone_desk(partial(hear_progress, args.console)))
    if args.output:
        write_samples(Path(args.output), found)
    _show(args, found)
    args.console.answer(
        {
            "data": found.data,
            "rows": found.rows[0],
            "of": found.rows[1],
            "models": [plain_scores(scores) for scores in found.models],
            "samples": plain_samples(found),
            "notes": list(found.notes),
            "settings": settings.model_dump(),
            "output": args.output,
            "problem": None,
        }
    )
    return 0


def _show(args: argparse.Namespace, found: Evaluation) -> None:
    from workbench.run.evaluation import figures_of, verdict

    console = args.console
    for note in found.notes:
        console.say(note)
    of = f" of {found.rows[1]}" if found.rows[1] > found.rows[0] else ""
    console.result(f"{found.rows[0]}{of} rows, {found.data}:")
    columns = [dict(figures_of(scores)) for scores in found.models]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [(name, *(column.get(name, "") for column in columns)) for name in names]
    console.result(table(("", *(scores.model for scores in found.models)), rows))
    for scores in found.models:
        if scores.note:
            console.say(f"{scores.model}: {scores.note}")
    if told := verdict(found):
        console.result(told)
    for sample in found.samples[: max(0, args.samples)]:
        console.result(f"\nQuestion {sample.row + 1}: {sample.question}\nExpected: {sample.wanted}")
        for scores, answer in zip(found.models, sample.answers, strict=True):
            console.result(f"{scores.model} ({'right' if answer.right else 'wrong'}): {answer.text}")
    if args.output:
        console.result(f"Written: {args.output}")


def plain_scores(scores: ModelScores) -> dict[str, Any]:
    """A model's figures as JSON shows them."""
    shares = ("exact", "numeric", "form", "choice", "choice_by_length")
    return {
        "model": scores.model,
        "loss": scores.loss,
        "perplexity": scores.perplexity,
        "answer_tokens": scores.tokens,
        **{name: _plain_share(getattr(scores, name)) for name in shares},
        "recital": _plain_recital(scores.recital),
        "tokens_per_second": scores.written / scores.seconds if scores.seconds else None,
        "note": scores.note,
    }


def _plain_share(share: Share | None) -> dict[str, Any] | None:
    if share is None:
        return None
    return {"share": share.value, "hits": share.hits, "of": share.of, "interval": list(share.interval)}


def _plain_recital(recital: Recital | None) -> dict[str, Any] | None:
    if recital is None:
        return None
    sides = {"training": recital.training, "held_out": recital.held_out}
    return {name: {"share": side.share, "whole": _plain_share(side.whole)} for name, side in sides.items()}
