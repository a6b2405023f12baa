"""Several labels, numbers and marked words are read as files write them, and what is wrong is said with its row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.data.amounts import AmountSides, amount_sides
from workbench.data.guess import guess
from workbench.data.label_sets import LabelSetSides, label_set_sides
from workbench.data.span_cells import begun_tags
from workbench.data.step import Context
from workbench.data.tables import read_table
from workbench.data.tagged import TaggedSides, tagged_sides
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection

Write = Callable[[str, str | bytes], Path]


def _read(reader: Any, path: Path, **fields: Any) -> Any:
    data = DataSection(**{"train": str(path), "validation": 0.25} | fields)
    return reader(data, Context(), lambda source, field: Path(source))


def labels_of(path: Path, **fields: Any) -> LabelSetSides:
    found: LabelSetSides = _read(label_set_sides, path, **fields)
    return found


def numbers_of(path: Path, **fields: Any) -> AmountSides:
    found: AmountSides = _read(amount_sides, path, **fields)
    return found


def tags_of(path: Path, **fields: Any) -> TaggedSides:
    found: TaggedSides = _read(tagged_sides, path, **fields)
    return found


def _sets(found: LabelSetSides) -> dict[str, set[str]]:
    both = (found.train, found.validation)
    pairs = [(text, marks) for side in both for text, marks in zip(side.texts, side.marks, strict=True)]
    return {text: {found.names[number] for number in marks} for text, marks in pairs}


ROWS = [(f"a text about number {i}", ["even"] * (i % 2 == 0) + ["third"] * (i % 3 == 0)) for i in range(24)]


@pytest.mark.parametrize(
    "content",
    [
        "text,labels\n" + "".join(f'{text},"{", ".join(names) or "[]"}"\n' for text, names in ROWS),
        "text\tlabels\n" + "".join(f"{text}\t{'; '.join(names) or '[]'}\n" for text, names in ROWS),
        "text,labels\n" + "".join(f"{text},{'|'.join(names) or '[]'}\n" for text, names in ROWS),
        "text,labels\n" + "".join(f'{text},"{names}"\n' for text, names in ROWS),  # as Python writes a list
        "text,even,third\n" + "".join(f"{t},{int('even' in n)},{int('third' in n)}\n" for t, n in ROWS),
        "text,even,third\n" + "".join(f"{t},{'even' in n},{'third' in n}\n" for t, n in ROWS),
    ],
)
def test_labels_are_read_however_they_are_written(write: Write, content: str) -> None:
    path = write("labels.csv" if "\t" not in content else "labels.tsv", content)
    found = labels_of(path)
    assert found.names == ("even", "third")
    assert _sets(found) == {text: set(names) for text, names in ROWS}
    assert guess(read_table(path)).kind == "multi-label"


def test_lists_in_json_are_labels(write: Write) -> None:
    path = write("a.jsonl", "\n".join(json.dumps({"text": t, "topics": n}) for t, n in ROWS))
    found = labels_of(path)
    assert _sets(found) == {text: set(names) for text, names in ROWS}
    assert found.resolved == {"data.text": "text", "data.label": "topics"}


def test_a_row_whose_labels_are_missing_is_set_aside_with_its_number(write: Write) -> None:
    rows = "".join(f"text number {i},{'a|b' if i % 2 else 'b'}\n" for i in range(12))
    found = labels_of(write("a.csv", f'text,labels\n{rows}one more,\n,a\nbroken,"[a, "\n'))
    told = " ".join(found.notes)
    assert "“labels” is empty" in told and "set aside" in told and "Row 1" in told
    assert len(found.train.texts) + len(found.validation.texts) == 12


def test_a_column_that_says_neither_yes_nor_no_is_refused(write: Write) -> None:
    rows = "".join(f"text number {i},{i % 2},{i % 3}\n" for i in range(30))
    path = write("a.csv", f"text,spam,urgent\n{rows}")
    with pytest.raises(WorkbenchError, match="each must say yes or no") as raised:
        labels_of(path, label="spam, urgent")
    assert raised.value.problem.field == "data.label"
    assert "“urgent” has “2”" in raised.value.problem.cause


def test_one_column_of_classes_is_still_a_class(write: Write) -> None:
    rows = "".join(f"a text with, commas {i},{'ab'[i % 2]},{i % 2}\n" for i in range(30)).replace(
        "a text with, commas", '"a text with, commas'
    )
    rows = "".join(
        line.replace(",a,", '",a,').replace(",b,", '",b,') for line in rows.splitlines(keepends=True)
    )
    assert guess(read_table(write("a.csv", f"text,label,seen\n{rows}"))).kind == "text-classification"


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.5", "2", "-3e1"], [1.5, 2.0, -30.0]),
        (["1,5", "2", "12,75"], [1.5, 2.0, 12.75]),
        (["1,500", "2", "12,750.5"], [1500.0, 2.0, 12750.5]),
    ],
)
def test_numbers_are_read_as_they_are_written(write: Write, cells: list[str], values: list[float]) -> None:
    rows = "".join(f"some text number {i}\t{cells[i % 3]}\n" for i in range(24))
    found = numbers_of(write("a.tsv", f"text\tprice\n{rows}"))
    both = (found.train, found.validation)
    read = {text: amounts for side in both for text, amounts in zip(side.texts, side.amounts, strict=True)}
    assert read == {f"some text number {i}": (values[i % 3],) for i in range(24)}


def test_what_is_no_number_is_told_with_its_row(write: Write) -> None:
    rows = [f"some text number {i},{i / 4}" for i in range(40)]
    rows[4], rows[6], rows[9] = "some text,a lot", "some text,", ",3"
    found = numbers_of(write("a.csv", "text,price\n" + "\n".join(rows)), validation=0.1)
    told = " ".join(found.notes)
    for said in (
        "Row 5: “price” says “a lot”, which is no number.",
        "Row 7: “price” is empty.",
        "Row 10: “text”",
    ):
        assert said in told
    with pytest.raises(WorkbenchError, match="“text” holds no numbers") as raised:
        numbers_of(write("b.csv", "text,words\n" + "\n".join(rows)), text="words", label="text")
    assert "row 1" in raised.value.problem.cause


def test_several_columns_of_numbers(write: Write) -> None:
    rows = "".join(f"some text number {i},{i},{i * 1000}\n" for i in range(24))
    found = numbers_of(write("a.csv", f"text,mood,price\n{rows}"), label="mood, price")
    assert found.names == ("mood", "price") and all(b == 1000 * a for a, b in found.train.amounts)


def test_a_column_of_many_numbers_is_guessed_by_its_name(write: Write) -> None:
    rows = "".join(f"some text number {i},{i},{i * 0.37:.2f}\n" for i in range(60))
    found = guess(read_table(write("a.csv", f"text,id,score\n{rows}")))
    assert (found.kind, found.texts, found.label) == ("regression", ("text",), "score")
    assert guess(read_table(write("b.csv", f"text,id,width\n{rows}"))).kind == "causal-lm"


CONLL = "\n\n".join(
    "John\tI-PER\nSmith\tI-PER\nsaw\tO\nBonn\tB-LOC" if i % 2 else "No\tO\nnames\tO" for i in range(16)
)


def test_what_begins_with_a_letter_that_goes_on_is_taken_and_told(write: Write) -> None:
    found = tags_of(write("a.conll", CONLL + "\n"))
    assert found.names == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER") and found.spans
    named = next(row for row in found.train if "John" in row.text)
    assert named.tags == ("B-PER", "I-PER", "O", "B-LOC")
    assert [named.text[start:end] for start, end in named.places] == ["John", "Smith", "saw", "Bonn"]
    assert any("begins with I-" in note and "row" in note for note in found.notes)


@pytest.mark.parametrize(
    ("tags", "made", "mended"),
    [
        ("O B-a I-a O", "O B-a I-a O", False),
        ("I-a I-a I-b B-b", "B-a I-a B-b B-b", True),
        ("S-a B-b I-b E-b", "B-a B-b I-b I-b", False),
        ("U-a B-b L-b O L-c", "B-a B-b I-b O B-c", True),
    ],
)
def test_every_scheme_becomes_one(tags: str, made: str, mended: bool) -> None:
    assert begun_tags(tags.split()) == (tuple(made.split()), mended)


def test_words_and_tags_of_different_numbers_are_told_with_their_row(write: Write) -> None:
    rows = [{"tokens": ["a", "b"], "ner_tags": ["B-x", "O"]} for _ in range(12)]
    rows[3] = {"tokens": ["a", "b", "c"], "ner_tags": ["B-x", "O"]}
    rows[5] = {"tokens": ["a", "b"], "ner_tags": ["B-x", "strange"]}
    found = tags_of(write("a.jsonl", "\n".join(map(json.dumps, rows * 5))), validation=0.2)
    told = " ".join(found.notes)
    assert "Row 4: “tokens” has 3 words and “ner_tags” has 2 tags." in told
    assert "“strange” in “ner_tags” is none of O, B-… and I-…." in told


OBJECTS = [{"start": 0, "end": 10, "label": "PER"}, {"start_offset": 18, "end_offset": 22, "type": "LOC"}]


@pytest.mark.parametrize("marks", [[[0, 10, "PER"], [18, 22, "LOC"]], OBJECTS])
def test_stretches_of_a_text_become_tags_of_its_words(write: Write, marks: Any) -> None:
    rows = [{"text": "John Smith, from Bonn-Beuel.", "entities": marks} for _ in range(12)]
    rows[0]["entities"] = [[0, 4, "PER"], [2, 10, "LOC"]]
    rows[1]["entities"] = [[0, 400, "PER"]]
    for row in rows:
        row["text"] = "John Smith, from  Bonn-Beuel."
    path = write("a.jsonl", "\n".join(map(json.dumps, rows)))
    assert guess(read_table(path)).kind == "token-classification"
    found = tags_of(path, validation=0.5)
    words = [found.validation[-1].text[start:end] for start, end in found.validation[-1].places]
    assert words == ["John", "Smith", ",", "from", "Bonn", "-", "Beuel", "."]
    assert found.validation[-1].tags == ("B-PER", "I-PER", "O", "O", "B-LOC", "O", "O", "O")
    told = " ".join(found.notes)
    assert "Row 1: “PER” and “LOC” overlap at character 2." in told
    assert "Row 2: “PER” from 0 to 400 does not lie in a text of 29 characters." in told


def test_tags_without_beginnings_are_tags_of_single_words(write: Write) -> None:
    rows = [{"tokens": ["it", "rains"], "upos": ["PRON", "VERB"]}] * 12
    found = tags_of(write("a.jsonl", "\n".join(map(json.dumps, rows))))
    assert found.names == ("PRON", "VERB") and not found.spans
