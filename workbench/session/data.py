"""A look at a data set before training: first rows, guessed columns, classes and lengths."""

from __future__ import annotations

import contextlib
import itertools
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from workbench.data.conversations import shape_of
from workbench.data.frame import Frame, Indices, frame_of
from workbench.data.guess import choose_columns, guess, guess_columns
from workbench.data.label_columns import joined_names, named_columns
from workbench.data.labelled import LabelledRows, labelled_rows
from workbench.data.limits import limits_of
from workbench.data.opening import opening_of
from workbench.data.pipeline import Mended, as_table, mended, roles, text_role
from workbench.data.preferences import pair_shape
from workbench.data.profile import Profile, profile, whole_tokenizer
from workbench.data.running_text import is_running, running_text
from workbench.data.sources import source_columns
from workbench.data.splitting import sides
from workbench.data.step import Context
from workbench.data.suggest import counted
from workbench.data.tables import Table, files_of
from workbench.data.targets import has_targets, readable, target_columns
from workbench.run.home import Home
from workbench.run.problem import Problem, WorkbenchError
from workbench.run.scratch_fields import is_new
from workbench.run.task_kinds import has_classes, learns_running_text
from workbench.session.lanes import Desk
from workbench.session.reading import open_and_tell
from workbench.session.requests import DataRequest
from workbench.shelf.datasets import resolve_data
from workbench.shelf.models import resolve_model

EXCERPT = 4000  # characters of a plain text that are shown
CHECKED_ROWS = (
    300_000  # up to here the rows are tried as training would take them; beyond, it costs gigabytes
)
COUNTED = 4_000_000  # characters of a plain text that are cut into tokens; the rest is estimated
_CHUNK = 50_000  # characters between two looks at whether anyone still waits
_STAMPED = 10_000  # files of a folder that are looked at to see whether it has changed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TextCounts:
    """How much is in a plain text; `tokens` is None where the model's tokenizer is not there, and the whole
    is estimated from the beginning where `estimated` says so."""

    characters: int
    lines: int
    words: int
    tokens: int | None
    estimated: bool = False

    def blocks(self, max_length: int) -> int | None:
        """How many training examples of `max_length` tokens the text makes."""
        return None if self.tokens is None else self.tokens // max_length


@dataclass(frozen=True, slots=True)
class DataPreview:
    """What the Data page shows.

    Attributes:
        source: What was asked for: a shipped name or a file.
        path: The file.
        task: The task that the look was made for.
        likely_task: The task that the untouched rows are probably for; empty for a plain text.
        table: The untouched rows; None for a plain-text file, whose beginning is `excerpt`.
        untouched: The rows of `table` with their keys, to which edits by hand belong; None for a plain text.
        mended: The rows after the edits by hand and the steps, and what these did; None for a plain text, and where
            they cannot be done, of which `problem` tells.
        text: The column that will be read; empty where there is none.
        label: The column that will be predicted; empty where there is none.
        reasons: One sentence for each column that was guessed.
        profile: Classes and lengths; None for a plain text, and where no text column is known.
        excerpt: The beginning of a plain text.
        counts: The size of a plain text.
        notes: What was set aside or assumed, in plain words.
        problem: Why training could not use these columns; the rows are there all the same.
        size: The file's size in bytes.
        sizes: Rows to learn from, held out, and for a last test, before steps for learning alone; None where the rows
            cannot be divided, of which `split_problem` tells, or it is not known.
        unlabelled: The rows of the untouched file that have no label; None where every row has one or none can.
        split_notes: What is worth knowing about the sides.
    """

    source: str
    path: Path
    task: str
    table: Table | None
    text: str
    label: str
    reasons: tuple[str, ...]
    profile: Profile | None
    excerpt: str = ""
    counts: TextCounts | None = None
    notes: tuple[str, ...] = ()
    problem: Problem | None = None
    size: int = 0
    untouched: Frame | None = None
    mended: Mended | None = None
    sizes: tuple[int, int, int] | None = None
    split_notes: tuple[str, ...] = ()
    split_problem: Problem | None = None
    unlabelled: Indices | None = None
    likely_task: str = ""


