"""The step that takes HTML out of texts: tags, scripts, styles, comments, and characters written as entities."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from workbench.data.changing import change_texts, told_columns
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.run.section import field

_CODE = frozenset({"script", "style"})
_HIDDEN = _CODE | {"template", "noscript", "svg", "math", "iframe"}
_BLOCKS = (
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav object ol "
    "optgroup option p pre search section select summary table tbody td tfoot th thead title tr ul"
)
_INLINE = (
    "a abbr acronym area audio b base basefont bdi bdo big button canvas cite code col colgroup data datalist del "
    "dfn em embed font frame i img input ins kbd label link map mark meta meter nobr noframes optgroup output "
    "param picture progress q rp rt ruby s samp slot small source span strike strong sub sup textarea time track "
    "tt u var video wbr"
)
_BLOCK_NAMES = frozenset(_BLOCKS.split())
_ELEMENTS = _HIDDEN | _BLOCK_NAMES | frozenset(_INLINE.split())
_AROUND_LINES = re.compile(r"[^\S\n]*\n\s*")
#: Texts are often escaped twice or three times; what is deeper is no accident.
_DEPTH = 10


class StripHtml(Step):
    """Leaves the text that a browser would show."""

    kind = "strip-html"
    title = "Strip HTML"
    help = (
        "Takes out tags, scripts and comments, and writes entities such as &amp; as the characters they mean."
    )
    group = "texts"

    columns: tuple[str, ...] = field((), "Columns", "The columns to clean. None: the text.")

    def needs(self) -> tuple[str, ...]:
        return self.columns or ("",)

    def apply(self, frame: Frame, context: Context) -> Done:
        return change_texts(frame, self.columns, without_html, context)

    def summary(self) -> str:
        return f"Strip HTML from {told_columns(self.columns)}"


def without_html(text: str) -> str:
    """The text without HTML.

    Only the tags of HTML's own elements go: <user> or <unk> may be a word of the text. It is done until nothing
    changes, since scraped texts are often escaped twice.
    """
    for _ in range(_DEPTH):
        if "<" not in text and "&" not in text:
            break
        cleaned = _Reader().read(text)
        if cleaned == text:
            break
        text = cleaned
    return text


class _Reader(HTMLParser):
    """Collects what is no tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._unseen: list[str] = []  # what stands inside hidden elements
        self._hidden: list[str] = []
        self._tags = False

    def read(self, text: str) -> str:
        """The text of a document; where a tag was taken out, surplus line breaks go as well."""
        self.feed(text)
        self.close()
        if self._hidden and not _CODE & set(self._hidden):
            self._parts += self._unseen  # an element that never ends hides nothing
        joined = "".join(self._parts).replace("<!--", "")  # a comment that never ends
        return _AROUND_LINES.sub("\n", joined).strip() if self._tags else joined

    def handle_data(self, data: str) -> None:
        (self._unseen if self._hidden else self._parts).append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        # "a <b and c> d" is a formula: names of one letter carry attributes with values, or none.
        formula = len(tag) == 1 and bool(attrs) and all(value is None for _, value in attrs)
        if tag not in _ELEMENTS or formula:
            self.handle_data(self.get_starttag_text() or "")
            return
        self._tags = True
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _BLOCK_NAMES:
            self._parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        if tag not in _HIDDEN:
            self.handle_starttag(tag, attrs)
        else:
            self._tags = True

    def handle_endtag(self, tag: str) -> None:
        if tag not in _ELEMENTS:
            self.handle_data(f"</{tag}>")
            return
        self._tags = True
        if tag in self._hidden:
            self._hidden.remove(tag)
            if not self._hidden:
                self._unseen.clear()
        elif tag in _BLOCK_NAMES:
            self._parts.append("\n")

    def handle_comment(self, data: str) -> None:
        self._tags = True

    def handle_decl(self, decl: str) -> None:
        self._tags = True

    def handle_pi(self, data: str) -> None:
        self._tags = True

    def unknown_decl(self, data: str) -> None:
        self._tags = True
