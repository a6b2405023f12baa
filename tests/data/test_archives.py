"""Archives, folders and several files open as one table; what is wrong with them is told before it does harm."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.data.format import Opening
from workbench.data.tables import open_table, peek
from workbench.run.problem import WorkbenchError

Write = Callable[[str, str | bytes], Path]
TABLE = "text,label\n" + "some words,x\nother words,y\n" * 50


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[..., Path]:
    """Make an archive of these files."""

    def make(files: dict[str, str | bytes], name: str = "a.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, content in files.items():
                archive.writestr(inside, content)
        return path

    return make


def refused(path: Path, opening: Opening = Opening()) -> str:  # noqa: B008
    with pytest.raises(WorkbenchError) as caught:
        open_table(path, opening)
    problem = caught.value.problem
    assert caught.value.usage
    assert path.name in problem.title
    assert problem.cause
    assert problem.remedy
    return str(problem)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv"])
def test_a_compressed_file_is_known_by_its_content(
    write: Write, pack: Callable[[bytes], bytes], name: str
) -> None:
    path = write(name, pack(TABLE.encode()))
    table = open_table(path)
    assert (table.path, table.rows, table.columns) == (path, 100, ("text", "label"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TABLE),
        ("a.tsv", TABLE.replace(",", "\t")),
        ("a.jsonl", '{"text": "some words", "label": "x"}\n' * 100),
        ("a.json", json.dumps([{"text": "some words", "label": "x"}] * 100)),
        ("a.txt", "some words\n" * 100),
    ],
)
def test_the_name_inside_decides(write: Write, zipped: Callable[..., Path], name: str, content: str) -> None:
    assert open_table(write(f"{name}.gz", gzip.compress(content.encode()))).rows == 100
    assert open_table(zipped({name: content})).rows == 100


def test_parquet_inside_an_archive(write: Write, zipped: Callable[..., Path]) -> None:
    made = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b"], "n": [1, 2]}), made)
    assert open_table(zipped({"a.parquet": made.getvalue()})).rows == 2
    assert open_table(write("a.parquet.gz", gzip.compress(made.getvalue()))).column("n") == ["1", "2"]


def test_what_was_unpacked_is_kept_and_not_unpacked_again(write: Write, tmp_path: Path) -> None:
    path, cache = write("a.csv.gz", gzip.compress(TABLE.encode())), tmp_path / "cache"
    opening = Opening(large=0, cache=cache)
    first = open_table(path, opening)
    told: list[float] = []
    again = open_table(path, Opening(large=0, cache=cache, progress=told.append))
    assert told == []
    assert again.column("text") == first.column("text") == open_table(path).column("text")
    assert first.fingerprint == again.fingerprint == open_table(path).fingerprint
    assert [entry.name for entry in cache.iterdir() if entry.name.startswith(".")] == []


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_the_first_rows_of_an_archive(write: Write, zipped: Callable[..., Path], kind: str) -> None:
    text = "text,label\n" + "".join(f"words {i * 7919},{i % 5}\n" for i in range(200_000))
    path = write("a.csv.gz", gzip.compress(text.encode(), 1)) if kind == "gz" else zipped({"a.csv": text})
    table = peek(path, rows=50)
    assert (table.rows, table.row(1), table.set_aside) == (50, ("words 7919", "1"), ())


@pytest.mark.parametrize("keep", [12, 60, -4])
def test_a_gzip_that_was_cut_short_is_told(write: Write, keep: int) -> None:
    packed = gzip.compress("".join(f"{i},{i * i}\n" for i in range(999)).encode())
    assert "damaged or cut short" in refused(write("a.csv.gz", packed[:keep]))


@pytest.mark.parametrize("keep", [30, 200, -30])
def test_a_zip_that_was_cut_short_is_told(zipped: Callable[..., Path], keep: int) -> None:
    path = zipped({"a.csv": "".join(f"{i},{i * i}\n" for i in range(999))})
    path.write_bytes(path.read_bytes()[:keep])
    assert "cut short" in refused(path)


def test_a_damaged_byte_in_a_zip_is_told(zipped: Callable[..., Path]) -> None:
    path = zipped({"a.csv": "".join(f"{i},{i * i}\n" for i in range(999))})
    data = bytearray(path.read_bytes())
    data[500] ^= 0xFF
    path.write_bytes(data)
    assert "damaged" in refused(path)


def test_a_zip_that_unpacks_to_more_than_a_hundred_times_its_size(
    zipped: Callable[..., Path], tmp_path: Path
) -> None:
    path = zipped({"a.csv": "text,label\n" + "aaaaaaaaaaaa,x\n" * 200_000})
    assert path.stat().st_size * 100 < 3_000_000
    words = refused(path, Opening(cache=tmp_path / "cache"))
    assert "more than 50 times" in words
    assert "unpack it by hand" in words
    assert list((tmp_path / "cache").glob("**/*.csv")) == []
    assert open_table(path, Opening(most_times=10_000)).rows == 200_000


def test_a_gzip_of_2_mb_that_becomes_691_mb_is_given_up_early(tmp_path: Path) -> None:
    path, cache = tmp_path / "a.csv.gz", tmp_path / "cache"
    member = gzip.compress(b"some text,x\n" * 500_000)
    with path.open("wb") as file:
        while file.tell() < 2_000_000:
            file.write(member)
    told: list[float] = []
    words = refused(path, Opening(cache=cache, progress=told.append))
    assert "more than 50 times" in words
    assert "2 MB" in words
    assert len(told) < 110  # megabytes that were written before it was given up
    assert list(cache.iterdir()) == []


def test_the_size_is_capped_whatever_the_ratio(write: Write, zipped: Callable[..., Path]) -> None:
    for path in (write("a.csv.gz", gzip.compress(TABLE.encode())), zipped({"a.csv": TABLE})):
        assert "more than 500 bytes" in refused(path, Opening(most_bytes=500))


def test_a_zip_that_lies_about_its_size_is_capped_as_well(zipped: Callable[..., Path]) -> None:
    path = zipped({"a.csv": "text,label\n" + "aaaaaaaaaaaa,x\n" * 200_000})
    data = path.read_bytes()
    true = (11 + 15 * 200_000).to_bytes(4, "little")
    assert data.count(true) == 2
    path.write_bytes(data.replace(true, (1000).to_bytes(4, "little")))
    refused(path)


@pytest.mark.parametrize("inside", ["../a.csv", "x/../../a.csv", "/etc/a.csv", "..\\a.csv", "C:\\a.csv"])
def test_a_path_that_leaves_the_folder_is_refused(zipped: Callable[..., Path], inside: str) -> None:
    words = refused(zipped({"good.csv": TABLE, inside: TABLE}))
    assert "leads out of the folder" in words
    assert inside.replace("\\", "/").split("/")[-1] in words


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("a.csv")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "leads out of the folder" in refused(path)


def test_archives_in_archives_end_somewhere(write: Write) -> None:
    content = TABLE.encode()
    for _ in range(2):
        content = gzip.compress(content)
    assert open_table(write("a.csv.gz.gz", content)).rows == 100
    with pytest.raises(WorkbenchError, match="in an archive"):
        open_table(write("b.gz", gzip.compress(content)))


def test_an_archive_without_data_says_what_is_in_it(zipped: Callable[..., Path]) -> None:
    assert "README.md" in refused(zipped({"README.md": "# About"}))
    assert "nothing" in refused(zipped({}))


def test_a_tar_archive_is_told(write: Write) -> None:
    head = b"a.csv".ljust(257, b"\0") + b"ustar\x0000"
    assert "tar archive" in refused(write("a.tar.gz", gzip.compress(head.ljust(1024, b"\0"))))


def test_several_files_in_an_archive_are_one_table_or_one_is_chosen(zipped: Callable[..., Path]) -> None:
    path = zipped({"part-1.csv": TABLE, "part-2.csv": TABLE, "README.md": "# About", "__MACOSX/._x": b"\0"})
    table = open_table(path)
    assert (table.rows, table.columns) == (200, ("text", "label"))
    assert any("part-1.csv, part-2.csv" in note for note in table.notes)
    assert open_table(path, Opening(records="part-2.csv")).rows == 100
    assert "Did you mean “part-1.csv”" in refused(path, Opening(records="prat-1.csv"))


def test_a_folder_is_one_table_in_natural_order(write: Write, tmp_path: Path) -> None:
    for i in (10, 2, 1):
        write(f"data/part {i}.csv", f"text,label\nrow {i},x\nmore {i},y\n")
    write("data/inner/z.csv.gz", gzip.compress(b"label,text\nx,last\ny,least\n"))
    write("data/notes.doc", "no data")
    write("data/.hidden.csv", "a,b\n1,2\n")
    table = open_table(tmp_path / "data")
    assert table.column("text") == [
        "last",
        "least",
        "row 1",
        "more 1",
        "row 2",
        "more 2",
        "row 10",
        "more 10",
    ]
    assert table.columns == ("text", "label") or table.columns == ("label", "text")
    assert any("notes.doc" in note for note in table.notes)


def test_the_file_of_each_row_is_told_where_it_is_asked_for_or_matters(write: Write, tmp_path: Path) -> None:
    write("data/train.csv", TABLE)
    write("data/test.csv", "text,label\na,x\nb,y\n")
    table = open_table(tmp_path / "data")
    assert table.columns == ("text", "label", "source_file")
    assert table.column("source_file") == ["test.csv"] * 2 + ["train.csv"] * 100
    asked = open_table(tmp_path / "data" / "train.csv").columns
    assert asked == ("text", "label")
    write("more/a.csv", TABLE)
    write("more/b.csv", TABLE)
    assert open_table(tmp_path / "more").columns == ("text", "label")
    assert open_table(tmp_path / "more", Opening(source_file="yes")).columns[-1] == "source_file"


def test_a_part_without_a_header_takes_the_first_one_s(write: Write, tmp_path: Path) -> None:
    write("data/a.csv", "text,label\ngood,x\nbad,y\n")
    write("data/b.csv", "fine film\tx\ndull film\ty\n")
    write("data/b.csv", "fine film,x\ndull film,y\nso so,x\n")
    assert open_table(tmp_path / "data").column("text") == ["good", "bad", "fine film", "dull film", "so so"]


def test_files_with_other_columns_are_told_apart(write: Write, tmp_path: Path) -> None:
    write("data/a.csv", TABLE)
    write("data/b.csv", "question,answer\nwhy,so\nwhat,this\n")
    words = refused(tmp_path / "data")
    for said in ("same columns", "a.csv", "b.csv", "text, label", "question, answer", "lacks text"):
        assert said in words


def test_rows_set_aside_name_their_file(write: Write, tmp_path: Path) -> None:
    write("data/a.csv", TABLE)
    write("data/b.csv", TABLE + "too,many,fields\n")
    (aside,) = open_table(tmp_path / "data").set_aside
    assert (aside.row, aside.why.startswith("b.csv: ")) == (102, True)


def test_a_list_of_files_and_a_pattern(write: Write, tmp_path: Path) -> None:
    first, second = write("a-1.csv", TABLE), write("a-2.csv", TABLE)
    write("b.csv", TABLE)
    assert open_table(f"{first}\n{second}").rows == 200
    assert open_table(tmp_path / "a-*.csv").rows == 200


def test_links_that_go_round_in_a_circle_end(write: Write, tmp_path: Path) -> None:
    write("data/a.csv", TABLE)
    (tmp_path / "data" / "again").symlink_to(tmp_path / "data", target_is_directory=True)
    (tmp_path / "data" / "one.csv").symlink_to(tmp_path / "data" / "two.csv")
    (tmp_path / "data" / "two.csv").symlink_to(tmp_path / "data" / "one.csv")
    table = open_table(tmp_path / "data")
    assert table.rows == 100
    assert any("circle" in note and "again, one.csv, two.csv" in note for note in table.notes)
    assert "leads nowhere" in refused(tmp_path / "data" / "one.csv")
    (tmp_path / "data" / "a.csv").unlink()
    assert "without data files" in refused(tmp_path / "data")


PICTURES: dict[str, str | bytes] = {
    "cats/one.png": b"\x89PNG one",
    "cats/two.png": b"\x89PNG two",
    "dogs/three.jpg": b"\xff\xd8\xff three",
    "dogs/four.jpg": b"",
    "dogs/notes.txt": "about dogs",
    "__MACOSX/cats/._one.png": b"\0",
    ".DS_Store": b"\0",
}


@pytest.mark.parametrize("outer", ["", "animals/"])
def test_a_zip_of_pictures_opens_as_their_folder_does(
    write: Write, zipped: Callable[..., Path], tmp_path: Path, outer: str
) -> None:
    for name, content in PICTURES.items():
        write(f"animals/{name}", content)
    folder = open_table(tmp_path / "animals")
    table = open_table(
        zipped({f"{outer}{name}": content for name, content in PICTURES.items()}, "animals.zip")
    )
    assert table.columns == folder.columns == ("path", "label")
    for name in table.columns:
        assert table.column(name) == folder.column(name)
    assert table.column("label") == ["cats", "cats", "dogs"]
    assert {row.content for row in table.set_aside} == {row.content for row in folder.set_aside}
    assert peek(table.path, rows=2).rows == 2


def test_a_zip_of_pictures_keeps_its_sides(zipped: Callable[..., Path]) -> None:
    path = zipped({"train/a/1.png": b"1", "train/b/2.png": b"2", "test/a/3.png": b"3"})
    table = open_table(path)
    assert table.column("split") == ["test", "train", "train"]
    assert table.column("label") == ["a", "a", "b"]


def test_a_zip_of_pictures_is_opened_with_the_same_care(zipped: Callable[..., Path]) -> None:
    assert "leads out of the folder" in refused(
        zipped({"a/1.png": b"1", "b/2.png": b"2", "../c/3.png": b"3"})
    )
    bomb = zipped({"a/1.png": bytes(2_000_000), "b/2.png": bytes(2_000_000)}, "bomb.zip")
    assert "more than 50 times" in refused(bomb)
    assert "--unpack-times" in refused(bomb)
    assert open_table(bomb, Opening(most_times=100_000)).rows == 2


def test_several_files_say_how_many_rows_are_from_each(write: Write, tmp_path: Path) -> None:
    first, second = write("a-1.csv", TABLE), write("a-2.csv", "text,label\na,x\nb,y\nc,y\n")
    assert open_table(f"{first}\n{second}").parts == (("a-1.csv", 100), ("a-2.csv", 3))
    assert open_table(first).parts == ()
    assert open_table(f"{tmp_path}/a-*.csv\n{first}").rows == 203
