"""Reads any number of labels for each text: several in one cell, or a column of yes and no for each label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workbench.data.frame import Frame
from workbench.data.guess import guess_columns
from workbench.data.label_cells import (
    LONGEST,
    SAMPLE,
    likely_label_columns,
    read_labels,
    says_yes_or_no,
    separator_of,
    switch_of,
)
from workbench.data.label_columns import (
    Wrong,
    chosen_columns,
    require_rows,
    resolved_columns,
    roles_now,
    set_aside_notes,
    sides_by_name,
)
from workbench.data.labelled import natural_key
from workbench.data.row_sides import row_sides
from workbench.data.step import Context
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table
from workbench.data.training_rows import Resolve, opened
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection


class MarkedSide(NamedTuple):
    """Texts, for each the numbers of its labels, ascending, and its row in the untouched file, from 0."""

    texts: tuple[str, ...]
    marks: tuple[tuple[int, ...], ...]
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSetSides:
    """The rows of each side; `test` may be empty.

    Attributes:
        names: The labels; in the columns' order where each has one, else numbers before words.
        notes: Everything that a person should know, in sentences.
        fingerprints: SHA-256 of each file that was read.
        resolved: The recipe's fields of the columns, with what was named or guessed.
    """

    train: MarkedSide
    validation: MarkedSide
    test: MarkedSide
    names: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprints: tuple[str, ...]
    resolved: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a file writes labels: in these columns, with this between those of one cell; `switches` where each column
    is a label and says yes or no."""

    columns: tuple[str, ...]
    switches: bool
    separator: str

    def told(self) -> str:
        """The same in words."""
        names = listed([f"“{name}”" for name in self.columns], 6)
        if self.switches:
            return f"Each of {names} is a label that says yes or no."
        between = f", with “{self.separator}” between them" if self.separator else ""
        return f"The labels of a row stand in {names}{between}."


def label_set_sides(data: DataSection, context: Context, resolve: Resolve) -> LabelSetSides:
    """Read, mend and divide texts with any number of labels.

    Args:
        data: What the recipe says of its data; `label` is one column, or several with commas between them.
        context: The seed, and what steps are told.
        resolve: Finds a file.

    Raises:
        WorkbenchError: With what is wrong with the files, the columns, the steps or the split; or when the column
            holds no labels, or no row to learn from, or none that is held out, can be used.
    """
    table = opened(data, data.train, "data.train", context, resolve)
    text, labels = set_columns(table, data)
    found = row_sides(data, context, resolve, table, text, labels[0] if len(labels) == 1 else "")
    text_now, labels_now = roles_now(found.train, found.table, data, text, labels)
    writing = writing_of(found.table, labels_now)
    names = label_names(found.table, writing)
    notes = [f"Reading the text from “{text_now}”. {writing.told()}", *found.notes]
    sides: list[MarkedSide] = []
    for side, frame in sides_by_name(found):
        rows, wrong, strange = _side(frame, text_now, writing, names)
        require_rows(len(rows.texts), side, wrong, "Each row needs a text and its labels; write [] for none.")
        sides.append(rows)
        notes += [*set_aside_notes(wrong, data, side), *_strange_notes(strange)]
    notes.append(label_counts_told(sides[0], names))
    seen = {number for marks in sides[0].marks for number in marks}
    unseen = [name for i, name in enumerate(names) if i not in seen]
    if unseen:
        notes.append(f"No row to learn from has the labels {listed(unseen, 6)}: they cannot be learned.")
    return LabelSetSides(
        sides[0], sides[1], sides[2], names, tuple(notes), found.fingerprints,
        resolved_columns(data, text or text_now, labels or labels_now),
    )  # fmt: skip


def set_columns(table: Table, data: DataSection) -> tuple[str, tuple[str, ...]]:
    """The column that is read and those of the labels, named or guessed; see `chosen_columns`.

    Raises:
        WorkbenchError: When a named one is not there, or none can be guessed.
    """
    likely: tuple[str, ...] = ()
    if not data.label:
        likely = likely_label_columns(table, data.text) or tuple(filter(None, [guess_columns(table).label]))
    found = chosen_columns(table, data, likely)
    if not (found[1] or data.label):
        raise bad_input(
            f"No column of labels was found in {table.path.name}.",
            f"None of its columns ({listed(table.columns)}) has several labels in a cell, and no two say yes or no.",
            "Choose the label column. For several columns, write their names with commas between them.",
            field="data.label",
        )
    return found


def looked_at_labels(
    frame: Frame, table: Table, text: str, labels: Sequence[str]
) -> tuple[list[Wrong], list[str]]:
    """Rows that cannot be used, and what there is to say of the others.

    Raises:
        WorkbenchError: When the columns hold no labels.
    """
    writing = writing_of(table, labels)
    names = label_names(table, writing)
    side, wrong, _ = _side(frame, text, writing, names)
    return wrong, [writing.told(), label_counts_told(side, names)]


def label_counts(table: Table, labels: Sequence[str]) -> Counter[str]:
    """The rows with each label; rows whose labels cannot be read have none.

    Raises:
        WorkbenchError: When the columns hold no labels.
    """
    writing = writing_of(table, labels)
    rows = (_labels(cells, writing) for cells in zip(*map(table.column, labels), strict=True))
    return Counter(name for found in rows if not isinstance(found, str) for name in found)


