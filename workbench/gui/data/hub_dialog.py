"""The dialog that opens a data set of the Hugging Face Hub by its name: its size first, then the download."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from workbench.data.suggest import counted, listed
from workbench.gui.data.card_parts import SmallNote
from workbench.gui.data.sizes import megabytes
from workbench.gui.theme import LARGE, MEDIUM, SMALL, TINY
from workbench.gui.widgets import (
    Card,
    ElidedLabel,
    GhostButton,
    Label,
    Muted,
    PrimaryButton,
    Title,
    explain_widget,
    row,
    show_if,
)
from workbench.run.network import forbidden

if TYPE_CHECKING:
    from workbench.run.problem import Problem
    from workbench.session.hub import HubQuestions
    from workbench.session.lanes import Ticket
    from workbench.shelf.data_hub import HubData

_LAYING_OUT = 0.9  # share of the download from which on the files are laid out as a table


class HubDialog(QDialog):
    """Asks for a name, shows what a download would bring, and downloads it when told to.

    Nothing reaches the network before a button is pressed.
    """

    opened = Signal(str, str)  # the folder to open, and the split or nothing

    def __init__(self, hub: HubQuestions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("hub")
        self.setWindowTitle(self.tr("Data from the Hub"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._hub = hub
        self._ticket: Ticket | None = None
        self.found: HubData | None = None
        self.name = QLineEdit()
        self.config, self.split = _choice(self.tr("the usual one")), _choice(self.tr("all of them"))
        self.about = Card()
        self.heading = ElidedLabel("", "section")
        self.download_size, self.terms = Label(""), Muted("")
        for label in (self.heading, self.download_size, self.terms):
            self.about.add(label)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.state = Muted("")
        self.problem = SmallNote("error")
        self.look = PrimaryButton(self.tr("Show its size"), "search", on_click=self.ask)
        self.fetch = PrimaryButton(self.tr("Download and open"), "download", on_click=self.download)
        self.stop = GhostButton(self.tr("Close"), on_click=self._stop)
        self._explain()
        self._lay_out()
        self.name.textEdited.connect(self._other)
        self.config.activated.connect(lambda _: self.ask())
        _line(self.config).textEdited.connect(self._other)
        self.finished.connect(self._cancel)
        self._refresh()

    def _explain(self) -> None:
        tr = self.tr
        self.name.setPlaceholderText("owner/name")
        explain_widget(self.name, tr("As on the data set's page; its address will do as well."), tr("Name"))
        explain_widget(
            self.config, tr("Which of several configurations; the card names them."), tr("Configuration")
        )
        explain_widget(
            self.split, tr("Which split opens. All are downloaded; a column tells them apart."), tr("Split")
        )
        explain_widget(self.look, tr("Ask the Hub how large it is. Nothing is downloaded."), self.look.text())
        explain_widget(self.fetch, tr("Download these files, and open them here."), self.fetch.text())
        self.bar.setAccessibleName(tr("Download"))

    def _lay_out(self) -> None:
        tr = self.tr
        grid = QGridLayout()
        grid.setSpacing(SMALL)
        grid.setColumnStretch(1, 1)
        rows = ((tr("Name"), self.name), (tr("Configuration"), self.config), (tr("Split"), self.split))
        for line, (caption, field) in enumerate(rows):
            label = Label(caption)
            label.setBuddy(field)
            grid.addWidget(label, line, 0)
            grid.addWidget(field, line, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(LARGE, LARGE, LARGE, MEDIUM + TINY)
        layout.setSpacing(SMALL)
        layout.addWidget(Title(tr("A data set from the Hugging Face Hub")))
        layout.addWidget(
            Muted(tr("The Hub is asked when you press the button, and for the size alone. Then you decide."))
        )
        layout.addSpacing(TINY)
        layout.addLayout(grid)
        for widget in (self.about, self.bar, self.state, self.problem):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addSpacing(TINY)
        layout.addWidget(row(None, self.stop, self.look, self.fetch, spacing=SMALL))

    # ---- asking

    def ask(self) -> None:
        """Ask the Hub what a download would bring."""
        name, config = self.name.text().strip(), self.config.currentText().strip()
        if not name or forbidden():
            return
        self._cancel()
        self.problem.say("")
        self.found = None
        whole = f"{name}:{config}" if config and ":" not in name.rpartition("/")[2] else name
        self._ticket = self._hub.size_of(whole, self._arrived, self._failed)
        self._refresh(self.tr("Asking {0}…").format(_endpoint()))

    def _arrived(self, found: HubData) -> None:
        self._ticket, self.found = None, found
        _offer(self.config, found.configs, found.config if len(found.configs) > 1 else "")
        _offer(self.split, found.splits, self.split.currentText())
        self._refresh()
        self.fetch.setFocus()

    def download(self) -> None:
        """Download what was found, and open it."""
        if self.found is None or self._ticket is not None:
            return
        self.problem.say("")
        self.bar.setRange(0, 1000)
        self.bar.setValue(0)
        self._ticket = self._hub.download(self.found, self._there, self._failed, self._told)
        self._refresh(self.tr("Downloading…"))

    def _told(self, share: float) -> None:
        if self._ticket is None or self.found is None:
            return  # a word that was on its way when it was cancelled
        done = min(1.0, share / _LAYING_OUT)
        self.bar.setRange(0, 1000 if done < 1 else 0)
        self.bar.setValue(round(1000 * done))
        whole = megabytes(self.found.size)
        self.state.setText(
            self.tr("{0} of {1}").format(megabytes(round(done * self.found.size)), whole)
            if done < 1
            else self.tr("Laying it out as a table…")
        )

    def _there(self, folder: Path) -> None:
        self._ticket = None
        self.opened.emit(str(folder), self.split.currentText().strip())
        self.accept()

    def _failed(self, problem: Problem) -> None:
        self._ticket = None
        self.problem.say(str(problem), "error")
        self._refresh()
        self.name.setFocus()

    def _stop(self) -> None:
        """Break off what is under way; where nothing is, close."""
        if self._ticket is None:
            self.reject()
            return
        self._cancel()
        self._refresh(self.tr("Broken off. What was downloaded is kept, and is not downloaded again."))

    def _cancel(self) -> None:
        if self._ticket:
            self._ticket.cancel()
        self._ticket = None

    def _other(self) -> None:
        """Another name is typed: what was found is no longer what would come."""
        self._cancel()
        self.found = None
        self.problem.say("")
        self._refresh()

    # ---- what shows

    def _refresh(self, state: str = "") -> None:
        busy, found = self._ticket is not None, self.found
        if forbidden():
            self.problem.say(
                self.tr(
                    "The network is off: HF_HUB_OFFLINE=1 forbids every use of it. Start the program without this "
                    "variable, or open a file that is on this machine."
                ),
                "warning",
            )
        fetching = busy and found is not None
        for field in (self.name, self.config, self.split):
            field.setEnabled(not fetching and not forbidden())
        self.state.setText(state)
        show_if(self.state, bool(state))
        show_if(self.bar, busy)
        if busy and found is None:
            self.bar.setRange(0, 0)
        show_if(self.about, found is not None)
        show_if(self.look, found is None)
        show_if(self.fetch, found is not None)
        self.look.setEnabled(not busy and bool(self.name.text().strip()) and not forbidden())
        self.fetch.setEnabled(not busy)
        (self.look if found is None else self.fetch).setDefault(True)
        self.stop.setText(self.tr("Cancel") if busy else self.tr("Close"))
        explain_widget(self.stop, self.tr("Break it off.") if busy else "", self.stop.text())
        if found is not None:
            self._show_found(found)

    def _show_found(self, found: HubData) -> None:
        tr = self.tr
        self.heading.setText(f"{found.name}:{found.config}" if len(found.configs) > 1 else found.name)
        size = tr("{0} in {1}").format(megabytes(found.size), counted(len(found.files), "file"))
        self.download_size.setText(tr("Download: {0}, from {1}").format(size, _endpoint()))
        terms = [
            tr("Licence: {0}.").format(found.licence) if found.licence else tr("Its card names no licence.")
        ]
        if found.splits:
            terms.append(tr("Splits: {0}.").format(listed(found.splits, 6)))
        terms.append(tr("Laid out as a table it takes about as much room again."))
        self.terms.setText(" ".join(terms))
        self.about.setAccessibleName(self.download_size.text())


def _choice(nothing: str) -> QComboBox:
    """A list to choose from, into which a name may be typed as well; `nothing` says what an empty one means."""
    combo = QComboBox()
    combo.setEditable(True)
    combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    _line(combo).setPlaceholderText(nothing)
    return combo


def _line(combo: QComboBox) -> QLineEdit:
    line = combo.lineEdit()
    assert line is not None, "an editable list has a line"
    return line


def _offer(combo: QComboBox, names: tuple[str, ...], chosen: str) -> None:
    combo.clear()
    if names:
        combo.addItems(["", *names] if chosen not in names else list(names))
    combo.setEditText(chosen)


def _endpoint() -> str:
    """Who is asked, as a person reads it."""
    return os.environ.get("HF_ENDPOINT", "").strip().partition("://")[2] or "huggingface.co"
