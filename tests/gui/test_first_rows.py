"""A large file shows its first rows while the rest is read, and then all of them."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from workbench.gui.panes.data import DataPane
from workbench.gui.workspace import Workspace
from workbench.session.reading import FIRST_ROWS_FROM, Reading


def test_the_first_rows_are_there_while_the_rest_is_read(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    pane = DataPane(workspace)
    pane.resize(1100, 800)
    qtbot.addWidget(pane)
    rest = "0" * 3000  # of which nobody counts the tokens
    row = f"it rained,sad,{rest}\nthe sun shone,glad,{rest}\n"
    rows = FIRST_ROWS_FROM // len(row) + 1
    file = tmp_path / "large.csv"
    file.write_text("text,label,picture\n" + row * rows, encoding="utf-8")
    seen: list[tuple[bool, int, str]] = []

    def look(reading: Reading) -> None:
        first = pane.first_rows
        if not seen:
            workspace.recipe_changed.emit()  # whatever else happens meanwhile
        seen.append((pane.stack.currentWidget() is first, first.model.rowCount(), first.words.text()))

    workspace.data_read.connect(look)
    workspace.choose_data(str(file))
    qtbot.waitUntil(lambda: not workspace.data_busy, timeout=60_000)
    assert seen and all(shown and count == 200 for shown, count, _ in seen)
    assert "first 200 rows" in seen[0][2] and " 0 %" in seen[0][2]
    assert seen[-1][2] != seen[0][2]
    assert pane.stack.currentWidget() is pane.table_page
    assert pane.table_page.rows.model.rowCount() == 2 * rows
