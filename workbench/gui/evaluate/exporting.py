"""What the Evaluate page hands out: numbers, classes and the confusion matrix as tables, charts as pictures."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.gui.attention.plate import Plate, plate
from workbench.gui.evaluate.tiles import TITLES
from workbench.gui.workspace import Workspace
from workbench.run.evaluated import Evaluated
from workbench.run.files import write_whole
from workbench.run.inside.tables import Table
from workbench.run.problem import bad_input


def number_table(found: Evaluated) -> Table:
    """A line for each number, with the ends of its interval."""
    lines = [["metric", "value", "low", "high"]]
    for number in found.scores.numbers.values() if found.scores else ():
        ends = [number.low, number.high]
        lines.append(
            [number.name, f"{number.value:.6f}", *("" if end is None else f"{end:.6f}" for end in ends)]
        )
    return lines


def class_table(found: Evaluated) -> Table:
    """A line for each class."""
    fields = ("rows", "precision", "recall", "f1", "auc", "average_precision")
    lines = [["class", *fields]]
    classes = found.scores.classes if found.scores else ()
    return lines + [
        [one.name, str(one.rows), *(f"{getattr(one, name):.6f}" for name in fields[1:])] for one in classes
    ]


def confusion_table(found: Evaluated) -> Table:
    """A line for each true class, a column for each predicted one."""
    names = found.rows.names
    lines = [["true \\ predicted", *names]]
    for number, name in enumerate(names if found.scores else ()):
        assert found.scores is not None
        lines.append([name, *(str(int(count)) for count in found.scores.confusion[number])])
    return lines


def picture(widget: QWidget, title: str, found: Evaluated, legend: str, font: QFont) -> Plate:
    """A painted part of the page as a picture of its own."""
    return plate(
        f"{title}: {found.rows.model}",
        f"{len(found.rows)} rows, {found.rows.told}.",
        legend,
        widget,
        font=font,
    )


def title_of(name: str) -> str:
    """A metric as a person reads it."""
    return TITLES.get(name, name.replace("_", " "))


def save_json(parent: QWidget, workspace: Workspace, found: Evaluated | None) -> None:
    """Ask where to, and write the numbers as JSON."""
    if found is None:
        return
    chosen, _ = QFileDialog.getSaveFileName(parent, parent.tr("Numbers as JSON"), "evaluation.json", "*.json")
    if chosen:
        write_json(workspace, found, Path(chosen).with_suffix(".json"))


def write_json(workspace: Workspace, found: Evaluated, path: Path) -> None:
    """Write the numbers of an evaluation as JSON, on the files lane."""

    def work() -> None:
        text = json.dumps(found.as_json(), indent=2, ensure_ascii=False)
        try:
            write_whole(path, text)
        except OSError as error:
            raise bad_input(
                f"The file {path} cannot be written.",
                f"The system says: {error.strerror or error}.",
                "Choose another folder.",
            ) from error

    workspace.session.files.submit(
        lambda desk: work(), done=lambda _: None, failed=workspace.problem_raised.emit
    )
