"""Choosing rows of an evaluation by a short question, such as: wrong and words > 30 and text contains "not".

The tests are those of the Data page (`data.row_order`), with comparisons of numbers and whole words beside them:

    query      a group, or several with "or" between them
    group      a condition, or several with "and" between them
    condition  wrong · right · FIELD TEST VALUE · FIELD is-missing · "some text"; each may follow "not"
    FIELD      text, true, predicted, probability, loss, words, length, language, or a column of the file
    TEST       = != < <= > >= contains matches has-word is-longer is-shorter is-like

"text is-like 17" chooses the cluster of similar texts in which row 17 of the file lies, by the sentence vectors that
this model gives them.

Names and values with blanks stand between quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.languages import language_codes
from workbench.data.row_order import Test, where
from workbench.data.suggest import did_you_mean, listed
from workbench.run.problem import WorkbenchError, bad_input
from workbench.run.row_scores import RowScores
from workbench.session.scoring.clusters import cluster_numbers

if TYPE_CHECKING:
    import pyarrow as pa

Mask = NDArray[np.bool_]
_TOKEN = re.compile(r'\s*(?:"([^"]*)"|“([^”]*)”|(<=|>=|!=|=|<|>)|([^\s"“”=<>!]+))')
_WORD = re.compile(r"\w(?:[\w'’-]*\w)?")
_BOUNDS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal
}  # fmt: skip
_TESTS = ("contains", "matches", "has-word", "is-longer", "is-shorter", "is-like", "is-missing")


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, in their order."""
    return _WORD.findall(text.casefold())


def quoted(value: str) -> str:
    """A name or value as a query has it."""
    plain = re.fullmatch(r'[^\s"“”=<>!]+', value) and value not in ("and", "or", "not", "wrong", "right")
    return value if plain else f"“{value}”" if '"' in value else f'"{value}"'


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool


class RowTable:
    """The rows of an evaluation, ready to be asked; what a question needs is worked out once."""

    def __init__(self, scores: RowScores, check: Callable[[], object] = lambda: None) -> None:
        self.scores, self.check = scores, check
        own = {
            "text": scores.texts,
            "true": self._classes(scores.true),
            "predicted": self._classes(scores.predicted),
        }
        taken = {*own, "probability", "loss", "words", "length", "language"}
        #: The other columns of the file; one that is called like one of ours is "… (given)".
        self.given: dict[str, Sequence[str | None]] = {
            f"{name} (given)" if name in taken else name: values for name, values in scores.metadata.items()
        }
        #: All columns of texts.
        self.texts: dict[str, Sequence[str | None]] = {**own, **self.given}

    def where(self, query: str) -> Mask:
        """Which rows a query chooses, shape (rows,).

        Raises:
            WorkbenchError: When the query is not understood, or names a column that is not there.
        """
        return _Reader(self, query).mask()

    @cached_property
    def words(self) -> list[list[str]]:
        """Each text's words."""
        return [words_of(text) for text in self.scores.texts]

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The language of each text as its ISO 639 code; "zxx" where that is not clear. A millisecond a text."""
        return language_codes(self.scores.texts, self.check)

    @cached_property
    def clusters(self) -> NDArray[np.int64] | None:
        """The cluster of each text; None where there are no vectors, or none to be found. A few seconds for 20 000."""
        vectors = self.scores.vectors
        return None if vectors is None else cluster_numbers(vectors, self.check)

    def numbers(self, name: str) -> NDArray[np.float64] | None:
        """A column of numbers; NaN where a value is none. None where there is no such column."""
        scores = self.scores
        if name == "words":
            return np.array([len(words) for words in self.words], dtype=np.float64)
        if name == "length":
            return np.array([len(text) for text in scores.texts], dtype=np.float64)
        if name in ("probability", "loss"):
            return scores.sureness if name == "probability" else scores.losses
        if name in self.texts:
            return np.array([_number(value) for value in self.texts[name]], dtype=np.float64)
        return None

    def column(self, name: str) -> Sequence[str | None] | None:
        """A column of texts; None where there is no such column."""
        return self.languages if name == "language" else self.texts.get(name)

    @property
    def fields(self) -> list[str]:
        """Everything that can be asked about."""
        return [*self.texts, "probability", "loss", "words", "length", "language"]

    # ---- what `row_order.where` needs of a table

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of texts."""
        return tuple(self.texts)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.scores)

    @cached_property
    def data(self) -> pa.Table:
        """The columns of texts as Arrow has them."""
        import pyarrow as pa

        return pa.table({name: pa.array(values, pa.large_string()) for name, values in self.texts.items()})

    def _classes(self, numbers: NDArray[np.int64] | None) -> tuple[str | None, ...]:
        if numbers is None:
            return (None,) * len(self.scores)
        return tuple(self.scores.names[i] for i in numbers)


