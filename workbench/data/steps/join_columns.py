"""The step that joins several columns into one, with a template."""

from __future__ import annotations

import re
from dataclasses import replace

from workbench.data.changing import told_columns
from workbench.data.frame import Frame
from workbench.data.step import FIELD, Context, Done, Step
from workbench.data.tables import PORTION
from workbench.run.problem import Problem
from workbench.run.section import field

_PLACE = re.compile(r"\{([^{}\n]+)\}")


class JoinColumns(Step):
    """Writes the values of several columns into one."""

    kind = "join-columns"
    title = "Join columns"
    help = "Puts several columns together into one text, such as a title and a body."
    group = "columns"
    idempotent = False

    columns: tuple[str, ...] = field(
        (), "Columns", "The columns to join, one below the other, where there is no template."
    )
    template: str = field(
        "", "Template", "The text to make, with the columns' names in braces, such as {title}: {body}."
    )
    into: str = field("joined", "Into", "The column that is made or replaced.", min_length=1)

    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.columns, *_PLACE.findall(self.template))))

    def complaints(self, frame: Frame) -> list[Problem]:
        if self.needs():
            return super().complaints(frame)
        return [
            Problem(
                f"{self.title}: no column is named.",
                "Neither the list of columns nor the template names one.",
                "Name the columns, or write a template such as {title}: {body}.",
                field=FIELD,
            )
        ]

    def apply(self, frame: Frame, context: Context) -> Done:
        used = self._used()
        template = self.template or "\n".join(f"{{{name}}}" for name in used)
        joined: list[str | None] = []
        for start in range(0, frame.rows, PORTION):
            context.check()
            parts = [frame.column(name, start, start + PORTION) for name in used]
            for values in zip(*parts, strict=True):
                row = dict(zip(used, values, strict=True))
                empty = all(value is None for value in values)
                joined.append(None if empty else self._filled(template, row))
        made = frame.with_column(self.into, joined)
        # The text column follows; labels are joined only where no text is.
        if frame.text in used:
            made = replace(made, text=self.into)
        elif frame.label in used:
            made = replace(made, label=self.into)
        return Done(made, changed=frame.rows)

    def summary(self) -> str:
        return f"Join {told_columns(self._used())} into “{self.into}”"

    def _used(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_PLACE.findall(self.template))) or self.columns

    def _filled(self, template: str, row: dict[str, str | None]) -> str:
        if self.template:
            return _PLACE.sub(lambda place: row[place[1]] or "", template)
        return "\n".join(value for value in row.values() if value)
