"""Finds texts that are nearly the same: MinHash proposes pairs, and each pair's true similarity is then computed.

Two texts are compared by their sets of shingles, the runs of 5 neighbouring characters (3 in scripts that need fewer
characters for a word, such as Chinese), after capitals, width and sentence punctuation are put aside. Their similarity
is Jaccard's |A and B| / |A or B|. The signatures are those of datasketch's MinHash (Broder 1997) with its own
permutations, computed for thousands of texts in one go.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.data.frame import Frame, Indices
from workbench.data.strings import coded, column_strings, first_places

if TYPE_CHECKING:
    import pyarrow as pa

#: The similarity from which texts count as nearly the same where nobody chose another.
SIMILARITY = 0.85
#: Characters of a text that are compared; a text this long is known by its beginning.
COMPARED = 50_000

_PERMUTATIONS = 96
_RECALL = 0.999
_PORTION = 400_000  # characters whose shingles are hashed in one go: 30 ms, 20 MB
_PER_BUCKET = (
    32  # kept texts that one bucket remembers; more are texts from one mould, which share their ending
)
_COMPARISONS = 12  # true similarities computed for one text, those with the most shared buckets first
_PAD = "\0" * 4

_PUNCTUATION = re.compile(r"[\s.,;:!?~…、。，；：！？·'\"“”‘’«»—–-]+")
# Thai to Burmese, Khmer, Chinese, Japanese and Korean: few characters make a word.
_DENSE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Rows whose text is nearly that of another row.

    Attributes:
        rows: The rows, ascending; int64.
        like: For each of them the row that it resembles; int64.
        similarity: For each of them how much; above 0, at most 1.
        compared: How many rows were looked at, from the first on.
    """

    rows: Indices
    like: Indices
    similarity: npt.NDArray[np.float64]
    compared: int


def near_rows(
    frame: Frame,
    column: str,
    similarity: float = SIMILARITY,
    check: Callable[[], object] = lambda: None,
    most_characters: int | None = None,
) -> Near:
    """The rows that would go so that no text is left that is nearly the same as an earlier one.

    The first of several similar texts stays, with all its exact copies; those are no near duplicates. Blank texts
    are not looked at. Doing it to what is left finds nothing more.

    Args:
        frame: The rows.
        column: The column whose texts are compared.
        similarity: The Jaccard similarity from which texts count as nearly the same.
        check: Called now and then; raises when nobody waits for the answer any more.
        most_characters: Where to stop looking, in characters of distinct texts; None looks at all rows.
    """
    codes, texts = coded(column_strings(frame, column))
    distinct = _within(texts, most_characters)
    like, alike = similar_texts(texts.slice(0, distinct), similarity, check=check)
    rows = np.flatnonzero((codes >= 0) & (codes < distinct))
    rows = rows[like[codes[rows]] >= 0]
    first = first_places(codes, len(texts))
    compared = frame.rows if distinct == len(texts) else int(first[distinct])
    rows = rows[rows < compared]
    return Near(rows, first[like[codes[rows]]], alike[codes[rows]], compared)


def near_pairs(
    frame: Frame,
    others: Frame,
    similarity: float = SIMILARITY,
    check: Callable[[], object] = lambda: None,
) -> Near:
    """The rows of `frame` whose text is nearly that of a row of `others`, or the same; `like` is that row."""
    import pyarrow as pa

    codes, texts = coded(column_strings(frame, frame.text))
    other_codes, other_texts = coded(column_strings(others, others.text))
    fixed = len(other_texts)
    like, alike = similar_texts(pa.concat_arrays([other_texts, texts]), similarity, fixed=fixed, check=check)
    like, alike = like[fixed:], alike[fixed:]
    rows = np.flatnonzero(codes >= 0)
    rows = rows[like[codes[rows]] >= 0]
    return Near(rows, first_places(other_codes, fixed)[like[codes[rows]]], alike[codes[rows]], frame.rows)


