"""The steps that mend rows, each against rows made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.checks.labels import SmallClasses
from workbench.data.frame import Frame, frame_of
from workbench.data.step import Context, Done, all_steps, parse_step
from workbench.data.steps.strip_html import without_html
from workbench.data.tables import Table
from workbench.run.problem import WorkbenchError

Cells = Sequence[str | None]


def frame(**columns: Cells) -> Frame:
    """Rows whose columns "text" and "label", where they are there, have these roles."""
    data = pa.table({name: pa.array(values, pa.large_string()) for name, values in columns.items()})
    table = Table(Path("mine.csv"), tuple(columns), data, (), "")
    return frame_of(table, "text" if "text" in columns else "", "label" if "label" in columns else "")


def do(rows: Frame, kind: str, context: Context | None = None, /, **fields: Any) -> Done:
    """The step done to rows that have nothing against it."""
    step = parse_step({"kind": kind, **fields})
    assert step.complaints(rows) == []
    assert step.summary()
    return step.apply(rows, context or Context())


def complaints(rows: Frame, kind: str, **fields: Any) -> list[str]:
    return [str(problem) for problem in parse_step({"kind": kind, **fields}).complaints(rows)]


@pytest.fixture
def tokenizer_file(tmp_path: Path) -> Path:
    """A tokenizer that takes words to pieces and puts a mark before and behind each text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    pieces = [
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "late",
        "##r",
        "##st",
        "parcel",
        "##s",
        "arrived",
        "than",
        "the",
        "which",
    ]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_every_step_explains_itself_and_its_fields() -> None:
    for kind, step in all_steps().items():
        assert kind == step.kind == kind.lower() and " " not in kind
        assert step.title[0].isupper() and not step.title.endswith(".")
        assert step.help.endswith(".")
        for name, info in step.model_fields.items():
            assert info.title and (info.description or "").endswith("."), (kind, name)


# ---- columns


def test_columns_are_kept_in_the_files_order() -> None:
    rows = frame(id=["1"], text=["a"], label=["x"])
    assert do(rows, "keep-columns", columns=["label", "text"]).frame.columns == ("text", "label")
    (said,) = complaints(rows, "keep-columns", columns=["text"])
    assert "Keep columns" in said and "“label”" in said


def test_roles_follow_a_renamed_column() -> None:
    done = do(
        frame(text=["a"], label=["x"]), "rename-columns", names={"text": "label", "label": "text"}
    ).frame
    assert (done.columns, done.text, done.label) == (("label", "text"), "label", "text")
    assert (
        "called “label”" in complaints(frame(text=[], label=[]), "rename-columns", names={"text": "label"})[0]
    )
    assert "no name" in complaints(frame(text=[]), "rename-columns", names={"text": " "})[0]


def test_columns_are_joined_with_a_template_and_the_text_follows() -> None:
    rows = frame(title=["T", None, None], text=["b", "c {title}", None], label=["x", "y", "z"])
    done = do(rows, "join-columns", template="{title}: {text}", into="both").frame
    assert done.column("both") == ["T: b", ": c {title}", None]
    assert (done.text, done.label) == ("both", "label")
    done = do(rows, "join-columns", columns=["title", "text"], into="text").frame
    assert done.column("text") == ["T\nb", "c {title}", None]
    done = do(rows, "join-columns", template="{title}-{label}", into="kind").frame
    assert (done.text, done.label) == ("text", "kind")
    assert "“body”" in complaints(rows, "join-columns", template="{body}")[0]
    assert "no column is named" in complaints(rows, "join-columns", template="body")[0]


# ---- missing


def test_rows_with_missing_values_go_or_are_filled() -> None:
    rows = frame(text=["a", None, " ", "d"], label=["x", "y", "z", ""])
    done = do(rows, "drop-missing")
    assert (done.frame.column("text"), done.removed) == (["a"], 3)
    assert do(rows, "drop-missing", columns=["label"]).frame.column("text") == ["a", None, " "]
    filled = do(rows, "fill-missing", column="label", value="other")
    assert (filled.frame.column("label"), filled.changed) == (["x", "y", "z", "other"], 1)
    assert "“label”" in complaints(rows, "fill-missing", column="label", value=" ")[0]


