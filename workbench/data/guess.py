"""Guesses what a data set is: its task, which column holds the text and which the label; and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.data.chat import ChatShape, chat_shape
from workbench.data.format import all_formats
from workbench.data.formats.conll import SPAN_TAG, words
from workbench.data.formats.image_folder import PICTURES
from workbench.data.formats.plain_text import PlainText
from workbench.data.header import LABEL_NAMES, TEXT_NAMES, name_words
from workbench.data.label_cells import likely_label_columns
from workbench.data.number_cells import likely_amount_columns
from workbench.data.several import SOURCE
from workbench.data.source_pairs import source_pair
from workbench.data.span_cells import likely_span_column
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, no_such_column
from workbench.run.problem import bad_input

_SAMPLE = 10_000
_LONGEST_LABEL = 40  # characters, on average
_FEW = 200
#: A column of this name says which part or file of the data a row belongs to, and is no class.
_SPLIT_NAMES = ("split", "fold", "subset", "partition", SOURCE)
_TOKENS, _TAGS = (
    ("tokens", "words", "token"),
    ("tags", "ner", "ner_tags", "labels", "upos", "pos", "chunk", "tag"),
)
#: Two texts of which the label says how they belong together, or a text that goes before another.
_PAIRS = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("sentence_1", "sentence_2"), ("text1", "text2"),
    ("question1", "question2"), ("text_a", "text_b"), ("question", "passage"), ("question", "context"),
    ("question", "sentence"), ("title", "text"), ("title", "body"), ("title", "content"), ("title", "description"),
)  # fmt: skip

Kind = Literal[
    "text-classification",
    "multi-label",
    "regression",
    "token-classification",
    "image-classification",
    "chat",
    "preference",
    "seq2seq",
    "causal-lm",
    "plain-text",
]
#: Each kind as a person reads it.
KIND_WORDS: dict[Kind, str] = {
    "text-classification": "texts with a class each",
    "multi-label": "texts with any number of labels each",
    "regression": "texts with a number each",
    "token-classification": "sentences with a tag for each word",
    "image-classification": "pictures with a class each",
    "chat": "conversations",
    "preference": "conversations with a better and a worse answer",
    "seq2seq": "texts with what is to be written from each",
    "causal-lm": "texts without classes",
    "plain-text": "running text",
}


@dataclass(frozen=True, slots=True)
class Guess:
    """What a data set is taken for, until a person says otherwise.

    Attributes:
        kind: What its rows are.
        texts: The columns to read, the main one first; a conversation's in their order.
        label: The column to predict: a class, or the tags of the words; empty where there is none.
        chat: How conversations are written; None where there are none.
        reasons: One sentence for each choice.
    """

    kind: Kind
    texts: tuple[str, ...]
    label: str
    chat: ChatShape | None
    reasons: tuple[str, ...]

    @property
    def task(self) -> str:
        """The task that such rows are for; running text is continued by a language model."""
        return "causal-lm" if self.kind == "plain-text" else self.kind


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """The guessed columns; an empty name means that none fits.

    Attributes:
        text: The column to read.
        label: The column to predict.
        task: "text-classification" where there is a label, else "causal-lm".
        reasons: One sentence for each choice.
    """

    text: str
    label: str
    task: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """What a sample of a column's values looks like; `length` is the mean number of characters."""

    name: str
    filled: int
    distinct: int
    length: float

    @property
    def could_be_label(self) -> bool:
        """Few short values that come up again; a single one only under a label's name, and then the
        complaint is that there is only one class."""
        repeated = self.distinct * 2 <= self.filled or self.filled < 20
        enough = self.distinct >= 2 or (self.distinct == 1 and self.trust(LABEL_NAMES) > 0)
        return enough and repeated and self.length <= _LONGEST_LABEL

    def trust(self, names: tuple[str, ...]) -> int:
        """How much the name speaks for a role: 0 not at all, more for names that come earlier in the list."""
        words = name_words(self.name)
        if len(words) == 1 and words[0] in names:
            return 2 * len(names) - names.index(words[0])
        known = [len(names) - names.index(word) for word in words if word in names]
        return max(known, default=0)


def guess(table: Table) -> Guess:
    """What the table is, by its columns' names and a sample of their values."""
    found = _pictures(table) or _tagged(table) or _spanned(table)
    if found is not None:
        return found
    columns = guess_columns(table)
    shape = chat_shape(table)
    if shape is not None and (
        shape.name != "question-answer" or not _answers_are_classes(table, shape, columns)
    ):
        kind: Kind = "preference" if shape.name == "preference" else "chat"
        return Guess(kind, tuple(shape.columns.values()), "", shape, (shape.reason,))
    if (pair := source_pair(table)) is not None:
        reason = f"“{pair[1]}” is written from “{pair[0]}”: the columns usually belong together so."
        return Guess("seq2seq", (pair[0],), pair[1], None, (reason,))
    if (several := _several(table, columns) or _amounts(table, columns)) is not None:
        return several
    if columns.label:
        texts = _with_partner(columns.text, table.columns, columns.label)
        reasons = columns.reasons
        if len(texts) > 1:
            reasons = (*reasons, f"“{texts[0]}” and “{texts[1]}” usually belong together.")
        return Guess("text-classification", texts, columns.label, None, reasons)
    if table.columns == ("text",) and _is_plain(table):
        return Guess("plain-text", ("text",), "", None, ("The file is running text, without columns.",))
    return Guess("causal-lm", (columns.text,) if columns.text else (), "", None, columns.reasons)


