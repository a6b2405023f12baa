"""A file with faults of known counts: each is found with exactly that count, nothing else is, and its fix mends it."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workbench.data.check import Finding, all_checks, as_json, findings
from workbench.data.frame import Frame, frame_of
from workbench.data.step import Context, parse_step
from workbench.data.tables import read_table

Write = Callable[[str, str | bytes], Path]

COLUMNS = ("text", "label", "source", "stars", "written", "language", "remark")
SOURCES = {"praise": "front desk", "complaint": "call centre", "question": "web form"}


@dataclass
class Maker:
    """Writes rows, and notes which of them (from 1) have which fault; texts are made of words that do not exist."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))
    rows: list[list[str]] = field(default_factory=list)
    planted: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        syllables = [c + v for c in "bdfgklmnprstv" for v in "aeiou"]
        self.words = [
            "".join(self.chance.choices(syllables, k=self.chance.randint(2, 4))) for _ in range(2000)
        ]

    def text(self, words: int = 12) -> str:
        return " ".join(self.chance.choices(self.words, k=words))

    def add(self, text: str | None = None, label: str = "", fault: str = "", **values: str) -> int:
        """Write a row, of any class where no label is given; its number."""
        label = label or self.chance.choice(list(SOURCES))
        row = {
            "text": self.text() if text is None else text,
            "label": label,
            "source": self.chance.choice(list(SOURCES.values())),
            "stars": str(self.chance.randint(1, 5)),
            "written": f"2025-{self.chance.randint(1, 12):02d}-{self.chance.randint(1, 28):02d}",
            "language": self.chance.choice(["xx", "yy"]),
            "remark": self.text(2) if self.chance.random() < 0.3 else "",
        } | values
        self.rows.append([row[name] for name in COLUMNS])
        if fault:
            self.planted.setdefault(fault, []).append(len(self.rows))
        return len(self.rows)

    def csv(self) -> str:
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(self.rows)
        return file.getvalue()


@pytest.fixture
def tokenizer_file(tmp_path: Path) -> Path:
    """A tokenizer of one token a word, and no special ones."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    path = tmp_path / "tokenizer.json"
    tokenizer.save(os.fspath(path))
    return path


@pytest.fixture
def context(tokenizer_file: Path) -> Context:
    return Context(max_length=64, tokenizer_file=tokenizer_file)


def opened(path: Path) -> Frame:
    return frame_of(read_table(path), "text", "label")


def clean() -> Maker:
    made = Maker()
    for _ in range(300):
        made.add()
    return made


@dataclass(frozen=True)
class Planted:
    """The two files, the faulty rows of the first from 1, and the counts that the findings must have."""

    learn: Path
    held_out: Path
    rows: Mapping[str, list[int]]
    counts: Mapping[str, int]


@pytest.fixture
def planted(write: Write) -> Planted:
    """Eighteen faults; which rows, and how many of each, is known to the row."""
    made = Maker()
    held = Maker(random.Random(8))
    for _ in range(400):
        made.add()
    for _ in range(60):
        held.add()
    texts = [row[0] for row in made.rows]
    for row in (3, 40, 77, 105):
        made.add(texts[row], made.rows[row][1], "exact-duplicates")
    made.add(texts[3], made.rows[3][1], "exact-duplicates")
    for row in (10, 20, 30):
        made.add(texts[row].upper() + "!", made.rows[row][1], "near-duplicates")
        made.add(" ".join([*texts[row].split(), "zu"]), made.rows[row][1], "near-duplicates")
    for row in (50, 60):  # half of the words are others: not alike enough
        made.add(" ".join([*texts[row].split()[:6], made.text(6)]), made.rows[row][1])
    for labels in (("praise", "complaint"), ("praise", "complaint", "question"), ("question", "praise")):
        text = made.text()
        for label in labels:
            made.add(text, label, "conflicting-labels")
    for label in ("", "", " ", "\t"):
        row = made.add(label="praise", fault="missing-labels")
        made.rows[row - 1][1] = label
    for text in ("", "  ", "\n", "\u3000", ""):
        made.add(text, fault="empty-texts")
    for row in (5, 6, 7):
        made.add(held.rows[row][0], fault="leaks")
    made.add("  " + held.rows[8][0].title(), fault="leaks")
    for row in (15, 16):
        made.add(held.rows[row][0] + " zu", fault="near-leaks")
    for _ in range(60):
        made.add(label="rare" if _ < 25 else "praise", fault="class-imbalance" if _ < 25 else "")
    for label, rows in (("odd", 3), ("strange", 7)):
        for _ in range(rows):
            made.add(label=label, fault="small-classes")
    for label in ("Praise", "PRAISE", " praise", "question ", "ｑｕｅｓｔｉｏｎ", "Complaint"):
        made.add(label=label, fault="label-spellings")
    for words in (65, 80, 200):
        made.add(made.text(words), fault="long-texts")
    made.add(made.text(64))  # as long as may be
    for broken in ("cafÃ©", "donâ€™t", "naÃ¯ve", "è¿™å®¶åº—"):
        made.add(f"{made.text()} {broken}", fault="mojibake")
    made.add(f"{made.text()} café, naïve, don’t, 这家店")
    for broken in ("caf\ufffd", "\ufffd\ufffd"):
        made.add(f"{made.text()} {broken}", fault="lost-characters")
    for broken in ("\x07bell", "\x1b[1mbold", "\ufeffmark"):
        made.add(f"{made.text()} {broken}", fault="control-characters")
    for broken in ("<br/>", "<p>word</p>", "&amp;", "&nbsp;word", '<a href="x">y</a>'):
        made.add(f"{made.text()} {broken} {made.text()}", fault="html")
    made.add(f"{made.text()} 3 < 4 > 2 & <3")
    for number, row in enumerate(made.rows):
        row[3] = "" if number % 2 else "   "  # an empty column
        row[5] = "en"  # a constant one
        key = row[1].strip().casefold()
        row[2] = SOURCES.get(key, "elsewhere")  # one that gives the label away
    counts = {kind: len(rows) for kind, rows in made.planted.items()}
    # Findings about classes and columns count those.
    counts |= {
        "class-imbalance": 1,
        "small-classes": 2,
        "empty-columns": 1,
        "constant-columns": 1,
        "telling-columns": 1,
    }
    return Planted(write("learn.csv", made.csv()), write("held.csv", held.csv()), made.planted, counts)


def test_all_planted_faults_are_found_with_their_counts_and_nothing_else(
    planted: Planted, context: Context
) -> None:
    learn, held_out = opened(planted.learn), opened(planted.held_out)
    found = findings(learn, held_out, context)
    assert {one.kind: one.count for one in found} == planted.counts
    assert len(found) == len(planted.counts) == 18
    records = {one.kind: as_json(one, learn, held_out) for one in found}
    for kind, rows in planted.rows.items():
        assert records[kind]["rows"] == rows, kind
    assert records["leaks"]["held_out"] == [6, 7, 8, 9]
    assert records["near-leaks"]["held_out"] == [16, 17]


def test_a_clean_file_has_no_findings(write: Write, context: Context) -> None:
    learn = opened(write("clean.csv", clean().csv()))
    held = Maker(random.Random(9))
    for _ in range(40):
        held.add()
    assert findings(learn, opened(write("held.csv", held.csv())), context) == []


def applied(finding: Finding, fix: int, frame: Frame, held_out: Frame, context: Context) -> Frame:
    """The rows after one of a finding's fixes."""
    for record in finding.fixes[fix].steps:
        step = parse_step(record)
        assert step.complaints(frame) == []
        done = step.learn(frame, [held_out], context) if step.learning_only else step.apply(frame, context)
        frame = done.frame
    return frame


