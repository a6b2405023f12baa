"""Takes delimited text apart: finds the delimiter, the quoting and the header, and says what did not fit."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from workbench.data.aside import Aside, SetAside, uneven
from workbench.data.encodings import broken, split_lines
from workbench.data.format import Header, Opening
from workbench.data.header import looks_like_header
from workbench.data.suggest import counted
from workbench.run.problem import WorkbenchError, bad_input

PLAIN = Opening()
RAGGED = "with a different number of fields"
UNNAMED = "The first row was taken as data, so the columns are named by number."
UNQUOTED = "Quotation marks were read as plain characters, since one of them is never closed."
_DELIMITERS = (",", "\t", ";", "|", "^", "\x01")
_NO_DELIMITER = "\x1f"
_SAMPLE = 64 * 1024
_END = "\x1eend"  # a field that no file holds; if parsing does not return it, a quote was left open


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of equal width, as strings, and how they were found.

    Attributes:
        columns: The columns' names.
        rows: The rows that have a field for every column.
        notes: What was set aside or assumed.
        set_aside: The other rows.
        delimiter: What cut the fields.
        literal: Whether quotation marks were plain characters.
        named: Whether the first row named the columns.
    """

    columns: tuple[str, ...]
    rows: list[list[str]]
    notes: tuple[str, ...]
    set_aside: tuple[SetAside, ...] = ()
    delimiter: str = ","
    literal: bool = False
    named: bool = True


@dataclass(slots=True)
class Parsed:
    """Records with the line of the file that each begins on; `open_quote` is the line of a quote never closed."""

    records: list[list[str]]
    lines: list[int]
    open_quote: int = 0

    @property
    def width(self) -> int:
        """The commonest number of fields."""
        counts = Counter(map(len, self.records))
        return max(counts, key=lambda width: (counts[width], width)) if counts else 0

    @property
    def regular(self) -> int:
        """How many records have the commonest number of fields."""
        return max(Counter(map(len, self.records)).values(), default=0)


def split_table(text: str, path: Path, opening: Opening = PLAIN, *, damaged: bool = False) -> Grid:
    """The table in delimited text.

    Args:
        text: The whole file, with its line ends as they are.
        path: Where it came from; `.tsv` and `.tab` make the tab the first guess.
        opening: Whether the first row names the columns, the delimiter and the quoting, where they are chosen.
        damaged: Whether rows may hold characters that are broken; see `workbench.data.encodings.broken`.

    Raises:
        WorkbenchError: When there are no rows, a quote is never closed, the header does not fit the rows, or
            more than a third of the rows have another number of fields.
    """
    field = opening.field
    delimiter = find_delimiter(text, path, opening)
    parsed, notes, literal = _parse(text, delimiter, path, opening)
    columns, named = _columns(parsed, path, opening.header, field)
    if named:
        del parsed.records[0], parsed.lines[0]
    elif opening.header == "auto":
        notes.append(UNNAMED)
    if not parsed.records:
        raise no_rows(path, field)
    aside = Aside()
    kept = keep_regular(parsed, len(columns), delimiter, aside, damaged)
    if aside.too_many(len(kept)):
        raise uneven(path, aside, len(kept), len(columns), field)
    return Grid(columns, kept, (*notes, *aside.notes()), tuple(aside.rows), delimiter, literal, named)


def find_delimiter(text: str, path: Path, opening: Opening) -> str:
    """The delimiter that the person named, where "tab" is a word for it; else the one that the text speaks for."""
    words = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
    named = words.get(opening.delimiter, opening.delimiter)
    return named or sniff_delimiter(text, path) or _only_column(text)


def no_rows(path: Path, field: str) -> WorkbenchError:
    """The problem of a table that is nothing but a header."""
    return bad_input(
        f"The file {path.name} holds no rows.",
        "It holds the names of the columns and nothing below them.",
        "Choose a file with rows, or say under Header row that there is no header.",
        field=field,
    )


def sniff_delimiter(text: str, path: Path) -> str:
    """The delimiter that cuts the first rows most evenly; empty when none does."""
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE and (cut := max(sample.rfind("\n"), sample.rfind("\r"))) > 0:
        sample = sample[:cut]
    first = "\t" if path.suffix.lower() in (".tsv", ".tab") else ","
    best, best_share = "", 0.5
    for delimiter in (first, *(d for d in _DELIMITERS if d != first)):
        if delimiter not in sample:
            continue
        parsed = (
            literal_records(sample, delimiter) if delimiter == "\t" else quoted_records(sample, delimiter)
        )
        share = parsed.regular / max(1, len(parsed.records))
        # A first row of one field speaks for one column of prose, where commas come as they like.
        if parsed.width > 1 and share > (best_share if len(parsed.records[0]) > 1 else max(best_share, 0.9)):
            best, best_share = delimiter, share
    return best


def _only_column(text: str) -> str:
    """The delimiter of text that nothing cuts evenly: one that does not occur where the first row is one field."""
    first = split_lines(text[:_SAMPLE].lstrip("\r\n"))[0]
    return "," if len(next(csv.reader([first]), [])) > 1 else _NO_DELIMITER