def _pictures(table: Table) -> Guess | None:
    """Whether a column names pictures and another their classes."""
    for name in table.columns:
        values = [value for value in table.sample(name, _FEW) if value]
        if not values or sum(value.lower().endswith(PICTURES) for value in values) < 0.9 * len(values):
            continue
        label = _label([_look(table, other) for other in table.columns if other != name], spare=False)
        if label is not None:
            reason = f"“{name}” names pictures, and “{label.name}” the class of each."
            return Guess("image-classification", (name,), label.name, None, (reason,))
    return None


def _tagged(table: Table) -> Guess | None:
    """Whether a column has a tag for each word of another."""
    split = {name: [words(value) for value in table.sample(name, _FEW)] for name in table.columns}
    lengths = {name: [len(row) for row in rows] for name, rows in split.items()}
    usual = {"_".join(name_words(name)): name for name in reversed(table.columns)}
    named = next((usual[name] for name in _TAGS if name in usual), None)
    spans = [name for name, rows in split.items() if _are_spans(rows)]
    for tags in [*spans, *([named] if named else [])]:
        same = [name for name in table.columns if name not in spans and name != tags]
        same = [name for name in same if _alike(lengths[name], lengths[tags])]
        tokens = next((usual[name] for name in _TOKENS if usual.get(name) in same), None)
        if tokens is None and tags in spans and same:
            tokens = same[0]
        if tokens is not None:
            seen = sorted({tag for row in split[tags] for tag in row})
            what = "say where names begin and go on" if tags in spans else "are one for each word"
            reason = f"“{tags}” has as many words as “{tokens}” in the rows; they {what} ({listed(seen, 5)})."
            # The column that is called tags is the one to learn, where several would do.
            chosen = "tags" if "tags" in spans and lengths["tags"] == lengths[tags] else tags
            return Guess("token-classification", (tokens,), chosen, None, (reason,))
    return None


def _alike(one: list[int], other: list[int]) -> bool:
    """Whether two columns have as many words in nearly every row; the others are told when they are read."""
    equal = sum(a == b for a, b in zip(one, other, strict=True))
    return equal >= 0.9 * len(one) and any(number > 1 for number in one)


def _spanned(table: Table) -> Guess | None:
    """Whether a column marks stretches of another."""
    spans = likely_span_column(table)
    rest = [look for name in table.columns if name != spans and (look := _look(table, name)).filled]
    if not spans or not rest:
        return None
    text = _text(rest).name
    reason = f"“{spans}” marks stretches of “{text}”, by their characters."
    return Guess("token-classification", (text,), spans, None, (reason,))


def _several(table: Table, columns: ColumnGuess) -> Guess | None:
    """Whether rows have several labels in a cell, or a column of yes and no for each label."""
    labels = likely_label_columns(table, columns.text)
    usual = bool(columns.label) and _look(table, columns.label).trust(LABEL_NAMES) > 0
    # A column of classes that is called so is the one to learn, whatever stands beside it.
    if not labels or (usual and columns.label not in labels) or (usual and len(labels) > 1):
        return None
    if len(labels) > 1 and columns.label not in ("", *labels):
        return None
    text = choose_text(table, labels)
    named = " and ".join(f"“{name}”" for name in labels[:3]) + (" and others" if len(labels) > 3 else "")
    what = "each say yes or no" if len(labels) > 1 else "holds several labels in a cell"
    read = f"“{text}” is read as the text."
    return Guess("multi-label", (text,), ", ".join(labels), None, (read, f"{named} {what}."))


def _amounts(table: Table, columns: ColumnGuess) -> Guess | None:
    """Whether a column has a number to predict, by its name and because no class would come up so rarely."""
    found = () if columns.label else likely_amount_columns(table)
    rest = [look for name in table.columns if name not in found and (look := _look(table, name)).filled]
    if not found or not rest:
        return None
    text = _text(rest)
    if text.length < 8:  # numbers beside numbers
        return None
    reason = f"“{found[0]}” holds many different numbers, and its name says that they are to be predicted."
    return Guess("regression", (text.name,), found[0], None, (f"“{text.name}” is read as the text.", reason))


def _are_spans(rows: list[list[str]]) -> bool:
    tags = [tag for row in rows for tag in row]
    fit = sum(SPAN_TAG.fullmatch(tag) is not None for tag in tags)
    return bool(tags) and fit > 0.95 * len(tags) and len(tags) > len(rows) and any(tag != "O" for tag in tags)


def _answers_are_classes(table: Table, shape: ChatShape, columns: ColumnGuess) -> bool:
    """Whether questions are to be sorted rather than answered: a few short answers come again and again."""
    if columns.label and columns.label not in shape.columns.values():
        return True
    answer = _look(table, shape.columns["completion"])
    return answer.could_be_label and answer.distinct <= 20 and answer.filled >= 20


