"""Everything that an export menu offers, written and opened again."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.gui.conftest import wait_for_files
from workbench.gui.attention.export_menu import ExportButton, Line
from workbench.gui.workspace import Workspace


def write(
    qtbot: QtBot,
    workspace: Workspace,
    button: ExportButton,
    line: Line,
    path: Path,
    patch: pytest.MonkeyPatch,
) -> Path:
    """Choose a line of the menu and give it a path without an ending."""
    patch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    button.export(line)
    wait_for_files(qtbot, workspace)
    return path.with_suffix(line.kind)


def write_all(
    qtbot: QtBot, workspace: Workspace, button: ExportButton, folder: Path, patch: pytest.MonkeyPatch
) -> dict[str, Path]:
    """Write or copy every line, look whether it can be read again, and return the files by their titles."""
    files = {}
    for number, line in enumerate(button.lines()):
        if line.kind.startswith("."):
            files[line.title.rstrip("…")] = file = write(
                qtbot, workspace, button, line, folder / f"{number}", patch
            )
            readable(file)
            continue
        QGuiApplication.clipboard().clear()
        button.export(line)
        board = QGuiApplication.clipboard()
        assert board.text() if line.kind == "table" else not board.image().isNull()
    return files


def readable(file: Path) -> None:
    """A picture shows something, a table is a rectangle, a page needs nothing from elsewhere."""
    if file.suffix == ".png":
        image = QImage(str(file))
        assert image.width() >= 1000 and len(shades(image)) > 3
    elif file.suffix == ".svg":
        assert "<text" in file.read_text(encoding="utf-8")  # vectors, not one picture
        assert QSvgRenderer(str(file)).isValid()
    elif file.suffix == ".csv":
        widths = {len(row) for row in rows(file)}
        assert len(widths) == 1 and widths != {0}
    elif file.suffix == ".npz":
        with np.load(file) as arrays:
            assert arrays.files and all(arrays[name].size for name in arrays.files)
    else:
        page = file.read_text(encoding="utf-8")
        assert "<section" in page and not re.search(r'(?:src|href)="(?!#|data:|p\d+-)', page)
        names = re.findall(r'\bid="([^"]+)"', page)
        assert len(names) == len(set(names))


def rows(file: Path) -> list[list[str]]:
    """The lines of a table."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def shades(image: QImage) -> set[int]:
    """The colours along a grid of points."""
    return {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
