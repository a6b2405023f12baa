"""The step that keeps some columns and leaves the others out."""

from __future__ import annotations

from dataclasses import replace

from workbench.data.changing import told_columns
from workbench.data.frame import Frame
from workbench.data.step import FIELD, Context, Done, Step
from workbench.run.problem import Problem
from workbench.run.section import field


class KeepColumns(Step):
    """Leaves only the named columns."""

    kind = "keep-columns"
    title = "Keep columns"
    help = "Keeps the columns that you name and leaves all others out."
    group = "columns"

    columns: tuple[str, ...] = field((), "Columns", "The columns that stay.", min_length=1)

    def needs(self) -> tuple[str, ...]:
        return self.columns

    def complaints(self, frame: Frame) -> list[Problem]:
        roles = (("text", frame.text), ("label", frame.label))
        return super().complaints(frame) + [
            Problem(
                f"{self.title}: the {role} column “{name}” would be left out.",
                "Training reads it.",
                f"Add it to the columns that stay, or choose another {role} column.",
                field=FIELD,
            )
            for role, name in roles
            if name and name not in self.columns
        ]

    def apply(self, frame: Frame, context: Context) -> Done:
        kept = [name for name in frame.columns if name in self.columns]
        data = frame.data.select([frame.columns.index(name) for name in kept])
        gone = len(frame.columns) - len(kept)
        return Done(replace(frame, data=data), notes=(f"{gone} of {len(frame.columns)} columns left out",))

    def summary(self) -> str:
        return f"Keep only {told_columns(self.columns)}"
