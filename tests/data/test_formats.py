"""Workbooks, JSON, CoNLL, Arrow and folders of pictures open as tables; their broken twins say what is wrong."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from tests.data.books import DATE, MOMENT, TIME, write_ods, write_xlsx
from workbench.data.format import Opening
from workbench.data.formats.conll import words
from workbench.data.nested import MOST_FIELDS
from workbench.data.tables import Table, open_table, peek, read_table
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]
Real = Callable[[str], Path]

REVIEWS = [["text", "label"], *([f"words about it {i}", "ab"[i % 2]] for i in range(6))]


def rows_of(table: Table) -> list[tuple[str | None, ...]]:
    return [table.row(i) for i in range(table.rows)]


def problem_of(path: Path, **opening: Any) -> str:
    with pytest.raises(WorkbenchError) as caught:
        open_table(path, Opening(**opening))
    assert caught.value.usage
    assert caught.value.problem.remedy
    assert path.name in caught.value.problem.title
    return str(caught.value)


# Workbooks


def test_a_workbook_shows_its_cells_as_a_person_sees_them(tmp_path: Path) -> None:
    cells = [
        ["text", "number", "yes", "when"],
        ["=1+1", 3, True, (45000, DATE)],
        ["a < b", 0.1 + 0.2, False, (45000.5, MOMENT)],
        [None, 1e20, None, (0.5, TIME)],
    ]
    path = write_xlsx(tmp_path / "a.xlsx", {"Empty": [], "Reviews": cells, "Old": REVIEWS})
    table = read_table(path)
    assert table.columns == ("text", "number", "yes", "when")
    assert rows_of(table) == [
        ("=1+1", "3", "TRUE", "2023-03-15"),
        ("a < b", "0.3", "FALSE", "2023-03-15 12:00:00"),
        (None, "1e+20", None, "12:00:00"),
    ]
    assert table.notes == ("The sheet “Reviews” was read; the others are Empty, Old.",)


def test_another_sheet_is_named_and_a_wrong_name_answered(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"Reviews": REVIEWS, "Old": [["a", "b"], ["c", 1], ["d", 2]]})
    assert open_table(path, Opening(records="Old")).columns == ("a", "b")
    assert "Did you mean “Reviews”?" in problem_of(path, records="reviews")


def test_a_title_blank_rows_and_blank_columns_are_no_data_and_said(tmp_path: Path) -> None:
    shifted = [[None, *row] for row in REVIEWS]
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["Report"], [], *shifted[:3], [], *shifted[3:]]})
    table = read_table(path)
    assert (table.columns, table.rows) == (("text", "label"), 6) or table.columns == (
        "column 1",
        "text",
        "label",
    )
    assert [(aside.row, aside.content) for aside in table.set_aside] == [(1, "Report")]
    assert any("1 blank row was passed over" in note for note in table.notes)


def test_a_sheet_without_a_header_keeps_its_first_row(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"S": REVIEWS[1:]})
    table = read_table(path)
    assert (table.columns, table.rows) == (("column 1", "column 2"), 6)
    assert open_table(path, Opening(header="yes")).rows == 5


def test_a_workbook_of_libreoffice_opens(tmp_path: Path) -> None:
    table = read_table(
        write_ods(tmp_path / "a.ods", "S", [["text", "n"], ["good film", 1], ["bad film", 2.5]])
    )
    assert table.columns == ("text", "n")
    assert rows_of(table) == [("good film", "1"), ("bad film", "2.5")]


def test_a_workbook_is_known_by_its_content(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.csv", {"S": REVIEWS})
    assert read_table(path).columns == ("text", "label")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_workbook_that_is_cut_short_says_so(tmp_path: Path, share: float) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"S": REVIEWS})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "cut short" in problem_of(path)


def test_a_damaged_sheet_is_named(tmp_path: Path) -> None:
    whole = write_xlsx(tmp_path / "whole.xlsx", {"Reviews": REVIEWS})
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, content[: len(content) // 2] if "sheet1" in part else content)
    assert "Its sheet “Reviews” is missing or damaged" in problem_of(tmp_path / "a.xlsx")


def test_a_workbook_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [["a" * 4000]] * 1000})
    assert "would unpack to" in problem_of(path, most_times=50)
    assert open_table(path, Opening(most_times=100_000)).rows == 1000


def test_an_empty_workbook_holds_no_rows(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", {"S": [], "T": []})
    assert "No cell is filled in the sheets that were looked at: S, T" in problem_of(path)


# JSON


def as_file(write: Write, value: object, name: str = "a.json") -> Path:
    return write(name, json.dumps(value, ensure_ascii=False, indent=1))


def test_nested_fields_become_columns_by_path_and_lists_stay_json(write: Write) -> None:
    records = [
        {"id": i, "user": {"name": "é", "at": {"x": True}}, "tags": ["a", 1], "t": None} for i in range(2)
    ]
    table = read_table(as_file(write, records))
    assert table.columns == ("id", "user.name", "user.at.x", "tags", "t")
    assert table.row(1) == ("1", "é", "true", '["a", 1]', None)


def test_the_longest_list_of_records_inside_an_object_is_taken(write: Write) -> None:
    document = {
        "about": {"version": 1, "tags": ["x"] * 9},
        "data": {"items": [{"t": "a"}, {"t": "b"}]},
        "more": [{"q": 1}],
    }
    path = as_file(write, document)
    table = read_table(path)
    assert table.column("t") == ["a", "b"]
    assert table.notes == ("The rows are the records in “data.items”. The other lists are more (1).",)
    assert open_table(path, Opening(records="more")).columns == ("q",)
    words_of_it = problem_of(path, records="data.item")
    assert "Its lists are about.tags, data.items, more" in words_of_it
    assert "Did you mean “data.items”?" in words_of_it


@pytest.mark.parametrize(
    "document",
    [
        {"text": ["a", "b"], "label": [1, 2]},
        {"text": {"0": "a", "1": "b"}, "label": {"0": 1, "1": 2}},
        {"x": {"text": "a", "label": 1}, "y": {"text": "b", "label": 2}, "z": {"text": "c", "label": 3}},
    ],
)
def test_columns_side_by_side_and_records_by_name_are_laid_out(write: Write, document: object) -> None:
    table = read_table(as_file(write, document))
    assert table.column("text")[:2] == ["a", "b"]
    assert table.column("label")[:2] == ["1", "2"]


def test_one_conversation_is_one_row(write: Write) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert read_table(as_file(write, {"messages": turns})).column("messages") == [json.dumps(turns)]


def test_a_wrong_record_far_down_is_set_aside_by_its_number(write: Write) -> None:
    records: list[object] = [{"text": f"words {i}", "n": i} for i in range(6000)]
    records[4816] = 4817
    records[4999] = {"text": 5, "n": "five"}
    table = read_table(as_file(write, records))
    assert table.rows == 5999
    assert [(aside.row, aside.content) for aside in table.set_aside] == [(4817, "4817")]
    assert table.row(4998) == ("5", "five")
    assert "“text” is a number in 1 row (record 5000): taken as text." in table.notes


def test_json_that_is_cut_in_the_middle_names_line_and_column(write: Write) -> None:
    whole = json.dumps([{"text": f"words {i}"} for i in range(100)], indent=1)
    cut = whole[: whole.index("words 50") + 4]
    line, column = cut.count("\n") + 1, cut.rindex('"') - cut.rindex("\n")
    said = problem_of(write("a.json", cut))
    assert f"It breaks in line {line}, column {column}: the text that begins here is never closed" in said
    assert "50 records before it could be read" in said
    assert "cut short" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"a": 1},\n {"a" 2}]', "line 2, column 7: a colon is missing"),
        ('{"data": [{"a": 1}] "b": 2}', "column 21: a comma or a closing bracket is missing"),
        ('{\n"data": [{"a": 1},]}', "line 2, column 19: a value is missing"),
        ('{\n"a": [' + "[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("[]", "Its list is empty"),
        ("{}", "no list of records"),
        ("[1, 2, 3]", "3 of 3 items cannot be rows"),
        ("[{}, {}]", "no fields"),
    ],
)
def test_other_broken_json_is_told_of(write: Write, content: str, said: str) -> None:
    assert said in problem_of(write("a.json", content))


def test_objects_with_a_thousand_different_keys_stay_json(write: Write) -> None:
    records = [{"scores": {f"user {i}": i}, "user": {"name": "x"}} for i in range(2 * MOST_FIELDS)]
    table = read_table(as_file(write, records))
    assert table.columns == ("scores", "user.name")
    assert table.column("scores")[3] == '{"user 3": 3}'


def test_the_first_records_of_a_large_list_come_without_the_rest(write: Write) -> None:
    content = json.dumps([{"text": f"words {i}", "user": {"n": i}} for i in range(30_000)], indent=1)
    path = write("a.json", f"{content[:-2]} broken")
    table = peek(path, Opening(large=1), 200)
    assert (table.columns, table.rows) == (("text", "user.n"), 200)
    assert table.row(199) == ("words 199", "199")
    assert "is not whole JSON" in problem_of(path)


# CoNLL


@pytest.mark.parametrize(("name", "rows", "tokens"), [("train", 3394, 62730), ("dev", 1009, 15733)])
def test_real_tagged_sentences_open_with_a_tag_for_each_word(
    real: Real, name: str, rows: int, tokens: int
) -> None:
    path = real(f"wnut17/{name}.conll")
    table = read_table(path)
    assert (table.columns, table.rows, table.set_aside) == (("tokens", "tags"), rows, ())
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    assert [word for cell in table.column("tokens") for word in words(cell)] == [token for token, _ in lines]
    assert [word for cell in table.column("tags") for word in words(cell)] == [tag for _, tag in lines]
    assert len(lines) == tokens


NEWS = "EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n\n"


def test_the_last_of_several_tag_columns_is_the_one_to_learn(write: Write) -> None:
    table = read_table(write("news.txt", f"-DOCSTART- -X- -X- O\n\n{NEWS * 3}"))
    assert table.columns == ("tokens", "tags", "column 2", "column 3")
    assert table.rows == 6
    assert table.row(0) == ("EU rejects", "B-ORG O", "NNP VBZ", "B-NP B-VP")


def test_a_sentence_with_a_line_of_another_width_is_set_aside_by_its_line(write: Write) -> None:
    table = read_table(write("a.conll", f"{NEWS * 3}Bad line\nfoo NN O O\n\n{NEWS}"))
    assert table.rows == 8
    assert [(aside.row, aside.why, aside.content) for aside in table.set_aside] == [
        (16, "it has 2 columns where the others have 4", "Bad line")
    ]
    assert any("(line 16 of the file)" in note for note in table.notes)


def test_tokens_with_a_space_are_kept_as_lists(write: Write) -> None:
    table = read_table(write("a.conll", "New York\tB-loc\nis\tO\n\n#big\tO\n#\tO\n\n"))
    assert table.column("tokens") == ['["New York", "is"]', '["#big", "#"]']
    assert [words(cell) for cell in table.column("tokens")] == [["New York", "is"], ["#big", "#"]]
    assert table.column("tags") == ["B-loc O", "O O"]


def test_universal_dependencies_leave_ranges_and_comments_out(write: Write) -> None:
    lines = [
        "# text = don't go",
        "1-2\tdon't" + "\t_" * 8,
        "1\tdo\tdo\tAUX\t_\t_\t3\taux\t_\t_",
        "2\tn't\tnot\tPART\t_\t_\t3\tadvmod\t_\t_",
        "3\tgo\tgo\tVERB\t_\t_\t0\troot\t_\t_",
    ]
    table = read_table(write("a.conllu", "\n".join(lines) + "\n\n"))
    assert table.columns == ("tokens", "lemma", "upos", "head", "deprel")
    assert table.column("tokens") == ["do n't go"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("just\nsome\nwords\n", "hold one column"),
        ("a O\nb\n\nc O\nd O x\n\n", "2 of 2 sentences cannot be read"),
    ],
)
def test_what_is_no_conll_is_told_of(write: Write, content: str, said: str) -> None:
    assert said in problem_of(write("a.conll", content))


def test_poems_and_tables_are_not_taken_for_tagged_sentences(write: Write) -> None:
    assert read_table(write("a.txt", "O my love\nis like a rose\n\nO my love\nis like a song\n")).columns == (
        "text",
    )
    assert read_table(write("b.tsv", "good film\t1\nbad film\t0\n\nso so\t1\n")).columns[0] == "column 1"


# Arrow and saved data sets


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with a saved data set of two splits ("both"), and one of two files ("one")."""
    import datasets

    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["bad", "good"]),
            "tags": datasets.List(datasets.ClassLabel(names=["O", "B-x"])),
            "messages": datasets.List(
                {"role": datasets.Value("string"), "content": datasets.Value("string")}
            ),
            "about": {"source": {"page": datasets.Value("int32")}},
        }
    )
    rows = {
        "text": ["a", "b", "c"],
        "label": [0, 1, -1],
        "tags": [[0, 1], [], None],
        "messages": [[{"role": "user", "content": "é"}]] * 3,
        "about": [{"source": {"page": i}} for i in range(3)],
    }
    datasets.disable_progress_bars()
    whole = datasets.Dataset.from_dict(rows, features=features)
    datasets.DatasetDict(train=whole, test=whole.select([2])).save_to_disk(str(tmp_path / "both"))
    whole.save_to_disk(str(tmp_path / "one"), num_shards=2)
    return tmp_path


