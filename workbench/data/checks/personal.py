"""The check that finds personal data in texts, and shows no more of it than its outline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from workbench.data.check import Check, Finding, Fix, Severity
from workbench.data.examples import row_number
from workbench.data.frame import Frame, Indices
from workbench.data.personal import KINDS, Span, rows_with_personal_data
from workbench.data.step import Context
from workbench.data.suggest import counted

_EXAMPLES = 3
_WHY = {
    "name": "A model can repeat names that it has learnt. They are found by a list of given names, which misses "
    "many and now and then takes a title or a character for a person: look first, and do not rely on it.",
    "ip": "An IP address can lead to a person, and a model can repeat what it has learnt.",
}
_WHY_ELSE = (
    "A model can repeat what it has learnt, and whoever gets the model or the data gets this with it. In many places "
    "the law asks that it is taken out."
)


@dataclass(slots=True)
class _Found:
    """What there is of one kind in one column."""

    pieces: int = 0
    rows: dict[int, None] = field(default_factory=dict)
    held_out: dict[int, None] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)


class PersonalData(Check):
    """Addresses, numbers with check digits, and names."""

    kind: ClassVar[str] = "personal-data"
    title: ClassVar[str] = "Personal data"
    order: ClassVar[int] = 60

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        """One finding for each kind and column of text but the labels."""
        found: dict[tuple[str, str], _Found] = {}
        for rows, apart in ((frame, False), (held_out, True)):
            for name in rows.columns if rows is not None else ():
                if rows is None or name == rows.label:
                    continue
                for row, _, spans in rows_with_personal_data(rows, name, tuple(KINDS), context):
                    for span in spans:
                        _note(found.setdefault((span.kind, name), _Found()), rows, row, span, apart=apart)
        columns = dict.fromkeys((*frame.columns, *(held_out.columns if held_out is not None else ())))
        each = [(kind, name) for kind in KINDS for name in columns if (kind, name) in found]
        return [_finding(kind, name, found[kind, name], name == frame.text) for kind, name in each]


def _note(of_kind: _Found, frame: Frame, row: int, span: Span, *, apart: bool) -> None:
    of_kind.pieces += 1
    (of_kind.held_out if apart else of_kind.rows)[row] = None
    if len(of_kind.examples) < _EXAMPLES:
        where = "held-out row" if apart else "row"
        more = f" ({span.what})" if span.what else ""
        of_kind.examples.append(f"{where} {row_number(frame, row)}: {outline(span.value)}{more}")


def outline(value: str) -> str:
    """The first character and the outline of the rest: enough to know it again, too little to use it."""
    return value[:1] + "".join("•" if c.isalnum() else c for c in value[1:])


def _finding(kind: str, column: str, found: _Found, is_text: bool) -> Finding:
    rows = len(found.rows)
    where = counted(rows, "row") if rows or not found.held_out else ""
    apart = counted(len(found.held_out), "held-out row") if found.held_out else ""
    places = " and ".join(part for part in (where, apart) if part)
    verb = "holds" if rows + len(found.held_out) == 1 else "hold"
    severity: Severity = "hint" if kind == "name" else "warning"
    inside = "" if is_text else f" in “{column}”"
    return Finding(
        kind=PersonalData.kind,
        title=f"{places} {verb} {KINDS[kind]}{inside} ({found.pieces:,} in all)".replace(",", " "),
        why=_WHY.get(kind, _WHY_ELSE),
        severity=severity,
        rows=_places(found.rows),
        count=rows,
        fixes=(
            Fix(f"Replace them by [{kind}]", (_redact(column, kind, "remove"),)),
            Fix("Replace every letter and digit by a star", (_redact(column, kind, "mask"),)),
            Fix("Replace them by pseudonyms", (_redact(column, kind, "pseudonym"),)),
        ),
        examples=tuple(found.examples),
        column=column,
        about=kind,
        held_out=_places(found.held_out) if found.held_out else None,
    )


def _redact(column: str, kind: str, how: str) -> Mapping[str, Any]:
    return {"kind": "redact", "columns": [column], "what": [kind], "how": how}


def _places(rows: dict[int, None]) -> Indices:
    return np.asarray(sorted(rows), dtype=np.int64)
