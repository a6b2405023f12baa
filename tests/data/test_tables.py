"""Tables open as people expect: rows are counted right, and nothing disappears without a word."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.data.tables import read_table
from workbench.data.text_files import read_text
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]
Real = Callable[[str], Path]


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("sst2/train.tsv", 6920, ("column 1", "column 2")),
        ("sst2/dev.tsv", 872, ("column 1", "column 2")),
        ("sst2/test.tsv", 1821, ("column 1", "column 2")),
        ("waimai/waimai_10k.csv", 11987, ("label", "review")),
        ("gsm8k/test.jsonl", 1319, ("question", "answer")),
    ],
)
def test_real_files_have_the_rows_that_they_are_known_to_have(
    real: Real, name: str, rows: int, columns: tuple[str, ...]
) -> None:
    table = read_table(real(name))
    assert (table.rows, table.columns) == (rows, columns)
    assert not any("set aside" in note for note in table.notes)
    assert None not in table.column(columns[0])


def test_a_line_break_and_a_delimiter_inside_quotes_belong_to_the_field(write: Write) -> None:
    table = read_table(write("a.csv", 'text,label\n"one, two\nthree ""four""",x\r\nfive,y\n'))
    assert table.column("text") == ['one, two\nthree "four"', "five"]
    assert table.column("label") == ["x", "y"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_delimiter_is_found_whatever_the_name(write: Write, delimiter: str, name: str) -> None:
    lines = [("text", "label"), ("rather good - really", "yes"), ("bad: no", "no"), ("so so", "no")]
    table = read_table(write(name, "\n".join(delimiter.join(line) for line in lines)))
    assert table.columns == ("text", "label")
    assert table.column("label") == ["yes", "no", "no"]


def test_a_lone_quote_in_a_tsv_swallows_no_lines(write: Write) -> None:
    lines = [f'"so begins number {i}\t{i % 2}' if i % 7 == 0 else f"text {i}\t{i % 2}" for i in range(50)]
    table = read_table(write("a.tsv", "\n".join(lines)))
    assert table.rows == 50
    assert table.row(0) == ('"so begins number 0', "0")


def test_a_tsv_that_a_spreadsheet_wrote_is_unquoted(write: Write, tmp_path: Path) -> None:
    rows = [("text", "label"), ("a\tb", "x"), ("line\nbreak", "y"), ('she said "no"', "x"), ("plain", "y")]
    path = tmp_path / "a.tsv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t").writerows(rows)
    assert read_table(path).column("text") == [text for text, _ in rows[1:]]


def test_a_quote_that_is_never_closed_is_named(write: Write) -> None:
    lines = [
        "text,label",
        *(f'"a, {i}",x' for i in range(5)),
        '"open, y',
        *(f"plain {i},y" for i in range(5)),
    ]
    with pytest.raises(WorkbenchError, match=r"never closed.*begins in line 7"):
        read_table(write("a.csv", "\n".join(lines)))


def test_a_file_that_knows_no_quoting_keeps_its_lone_quote(write: Write) -> None:
    table = read_table(write("a.csv", 'text,label\nfine,x\n"so what,y\ndull,y\n'))
    assert table.column("text") == ["fine", '"so what', "dull"]
    assert any("plain characters" in note for note in table.notes)


def test_without_a_header_columns_are_numbered_and_it_is_said(write: Write) -> None:
    table = read_table(write("a.tsv", "a fine film\tpositive\na dull film\tnegative\nfine\tpositive\n"))
    assert table.columns == ("column 1", "column 2")
    assert table.rows == 3
    assert any("taken as data" in note for note in table.notes)


@pytest.mark.parametrize(
    ("first", "rest", "header"),
    [
        ("text,label", ["good,1", "bad,0"], True),
        ("Review Text,Stars", ["good,five", "bad,one"], True),
        ("what,n", ["good,1", "bad,0"], True),  # numbers below a word
        ("good,1", ["bad,0", "fine,1"], False),
        ("good,yes", ["bad,no", "fine,yes"], False),  # the first row's value comes up again
        ("good,good", ["bad,no", "fine,yes"], False),
    ],
)
def test_the_header_is_guessed(write: Write, first: str, rest: list[str], header: bool) -> None:
    table = read_table(write("a.csv", "\n".join([first, *rest])))
    assert table.rows == 2 + (not header)
    assert (table.columns[0] == first.split(",")[0]) is header


def test_the_header_can_be_decided_by_hand(write: Write) -> None:
    path = write("a.csv", "text,label\ngood,1\nbad,0\n")
    assert read_table(path, header="no").row(0) == ("text", "label")
    path = write("b.csv", "good,1\nbad,0\n")
    assert read_table(path, header="yes").columns == ("good", "1")


def test_nameless_and_repeated_columns_are_told_apart(write: Write) -> None:
    table = read_table(write("a.csv", ",text,text,label\n0,a,b,x\n1,c,d,y\n"))
    assert table.columns == ("column 1", "text", "text (2)", "label")
    assert table.column("text (2)") == ["b", "d"]


def test_ragged_rows_are_set_aside_with_their_lines(write: Write) -> None:
    lines = ["text,label", *(f"text {i},x" for i in range(20))]
    lines[5], lines[9] = "too,many,fields", "too few"
    table = read_table(write("a.csv", "\n".join(lines)))
    assert table.rows == 18
    assert table.notes == (
        "2 rows with a different number of fields were set aside (lines 6, 10 of the file).",
    )