def test_a_saved_data_set_opens_with_its_splits_and_class_names(saved: Path) -> None:
    table = read_table(saved / "both")
    assert table.columns == ("text", "label", "tags", "messages", "about.source.page", "split")
    message = '[{"role": "user", "content": "é"}]'
    assert rows_of(table) == [
        ("a", "bad", '["O", "B-x"]', message, "0", "train"),
        ("b", "good", "[]", message, "1", "train"),
        ("c", None, None, message, "2", "train"),
        ("c", None, None, message, "2", "test"),
    ]
    assert any("The splits train (3), test (1)" in note for note in table.notes)


def test_a_single_split_is_chosen_by_name(saved: Path) -> None:
    table = open_table(saved / "both", Opening(records="test"))
    assert (table.rows, "split" in table.columns) == (1, False)
    assert "Did you mean “test”?" in problem_of(saved / "both", records="tst")


def test_the_rows_of_several_files_come_in_order_and_the_fingerprint_is_that_of_all(saved: Path) -> None:
    table = read_table(saved / "one")
    assert table.column("text") == ["a", "b", "c"]
    last = max((saved / "one").glob("*.arrow"))
    last.write_bytes((saved / "both" / "train" / "data-00000-of-00001.arrow").read_bytes())
    assert read_table(saved / "one").fingerprint != table.fingerprint


