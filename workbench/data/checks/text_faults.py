"""Finds texts that were damaged on their way: mojibake, lost characters, control characters, and HTML remains."""

from __future__ import annotations

import html.entities
import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from workbench.data.check import Check, Finding, Fix, Severity, about_rows
from workbench.data.frame import Frame
from workbench.data.step import Context
from workbench.data.strings import coded, column_strings
from workbench.data.suggest import counted
from workbench.data.tables import PORTION

if TYPE_CHECKING:
    import pyarrow as pa

_TAGS = (
    "abbr|address|article|aside|blockquote|body|br|button|caption|center|cite|code|col|div|dl|dt|dd|em|embed|figure|"
    "font|footer|form|h[1-6]|head|header|hr|html|iframe|img|input|ins|kbd|label|legend|li|link|main|meta|nav|object|"
    "ol|option|param|pre|script|section|select|small|span|strike|strong|style|sub|sup|svg|table|tbody|td|textarea|"
    "tfoot|th|thead|title|tr|tt|ul|video"
)
# Names of one letter stand in formulas and code as well ("a<b>c"): they count where they open a word, close, or
# carry attributes.
_TAG = re.compile(
    rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>|</[abipqsu]>|(?<!\w)<[abipqsu]>|<[abipqsu]\s+[a-z-]+\s*=[^<>]*>|<!--|<!doctype",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#[0-9]{2,7}|#[xX][0-9a-fA-F]{2,6}|([A-Za-z][A-Za-z0-9]{1,30}));")
_CONTROL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\x{feff}]"
_LOST = "\ufffd"


class TextFault(Check):
    """What is looked for in each text by itself."""

    severity: ClassVar[Severity] = "warning"
    #: What is said of so many rows: "(3 rows) hold HTML".
    one: ClassVar[str]
    many: ClassVar[str]
    why: ClassVar[str]
    fix: ClassVar[str]

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        if frame.text not in frame.columns:
            return []
        codes, texts = coded(column_strings(frame, frame.text))
        faulty = np.zeros(len(texts) + 1, dtype=bool)  # the last one is for missing texts
        suspects = np.flatnonzero(self.suspects(texts))
        for start in range(0, len(suspects), PORTION):
            context.check()
            part = suspects[start : start + PORTION]
            faulty[part] = [self.is_faulty(text) for text in texts.take(part).to_pylist()]
        rows = np.flatnonzero(faulty[codes])
        return about_rows(
            self.kind,
            frame,
            rows,
            counted(len(rows), self.one, self.many),
            self.why,
            self.severity,
            (Fix(self.fix, (self.step(frame.text),)),),
            column=frame.text,
        )

    @abstractmethod
    def suspects(self, texts: pa.Array) -> np.ndarray:
        """Which texts may have the fault, found quickly; bool."""

    def is_faulty(self, text: str) -> bool:
        """Whether a suspect really has it."""
        return True

    @abstractmethod
    def step(self, column: str) -> Mapping[str, Any]:
        """The step that mends it."""


class Mojibake(TextFault):
    """Texts that were read in the wrong encoding and can be restored."""

    kind: ClassVar[str] = "mojibake"
    title: ClassVar[str] = "Garbled characters"
    order: ClassVar[int] = 42
    one: ClassVar[str] = "row has garbled characters"
    many: ClassVar[str] = "rows have garbled characters"
    why: ClassVar[str] = (
        "The text was read in the wrong encoding at some time (“cafÃ©” for “café”). A model sees other tokens "
        "than in a healthy text."
    )
    fix: ClassVar[str] = "Restore the characters"

    def suspects(self, texts: pa.Array) -> np.ndarray:
        import pyarrow.compute as pc

        return np.asarray(pc.invert(pc.string_is_ascii(texts)).to_numpy(zero_copy_only=False))

    def is_faulty(self, text: str) -> bool:
        from ftfy import fix_encoding
        from ftfy.badness import is_bad

        # What looks odd but makes no sense in any other encoding was most likely meant.
        return is_bad(text) and _control_free(fix_encoding(text)) != _control_free(text)

    def step(self, column: str) -> Mapping[str, Any]:
        return {"kind": "fix-mojibake", "columns": [column]}


class LostCharacters(TextFault):
    """Texts with the sign that stands for a character that could not be read."""

    kind: ClassVar[str] = "lost-characters"
    title: ClassVar[str] = "Lost characters"
    order: ClassVar[int] = 43
    one: ClassVar[str] = "row has lost characters"
    many: ClassVar[str] = "rows have lost characters"
    why: ClassVar[str] = (
        "“�” stands where a character could not be read when the file was made or opened. Open the file in another "
        "encoding, or leave these rows out."
    )
    fix: ClassVar[str] = "Remove these rows"

    def suspects(self, texts: pa.Array) -> np.ndarray:
        import pyarrow.compute as pc

        return np.asarray(pc.match_substring(texts, _LOST).to_numpy(zero_copy_only=False))

    def step(self, column: str) -> Mapping[str, Any]:
        return {"kind": "filter-rows", "column": column, "test": "contains", "value": _LOST, "keep": False}


class ControlCharacters(TextFault):
    """Texts with invisible control characters; tabs and line breaks are none."""

    kind: ClassVar[str] = "control-characters"
    title: ClassVar[str] = "Control characters"
    order: ClassVar[int] = 44
    severity: ClassVar[Severity] = "hint"
    one: ClassVar[str] = "row has control characters"
    many: ClassVar[str] = "rows have control characters"
    why: ClassVar[str] = (
        "Invisible characters that mean nothing to a reader, such as NUL, an escape sequence or a byte-order mark, "
        "become tokens of their own or tear words apart."
    )
    fix: ClassVar[str] = "Remove the characters"

    def suspects(self, texts: pa.Array) -> np.ndarray:
        import pyarrow.compute as pc

        return np.asarray(pc.match_substring_regex(texts, _CONTROL).to_numpy(zero_copy_only=False))

    def step(self, column: str) -> Mapping[str, Any]:
        return {
            "kind": "normalise-text",
            "columns": [column],
            "form": "none",
            "whitespace": False,
            "control": True,
        }


class HtmlRemains(TextFault):
    """Texts with tags or character references."""

    kind: ClassVar[str] = "html"
    title: ClassVar[str] = "HTML remains"
    order: ClassVar[int] = 46
    one: ClassVar[str] = "row holds HTML"
    many: ClassVar[str] = "rows hold HTML"
    why: ClassVar[str] = (
        "Tags and references such as “<br>” and “&amp;” are what a page is made of, not what was said. They cost "
        "tokens, and may give away where a row is from."
    )
    fix: ClassVar[str] = "Take out the HTML"

    def suspects(self, texts: pa.Array) -> np.ndarray:
        import pyarrow.compute as pc

        return np.asarray(
            pc.match_substring_regex(texts, "<[/!A-Za-z]|&[#A-Za-z]").to_numpy(zero_copy_only=False)
        )

    def is_faulty(self, text: str) -> bool:
        if _TAG.search(text):
            return True
        return any(not one[1] or f"{one[1]};" in html.entities.html5 for one in _ENTITY.finditer(text))

    def step(self, column: str) -> Mapping[str, Any]:
        return {"kind": "strip-html", "columns": [column]}


def _control_free(text: str) -> str:
    return re.sub("[\x00-\x1f\x7f]", "", text)
