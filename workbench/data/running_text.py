"""The text of each side for language modelling: a running text as it is, or the mended rows of a table or of lines."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.data.chat import ChatShape, chat_shape, read_chat
from workbench.data.encodings import Characters
from workbench.data.format import Opening
from workbench.data.formats.plain_text import PlainText
from workbench.data.formats.several import Several, data_files
from workbench.data.frame import Frame
from workbench.data.pipeline import Mended, as_table, learning, mended, patch_fingerprints, text_role
from workbench.data.splitting import Sides, sides
from workbench.data.step import Context
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, files_of, format_of, no_such_column, text_table
from workbench.data.text_files import read_running
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.recipe import DataSection


@dataclass(frozen=True, slots=True)
class TextSides:
    """The text of each side; `test` may be empty. `fingerprints` are those of the files."""

    train: str
    validation: str
    test: str
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]


def text_sides(data: DataSection, context: Context, resolve: Resolve) -> TextSides:
    """Read, mend and divide text.

    Of a running text the end is held out, not scattered pieces of it: neighbours of a training block would tell too
    much about it. Rows of a table are divided as labelled ones are.

    Args:
        data: What the recipe says of its data.
        context: The seed, and what steps are told.
        resolve: Finds a file.

    Raises:
        WorkbenchError: With what is wrong with the files, the columns, the steps or the split.
    """
    path = resolve(data.train, "data.train")
    if is_running(path) and not (data.steps or data.patch):
        found = _of_text(data, path, resolve)
    else:
        found = _of_rows(data, context, resolve)
    if not found.validation.strip():
        raise bad_input(
            "data.validation (Held-out): there is no held-out text.",
            "Perplexity is measured on text that the model never learns from.",
            "Take a share above 0, or a file of its own.",
            field="data.validation",
        )
    return found


def is_running(path: Path, field: str = "data.train") -> bool:
    """Whether what lies there is running text rather than rows: plain text files, or a folder of nothing else."""
    return bool(_text_files(path, field))


def running_text(path: Path, encoding: str = "", field: str = "data.train") -> Characters:
    """A running text, several files one after the other, and what was assumed of it.

    Raises:
        WorkbenchError: When a file is missing, empty, binary, or in another encoding, naming it.
    """
    files = _text_files(path, field) or [path]
    found = [read_running(file, encoding or None, field=field) for file in files]
    if len(files) == 1:
        return found[0]
    text = "".join(part.text if part.text.endswith("\n") else f"{part.text}\n" for part in found)
    names = [file.name for file in files]
    notes = [f"{counted(len(files), 'file')} were read one after the other: {listed(names)}."]
    notes += [f"{name}: {note}" for name, part in zip(names, found, strict=True) for note in part.notes]
    return dataclasses.replace(found[0], text=text, notes=tuple(notes))


def _text_files(path: Path, field: str) -> list[Path]:
    """The files of a running text, in order; none where rows lie there."""
    files = files_of(path)
    if len(files) == 1 and files[0].is_dir():
        if not isinstance(format_of(files[0], field), Several):
            return []
        files, _ = data_files(files[0], Opening(field=field))
    plain = (
        file.suffix.lower() in PlainText.suffixes or isinstance(format_of(file, field), PlainText)
        for file in files
    )
    return files if all(plain) else []


def _of_text(data: DataSection, path: Path, resolve: Resolve) -> TextSides:
    whole = running_text(path, data.encoding)
    text, notes = whole.text, list(whole.notes)
    first, second = _ends(len(text), data)
    learned = int(first * data.learn_share)
    parts = {"validation": text[first:second], "test": text[second:]}
    prints = [_print(text)]
    for name in parts:
        source = getattr(data, name)
        if isinstance(source, str):
            field = f"data.{name}"
            own = running_text(resolve(source, field), data.encoding, field)
            parts[name] = own.text
            notes += own.notes
            prints.append(_print(own.text))
    return TextSides(text[:learned], parts["validation"], parts["test"], tuple(notes), tuple(prints))


def _ends(length: int, data: DataSection) -> tuple[int, int]:
    """Where a running text's part to learn from ends, and where its held-out part ends."""
    if data.folds:
        raise bad_input(
            "data.folds (Folds): a running text has no folds.",
            "Its parts belong together, and what comes before would tell what comes next.",
            "Hold out its end instead: set data.folds to 0.",
            field="data.folds",
        )
    validation, test = (0.0 if isinstance(s, str) else s for s in (data.validation, data.test))
    first = int(length * (1 - validation - test))
    if first <= 0:
        raise bad_input(
            "data.validation (Held-out): nothing would be left to train on.",
            "Held-out and test together take the whole text.",
            "Make them smaller.",
            field="data.validation",
        )
    return first, int(length * (1 - test))