def test_a_saved_data_set_with_a_file_missing_or_a_broken_card_says_which(saved: Path) -> None:
    max((saved / "one").glob("*.arrow")).unlink()
    assert "data-00001-of-00002.arrow is not in it" in problem_of(saved / "one")
    (saved / "one" / "state.json").write_text('{"_data_files": [')
    assert "state.json is missing or not whole" in problem_of(saved / "one")


def test_a_feather_file_opens_with_plain_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.feather"
    data = {
        "text": ["a", "b"],
        "kind": pa.array(["x", "y"]).dictionary_encode(),
        "n": [{"m": 1}, {"m": None}],
    }
    feather.write_feather(pa.table(data), path, compression="lz4")
    table = read_table(path)
    assert table.columns == ("text", "kind", "n.m")
    assert rows_of(table) == [("a", "x", "1"), ("b", "y", None)]


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["file", "stream"])
def test_an_arrow_file_that_is_cut_short_says_so(tmp_path: Path, keep: float, kind: str) -> None:
    path = tmp_path / "a.arrow"
    data = pa.table({"text": [f"words {i}" * 20 for i in range(200)]})
    with (pa.ipc.new_file if kind == "file" else pa.ipc.new_stream)(path, data.schema) as sink:
        for batch in data.to_batches(50):
            sink.write_batch(batch)
    assert read_table(path).rows == 200
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    assert "cut short" in problem_of(path)


