"""What the menu of a run does with its report: open it, write it anew, and save it as a PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from workbench.gui.icons import icon
from workbench.run.folder import RunFolder, RunSummary, slug

if TYPE_CHECKING:
    from workbench.gui.workspace import Workspace


def add_report_actions(menu: QMenu, owner: QWidget, workspace: Workspace, run: RunSummary) -> None:
    """Add the actions to a run's menu; those that cannot be done now are greyed out."""
    folder, tr = RunFolder(run.folder), owner.tr
    there = folder.report.is_file()
    in_work = run.name == workspace.active_name or run.status == "running"
    menu.addAction(icon("report"), tr("Open report"), lambda: open_file(folder.report)).setEnabled(there)
    anew = menu.addAction(icon("refresh"), tr("Write report anew"), lambda: write_anew(workspace, folder))
    anew.setEnabled(not in_work)
    pdf = menu.addAction(
        icon("export"), tr("Save report as PDF…"), lambda: ask_and_save(owner, workspace, folder, run.title)
    )
    pdf.setEnabled(there)


def open_file(path: Path) -> None:
    """Open a file or folder in the system's program for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def write_anew(workspace: Workspace, folder: RunFolder) -> None:
    """Look at the run once more, write its report, and open it."""
    workspace.session.write_report(
        folder, lambda written: open_file(written.path), workspace.problem_raised.emit, lambda message: None
    )


def ask_and_save(owner: QWidget, workspace: Workspace, folder: RunFolder, title: str) -> None:
    """Ask where to, and let the files lane print the report there."""
    chosen, _ = QFileDialog.getSaveFileName(owner, owner.tr("Report as PDF"), f"{slug(title)}.pdf", "*.pdf")
    if chosen:
        path = Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.pdf")
        save_pdf(workspace, folder, path)


def save_pdf(workspace: Workspace, folder: RunFolder, path: Path) -> None:
    """Print the report into a file, off the window's thread."""

    def work(desk: object) -> Path:
        from workbench.gui.report_pdf import write_pdf  # QtSvg, which no start waits for

        return write_pdf(folder.report, path)

    workspace.session.files.submit(work, done=lambda _: None, failed=workspace.problem_raised.emit)
