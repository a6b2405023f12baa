"""Each check finds what it is named after, and leaves alone what only looks like it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.check import Finding, all_checks, as_json, findings
from workbench.data.checks import columns as column_checks
from workbench.data.checks import duplicates, long_texts
from workbench.data.checks.columns import TellingColumns
from workbench.data.checks.labels import effective_number
from workbench.data.frame import Frame, frame_of
from workbench.data.step import Context, parse_step
from workbench.data.tables import Table, read_table

Real = Callable[[str], Path]


def frame(**columns: Sequence[Any]) -> Frame:
    """Rows made in place; the columns “text” and “label”, where there are any, have those roles."""
    data = pa.table({name: pa.array(values) for name, values in columns.items()})
    table = Table(Path("made.csv"), tuple(columns), data, (), "")
    text, label = (name if name in columns else "" for name in ("text", "label"))
    return frame_of(table, text, label)


def found(kind: str, rows: Frame, held_out: Frame | None = None, **context: Any) -> Finding | None:
    """What one check finds; at most one finding."""
    check = next(check for check in all_checks() if check.kind == kind)
    findings = check.find(rows, held_out, Context(**context))
    assert len(findings) <= 1
    for finding in findings:
        assert finding.kind == kind
        assert finding.title and finding.why.endswith(".")
        assert (np.diff(finding.rows) > 0).all()
    return findings[0] if findings else None


def rows_of(kind: str, rows: Frame, held_out: Frame | None = None, **context: Any) -> list[int]:
    """The rows of one check's finding, from 0."""
    one = found(kind, rows, held_out, **context)
    return [] if one is None else one.rows.tolist()