def test_an_arrow_stream_that_ends_between_two_batches_says_that_rows_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    data = pa.table({"text": ["a", "b"]})
    with pa.ipc.new_stream(path, data.schema) as sink:
        sink.write_table(data)
    path.write_bytes(path.read_bytes()[:-8])
    table = read_table(path)
    assert table.rows == 2
    assert any("no end mark" in note for note in table.notes)


# Folders of pictures


def pictures(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if "empty" in name else b"content")
    return folder


def test_pictures_are_rows_with_their_folder_as_the_class(tmp_path: Path) -> None:
    names = [
        "cat/1.jpg",
        "cat/2.PNG",
        "dog/more/3.webp",
        "dog/empty.png",
        "dog/notes.txt",
        "4.jpg",
        ".DS_Store",
    ]
    table = read_table(pictures(tmp_path / "pets", *names))
    assert rows_of(table) == [("cat/1.jpg", "cat"), ("cat/2.PNG", "cat"), ("dog/more/3.webp", "dog")]
    assert {aside.content: aside.why for aside in table.set_aside} == {
        "dog/empty.png": "it holds 0 bytes",
        "dog/notes.txt": "its ending “.txt” is none of a picture",
        "4.jpg": "it lies in no folder of a class",
    }
    assert "Each folder is a class: cat (2), dog (1)." in table.notes
    assert "1 hidden file was passed over." in table.notes


