"""What held-out rows tell of language models, as plain values: how it is asked, and how an answer is found right."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import field_validator

from workbench.run.section import Section, field

#: A number as people write it: 1,234.5 or -3 or .5.
_NUMBER = re.compile(r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+−]?\.\d+")
#: The value of the normal distribution beyond which 2.5 % lie.
_Z = 1.959964


class EvaluationSettings(Section):
    """How models are measured. Together with the models and the rows they determine the outcome."""

    rows: int = field(
        100,
        "Rows",
        "How many held-out rows are answered, taken evenly from all. Writing takes a while; 0 means all.",
        unit="rows",
        ge=0,
        le=1_000_000,
    )
    max_new_tokens: int = field(
        256, "Max new tokens", "An answer stops after this many tokens.", unit="tokens", ge=1, le=131_072
    )
    pattern: str = field(
        r"####\s*(.+)",
        "Answer pattern",
        "A regular expression for the final answer within an answer: its last match, or the first group in it, is what "
        "counts. Where the data's own answers do not have it, or it is empty, the whole answer counts.",
        max_length=500,
    )
    system: str = field(
        "",
        "System prompt",
        "What stands at the head of each conversation that has none of its own. Empty: that of the run's recipe.",
        max_length=20_000,
    )
    batch_size: int = field(
        16, "Batch size", "How many answers are written at once.", unit="rows", ge=1, le=1024
    )
    recited: int = field(
        30,
        "Recited rows",
        "How many training rows, and as many held-out rows, each model is given the beginning of, to see whether it "
        "knows them by heart. 0: none.",
        unit="rows",
        ge=0,
        le=100_000,
    )
    begun: float = field(
        0.5,
        "Given beginning",
        "The share of a row's answer that is given before the model goes on by itself.",
        ge=0,
        le=0.95,
    )

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"It is no regular expression: {error}.") from None
        return pattern


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (1927), which holds for few rows, and for shares of 0 and 1, too."""
        if not self.of:
            return (math.nan, math.nan)
        n, p = self.of, self.value
        middle = (p + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
        half = _Z / (1 + _Z * _Z / n) * math.sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Recited:
    """How a model went on from the beginnings of rows.

    Attributes:
        whole: The rows that it said to the end, word for word.
        share: The share of a row's rest that it said before it first differed, on average; NaN without rows.
    """

    whole: Share
    share: float


@dataclass(frozen=True, slots=True)
class Recital:
    """Rows that were learned from beside others: who knows the first ones better has learned them by heart."""

    training: Recited
    held_out: Recited


@dataclass(frozen=True, slots=True)
class ModelScores:
    """What was found of one model; None for what the rows do not ask for.

    Attributes:
        model: Which it is, as it was named.
        loss: The mean negative log-likelihood of the answers' tokens, in nats.
        tokens: How many these are.
        exact: Answers that are the expected ones, but for capitals, blanks and a full stop.
        numeric: Answers with the expected number.
        form: Answers in which the pattern was found at all.
        choice: Rows whose right choice is the most probable one.
        choice_by_length: The same with each choice's log-likelihood divided by its number of characters.
        recital: Whether it knows rows by heart.
        written: Tokens that it wrote.
        seconds: How long it wrote.
        note: Something that the person should know.
    """

    model: str
    loss: float
    tokens: int
    exact: Share | None = None
    numeric: Share | None = None
    form: Share | None = None
    choice: Share | None = None
    choice_by_length: Share | None = None
    recital: Recital | None = None
    written: int = 0
    seconds: float = 0.0
    note: str = ""

    @property
    def perplexity(self) -> float:
        """exp(loss)."""
        return math.exp(min(self.loss, 700.0))  # above, a float overflows; the loss then says enough


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model made of one row: its answer, what of it counts (None where the pattern was not found), and whether
    that is right."""

    text: str
    taken: str | None
    right: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One row: its number among those that were asked, the question, the expected answer, what of it counts, and each
    model's answer in the order of the models."""

    row: int
    question: str
    expected: str
    wanted: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Models measured on the same rows.

    Attributes:
        data: What the rows are, in words.
        rows: How many were asked, of how many there are.
        models: One entry for each model.
        samples: All rows with their answers.
        settings: How it was asked.
        notes: What there is to say of the rows.
    """

    data: str
    rows: tuple[int, int]
    models: tuple[ModelScores, ...]
    samples: tuple[Sample, ...]
    settings: EvaluationSettings
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation is: what is being done, and how much of it."""

    words: str
    done: int
    of: int


# ---- what of an answer counts


def extracted(text: str, pattern: str) -> str | None:
    """The last match of a pattern, or the first group in it, without the blanks around; None where there is none."""
    found = None
    for found in re.finditer(pattern, text):  # noqa: B007 - the last one counts
        pass
    if found is None:
        return None
    return (found.group(1) if found.re.groups and found.group(1) is not None else found.group()).strip()


def last_number(text: str) -> float | None:
    """The last number in a text; None where there is none."""
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "").replace("−", "-")) if found else None


