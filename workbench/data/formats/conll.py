"""CoNLL: a token and its tags a line, a blank line between sentences; each sentence becomes a row.

The tokens of a sentence are one text, joined by spaces, and so are its tags, so that the n-th word has the n-th tag.
Where a token of the file holds a space itself, that column holds JSON lists instead, throughout, and a note says so;
`words` reads both.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.data.aside import Aside
from workbench.data.encodings import broken, decode_head, split_lines
from workbench.data.format import Format, Opening
from workbench.data.letting_go import let_go
from workbench.data.suggest import counted
from workbench.data.tables import Table, text_table
from workbench.data.text_files import read_decoded
from workbench.run.problem import bad_input

#: A tag that says where a name begins and goes on: "O", "B-person", "I-person", and the letters of other schemes.
SPAN_TAG = re.compile(r"O|[BIESLUM]-\S+")
_COMMENT = re.compile(r"#\s*[\w.:-]+\s*=|#[^\t]*$")
_RANGE = re.compile(r"\d+[-.]\d+")
#: The columns that the Universal Dependencies write.
_UNIVERSAL = ("id", "tokens", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_PORTION = 5000
_LOOKED_AT = 400


class Conll(Format):
    """One file of tokens and tags."""

    title = "CoNLL"
    suffixes = (".conll", ".conllu", ".conllx", ".bio", ".iob", ".iob2")
    order = 120

    def claims(self, path: Path, head: bytes) -> bool:
        if not head:
            return False
        if path.suffix.lower() in self.suffixes:
            return True
        return path.suffix.lower() in (".txt", ".tsv", ".tab", ".dat", "") and _looks_tagged(
            decode_head(head)
        )

    def read(self, path: Path, opening: Opening) -> Table:
        data, read = read_decoded(path, opening)
        fingerprint = hashlib.sha256(data).hexdigest()
        del data
        said, damaged = read.notes, read.damaged
        lines = split_lines(read.text)
        del read
        layout = _layout(lines, path, opening.field)
        rows, aside = _sentences(lines, layout, damaged, opening)
        if not rows or aside.too_many(len(rows)):
            first = (
                f"In line {aside.rows[0].row}, {aside.rows[0].why}."
                if aside.rows
                else "No line holds a token."
            )
            raise bad_input(
                f"{path.name} is not a CoNLL file.",
                f"{aside.total} of {counted(len(rows) + aside.total, 'sentence')} cannot be read. {first}",
                "Write one token a line with its tags behind it, the same number on every line.",
                field=opening.field,
            )
        columns, notes = _columns(rows, layout)
        let_go(lines, rows)
        return text_table(path, columns, [*said, *notes, *aside.notes()], fingerprint, aside.rows)


def words(cell: str | None) -> list[str]:
    """The tokens or tags in a cell of such a table, whichever way they are joined."""
    if not cell:
        return []
    if cell.startswith('["'):
        try:
            found = json.loads(cell)
        except ValueError:
            found = None
        if isinstance(found, list) and all(isinstance(word, str) for word in found):
            return found
    return cell.split(" ")


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the lines are written: what stands between columns, how many there are, and what they are called."""

    separator: str
    names: tuple[str, ...]
    universal: bool

    @property
    def width(self) -> int:
        return len(self.names)


@dataclass(slots=True)
class _Open:
    """The sentence that is being read: its first line, its cells by line, and the first line that is wrong."""

    line: int = 0
    cells: list[list[str]] = field(default_factory=list)
    wrong: tuple[int, str, str, str] | None = None


def _looks_tagged(text: str) -> bool:
    """Whether text that has no telling name is a column of tokens beside a column of span tags."""
    lines = split_lines(text)[:-1][:_LOOKED_AT]
    filled = [re.split(r"[\t ]+", line.strip()) for line in lines if line.strip()]
    if len(filled) < 3 or len(filled) == len(lines):
        return False
    tagged = [len(cells) > 1 and SPAN_TAG.fullmatch(cells[-1]) is not None for cells in filled]
    return sum(tagged) > 0.95 * len(filled)


def _layout(lines: Sequence[str], path: Path, problem_field: str) -> _Layout:
    sample = []
    for line in lines:
        if line.strip() and not line.startswith("-DOCSTART-") and not _is_comment(line):
            sample.append(line.rstrip())
        if len(sample) == _PORTION:
            break
    separator = "\t" if sum("\t" in line for line in sample) * 2 > len(sample) else " "
    width = Counter(len(_cells(line, separator)) for line in sample).most_common(1)[0][0] if sample else 0
    if width < 2:
        raise bad_input(
            f"{path.name} is not a CoNLL file.",
            "Most of its lines hold one column, and a token needs a tag beside it.",
            "Write the token, a tab and its tag on each line, or rename the file to .txt to read it as text.",
            field=problem_field,
        )
    split = [cells for line in sample if len(cells := _cells(line, separator)) == width]
    if path.suffix.lower() == ".conllu" or (width == 10 and all(cells[0][:1].isdigit() for cells in split)):
        return _Layout(separator, _UNIVERSAL[:width], True)
    return _Layout(separator, _names(split, width), False)


