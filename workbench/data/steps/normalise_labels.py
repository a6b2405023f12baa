"""The step that gives labels that are written in several ways one spelling."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.data.changing import change_cells
from workbench.data.classes import label_classes
from workbench.data.frame import Frame
from workbench.data.step import Context, Done, Step
from workbench.data.strings import same_label


class NormaliseLabels(Step):
    """Makes one class of “Late”, “late” and “late ”, under the name that is used most."""

    kind = "normalise-labels"
    title = "One spelling for each label"
    help = "Makes one class of labels that differ only in capitals, blanks or the form of their characters."
    group = "labels"
    reads_label = True

    def apply(self, frame: Frame, context: Context) -> Done:
        classes = label_classes(frame)
        if classes is None:
            return Done(frame)
        chosen = {same_label(name): name for name in classes.names}
        before = sum(map(len, classes.spellings))
        notes = (f"{before} spellings became {len(chosen)}",) if before > len(chosen) else ()
        return replace(_spelt(frame, chosen, context), notes=notes, found=chosen)

    def again(self, frame: Frame, found: Any, context: Context) -> Done:
        chosen: dict[str, str] = found or {}
        classes = label_classes(frame)
        own = {same_label(name): name for name in classes.names} if classes else {}
        return _spelt(frame, own | chosen, context)


def _spelt(frame: Frame, chosen: dict[str, str], context: Context) -> Done:
    """Each label as it is to be spelt."""
    return change_cells(
        frame,
        (frame.label,),
        lambda value: chosen.get(same_label(value), value) if value else value,
        context,
    )
