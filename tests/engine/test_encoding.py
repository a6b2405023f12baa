"""Token ids that are kept are those that would be cut anew, and nothing else is taken for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer

from workbench.engine import encoding
from workbench.engine.encoding import keeping_tokens, token_ids


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(encoding, "WORTH_KEEPING", 3)
    return tmp_path / "tokens"


def texts(count: int = 40) -> list[str]:
    return [f"the rain and the sun near road number {i}" for i in range(count)]


def no_cutting(*_: object) -> None:
    raise AssertionError("cut anew")


def test_the_second_time_nothing_is_cut(kept: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    plain = token_ids(tokenizer, texts(), truncation=True, max_length=6)
    with keeping_tokens(kept):
        first = token_ids(tokenizer, texts(), truncation=True, max_length=6)
        monkeypatch.setattr(encoding, "_cut", no_cutting)
        again = token_ids(AutoTokenizer.from_pretrained(tiny_bert), texts(), truncation=True, max_length=6)
    assert len(list(kept.iterdir())) == 1
    for a, b, c in zip(plain, first, again, strict=True):
        assert c.dtype == np.int32 and np.array_equal(a, b) and np.array_equal(a, c)


@pytest.mark.parametrize("other", ["text", "order", "length", "tokenizer"])
def test_whatever_changes_the_ids_is_cut_anew(
    other: str, kept: Path, tiny_bert: Path, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    wanted, limit = texts(), 6
    with keeping_tokens(kept):
        token_ids(tokenizer, wanted, truncation=True, max_length=limit)
        monkeypatch.setattr(encoding, "_cut", no_cutting)
        if other == "text":
            wanted = [*wanted[:-1], wanted[-1] + "."]
        elif other == "order":
            wanted = wanted[::-1]
        elif other == "length":
            limit = 7
        else:
            tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
        with pytest.raises(AssertionError, match="cut anew"):
            token_ids(tokenizer, wanted, truncation=True, max_length=limit)


@pytest.mark.parametrize("harm", ["cut short", "empty", "other bytes"])
def test_a_damaged_file_is_not_believed(harm: str, kept: Path, tiny_bert: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    with keeping_tokens(kept):
        first = token_ids(tokenizer, texts())
        (file,) = kept.iterdir()
        content = file.read_bytes()
        file.write_bytes({"cut short": content[:-40], "empty": b"", "other bytes": b"x" * len(content)}[harm])
        again = token_ids(tokenizer, texts())
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert file.read_bytes() == content


def test_old_files_make_room(kept: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    monkeypatch.setattr(encoding, "MOST_KEPT", 1)
    with keeping_tokens(kept):
        for count in (5, 6, 7):
            token_ids(tokenizer, texts(count))
    assert len(list(kept.iterdir())) == 1