def _names(split: Sequence[Sequence[str]], width: int) -> tuple[str, ...]:
    """Tokens come first and the tags to learn last, unless only the first column holds span tags."""
    share = [
        sum(SPAN_TAG.fullmatch(cells[i]) is not None for cells in split) / len(split) for i in range(width)
    ]
    names = [f"column {i}" for i in range(1, width + 1)]
    first, last = ("tags", "tokens") if share[0] > 0.9 > share[-1] else ("tokens", "tags")
    names[0], names[-1] = first, last
    return tuple(names)


def _cells(line: str, separator: str) -> list[str]:
    return line.split("\t") if separator == "\t" else [cell for cell in re.split(r"[ \t]+", line) if cell]


def _is_comment(line: str) -> bool:
    return line.startswith("#") and "\t" not in line and _COMMENT.match(line) is not None and " " in line


def _sentences(
    lines: Sequence[str], layout: _Layout, damaged: bool, opening: Opening
) -> tuple[list[list[list[str]]], Aside]:
    """The sentences' cells by line; a sentence with a line that cannot be read is set aside as a whole."""
    rows: list[list[list[str]]] = []
    aside = Aside()
    for sentence in _groups(lines, layout, damaged, opening):
        if sentence.wrong is not None:
            aside.add(*sentence.wrong)
        else:
            rows.append(sentence.cells)
    return rows, aside


def _groups(lines: Sequence[str], layout: _Layout, damaged: bool, opening: Opening) -> Iterator[_Open]:
    width = len(layout.names)
    careful = damaged or layout.universal
    current = _Open()
    for number, line in enumerate(lines, 1):
        if number % _PORTION == 0:
            opening.check()
            opening.progress(number / len(lines))
        if not line.strip() or line.startswith("-DOCSTART-"):
            if current.line:
                yield current
                current = _Open()
            continue
        cells = _cells(line, layout.separator)
        if careful or len(cells) != width or not all(map(str.strip, cells)):
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if _is_no_token(cells, line, layout):
                continue
            if current.wrong is None and (wrong := _wrong(cells, layout) or (damaged and _damage(line))):
                current.wrong = (number, *wrong, line)
        current.line = current.line or number
        current.cells.append(cells)
    if current.line:
        yield current


def _is_no_token(cells: Sequence[str], line: str, layout: _Layout) -> bool:
    """Whether the line is a comment, or stands beside the words of a sentence: "3-4 don't", or an omitted "8.1"."""
    if len(cells) != layout.width and _is_comment(line):
        return True
    return layout.universal and _RANGE.fullmatch(cells[0]) is not None


def _wrong(cells: Sequence[str], layout: _Layout) -> tuple[str, str] | None:
    """What kind of row a line makes its sentence, and why; None for a line as it should be."""
    if len(cells) != layout.width:
        return (
            "with another number of columns",
            f"it has {counted(len(cells), 'column')} where the others have {layout.width}",
        )
    empty = next((name for name, cell in zip(layout.names, cells, strict=True) if not cell.strip()), "")
    return ("with an empty column", f"its “{empty}” is empty") if empty else None


def _damage(line: str) -> tuple[str, str] | None:
    why = broken(line)
    return ("with broken characters", why) if why else None


def _columns(rows: list[list[list[str]]], layout: _Layout) -> tuple[dict[str, list[str | None]], list[str]]:
    """The columns that say something, each sentence's cells joined."""
    columns: dict[str, list[str | None]] = {}
    notes = ["Each sentence was taken as one row; the n-th word of “tokens” has the n-th tag."]
    for i, name in enumerate(layout.names):
        if name == "id" or (layout.universal and all(cells[i] == "_" for row in rows for cells in row)):
            continue
        if any(" " in cells[i] for row in rows for cells in row):
            columns[name] = [json.dumps([cells[i] for cells in row], ensure_ascii=False) for row in rows]
            notes.append(f"“{name}” holds lists, since some of its values have a space in them.")
        else:
            columns[name] = [" ".join(cells[i] for cells in row) for row in rows]
    ordered = sorted(columns, key=lambda name: (name != "tokens", name != "tags"))
    return {name: columns[name] for name in ordered}, notes
