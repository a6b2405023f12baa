"""`workbench data`: what is in a file, what is wrong with it, and how it is mended and saved."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.run.problem import bad_input
from workbench.run.task_kinds import DEFAULT_MODEL, MODEL_KIND, writes

if TYPE_CHECKING:
    from workbench.data.check import Finding
    from workbench.data.guess import Guess
    from workbench.data.limits import Limits
    from workbench.data.mending import Looked, Source
    from workbench.data.step import Context
    from workbench.run.recipe import Recipe

NAME = "data"
HELP = "say what is in a data file and what is wrong with it; mend it and save the rows or the steps"
_SETTINGS = {
    "text": "data.text",
    "label": "data.label",
    "held_out": "data.validation",
    "test": "data.test",
    "encoding": "data.encoding",
    "header": "data.header",
    "delimiter": "data.delimiter",
    "part": "data.records",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "what", metavar="FILE", help="a data file, a shipped data set's name, or a recipe (.toml)"
    )
    parser.add_argument("--text", metavar="COLUMN", help="the column that is read (else guessed)")
    parser.add_argument("--label", metavar="COLUMN", help="the column that is predicted (else guessed)")
    parser.add_argument("--held-out", metavar="FILE", help="a file of held-out rows, to look for leaks")
    parser.add_argument("--test", metavar="FILE", help="a file of test rows, likewise")
    opening = parser.add_argument_group("how the file is opened")
    opening.add_argument("--encoding", help="how its characters are stored, such as utf-8 (else detected)")
    opening.add_argument(
        "--header", choices=("auto", "yes", "no"), help="whether the first row names the columns"
    )
    opening.add_argument("--delimiter", help="what stands between two fields, such as ; or tab (else found)")
    opening.add_argument(
        "--part", "--sheet", metavar="NAME", help="a workbook's sheet, a path in JSON, or an archive's member"
    )
    for name, what in (("times", "so many times its size"), ("gigabytes", "so many gigabytes")):
        opening.add_argument(
            f"--unpack-{name}", metavar="N", help=f"let an archive unpack to {what} (else as in the settings)"
        )
    mending = parser.add_argument_group("mending")
    mending.add_argument(
        "--fix",
        action="extend",
        nargs="+",
        default=[],
        metavar="KIND",
        help="mend findings of these kinds, or: all",
    )
    mending.add_argument(
        "--step",
        action="append",
        default=[],
        metavar="STEP",
        help="do a step, such as 'kind=strip-html columns=body'",
    )
    mending.add_argument(
        "-o", "--output", metavar="FILE", help="save the rows: .csv, .tsv, .jsonl or .parquet"
    )
    mending.add_argument(
        "--side",
        choices=("all", "train", "validation", "test"),
        default="all",
        help="which rows are saved: all of the file, or one side as training has it",
    )
    mending.add_argument(
        "--keep-formulas", action="store_true", help="leave cells that a spreadsheet would carry out"
    )
    mending.add_argument("--recipe", metavar="FILE.toml", help="write a recipe with these steps")
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="set a field of the recipe"
    )


def run(args: argparse.Namespace) -> int:
    """Look, mend and save; returns the exit code."""
    from workbench.cli.data_report import as_plain, in_words
    from workbench.data.mending import fixed, look

    recipe = _recipe(args)
    limits = _limits(args)
    source, guessed = _source(recipe, args.home.cache, limits)
    recipe = _with_task(args, recipe, source, guessed)
    _refuse_targets(args, source)
    context = _context(args, recipe, limits)
    args.console.progress.show(f"looking through {source.table.rows} rows of {source.table.path.name}")
    checks = _checks(args, guessed)
    first = look(source, recipe.data, context, checks)
    kinds = _kinds(args, first.found)
    last = fixed(source, first, kinds, context, checks) if args.fix else first
    rows = first.mended.frame
    roles = {
        "text": recipe.data.text or source.text,
        "label": recipe.data.label or source.label or rows.label or guessed.label,
    }
    recipe = recipe.model_copy(update={"data": last.data.model_copy(update=roles)})
    report = as_plain(source, recipe, guessed, first, last, context)
    saved = _save(args, recipe, last, context)
    if args.recipe:
        _write_recipe(Path(args.recipe), recipe)
    args.console.answer(report | saved | {"recipe": args.recipe, "problem": None})
    args.console.result(in_words(report))
    if args.output:
        args.console.result(f"\n{saved['saved']} rows saved: {args.output}")
    if args.recipe:
        args.console.result(f"Recipe written: {args.recipe}")
    return 0


def _recipe(args: argparse.Namespace) -> Recipe:
    from workbench.cli.asked import asked_recipe
    from workbench.cli.asked_steps import asked_step
    from workbench.run.recipe_files import changed

    given = {path: getattr(args, name) for name, path in _SETTINGS.items() if getattr(args, name) is not None}
    settings = [f"{path}={value}" for path, value in given.items()]
    recipe = asked_recipe(args.what, [*args.set, *settings])
    steps = [asked_step(text) for text in args.step]
    if not steps:
        return recipe
    return changed(recipe, "data.steps", [step.model_dump() for step in (*recipe.data.steps, *steps)])


def _source(recipe: Recipe, cache: Path, limits: Limits) -> tuple[Source, Guess]:
    """The file, and what it is taken for."""
    from workbench.data.guess import guess
    from workbench.data.mending import Source
    from workbench.data.opening import opening_of
    from workbench.data.pipeline import roles, text_role
    from workbench.data.tables import open_table
    from workbench.data.targets import has_targets, target_columns
    from workbench.shelf.datasets import resolve_data

    data = recipe.data
    table = open_table(resolve_data(data.train), opening_of(data, cache=cache, limits=limits))
    guessed = guess(table)
    kind = recipe.task.kind if has_targets(recipe.task.kind) else guessed.kind
    if has_targets(kind) and (kind != guessed.kind or data.label in ("", guessed.label)):
        # Several labels, a number or a tag for each word are no class of a row.
        text, label = target_columns(kind, table, data)[0], ""
    elif guessed.kind == "text-classification" or data.label:
        text, label = roles(table, data)
    else:
        text = text_role(table, data) if data.text else next(iter(guessed.texts), "")
        label = guessed.label
    files = {}
    for name in ("validation", "test"):
        side = getattr(data, name)
        if isinstance(side, str):
            path = resolve_data(side, field=f"data.{name}")
            files[name] = open_table(path, opening_of(data, f"data.{name}", cache=cache, limits=limits))
    return Source(table, text, label, files), guessed


def _with_task(args: argparse.Namespace, recipe: Recipe, source: Source, guessed: Guess) -> Recipe:
    """The recipe with the task that the file is for, unless it was said."""
    from workbench.data.targets import has_targets
    from workbench.run.recipe_files import changed

    said = {setting.partition("=")[0].strip() for setting in args.set}
    if args.what.lower().endswith(".toml") or "task.kind" in said:
        return recipe
    known = has_targets(guessed.kind) and recipe.data.label in ("", guessed.label)
    task = guessed.task if known or not recipe.data.label else "text-classification"
    usual = DEFAULT_MODEL.get(MODEL_KIND.get(task, ""), "")
    if usual and writes(task) and "model.source" not in said:
        recipe = changed(recipe, "model.source", usual)
    return changed(recipe, "task.kind", task)


def _limits(args: argparse.Namespace) -> Limits:
    """How far archives may unpack: as the arguments say, else as the settings do."""
    from workbench.data.limits import GIGABYTES, TIMES, limits_of

    given = {TIMES: args.unpack_times, GIGABYTES: args.unpack_gigabytes}
    return limits_of(args.home.settings, {key: text for key, text in given.items() if text is not None})


def _context(args: argparse.Namespace, recipe: Recipe, limits: Limits) -> Context:
    from workbench.data.step import Context
    from workbench.session.data import tokenizer_of

    tokenizer, notes = tokenizer_of(args.home, recipe.model.source)
    for note in notes:
        args.console.say(note)
    return Context(recipe.training.seed, recipe.training.max_length, tokenizer, limits=limits)


def _checks(args: argparse.Namespace, guessed: Guess) -> Collection[str] | None:
    """What is looked for: in running text, whose lines are no rows to compare, only what is wrong in itself."""
    if guessed.kind != "plain-text" or args.text or args.label:
        return None
    return ("mojibake", "lost-characters", "control-characters", "html", "personal-data")


def _kinds(args: argparse.Namespace, found: tuple[Finding, ...]) -> set[str]:
    from workbench.data.check import all_checks
    from workbench.data.suggest import did_you_mean, listed

    known = [check.kind for check in all_checks()]
    unknown = [kind for kind in args.fix if kind not in (*known, "all")]
    if unknown:
        raise bad_input(
            f"There is no kind of finding {unknown[0]!r}.",
            f"The kinds are: {listed(known, 40)}.",
            f"{did_you_mean(unknown[0], known)} Choose one of these, or all.".strip(),
            field="--fix",
        )
    if "all" in args.fix:
        return set(known)
    for kind in sorted({*args.fix} - {one.kind for one in found}):
        args.console.say(f"There is nothing of the kind {kind} to mend.")
    for one in found:
        if one.kind in args.fix and not one.fixes:
            args.console.say(f"{one.title}: there is no way to mend this by itself. {one.why}")
    return set(args.fix)


def _refuse_targets(args: argparse.Namespace, source: Source) -> None:
    """Refuse, before anything is done, to write what cannot be written or what is read."""
    from workbench.data.saving import require_suffix

    read = [table.path.resolve() for table in (source.table, *source.files.values())]
    read.append(Path(args.what).resolve())
    for name in (args.output, args.recipe):
        if name and Path(name).resolve() in read:
            raise bad_input(
                f"The file {name} is what you open.",
                "What you open is never written.",
                "Choose another name.",
            )
    if args.output:
        require_suffix(Path(args.output))


def _save(args: argparse.Namespace, recipe: Recipe, last: Looked, context: Context) -> dict[str, object]:
    """Save the rows that are asked for; what there is to answer of it."""
    from workbench.data.saving import save
    from workbench.data.splitting import divides
    from workbench.data.step import all_steps
    from workbench.data.training_rows import training_rows
    from workbench.shelf.datasets import resolve_data

    if not args.output:
        return {"output": None, "saved": None}
    frame = last.mended.frame
    if args.side != "all":
        rows = training_rows(last.data, context, lambda name, field: resolve_data(name, field=field))
        frame = getattr(rows, args.side)
        if not frame.rows:
            raise bad_input(
                f"There are no {args.side} rows to save.",
                f"data.{args.side} is {getattr(last.data, args.side)!r}.",
                f"Give them a share, such as --set data.{args.side}=0.1",
                field=f"data.{args.side}",
            )
        for note in rows.notes:
            args.console.say(note)
    elif divides(last.data):
        later = [s for s in last.data.steps if s.on and all_steps()[s.kind].learning_only]
        for step in later:
            args.console.say(
                f"Not done to the saved rows, since it is for learning alone: {step} (--side train)."
            )
    changed = save(frame, Path(args.output), harmless=not args.keep_formulas)
    if changed:
        args.console.say(
            f"{changed} cells that a spreadsheet would carry out got an apostrophe in front (--keep-formulas)."
        )
    return {"output": args.output, "saved": frame.rows}


def _write_recipe(path: Path, recipe: Recipe) -> None:
    """Write the recipe; files beside it or below are named from there, so that the folder can be moved."""
    from workbench.run.files import writing
    from workbench.run.recipe_files import recipe_toml
    from workbench.run.sources import joined, places

    folder = path.resolve().parent
    near = {
        name: joined(_from(folder, place) for place in places(value))
        for name in ("train", "validation", "test", "patch")
        if isinstance(value := getattr(recipe.data, name), str)
    }
    with writing(path, newline="\n") as file:
        file.write(recipe_toml(recipe.model_copy(update={"data": recipe.data.model_copy(update=near)})))


def _from(folder: Path, place: str) -> str:
    return Path(place).relative_to(folder).as_posix() if Path(place).is_relative_to(folder) else place
