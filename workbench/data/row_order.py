"""Which rows are shown and in which order: searching, filtering and sorting, as arrays of row numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from workbench.data.column_texts import letters_of, texts_of
from workbench.data.expressions import require_expression
from workbench.data.overlay import Overlay
from workbench.data.sort_keys import holds_numbers, is_number, number_key, text_key
from workbench.data.suggest import did_you_mean, listed
from workbench.run.problem import bad_input

if TYPE_CHECKING:
    import pyarrow as pa  # imported where rows are in work, so that the window need not wait for it

Indices = npt.NDArray[np.int64]
Test = Literal["equals", "contains", "matches", "is-longer", "is-shorter", "is-missing"]
Check = Callable[[], object]


class Rows(Protocol):
    """What has rows: a `Table` or a `Frame`."""

    @property
    def data(self) -> pa.Table:
        """All columns."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def rows(self) -> int:
        """How many rows there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What a person wants to see of the rows.

    Attributes:
        search: What is looked for; empty for nothing. Small and capital letters are the same.
        regex: Whether it is a regular expression.
        only_hits: Whether only rows with a hit are shown; otherwise all are, and hits are marked.
        sort: The column to sort by; empty for the order of the file.
        descending: From large to small, or from Z to A.
        rows: Only these rows, ascending, as those of a finding; None for all.
    """

    search: str = ""
    regex: bool = False
    only_hits: bool = True
    sort: str = ""
    descending: bool = False
    rows: Indices | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Arranged:
    """The answer to a wish.

    Attributes:
        wish: What was wanted.
        order: The numbers of the rows to show, in their order; int64. None for all rows as they are.
        hits: The places within `order` at which there is a hit, ascending; int64. None where nothing was sought.
        of: How many rows were searched.
    """

    wish: Wish
    order: Indices | None
    hits: Indices | None
    of: int


def arrange(rows: Rows, wish: Wish, check: Check = lambda: None, overlay: Overlay | None = None) -> Arranged:
    """Search, filter and sort as wished.

    Args:
        rows: A table or a frame.
        wish: What is to be seen.
        check: Called every few thousand rows; raises when nobody waits for the answer any more.
        overlay: Cells that were changed by hand; they are searched and sorted by as they are now.

    Raises:
        WorkbenchError: For a regular expression that is none, and for a column that is not there.
    """
    found = _searched(rows, wish, check, overlay) if wish.search else None
    of = rows.rows if wish.rows is None else len(wish.rows)
    if found is not None and wish.rows is not None:
        found = np.intersect1d(found, wish.rows, assume_unique=True)
    kept = found if found is not None and wish.only_hits else wish.rows
    order = sort(rows, wish.sort, wish.descending, check=check, overlay=overlay) if wish.sort else None
    if kept is not None:
        order = kept if order is None else narrowed(order, kept)
    hits: Indices | None = None
    if found is not None:
        hits = np.arange(len(found), dtype=np.int64) if wish.only_hits else places(order, found, rows.rows)
    return Arranged(wish, order, hits, of)


def _searched(rows: Rows, wish: Wish, check: Check, overlay: Overlay | None) -> Indices:
    """The rows with a hit: those of the file, and in place of rows changed by hand these as they are now."""
    found = search(rows, wish.search, regex=wish.regex, check=check)
    if overlay is None:
        return found
    now = search(overlay.changed_rows(rows.data), wish.search, regex=wish.regex, check=check)
    return np.union1d(np.setdiff1d(found, overlay.rows, assume_unique=True), overlay.rows[now])