class _Last(Generic[T]):
    """Remembers one value by what it was made from, so that changing a column does not read the file again."""

    def __init__(self) -> None:
        self._last: tuple[tuple[Any, ...], T] | None = None  # both at once: two lanes may ask

    def get(self, key: tuple[Any, ...]) -> T | None:
        last = self._last
        return last[1] if last is not None and last[0] == key else None

    def keep(self, key: tuple[Any, ...], value: T) -> T:
        self._last = (key, value)
        return value


_tables: _Last[Table] = _Last()
_keys: _Last[Frame] = _Last()
_frames: _Last[Frame] = _Last()
_mended: _Last[Mended] = _Last()
_profiles: _Last[Profile] = _Last()
_texts: _Last[tuple[str, TextCounts, tuple[str, ...]]] = _Last()


def look(home: Home, request: DataRequest, desk: Desk) -> DataPreview:
    """Read the file and describe it.

    What is wrong with the columns only becomes the preview's `problem`.

    Raises:
        WorkbenchError: When the file cannot be read at all.
        JobCancelled: When nobody waits for the answer any more.
    """
    data = request.data
    path = resolve_data(data.train)
    tokenizer, notes = tokenizer_of(home, request.model)
    size, stamp = _stamp(path, desk)
    file = (path, stamp, data.encoding)
    if is_plain_text(path, request.task):
        text_key = (*file, tokenizer)
        excerpt, counts, more = _texts.get(text_key) or _texts.keep(
            text_key, _read_text(path, data.encoding, tokenizer, desk)
        )
        return DataPreview(
            source=data.train, path=path, task=request.task, table=None, text="", label="", reasons=(),
            profile=None, excerpt=excerpt, counts=counts, notes=(*more, *notes), size=size,
        )  # fmt: skip
    opening = opening_of(data, cache=home.cache, limits=limits_of(home.settings), check=desk.check)
    key = (*file, data.header, data.delimiter, data.records, data.lines)
    table = _tables.get(key)
    if table is None:
        table = _tables.keep(key, open_and_tell(data.train, path, opening, desk))
    desk.check()
    preview = _with_columns(request, table, size, tokenizer, desk)
    return _with_profile(preview, request, tokenizer, notes, desk)


def is_plain_text(path: Path, task: str) -> bool:
    """Whether it is running text for a language model, rather than rows."""
    return learns_running_text(task) and is_running(path)


def _stamp(path: Path, desk: Desk) -> tuple[int, int]:
    """The bytes of all files that are meant, and what tells whether any of them has changed since."""
    size, seen = 0, []
    for place in files_of(path):
        inner = itertools.islice(place.rglob("*"), _STAMPED) if place.is_dir() else ()
        for file in (place, *inner):
            desk.check()
            with contextlib.suppress(OSError):  # a link that leads nowhere
                status = file.stat()
                seen.append((str(file), status.st_mtime_ns, status.st_size))
                size += 0 if stat.S_ISDIR(status.st_mode) else status.st_size
    return size, hash(tuple(seen))


def tokenizer_of(home: Home, model: str) -> tuple[Path | None, tuple[str, ...]]:
    """The model's `tokenizer.json`; where it is not there, None and a note."""
    if is_new(model):
        return None, ("Lengths are not in tokens: a new model learns its tokeniser when the run begins.",)
    try:
        place = resolve_model(model, home)
    except WorkbenchError:
        return None, (f"Lengths are not in tokens, since the model {model} is not on this machine yet.",)
    file = place.path / "tokenizer.json"
    if file.is_file():
        return file, ()
    why = "is prepared when it is first used" if place.needs_conversion else "has no tokenizer.json"
    return None, (f"Lengths are not in tokens, since the model {place.name} {why}.",)