# ---- texts


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>Hello &amp; <b>world</b></p><script>if (a<b) x()</script>!", "Hello & world\n!"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("&lt;b&gt;escaped twice&lt;/b&gt;", "escaped twice"),
        ("<!-- gone -->kept<!-- never ends", "kept never ends"),
        ("<user> likes <unk>, 1 < 2 > 0 & AT&T", "<user> likes <unk>, 1 < 2 > 0 & AT&T"),
        ("a <b and c> d", "a <b and c> d"),
        ("<a href='x'>link</a> &eacute;&#233;&#xe9;", "link ééé"),
        ("<svg>never closed", "never closed"),
        ("no tags", "no tags"),
    ],
)
def test_html_is_stripped_as_a_browser_would_show_it(text: str, plain: str) -> None:
    assert without_html(text) == plain


def test_garbled_characters_are_mended_and_healthy_ones_left() -> None:
    garbled = [text.encode().decode("windows-1252") for text in ("café", "naïve – “dash")]
    rows = frame(text=[*garbled, "café", "ascii", None])
    done = do(rows, "fix-mojibake")
    assert done.frame.column("text") == ["café", "naïve – “dash", "café", "ascii", None]
    assert done.changed == 2


def test_texts_that_look_alike_become_equal() -> None:
    rows = frame(text=["cafe\u0301", " a\t b\r\n\r\n\r\n c ", "x\u0000y\ufeff", "ﬁne", "می\u200cخواهم"])
    assert do(rows, "normalise-text").frame.column("text") == [
        "café",
        "a b\n\nc",
        "xy",
        "ﬁne",
        "می\u200cخواهم",
    ]
    assert do(rows, "normalise-text", form="NFKC").frame.column("text")[3] == "fine"
    bare = do(rows, "normalise-text", form="none", whitespace=False, control=False)
    assert (bare.frame.column("text"), bare.changed) == (rows.column("text"), 0)


def test_long_texts_are_cut_or_split_by_words_where_there_is_no_tokenizer() -> None:
    rows = frame(text=["one two three four five six seven", "short", None], label=["x", "y", "z"])
    cut = do(rows, "truncate-texts", tokens=3)
    assert (cut.frame.column("text"), cut.changed) == (["one two three", "short", None], 1)
    assert "words" in cut.notes[0] and "tokenizer" in cut.notes[0]
    split = do(rows, "split-texts", tokens=3, stride=1)
    assert split.frame.column("text") == [
        "one two three", "three four five", "five six seven", "short", None,
    ]  # fmt: skip
    assert (split.changed, split.added) == (1, 2)
    assert split.frame.column("label") == ["x", "x", "x", "y", "z"]
    assert split.frame.origin.tolist() == [0, 0, 0, 1, 2]
    assert len(set(split.frame.keys[:3].tolist())) == 1
    assert "the text" in complaints(rows, "split-texts", tokens=3, stride=3)[0]


def test_chinese_without_a_tokenizer_is_cut_by_characters() -> None:
    done = do(frame(text=["送餐很快味道不错"]), "truncate-texts", tokens=4)
    assert (done.frame.column("text"), "characters" in done.notes[0]) == (["送餐很快"], True)


def test_texts_are_cut_and_split_by_the_models_tokens(tokenizer_file: Path) -> None:
    from tokenizers import Tokenizer

    count = Tokenizer.from_file(str(tokenizer_file))
    context = Context(max_length=8, tokenizer_file=tokenizer_file)
    text = "late parcels arrived later than the latest parcel which was late"
    rows = frame(text=[text, "late"], label=["x", "y"])
    cut = do(rows, "truncate-texts", context).frame.column("text")
    assert cut == ["late parcels arrived later", "late"]  # in the middle of no word
    parts = do(rows, "split-texts", context).frame.column("text")
    assert " ".join(filter(None, parts[:-1])) == text
    assert all(len(count.encode(part or "").ids) <= 8 for part in parts)