def label_counts_told(side: MarkedSide, names: Sequence[str]) -> str:
    """How many rows have each label, in words."""
    counts = Counter(number for marks in side.marks for number in marks)
    told = listed([f"{name} {counts[i]}" for i, name in enumerate(names)], 12)
    bare = sum(not marks for marks in side.marks)
    none = f" {counted(bare, 'row')} have no label." if bare else ""
    return f"Of {counted(len(side.texts), 'row')} so many have each label: {told}.{none}"


def writing_of(table: Table, columns: Sequence[str]) -> Writing:
    """How the labels are written in these columns.

    Raises:
        WorkbenchError: When there are several columns and one says something else than yes or no.
    """
    switches = [says_yes_or_no(table.sample(name, SAMPLE)) for name in columns]
    if len(columns) > 1 and not all(switches):
        odd = columns[switches.index(False)]
        filled = [value.strip() for value in table.sample(odd, SAMPLE) if value and value.strip()]
        strange = next((value for value in filled if switch_of(value) is None), "")
        said = f"“{odd}” has “{strange[:60]}”." if strange else f"“{odd}” is empty."
        raise bad_input(
            "Of several label columns each must say yes or no.",
            f"{said} In {table.path.name} a row needs 1 or 0 (or true or false, yes or no) there.",
            "Take this column out, or choose one column with all labels of a row.",
            field="data.label",
        )
    if all(switches):
        return Writing(tuple(columns), True, "")
    values = table.column(columns[0])
    return Writing(tuple(columns), False, separator_of([value for value in values if value]))


def label_names(table: Table, writing: Writing) -> tuple[str, ...]:
    """All labels of a file.

    Raises:
        WorkbenchError: When there are fewer than two, or the cells look like texts.
    """
    if writing.switches:
        return writing.columns
    cells = (read_labels(value or "", writing.separator) for value in table.column(writing.columns[0]))
    sets = [labels for labels in cells if labels]
    counts = Counter(name for labels in sets for name in labels)
    where = f"“{writing.columns[0]}” of {table.path.name}"
    if len(counts) < 2:
        raise bad_input(
            "There is only one label." if counts else "There are no labels.",
            f"{where} has “{next(iter(counts))[:60]}” and nothing else."
            if counts
            else f"{where} holds nothing that can be read as labels.",
            "Choose another label column, or add rows with other labels.",
            field="data.label",
        )
    longest = sum(len(name) * count for name, count in counts.items()) > LONGEST * counts.total()
    if len(counts) * 2 > counts.total() and (len(sets) >= 20 or longest):
        raise bad_input(
            f"“{writing.columns[0]}” looks like text, not labels.",
            f"Its {counted(len(sets), 'row')} have {counted(len(counts), 'different label')}, such as "
            f"“{min(counts)[:60]}”.",
            "Choose a column with a few labels that come up again.",
            field="data.label",
        )
    return tuple(sorted(counts, key=natural_key))


def _side(
    frame: Frame, text: str, writing: Writing, names: tuple[str, ...]
) -> tuple[MarkedSide, list[Wrong], Counter[str]]:
    """The rows that can be used, those that cannot, and labels that the training file does not have."""
    number = {name: i for i, name in enumerate(names)}
    texts: list[str] = []
    marks: list[tuple[int, ...]] = []
    kept: list[int] = []
    wrong: list[Wrong] = []
    strange: Counter[str] = Counter()
    columns = zip(*map(frame.column, writing.columns), strict=True)
    for row, words, cells in zip(frame.origin.tolist(), frame.column(text), columns, strict=True):
        labels = _labels(cells, writing)
        if isinstance(labels, str):
            wrong.append(Wrong(row, labels))
        elif not (words or "").strip():
            wrong.append(Wrong(row, f"“{text}” is empty."))
        else:
            kept.append(row)
            texts.append(words or "")
            marks.append(tuple(sorted(number[name] for name in labels if name in number)))
            strange.update(name for name in labels if name not in number)
    return MarkedSide(tuple(texts), tuple(marks), tuple(kept)), wrong, strange


def _labels(cells: Sequence[str | None], writing: Writing) -> tuple[str, ...] | str:
    """A row's labels, or why they cannot be read."""
    if not writing.switches:
        value = (cells[0] or "").strip()
        if not value:
            return f"“{writing.columns[0]}” is empty (write [] where no label fits)."
        found = read_labels(value, writing.separator)
        return (
            f"“{writing.columns[0]}” begins like a list and is none: {value[:40]}" if found is None else found
        )
    chosen = []
    for name, cell in zip(writing.columns, cells, strict=True):
        said = switch_of((cell or "").strip())
        if said is None:
            return (
                f"“{name}” says “{cell.strip()[:40]}” instead of 1 or 0."
                if cell and cell.strip()
                else f"“{name}” is empty."
            )
        if said:
            chosen.append(name)
    return tuple(chosen)


def _strange_notes(strange: Counter[str]) -> list[str]:
    if not strange:
        return []
    return [
        f"The labels {listed(sorted(strange), 4)} of held-out rows do not occur in the training file and are left out."
    ]
