"""Questions that the window asks: before a model is fetched, and before a run in work is stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget

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


def ask_to_stop(parent: QWidget, run: str, on_yes: Callable[[], object]) -> QMessageBox:
    """Ask before closing stops the run in work."""
    return _ask(
        parent,
        _tr("A run is in work"),
        _tr("“{0}” is still learning.").format(run),
        _tr("Closing saves a checkpoint first. You can resume the run from the runs shelf later."),
        _tr("Stop and close"),
        _tr("Keep training"),
        on_yes,
    )