def _parse(text: str, delimiter: str, path: Path, opening: Opening) -> tuple[Parsed, list[str], bool]:
    """The records, what to say of them, and whether quotes are plain characters in them."""
    if opening.quoting == "no" or len(delimiter) > 1:
        return literal_records(text, delimiter), [], True
    quoted = quoted_records(text, delimiter)
    if (delimiter != "\t" or opening.quoting == "yes") and not quoted.open_quote:
        return quoted, [], False
    literal = literal_records(text, delimiter)
    if delimiter == "\t" and opening.quoting == "auto":
        # Many TSV files know no quoting, and a lone " there would swallow lines. Quoting is believed only
        # where it makes more rows fit, or where the first row is quoted throughout.
        if not quoted.open_quote and (quoted.regular > literal.regular or all_quoted(literal.records)):
            return quoted, [], False
        return literal, unwrapped_note(unwrap(literal)), True
    if literal.regular == len(literal.records) and opening.quoting == "auto":
        return literal, [UNQUOTED], True
    raise never_closed(path, quoted.open_quote, opening.field)


def never_closed(path: Path, line: int, field: str) -> WorkbenchError:
    """The problem of a quotation mark that opens and swallows the rest of the file."""
    return bad_input(
        f"A quotation mark in {path.name} is never closed.",
        f"The field that begins in line {line} runs on to the end of the file.",
        'Close it, write the mark inside a quoted field twice (""), or choose no quoting.',
        field=field,
    )


def all_quoted(records: list[list[str]]) -> bool:
    """Whether the first row is quoted throughout."""
    first = records[0] if records else []
    return bool(first) and all(len(f) > 1 and f[0] == f[-1] == '"' for f in first)


def unwrapped_note(fields: int) -> list[str]:
    """What is said where quotation marks were taken off."""
    return [f"The quotation marks around {counted(fields, 'field')} were taken off."] if fields else []


def quoted_records(text: str, delimiter: str) -> Parsed:
    """Parse with "…" quoting, where a field may hold delimiters and line breaks."""
    # The limit is one per process; its default of 131 072 characters would refuse a long document.
    csv.field_size_limit(2**31 - 1)
    end = "" if text.endswith(("\n", "\r")) else "\n"
    reader = csv.reader(io.StringIO(f"{text}{end}{_END}", newline=""), delimiter=delimiter)
    parsed = Parsed([], [])
    begins = 1
    for record in reader:
        if record:
            parsed.records.append(record)
            parsed.lines.append(begins)
        begins = reader.line_num + 1
    if parsed.records[-1] == [_END]:
        del parsed.records[-1], parsed.lines[-1]
    else:
        parsed.open_quote = parsed.lines[-1]
    return parsed


def literal_records(text: str, delimiter: str) -> Parsed:
    """Parse with each line a row and quotes plain characters."""
    parsed = Parsed([], [])
    for number, line in enumerate(split_lines(text), 1):
        if line:
            parsed.records.append(line.split(delimiter))
            parsed.lines.append(number)
    return parsed


def unwrap(parsed: Parsed) -> int:
    """Take the quotes off fields with doubled quotes inside, which only a quoting writer makes; count them."""
    found = 0
    for record in parsed.records:
        for i, value in enumerate(record):
            if len(value) < 4 or value[0] != '"' or value[-1] != '"' or '""' not in value[1:-1]:
                continue
            if '"' not in value[1:-1].replace('""', ""):
                record[i] = value[1:-1].replace('""', '"')
                found += 1
    return found


def _columns(parsed: Parsed, path: Path, header: Header, field: str) -> tuple[tuple[str, ...], bool]:
    """The columns' names, and whether the first record gave them."""
    first, rest = parsed.records[0], parsed.records[1:]
    below = Parsed(rest, [])
    width = below.width if 3 * below.regular >= 2 * len(rest) else 0
    width = width or len(first)  # rows that agree on nothing are measured by the first, and refused below
    if header == "no" or (header == "auto" and not looks_like_header(first, rest)):
        return tuple(f"column {i}" for i in range(1, width + 1)), False
    if len(first) != width:
        raise bad_input(
            f"The header of {path.name} does not fit its rows.",
            f"The first row names {counted(len(first), 'column')}, but most rows have "
            f"{counted(width, 'field')}.",
            "Correct the header, or say under Header row that there is none.",
            field=field,
        )
    return unique_names(first), True


def unique_names(names: list[str]) -> tuple[str, ...]:
    """The names without outer blanks; empty ones are numbered, repeated ones are told apart."""
    found: list[str] = []
    for i, raw in enumerate(names, 1):
        name = raw.encode("utf-8", "replace").decode("utf-8").replace("\0", "?").strip() or f"column {i}"
        again = 2
        candidate = name
        while candidate in found:
            candidate, again = f"{name} ({again})", again + 1
        found.append(candidate)
    return tuple(found)


def keep_regular(parsed: Parsed, width: int, delimiter: str, aside: Aside, damaged: bool) -> list[list[str]]:
    """The records of that many fields that are whole; the others are set aside."""
    kept = []
    for record, line in zip(parsed.records, parsed.lines, strict=True):
        if len(record) != width:
            why = f"it has {counted(len(record), 'field')}, not {width}"
            aside.add(line, RAGGED, why, delimiter.join(record))
        elif damaged and (why := next(filter(None, map(broken, record)), "")):
            aside.add(line, "with broken characters", why, delimiter.join(record))
        else:
            kept.append(record)
    return kept
