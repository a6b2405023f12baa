"""Near duplicates: signatures are datasketch's, no pair is missed, and doing it twice changes nothing."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash

from workbench.data.near import jaccard, plain, shingles, signatures, similar_texts

TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "味道不错，很好吃，下次还来",
    "ok",
    "a",
    "👍",
    "Straße und Fluß",
    "mixed 味道 and words",
]


def own_hash(shingle: str) -> int:
    """A shingle as one number, before datasketch spreads it; shorter ones are filled up with zeros."""
    number = 0
    for character in shingle:
        number = (number * 0x01000193 + ord(character)) & 0xFFFFFFFF
    return number


def padded(text: str) -> list[str]:
    found = shingles(text)
    size = 3 if "味" in plain(text)[:5] else 5
    return [one.ljust(size, "\0") for one in found]


def test_signatures_are_those_of_datasketch() -> None:
    found = signatures([*TEXTS, "", " \n"])
    for text, signature in zip(TEXTS, found, strict=False):
        reference = MinHash(num_perm=96, seed=1, hashfunc=own_hash, scheme="affine32")
        reference.update_batch(padded(text))
        assert np.array_equal(signature, reference.hashvalues), text
    assert (found[-2:] == 0xFFFFFFFF).all()


def test_signatures_do_not_depend_on_the_other_texts() -> None:
    together = signatures(TEXTS)
    assert np.array_equal(together, np.concatenate([signatures([text]) for text in TEXTS]))


def test_agreeing_values_estimate_the_similarity() -> None:
    words = [f"word{i}" for i in range(200)]
    one, other = " ".join(words[:150]), " ".join(words[50:])
    agreeing = float((signatures([one]) == signatures([other])).mean())
    assert agreeing == pytest.approx(jaccard(shingles(one), shingles(other)), abs=0.15)


def test_what_is_compared_ignores_capitals_width_and_sentence_punctuation() -> None:
    assert plain(" Good,  FOOD! ") == plain("good food") == "good food"
    assert plain("ＡＢＣ") == "abc"
    assert plain("good :)") != plain("good :(")
    assert plain("!!!") == "!!!"
    assert plain("  ") == ""


def made(chance: random.Random, rows: int) -> list[str]:
    """Texts of which many are copies of earlier ones with some words replaced."""
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(400)]
    texts: list[list[str]] = []
    for i in range(rows):
        text = chance.choices(words, k=20) if i % 2 or not texts else list(chance.choice(texts))
        for _ in range(chance.randint(0, 4)):
            text[chance.randrange(20)] = chance.choice(words)
        texts.append(text)
    return list(dict.fromkeys(map(" ".join, texts)))


@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.85, 0.95])
def test_all_pairs_are_found_and_nothing_else(similarity: float) -> None:
    texts = made(random.Random(1), 300)
    like, alike = similar_texts(pa.array(texts, pa.large_string()), similarity)
    sets = [shingles(text) for text in texts]
    kept: list[int] = []
    for i, one in enumerate(sets):
        near = [j for j in kept if jaccard(one, sets[j]) >= similarity]
        assert (like[i] >= 0) == bool(near), texts[i]
        if near:
            assert like[i] in near
            assert alike[i] == pytest.approx(jaccard(one, sets[like[i]]))
        else:
            kept.append(i)
    again, _ = similar_texts(pa.array([texts[i] for i in kept], pa.large_string()), similarity)
    assert (again == -1).all()


def test_texts_from_one_mould_are_told_apart_in_bearable_time() -> None:
    """Rows that share most of their words, which makes every bucket large."""
    texts = [f"Your order number {i:05d} of {i * 7919 % 10007:05d} has been sent" for i in range(3000)]
    like, _ = similar_texts(pa.array(texts, pa.large_string()), 0.95)
    assert (like == -1).all()
