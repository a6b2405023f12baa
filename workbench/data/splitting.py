"""Divides rows into those to learn from, held-out ones and test ones, as the recipe says."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.data.folding import (
    grouped_folds,
    part_by_position,
    part_of_classes,
    stratified_folds,
    units_of,
)
from workbench.data.frame import Frame, Indices
from workbench.data.kept_sides import kept_rows
from workbench.data.labelled import natural_key, split
from workbench.data.moments import moments
from workbench.data.side_names import side_of
from workbench.data.splitting_problems import (
    cannot_fold,
    empty_side,
    no_column,
    nothing_to_learn_from,
    unknown_side,
    unreadable,
)
from workbench.data.suggest import counted, listed
from workbench.run.problem import bad_input
from workbench.run.recipe import DataSection

#: By how much of all rows a side may outgrow its share because a group stays whole.
_OUTGROWN = 0.25

_TITLES = {"train": "Training", "validation": "Held-out", "test": "Test"}


class Sides(NamedTuple):
    """Row numbers of each side, int64, ascending; none stands on two. `notes` say what is worth knowing."""

    train: Indices
    validation: Indices
    test: Indices
    notes: tuple[str, ...] = ()


def sides(
    frame: Frame,
    data: DataSection,
    seed: int,
    labels: Sequence[int] | None = None,
    class_names: Sequence[str] = (),
) -> Sides:
    """The sides of rows; a side that has a file of its own takes no rows away here.

    Rows that were made from one row of the file stay together.

    Args:
        frame: The rows.
        data: How they are divided: `split`, `split_column`, `validation` and `test`; `folds`, of which `fold` is held
            out instead of a share; `sides`, a list of rows in place of all these; and `learn_share` of the rest.
        seed: The seed of the draw. by-time and by-column do not depend on it.
        labels: The class number of each row; None where there are no classes.
        class_names: The classes' names, so that one that has no rows to learn from can be named.

    Raises:
        WorkbenchError: When a side would be left without a row, or the split column is missing, cannot be read,
            or has a group that is too large.
    """
    needed = data.split in ("grouped", "by-time", "by-column") and not data.sides
    if needed and data.split_column not in frame.columns:
        raise no_column(frame, data)
    numbers = np.zeros(frame.rows, dtype=np.int64) if labels is None else np.asarray(labels, dtype=np.int64)
    rows = np.arange(frame.rows, dtype=np.int64)
    if data.sides:
        found = Sides(*kept_rows(frame.keys, Path(data.sides).expanduser()))
    elif data.folds:
        found = _folded(frame, data, seed, numbers)
    elif data.split == "by-column":
        found = _by_column(frame, data, seed, numbers)
    elif data.split == "by-time":
        found = _by_time(frame, data)
    elif data.split == "grouped":
        found = _grouped(frame, data, seed)
    elif data.split == "by-hash":
        found = _by_position(rows, positions(frame.keys, seed), data)
    else:
        found = _stratified(frame, rows, data, seed, numbers)
    if data.learn_share < 1:
        found = _learned_from(frame, found, data, seed, numbers)
    return found._replace(notes=found.notes + _classes_without_rows(found.train, numbers, class_names))


def divides(data: DataSection) -> bool:
    """Whether held-out or test rows are taken from the file itself."""
    shares = (data.validation, data.test)
    return (
        data.split == "by-column"
        or bool(data.sides)
        or data.folds > 0
        or any(isinstance(share, float) and share > 0 for share in shares)
    )


def positions(keys: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.float64]:
    """Where each key lies between 0 and 1, evenly and at random, by the key and the seed alone (SplitMix64)."""
    # Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
    mixed = keys.astype(np.uint64) ^ _mixed(np.array([seed % 2**64], dtype=np.uint64))
    return (_mixed(mixed) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _shares(data: DataSection) -> dict[str, float]:
    """What test and held-out take of the rows; 0 where they have a file.

    Raises:
        WorkbenchError: When nothing would be left.
    """
    given = {"test": data.test, "validation": data.validation}
    shares = {name: 0.0 if isinstance(share, str) else share for name, share in given.items()}
    if sum(shares.values()) >= 1.0 - 1e-9:
        raise bad_input(
            "data.validation (Held-out): nothing would be left to train on.",
            f"Held-out and test together take {sum(shares.values()):.0%} of the rows.",
            "Make them smaller.",
            field="data.validation",
        )
    return shares


def _stratified(frame: Frame, rows: Indices, data: DataSection, seed: int, labels: Indices) -> Sides:
    """The classes in the same proportion on all sides of these rows, drawn by the seed."""
    shares = _shares(data)
    units = units_of(frame.keys[rows])
    classes = labels[rows][units.first]
    rest = np.arange(len(units.first), dtype=np.int64)
    taken: dict[str, Indices] = {}
    left = 1.0
    for name, share in shares.items():
        if share == 0:
            taken[name] = np.empty(0, dtype=np.int64)
            continue
        kept, held = split(classes[rest].tolist(), share / left, seed)
        taken[name], rest = rest[held], rest[kept]
        left -= share
        if len(held) == 0:
            raise empty_side(
                name, share, len(rows), "Rows of a class that occurs only once always stay in training."
            )
    train, validation, test = (rows[units.rows(side)] for side in (rest, taken["validation"], taken["test"]))
    return Sides(train, validation, test)


def _by_position(rows: Indices, position: npt.NDArray[np.float64], data: DataSection, why: str = "") -> Sides:
    """Test takes the lowest positions and held-out the highest, so that changing one share moves no row of the
    other side."""
    shares = _shares(data)
    test = position < shares["test"]
    validation = position >= 1.0 - shares["validation"]
    found = Sides(rows[~test & ~validation], rows[validation], rows[test])
    for name, side in (("test", found.test), ("validation", found.validation)):
        if shares[name] > 0 and len(side) == 0:
            raise empty_side(name, shares[name], len(rows), why or "By chance, no row falls on this side.")
    if len(found.train) == 0:
        raise nothing_to_learn_from(why or "By chance, every row falls on another side.")
    return found._replace(notes=_differing(found, shares))


def _differing(found: Sides, shares: dict[str, float]) -> tuple[str, ...]:
    rows = len(found.train) + len(found.validation) + len(found.test)
    parts = [("validation", found.validation), ("test", found.test)]
    return tuple(
        f"{_TITLES[name]} has {len(side) / rows:.1%} of the rows, where {shares[name]:.1%} was asked for, since rows "
        "keep their side."
        for name, side in parts
        if shares[name] > 0 and abs(len(side) / rows - shares[name]) > 0.02
    )


def _grouped(frame: Frame, data: DataSection, seed: int) -> Sides:
    """All rows of one value on one side, by a hash of the value; a row without a value is a group of its own."""
    values = [(value or "").strip() for value in frame.column(data.split_column)]
    hashes = {value: _hash(value) for value in set(values) if value}
    keys = np.array(
        [hashes.get(value) or int(key) for value, key in zip(values, frame.keys, strict=True)],
        dtype=np.uint64,
    )
    why = f"“{data.split_column}” has {counted(len(hashes), 'different value')}, and each stays whole."
    found = _by_position(np.arange(frame.rows, dtype=np.int64), positions(keys, seed), data, why)
    _refuse_large_groups(found, values, frame, data)
    alone = [row for row, value in enumerate(values) if not value]
    if not alone:
        return found
    where = listed([int(frame.origin[row]) + 1 for row in alone])
    note = f"{counted(len(alone), 'row')} without a value in “{data.split_column}” ({where}) "
    return found._replace(notes=(*found.notes, note + "went to any side, each by itself."))


def _folded(frame: Frame, data: DataSection, seed: int, labels: Indices) -> Sides:
    """One fold is held out; the test rows are put aside before, the same for all folds."""
    if (
        data.split in ("by-time", "by-column")
        or isinstance(data.validation, str)
        or not 1 <= data.fold <= data.folds
    ):
        raise cannot_fold(data)
    rest, test = np.arange(frame.rows, dtype=np.int64), np.empty(0, dtype=np.int64)
    notes: tuple[str, ...] = ()
    if not isinstance(data.test, str) and data.test > 0:
        without = data.model_copy(update={"folds": 0, "validation": 0.0, "learn_share": 1.0})
        rest, _, test, notes = sides(frame, without, seed, labels.tolist())
    if data.split == "stratified":
        units = units_of(frame.keys[rest])
        pieces = len(units.first)
        fold_of = stratified_folds(labels[rest][units.first], data.folds, seed)[units.of]
    elif data.split == "grouped":
        groups, position = _groups(frame, rest, data, seed)
        pieces, fold_of = len(position), grouped_folds(groups, position, data.folds)
    else:
        pieces = len(rest)
        fold_of = (positions(frame.keys[rest], seed) * data.folds).astype(np.int64)
    held = fold_of == data.fold - 1
    if pieces < data.folds or not held.any() or held.all():
        raise cannot_fold(data, pieces)
    return Sides(rest[~held], rest[held], test, notes)


def _learned_from(frame: Frame, found: Sides, data: DataSection, seed: int, labels: Indices) -> Sides:
    """The sides with only a share of the rows to learn from; the others stay as they are."""
    train = found.train
    if data.split == "grouped":
        kept = part_by_position(*_groups(frame, train, data, seed + 1), data.learn_share)
    else:
        units = units_of(frame.keys[train])
        if data.split == "by-hash":
            position = positions(frame.keys[train][units.first], seed + 1)
            kept = part_by_position(units.of, position, data.learn_share)
        else:
            kept = units.rows(part_of_classes(labels[train][units.first], data.learn_share, seed))
    note = (
        f"Learning from {len(kept)} of {counted(len(train), 'row')} ({data.learn_share:.0%}), as asked for."
    )
    return found._replace(train=train[kept], notes=(*found.notes, note))


def _groups(
    frame: Frame, rows: Indices, data: DataSection, seed: int
) -> tuple[Indices, npt.NDArray[np.float64]]:
    """The group of each of these rows, from 0, and a number by chance for each group. A row without a value is a
    group of its own."""
    values = [(value or "").strip() for value in frame.column(data.split_column)]
    hashes = {value: _hash(value) for value in set(values) if value}
    keys = [hashes.get(values[int(row)]) or int(frame.keys[row]) for row in rows]
    units = units_of(np.array(keys, dtype=np.uint64))
    return units.of, positions(np.array(keys, dtype=np.uint64)[units.first], seed)


def _hash(value: str) -> int:
    digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1  # never 0, which would read as "no group"


def _refuse_large_groups(found: Sides, values: list[str], frame: Frame, data: DataSection) -> None:
    for name, share in _shares(data).items():
        side: Indices = getattr(found, name)
        if len(side) <= (share + _OUTGROWN) * frame.rows:
            continue
        names, sizes = np.unique([values[int(row)] for row in side], return_counts=True)
        raise bad_input(
            f"data.{name}: {len(side) / frame.rows:.0%} of the rows would be put aside instead of {share:.0%}.",
            f"The group “{str(names[sizes.argmax()])[:60]}” of “{data.split_column}” alone has "
            f"{sizes.max() / frame.rows:.0%} of the rows, and a group stays whole.",
            "Choose another seed, so that it is learned from, or another split column, or give a file of rows.",
            field="data.split_column",
        )


def _by_time(frame: Frame, data: DataSection) -> Sides:
    """The newest units for the test, the newest of the others held out; of equal moments the later row is newer."""
    shares = _shares(data)
    units = units_of(frame.keys)
    values = frame.column(data.split_column)
    when, unread, ambiguous = moments(values)
    if unread:
        raise unreadable(frame, data, [(row, values[row]) for row in unread])
    if ambiguous:
        raise bad_input(
            f"The dates in “{data.split_column}” can be read in two ways.",
            f"“{values[0]}” may begin with the day or with the month, and no row says which.",
            "Write the dates with the year first, such as 2026-11-22.",
            field="data.split_column",
        )
    order = np.argsort(when[units.first], kind="stable")
    end = len(order)
    taken = {}
    for name, share in shares.items():
        count = round(share * len(order))
        if share > 0 and count == 0:
            raise empty_side(name, share, frame.rows, "There are too few rows for so small a share.")
        taken[name] = units.rows(order[end - count : end])
        end -= count
    if end == 0:
        raise nothing_to_learn_from("Held-out and test take all of the few rows that there are.")
    return Sides(units.rows(order[:end]), taken["validation"], taken["test"])


def _by_column(frame: Frame, data: DataSection, seed: int, labels: Indices) -> Sides:
    """The side that the column says; a side that it never names is drawn from the rows to learn from."""
    values = frame.column(data.split_column)
    named = [side_of(value) for value in values]
    strange = [row for row, side in enumerate(named) if side is None]
    if strange:
        raise unknown_side(frame, data, [(row, values[row]) for row in strange])
    rows = {
        side: np.array([row for row, name in enumerate(named) if name == side], dtype=np.int64)
        for side in _TITLES
    }
    missing = {}
    for name in ("validation", "test"):
        given: float | str = getattr(data, name)
        if len(rows[name]) and isinstance(given, str):
            raise bad_input(
                f"data.{name}: these rows are given twice.",
                f"“{data.split_column}” names {counted(len(rows[name]), 'row')} for it, and there is the file {given}.",
                "Set the share to 0 to use the column, or divide the rows in another way to use the file.",
                field=f"data.{name}",
            )
        missing[name] = 0.0 if len(rows[name]) or isinstance(given, str) else given
    if len(rows["train"]) == 0:
        raise nothing_to_learn_from(f"No row of “{data.split_column}” says train.")
    if not any(missing.values()):
        return Sides(rows["train"], rows["validation"], rows["test"])
    drawn = _stratified(frame, rows["train"], data.model_copy(update=missing), seed, labels)
    notes = tuple(
        f"“{data.split_column}” names no {_TITLES[name].lower()} rows: {share:.0%} of those to learn from were taken."
        for name, share in missing.items()
        if share
    )
    validation, test = (
        taken if missing[name] else rows[name]
        for name, taken in (("validation", drawn.validation), ("test", drawn.test))
    )
    return Sides(drawn.train, validation, test, notes)


def _classes_without_rows(train: Indices, labels: Indices, names: Sequence[str]) -> tuple[str, ...]:
    seen = set(labels[train].tolist())
    absent = sorted((name for number, name in enumerate(names) if number not in seen), key=natural_key)
    if not absent:
        return ()
    what = counted(len(absent), "class has", "classes have")
    return (f"{what} no rows to learn from ({listed(absent, 4)}), only held-out ones.",)
