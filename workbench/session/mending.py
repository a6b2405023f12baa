"""What the Data page asks about rows beyond a first look: problems, an order, tokens, edits by hand, saving."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.data import patch as patches
from workbench.data.augmentation import Augmentation
from workbench.data.column_profile import ColumnProfile
from workbench.data.column_profile import profile_columns as profiles_of
from workbench.data.edits import Patch
from workbench.data.frame import Frame
from workbench.data.languages import Languages, languages_of
from workbench.data.limits import limits_of
from workbench.data.mending import Looked, Source
from workbench.data.mending import look as look_into
from workbench.data.opening import opening_of
from workbench.data.overlay import overlay_of
from workbench.data.pipeline import roles, text_role
from workbench.data.profile import whole_tokenizer
from workbench.data.row_order import Arranged, Rows, Wish
from workbench.data.row_order import arrange as arranged
from workbench.data.saving import save as save_rows
from workbench.data.splitting import divides
from workbench.data.step import Context, parse_step
from workbench.data.suggest import counted
from workbench.data.tables import Table, open_table
from workbench.data.targets import has_targets, target_columns
from workbench.run.folder import RunFolder
from workbench.run.home import Home
from workbench.run.kept_edits import edits_folder
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.sources import stem_of, whole_source
from workbench.run.step_record import StepRecord
from workbench.run.task_kinds import has_classes
from workbench.session.data import look, tokenizer_of
from workbench.session.lanes import Desk
from workbench.session.requests import DataRequest
from workbench.shelf.datasets import resolve_data
from workbench.shelf.models import resolve_model

MOST_TOKENS = 2000  # that are shown of one text


def look_for_problems(home: Home, request: DataRequest, desk: Desk) -> Looked:
    """What the checks find in the rows after the recipe's steps.

    Raises:
        WorkbenchError: When the rows cannot be read or mended; for a plain text, which has no rows.
    """
    desk.report("Reading the rows")
    preview = look(home, request, desk)
    if preview.table is None:
        raise bad_input(
            "A running text has no rows to look through.",
            f"{preview.path.name} is read as one text.",
            "Choose a table to find problems in its rows.",
        )
    data = request.data
    columns = _columns(preview.table, request)
    files = {}
    for name in ("validation", "test"):
        side = getattr(data, name)
        if isinstance(side, str):
            limits = limits_of(home.settings)
            opening = opening_of(data, f"data.{name}", cache=home.cache, limits=limits, check=desk.check)
            files[name] = open_table(resolve_data(side, field=f"data.{name}"), opening)
    desk.report("Looking for problems")
    tokenizer, _ = tokenizer_of(home, request.model)
    context = Context(request.seed, request.max_length, tokenizer, desk.check)
    if not divides(data):  # otherwise nothing is added to rows before they are divided
        context = _with_words(context, home, request, data.steps)
    return look_into(Source(preview.table, *columns, files), data, context)


def _columns(table: Table, request: DataRequest) -> tuple[str, str]:
    """The text column, and that of the classes where rows have one each."""
    if has_classes(request.task):
        return roles(table, request.data)
    if has_targets(request.task):
        return target_columns(request.task, table, request.data)[0], ""
    return text_role(table, request.data), ""


def profile_columns(frame: Frame, desk: Desk) -> tuple[tuple[ColumnProfile, ...], Languages | None]:
    """What each column holds, and the languages of the texts."""
    found = profiles_of(frame, desk.check)
    return found, languages_of(frame, frame.text, desk.check) if frame.text else None


def arrange(rows: Rows, wish: Wish, by_hand: Patch, label: str, desk: Desk) -> Arranged:
    """Which rows are to be shown, and in which order, with the edits by hand as they are shown.

    Args:
        rows: A table, or a frame; only the rows of an untouched file may come with edits.
        wish: What is to be seen.
        by_hand: The edits.
        label: The column of labels.
        desk: Where the work is done.
    """
    overlay = overlay_of(rows, by_hand, label) if by_hand and isinstance(rows, Frame) else None
    return arranged(rows, wish, desk.check, overlay)


def _with_words(context: Context, home: Home, request: DataRequest, steps: Sequence[StepRecord]) -> Context:
    """The context with the model that replaces words, where a step asks for one.

    Raises:
        WorkbenchError: When the model is not here, or has no head that fills in masked words.
    """
    if not any(step.on and step.kind == "augment-mask" for step in steps):
        return context
    from workbench.engine.devices import choose_device
    from workbench.engine.word_replacement import word_replacement

    place = resolve_model(request.model, home)
    return replace(context, replace_words=word_replacement(place.path, place.name, choose_device("cpu")))


def try_step(home: Home, frame: Frame, record: Mapping[str, Any], request: DataRequest, desk: Desk) -> str:
    """What a step would do to these rows, in words; of an augmentation, texts beside what it makes of them.

    Raises:
        WorkbenchError: When the step is not right, or cannot be done to these rows.
    """
    step = parse_step(record)
    complaints = step.complaints(frame)
    if complaints:
        raise WorkbenchError(*complaints)
    context = Context(request.seed, request.max_length, check=desk.check)
    if isinstance(step, Augmentation):
        texts = [text for text in frame.column(step.column or frame.text, 0, 50) if text and text.strip()]
        context = _with_words(context, home, request, [StepRecord.model_validate(dict(record))])
        pairs = [(text, made) for text in texts[:3] for made in step.preview(text, 1, request.seed, context)]
        return "\n".join(f"“{_short(text)}” → “{_short(made)}”" for text, made in pairs)
    if step.learning_only:
        return "Only rows to learn from go through it, once they are divided."
    done = step.apply(frame, context)
    counts = ((done.removed, "removed"), (done.changed, "changed"), (done.added, "added"))
    told = [f"{counted(number, 'row')} {what}" for number, what in counts if number]
    return "; ".join((*told, *done.notes)) or "It would change nothing."


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def tokens_of(home: Home, model: str, text: str, desk: Desk) -> tuple[str, ...]:
    """A text's tokens as the model's tokenizer cuts it, without special ones.

    Raises:
        WorkbenchError: When the model has no tokenizer here.
    """
    file, notes = tokenizer_of(home, model)
    if file is None:
        raise bad_input("The tokens cannot be shown.", " ".join(notes), "Prepare the model first.")
    tokenizer = whole_tokenizer(file, file.stat().st_mtime_ns)
    encoded = tokenizer.encode(text, add_special_tokens=False)
    # Pieces of the text itself: tokens of a byte-level vocabulary are no letters.
    return tuple(text[start:end] for start, end in encoded.offsets[:MOST_TOKENS])


def edits_file(home: Home, data: Path) -> Path:
    """A file of its own for new edits by hand of a data file; it takes no other edits' place."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", data.stem)[:40]
    return edits_folder(home) / f"{name}-{secrets.token_hex(4)}.jsonl"


def read_edits(path: str) -> Patch:
    """The edits of a file; none where none is named.

    Raises:
        WorkbenchError: When the file is not there, or is damaged.
    """
    return patches.read(Path(path).expanduser()) if path else Patch()


def keep_edits(home: Home, path: Path, edits: Patch, data: str = "") -> Path:
    """Write edits by hand, whole or not at all; returns where. Those that a run began with stay as they are: what is
    edited after its recipe was taken up goes to a file of its own. `data` is the source that they belong to."""
    run = RunFolder(path.resolve().parent)
    if path.resolve() == run.edits_file and run.recipe_file.is_file():
        path = edits_file(home, Path(stem_of(run.recipe().data.train)))
    home.make(path.parent)
    patches.write(path, edits, whole_source(data))
    return path


def save(frame: Frame, path: Path, desk: Desk) -> int:
    """Write rows as CSV, JSON Lines or Parquet; returns how many cells were made harmless for spreadsheets."""
    return save_rows(frame, path, check=desk.check)
