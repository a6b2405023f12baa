"""What can be taken out of a conversation: the text, a file, or the command that gives the same answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from workbench.gui.prompt.columns import Columns
from workbench.gui.widgets import IconButton
from workbench.gui.workspace import Workspace
from workbench.session.requests import LIVE
from workbench.session.talk_export import as_markdown, command_line, write_talk


class TalkMenu(IconButton):
    """Opens a menu; `say` hears what was done."""

    def __init__(self, workspace: Workspace, columns: Columns, say: Callable[[str], object]) -> None:
        super().__init__("export", "Take out", "Copy or save the conversation.")
        self._workspace, self._columns, self._say = workspace, columns, say
        menu = self.list = QMenu(self)
        self.copy = menu.addAction(self.tr("Copy as Markdown"))
        self.command = menu.addAction(self.tr("Copy the last prompt as a command line"))
        menu.addSeparator()
        self.lines = menu.addAction(self.tr("Save as JSON Lines…"))
        self.page = menu.addAction(self.tr("Save as Markdown…"))
        self.copy.triggered.connect(lambda _=False: self.copy_talk())
        self.command.triggered.connect(lambda _=False: self.copy_command())
        self.lines.triggered.connect(lambda _=False: self.save(".jsonl"))
        self.page.triggered.connect(lambda _=False: self.save(".md"))
        self.setMenu(menu)
        self.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)

    def copy_talk(self) -> None:
        """Put the conversation on the clipboard, one chapter for each model."""
        QGuiApplication.clipboard().setText(as_markdown(self._columns.told_by_all()))
        self._say(self.tr("The conversation is on the clipboard."))

    def copy_command(self) -> None:
        """Put the command that gives the same answers on the clipboard: to the last prompt, by all models that were
        asked it."""
        talks = [told.talk.path() for told in self._columns.told_by_all()]
        asked = [path[-1].version.asked for path in talks if path]
        if not asked:
            return
        # Each one's own earlier answers belong to its prompt; where they differ, each has its own command.
        same = all((one.prompt, one.earlier, one.settings) == (asked[0].prompt, asked[0].earlier, asked[0].settings)
                   for one in asked)  # fmt: skip
        if same:
            text = command_line(asked[0], [one.model for one in asked[1:]])
        else:
            text = "\n".join(command_line(one) for one in asked)
        QGuiApplication.clipboard().setText(text)
        live = any(one.model == LIVE for one in asked)
        self._say(
            self.tr("Copied; put a checkpoint's folder in the place of “live”, which changes with each step.")
            if live
            else self.tr("The command line is on the clipboard.")
        )

    def save(self, suffix: str) -> None:
        """Ask where, and write the conversation there."""
        words = self.tr("Save the conversation")
        chosen, _ = QFileDialog.getSaveFileName(self, words, f"conversation{suffix}", f"*{suffix}")
        if not chosen:
            return
        path = Path(chosen) if Path(chosen).suffix else Path(chosen).with_suffix(suffix)
        told = self._columns.told_by_all()
        self._workspace.session.files.submit(
            lambda desk: write_talk(told, path),
            done=lambda _: self._say(self.tr("Saved: {0}").format(path.name)),
            failed=self._workspace.problem_raised.emit,
        )
