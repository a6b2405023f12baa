"""The step that gives texts one Unicode form, plain blanks, and no control characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from workbench.data.changing import change_texts, told_columns
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.run.section import field

# Control characters but blanks and line ends, and marks that nobody sees: zero-width space, word joiner, byte-order
# mark, soft hyphen. The joiners U+200C and U+200D stay: Persian, Hindi and emoji need them.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff]")
_PAGE_ENDS = re.compile("[\x0b\x0c]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n ]")  # all but a single space, which stays as it is
_AROUND_LINES = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")


class NormaliseText(Step):
    """Makes texts that look the same be the same."""

    kind = "normalise-text"
    title = "Normalise characters and blanks"
    help = (
        "Makes texts that look alike equal: one form for accented letters, single blanks, nothing invisible."
    )
    group = "texts"

    columns: tuple[str, ...] = field((), "Columns", "The columns to normalise. None: the text.")
    form: Literal["NFC", "NFKC", "none"] = field(
        "NFC",
        "Unicode form",
        "NFC joins letters and accents; NFKC also replaces ligatures, full-width letters and raised digits.",
    )
    whitespace: bool = field(True, "Blanks", "Runs of blanks become one; blanks at the ends go.")
    control: bool = field(True, "Control characters", "Control characters and invisible marks go.")

    def needs(self) -> tuple[str, ...]:
        return self.columns or ("",)

    def apply(self, frame: Frame, context: Context) -> Done:
        return change_texts(frame, self.columns, self._normalised, context)

    def summary(self) -> str:
        what: list[str] = [self.form] if self.form != "none" else []
        what += ["blanks"] if self.whitespace else []
        what += ["control characters"] if self.control else []
        return f"Normalise {told_columns(self.columns)} ({', '.join(what) or 'nothing'})"

    def _normalised(self, text: str) -> str:
        if self.control:
            text = _CONTROL.sub("", _PAGE_ENDS.sub("\n", text))
        if self.form != "none":
            text = unicodedata.normalize(self.form, text)
        if self.whitespace:
            text = _BLANKS.sub(" ", _LINE_ENDS.sub("\n", text)).strip()
            if "\n" in text:
                text = _EMPTY_LINES.sub("\n\n", _AROUND_LINES.sub("\n", text))
        return text
