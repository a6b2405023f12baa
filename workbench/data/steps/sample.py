"""The step that takes some of the rows by chance."""

from __future__ import annotations

from workbench.data.changing import chance, lowest
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.data.suggest import counted
from workbench.run.section import field


class Sample(Step):
    """Takes so many rows by chance, in the file's order."""

    kind = "sample"
    title = "Take a sample"
    help = "Takes some of the rows by chance, for a first try. The same seed takes the same rows."
    group = "rows"

    rows: int = field(1000, "Rows", "How many rows to take.", unit="rows", ge=1)

    def apply(self, frame: Frame, context: Context) -> Done:
        if frame.rows <= self.rows:
            return Done(frame)
        chosen = lowest(chance(frame, context, "sample"), self.rows)
        return Done(frame.take(chosen), removed=frame.rows - self.rows)

    def summary(self) -> str:
        return f"Take {counted(self.rows, 'row')} by chance"
