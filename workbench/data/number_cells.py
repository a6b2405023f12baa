"""How numbers stand in the cells of a table, and which column most likely holds the one to predict."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from workbench.data.header import LABEL_NAMES, name_words
from workbench.data.tables import Table

#: Names of columns that hold a number to predict, beside those of labels.
AMOUNT_NAMES = (
    "score", "target", "value", "price", "amount", "rating", "grade", "similarity", "readability", "y",
    "stars", "points", "intensity", "valence", "arousal", "cost", "duration", "length",
)  # fmt: skip
_COUNTERS = frozenset(
    {"id", "idx", "index", "row", "number", "no", "nr", "year", "date", "time", "timestamp"}
)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
_SAMPLE = 2000
#: A column of which more cells than this share are no numbers is none of numbers.
MOST_WRONG = 0.1

#: Reads a cell as a number; None where it is none.
Reader = Callable[[str], float | None]


def likely_amount_columns(table: Table, text: str = "", *, strict: bool = True) -> tuple[str, ...]:
    """The column that most likely holds the number to predict; none where none does.

    Args:
        table: The data.
        text: The column that is read.
        strict: Whether only a usual name with many different numbers counts; otherwise any column of numbers may do.
    """
    numeric = {}
    for name in table.columns:
        values = [value.strip() for value in table.sample(name, _SAMPLE) if value and value.strip()]
        if name == text or not values or not any(map(str.isdigit, "".join(values[:50]))):
            continue
        read = reader_of(values)
        if sum(read(value) is not None for value in values) >= (1 - MOST_WRONG) * len(values):
            numeric[name] = len({read(value) for value in values}), any("." in v or "," in v for v in values)
    names = (*AMOUNT_NAMES, *LABEL_NAMES)
    trusted = {
        name: min((names.index(w) for w in name_words(name) if w in names), default=-1) for name in numeric
    }
    usual = [name for name in numeric if trusted[name] >= 0]
    if strict:
        usual = [
            name for name in usual if numeric[name][0] > 20 or (numeric[name][1] and numeric[name][0] > 6)
        ]
    if usual:
        return (min(usual, key=lambda name: trusted[name]),)
    rest = [name for name in numeric if not _COUNTERS & set(name_words(name))]
    return () if strict or not rest else (max(rest, key=lambda name: numeric[name][0]),)


def reader_of(values: Sequence[str]) -> Reader:
    """How a column's numbers are read: with a point, or with commas in the one meaning that fits all of them."""
    commas = [value for value in values if "," in value]
    if commas and sum(map(_is_thousands, commas)) > 0.9 * len(commas):
        return with_thousands
    if commas and sum(_COMMA.fullmatch(value) is not None for value in commas) > 0.9 * len(commas):
        return with_decimal_comma
    return _plain


def _is_thousands(value: str) -> bool:
    return _THOUSANDS.fullmatch(value) is not None


def _plain(value: str) -> float | None:
    """The number; None for words, and for what is endless or none ("inf", "nan")."""
    try:
        found = float(value) if "_" not in value else math.nan
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def with_thousands(value: str) -> float | None:
    return _plain(value.replace(",", "")) if "," not in value or _is_thousands(value) else None


def with_decimal_comma(value: str) -> float | None:
    return _plain(value.replace(",", ".")) if value.count(",") < 2 else None
