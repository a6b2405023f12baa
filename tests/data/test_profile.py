"""The profile's numbers are those one would count by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from workbench.data.profile import profile
from workbench.data.tables import Table, read_table

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def tokenizer_file(tmp_path: Path) -> Path:
    """A tokenizer of one token a word, plus [CLS] and [SEP], which asks to cut and pad at 8."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    return path


@pytest.fixture
def table(write: Write) -> Table:
    """100 texts of 1 to 100 words, then a blank one, then one without a label."""
    lines = [f"{' '.join(['word'] * n)},{['b', 'a', 'a'][n % 3]}" for n in range(1, 101)]
    return read_table(write("a.csv", "\n".join(["text,label", *lines, " ,a", "word,"])))


def test_counts_and_token_lengths(table: Table, tokenizer_file: Path) -> None:
    found = profile(table, "text", "label", tokenizer_file, 62)
    assert found is not None
    assert found.class_counts == (("a", 68), ("b", 33))
    assert (found.rows, found.unlabelled, found.blank, found.sampled) == (102, 1, 1, 101)
    assert (found.unit, found.shortest, found.longest) == ("tokens", 3, 102)
    assert found.median == 52
    assert found.over_share == pytest.approx(40 / 101)  # 61 to 100 words with two special tokens
    assert found.suggested_max_length == 128
    assert sum(found.bin_counts) == 101
    assert len(found.bin_edges) == len(found.bin_counts) + 1


def test_without_a_tokenizer_words_are_counted_and_nothing_is_claimed_of_tokens(table: Table) -> None:
    found = profile(table, "text", "", None, 64)
    assert found is not None
    assert (found.unit, found.longest, found.class_counts) == ("words", 100, ())
    assert found.over_share is None
    assert found.suggested_max_length is None


def test_texts_without_blanks_are_measured_in_characters(write: Write) -> None:
    found = profile(
        read_table(write("a.csv", "text\n" + "很快好吃味道足量大" * 5 + "\n")), "text", "", None, 64
    )
    assert found is not None
    assert (found.unit, found.longest) == ("characters", 45)


def test_many_rows_are_sampled_and_it_is_said(write: Write) -> None:
    found = profile(read_table(write("a.csv", "text,n\n" + "a b,1\nc,2\n" * 12_000)), "text", "n", None, 64)
    assert found is not None
    assert found.sampled == 20_000
    assert found.class_counts == (("1", 12_000), ("2", 12_000))  # classes are counted over all rows
    assert any("20 000" in note for note in found.notes)


def test_one_very_long_text_does_not_hide_the_others(write: Write) -> None:
    lines = [" ".join(["w"] * (5 + i % 30)) for i in range(300)]
    found = profile(read_table(write("a.txt", "\n".join([*lines, "w " * 200_000]))), "text", "", None, 64)
    assert found is not None
    assert found.longest == 200_000
    assert sum(count > 0 for count in found.bin_counts) > 20
    assert sum(found.bin_counts) == 301


def test_a_cancelled_profile_ends_early(table: Table, tokenizer_file: Path) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    assert profile(table, "text", "label", tokenizer_file, 64, cancelled) is None
    assert asked == 3