def similar_texts(
    texts: pa.Array, similarity: float, *, fixed: int = 0, check: Callable[[], object] = lambda: None
) -> tuple[Indices, npt.NDArray[np.float64]]:
    """For each text the earlier one that it resembles, and how much.

    Args:
        texts: Distinct texts, none missing, `large_string`, shape (texts,).
        similarity: The Jaccard similarity from which texts count as similar, above 0.
        fixed: How many texts at the beginning are only there to be compared with: with 0, each text is compared
            with the earlier ones that resemble nothing themselves; otherwise each of the rest with the fixed ones.
        check: Called now and then.

    Returns:
        The place of the similar text, -1 for none, int64; and the true similarity, 0 for none, float64.
    """
    like = np.full(len(texts), -1, dtype=np.int64)
    alike = np.zeros(len(texts))
    buckets = _shared_buckets(_band_keys(texts, _rows_per_band(similarity), check))
    # Chains through each bucket's kept texts, the last one first; numbers rather than lists, for a million texts.
    last = [np.full(int(band.max(initial=-1)) + 1, -1, dtype=np.int32) for band in buckets]
    before = np.full(buckets.shape, -1, dtype=np.int32)

    @functools.lru_cache(maxsize=4096)
    def shingles_of(index: int) -> frozenset[str]:
        return shingles(texts[index].as_py())

    for done, index in enumerate(np.flatnonzero((buckets >= 0).any(axis=0)).tolist()):
        if done % 500 == 0:
            check()
        here = [(band, bucket) for band, bucket in enumerate(buckets[:, index].tolist()) if bucket >= 0]
        if not fixed or index >= fixed:
            candidates = Counter(
                other for band, bucket in here for other in _chain(last[band][bucket], before[band])
            )
            for other, _ in sorted(candidates.items(), key=lambda c: (-c[1], c[0]))[:_COMPARISONS]:
                score = jaccard(shingles_of(index), shingles_of(other))
                if score >= similarity:
                    like[index], alike[index] = other, score
                    break
        if index < fixed or (not fixed and like[index] < 0):
            for band, bucket in here:
                before[band, index], last[band][bucket] = last[band][bucket], index
    return like, alike


def _chain(index: int, before: npt.NDArray[np.int32]) -> Iterator[int]:
    """The last kept texts of a bucket, from its very last one on."""
    for _ in range(_PER_BUCKET):
        if index < 0:
            return
        yield int(index)
        index = before[index]


def warm_up() -> None:
    """Import what signatures need: datasketch brings SciPy with it, which takes a second."""
    _permutations()


def plain(text: str) -> str:
    """A text as it is compared: without capitals, width, sentence punctuation and surplus blanks."""
    folded = unicodedata.normalize("NFKC", text[:COMPARED]).casefold()
    return _PUNCTUATION.sub(" ", folded).strip() or folded.strip()


def shingles(text: str) -> frozenset[str]:
    """A text's runs of neighbouring characters; a text shorter than one run is its own. Blank texts have none."""
    text = plain(text)
    size = _shingle_size(text)
    return frozenset(text[i : i + size] for i in range(max(1, len(text) - size + 1))) if text else frozenset()


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """|A and B| / |A or B|; 0 where both are empty."""
    common = len(one & other)
    return common / max(1, len(one) + len(other) - common)


def signatures(texts: list[str]) -> npt.NDArray[np.uint32]:
    """The MinHash signatures of texts, uint32, shape (texts, 96); a blank text has the largest value throughout."""
    multipliers, offsets = _permutations()
    hashes, starts, filled = _shingle_hashes(texts)
    found = np.full((len(texts), _PERMUTATIONS), np.uint32(0xFFFFFFFF))
    if len(filled):
        for i in range(_PERMUTATIONS):
            found[filled, i] = np.minimum.reduceat(hashes * multipliers[i] + offsets[i], starts)
    return found


