"""Renders the pictures of the Data page: findings, table and labelling, on messy messages that no person wrote.

Run it in the repository's root: `python docs/pictures/data_pages.py [FOLDER]`.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from photographer import Photographer
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QApplication

from workbench.gui.app import make_window
from workbench.gui.data.card_parts import bring_to_sight
from workbench.gui.data.side import FINDINGS
from workbench.gui.panes.data import DataPane
from workbench.run.home import Home
from workbench.run.resources import resources_folder

COLUMNS = ("received", "channel", "message", "topic")
HELD_OUT = 240


def write_messages(folder: Path) -> tuple[Path, Path]:
    """A file to learn from with faults of all sorts, and one to measure on; from the shipped, invented messages."""
    chance = random.Random(4)
    with (resources_folder() / "datasets" / "support-messages.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        found = [(row["text"], row["label"], row["channel"]) for row in csv.DictReader(file)]
    rows = [
        [f"2026-{1 + i // 190:02d}-{1 + i % 28:02d}", channel, text, label]
        for i, (text, label, channel) in enumerate(found)
    ]
    held_out, rows = rows[:HELD_OUT], rows[HELD_OUT:]
    for place, how in _faults(chance, len(rows)):
        how(rows[place])
    rows += [list(row) for row in chance.sample(rows[60:], 34)]
    rows += [[row[0], row[1], f"{row[2]} ", row[3]] for row in held_out[10:28]]
    chance.shuffle(rows[200:])
    paths = folder / "front desk messages.csv", folder / "front desk, held out.csv"
    for path, part in zip(paths, (rows, held_out), strict=True):
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *part])
    return paths


def _faults(chance: random.Random, rows: int) -> list[tuple[int, Callable[[list[str]], None]]]:
    """Which rows get which fault; each row at most one."""

    def text(change: Callable[[str], str]) -> Callable[[list[str]], None]:
        def put(row: list[str]) -> None:
            row[2] = change(row[2])

        return put

    def label(change: Callable[[str], str]) -> Callable[[list[str]], None]:
        def put(row: list[str]) -> None:
            row[3] = change(row[3])

        return put

    wanted = (
        (46, label(lambda _: "")),
        (23, text(lambda said: f"<p>{said}</p><br>")),
        (14, text(lambda said: f"{said} You can write to j.doe{len(said)}@example.com")),
        (9, text(lambda said: f"{said} My number is +44 20 7946 0{len(said) % 900 + 100:03d}.")),
        (3, text(lambda said: f"{said} I paid with card 4111 1111 1111 1111.")),
        (12, text(lambda said: said.replace("'", "â€™") + " The cafÃ© told me so.")),
        (5, text(lambda _: "")),
    )
    places = iter(chance.sample(range(60, rows), sum(count for count, _ in wanted)))
    return [(next(places), how) for count, how in wanted for _ in range(count)]


class DataPhotographer(Photographer):
    """Leads the window through the Data page."""

    def take(self, learn: Path, held_out: Path) -> None:
        """All pictures of a data set."""
        workspace, window = self.workspace, self.bench.window
        workspace.choose_data(str(learn))
        workspace.set_field("data.validation", str(held_out))
        window.show_page("data")
        pane = window.centre.pane("data")
        assert isinstance(pane, DataPane)
        self._settle()
        pane.path.setText(f"~/messages/{learn.name}")  # the folder of this picture is of no interest
        self._findings(pane)
        self._table(pane)
        pane.label_by_hand()
        for name in ("delivery", "fault"):
            pane.labelling.choose(name)
        self._settle()
        self.shoot("data-labelling")

    def _findings(self, pane: DataPane) -> None:
        page = pane.table_page
        page.show_problems()
        self._settle()
        card = page.side.findings
        leaks = next(row for row in card.rows if row.finding.kind == "leaks")
        leaks.head.click()
        page.show_finding(leaks.finding)
        self._settle()
        bring_to_sight(leaks.ignore)
        self.shoot("data-findings")
        page.rows.filter.chip.cross.click()
        leaks.head.click()

    def _table(self, pane: DataPane) -> None:
        page, rows = pane.table_page, pane.table_page.rows
        rows.filter.field.setText("parcel")
        self.idle(600)
        self._settle()
        model, view = rows.model, rows.view
        label = model.label
        column = COLUMNS.index(label)
        rows.view.many.set_label([1, 4], "returns" if "returns" in view.classes else view.classes[-1])
        rows.edits.set_note(model.place(6), "Ask the front desk what was meant")
        rows.edits.drop(model.place(8))
        model.setData(model.index(10, 2), "Where is my parcel? It should have come on Monday.")
        self._settle()
        view.setCurrentIndex(model.index(3, column))
        flags = QItemSelectionModel.SelectionFlag
        for place in (4, 5, 10):
            view.selectionModel().select(model.index(place, 0), flags.Select | flags.Rows)
        page.side.show_page("about")
        pane.path.setText(f"~/messages/{Path(self.workspace.recipe.data.train).name}")
        self.shoot("data-table")
        page.side.show_page(FINDINGS)

    def _settle(self) -> None:
        workspace = self.workspace
        self.idle(100)
        self.wait(lambda: not (workspace.data_busy or workspace.mending.busy or workspace.mending.waiting))
        self.idle(300)


def main() -> None:
    """Write the pictures beside this file, or into the folder that is named."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(["workbench"])
    with tempfile.TemporaryDirectory() as folder:
        bench = make_window(Home(Path(folder) / "home"))
        try:
            DataPhotographer(bench, app, out).take(*write_messages(Path(folder)))
        finally:
            bench.close()


if __name__ == "__main__":
    main()
