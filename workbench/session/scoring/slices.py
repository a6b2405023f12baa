"""Finding the groups of rows on which a model is worse than elsewhere, with regard to how many were looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from workbench.run.evaluation import Share
from workbench.run.problem import bad_input
from workbench.run.row_scores import RowScores
from workbench.run.row_slices import Slice, SliceKind, SliceSearch
from workbench.session.scoring.clusters import MOST_CLUSTERED, middle_row
from workbench.session.scoring.row_query import RowTable, quoted
from workbench.session.scoring.slice_candidates import MOST_READ, Presence, asked_candidates, typical_words

#: How surely a slice must be worse, after the correction for how many were looked at.
SURE = 0.05
#: Within a wider slice a narrow one is told by itself only where it is surely worse than the rest of the wider one.
_WITHIN = 0.001
#: So many slices are told at most.
MOST = 30
#: So many of those that are significant are compared with one another.
_COMPARED = 300

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SliceWish:
    """What is looked for.

    Attributes:
        smallest: The fewest rows that a slice has.
        sure: See `SURE`.
        languages: Whether the language of each text is told, a millisecond for each.
        words: Whether each word is a slice.
    """

    smallest: int = 5
    sure: float = SURE
    languages: bool = True
    words: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A slice on its way."""

    name: str
    kind: SliceKind
    query: str
    rows: Rows
    p_value: float = 1.0
    q_value: float = float("nan")
    also: list[str] = field(default_factory=list)


def find_slices(
    scores: RowScores, wish: SliceWish | None = None, check: Callable[[], object] = lambda: None
) -> SliceSearch:
    """The groups of rows on which significantly more is wrong than on the others.

    Looked at are: classes, lengths, languages, words, marks such as figures, the other columns of the data, and, where
    there are sentence vectors, clusters of these. Of each the chance of so many mistakes among as many rows that are
    drawn at random (the hypergeometric distribution; Fisher 1935) is corrected for the number of looks (Benjamini and
    Hochberg 1995). What remains is ordered by how much worse the model is there at least: the rest's accuracy less the
    upper end of the slice's interval. A slice that is weak only because of the ones before it, or only because it lies
    in a wider one, is told among the `also` of that one.

    Args:
        scores: The rows, with labels.
        wish: What is looked for.
        check: Called often; may raise to end the work.

    Raises:
        WorkbenchError: When the rows have no labels.
    """
    wish = wish or SliceWish()
    if scores.true is None:
        raise bad_input(
            "There is nothing to find where nothing is known to be wrong.",
            "The rows have no labels.",
            "Measure on rows with labels.",
        )
    table = RowTable(scores, check)
    wrong = scores.wrong
    found, looked = _significant(table, wrong, wish, check)
    kept = _independent(_ranked(found, wrong)[:_COMPARED], wrong)
    slices = tuple(described(scores, one) for one in _ranked(kept, wrong)[:MOST])
    return SliceSearch(
        slices,
        looked,
        float(1 - wrong.mean()) if len(wrong) else float("nan"),
        tuple(_left_out(scores, wish)),
    )


def _left_out(scores: RowScores, wish: SliceWish) -> Iterator[str]:
    """What could not be looked at, and why."""
    if scores.vectors is None:
        yield "Without sentence vectors there are no clusters to look at."
    elif len(scores) > MOST_CLUSTERED:
        yield f"Clusters are looked for among at most {MOST_CLUSTERED:,} rows.".replace(",", " ")
    if wish.languages and len(scores) > MOST_READ:
        yield f"Languages are told of at most {MOST_READ:,} rows; ask about one with “language = de”.".replace(
            ",", " "
        )


def slice_of(scores: RowScores, query: str, table: RowTable | None = None) -> Slice:
    """The slice that a query chooses; it may be better than the rest, or have no rows.

    Raises:
        WorkbenchError: When the query is not understood.
    """
    rows = np.flatnonzero((table or RowTable(scores)).where(query)).astype(np.int64, copy=False)
    wrong = scores.wrong
    p_value = float(_chances(np.array([int(wrong[rows].sum())]), np.array([len(rows)]), wrong)[0])
    return described(scores, _Found(query, "query", query, rows, p_value))