@functools.cache
def _permutations() -> Any:
    from datasketch import MinHash  # type: ignore[import-untyped]

    return MinHash(num_perm=_PERMUTATIONS, seed=1, scheme="affine32").permutations


def _rows_per_band(similarity: float) -> int:
    """As many signature values per band as still propose 999 of 1000 pairs of exactly that similarity."""
    enough = (n for n in (12, 8, 6, 4, 3, 2) if 1 - (1 - similarity**n) ** (_PERMUTATIONS // n) >= _RECALL)
    return next(enough, 1)


def _shingle_size(text: str) -> int:
    return 3 if 3 * len(_DENSE.findall(text)) > len(text) else 5


def _shingle_hashes(texts: list[str]) -> tuple[npt.NDArray[np.uint32], Indices, Indices]:
    """The hashes of all shingles in a row, where each text's begin, and the numbers of the texts that have any."""
    plains = [plain(text) for text in texts]
    lengths = np.array([len(text) for text in plains], dtype=np.int64)
    sizes = np.array([_shingle_size(text) for text in plains], dtype=np.int64)
    joined = _PAD.join(plains) + _PAD
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    begins = np.concatenate([[0], np.cumsum(lengths + len(_PAD))[:-1]]).astype(np.int64)
    filled = np.flatnonzero(lengths)
    counts = np.maximum(1, lengths - sizes + 1)[filled]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    places = np.repeat(begins[filled] - starts, counts) + np.arange(counts.sum())
    hashes = np.zeros(len(places), dtype=np.uint32)
    long = np.repeat(sizes[filled] == 5, counts)
    for i in range(3):
        hashes = hashes * np.uint32(0x01000193) + points[places + i]
    for i in (3, 4):
        hashes[long] = hashes[long] * np.uint32(0x01000193) + points[places[long] + i]
    return _mixed(hashes), starts, filled


def _mixed(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """MurmurHash3's finalizer, by which datasketch spreads hashes before it permutes them."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def _band_keys(texts: pa.Array, per_band: int, check: Callable[[], object]) -> npt.NDArray[np.uint32]:
    """One number for each band and text, equal where that part of the signatures is; shape (bands, texts).

    Parts that are not equal have the same number once in four thousand million times, and cost a comparison then.
    """
    keys = np.empty((_PERMUTATIONS // per_band, len(texts)), dtype=np.uint32)
    weights = np.uint64(0x9E3779B97F4A7C15) ** np.arange(1, per_band + 1, dtype=np.uint64)
    start, step = 0, 500
    while start < len(texts):
        check()
        part = texts.slice(start, step).to_pylist()
        # Long texts: fewer of them in one go.
        while len(part) > 1 and sum(min(len(text), COMPARED) for text in part) > _PORTION:
            part = part[: len(part) // 2]
        signed = signatures(part).astype(np.uint64).reshape(len(part), -1, per_band)
        mixed = (signed * weights).sum(axis=2, dtype=np.uint64)
        keys[:, start : start + len(part)] = (mixed >> np.uint64(32)).T
        start += len(part)
        step = min(2000, 2 * len(part))
    return keys


def _shared_buckets(keys: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
    """The keys, changed in place to numbers of buckets; -1 where a text is alone in its bucket."""
    buckets = keys.view(np.int32)
    for band in buckets:
        _, numbers, counts = np.unique(band, return_inverse=True, return_counts=True)
        shared = counts > 1
        renumbered = np.where(shared, np.cumsum(shared) - 1, -1).astype(np.int32)
        band[:] = renumbered[numbers]
    return buckets


def _within(texts: pa.Array, most_characters: int | None) -> int:
    """How many texts from the first on have no more than so many characters together."""
    if most_characters is None or not len(texts):
        return len(texts)
    import pyarrow.compute as pc

    lengths = np.minimum(pc.utf8_length(texts).to_numpy(zero_copy_only=False), COMPARED)
    return int(np.searchsorted(np.cumsum(lengths), most_characters, side="right"))
