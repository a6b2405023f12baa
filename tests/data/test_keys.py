"""The keys of rows: the same values for ever, since patch files name rows by them, and made only when asked for."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.frame import frame_of, row_keys
from workbench.data.tables import Table, as_text

CELLS = {
    "a text": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    "number": st.none() | st.integers(-(2**40), 2**40),
    "fraction": st.none() | st.floats(),
    "list": st.none() | st.lists(st.integers(0, 3), max_size=2),
    "flag": st.none() | st.booleans(),
}
TYPES = {
    "a text": pa.large_string(),
    "number": pa.int64(),
    "fraction": pa.float64(),
    "list": pa.list_(pa.int64()),
    "flag": pa.bool_(),
}

GOLDEN = ["b99a4e534d54bc72", "78ddd56e15c5e6ca", "99b8af2000b4f74b", "669a78f047530f61"]


def table_of(data: pa.Table) -> Table:
    return Table(Path("rows.csv"), tuple(data.column_names), data, (), "")


def by_definition(data: pa.Table) -> list[int]:
    """The keys, row by row: BLAKE2b of names and values, hashed again with the number of equal rows before."""
    seen: Counter[bytes] = Counter()
    keys = []
    for row in data.to_pylist():
        cells = [f"{name}\x1f{text}" for name in sorted(row) if (text := as_text(row[name])) is not None]
        content = hashlib.blake2b("\x1e".join(cells).encode(), digest_size=8).digest()
        before, seen[content] = seen[content], seen[content] + 1
        if before:
            content = hashlib.blake2b(content + before.to_bytes(8, "little"), digest_size=8).digest()
        keys.append(int.from_bytes(content, "little"))
    return keys


@settings(max_examples=25, deadline=None)
@given(st.lists(st.fixed_dictionaries(CELLS), max_size=12), st.permutations(list(CELLS)))
def test_keys_are_those_of_their_definition(rows: list[dict[str, object]], order: list[str]) -> None:
    """Rows of any types, with copies, in whatever order the columns come."""
    schema = pa.schema([(name, TYPES[name]) for name in order])
    data = pa.Table.from_pylist([*rows, *rows[:3]], schema)
    assert row_keys(table_of(data)).tolist() == by_definition(data)


def test_keys_of_an_old_patch_file_still_fit() -> None:
    """These stand in files on people's disks."""
    data = pa.table(
        {"text": ["late again", "ça va", "late again", None], "label": ["sad", "glad", "sad", "sad"]}
    )
    assert [f"{key:016x}" for key in row_keys(table_of(data)).tolist()] == GOLDEN


def test_many_rows_have_keys_of_their_own() -> None:
    """More than one portion, with a chunk that ends inside of one."""
    texts = [f"text {row % 3000}" for row in range(7000)]
    data = pa.table({"text": pa.chunked_array([texts[:2500], texts[2500:2501], texts[2501:]])})
    keys = row_keys(table_of(data))
    assert keys.tolist() == by_definition(data)
    assert len(np.unique(keys)) == 7000


def test_keys_are_made_when_somebody_asks_and_can_be_given_up() -> None:
    """Who only takes rows makes none; who gives up leaves them for the next to ask."""
    frame = frame_of(table_of(pa.table({"text": [f"text {row}" for row in range(5000)]})), "text", "")
    some = frame.take([4000, 3, 3])

    def give_up() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # so they were not made by taking
        some.make_keys(give_up)
    assert some.keys.tolist() == frame.keys[[4000, 3, 3]].tolist()
    frame.make_keys(give_up)  # they are there
