"""Recognises tables of texts with what is to be written from each, such as translations and summaries."""

from __future__ import annotations

from workbench.data.header import LANGUAGES, name_words
from workbench.data.tables import Table

#: Columns that stand together in no other kind of table: what is read, and what is written from it.
_PAIRS = (
    ("source", "target"), ("src", "tgt"), ("source_text", "target_text"), ("article", "highlights"),
    ("article", "summary"), ("document", "summary"), ("dialogue", "summary"), ("text", "summary"),
    ("source", "translation"), ("text", "translation"), ("input_text", "target_text"),
)  # fmt: skip
_SAMPLE = 500


def source_pair(table: Table) -> tuple[str, str] | None:
    """The columns that are read and written; None where the table is of another kind.

    Columns of two languages are read from the left one to the right one. A target whose values come again and again
    is a class, and no text to be written.
    """
    by_word = {"_".join(name_words(name)): name for name in reversed(table.columns)}
    named = next(
        ((by_word[one], by_word[other]) for one, other in _PAIRS if one in by_word and other in by_word), None
    )
    languages = tuple(name for name in table.columns if "_".join(name_words(name)) in LANGUAGES)
    if named is None and len(languages) == 2:
        named = languages
    return named if named is not None and _are_texts(table, named[1]) else None


def _are_texts(table: Table, name: str) -> bool:
    """Whether most of a column's values stand there once."""
    values = [value.strip() for value in table.sample(name, _SAMPLE) if value and value.strip()]
    return len(set(values)) > 0.6 * len(values)