def same_words(one: str, other: str) -> bool:
    """Whether two answers are the same but for capitals, blanks and a full stop at the end."""
    return _plain(one) == _plain(other)


def same_number(text: str, wanted: float) -> bool:
    """Whether the last number of a text is this one."""
    found = last_number(text)
    return found is not None and math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-9)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).removesuffix(".").rstrip()


@dataclass(frozen=True, slots=True)
class Judge:
    """Says of answers whether they are right.

    Attributes:
        pattern: Where an answer's final answer stands; empty where whole answers count.
        numeric: Whether the expected answers are numbers.
    """

    pattern: str
    numeric: bool

    @classmethod
    def of(cls, expected: Sequence[str], pattern: str) -> Judge:
        """The judge of a data set: the pattern counts where most of its own answers have it, and numbers are compared
        where most of what counts is one number with at most a unit beside it."""
        if not pattern or 2 * sum(extracted(text, pattern) is not None for text in expected) <= len(expected):
            pattern = ""
        judge = cls(pattern, False)
        numbers = sum(_is_number(judge.wanted(text)) for text in expected)
        return cls(pattern, bool(expected) and 2 * numbers > len(expected))

    def wanted(self, expected: str) -> str:
        """What of an expected answer counts."""
        found = extracted(expected, self.pattern) if self.pattern else None
        return expected.strip() if found is None else found

    def taken(self, answer: str) -> str | None:
        """What of a model's answer counts; None where the pattern is not in it."""
        return extracted(answer, self.pattern) if self.pattern else answer.strip()

    def exact(self, answer: str, wanted: str) -> bool:
        """Whether an answer is the expected one."""
        taken = self.taken(answer)
        return taken is not None and same_words(taken, wanted)

    def right_number(self, answer: str, wanted: str) -> bool:
        """Whether an answer has the expected number: where the pattern is, or else as its last number."""
        number = last_number(wanted)
        taken = self.taken(answer)
        return number is not None and same_number(answer if taken is None else taken, number)

    def judged(self, answer: str, wanted: str) -> Answer:
        """An answer with what counts, and whether it is right: by its number where the data's answers are numbers."""
        right = self.right_number(answer, wanted) if self.numeric else self.exact(answer, wanted)
        return Answer(answer, self.taken(answer), right)


def _is_number(text: str) -> bool:
    """Whether a short text is one number, with at most a unit or a sign of money beside it."""
    return len(_NUMBER.findall(text)) == 1 and len(_NUMBER.sub("", text).strip()) <= 12


# ---- in words


def figures_of(scores: ModelScores) -> list[tuple[str, str]]:
    """A model's figures as (name, value) for a table, in the order in which they are shown."""
    found = [("Perplexity of the answers", f"{scores.perplexity:,.3g}" if scores.tokens else "")]
    shares = (
        ("Expected answer", scores.exact),
        ("Expected number", scores.numeric),
        ("Answer pattern found", scores.form),
        ("Right choice", scores.choice),
        ("Right choice, by length", scores.choice_by_length),
    )
    found += [(name, share_words(share)) for name, share in shares if share is not None]
    if scores.recital is not None:
        for name, side in (("training", scores.recital.training), ("held-out", scores.recital.held_out)):
            if side.whole.of:
                whole = f"{side.whole.hits} of {side.whole.of} whole"
                found.append((f"Recited of {name} rows", f"{100 * side.share:.1f} % ({whole})"))
    if scores.seconds:
        found.append(("Tokens a second", f"{scores.written / scores.seconds:.0f}"))
    return found


def share_words(share: Share) -> str:
    """A share with its 95 % interval."""
    if not share.of:
        return ""
    low, high = share.interval
    return f"{100 * share.value:.1f} % ({100 * low:.0f} to {100 * high:.0f} %)"


def verdict(found: Evaluation) -> str:
    """What the first model's recital means, in a sentence; empty where none was asked for."""
    first = found.models[0]
    recital = first.recital
    if recital is None or not recital.training.whole.of or not recital.held_out.whole.of:
        return ""
    more = recital.training.share - recital.held_out.share
    for other in found.models[1:2]:
        if other.recital is not None and other.recital.training.whole.of:
            # What the other one can say as well lies in the rows, not in having learned them.
            more -= other.recital.training.share - other.recital.held_out.share
    trained, held_out = f"{100 * recital.training.share:.0f} %", f"{100 * recital.held_out.share:.0f} %"
    told = f"Word for word, the model says {trained} of the rest of training rows and {held_out} of held-out rows"
    if more > 0.15:
        return f"{told}: it knows some of them by heart."
    return (
        f"{told}: it does not recite them." if more < 0.05 else f"{told}: it may know a few of them by heart."
    )
