"""The look at a data set: what it finds in good, odd and broken files, and what it does not read twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.run.home import Home
from workbench.run.problem import WorkbenchError
from workbench.run.recipe import DataSection
from workbench.session import data
from workbench.session.data import look
from workbench.session.lanes import Desk, JobCancelled, Mailbox, Ticket, lone_desk
from workbench.session.requests import DataRequest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data is not here")


def asked(
    source: str,
    *,
    model: str = "minilm",
    max_length: int = 128,
    task: str = "text-classification",
    **data: str,
) -> DataRequest:
    return DataRequest(DataSection(train=source, **data), model, max_length, task)  # type: ignore[arg-type]


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_table_is_guessed_measured_and_explained(home: Home, tiny_csv: Path, tiny_bert: Path) -> None:
    preview = look(home, asked(str(tiny_csv), model=str(tiny_bert)), lone_desk())
    assert (preview.text, preview.label) == ("text", "label")
    assert preview.problem is None
    assert preview.table is not None and preview.table.rows == 120
    assert len(preview.reasons) == 2 and "“label”" in preview.reasons[1]
    assert preview.profile is not None
    assert dict(preview.profile.class_counts) == {"weather": 40, "kitchen": 40, "travel": 40}
    assert preview.profile.unit == "tokens"
    # Five words between [CLS] and [SEP] in every row.
    assert (preview.profile.shortest, preview.profile.longest) == (7, 7)


def test_without_the_model_lengths_are_words_and_that_is_said(home: Home, tiny_csv: Path) -> None:
    preview = look(home, asked(str(tiny_csv), model="someone/not-here"), lone_desk())
    assert preview.profile is not None
    assert preview.profile.unit == "words" and preview.profile.longest == 5
    assert any("someone/not-here" in note and "tokens" in note for note in preview.notes)


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ({"label": "lable"}, "data.label"),
        ({"text": "nothing"}, "data.text"),
        ({"text": "label"}, "data.label"),
    ],
)
def test_wrong_columns_leave_the_rows_in_sight(
    home: Home, tiny_csv: Path, named: dict[str, str], field: str
) -> None:
    request = asked(str(tiny_csv), **({"label": "label"} | named))  # type: ignore[arg-type]
    preview = look(home, request, lone_desk())
    assert preview.problem is not None and preview.problem.field == field
    assert preview.table is not None and preview.table.rows == 120


def test_what_training_would_set_aside_or_refuse_is_said_before(home: Home, tmp_path: Path) -> None:
    gaps = written(tmp_path / "gaps.csv", "text,label\n" + "good day,a\nbad day,b\n" * 10 + "no label,\n")
    preview = look(home, asked(gaps), lone_desk())
    assert preview.problem is None
    assert any("1 row without a label" in note for note in preview.notes)
    alone = written(tmp_path / "alone.csv", "text,label\n" + "good day,a\nbad day,a\n" * 10)
    problem = look(home, asked(alone, text="text", label="label"), lone_desk()).problem
    assert problem is not None and "one class" in problem.title


def test_a_language_model_needs_no_label(home: Home, tmp_path: Path) -> None:
    lines = "".join(
        f'{{"question": "How many is {i}?", "answer": "It is {i} of them."}}\n' for i in range(50)
    )
    file = written(tmp_path / "sums.jsonl", lines)
    assert look(home, asked(file), lone_desk()).problem is not None
    preview = look(home, asked(file, task="causal-lm"), lone_desk())
    assert preview.problem is None
    assert (preview.text, preview.label) == ("question", "")


def test_changing_a_column_or_the_length_reads_and_measures_nothing_again(
    home: Home, tiny_csv: Path, tiny_bert: Path
) -> None:
    request = asked(str(tiny_csv), model=str(tiny_bert))
    first = look(home, request, lone_desk())
    shorter = look(home, asked(str(tiny_csv), model=str(tiny_bert), max_length=6), lone_desk())
    assert shorter.table is first.table
    assert first.profile is not None and shorter.profile is not None
    assert shorter.profile.lengths is first.profile.lengths
    assert (first.profile.over_share, shorter.profile.over_share) == (0.0, 1.0)
    swapped = look(home, asked(str(tiny_csv), text="label", label="text"), lone_desk())
    assert swapped.table is first.table


def test_a_file_that_changed_is_read_again(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    written(file, "text,label\n" + "good day,a\nbad day,b\n" * 10)
    assert look(home, asked(str(file)), lone_desk()).profile is not None
    written(file, "text,label\n" + "good day,a\nbad day,b\nodd day,c\n" * 10)
    preview = look(home, asked(str(file)), lone_desk())
    assert preview.profile is not None
    assert [name for name, _ in preview.profile.class_counts] == ["a", "b", "c"]


def test_a_plain_text_is_counted_in_the_model_s_tokens(home: Home, tmp_path: Path, tiny_llama: Path) -> None:
    text = "".join(f"Line {i} of a café story.\n" for i in range(3000))
    file = written(tmp_path / "story.txt", text)
    preview = look(home, asked(file, task="causal-lm", model=str(tiny_llama)), lone_desk())
    assert preview.table is None and preview.problem is None
    assert preview.excerpt == text[: data.EXCERPT]
    counts = preview.counts
    assert counts is not None and not counts.estimated
    assert (counts.characters, counts.lines, counts.words) == (len(text), 3000, 18_000)
    assert counts.tokens == len(text.encode())  # this tokenizer makes one token of each byte
    assert counts.blocks(128) == len(text.encode()) // 128


def test_a_long_plain_text_is_estimated_from_its_beginning(
    home: Home, tmp_path: Path, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "COUNTED", 60_000)
    text = "All lines are equally long here.\n" * 8000
    file = written(tmp_path / "long.txt", text)
    counts = look(home, asked(file, task="causal-lm", model=str(tiny_llama)), lone_desk()).counts
    assert counts is not None and counts.estimated and counts.tokens is not None
    assert counts.tokens == pytest.approx(len(text), rel=0.001)
    assert counts.words == 6 * 8000  # words are counted to the end


def test_a_text_without_the_model_has_no_tokens(home: Home, tiny_text: Path) -> None:
    preview = look(home, asked(str(tiny_text), task="causal-lm", model="not/here"), lone_desk())
    assert preview.counts is not None
    assert preview.counts.tokens is None and preview.counts.blocks(128) is None
    assert any("not/here" in note for note in preview.notes)


@pytest.mark.parametrize("task", ["text-classification", "causal-lm"])
def test_a_look_that_nobody_waits_for_ends(home: Home, tmp_path: Path, task: str) -> None:
    file = written(tmp_path / "rows.txt", "some words\n" * 5000)
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(JobCancelled):
        look(home, asked(file, task=task), Desk(ticket, Mailbox(), None, None))


def test_a_missing_file_is_named(home: Home, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError) as caught:
        look(home, asked(str(tmp_path / "gone.csv")), lone_desk())
    assert "gone.csv" in str(caught.value)


@needs_shared
def test_a_tsv_without_header(home: Home) -> None:
    preview = look(home, asked(str(SHARED / "sst2" / "train.tsv"), model="not/here"), lone_desk())
    assert preview.profile is not None and preview.problem is None
    assert dict(preview.profile.class_counts) == {"0": 3310, "1": 3610}
    assert any("named by number" in note for note in preview.notes)


@needs_shared
def test_line_breaks_inside_chinese_fields(home: Home) -> None:
    preview = look(home, asked(str(SHARED / "waimai" / "waimai_10k.csv"), model="not/here"), lone_desk())
    assert preview.table is not None and preview.table.rows == 11_987
    assert (preview.text, preview.label) == ("review", "label")
    assert preview.profile is not None and preview.profile.unit == "characters"
