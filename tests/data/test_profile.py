"""The profile's numbers are those one would count by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from workbench.data.column_profile import ColumnProfile, profile_column, profile_columns
from workbench.data.languages import languages, languages_of, name_of
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


def column(write: Write, *values: str, name: str = "value") -> ColumnProfile:
    """The profile of one column of a CSV file; a second column keeps blank lines from being no rows."""
    lines = [f'{i},"{value}"' for i, value in enumerate(values)]
    table = read_table(write("column.csv", "\n".join([f"row,{name}", *lines, ""])))
    return profile_column(table, name)


def test_a_column_is_counted_as_one_would_by_hand(write: Write) -> None:
    found = column(write, "red", "blue", " red ", "", "  ", "green", "red", "blue")
    assert (found.rows, found.filled, found.missing, found.distinct) == (8, 6, 2, 3)
    assert found.frequent == (("red", 3), ("blue", 2), ("green", 1))
    assert (found.shortest, found.median, found.longest) == (3, 3.5, 5)
    assert not found.constant


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("value", ["", " ", ""], "empty"),
        ("value", [str(i % 3) for i in range(30)], "category"),
        ("value", [f"{i * 37 % 100 / 7:.2f}" for i in range(30)], "number"),
        ("value", [str(i * i) for i in range(30)], "number"),
        ("value", ["1e3", "-5", "7.25", "nan", "12"] * 5 + ["8"] * 20, "category"),
        ("value", [str(i + 1) for i in range(30)], "id"),
        ("order_id", [str(i * i + 7) for i in range(30)], "id"),
        ("value", [f"A-{i:04d}" for i in range(30)], "id"),
        ("value", [f"2025-03-{i + 1:02d}" for i in range(30)], "date"),
        ("value", [f"{i + 1:02d}/03/2025 14:0{i % 10}" for i in range(28)], "date"),
        ("value", ["late", "early", "late", "late"] * 5, "category"),
        ("value", [f"this is sentence number {i}, and it may be read" for i in range(30)], "text"),
        ("value", ["非常好吃" + "好" * i for i in range(30)], "text"),
        ("value", ["word" + "abcdefghij"[i] for i in range(10)], "text"),
    ],
)
def test_the_kind_of_a_column(write: Write, name: str, values: list[str], kind: str) -> None:
    assert column(write, *values, name=name).kind == kind


def test_numbers_and_dates_have_bounds_in_their_own_order(write: Write) -> None:
    numbers = column(write, *[str(i * 7 - 20) for i in range(30)], "9.5", "1e4")
    assert (numbers.kind, numbers.lowest, numbers.highest) == ("number", "-20", "1e4")
    dates = column(write, *[f"{i + 1:02d}.{12 - i % 12:02d}.2024" for i in range(28)], "30.01.2023")
    assert (dates.kind, dates.lowest, dates.highest) == ("date", "30.01.2023", "25.12.2024")
    assert column(write, "red", "blue").lowest == ""


def test_a_nearly_constant_column(write: Write) -> None:
    assert column(write, *["en"] * 98, "de", "fr").constant
    assert not column(write, *["en"] * 97, "de", "fr", "it").constant
    assert column(write, "en", "en", "").constant
    assert not column(write, "en", "de").constant


def test_columns_of_parquet_keep_their_types(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = pa.table(
        {
            "amount": [i / 3 for i in range(30)],
            "yes": [i % 2 == 0 for i in range(30)],
            "nothing": pa.nulls(30),
            "tags": [["a", "b"]] * 30,
        }
    )
    pq.write_table(data, tmp_path / "a.parquet")
    found = {one.name: one for one in profile_columns(read_table(tmp_path / "a.parquet"))}
    assert {name: one.kind for name, one in found.items()} == {
        "amount": "number",
        "yes": "category",
        "nothing": "empty",
        "tags": "category",
    }
    assert (found["amount"].lowest, found["tags"].constant) == ("0.0", True)


LANGUAGES = {
    "en": "The delivery was late again and the soup had gone cold before anyone answered the door.",
    "de": "Die Lieferung kam wieder zu spät, und die Suppe war schon kalt, als jemand die Tür öffnete.",
    "fr": "La livraison est encore arrivée en retard et la soupe était froide quand on a ouvert la porte.",
    "zh": "外卖又迟到了，等有人开门的时候汤已经凉了，以后再也不会在这家店点餐了。",
    "ja": "配達がまた遅れて、ドアを開けたときにはスープがもう冷めていました。",
    "ru": "Доставка снова опоздала, и суп остыл ещё до того, как кто-то открыл дверь.",
}


def test_languages_are_told_with_their_shares(write: Write) -> None:
    texts = [*[LANGUAGES["en"]] * 6, *[LANGUAGES["de"]] * 2, "ok", "12345", "  "]
    found = languages(texts)
    assert [(one.code, one.name, one.texts) for one in found.found] == [
        ("en", "English", 6),
        ("de", "German", 2),
    ]
    assert (found.sampled, found.unsure) == (10, 2)
    assert found.share(found.found[0]) == pytest.approx(0.75)
    for code, text in LANGUAGES.items():
        assert [one.code for one in languages([text]).found] == [code]
    assert name_of("xx") == "xx"


def test_languages_come_from_a_sample_of_the_whole_file(write: Write) -> None:
    lines = [LANGUAGES["en"]] * 100 + [LANGUAGES["fr"]] * 100
    found = languages_of(read_table(write("a.txt", "\n".join(lines))), "text", most=20)
    assert {one.code: one.texts for one in found.found} == {"en": 10, "fr": 10}


def test_two_threads_may_ask_for_languages_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    texts = list(LANGUAGES.values()) * 20
    alone = languages(texts)
    with ThreadPoolExecutor(4) as threads:
        assert all(found == alone for found in threads.map(languages, [texts] * 4))


def test_real_reviews_are_chinese(real: Callable[[str], Path]) -> None:
    table = read_table(real("waimai/waimai_10k.csv"))
    found = languages_of(table, "review", most=300)
    assert (found.found[0].code, found.share(found.found[0]) > 0.9) == ("zh", True)
    label, review = profile_columns(table)
    assert (label.kind, review.kind) == ("category", "text")
    assert label.frequent == (("0", 7987), ("1", 4000))