class _Reader:
    """Reads one query from left to right."""

    def __init__(self, table: RowTable, query: str) -> None:
        self.table, self.query = table, query
        self.tokens: list[_Token] = []
        place = 0
        while query[place:].strip():
            found = _TOKEN.match(query, place)
            if found is None:
                raise self._wrong(f"“{query[place:].strip()[:20]}” is not understood.")
            text = next(group for group in found.groups() if group is not None)
            self.tokens.append(_Token(text, found[1] is not None or found[2] is not None))
            place = found.end()
        if not self.tokens:
            raise self._wrong("Nothing is asked for.")

    def mask(self) -> Mask:
        found = self._group()
        while self._take("or"):
            found = found | self._group()
        if self.tokens:
            raise self._wrong(f"Before “{self.tokens[0].text}” there is no “and” or “or”.")
        return found

    def _group(self) -> Mask:
        found = self._condition()
        while self._take("and"):
            found = found & self._condition()
        return found

    def _condition(self) -> Mask:
        if self._take("not"):
            return ~self._condition()
        scores = self.table.scores
        first = self._next("a condition")
        if not first.quoted and first.text in ("wrong", "right"):
            return scores.wrong if first.text == "wrong" else ~scores.wrong & (scores.true is not None)
        if not self.tokens or (not self.tokens[0].quoted and self.tokens[0].text in ("and", "or")):
            return self._where("text", "contains", first.text)
        test = self._next("a test").text
        if test not in ("=", "!=", *_BOUNDS, *_TESTS):
            raise self._wrong(f"“{test}” is no test. {did_you_mean(test, _TESTS)}".strip())
        if test == "is-missing":
            return self._where(first.text, test, "")
        return self._tested(first.text, test, self._next("a value").text)

    def _tested(self, field: str, test: str, value: str) -> Mask:
        if test in _BOUNDS:
            numbers = self.table.numbers(field)
            if numbers is None:
                raise self._no_field(field)
            with np.errstate(invalid="ignore"):
                found: Mask = _BOUNDS[test](numbers, self._number(value))
            return found
        if test in ("=", "!="):
            return self._equal(field, value) if test == "=" else ~self._equal(field, value)
        if test == "has-word":
            column = self.table.column(field)
            if column is None:
                raise self._no_field(field)
            split = self.table.words if field == "text" else [words_of(text or "") for text in column]
            wanted = value.casefold()
            return np.fromiter((wanted in words for words in split), np.bool_, len(split))
        if test == "is-like":
            return self._like(field, value)
        if test in ("is-longer", "is-shorter"):
            self._number(value)
        return self._where(field, test, value)

    def _equal(self, field: str, value: str) -> Mask:
        column = self.table.column(field)
        if column is not None:
            return np.fromiter((one == value for one in column), np.bool_, len(column))
        numbers = self.table.numbers(field)
        if numbers is None:
            raise self._no_field(field)
        found: Mask = numbers == self._number(value)
        return found

    def _like(self, field: str, value: str) -> Mask:
        """The cluster of a row, which is named by its number in the file."""
        if field != "text":
            raise self._wrong(
                "Only texts have sentence vectors: write “text is-like” and the number of a row."
            )
        clusters = self.table.clusters
        if clusters is None:
            few = self.table.scores.vectors is not None
            raise self._wrong(
                "These texts are in no clusters: there are too few or too many of them."
                if few
                else "The texts' sentence vectors were not taken."
            )
        places = np.flatnonzero(self.table.scores.row_ids.rows == self._number(value) - 1)
        if not len(places):
            raise self._wrong(f"Row {value} is not among these rows.")
        found: Mask = clusters == clusters[places[0]]
        return found

    def _where(self, field: str, test: str, value: str) -> Mask:
        """A test of the Data page."""
        if field not in self.table.texts:
            raise self._no_field(field)
        named: Any = test
        kind: Test = named
        given = int(self._number(value)) if test in ("is-longer", "is-shorter") else value
        found = np.zeros(self.table.rows, dtype=np.bool_)
        found[where(self.table, field, kind, given, check=self.table.check)] = True
        return found

    def _next(self, what: str) -> _Token:
        if not self.tokens:
            raise self._wrong(f"At its end {what} is missing.")
        return self.tokens.pop(0)

    def _take(self, word: str) -> bool:
        if self.tokens and not self.tokens[0].quoted and self.tokens[0].text == word:
            self.tokens.pop(0)
            return True
        return False

    def _number(self, value: str) -> float:
        found = _number(value)
        if np.isnan(found):
            raise self._wrong(f"“{value}” is no number.")
        return found

    def _no_field(self, name: str) -> WorkbenchError:
        fields = self.table.fields
        return self._wrong(f"There is no column “{name}”. {did_you_mean(name, fields)}".strip())

    def _wrong(self, why: str) -> WorkbenchError:
        return bad_input(
            f"The question “{self.query[:80]}” cannot be answered.",
            why,
            f'Write it like: wrong and words > 30 and text contains "not". Columns: '
            f"{listed(self.table.fields, 12)}.",
            field="slice",
        )


def _number(value: str | None) -> float:
    try:
        return float(value) if value else float("nan")
    except ValueError:
        return float("nan")
