"""Takes delimited text apart: finds the delimiter, the quoting and the header, and says what did not fit."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from workbench.data.encodings import split_lines
from workbench.data.format import Header
from workbench.data.header import looks_like_header
from workbench.data.suggest import counted, listed
from workbench.run.problem import bad_input

_DELIMITERS = (",", "\t", ";", "|")
_NO_DELIMITER = "\x1f"
_SAMPLE = 256 * 1024
_END = "\x1eend"  # a field that no file holds; if parsing does not return it, a quote was left open


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of equal width, as strings, with the columns' names and what was set aside or assumed."""

    columns: tuple[str, ...]
    rows: list[list[str]]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Parsed:
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


def split_table(text: str, path: Path, header: Header = "auto", *, field: str = "data.train") -> Grid:
    """The table in delimited text.

    Args:
        text: The whole file, with its line ends as they are.
        path: Where it came from; `.tsv` and `.tab` make the tab the first guess.
        header: Whether the first row names the columns; "auto" guesses.
        field: The recipe field that named the file.

    Raises:
        WorkbenchError: When there are no rows, a quote is never closed, the header does not fit the rows, or
            more than a third of the rows have another number of fields.
    """
    delimiter = sniff_delimiter(text, path) or _only_column(text)
    parsed, notes = _parse(text, delimiter, path, field)
    columns, named = _columns(parsed, path, header, field)
    if named:
        del parsed.records[0], parsed.lines[0]
    elif header == "auto":
        notes.append("The first row was taken as data, so the columns are named by number.")
    if not parsed.records:
        raise bad_input(
            f"The file {path.name} holds no rows.",
            "It holds the names of the columns and nothing below them.",
            "Choose a file with rows, or say under Header row that there is no header.",
            field=field,
        )
    kept = _keep_regular(parsed, len(columns), path, field, notes)
    return Grid(columns, kept, tuple(notes))


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
        parsed = _literal(sample, delimiter) if delimiter == "\t" else _quoted(sample, delimiter)
        share = parsed.regular / max(1, len(parsed.records))
        # A first row of one field speaks for one column of prose, where commas come as they like.
        if parsed.width > 1 and share > (best_share if len(parsed.records[0]) > 1 else max(best_share, 0.9)):
            best, best_share = delimiter, share
    return best


def _only_column(text: str) -> str:
    """The delimiter of text that nothing cuts evenly: one that does not occur where the first row is one field."""
    first = split_lines(text[:_SAMPLE].lstrip("\r\n"))[0]
    return "," if len(next(csv.reader([first]), [])) > 1 else _NO_DELIMITER


def _parse(text: str, delimiter: str, path: Path, field: str) -> tuple[_Parsed, list[str]]:
    notes: list[str] = []
    quoted = _quoted(text, delimiter)
    if delimiter != "\t" and not quoted.open_quote:
        return quoted, notes
    literal = _literal(text, delimiter)
    if delimiter == "\t":
        # Many TSV files know no quoting, and a lone " there would swallow lines. Quoting is believed only
        # where it makes more rows fit, or where the first row is quoted throughout.
        first = literal.records[0] if literal.records else []
        all_quoted = bool(first) and all(len(f) > 1 and f[0] == f[-1] == '"' for f in first)
        if not quoted.open_quote and (quoted.regular > literal.regular or all_quoted):
            return quoted, notes
        if unwrapped := _unwrap(literal):
            notes.append(f"The quotation marks around {counted(unwrapped, 'field')} were taken off.")
        return literal, notes
    if literal.regular == len(literal.records):
        notes.append("Quotation marks were read as plain characters, since one of them is never closed.")
        return literal, notes
    raise bad_input(
        f"A quotation mark in {path.name} is never closed.",
        f"The field that begins in line {quoted.open_quote} runs on to the end of the file.",
        'Close it, or write the mark inside a quoted field twice ("").',
        field=field,
    )


def _quoted(text: str, delimiter: str) -> _Parsed:
    """Parse with "…" quoting, where a field may hold delimiters and line breaks."""
    # The limit is one per process; its default of 131 072 characters would refuse a long document.
    csv.field_size_limit(2**31 - 1)
    end = "" if text.endswith(("\n", "\r")) else "\n"
    reader = csv.reader(io.StringIO(f"{text}{end}{_END}", newline=""), delimiter=delimiter)
    parsed = _Parsed([], [])
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


def _literal(text: str, delimiter: str) -> _Parsed:
    """Parse with each line a row and quotes plain characters."""
    parsed = _Parsed([], [])
    for number, line in enumerate(split_lines(text), 1):
        if line:
            parsed.records.append(line.split(delimiter))
            parsed.lines.append(number)
    return parsed


def _unwrap(parsed: _Parsed) -> int:
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


def _columns(parsed: _Parsed, path: Path, header: Header, field: str) -> tuple[tuple[str, ...], bool]:
    """The columns' names, and whether the first record gave them."""
    first, rest = parsed.records[0], parsed.records[1:]
    below = _Parsed(rest, [])
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
        name = raw.strip() or f"column {i}"
        again = 2
        candidate = name
        while candidate in found:
            candidate, again = f"{name} ({again})", again + 1
        found.append(candidate)
    return tuple(found)


def _keep_regular(parsed: _Parsed, width: int, path: Path, field: str, notes: list[str]) -> list[list[str]]:
    ragged = [i for i, record in enumerate(parsed.records) if len(record) != width]
    if not ragged:
        return parsed.records
    lines = [parsed.lines[i] for i in ragged]
    first = f"line {lines[0]} has {counted(len(parsed.records[ragged[0]]), 'field')}"
    if len(ragged) * 3 > len(parsed.records):
        raise bad_input(
            f"{path.name} is not an even table.",
            f"{len(ragged)} of {counted(len(parsed.records), 'row')} do not have {counted(width, 'field')}: "
            f"{first}.",
            "Put fields that hold the delimiter in quotation marks, or save the file again as CSV.",
            field=field,
        )
    notes.append(
        f"{counted(len(ragged), 'row')} with a different number of fields "
        f"{'was' if len(ragged) == 1 else 'were'} set aside "
        f"({'line' if len(lines) == 1 else 'lines'} {listed(lines)} of the file)."
    )
    aside = set(ragged)
    return [record for i, record in enumerate(parsed.records) if i not in aside]
