"""The step that takes personal data out of texts: removed, masked, or replaced by pseudonyms."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from workbench.data.frame import Frame
from workbench.data.personal import KINDS, Span, json_value, personal_spans, rows_with_personal_data
from workbench.data.step import FIELD, Context, Done, Step
from workbench.data.suggest import counted, did_you_mean, listed
from workbench.data.tables import PORTION
from workbench.run.problem import Problem
from workbench.run.section import field

if TYPE_CHECKING:
    import pyarrow as pa

_AGAIN = 5


class Redact(Step):
    """Takes personal data out of texts."""

    kind = "redact"
    title = "Hide personal data"
    help = "Takes e-mail addresses, numbers of all sorts and names out of the texts."
    group = "personal data"

    columns: tuple[str, ...] = field(
        (), "Columns", "Where to look. Empty: in every column of text but the labels."
    )
    what: tuple[str, ...] = field((), "What", f"Any of {', '.join(KINDS)}. Empty: all of them.")
    how: Literal["remove", "mask", "pseudonym"] = field(
        "remove",
        "How",
        "remove writes [email] and the like; mask writes a star for each letter and digit; pseudonym writes an "
        "invented value, the same one for the same person everywhere.",
    )
    key_variable: str = field(
        "",
        "Key",
        "The environment variable that holds a secret key for pseudonyms. Empty: the seed is the key, and whoever "
        "knows the recipe can find out whose pseudonym one is by trying values.",
        advanced=True,
    )

    def needs(self) -> tuple[str, ...]:
        return self.columns

    def complaints(self, frame: Frame) -> list[Problem]:
        found = super().complaints(frame)
        for kind in self.what:
            if kind not in KINDS:
                found.append(
                    Problem(
                        f"{self.title}: there is no kind of personal data {kind!r}.",
                        f"The kinds are: {listed(tuple(KINDS), 20)}.",
                        f"{did_you_mean(kind, KINDS)} Choose one of these, or none for all.".strip(),
                        field=FIELD,
                    )
                )
        if self.how == "pseudonym" and self.key_variable and not os.environ.get(self.key_variable):
            found.append(
                Problem(
                    f"{self.title}: the key for the pseudonyms is not set.",
                    f"The recipe takes it from the environment variable {self.key_variable}, which is empty.",
                    "Set it to the key that was used before, or to a new one, and start again.",
                    field=FIELD,
                )
            )
        return found

    def apply(self, frame: Frame, context: Context) -> Done:
        write = self._writer(context.seed)
        kinds = self.what or tuple(KINDS)
        columns = self.columns or tuple(name for name in frame.columns if name != frame.label)
        touched: set[int] = set()
        counts: dict[str, int] = {}
        for name in columns:
            changed: dict[int, str] = {}
            for row, text, spans in rows_with_personal_data(frame, name, kinds, context):
                inside = json_value(text)
                changed[row] = (
                    _redacted(text, kinds, write)
                    if inside is None
                    else json.dumps(_redacted_json(inside, kinds, write), ensure_ascii=False)
                )
                for span in spans:
                    counts[span.kind] = counts.get(span.kind, 0) + 1
            if changed:
                frame = _with_values(frame, name, changed, context)
                touched |= changed.keys()
        found = [counted(counts[kind], one, KINDS[kind]) for kind, one in _ONE.items() if kind in counts]
        return Done(frame, changed=len(touched), notes=(f"Hidden: {listed(found)}.",) if found else ())

    def summary(self) -> str:
        done = {"remove": "Remove", "mask": "Mask", "pseudonym": "Replace by pseudonyms:"}[self.how]
        what = listed([KINDS.get(kind, kind) for kind in self.what], 3) or "all personal data"
        where = f" in {listed(self.columns, 3)}" if self.columns else ""
        return f"{done} {what}{where}"

    def _writer(self, seed: int) -> Callable[[Span], str]:
        if self.how == "remove":
            return lambda span: f"[{span.kind}]"
        if self.how == "mask":
            return lambda span: "".join("*" if c.isalnum() else c for c in span.value)
        from workbench.data.pseudonyms import Pseudonyms

        return Pseudonyms(seed, os.environ.get(self.key_variable, "") if self.key_variable else "").of


#: One of each kind, for counts.
_ONE = {
    "email": "e-mail address",
    "iban": "bank account number (IBAN)",
    "card": "payment card number",
    "identity": "national identity number",
    "phone": "telephone number",
    "ip": "IP address",
    "name": "name of a person",
}


def _redacted(text: str, kinds: tuple[str, ...], write: Callable[[Span], str]) -> str:
    """The text without them. What only shows once something before it is gone is taken as well."""
    for _ in range(_AGAIN):
        spans = personal_spans(text, kinds)
        if not spans:
            break
        for span in reversed(spans):
            text = text[: span.start] + write(span) + text[span.end :]
    return text


def _redacted_json(value: Any, kinds: tuple[str, ...], write: Callable[[Span], str]) -> Any:
    if isinstance(value, str):
        return _redacted(value, kinds, write)
    if isinstance(value, dict):
        return {key: _redacted_json(item, kinds, write) for key, item in value.items()}
    if isinstance(value, list):
        return [_redacted_json(item, kinds, write) for item in value]
    return value


def _with_values(frame: Frame, name: str, changed: dict[int, str], context: Context) -> Frame:
    """The frame with some values of a column replaced; portions without any are shared with the old one."""
    import pyarrow as pa

    place = frame.columns.index(name)
    old = frame.data.column(place).cast(pa.large_string())
    portions: list[pa.Array] = []
    for start in range(0, len(old), PORTION):
        context.check()
        portion = old.slice(start, PORTION)
        here = [row for row in range(start, start + len(portion)) if row in changed]
        if here:
            values = portion.to_pylist()
            for row in here:
                values[row - start] = changed[row]
            portions.append(pa.array(values, pa.large_string()))
        else:
            portions += portion.chunks
    return replace(
        frame, data=frame.data.set_column(place, name, pa.chunked_array(portions, pa.large_string()))
    )