def test_pictures_below_splits_keep_which_split(tmp_path: Path) -> None:
    table = read_table(pictures(tmp_path, "train/cat/1.jpg", "train/dog/2.jpg", "test/cat/3.jpg"))
    assert table.columns == ("path", "label", "split")
    assert table.row(0) == ("test/cat/3.jpg", "cat", "test")


def test_pictures_without_classes_are_told_of(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pets", "1.jpg", "2.jpg")
    assert "2 pictures lie in the folder itself, and none in a subfolder" in problem_of(folder)


@pytest.mark.skipif(
    not hasattr(os, "symlink") or os.name == "nt", reason="links need rights of their own here"
)
def test_links_in_a_circle_and_to_nowhere_are_set_aside(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pets", "cat/1.jpg", "dog/2.jpg")
    (folder / "dog" / "back").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "cat" / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    table = read_table(folder)
    assert table.rows == 2
    assert {aside.content for aside in table.set_aside} == {"dog/back", "self", "cat/gone.jpg"}


# All of them


def test_nobody_waiting_ends_the_reading(tmp_path: Path, write: Write, saved: Path) -> None:
    class NobodyWaitsError(Exception):
        pass

    def check() -> None:
        raise NobodyWaitsError

    many = [{"text": f"words {i}"} for i in range(3000)]
    paths = [
        write_xlsx(tmp_path / "a.xlsx", {"S": REVIEWS}),
        as_file(write, many),
        write("a.conll", NEWS * 2000),
        saved / "both",
        pictures(tmp_path / "pets", *(f"cat/{i}.jpg" for i in range(1200))),
    ]
    for path in paths:
        with pytest.raises(NobodyWaitsError):
            open_table(path, replace(Opening(), check=check))


def test_a_parquet_file_opens_with_plain_columns_too(tmp_path: Path) -> None:
    data = pa.table(
        {"user": [{"name": "a", "picture": {"bytes": b"\x89PNG", "path": "a.png"}}], "tags": [["x"]]}
    )
    parquet.write_table(data, tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert (table.columns, table.row(0)) == (("user.name", "user.picture", "tags"), ("a", "a.png", '["x"]'))


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_nested_records_are_the_same_rows_from_a_list_and_from_lines(write: Write, name: str) -> None:
    records: list[dict[str, Any]] = [
        {"id": i, "user": {"name": f"n{i}", "at": {"x": i}}, "tags": ["a"]} for i in range(50)
    ]
    records[20] = {"id": 20, "user": None, "tags": ["b"]}
    records[30] = {"id": 30, "user": "somebody", "tags": ["b"]}
    records[40] = {"id": 40, "user": {"name": ["n40"]}, "tags": ["b"]}
    lines = "\n".join(map(json.dumps, records))
    table = read_table(
        write(name, lines if name == "a.jsonl" else f"[{lines.replace(chr(10), ',' + chr(10))}]")
    )
    assert table.columns == ("id", "user.name", "user.at.x", "tags")
    assert table.rows == 48
    assert table.row(1) == ("1", "n1", "1", '["a"]')
    assert table.row(20) == ("20", None, None, '["b"]')
    assert [(aside.row, aside.why) for aside in table.set_aside] == [
        (31, "has a text in “user”, where other rows have an object"),
        (41, "has a list in “user.name”, where other rows have a text"),
    ]


@pytest.mark.parametrize("number", [50, -1])
def test_an_arrow_file_with_a_damaged_offset_is_refused_before_it_ends_the_program(
    tmp_path: Path, number: int
) -> None:
    path = tmp_path / "a.arrow"
    data = pa.table({"text": [f"words {i:03}" for i in range(100)]})
    with pa.ipc.new_file(path, data.schema) as sink:
        sink.write_table(data)
    offsets = struct.pack("<101i", *range(0, 909, 9))
    wrong = list(range(0, 909, 9))
    wrong[number] = 1_509_949_441
    content = path.read_bytes()
    assert content.count(offsets) == 1
    path.write_bytes(content.replace(offsets, struct.pack("<101i", *wrong)))
    assert "missing or damaged" in problem_of(path)