def by_kind(frame: Frame, held_out: Frame, context: Context) -> dict[str, Finding]:
    return {one.kind: one for one in findings(frame, held_out, context)}


def test_each_fix_mends_its_finding(planted: Planted, context: Context) -> None:
    learn, held_out = opened(planted.learn), opened(planted.held_out)
    found = by_kind(learn, held_out, context)
    for kind, finding in found.items():
        assert finding.fixes, kind
        for fix in range(len(finding.fixes)):
            mended = applied(finding, fix, learn, held_out, context)
            check = next(check for check in all_checks() if check.kind == kind)
            assert check.find(mended, held_out, context) == [], (kind, finding.fixes[fix].title)


def test_the_first_fixes_one_after_another_leave_a_clean_set(planted: Planted, context: Context) -> None:
    learn, held_out = opened(planted.learn), opened(planted.held_out)
    # Repeating rows makes copies by intention; it is the last thing that is done, not a part of cleaning.
    left: Mapping[str, Any] = by_kind(learn, held_out, context)
    for _ in range(40):
        todo = [kind for kind in left if kind != "class-imbalance"]
        if not todo:
            break
        learn = applied(left[todo[0]], 0, learn, held_out, context)
        left = by_kind(learn, held_out, context)
    assert list(left) in ([], ["class-imbalance"])
    assert learn.rows > 400


def test_rows_that_a_fix_removes_are_those_of_the_finding(planted: Planted, context: Context) -> None:
    """No fix takes more rows away than were shown."""
    learn, held_out = opened(planted.learn), opened(planted.held_out)
    found = by_kind(learn, held_out, context)
    removing = (
        "missing-labels",
        "empty-texts",
        "conflicting-labels",
        "near-duplicates",
        "leaks",
        "lost-characters",
        "small-classes",
    )
    for kind in removing:
        mended = applied(found[kind], 0, learn, held_out, context)
        gone = sorted(set(range(learn.rows)) - set(mended.origin.tolist()))
        assert gone == found[kind].rows.tolist(), kind
