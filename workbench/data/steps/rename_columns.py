"""The step that gives columns other names."""

from __future__ import annotations

from collections import Counter

from workbench.data.changing import renamed_column
from workbench.data.frame import Frame
from workbench.data.step import FIELD, Context, Done, Step
from workbench.data.suggest import listed
from workbench.run.problem import Problem
from workbench.run.section import field


class RenameColumns(Step):
    """Calls columns otherwise; the text and label columns may be among them."""

    kind = "rename-columns"
    title = "Rename columns"
    help = "Gives columns other names, so that files of different origin look alike."
    group = "columns"
    idempotent = False

    names: dict[str, str] = field({}, "Names", "Each old name with the new one.", min_length=1)

    def needs(self) -> tuple[str, ...]:
        return tuple(self.names)

    def complaints(self, frame: Frame) -> list[Problem]:
        after = Counter(self.names.get(name, name) for name in frame.columns)
        twice = [name for name, count in after.items() if count > 1]
        unnamed = [old for old, new in self.names.items() if not new.strip()]
        return [
            *super().complaints(frame),
            *(self._wrong(f"two columns would be called “{name}”") for name in twice),
            *(self._wrong(f"“{old}” would have no name") for old in unnamed),
        ]

    def apply(self, frame: Frame, context: Context) -> Done:
        return Done(renamed_column(frame, self.names), notes=(f"{listed(self._told(), 4)}",))

    def summary(self) -> str:
        return f"Rename {listed(self._told(), 4)}"

    def _told(self) -> list[str]:
        return [f"“{old}” to “{new}”" for old, new in self.names.items()]

    def _wrong(self, what: str) -> Problem:
        return Problem(f"{self.title}: {what}.", "", "Choose another name.", field=FIELD)