def _with_columns(
    request: DataRequest, table: Table, size: int, tokenizer: Path | None, desk: Desk
) -> DataPreview:
    """The preview with the columns that are named or guessed, the mended rows, and what is wrong with them."""
    data, classes = request.data, has_classes(request.task)
    columns, likely = guess_columns(table), guess(table)
    text = data.text if data.text in table.columns else ""
    label = data.label if data.label in table.columns else ""
    problem: Problem | None = None
    done: Mended | None = None
    sizes: tuple[int, int, int] | None = None
    split_notes: tuple[str, ...] = ()
    split_problem: Problem | None = None
    notes = table.notes
    try:
        text, label = _roles(request, table)
        done = _mend(request, table, (text, label if label in table.columns else ""), tokenizer, desk)
        _require_shape(request, as_table(done.frame, table))
        notes = (*notes, *done.told())
        frame = done.frame
        if classes and frame.rows <= CHECKED_ROWS:
            text, label = choose_columns(as_table(frame, table), frame.text, frame.label)
            usable = labelled_rows(as_table(frame, table), text, label, origin=frame.origin)
            notes = (*notes, *usable.notes)
            kept = replace(frame, text=text, label=label).take(usable.kept)
            sizes, split_notes, split_problem = _divided(request, kept, usable)
        elif has_targets(request.task) and frame.rows <= CHECKED_ROWS:
            labels = named_columns(label, table.columns)
            found = readable(request.task, frame, table, data, text, labels)
            text, label, notes = found.text, joined_names(found.labels), (*notes, *found.notes)
            sizes, split_notes, split_problem = _divided(request, frame.take(found.kept))
    except WorkbenchError as error:
        problem = error.problem
        text = text or (columns.text if columns.text != label else "")
        label = label or (columns.label if columns.label != text else "")
    return DataPreview(
        source=data.train, path=table.path, task=request.task, table=table, text=text, label=label,
        reasons=likely.reasons if has_targets(request.task) else columns.reasons, profile=None, notes=notes,
        problem=problem, size=size, untouched=_keyed(table, text, label if label in table.columns else ""),
        mended=done, sizes=sizes, split_notes=split_notes, split_problem=split_problem,
        unlabelled=_unlabelled(table, label), likely_task=likely.task,
    )  # fmt: skip


def _roles(request: DataRequest, table: Table) -> tuple[str, str]:
    """The columns that are read and predicted; empty for none."""
    if request.task == "seq2seq":
        return source_columns(table, request.data)
    if has_classes(request.task):
        return roles(table, request.data)
    if has_targets(request.task):
        text, labels = target_columns(request.task, table, request.data)
        return text, joined_names(labels)
    return text_role(table, request.data), ""


def _require_shape(request: DataRequest, table: Table) -> None:
    """Refuse mended rows that are not what the task learns from."""
    if request.task == "chat":
        shape_of(table, request.data)
    elif request.task == "preference":
        pair_shape(table)


def _divided(
    request: DataRequest, frame: Frame, usable: LabelledRows | None = None
) -> tuple[tuple[int, int, int] | None, tuple[str, ...], Problem | None]:
    """How many of the usable rows each side has, what is worth knowing of it, and why they cannot be divided."""
    classes = (usable.labels, usable.class_names) if usable else (None, ())
    try:
        cut = sides(frame, request.data, request.seed, *classes)
    except WorkbenchError as error:
        return None, (), error.problem
    return (len(cut.train), len(cut.validation), len(cut.test)), cut.notes, None


def _unlabelled(table: Table, label: str) -> Indices | None:
    """The rows in which no label stands, ascending."""
    if label not in table.columns:
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.fill_null(table.data.column(table.columns.index(label)).cast(pa.large_string()), "")
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    found = np.flatnonzero(blank.to_numpy()).astype(np.int64)
    return found if len(found) else None


