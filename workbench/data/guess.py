"""Guesses which column holds the text and which the label, and says why."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.data.header import LABEL_NAMES, TEXT_NAMES, name_words
from workbench.data.suggest import counted, listed
from workbench.data.tables import Table, no_such_column
from workbench.run.problem import bad_input

_SAMPLE = 10_000
_LONGEST_LABEL = 40  # characters, on average


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


def _text(looks: list[_Look]) -> _Look:
    return max(looks, key=lambda look: (look.trust(TEXT_NAMES) if look.length >= 8 else 0, look.length))


def _label(looks: list[_Look]) -> _Look | None:
    able = [look for look in looks if look.could_be_label]
    # With no usual name, the longest column is left for the text.
    unnamed = max(looks, key=lambda look: look.length, default=None)
    able = [look for look in able if look is not unnamed or look.trust(LABEL_NAMES)]
    if not able:
        return None
    return max(able, key=lambda look: (look.trust(LABEL_NAMES), -look.distinct, -look.length))


def _look(table: Table, name: str) -> _Look:
    values = table.sample(name, _SAMPLE)
    filled = [value.strip() for value in values if value and value.strip()]
    length = sum(map(len, filled)) / max(1, len(filled))
    return _Look(name, len(filled), len(set(filled)), length)