def _of_rows(data: DataSection, context: Context, resolve: Resolve) -> TextSides:
    table, running = _rows(data, data.train, "data.train", context, resolve)
    text = text_role(table, data)
    source = mended(table, data, context, text, "")
    frame = source.frame
    # Whoever names a text column wants that one, and no conversation.
    shape = None if running or data.text else chat_shape(as_table(frame, table))
    if shape is None and frame.text not in frame.columns:
        raise no_such_column(table, data.text or "text")
    cut = (
        _end_rows(frame, data) if running and data.split == "stratified" else sides(frame, data, context.seed)
    )
    notes = [*table.notes, *source.told(), *cut.notes]
    if shape is not None:
        notes.append(f"{shape.reason} They are learned as plain text, one turn below the other.")
    prints = [table.fingerprint, *patch_fingerprints(data)]
    others = {"validation": frame.take(cut.validation), "test": frame.take(cut.test)}
    for name in others:
        given = getattr(data, name)
        if isinstance(given, str):
            own, others[name] = _own_file(data, given, f"data.{name}", source, text, context, resolve)
            prints.append(own.fingerprint)
    held_out = [other for other in others.values() if other.rows]
    learned = learning(frame.take(cut.train), data.steps, held_out, context)
    parts = [_texts(part, shape) for part in (learned.frame, others["validation"], others["test"])]
    blank = 0 if running else sum(not text.strip() for texts in parts for text in texts)
    if blank:
        notes.append(f"{counted(blank, 'row')} without a text {'was' if blank == 1 else 'were'} set aside.")
    train, validation, test = (
        "".join(f"{text}\n" for text in texts if running or text.strip()) for texts in parts
    )
    return TextSides(train, validation, test, (*notes, *learned.told()), tuple(prints))


def _own_file(
    data: DataSection,
    given: str,
    field: str,
    source: Mended,
    text: str,
    context: Context,
    resolve: Resolve,
) -> tuple[Table, Frame]:
    """A held-out file, mended as the training file was."""
    table, _ = _rows(data, given, field, context, resolve)
    if text and text not in table.columns:
        text = table.columns[0] if len(table.columns) == 1 else text
    try:
        frame = mended(table, data, context, text, "", like=source).frame
    except WorkbenchError as error:
        where = f"In {table.path.name}, which is mended as the training data is:"
        raise WorkbenchError(
            *(dataclasses.replace(p, title=f"{where} {p.title}", field=field) for p in error.problems)
        ) from error
    if frame.text not in frame.columns:
        raise no_such_column(table, text, field=field)
    return table, frame


def _rows(
    data: DataSection, source: str, field: str, context: Context, resolve: Resolve
) -> tuple[Table, bool]:
    """A file's rows, and whether they are the lines of a running text; its blank lines are rows as well."""
    path = resolve(source, field)
    if data.lines != "line" or not is_running(path, field):
        return opened(data, source, field, context, resolve), False
    found = running_text(path, data.encoding, field)
    lines: list[str | None] = [*found.text.removesuffix("\n").split("\n")]
    return text_table(path, {"text": lines}, found.notes, _print(found.text)), True


def _end_rows(frame: Frame, data: DataSection) -> Sides:
    """The lines whose beginning lies within each side's share of the characters."""
    lengths = np.array([len(line or "") + 1 for line in frame.column(frame.text)], dtype=np.int64)
    begins = np.cumsum(lengths) - lengths
    ends = _ends(int(lengths.sum()), data)
    learned, *places = np.searchsorted(begins, (int(ends[0] * data.learn_share), *ends))
    rows = np.arange(frame.rows, dtype=np.int64)
    return Sides(rows[:learned], rows[places[0] : places[1]], rows[places[1] :])


def _texts(frame: Frame, shape: ChatShape | None) -> list[str]:
    """Each row's text or conversation; empty where it has none."""
    if shape is None:
        return [text or "" for text in frame.column(frame.text)]
    names = tuple(shape.columns.values())
    rows = (dict(zip(names, row, strict=True)) for row in zip(*map(frame.column, names), strict=True))
    chats = (read_chat(row, shape) for row in rows)
    return ["" if c.complaints else "\n".join(one["content"] for one in c.messages) for c in chats]


def _print(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