def _with_partner(text: str, names: tuple[str, ...], label: str) -> tuple[str, ...]:
    """The text column, with the one that it usually stands beside; the first of a pair goes first."""
    by_name = {name.lower(): name for name in names if name != label}
    for first, second in _PAIRS:
        if first in by_name and second in by_name and text in (by_name[first], by_name[second]):
            return by_name[first], by_name[second]
    return (text,) if text else ()


def _is_plain(table: Table) -> bool:
    """Whether the file is of no format with columns, by its name's endings."""
    tabular = {
        suffix for kind in all_formats() if not isinstance(kind, PlainText) for suffix in kind.suffixes
    }
    packed = (".gz", ".zip", ".bz2", ".xz", ".zst", ".tgz", ".tar")
    endings = [suffix.lower() for suffix in table.path.suffixes]
    return not any(ending in tabular and ending not in packed for ending in endings)


def guess_columns(table: Table) -> ColumnGuess:
    """The columns that most likely hold the text and the label.

    A usual name counts most; without one, the text is the column with the longest values, and the label the
    one with the fewest different short values.
    """
    looks = [_look(table, name) for name in table.columns]
    label = _label(looks)
    rest = [look for look in looks if look is not label and look.filled]
    if not rest:
        return ColumnGuess("", label.name if label else "", "causal-lm", ("No column holds text.",))
    text = _text(rest)
    why = (
        "its name says so, and its values have"
        if text.trust(TEXT_NAMES)
        else "its values are the longest, with"
    )
    reasons = [f"“{text.name}” is read as the text: {why} {text.length:.0f} characters on average."]
    if label is None:
        reasons.append("No column looks like a label: none has a few short values that come up again.")
        return ColumnGuess(text.name, "", "causal-lm", tuple(reasons))
    values = counted(label.distinct, "different value")
    why = "its name says so, and it has" if label.trust(LABEL_NAMES) else "it has only"
    reasons.append(f"“{label.name}” is taken as the label: {why} {values}.")
    return ColumnGuess(text.name, label.name, "text-classification", tuple(reasons))


def choose_columns(table: Table, text: str, label: str) -> tuple[str, str]:
    """The text and label columns to use.

    Args:
        table: The data.
        text: The named text column; empty to guess.
        label: The named label column; empty to guess.

    Raises:
        WorkbenchError: When a named column does not exist, both are the same, or no label can be guessed.
    """
    for name, field in ((text, "data.text"), (label, "data.label")):
        if name and name not in table.columns:
            raise no_such_column(table, name, field=field)
    if text and text == label:
        raise bad_input(
            "The text and the label are the same column.",
            f"Both are set to “{text}”.",
            "Choose another column for one of them.",
            field="data.label",
        )
    looks = [_look(table, name) for name in table.columns if not (text and label)]
    if not label:
        found = _label([look for look in looks if look.name != text])
        if found is None:
            raise bad_input(
                f"No label column was found in {table.path.name}.",
                f"None of its columns ({listed(table.columns)}) has a few short values that come up again.",
                "Choose the label column, or a task that needs none.",
                field="data.label",
            )
        label = found.name
    if not text:
        rest = [look for look in looks if look.name != label and look.filled]
        if not rest:
            raise bad_input(
                f"No text column was found in {table.path.name}.",
                f"Besides the label “{label}” no column holds anything.",
                "Choose a file with a column of texts.",
                field="data.text",
            )
        text = _text(rest).name
    return text, label


def choose_text(table: Table, taken: Sequence[str]) -> str:
    """The column that is most likely the text, other than those that are taken.

    Raises:
        WorkbenchError: When no other column holds anything.
    """
    looks = [_look(table, name) for name in table.columns if name not in taken]
    filled = [look for look in looks if look.filled]
    if not filled:
        raise bad_input(
            f"No text column was found in {table.path.name}.",
            f"Besides {listed([f'“{name}”' for name in taken], 4)} no column holds anything.",
            "Choose a file with a column of texts.",
            field="data.text",
        )
    return _text(filled).name


def _text(looks: list[_Look]) -> _Look:
    return max(looks, key=lambda look: (look.trust(TEXT_NAMES) if look.length >= 8 else 0, look.length))


def _label(looks: list[_Look], spare: bool = True) -> _Look | None:
    """The look that is most like a label's; `spare` leaves the longest column for the text."""
    able = [look for look in looks if look.could_be_label and look.name.lower() not in _SPLIT_NAMES]
    # With no usual name, the longest column is left for the text.
    unnamed = max(looks, key=lambda look: look.length, default=None) if spare else None
    able = [look for look in able if look is not unnamed or look.trust(LABEL_NAMES)]
    if not able:
        return None
    return max(able, key=lambda look: (look.trust(LABEL_NAMES), -look.distinct, -look.length))


def _look(table: Table, name: str) -> _Look:
    values = table.sample(name, _SAMPLE)
    filled = [value.strip() for value in values if value and value.strip()]
    length = sum(map(len, filled)) / max(1, len(filled))
    return _Look(name, len(filled), len(set(filled)), length)
