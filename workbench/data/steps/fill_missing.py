"""The step that fills in what is missing."""

from __future__ import annotations

from workbench.data.changing import change_cells, named_columns, told_columns
from workbench.data.frame import Frame
from workbench.data.step import FIELD, Context, Done, Step
from workbench.run.problem import Problem
from workbench.run.section import field


class FillMissing(Step):
    """Writes a value where there is none."""

    kind = "fill-missing"
    title = "Fill in missing values"
    help = "Writes one value into every empty cell of a column, such as “other” where a label is missing."
    group = "rows"

    column: str = field("", "Column", "The column to fill. Empty: the text.")
    value: str = field("", "Value", "What stands where nothing stood.")

    def needs(self) -> tuple[str, ...]:
        return (self.column,)

    def complaints(self, frame: Frame) -> list[Problem]:
        found = super().complaints(frame)
        if not self.value.strip():
            name = told_columns([self.column])
            found.append(
                Problem(f"{self.title}: nothing is filled into {name}.", "The value is blank.", field=FIELD)
            )
        return found

    def apply(self, frame: Frame, context: Context) -> Done:
        return change_cells(
            frame,
            named_columns(frame, (self.column,)),
            lambda value: value if value and value.strip() else self.value,
            context,
        )

    def summary(self) -> str:
        return f"Fill {told_columns([self.column])} with “{self.value}” where it is missing"
