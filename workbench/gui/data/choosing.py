"""How a person points at data: dialogs for files and for a folder, and files that are dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.run.sources import joined

DATA_FILES = (
    "Data (*.csv *.tsv *.tab *.psv *.jsonl *.ndjson *.json *.parquet *.pq *.arrow *.feather *.xlsx *.xlsm *.xlsb *.xls "
    "*.ods *.conll *.conllu *.bio *.txt *.md *.gz *.bz2 *.xz *.zip)",
    "All files (*)",
)


def _tr(text: str) -> str:
    return QCoreApplication.translate("choosing", text)


def ask_for_files(
    parent: QWidget, chosen: Callable[[Sequence[str]], object], folder: str = ""
) -> QFileDialog:
    """Ask for one file or several; the dialog stays open beside the event loop."""
    dialog = _dialog(parent, _tr("Open data"), folder)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters(list(DATA_FILES))
    dialog.filesSelected.connect(lambda names: chosen(sorted(names)))
    dialog.open()
    return dialog


def ask_for_folder(parent: QWidget, chosen: Callable[[str], object], folder: str = "") -> QFileDialog:
    """Ask for a folder; the dialog stays open beside the event loop."""
    dialog = _dialog(parent, _tr("Open a folder of data"), folder)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.fileSelected.connect(chosen)
    dialog.open()
    return dialog


def _dialog(parent: QWidget, title: str, folder: str) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if folder:
        dialog.setDirectory(folder)
    return dialog


def dropped_data(event: QDropEvent) -> str:
    """The local files and folders that are dragged, as one source; empty for none, and for a recipe."""
    urls = event.mimeData().urls() if event.mimeData().hasUrls() else []
    files = [url.toLocalFile().rstrip("/") for url in urls if url.isLocalFile()]
    return "" if any(name.lower().endswith(".toml") for name in files) else joined(sorted(files))
