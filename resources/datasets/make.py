"""Writes the shipped data sets from their grammars: the same seed gives the same bytes.

Run `python resources/datasets/make.py` to write every file next to this script, or give it another folder.
Only the standard library is used. The texts come from `grammar/<name>.toml`, whose notation `phrases.py` explains.
A share of the rows is ambiguous on purpose, and a share has its label exchanged with that of another row, as in
data that people have labelled. Typing slips, short forms and casing depend on the metadata column.
"""

from __future__ import annotations

import csv
import re
import sys
import tomllib
from pathlib import Path
from random import Random
from typing import Any

import logbook
from phrases import Grammar

HERE = Path(__file__).parent
NAMES = ("support-messages", "company-headlines", "clinic-notes")

Row = tuple[str, str, str]


def slip(word: str, random: Random) -> str:
    """A word with one slip of the fingers; the first letter stays."""
    at = random.randrange(1, len(word) - 1)
    kind = random.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def roughen(text: str, manner: dict[str, Any], short_forms: dict[str, str], random: Random) -> str:
    """The text as this kind of writer types it: short forms, slips, casing, and loose punctuation."""
    if random.random() < manner.get("short_forms", 0):
        for long, short in short_forms.items():
            text = re.sub(rf"\b{long}\b", short, text, flags=re.IGNORECASE)
    if random.random() < manner.get("typo", 0):
        words = text.split(" ")
        long_words = [at for at, word in enumerate(words) if len(word) > 4 and word.isalpha()]
        for at in random.sample(long_words, min(len(long_words), random.choice((1, 1, 2)))):
            words[at] = slip(words[at], random)
        text = " ".join(words)
    if random.random() < manner.get("title", 0):
        text = title_case(text)
    if random.random() < manner.get("lower", 0):
        text = text.lower()
    if random.random() < manner.get("loose", 0):
        text = (
            text.rstrip(".").replace("'", "") if random.random() < 0.5 else re.sub(r"[.,:]( |$)", r"\1", text)
        )
    elif random.random() < manner.get("shout", 0):
        text = text.upper()
    return text.strip()


def title_case(text: str) -> str:
    """The text with capitals on all but the small words, as newspapers set headlines."""
    small = {
        "a",
        "an",
        "and",
        "as",
        "at",
        "but",
        "by",
        "for",
        "from",
        "in",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
    }
    words = text.split(" ")
    return " ".join(
        word if at and word in small else word[:1].upper() + word[1:] for at, word in enumerate(words)
    )


def class_counts(spec: dict[str, Any]) -> dict[str, int]:
    """How many rows each label gets; the first label takes what rounding leaves over."""
    counts = {label: round(share * spec["rows"]) for label, share in spec["classes"].items()}
    counts[next(iter(counts))] += spec["rows"] - sum(counts.values())
    return counts


def labels_in_order(spec: dict[str, Any], random: Random) -> list[str]:
    """One label per row, shuffled."""
    labels = [label for label, count in class_counts(spec).items() for _ in range(count)]
    random.shuffle(labels)
    return labels


def write_text(grammar: Grammar, label: str, manner: dict[str, Any], ambiguous: bool) -> str:
    """One text for a label in the manner of one kind of writer."""
    random = grammar.random
    sources = [source for source in grammar.spec["ambiguous"] if label in source["labels"]]
    if ambiguous and sources:
        pattern = random.choice(random.choice(sources)["texts"])
    else:
        pattern = random.choice(manner["shapes"])
    return roughen(grammar.text(pattern, label), manner, grammar.spec.get("short_forms", {}), random)


def exchange_labels(rows: list[Row], spec: dict[str, Any], random: Random) -> list[Row]:
    """Rows in which a share of the labels is wrong; pairs trade places, so the class counts stay."""
    rows = list(rows)
    untouched = list(range(len(rows)))
    random.shuffle(untouched)
    for turn in range(round(len(rows) * spec["label_noise"] / 2)):
        pair = spec["exchangeable"][turn % len(spec["exchangeable"])]
        one, two = (next(at for at in untouched if rows[at][1] == label) for label in pair)
        untouched.remove(one)
        untouched.remove(two)
        rows[one] = (rows[one][0], pair[1], rows[one][2])
        rows[two] = (rows[two][0], pair[0], rows[two][2])
    return rows


def build(name: str) -> tuple[str, list[Row]]:
    """The metadata column's name and all rows (text, label, metadata) of one data set, no text twice."""
    with (HERE / "grammar" / f"{name}.toml").open("rb") as file:
        spec = tomllib.load(file)
    random = Random(spec["seed"])
    grammar = Grammar(spec, random)
    manners: dict[str, dict[str, Any]] = spec["column"]["values"]
    weights = [manner["weight"] for manner in manners.values()]
    seen: set[str] = set()
    rows: list[Row] = []
    for label in labels_in_order(spec, random):
        ambiguous = random.random() < spec["ambiguous_share"]
        (kind,) = random.choices(list(manners), weights)
        text = write_text(grammar, label, manners[kind], ambiguous)
        while (key := re.sub(r"\W+", " ", text.lower()).strip()) in seen or len(key) < 12:
            text = write_text(grammar, label, manners[kind], ambiguous)
        seen.add(key)
        rows.append((text, label, kind))
    return spec["column"]["name"], exchange_labels(rows, spec, random)


def write(folder: Path) -> None:
    """Writes every data file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        column, rows = build(name)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("text", "label", column))
            writer.writerows(rows)
        print(f"{name}.csv: {len(rows)} rows")
    tales = logbook.write_book()
    (folder / "harbour-tales.txt").write_bytes(tales.encode("utf-8"))
    print(f"harbour-tales.txt: {len(tales)} characters")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