def _keyed(table: Table, text: str, label: str) -> Frame:
    """The untouched rows with their keys, which are made once for a table."""
    keyed = _keys.get((table,)) or _keys.keep((table,), frame_of(table, "", ""))
    roles = (keyed, text, label)
    return _frames.get(roles) or _frames.keep(roles, replace(keyed, text=text, label=label))


def _mend(
    request: DataRequest, table: Table, columns: tuple[str, str], tokenizer: Path | None, desk: Desk
) -> Mended:
    """The rows after edits and steps, made anew only when one of these has changed."""
    data = request.data
    if not (data.steps or data.patch):
        return Mended(_keyed(table, *columns))
    patch = Path(data.patch).expanduser() if data.patch else None
    stamp = patch.stat().st_mtime_ns if patch and patch.is_file() else 0
    key: tuple[Any, ...] = (table, data.steps, data.patch, stamp, *columns)
    if data.steps:
        key += (request.seed, request.max_length, tokenizer)
    found = _mended.get(key)
    if found is None:
        context = Context(request.seed, request.max_length, tokenizer, desk.check)
        found = _mended.keep(key, mended(table, data, context, *columns))
    return found


def _with_profile(
    preview: DataPreview, request: DataRequest, tokenizer: Path | None, notes: tuple[str, ...], desk: Desk
) -> DataPreview:
    table = preview.table
    if table is None or not preview.text:
        return preview
    if preview.mended:
        table = as_table(preview.mended.frame, table)
    if preview.text not in table.columns:
        return preview
    classes = has_classes(request.task) and preview.label != preview.text
    label = preview.label if classes and preview.label in table.columns else ""
    rows = preview.mended if request.data.steps or request.data.patch else preview.table
    key = (rows, preview.text, label, tokenizer)
    found = _profiles.get(key)
    if found is None:
        desk.check()
        found = profile(table, preview.text, label, tokenizer, request.max_length, lambda: desk.cancelled)
        desk.check()
        if found is None:
            return preview
        _profiles.keep(key, found)
    found = found.for_max_length(request.max_length)
    notes = (*preview.notes, *notes, *found.notes)
    if table.rows > CHECKED_ROWS:
        notes = (*notes, *_large_notes(found))
    return replace(preview, profile=found, notes=notes)


def _large_notes(found: Profile) -> list[str]:
    """What `labelled_rows` would say of a table too large to try."""
    counts = ((found.unlabelled, "without a label"), (found.blank, "without a text"))
    return [f"{counted(number, 'row')} {what} will be set aside." for number, what in counts if number]


def _read_text(
    path: Path, encoding: str, tokenizer: Path | None, desk: Desk
) -> tuple[str, TextCounts, tuple[str, ...]]:
    found = running_text(path, encoding)
    text = found.text
    count = _token_counter(tokenizer)
    words = tokens = measured = 0
    for chunk in _chunks(text):
        desk.check()
        words += len(chunk.split())
        if count is not None and measured < COUNTED:
            tokens += count(chunk)
            measured += len(chunk)
    counts = TextCounts(
        characters=len(text),
        lines=text.count("\n") + (not text.endswith("\n")),
        words=words,
        tokens=round(tokens * len(text) / measured) if measured else None,
        estimated=0 < measured < len(text),
    )
    return text[:EXCERPT], counts, found.notes


def _token_counter(tokenizer: Path | None) -> Callable[[str], int] | None:
    if tokenizer is None:
        return None
    cutter = whole_tokenizer(tokenizer, tokenizer.stat().st_mtime_ns)
    return lambda chunk: len(cutter.encode_batch_fast([chunk], add_special_tokens=False)[0])


def _chunks(text: str) -> Iterator[str]:
    """Pieces that end with a line where they can, so that words and tokens stay whole."""
    start = 0
    while start < len(text):
        end = start + _CHUNK
        if end < len(text):
            end = text.rfind("\n", start, end) + 1 or text.rfind(" ", start, end) + 1 or end
        yield text[start:end]
        start = end
