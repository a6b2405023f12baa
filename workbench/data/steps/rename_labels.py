"""The step that renames labels and merges them."""

from __future__ import annotations

from workbench.data.changing import change_cells, labels_of
from workbench.data.frame import Frame
from workbench.data.step import FIELD, Context, Done, Step
from workbench.data.suggest import did_you_mean, listed
from workbench.run.problem import Problem
from workbench.run.section import field


class RenameLabels(Step):
    """Gives labels other names; two labels with the same new name become one."""

    kind = "rename-labels"
    title = "Rename or merge labels"
    help = "Gives classes other names; classes that get the same name become one."
    group = "labels"
    reads_label = True
    idempotent = False

    names: dict[str, str] = field({}, "Names", "Each label with its new name.", min_length=1)

    def complaints(self, frame: Frame) -> list[Problem]:
        return super().complaints(frame) + [
            Problem(
                f"{self.title}: the label “{old}” of “{frame.label}” would have no name.",
                "A row without a label is not learned from.",
                "Give it a name, or filter its rows out.",
                field=FIELD,
            )
            for old, new in self.names.items()
            if not new.strip()
        ]

    def apply(self, frame: Frame, context: Context) -> Done:
        names = {old.strip(): new.strip() for old, new in self.names.items()}
        there = set(labels_of(frame))
        unused = [
            f"no row has the label “{old}”. {did_you_mean(old, there)}".strip()
            for old in names
            if old not in there
        ]

        def renamed(value: str | None) -> str | None:
            return value if value is None else names.get(value.strip(), value)

        return change_cells(frame, (frame.label,), renamed, context, *unused)

    def summary(self) -> str:
        return f"Rename {listed([f'“{old}” to “{new}”' for old, new in self.names.items()], 4)}"