def tracked(found: Slice, of: RowScores, scores: RowScores, table: RowTable | None = None) -> Slice:
    """A slice of one evaluation in another one: its own rows where all of them are there too, known by their keys, or
    else the rows that its question chooses there; of a cluster those of its rows that are there."""
    keys = of.row_ids.keys[found.rows]
    rows = np.flatnonzero(np.isin(scores.row_ids.keys, keys)).astype(np.int64, copy=False)
    alike = of.row_ids.file == scores.row_ids.file and bool(of.row_ids.file)
    if not found.query or found.kind == "cluster" or (alike and len(rows) == len(keys)):
        return in_rows(found, scores, rows)
    return replace(slice_of(scores, found.query, table), name=found.name, kind=found.kind)


def in_rows(found: Slice, scores: RowScores, rows: Rows) -> Slice:
    """How another evaluation does on the rows of a slice; `rows` are their places there."""
    wrong = scores.wrong
    p_value = float(_chances(np.array([int(wrong[rows].sum())]), np.array([len(rows)]), wrong)[0])
    return described(scores, _Found(found.name, found.kind, found.query, rows, p_value))


def described(scores: RowScores, found: _Found) -> Slice:
    """A slice with its figures."""
    rows, wrong = found.rows, scores.wrong
    right = len(rows) - int(wrong[rows].sum())
    share = Share(right, len(rows))
    others = len(scores) - len(rows)
    rest = (others - (int(wrong.sum()) - (len(rows) - right))) / others if others else float("nan")
    loss = float(scores.losses[rows].mean()) if len(rows) else float("nan")
    return Slice(
        found.name, found.kind, found.query, rows, right, share.value, *share.interval, rest, loss,
        found.p_value, found.q_value, tuple(found.also),
    )  # fmt: skip


def _significant(
    table: RowTable, wrong: NDArray[np.bool_], wish: SliceWish, check: Callable[[], object]
) -> tuple[list[_Found], int]:
    """The slices with significantly more mistakes, and how many were looked at."""
    asked = list(_asked(table, wish, check))
    presence = Presence.of(table.words) if wish.words or table.scores.vectors is not None else None
    counts = [np.array([len(one.rows) for one in asked], dtype=np.int64)]
    wrongs = [np.array([int(wrong[one.rows].sum()) for one in asked], dtype=np.int64)]
    words = np.empty(0, dtype=np.int64)
    if wish.words and presence is not None:
        totals = presence.counts
        words = np.flatnonzero((totals >= wish.smallest) & (2 * totals <= len(wrong)))
        counts.append(totals[words])
        wrongs.append(presence.counts_of(wrong)[words])
    if table.scores.vectors is not None and presence is not None:
        for name, query, rows in _clusters(table, presence, wish.smallest):
            asked.append(_Found(name, "cluster", query, rows))
            counts.append(np.array([len(rows)]))
            wrongs.append(np.array([int(wrong[rows].sum())]))
    p_values = _chances(np.concatenate(wrongs), np.concatenate(counts), wrong)
    q_values = corrected(p_values)
    before = len(counts[0])
    places = [*range(before), *range(before + len(words), len(p_values))]
    found = [
        replace(one, p_value=float(p_values[at]), q_value=float(q_values[at]))
        for one, at in zip(asked, places, strict=True)
        if q_values[at] <= wish.sure
    ]
    for at in np.flatnonzero(q_values[before : before + len(words)] <= wish.sure):
        assert presence is not None
        word = presence.words[words[at]]
        p, q = float(p_values[before + at]), float(q_values[before + at])
        query = f"text has-word {quoted(word)}"
        found.append(_Found(f"texts with “{word}”", "word", query, presence.rows_of(int(words[at])), p, q))
    return found, len(p_values)


