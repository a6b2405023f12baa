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
    """What there is of one kind."""

    pieces: int = 0
    rows: dict[int, None] = field(default_factory=dict)
    held_out: dict[int, None] = field(default_factory=dict)
    columns: dict[str, None] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)


class PersonalData(Check):
    """Addresses, numbers with check digits, and names."""

    kind: ClassVar[str] = "personal-data"
    title: ClassVar[str] = "Personal data"
    order: ClassVar[int] = 60

    def find(self, frame: Frame, held_out: Frame | None, context: Context) -> list[Finding]:
        """One finding for each kind, over all columns of text but the labels."""
        found: dict[str, _Found] = {}
        for rows, apart in ((frame, False), (held_out, True)):
            for name in rows.columns if rows is not None else ():
                if rows is None or name == rows.label:
                    continue
                for row, _, spans in rows_with_personal_data(rows, name, tuple(KINDS), context):
                    for span in spans:
                        _note(found.setdefault(span.kind, _Found()), rows, row, name, span, apart=apart)
        return [_finding(kind, found[kind]) for kind in KINDS if kind in found]


def _note(of_kind: _Found, frame: Frame, row: int, column: str, span: Span, *, apart: bool) -> None:
    of_kind.pieces += 1
    of_kind.columns[column] = None
    (of_kind.held_out if apart else of_kind.rows)[row] = None
    if len(of_kind.examples) < _EXAMPLES:
        where = "held-out row" if apart else "row"
        more = f" ({span.what})" if span.what else ""
        of_kind.examples.append(f"{where} {row_number(frame, row)}: {outline(span.value)}{more}")


def outline(value: str) -> str:
    """The first character and the outline of the rest: enough to know it again, too little to use it."""
    return value[:1] + "".join("•" if c.isalnum() else c for c in value[1:])


def _finding(kind: str, found: _Found) -> Finding:
    rows = len(found.rows)
    where = counted(rows, "row") if rows or not found.held_out else ""
    apart = counted(len(found.held_out), "held-out row") if found.held_out else ""
    places = " and ".join(part for part in (where, apart) if part)
    verb = "holds" if rows + len(found.held_out) == 1 else "hold"
    severity: Severity = "hint" if kind == "name" else "warning"
    columns = tuple(found.columns)
    return Finding(
        kind=PersonalData.kind,
        title=f"{places} {verb} {KINDS[kind]} ({found.pieces:,} in all)".replace(",", " "),
        why=_WHY.get(kind, _WHY_ELSE),
        severity=severity,
        rows=_places(found.rows),
        count=rows,
        fixes=(
            Fix(f"Replace them by [{kind}]", (_redact(columns, kind, "remove"),)),
            Fix("Replace every letter and digit by a star", (_redact(columns, kind, "mask"),)),
            Fix("Replace them by pseudonyms", (_redact(columns, kind, "pseudonym"),)),
        ),
        examples=tuple(found.examples),
        column=columns[0] if len(columns) == 1 else "",
        held_out=_places(found.held_out) if found.held_out else None,
    )


def _redact(columns: tuple[str, ...], kind: str, how: str) -> Mapping[str, Any]:
    return {"kind": "redact", "columns": list(columns), "what": [kind], "how": how}


def _places(rows: dict[int, None]) -> Indices:
    return np.asarray(sorted(rows), dtype=np.int64)
