"""Writes texts from sentence patterns and word lists, as `grammar/*.toml` holds them.

In a pattern

- `{word}` is replaced by a random entry of the list `word`; lists named in `bound` are drawn once per text, so
  that a message speaks of one product throughout;
- `{this|that}` is one of the alternatives, `{20-95}` a whole number from the range, `{}` nothing at all;
- `{core}` is a sentence that carries the label, `{settled}` one that says another label's matter is settled, and
  `{elsewhere}` a sentence that would carry another label, for quoting; `~` makes the next letter small.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

_SLOT = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)-(\d+)")


class Grammar:
    """A set of word lists and sentence patterns that writes one text at a time."""

    def __init__(self, spec: dict[str, Any], random: Random) -> None:
        self.spec = spec
        self.random = random
        self.words: dict[str, list[str]] = spec["words"]
        self._drawn: dict[str, str] = {}

    def text(self, pattern: str, label: str = "") -> str:
        """One finished text from a pattern, with words bound for its length.

        Raises:
            KeyError: The pattern names a list that does not exist.
        """
        self._drawn = {}
        for _ in range(200):
            slot = _SLOT.search(pattern)
            if slot is None:
                return tidy(pattern)
            pattern = pattern[: slot.start()] + self._fill(slot[1], label) + pattern[slot.end() :]
        raise ValueError(f"the pattern never ends: {pattern[:80]}")

    def _fill(self, slot: str, label: str) -> str:
        if not slot:
            return ""
        if "|" in slot:
            return self.random.choice(slot.split("|"))
        if span := _RANGE.fullmatch(slot):
            return str(self.random.randint(int(span[1]), int(span[2])))
        if slot == "core":
            return self.random.choice(self.spec["core"][label])
        if slot in ("settled", "elsewhere"):
            about = self.spec["settled"] if slot == "settled" else self.spec.get("quoted", self.spec["core"])
            return self.random.choice(about[self.random.choice([name for name in about if name != label])])
        words = self.spec.get("words_for", {}).get(label, {}).get(slot) or self.words[slot]
        if slot not in self.spec["bound"]:
            return self.random.choice(words)
        if slot not in self._drawn:
            self._drawn[slot] = self.random.choice(words)
        return self._drawn[slot]


def tidy(text: str) -> str:
    """Mends what joining leaves behind: spaces, articles, and capitals at the start of a sentence."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" ([,.;:?!)])", r"\1", text)
    text = re.sub(r"\b([Aa]) (?=[aeiou])(?!one\b|once\b|us|eu|uni|urin)", r"\1n ", text)
    text = re.sub(r"~ ?([A-Z](?=[a-z])|)", lambda match: match[1].lower(), text)
    text = re.sub(r'([.?] |")([a-z])(?=[a-z\' ])', lambda match: match[1] + match[2].upper(), text)
    return text[:1].upper() + text[1:]