# ---- rows


def test_of_exact_copies_one_stays() -> None:
    rows = frame(
        text=["a", "b", "a", None, None, "A", " ", " "], label=["1", "2", "3", "4", "5", "6", "7", "8"]
    )
    assert do(rows, "remove-duplicates").frame.column("label") == ["1", "2", "4", "5", "6", "7", "8"]
    last = do(rows, "remove-duplicates", keep="last")
    assert (last.frame.column("label"), last.removed) == (["2", "3", "4", "5", "6", "7", "8"], 1)
    assert do(rows, "remove-duplicates", columns=["text", "label"]).removed == 0


def test_of_near_copies_the_first_stays() -> None:
    long = "the parcel came late and the box was open when it stood at my door"
    rows = frame(text=[long, long + "!", "something else altogether, with no word in common", long[:-1]])
    done = do(rows, "remove-near-duplicates")
    assert done.frame.origin.tolist() == [0, 2]
    assert do(rows, "remove-near-duplicates", similarity=1.0).frame.origin.tolist() == [0, 2, 3]


def test_texts_with_two_labels_go_or_the_majority_stays() -> None:
    rows = frame(
        text=["a", "a", "A ", "b", "b", "c", "c", "a"],
        label=["x", "x", "y", "x", "y", "z", "z", None],
    )
    assert do(rows, "remove-conflicts").frame.origin.tolist() == [5, 6, 7]
    assert do(rows, "remove-conflicts", keep="majority").frame.origin.tolist() == [0, 1, 5, 6, 7]
    assert "no label column" in complaints(frame(text=["a"]), "remove-conflicts")[0]