def search(
    rows: Rows,
    text: str,
    *,
    regex: bool = False,
    columns: Sequence[str] | None = None,
    check: Check = lambda: None,
) -> Indices:
    """The rows in which a text occurs, small and capital letters alike, ascending; int64.

    Args:
        rows: A table or a frame.
        text: What is looked for.
        regex: Whether it is a regular expression (RE2's kind, which is quick whatever is written).
        columns: In which columns; None for all.
        check: Called every few thousand rows.

    Raises:
        WorkbenchError: For a regular expression that is none, and for a column that is not there.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    find = pc.match_substring_regex if regex else pc.match_substring
    if regex:
        require_expression(text)
    hits: npt.NDArray[np.bool_] = np.zeros(rows.rows, dtype=np.bool_)
    for name in rows.columns if columns is None else columns:
        column = _column(rows, name)
        letters = None if regex else letters_of(column.type)
        if letters and not set(text.casefold()) <= set(letters):
            continue
        for start, values in texts_of(column, check):
            found = pc.fill_null(find(values, text, ignore_case=True), pa.scalar(False))
            hits[start : start + len(values)] |= found.to_numpy(zero_copy_only=False)
    return np.flatnonzero(hits).astype(np.int64, copy=False)


def where(
    rows: Rows, column: str, test: Test, value: str | int = "", *, check: Check = lambda: None
) -> Indices:
    """The rows whose value passes a test, ascending; int64.

    Args:
        rows: A table or a frame.
        column: The column that is tested.
        test: "equals" (exactly), "contains" and "matches" (small and capital letters alike; the latter a regular
            expression), "is-longer" and "is-shorter" (than `value` characters), "is-missing" (none, or blank).
            A missing value passes no other test.
        value: What is compared with.
        check: Called every few thousand rows.

    Raises:
        WorkbenchError: For a regular expression that is none, and for a column that is not there.
    """
    import pyarrow as pa

    if test == "matches":
        require_expression(str(value))
    found = [np.zeros(0, dtype=np.int64)]
    for start, values in texts_of(_column(rows, column), check):
        passed = _passes(values, test, value).fill_null(pa.scalar(test == "is-missing"))
        found.append(np.flatnonzero(passed.to_numpy(zero_copy_only=False)) + start)
    return np.concatenate(found).astype(np.int64, copy=False)


def _passes(values: Any, test: Test, value: str | int) -> Any:
    import pyarrow.compute as pc

    if test == "equals":
        return pc.equal(values, str(value))
    if test == "contains":
        return pc.match_substring(values, str(value), ignore_case=True)
    if test == "matches":
        return pc.match_substring_regex(values, str(value), ignore_case=True)
    if test == "is-longer":
        return pc.greater(pc.utf8_length(values), int(value))
    if test == "is-shorter":
        return pc.less(pc.utf8_length(values), int(value))
    return pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(values)), 0)


def sort(
    rows: Rows,
    column: str,
    descending: bool = False,
    *,
    numeric: bool | None = None,
    check: Check = lambda: None,
    overlay: Overlay | None = None,
) -> Indices:
    """All rows in the order of a column; int64. Equal ones stay in the order of the file.

    Missing and blank values come last in both directions. Texts are compared by their first 200 characters, small
    and capital letters alike. `check` is not called during the sort itself, which takes seconds for millions.

    Args:
        rows: A table or a frame.
        column: The column.
        descending: From large to small, or from Z to A.
        numeric: Whether a text such as "10" counts as a number; what is none then comes last. None finds out.
        check: Called every few thousand rows while keys are made.
        overlay: Cells that were changed by hand, which stand where their present value belongs.

    Raises:
        WorkbenchError: For a column that is not there.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    values = _column(rows, column)
    key = number_key
    if is_number(values.type):
        keys: Any = values
        if pa.types.is_floating(values.type):  # not a number is a missing one
            keys = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
        elif overlay is not None and column in overlay.cells:  # a person may have typed a fraction
            keys = pc.cast(values, pa.float64())
    else:
        numeric = holds_numbers(values) if numeric is None else numeric
        key = number_key if numeric else text_key
        made = [key(part) for _, part in texts_of(values, check)]
        keys = pa.chunked_array(made, pa.float64() if numeric else pa.large_string())
    if overlay is not None:
        keys = overlay.over(keys, column, key)
    check()
    direction = "descending" if descending else "ascending"
    order: Indices = pc.array_sort_indices(keys, order=direction, null_placement="at_end").to_numpy()
    return order.astype(np.int64, copy=False)


def narrowed(order: Indices, rows: Indices) -> Indices:
    """Those rows of an order that are among `rows`, in that order."""
    kept = np.zeros(int(order.max(initial=-1)) + 1, dtype=np.bool_)
    kept[rows] = True
    return order[kept[order]]


def places(order: Indices | None, rows: Indices, count: int) -> Indices:
    """The places at which an order has these rows, ascending; `count` is how many rows there are in all."""
    if order is None:
        return rows
    wanted = np.zeros(count, dtype=np.bool_)
    wanted[rows] = True
    return np.flatnonzero(wanted[order]).astype(np.int64, copy=False)


def _column(rows: Rows, name: str) -> pa.ChunkedArray:
    if name not in rows.columns:
        raise bad_input(
            f"There is no column “{name}”.",
            f"The columns are: {listed(rows.columns, 12)}.",
            f"{did_you_mean(name, rows.columns)} Choose one of these columns.".strip(),
        )
    return rows.data.column(rows.columns.index(name))
