"""What the window asks and tells in boxes: before a model is fetched, before a run is stopped, and about itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from workbench import __version__
from workbench.run.sources import title_of
from workbench.session.requests import DeviceInfo

if TYPE_CHECKING:
    from workbench.shelf.models import ModelEntry


def _tr(text: str) -> str:
    return QCoreApplication.translate("questions", text)


def _ask(
    parent: QWidget, title: str, text: str, more: str, yes: str, no: str, on_yes: Callable[[], object]
) -> QMessageBox:
    """A question that does not block; `no` is what Escape and Return mean."""
    box = QMessageBox(parent)
    box.setObjectName("question")
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(more)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    refuse = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(refuse)
    box.setEscapeButton(refuse)

    def clicked(button: object) -> None:
        box.deleteLater()
        if button is accept:
            on_yes()

    box.buttonClicked.connect(clicked)
    box.open()
    return box


def ask_for_run(parent: QWidget, on_place: Callable[[str], object]) -> QInputDialog:
    """Ask where a run is that another process works on."""
    dialog = QInputDialog(parent)
    dialog.setObjectName("question")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(_tr("Follow a run elsewhere"))
    dialog.setLabelText(
        _tr("Its folder, also in a mounted one, or host:/path/run for another machine over SSH:")
    )

    def accepted(text: str) -> None:
        if text.strip():
            on_place(text.strip())

    dialog.textValueSelected.connect(accepted)
    dialog.open()
    return dialog


def ask_for_data(parent: QWidget, file: str, run: str, on_yes: Callable[[], object]) -> QMessageBox:
    """Ask before the data of evaluated rows takes the place of the data in hand."""
    text = _tr("These rows come from {0}, which is not the data in hand. Take it in hand?").format(
        title_of(file) if file else _tr("another file")
    )
    more = (
        _tr(
            "The recipe of the run {0} takes the place of the recipe in hand, with its edits by hand."
        ).format(run)
        if run
        else _tr("The recipe in hand then learns from this file.")
    )
    return _ask(parent, _tr("Data"), text, more, _tr("Take it in hand"), _tr("Not now"), on_yes)


def ask_for_model(parent: QWidget, model: ModelEntry, on_yes: Callable[[], object]) -> QMessageBox:
    """Ask before a model is fetched or converted, with its size and licence."""
    if model.state == "not installed":
        text = _tr("{0} is not on this machine yet. Fetch it?").format(model.title)
        more = _tr("It is {0:.0f} MB, under the licence {1}.").format(model.megabytes, model.licence)
        yes = _tr("Fetch and go on")
    else:
        text = _tr("{0} has to be unpacked once before it can be used.").format(model.title)
        more = _tr("Nothing is downloaded. It takes about a minute. The licence is {0}.").format(
            model.licence
        )
        yes = _tr("Unpack and go on")
    more = f"{model.description}\n\n{more}"
    return _ask(parent, _tr("Model"), text, more, yes, _tr("Not now"), on_yes)


def ask_to_stop(parent: QWidget, run: str, more: str, on_yes: Callable[[], object]) -> QMessageBox:
    """Ask before closing stops the run in work; `more` says what becomes of it."""
    return _ask(
        parent,
        _tr("A run is in work"),
        _tr("“{0}” has not finished.").format(run),
        more,
        _tr("Stop and close"),
        _tr("Keep training"),
        on_yes,
    )


def show_about(parent: QWidget, device: DeviceInfo | None) -> QMessageBox:
    """Say what this program is, and the versions of what it stands on."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(_tr("About"))
    box.setText(f"Model Workbench {__version__}")
    what = _tr("Fine-tune a transformer on your own machine, look inside it, and try it.")
    versions = device.versions if device else ()
    box.setInformativeText("\n".join([what, "", *(f"{name} {version}" for name, version in versions)]))
    box.open()
    return box
