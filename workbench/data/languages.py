"""Says in which languages texts are written, from a sample of them."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.data.frame import Frame
from workbench.data.tables import Table

#: Texts that are looked at: about a second.
SAMPLE = 1000
#: What a text must be recognised with to count; below that it is too short, or names and numbers.
SURE = 0.5

#: The model's word for what is no language.
UNKNOWN = "zxx"

_SHOWN = 400  # characters of a text; more make nothing surer
_LOCK = threading.Lock()

_TABLE = (
    "af:Afrikaans am:Amharic ar:Arabic ary:Moroccan_Arabic arz:Egyptian_Arabic as:Assamese az:Azerbaijani "
    "ba:Bashkir be:Belarusian bg:Bulgarian bn:Bengali br:Breton bs:Bosnian ca:Catalan cs:Czech cy:Welsh "
    "da:Danish de:German dz:Dzongkha el:Greek en:English eo:Esperanto es:Spanish et:Estonian eu:Basque "
    "fa:Persian fi:Finnish fo:Faroese fr:French fy:Frisian ga:Irish gd:Scottish_Gaelic gl:Galician gu:Gujarati "
    "ha:Hausa he:Hebrew hi:Hindi hr:Croatian ht:Haitian_Creole hu:Hungarian hy:Armenian id:Indonesian ig:Igbo "
    "is:Icelandic it:Italian ja:Japanese jv:Javanese ka:Georgian kk:Kazakh km:Khmer kn:Kannada ko:Korean "
    "ku:Kurdish ky:Kyrgyz la:Latin lb:Luxembourgish lg:Luganda ln:Lingala lo:Lao lt:Lithuanian lv:Latvian "
    "mg:Malagasy mk:Macedonian ml:Malayalam mn:Mongolian mr:Marathi ms:Malay mt:Maltese my:Burmese ne:Nepali "
    "nl:Dutch nn:Norwegian_Nynorsk no:Norwegian oc:Occitan om:Oromo or:Odia pa:Punjabi pl:Polish ps:Pashto "
    "pt:Portuguese qu:Quechua ro:Romanian ru:Russian rw:Kinyarwanda sa:Sanskrit si:Sinhala sk:Slovak "
    "sl:Slovenian sn:Shona so:Somali sq:Albanian sr:Serbian st:Sotho sv:Swedish sw:Swahili ta:Tamil te:Telugu "
    "tg:Tajik th:Thai tk:Turkmen tl:Tagalog tr:Turkish tt:Tatar ug:Uyghur uk:Ukrainian ur:Urdu uz:Uzbek "
    "vi:Vietnamese wuu:Wu_Chinese xh:Xhosa yo:Yoruba yue:Cantonese zh:Chinese zu:Zulu"
)
_NAMES = {code: name.replace("_", " ") for code, name in (pair.split(":") for pair in _TABLE.split())}


@dataclass(frozen=True, slots=True)
class Language:
    """A language, its ISO 639 code, and how many texts of the sample are written in it."""

    code: str
    name: str
    texts: int


@dataclass(frozen=True, slots=True)
class Languages:
    """What a sample of texts is written in.

    Attributes:
        found: The languages, the most frequent first.
        unsure: Texts that were too short to tell, or in no language.
        sampled: How many texts were looked at.
    """

    found: tuple[Language, ...]
    unsure: int
    sampled: int

    def share(self, language: Language) -> float:
        """A language's share of the texts that were recognised."""
        return language.texts / max(1, self.sampled - self.unsure)


def languages_of(
    table: Table | Frame, column: str, check: Callable[[], object] = lambda: None, most: int = SAMPLE
) -> Languages:
    """The languages of a column's texts, from at most `most` of them, evenly spaced.

    The first call in a process reads the model, which takes two seconds.

    Args:
        table: The rows.
        column: The column of texts.
        check: Called every few texts; raises when nobody waits for the answer any more.
        most: How many texts to look at.
    """
    rows = range(table.rows) if table.rows <= most else [i * table.rows // most for i in range(most)]
    values = table.data.column(table.columns.index(column)).take(list(rows)).to_pylist()
    return languages((str(value) for value in values if value is not None), check)


def languages(texts: Iterable[str], check: Callable[[], object] = lambda: None) -> Languages:
    """The languages of these texts; blank ones are not counted."""
    codes = language_codes([text for text in texts if text.strip()], check)
    counts = Counter(codes)
    unsure = counts.pop(UNKNOWN, 0)
    found = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return Languages(tuple(Language(code, name_of(code), n) for code, n in found), unsure, len(codes))


def language_codes(texts: Sequence[str], check: Callable[[], object] = lambda: None) -> tuple[str, ...]:
    """The ISO 639 code of each text's language; `UNKNOWN` where it is too short to tell, or in none."""
    codes = []
    for number, text in enumerate(texts):
        if number % 20 == 0:
            check()
        # One identifier for all threads: it is not safe to be asked by two at once.
        with _LOCK:
            code, confidence = _identifier().classify(text[:_SHOWN])
        codes.append(code if confidence >= SURE else UNKNOWN)
    return tuple(codes)


def name_of(code: str) -> str:
    """A language's English name; its code where it has none here."""
    return _NAMES.get(code, code)


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