def test_a_mostly_ragged_table_is_refused(write: Write) -> None:
    lines = ["text,label", *(f"a{', b' * (i % 4)},x" for i in range(40))]
    with pytest.raises(WorkbenchError, match=r"not an even table\. 30 of 40 rows .* line 3 has 3 fields"):
        read_table(write("a.csv", "\n".join(lines)))


def test_a_header_that_does_not_fit_is_named(write: Write) -> None:
    with pytest.raises(WorkbenchError, match="names 3 columns, but most rows have 2 fields"):
        read_table(write("a.csv", "id,text,label\ngood,1\nbad,0\n"))


def test_one_column_of_prose_is_not_cut_at_its_commas(write: Write) -> None:
    table = read_table(write("a.csv", "text\nwell, well, well\nso\nyes, sir\n"))
    assert table.columns == ("text",)
    assert table.column("text") == ["well, well, well", "so", "yes, sir"]


@pytest.mark.parametrize("name", ["long.csv", "long.tsv", "long.jsonl", "long.txt"])
def test_a_row_of_200_000_characters_is_read_whole(write: Write, name: str) -> None:
    long = "word " * 40_000
    content = {
        "long.csv": f'text,label\n"{long}",x\nshort,y\n',
        "long.tsv": f"text\tlabel\n{long}\tx\nshort\ty\n",
        "long.jsonl": json.dumps({"text": long, "label": "x"}) + '\n{"text": "short", "label": "y"}\n',
        "long.txt": f"{long}\nshort\n",
    }[name]
    assert read_table(write(name, content)).column("text") == [long, "short"]


def test_json_lines_keep_every_key_and_say_what_is_missing(write: Write) -> None:
    lines = [
        {"text": "a\u2028b", "label": 1},
        {"text": "c", "label": None, "more": [1, {"é": 2}]},
        {"text": "d"},
    ]
    table = read_table(write("a.jsonl", "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)))
    assert table.columns == ("text", "label", "more")
    assert table.column("text") == ["a\u2028b", "c", "d"]
    assert table.column("label") == ["1", None, None]
    assert table.column("more") == [None, '[1, {"é": 2}]', None]
    assert "1 row without “label” (line 3): taken as missing." in table.notes


def test_half_a_character_in_json_is_replaced_and_said(write: Write) -> None:
    table = read_table(write("a.jsonl", '{"text": "a\\ud83d"}\n{"text": "b"}\n'))
    assert table.column("text") == ["a?", "b"]
    assert any("1 row" in note and "replaced" in note for note in table.notes)


def test_a_json_list_is_a_table_too(write: Write) -> None:
    table = read_table(write("a.json", '[{"text": "a", "label": true},\n {"text": "b", "label": false}]'))
    assert table.column("label") == ["true", "false"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"text": "a"', "Line 3 is not JSON"),
        ("[1, 2]", "Line 3 is a list"),
        ('"text"', "Line 3 is a text"),
        ("null", "Line 3 is null"),
        ("[" * 100_000, "Line 3 is not JSON"),
    ],
)
def test_a_bad_json_line_is_named(write: Write, line: str, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        read_table(write("a.jsonl", f'{{"text": "a"}}\n\n{line}\n'))


def test_parquet_keeps_missing_values_and_reads_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    data = pa.table({"text": ["a", None, "c"], "n": [1, None, 3], "x": [0.5, float("nan"), 1.0]})
    pq.write_table(data, path)
    table = read_table(path)
    assert table.column("text") == ["a", None, "c"]
    assert table.column("n") == ["1", None, "3"]
    assert table.column("x") == ["0.5", None, "1.0"]
    assert table.row(1) == (None, None, None)
    assert table.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()


def test_class_names_of_a_parquet_file_are_used(tmp_path: Path) -> None:
    features = {"label": {"names": ["bad", "good"], "_type": "ClassLabel"}, "text": {"dtype": "string"}}
    data = pa.table({"text": ["a", "b", "c"], "label": [1, 0, -1]}).replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )
    pq.write_table(data, tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert table.column("label") == ["good", "bad", None]
    assert any("class names" in note for note in table.notes)


def test_parquet_is_known_by_its_content(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "a.csv")
    table = read_table(tmp_path / "a.csv")
    assert table.column("text") == ["a"]
    assert any("Parquet" in note for note in table.notes)


@pytest.mark.parametrize("keep", [4, 40, -5])
def test_a_truncated_parquet_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a" * 50, "b" * 60]}), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WorkbenchError, match=r"a\.parquet cannot be read.*cut short"):
        read_table(path)


def test_plain_text_gives_a_row_a_line(write: Write) -> None:
    table = read_table(write("a.txt", "one, two\r\n\r\nthree\rfour"))
    assert table.columns == ("text",)
    assert table.column("text") == ["one, two", "three", "four"]


def test_an_unknown_column_is_answered_with_the_known_ones(write: Write) -> None:
    table = read_table(write("a.csv", "text,label\na,x\nb,y\n"))
    with pytest.raises(WorkbenchError, match=r"no column “lable”.*text, label.*Did you mean “label”"):
        table.column("lable")


def test_line_ends_of_a_text_file_become_one_kind(write: Write) -> None:
    assert read_text(write("a.txt", "a\r\nb\rc\n")) == "a\nb\nc\n"


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\0\x1e\x1f"), max_size=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=12))
def test_what_the_csv_writer_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["id", "text", "label"])
        writer.writerows(rows)
    table = read_table(path, header="yes")
    assert table.columns == ("id", "text", "label")
    assert [table.row(i) for i in range(table.rows)] == rows