def test_rows_to_learn_from_that_are_held_out_as_well_go() -> None:
    learn = frame(text=["Same  text", "other", None], label=["x", "y", "x"])
    held = frame(text=["same text", None], label=["x", "x"])
    step = parse_step({"kind": "remove-leaks"})
    assert step.learn(learn, [held], Context()).frame.column("text") == ["other", None]
    assert step.learning_only


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        ({"test": "equals", "value": "Late"}, [0]),
        ({"test": "equals", "value": "late", "ignore_case": True}, [0, 1]),
        ({"test": "contains", "value": "at", "keep": False}, [2, 3, 4]),
        ({"test": "matches", "value": r"^\d+$"}, [2, 3]),
        ({"test": "is-longer", "value": 2}, [0, 1]),
        ({"test": "is-shorter", "value": "2"}, [3, 4]),
        ({"test": "is-one-of", "values": ["17", "late"]}, [1, 2]),
        ({"test": "is-between", "lowest": 5, "highest": 17}, [2, 3]),
    ],
)
def test_rows_are_filtered(fields: dict[str, Any], rows: list[int]) -> None:
    data = frame(text=["Late", "late", "17", "5", None])
    assert do(data, "filter-rows", **fields).frame.origin.tolist() == rows


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"test": "matches", "value": "("}, "no regular expression"),
        ({"test": "is-longer", "value": "long"}, "no number"),
        ({"test": "is-one-of"}, "No value"),
        ({"test": "contains"}, "nothing to look for"),
        ({"test": "is-between", "lowest": 2, "highest": 1}, "above the highest"),
        ({"column": "txet", "value": "a"}, "Did you mean “text”"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(fields: dict[str, Any], words: str) -> None:
    (said,) = complaints(frame(text=["a"]), "filter-rows", **fields)
    assert "Filter rows" in said and words in said


# ---- labels


def test_labels_are_renamed_and_merged() -> None:
    rows = frame(text=["a", "b", "c", "d"], label=["late", " slow ", "good", None])
    done = do(rows, "rename-labels", names={"late": "delay", "slow": "delay", "sloow": "delay"})
    assert (done.frame.column("label"), done.changed) == (["delay", "delay", "good", None], 2)
    assert "“sloow”" in done.notes[0]
    assert "“late”" in complaints(rows, "rename-labels", names={"late": ""})[0]


def test_labels_get_their_most_frequent_spelling_in_a_held_out_file_as_well() -> None:
    step = parse_step({"kind": "normalise-labels"})
    done = step.apply(frame(text=["a"] * 5, label=["Late", "late", "late", "ｌａｔｅ", "good"]), Context())
    assert (done.frame.column("label"), done.changed) == (["late", "late", "late", "late", "good"], 2)
    other = step.again(frame(text=["a"] * 3, label=["LATE", "LATE", "new"]), done.found, Context())
    assert other.frame.column("label") == ["late", "late", "new"]


def test_small_classes_go_and_are_named() -> None:
    step = parse_step({"kind": "drop-classes", "below": 2})
    done = step.apply(frame(text=["a"] * 4, label=["x", "x", "rare", None]), Context())
    assert (done.frame.column("label"), done.removed) == (["x", "x", None], 1)
    assert "“rare”" in done.notes[0]
    other = step.again(frame(text=["a"] * 2, label=["x", "rare"]), done.found, Context())
    assert other.frame.column("label") == ["x"]


def test_spellings_count_together_and_those_that_training_would_take_apart_are_named() -> None:
    labels = ["Late", "late", "late", " late", "good", "good ", "x"]
    rows = frame(text=["a"] * 7, label=labels)
    small = parse_step({"kind": "drop-classes", "below": 2})
    done = small.apply(rows, Context())
    assert done.frame.column("label") == labels[:-1]
    assert "“late”" in done.notes[1] and "“good”" not in done.notes[1] and "before this step" in done.notes[1]
    spelt = parse_step({"kind": "normalise-labels"}).apply(rows, Context()).frame
    done = small.apply(spelt, Context())
    assert set(map(str, done.frame.column("label"))) == {"late", "good"} and len(done.notes) == 1


def test_the_fix_of_small_classes_gives_labels_one_spelling_first() -> None:
    rows = frame(
        text=[f"text {i}" for i in range(39)],
        label=["late"] * 9 + ["Late"] * 9 + ["good"] * 18 + ["rare"] * 3,
    )
    (found,) = SmallClasses().find(rows, None, Context())
    assert found.count == 1 and found.examples == ("“rare”: 3 rows",)
    assert [step["kind"] for step in found.fixes[0].steps] == ["normalise-labels", "drop-classes"]
    for record in found.fixes[0].steps:
        rows = parse_step(record).apply(rows, Context()).frame
    assert set(rows.column("label")) == {"late", "good"} and rows.rows == 36


def test_classes_are_balanced() -> None:
    rows = frame(text=[str(i) for i in range(12)], label=["x"] * 8 + ["y"] * 3 + [None])
    under = do(rows, "balance", how="undersample").frame
    assert sorted(map(str, under.column("label"))) == ["None", "x", "x", "x", "y", "y", "y"]
    over = do(rows, "balance", how="oversample")
    labels = over.frame.column("label")
    assert (labels.count("x"), labels.count("y"), over.added) == (8, 8, 5)
    assert over.frame.origin[:12].tolist() == list(range(12))
    counts = [over.frame.origin.tolist().count(row) for row in (8, 9, 10)]
    assert sorted(counts) == [2, 3, 3]
    assert do(rows, "balance", how="cap", rows=2).frame.column("label").count("x") == 2
    assert "“label”" in complaints(rows, "balance", how="cap")[0]


# ---- chance and repetition


def test_chance_depends_on_the_seed_and_the_rows_alone() -> None:
    texts = [f"text {i}" for i in range(400)]
    one = frame(text=texts, other=["o"] * 400)
    chosen = do(one, "sample", Context(seed=1), rows=100).frame
    assert chosen.rows == 100 and (chosen.origin[1:] > chosen.origin[:-1]).all()
    again = do(frame(other=["o"] * 400, text=texts), "sample", Context(seed=1), rows=100).frame
    assert again.column("text") == chosen.column("text")
    assert do(one, "sample", Context(seed=2), rows=100).frame.column("text") != chosen.column("text")


def test_adding_rows_moves_few_of_a_sample_and_of_a_balanced_class() -> None:
    texts = [f"text {i}" for i in range(500)]
    labels = ["x"] * 400 + ["y"] * 100
    for kind, fields in (("sample", {"rows": 100}), ("balance", {"how": "cap", "rows": 60})):
        before = do(frame(text=texts[:480], label=labels[:480]), kind, **fields).frame
        after = do(frame(text=texts, label=labels), kind, **fields).frame
        gone = set(before.column("text")) - set(after.column("text"))
        assert len(gone) <= 20, kind


REPEATED: list[tuple[str, dict[str, Any]]] = [
    ("drop-missing", {}),
    ("fill-missing", {"column": "label", "value": "x"}),
    ("strip-html", {}),
    ("fix-mojibake", {}),
    ("normalise-text", {}),
    ("normalise-text", {"form": "NFKC"}),
    ("remove-duplicates", {"keep": "last"}),
    ("remove-near-duplicates", {"similarity": 0.6}),
    ("remove-conflicts", {}),
    ("remove-conflicts", {"keep": "majority"}),
    ("normalise-labels", {}),
    ("drop-classes", {"below": 2}),
    ("sample", {"rows": 3}),
    ("balance", {"how": "undersample"}),
    ("balance", {"how": "oversample"}),
    ("truncate-texts", {"tokens": 3}),
    ("split-texts", {"tokens": 3, "stride": 1}),
    ("filter-rows", {"test": "contains", "value": "a"}),
]
PIECES = st.sampled_from(
    ["a", "A", "<b>", "</p>", "&amp;", "&lt;i&gt;", "<script>", "<!--", "é", "Ã©", "ﬁ", "\u0301", "\u200b", "\x0c",
     " ", "\r\n", "\t", "word ", "送", "the parcel came late"]
)  # fmt: skip
TEXTS = st.one_of(st.none(), st.lists(PIECES, max_size=7).map("".join))
LABELS = st.sampled_from([None, "", "x", "X", " x", "y", "z"])


@pytest.mark.parametrize(("kind", "fields"), REPEATED)
@given(cells=st.lists(st.tuples(TEXTS, LABELS), min_size=1, max_size=10))
@settings(deadline=None, max_examples=25)
def test_doing_it_twice_is_doing_it_once(
    kind: str, fields: dict[str, Any], cells: list[tuple[str | None, str | None]]
) -> None:
    step = parse_step({"kind": kind, **fields})
    assert step.idempotent
    once = step.apply(frame(text=[t for t, _ in cells], label=[n for _, n in cells]), Context()).frame
    twice = step.apply(once, Context())
    assert twice.frame.data.to_pydict() == once.data.to_pydict()
    assert (twice.changed, twice.removed, twice.added) == (0, 0, 0)


# ---- what is refused


def test_an_unknown_step_or_field_is_named() -> None:
    with pytest.raises(WorkbenchError, match="Did you mean “drop-missing”"):
        parse_step({"kind": "drop-mising"})
    with pytest.raises(WorkbenchError, match=r"drop-missing is not right: colums"):
        parse_step({"kind": "drop-missing", "colums": ["a"]})
    with pytest.raises(WorkbenchError, match=r"sample is not right: rows"):
        parse_step({"kind": "sample", "rows": 0})


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("strip-html", {"columns": ["body"]}),
        ("truncate-texts", {"column": "body"}),
        ("rename-columns", {"names": {"body": "b"}}),
        ("remove-duplicates", {"columns": ["text", "body"]}),
        ("join-columns", {"columns": ["body"]}),
    ],
)
def test_a_missing_column_is_named_with_the_step(kind: str, fields: dict[str, Any]) -> None:
    (said,) = complaints(frame(text=["a"], label=["x"]), kind, **fields)
    assert all_steps()[kind].title in said and "“body”" in said and "text, label" in said


def test_without_a_text_column_a_step_asks_for_one() -> None:
    assert "no text column" in complaints(frame(other=["a"]), "strip-html")[0]