def _clusters(table: RowTable, presence: Presence, smallest: int) -> Iterator[tuple[str, str, Rows]]:
    """Name, question and rows of each cluster of a useful size."""
    numbers, vectors = table.clusters, table.scores.vectors
    if numbers is None or vectors is None:
        return
    for number in range(int(numbers.max()) + 1):
        rows = np.flatnonzero(numbers == number).astype(np.int64, copy=False)
        if len(rows) >= smallest:
            name = f"a cluster of texts ({', '.join(typical_words(presence, rows))}, …)"
            middle = int(table.scores.row_ids.rows[middle_row(vectors, rows)])
            yield name, f"text is-like {middle + 1}", rows


def _asked(table: RowTable, wish: SliceWish, check: Callable[[], object]) -> Iterator[_Found]:
    """The slices that a query gives; of those with the same rows only the first."""
    seen: set[bytes] = set()
    most = len(table.scores) * 0.9
    for kind, name, query in asked_candidates(table, wish.smallest, wish.languages):
        check()
        rows = np.flatnonzero(table.where(query)).astype(np.int64, copy=False)
        if not wish.smallest <= len(rows) <= most or rows.tobytes() in seen:
            continue
        seen.add(rows.tobytes())
        yield _Found(name, kind, query, rows)


def _chances(wrongs: Rows, sizes: Rows, wrong: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How likely at least so many mistakes are among so many rows that are drawn without regard to anything."""
    from scipy.stats import hypergeom  # type: ignore[import-untyped]

    found: NDArray[np.float64] = hypergeom.sf(wrongs - 1, len(wrong), int(wrong.sum()), sizes)
    return np.clip(found, 0.0, 1.0)


def corrected(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values with regard to how many there are: the share of false finds among those that are at most as large
    (Benjamini and Hochberg 1995)."""
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * count / np.arange(1, count + 1)
    found = np.empty(count)
    found[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return found


def _ranked(found: list[_Found], wrong: NDArray[np.bool_]) -> list[_Found]:
    """The surest large weakness first; of equal ones the wider, then the simpler."""

    def key(one: _Found) -> tuple[float, int, int, str]:
        size, missed = len(one.rows), int(wrong[one.rows].sum())
        others = len(wrong) - size
        elsewhere = (int(wrong.sum()) - missed) / others if others else 0.0
        return elsewhere - Share(missed, size).interval[0], -size, len(one.query), one.name

    return sorted(found, key=key)


def _independent(found: list[_Found], wrong: NDArray[np.bool_]) -> list[_Found]:
    """Those that no other explains, the best first.

    Forwards: a slice stays where it is still worse without the rows of those before it. Backwards: of those that stay,
    one that lies for the most part within a wider one goes where it is not surely worse than the rest of the wider one.
    """
    kept: list[_Found] = []
    free = np.ones(len(wrong), dtype=np.bool_)
    for one in found:
        left = one.rows[free[one.rows]]
        if len(left) and _worse(left, np.flatnonzero(free), wrong) <= SURE:
            kept.append(one)
            free[one.rows] = False
        elif kept:
            nearest = max(kept, key=lambda other: len(np.intersect1d(one.rows, other.rows)))
            nearest.also.append(one.name)
    for one in list(kept):
        for wider in kept:
            shared = np.intersect1d(one.rows, wider.rows)
            if len(wider.rows) <= len(one.rows) or len(shared) < 0.8 * len(one.rows):
                continue
            if _worse(shared, wider.rows, wrong) > _WITHIN:
                kept.remove(one)
                wider.also[:0] = [one.name, *one.also]
                break
    return kept


def _worse(rows: Rows, among: Rows, wrong: NDArray[np.bool_]) -> float:
    """How likely so many mistakes are in some rows where they are as hard as all of those among which they are."""
    sizes, wrongs = np.array([len(rows)]), np.array([int(wrong[rows].sum())])
    return float(_chances(wrongs, sizes, wrong[among])[0])