def texts_with(kind: str, texts: Sequence[str | None]) -> list[str | None]:
    """Which of the texts a check finds fault with."""
    return [
        texts[i]
        for i in rows_of(
            kind, frame(text=texts, label=["a", "b"] * (len(texts) // 2) + ["a"] * (len(texts) % 2))
        )
    ]


def test_every_check_has_a_name_of_its_own() -> None:
    kinds = [check.kind for check in all_checks()]
    assert len(set(kinds)) == len(kinds)
    assert [check.order for check in all_checks()] == sorted(check.order for check in all_checks())


def test_rows_without_any_role_are_left_alone() -> None:
    """A file whose columns are not chosen yet, and one without a single row, are no error."""
    assert findings(frame(a=["x", "y"], b=["1", "2"]), None, Context()) == []
    empty = frame(text=pa.array([], pa.large_string()), label=pa.array([], pa.large_string()))
    assert findings(empty, empty, Context()) == []


def test_missing_labels_are_none_or_blank_but_not_words_that_mean_nothing() -> None:
    labels = ["a", None, "", " \t", "\u3000", "0", "none", "nan", "b", "-"]
    rows = frame(text=[f"text {i}" for i in range(10)], label=labels)
    assert rows_of("missing-labels", rows) == [1, 2, 3, 4]
    numbers = frame(text=["a", "b", "c", "d"], label=[0, None, 1, 0])
    assert rows_of("missing-labels", numbers) == [1]
    floats = frame(text=["a", "b", "c", "d"], label=[0.0, float("nan"), 1.0, 0.0])
    assert rows_of("missing-labels", floats) == [1]


def test_a_file_without_any_label_stands_in_the_way() -> None:
    one = found("missing-labels", frame(text=["a", "b"], label=["", ""]))
    assert one is not None
    assert (one.severity, one.fixes) == ("error", ())


def test_empty_texts_are_blank_ones_and_not_short_ones() -> None:
    texts = ["", None, " \n\t", "\u3000\xa0", "0", ".", "。", "👍", "a"]
    assert texts_with("empty-texts", texts) == ["", None, " \n\t", "\u3000\xa0"]


def test_exact_duplicates_agree_in_text_and_label_to_the_letter() -> None:
    rows = frame(
        text=["x", "y", "x", "x", "X", "x ", "y", "x", "", "", None, None],
        label=["a", "a", "a", "b", "a", "a", "a", "a", "a", "a", "a", "a"],
    )
    assert rows_of("exact-duplicates", rows) == [2, 6, 7]
    one = found("exact-duplicates", rows)
    assert one is not None
    assert "2 texts" in one.title
    assert one.examples[1].startswith("row 7 is row 2 again")


def test_exact_duplicates_need_no_label_column_and_agree_in_missing_labels() -> None:
    assert rows_of("exact-duplicates", frame(text=["x", "y", "x"])) == [2]
    assert rows_of("exact-duplicates", frame(text=["x", "x", "x"], label=[None, "a", None])) == [2]


def test_the_same_text_with_different_labels_ignores_capitals_and_blanks_but_not_words() -> None:
    rows = frame(
        text=["Good  food", "good food ", "good food!", "bad", "bad", "fine", "fine", "odd", "odd", "", ""],
        label=["pos", "neg", "neg", "neg", " NEG", "pos", None, "1", "01", "pos", "neg"],
    )
    assert rows_of("conflicting-labels", rows) == [0, 1, 7, 8]


def test_near_duplicates_are_alike_but_not_equal() -> None:
    long = "the waiter brought the wrong soup twice and then forgot about our table for an hour"
    rows = frame(
        text=[
            long,
            long,  # exact: not this check's business
            long.replace("an hour", "an hours"),
            long.upper() + " !",
            "the waiter brought the wrong soup and nobody came to our table any more after that",
            "good",
            "food",
            "the waiter",
            "",
            " ",
        ],
        label=["a", "a", "b", "a", "b", "a", "b", "a", "b", "a"],
    )
    one = found("near-duplicates", rows)
    assert one is not None
    assert one.rows.tolist() == [2, 3]
    assert "1 of them has another label" in one.why


def test_near_duplicates_are_found_in_chinese() -> None:
    text = "这家店的味道真的很不错，送餐速度也非常快，包装干净，下次还会再来点他们家的外卖"
    other = "等了两个小时才送到，打电话也没有人接，菜都凉了，而且味道很一般，以后不会再点了"
    rows = frame(text=[text, other, text.replace("非常快", "非常慢"), text.replace("，", " ")])
    assert rows_of("near-duplicates", rows) == [2, 3]


def test_a_chain_of_near_duplicates_goes_only_as_far_as_its_rows_are_alike() -> None:
    """Each is like the next, but the last is unlike the first: it stays."""
    words = [f"word{i:02d}" for i in range(40)]
    steps = [" ".join([f"new{j:02d}" for j in range(2 * i)] + words[2 * i :]) for i in range(8)]
    kept = [i for i in range(8) if i not in rows_of("near-duplicates", frame(text=steps))]
    assert 1 < len(kept) < 8
    assert rows_of("near-duplicates", frame(text=[steps[i] for i in kept])) == []


def test_it_is_said_when_not_all_rows_were_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{i} is the number of a long sentence about {i * i} things" for i in range(50)]
    texts[3] = texts[2] + "."
    monkeypatch.setattr(duplicates, "MOST_CHARACTERS", 2000)
    one = found("near-duplicates", frame(text=[*texts, texts[0] + "!"]))
    assert one is not None
    assert one.rows.tolist() == [3]
    assert "the others were not compared" in one.title


def test_leaks_ignore_capitals_and_blanks() -> None:
    learn = frame(
        text=["Good food", "bad", "", "good", "very good food", "slow", "slow"], label=list("ababaaa")
    )
    held = frame(text=["good  FOOD", "", "slow", "good food "], label=list("abab"))
    one = found("leaks", learn, held)
    assert one is not None
    assert one.held_out is not None
    assert (one.rows.tolist(), one.held_out.tolist()) == ([0, 5, 6], [0, 2, 3])
    assert found("leaks", learn) is None
    assert found("leaks", learn, frame(other=["good food"])) is None


def test_near_leaks_are_no_leaks() -> None:
    long = "the waiter brought the wrong soup twice and then forgot about our table for an hour"
    learn = frame(text=[long, "something else altogether, about the weather", long + " again", long.upper()])
    one = found("near-leaks", learn, frame(text=[long, "nothing of the kind"]))
    assert one is not None
    assert one.held_out is not None
    assert (one.rows.tolist(), one.held_out.tolist()) == ([2], [0])


def labelled(**classes: int) -> Frame:
    """Rows with so many of each class."""
    labels = [name for name, rows in classes.items() for _ in range(rows)]
    return frame(text=[f"text number {i}" for i in range(len(labels))], label=labels)


def test_classes_are_uneven_from_five_times_the_rows() -> None:
    assert found("class-imbalance", labelled(a=100, b=21)) is None
    one = found("class-imbalance", labelled(a=100, b=20, c=60))
    assert one is not None
    assert (one.count, len(one.rows), one.severity) == (1, 20, "hint")
    severe = found("class-imbalance", labelled(a=1000, b=20))
    assert severe is not None
    assert severe.severity == "warning"


def test_a_class_with_a_handful_of_rows_is_small_and_not_uneven() -> None:
    rows = labelled(a=100, b=90, c=9, d=10)
    one = found("small-classes", rows)
    assert one is not None
    assert (one.count, len(one.rows)) == (1, 9)
    assert found("class-imbalance", labelled(a=100, b=90, c=9)) is None


def test_amounts_and_texts_are_not_taken_for_classes() -> None:
    amounts = frame(text=[f"text {i}" for i in range(100)], label=[f"{i / 7:.3f}" for i in range(100)])
    for kind in ("small-classes", "class-imbalance", "label-spellings", "telling-columns"):
        assert found(kind, amounts) is None


def test_the_effective_number_of_even_classes_is_their_number() -> None:
    assert effective_number(np.array([50, 50, 50])) == pytest.approx(3)
    assert effective_number(np.array([50, 0])) == pytest.approx(1)
    shares = np.array([0.9, 0.1])
    assert effective_number(np.array([90, 10])) == pytest.approx(np.prod(shares**-shares))


def test_label_spellings_differ_in_capitals_blanks_or_unicode_form_only() -> None:
    labels = (
        ["pos"] * 5
        + ["Pos", " pos", "ｐｏｓ"]
        + ["caf\u00e9"] * 3
        + ["cafe\u0301"]
        + ["cafe"] * 2
        + ["po s", "1", "01"]
    )
    rows = frame(text=[f"text {i}" for i in range(len(labels))], label=labels)
    assert rows_of("label-spellings", rows) == [5, 6, 7, 11]
    assert found("label-spellings", labelled(pos=5, neg=5)) is None


def test_the_most_frequent_spelling_is_the_right_one() -> None:
    rows = frame(text=[f"text {i}" for i in range(6)], label=["B", "b", "b", "a", "a", "A"])
    assert rows_of("label-spellings", rows) == [0, 5]


def test_one_class_only() -> None:
    one = found("one-class", frame(text=["x", "y", "z"], label=["a", "A ", None]))
    assert one is not None
    assert one.severity == "error"
    assert found("one-class", labelled(a=3, b=1)) is None


@pytest.fixture
def tokenizer_file(tmp_path: Path) -> Path:
    """A tokenizer of one token a word, plus [CLS] and [SEP], which asks to cut at 8."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.enable_truncation(8)
    path = tmp_path / "tokenizer.json"
    tokenizer.save(os.fspath(path))
    return path


def test_long_texts_have_more_tokens_than_fit_with_the_special_ones(tokenizer_file: Path) -> None:
    texts = ["w " * 30, "w " * 31, "w " * 100, "verylongword" * 50, None, ""] + ["short"] * 94
    rows = frame(text=texts)
    one = found("long-texts", rows, max_length=32, tokenizer_file=tokenizer_file)
    assert one is not None
    assert one.rows.tolist() == [1, 2]
    assert "102 tokens" in one.why
    assert "64 would hold" in one.why  # 99 of 100 texts
    assert found("long-texts", rows, max_length=32) is None  # without a model nothing is said of tokens


def test_it_is_said_when_lengths_are_those_of_a_sample(
    tokenizer_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = frame(text=["a b c d e f g h i j k l m n o " + str(i) for i in range(100)])
    whole = found("long-texts", rows, max_length=8, tokenizer_file=tokenizer_file)
    assert whole is not None
    assert (whole.count, "sample" in whole.title) == (100, False)
    monkeypatch.setattr(long_texts, "MOST_BYTES", 1000)
    part = found("long-texts", rows, max_length=8, tokenizer_file=tokenizer_file)
    assert part is not None
    assert part.count < 100
    assert "sample" in part.title


HONEST = (
    "naïve café, déjà vu — “so what?”",
    "São Paulo, NÃO, Ça va, Ångström, Ørsted",
    "Größe: 5 µm ± 2 °C, ½ l, 3 × 4 ÷ 2 = 6 §12",
    "€ 20 – £ 15 … ¥ 300 ¿qué? ¡sí!",
    "Tiếng Việt có nhiều dấu",
    "味道不错，很好吃！（下次还来）",
    "ありがとう ＡＢＣ ﾊﾝｶｸ",
    "Всё хорошо, спасибо",
    "مرحبا می‌خواهم",
    "👨‍👩‍👧 ❤️ 👍🏽",
    "הכול בסדר",
    "don’t • item №5 †",
)


MOJIBAKE = [
    "cafÃ© au lait",
    "â€œhelloâ€\x9d she said",
    "donâ€™t",
    "è¿™å®¶åº—",
    "ÐŸÑ€Ð¸Ð²ÐµÑ‚",
]


def test_mojibake_is_found_and_honest_text_is_not_suspected() -> None:
    assert texts_with("mojibake", [*HONEST, *MOJIBAKE]) == MOJIBAKE


def test_lost_characters_are_not_mojibake() -> None:
    texts = ["caf\ufffd", "cafe?", "café", "plain"]
    assert texts_with("lost-characters", texts) == ["caf\ufffd"]
    assert texts_with("mojibake", texts) == []


CONTROL = ["a\x00b", "\x1b[31mred", "back\x08space", "\ufeffstart", "del\x7f"]


def test_control_characters_are_not_line_breaks_or_joiners() -> None:
    assert texts_with("control-characters", [*HONEST, "a\tb", "a\nb", "a\r\nb", *CONTROL]) == CONTROL


HTML = [
    "one<br>two",
    "one<BR/>two",
    "<p>hello</p>",
    "a <b>bold</b> word",
    'see <a href="x">this</a>',
    "fish &amp; chips",
    "it&#39;s",
    "caf&eacute;",
    "<!-- hidden --> text",
    "<div class='x'>",
    "&#x27;quoted",
]


def test_html_is_found_and_formulas_are_not() -> None:
    honest = [
        "if a < b and c > d then",
        "I <3 you",
        "<user> wrote: hello",
        "AT&T and R&D; salt & pepper",
        "vector<i>",
        "x <- y; y -> x",
        "see <https://example.org/a>",
        "a <= b && b >= c",
        "&nosuchname; &c.",
        "the brand <bread> is not a tag",
        "p<.05",
    ]
    assert texts_with("html", [*honest, *HTML]) == HTML


@pytest.mark.parametrize(
    ("kind", "broken"), [("mojibake", MOJIBAKE), ("control-characters", CONTROL), ("html", HTML)]
)
def test_a_fix_mends_every_text_that_is_found(kind: str, broken: list[str]) -> None:
    rows = frame(text=broken)
    finding = found(kind, rows)
    assert finding is not None
    for record in finding.fixes[0].steps:
        rows = parse_step(record).apply(rows, Context()).frame
    assert rows.rows == len(broken)
    assert found(kind, rows) is None


def test_empty_columns_hold_nothing_but_blanks() -> None:
    rows = frame(
        text=["a", "b"], label=["x", "y"], none=pa.nulls(2), blank=["", " "], one=["", "z"], zero=[0, 0]
    )
    one = found("empty-columns", rows)
    assert one is not None
    assert one.count == 2
    assert "none, blank" in one.title
    assert one.fixes[0].steps == ({"kind": "keep-columns", "columns": ["text", "label", "one", "zero"]},)


def test_constant_columns_are_the_same_in_nearly_all_filled_rows() -> None:
    n = 100
    rows = frame(
        text=[f"text {i}" for i in range(n)],
        label=["a"] * 99 + ["b"],  # uneven classes are another check's business
        constant=["en"] * n,
        nearly=["en"] * 98 + ["de", "fr"],
        often=["en"] * 97 + ["de"] * 3,
        partly=["en"] * 60 + [None] * 40,
        sparse=["en"] + [None] * 99,
    )
    one = found("constant-columns", rows)
    assert one is not None
    assert (one.count, one.title.split(": ")[1]) == (3, "constant, nearly, partly")
    few = frame(text=["a", "b"], label=["x", "y"], flag=["0", "1"])
    assert found("constant-columns", few) is None


def telling(**columns: Sequence[Any]) -> list[str]:
    """Which of the columns give the label away."""
    n = len(next(iter(columns.values())))
    rows = frame(text=[f"text {i}" for i in range(n)], **columns)
    all_found = TellingColumns().find(rows, None, Context())
    assert all(f"“{one.column}”" in one.title and one.count == 1 for one in all_found)
    return [one.column for one in all_found]


def test_telling_columns_tell_more_than_chance() -> None:
    chance = np.random.default_rng(0)
    n = 600
    labels = chance.integers(0, 3, n)
    noisy = np.where(chance.random(n) < 0.7, labels, chance.integers(0, 3, n))
    nearly = np.where(chance.random(n) < 0.98, labels, chance.integers(0, 3, n))
    assert telling(
        label=[f"class {i}" for i in labels],
        source=[f"file {'abc'[i]}" for i in labels],
        nearly=[f"{i}" for i in nearly],
        noisy=[f"{i}" for i in noisy],
        random=[f"{i}" for i in chance.integers(0, 5, n)],
        author=[f"{i}" for i in chance.integers(0, n // 3, n)],  # three rows each
        name=[f"person {i}" for i in range(n)],
        score=[f"{i + x:.6f}" for i, x in zip(labels, chance.random(n), strict=True)],
        amount=[f"{x:.6f}" for x in chance.random(n)],
    ) == ["source", "nearly", "score"]


def test_row_numbers_of_a_sorted_file_tell_nothing() -> None:
    assert telling(label=["a"] * 100 + ["b"] * 100, id=[str(i) for i in range(200)]) == []


def test_information_is_that_of_the_textbook() -> None:
    """A channel that flips one bit in four has 1 - H(1/4) bits."""
    values = np.array([0] * 400 + [1] * 400)
    labels = np.array(([0] * 300 + [1] * 100) + ([1] * 300 + [0] * 100))
    told = column_checks.information(values, labels)
    assert told.bits == pytest.approx(1 + 0.25 * np.log2(0.25) + 0.75 * np.log2(0.75), abs=0.003)
    assert told.rows == 800


def test_a_finding_as_json_counts_rows_of_the_file_from_one() -> None:
    """After a step has left rows out, the numbers are still those of the file."""
    whole = frame(text=["x", "y", "z", "x", "x"], label=["a", "a", "b", "a", "a"])
    rows = whole.take([1, 2, 3, 4])
    finding = found("exact-duplicates", rows)
    assert finding is not None
    record = as_json(finding, rows)
    assert (record["kind"], record["count"], record["rows"]) == ("exact-duplicates", 1, [5])
    assert record["fixes"][0]["steps"][0]["kind"] == "remove-duplicates"
    held = frame(text=["q", "z"], label=["a", "b"])
    leak = found("leaks", rows, held)
    assert leak is not None
    assert as_json(leak, rows, held)["held_out"] == [2]


def test_whoever_stops_waiting_is_heard() -> None:
    def stop() -> None:
        raise InterruptedError

    rows = frame(text=[f"é text number {i}" for i in range(100)], label=["a", "b"] * 50)
    with pytest.raises(InterruptedError):
        findings(rows, None, Context(check=stop))


def test_waimai_is_what_pandas_says(real: Real) -> None:
    """The findings of real Chinese reviews against another way to count them."""
    import pandas as pd

    path = real("waimai/waimai_10k.csv")
    data = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = frame_of(read_table(path), "review", "label")
    assert rows.rows == len(data) == 11_987
    by_kind = {one.kind: one for one in findings(rows, None, Context())}

    def places(mask: Any) -> list[int]:
        return np.flatnonzero(mask.to_numpy()).tolist()

    expected = {
        "missing-labels": places(data.label.str.strip() == ""),
        "empty-texts": places(data.review.str.strip() == ""),
        "exact-duplicates": places(data.duplicated(["review", "label"])),
        "control-characters": places(data.review.str.contains("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")),
        "html": places(data.review.str.contains(r"<\w+|</\w+>|&\w+;")),
        "lost-characters": places(data.review.str.contains("\ufffd")),
        "conflicting-labels": places(
            data.groupby(data.review.str.split().str.join(" ").str.lower()).label.transform("nunique") > 1
        ),
    }
    for kind, wanted in expected.items():
        assert (by_kind[kind].rows.tolist() if kind in by_kind else []) == wanted, kind
    for kind in ("class-imbalance", "small-classes", "label-spellings", "mojibake", "one-class"):
        assert kind not in by_kind
    assert by_kind["near-duplicates"].rows.tolist() == brute_force(data.review.tolist(), 0.85)


def brute_force(texts: list[str], similarity: float) -> list[int]:
    """Near duplicates by computing the similarity of all pairs, with a sparse matrix of shingles."""
    from sklearn.feature_extraction.text import CountVectorizer

    from workbench.data.near import shingles

    first: dict[str, int] = {}
    for i, text in enumerate(texts):
        first.setdefault(text, i)
    distinct = [text for text in first if text.strip()]
    matrix = CountVectorizer(analyzer=shingles, binary=True).fit_transform(distinct).astype(np.int32).tocsr()
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    common = (matrix @ matrix.T).tocoo()
    alike = common.data / (sizes[common.row] + sizes[common.col] - common.data)
    near = (alike >= similarity) & (common.col < common.row)
    pairs: dict[int, list[int]] = {}
    for one, other in zip(common.row[near].tolist(), common.col[near].tolist(), strict=True):
        pairs.setdefault(one, []).append(other)
    gone: set[int] = set()
    for one in sorted(pairs):
        if any(other not in gone for other in pairs[one]):
            gone.add(one)
    removed = {distinct[i] for i in gone}
    return [i for i, text in enumerate(texts) if text in removed]


_ODD = st.one_of(
    st.none(),
    st.sampled_from(
        ["", " ", "a", "A ", "<br>", "cafÃ©", "\x00", "\ufffd", "0", "nan", "好" * 40, "x" * 3000]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)


@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.tuples(_ODD, _ODD, _ODD), max_size=40), st.integers(0, 10))
def test_no_content_is_too_odd(rows: list[tuple[str | None, ...]], held: int) -> None:
    """Whatever stands in a file: findings name rows that there are, and their fixes are steps that there are."""
    columns = {
        name: pa.array([row[i] for row in rows], pa.large_string())
        for i, name in enumerate(("text", "label", "more"))
    }
    learn = frame(**columns)
    held_out = learn.take(list(range(min(held, learn.rows))))
    for one in findings(learn, held_out, Context()):
        assert one.count > 0
        assert all(0 <= row < learn.rows for row in one.rows)
        assert one.held_out is None or all(0 <= row < held_out.rows for row in one.held_out)
        for fix in one.fixes:
            for record in fix.steps:
                parse_step(record)
        json.dumps(as_json(one, learn, held_out))
